//! What matching a document gives: rules, and why each of them matched. Small numbers; texts are made when somebody asks.

use std::borrow::Cow;

use compact_str::CompactString;

use crate::document::Document;

/// `published`.
pub const PUBLISHED: u32 = 0;
/// `words`.
pub const WORDS: u32 = 1;
/// The first of the document's scores.
pub const SCORES: u32 = 2;

/// Where an occurrence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Code points of the title, end exclusive.
    Title(u32, u32),
    /// Code points of the text.
    Text(u32, u32),
    /// A value of a metadata field: its place in [`crate::document::META_NAMES`], and the number of the value.
    Meta(u32, u32),
    /// A number that a range compares: [`PUBLISHED`], [`WORDS`], or [`SCORES`] and more for a topic's score.
    Number(u32),
}

impl Place {
    /// The name and value of the number that this is.
    pub fn number(self, document: &Document) -> Option<(Cow<'_, str>, f64)> {
        let Self::Number(number) = self else { return None };
        Some(match number {
            PUBLISHED => ("published".into(), document.published?),
            WORDS => ("words".into(), document.words()),
            _ => {
                let (topic, score) = document.scores.get((number - SCORES) as usize)?;
                (format!("score.{topic}").into(), *score)
            }
        })
    }
}

/// A place of a leaf, which is a number in [`Outcome::leaves`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// The leaf.
    pub leaf: u32,
    /// Where it stands.
    pub place: Place,
}

/// Part of a list.
pub type Part = std::ops::Range<u32>;

/// A rule that the document satisfies.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its id and version.
    pub name: Name,
    /// Which of [`Outcome::parts`] its receipts are.
    pub parts: Part,
    /// Which of [`Outcome::occurrences`] are its own.
    pub occurrences: Part,
}

/// Id and version of a rule, in one piece of memory.
#[derive(Debug, Clone)]
pub struct Name {
    /// Short ones, as most are, stand within the rule itself: nothing more need be fetched to sort by them.
    both: CompactString,
    split: u32,
}

impl Name {
    /// Put id and version together.
    pub fn new(id: &str, version: &str) -> Self {
        let mut both = CompactString::with_capacity(id.len() + version.len());
        both.push_str(id);
        both.push_str(version);
        Self { both, split: id.len() as u32 }
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.both[..self.split as usize]
    }

    /// The first 16 bytes of the id, as a number that sorts like them.
    pub fn beginning(&self) -> u128 {
        let id = self.id().as_bytes();
        let mut bytes = [0; 16];
        let len = id.len().min(16);
        bytes[..len].copy_from_slice(&id[..len]);
        u128::from_be_bytes(bytes)
    }

    /// The version.
    pub fn version(&self) -> &str {
        &self.both[self.split as usize..]
    }
}

/// The rules that a document satisfies, by id.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The rules.
    pub found: Vec<Found>,
    /// The leaves that receipts speak of, as the analysts wrote them.
    pub leaves: Vec<CompactString>,
    /// Receipts of all rules.
    pub receipts: Vec<Receipt>,
    /// Stretches of `receipts`, which rules share.
    pub parts: Vec<Part>,
    /// Places that cover a rule as a whole; a leaf of `u32::MAX` is none.
    pub occurrences: Vec<Receipt>,
}
