//! Puts the tokens of a query together. The twin of the grammar in `syntax.py` and of `builder.py`.
//!
//! Precedence from tight to loose: NEAR, NOT, AND, OR. A NOT after a clause means AND NOT.

use super::lexer::{Lexer, Token};
use super::model::{MAX_DEPTH, Near, Node, TextField};
use super::{Lists, Rejected};

/// Parentheses, NOTs and COUNTs within one another that are followed. The Python parser, which has no such bound, is asked
/// about deeper ones.
pub const MAX_NESTING: u32 = 400;

/// Read one query.
pub fn parse(query: &str, lists: Option<&Lists>) -> Result<Node, Rejected> {
    Parser::default().parse(query, lists)
}

/// Reads queries, and keeps its room from one to the next.
#[derive(Default, Debug)]
pub struct Parser {
    tokens: Vec<Token>,
}

impl Parser {
    /// Read one query.
    pub fn parse(&mut self, query: &str, lists: Option<&Lists>) -> Result<Node, Rejected> {
        self.tokens.clear();
        Lexer::new(query, lists, &mut self.tokens).run()?;
        let mut reader = Reader { tokens: self.tokens.drain(..).peekable(), nesting: 0 };
        let part = reader.any_of()?;
        if reader.tokens.next().is_some() || !part.positive {
            return Err(Rejected);
        }
        Ok(part.node)
    }
}

/// A part of a query: the node, whether it says something that must occur, and how deep it is, leaves being 1.
struct Part {
    node: Node,
    positive: bool,
    depth: u32,
}

impl Part {
    fn new(node: Node, depth: u32) -> Self {
        Self { node, positive: true, depth }
    }

    fn within_depth(self) -> Result<Self, Rejected> {
        if self.depth <= MAX_DEPTH { Ok(self) } else { Err(Rejected) }
    }
}

struct Reader<'t> {
    tokens: std::iter::Peekable<std::vec::Drain<'t, Token>>,
    nesting: u32,
}

impl Reader<'_> {
    fn any_of(&mut self) -> Result<Part, Rejected> {
        let mut part = self.all_of()?;
        while let Some(Token::Or) = self.tokens.peek() {
            self.tokens.next();
            let right = self.all_of()?;
            // an alternative of negatives alone would match almost everything
            if !part.positive || !right.positive {
                return Err(Rejected);
            }
            part = join(Kind::Or, part, right)?;
        }
        Ok(part)
    }

    fn all_of(&mut self) -> Result<Part, Rejected> {
        let mut part = self.clause()?;
        loop {
            match self.tokens.peek() {
                Some(Token::And) => {
                    self.tokens.next();
                }
                Some(Token::Not) => {}
                _ => return Ok(part),
            }
            let right = self.clause()?;
            part = join(Kind::And, part, right)?;
        }
    }

    fn clause(&mut self) -> Result<Part, Rejected> {
        if !matches!(self.tokens.peek(), Some(Token::Not)) {
            return self.near();
        }
        self.tokens.next();
        self.enter()?;
        let part = self.clause()?;
        self.nesting -= 1;
        if let Node::Not(inner) = part.node {
            // a double negation is none
            let positive = !is_negative(&inner);
            return Ok(Part { node: *inner, positive, depth: part.depth - 1 });
        }
        let depth = part.depth + 1;
        Part { node: Node::Not(Box::new(part.node)), positive: false, depth }.within_depth()
    }

    fn near(&mut self) -> Result<Part, Rejected> {
        let left = self.primary()?;
        let Some(&Token::Near(distance, ordered)) = self.tokens.peek() else {
            return Ok(left);
        };
        self.tokens.next();
        let right = self.primary()?;
        if matches!(self.tokens.peek(), Some(Token::Near(..))) || !is_operand(&left.node) || !is_operand(&right.node) {
            return Err(Rejected);
        }
        let depth = 1 + left.depth.max(right.depth);
        let (left, right) = in_one_field(left.node, right.node)?;
        Ok(Part::new(Node::Near(Box::new(Near { left, right, distance, ordered })), depth))
    }

    fn primary(&mut self) -> Result<Part, Rejected> {
        match self.tokens.next() {
            Some(Token::Leaf(node)) => Ok(Part::new(node, 1)),
            Some(Token::Open) => {
                self.enter()?;
                let part = self.any_of()?;
                self.close()?;
                Ok(part)
            }
            Some(Token::Count(number)) => {
                self.enter()?;
                let operand = self.primary()?;
                self.nesting -= 1;
                if !is_operand(&operand.node) {
                    return Err(Rejected);
                }
                Ok(Part::new(Node::Count(number, Box::new(operand.node)), 1 + operand.depth))
            }
            Some(Token::AtLeast(number)) => self.at_least(number),
            _ => Err(Rejected),
        }
    }

    fn at_least(&mut self, number: u32) -> Result<Part, Rejected> {
        let Some(Token::Open) = self.tokens.next() else { return Err(Rejected) };
        self.enter()?;
        let mut clauses = Vec::new();
        let mut depth = 0;
        loop {
            let clause = self.any_of()?;
            if !clause.positive {
                return Err(Rejected);
            }
            depth = depth.max(clause.depth);
            clauses.push(clause.node);
            if !matches!(self.tokens.peek(), Some(Token::Comma)) {
                break;
            }
            self.tokens.next();
        }
        self.close()?;
        if number as usize > clauses.len() {
            return Err(Rejected);
        }
        Part::new(Node::AtLeast(number, clauses), 1 + depth).within_depth()
    }

    fn enter(&mut self) -> Result<(), Rejected> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING { Err(Rejected) } else { Ok(()) }
    }

    fn close(&mut self) -> Result<(), Rejected> {
        self.nesting -= 1;
        if matches!(self.tokens.next(), Some(Token::Close)) { Ok(()) } else { Err(Rejected) }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    And,
    Or,
}

