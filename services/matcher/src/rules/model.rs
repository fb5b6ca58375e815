//! The syntax tree, the twin of `presswatch/core/rules/model.py`. Places within the query are left out: only errors need them.

use std::sync::Arc;

use compact_str::CompactString;
use smallvec::SmallVec;

/// Most nodes from the root to a leaf.
pub const MAX_DEPTH: u32 = 100;

/// A field with words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextField {
    /// `title:`
    Title,
    /// `text:`
    Text,
}

impl TextField {
    /// Its name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Text => "text",
        }
    }
}

/// What a token is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Test {
    /// One token, folded.
    Exact(CompactString),
    /// Any token that begins so.
    Prefix(CompactString),
    /// A pattern in which `?` is one code point and a last `*` any number of them.
    Wildcard(CompactString),
}

/// The alternatives at one position; nearly always one.
pub type Slot = SmallVec<[Test; 1]>;

/// A word, phrase, wildcard or window.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phrase {
    /// One or more positions.
    pub slots: SmallVec<[Slot; 1]>,
    /// As the analyst wrote it, without `title:` or `text:`.
    pub written: CompactString,
    /// The only field it looks at.
    pub field: Option<TextField>,
    /// None for side by side, in order; else the most tokens of a window beside the words.
    pub slop: Option<u32>,
}

/// Characters of the original text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Raw {
    /// The characters, in NFC.
    pub literal: CompactString,
    /// `raw:WHO`.
    pub written: CompactString,
    /// The only field it looks at.
    pub field: Option<TextField>,
}

/// A metadata value or its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Meta {
    /// topic, source, domain, country, lang, author or url.
    pub name: CompactString,
    /// Folded.
    pub value: CompactString,
    /// Whether values that begin so match as well.
    pub prefix: bool,
    /// A query by itself.
    pub written: CompactString,
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// Milliseconds, tokens or a score.
    pub value: f64,
    /// Whether the value itself is within.
    pub inclusive: bool,
}

/// A number within bounds; None is an open end.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// published, words or `score.<folded topic>`.
    pub name: CompactString,
    /// The least.
    pub lower: Option<Bound>,
    /// The most.
    pub upper: Option<Bound>,
    /// A query by itself.
    pub written: CompactString,
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A word, phrase, wildcard or window.
    Phrase(Phrase),
    /// Characters of the original text.
    Raw(Raw),
    /// A metadata value.
    Meta(Meta),
    /// A number within bounds.
    Range(Range),
    /// All of two or more clauses, none of them an `And`.
    And(Vec<Node>),
    /// Any of two or more clauses, none of them an `Or` of the same kind.
    Or(Vec<Node>),
    /// The terms of a named list, `Phrase` and `Raw` only, one or more.
    Listed(CompactString, Arc<[Node]>),
    /// The clause does not hold.
    Not(Box<Node>),
    /// A place of each operand in one field, sharing no token.
    Near(Box<Near>),
    /// At least so many of the clauses.
    AtLeast(u32, Vec<Node>),
    /// At least so many places of the operand.
    Count(u32, Box<Node>),
}

/// Two operands near one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    /// The first operand.
    pub left: Node,
    /// The second.
    pub right: Node,
    /// Most tokens between.
    pub distance: u32,
    /// Whether the left one comes first.
    pub ordered: bool,
}

impl Node {
    /// Walk the alternatives of an OR, those of an OR in an OR among them; of anything else, itself.
    pub fn alternatives<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        match self {
            Self::Or(clauses) => clauses.iter().for_each(|clause| clause.alternatives(visit)),
            Self::Listed(_, terms) => terms.iter().for_each(|term| term.alternatives(visit)),
            _ => visit(self),
        }
    }

    /// Let a text field hold for every leaf of an operand of NEAR or of a list.
    pub fn put_under(&mut self, field: TextField) {
        match self {
            Self::Phrase(phrase) => phrase.field = Some(field),
            Self::Raw(raw) => raw.field = Some(field),
            Self::Or(clauses) => clauses.iter_mut().for_each(|clause| clause.put_under(field)),
            Self::Listed(_, terms) => {
                let mut own = terms.to_vec();
                for term in &mut own {
                    term.put_under(field);
                }
                *terms = own.into();
            }
            _ => {}
        }
    }
}