fn join(kind: Kind, left: Part, right: Part) -> Result<Part, Rejected> {
    let positive = left.positive || right.positive;
    let (mut clauses, mut depth) = match (kind, left.node) {
        (Kind::And, Node::And(clauses)) | (Kind::Or, Node::Or(clauses)) => (clauses, left.depth),
        (_, node) => {
            let mut clauses = Vec::with_capacity(4);
            clauses.push(node);
            (clauses, left.depth + 1)
        }
    };
    match (kind, right.node) {
        (Kind::And, Node::And(more)) | (Kind::Or, Node::Or(more)) => {
            clauses.extend(more);
            depth = depth.max(right.depth);
        }
        (_, node) => {
            clauses.push(node);
            depth = depth.max(right.depth + 1);
        }
    }
    let node = if kind == Kind::And { Node::And(clauses) } else { Node::Or(clauses) };
    Part { node, positive, depth }.within_depth()
}

/// Whether a node only says what must not occur. An OR or ATLEAST of such never comes so far.
fn is_negative(node: &Node) -> bool {
    match node {
        Node::Not(_) => true,
        Node::And(clauses) => clauses.iter().all(is_negative),
        _ => false,
    }
}

/// What NEAR and COUNT take: words, phrases, wildcards, raw texts, lists, or an OR group of those.
fn is_operand(node: &Node) -> bool {
    let mut fits = true;
    node.alternatives(&mut |leaf| {
        fits &= match leaf {
            Node::Phrase(phrase) => phrase.slop.is_none(),
            Node::Raw(_) => true,
            _ => false,
        };
    });
    fits
}

/// Which fields the leaves of an operand name: title, text, none.
fn fields_of(operand: &Node) -> [bool; 3] {
    let mut named = [false; 3];
    operand.alternatives(&mut |leaf| {
        let (Node::Phrase(super::model::Phrase { field, .. }) | Node::Raw(super::model::Raw { field, .. })) = leaf
        else {
            return;
        };
        named[match field {
            Some(TextField::Title) => 0,
            Some(TextField::Text) => 1,
            None => 2,
        }] = true;
    });
    named
}

/// Let a field that one operand alone names hold for both.
fn in_one_field(mut left: Node, mut right: Node) -> Result<(Node, Node), Rejected> {
    let (ours, theirs) = (fields_of(&left), fields_of(&right));
    for (mine, other) in [(ours, theirs), (theirs, ours)] {
        if !other[2] && ((mine[0] && !other[0]) || (mine[1] && !other[1])) {
            return Err(Rejected);
        }
    }
    let only = |named: [bool; 3]| match named {
        [true, false, false] => Some(TextField::Title),
        [false, true, false] => Some(TextField::Text),
        _ => None,
    };
    let none = [false, false, true];
    if let Some(field) = only(ours)
        && theirs == none
    {
        right.put_under(field);
    } else if let Some(field) = only(theirs)
        && ours == none
    {
        left.put_under(field);
    }
    Ok((left, right))
}
