//! Rules made ready for matching: a small tree over shared leaves.

use super::leaf::{LeafId, Leaves};
use super::vocabulary::{KeyId, Vocabulary};
use crate::rules::model::Node;

/// A clause. Words, by far the most of all, are told by the key that stands in the tree itself.
#[derive(Debug)]
pub enum Clause {
    /// A leaf that holds exactly if the document holds the key.
    Key { leaf: LeafId, key: KeyId },
    /// Any other leaf.
    Leaf(LeafId),
    /// AND, in the order of the query.
    All(Box<[Clause]>),
    /// OR, in the order of the query.
    Any(Box<[Clause]>),
    /// NOT.
    No(Box<Clause>),
    /// NEAR.
    Near(Box<Near>),
    /// ATLEAST.
    AtLeast(Box<AtLeast>),
    /// COUNT.
    Count(Box<Count>),
}

/// NEAR: the alternatives of both sides, leaves all of them.
#[derive(Debug)]
pub struct Near {
    pub left: Box<[Clause]>,
    pub right: Box<[Clause]>,
    pub distance: u32,
    pub ordered: bool,
}

/// ATLEAST.
#[derive(Debug)]
pub struct AtLeast {
    pub number: u32,
    pub clauses: Box<[Clause]>,
}

/// COUNT: the alternatives of its operand, leaves all of them.
#[derive(Debug)]
pub struct Count {
    pub number: u32,
    pub operand: Box<[Clause]>,
}

impl Clause {
    /// Make a tree ready for matching.
    pub fn of(node: Node, leaves: &mut Leaves, vocabulary: &mut Vocabulary) -> Self {
        let mut compiler = Compiler { leaves, vocabulary };
        compiler.clause(node)
    }

    /// Give back the leaves.
    pub fn release(&self, leaves: &mut Leaves, vocabulary: &mut Vocabulary) {
        self.each_leaf(&mut |leaf| leaves.release(leaf, vocabulary));
    }

    /// Look at what the clause is made of: whoever does so early has it near at hand later.
    pub fn peek(&self) -> usize {
        match self {
            Self::Key { .. } | Self::Leaf(_) => 1,
            Self::All(clauses) | Self::Any(clauses) => {
                clauses.first().map_or(0, |first| usize::from(first.is_branch()))
            }
            Self::No(clause) => usize::from(clause.is_branch()),
            Self::Near(near) => near.left.len() + near.right.len(),
            Self::AtLeast(some) => some.clauses.len(),
            Self::Count(count) => count.operand.len(),
        }
    }

    /// Look at the leaves of words that stand by themselves or are joined by AND, for the same reason.
    pub fn peek_leaves(&self, leaves: &Leaves) -> usize {
        match self {
            Self::Key { leaf, .. } => usize::from(leaves.get(*leaf).has_twins),
            Self::All(clauses) | Self::Any(clauses) if clauses.len() <= 4 => {
                let words = clauses.iter().filter(|clause| !clause.is_branch());
                words.map(|clause| clause.peek_leaves(leaves)).sum()
            }
            _ => 0,
        }
    }

    fn is_branch(&self) -> bool {
        !matches!(self, Self::Key { .. } | Self::Leaf(_))
    }

    fn each_leaf(&self, visit: &mut dyn FnMut(LeafId)) {
        match self {
            Self::Key { leaf, .. } | Self::Leaf(leaf) => visit(*leaf),
            Self::All(clauses) | Self::Any(clauses) => clauses.iter().for_each(|clause| clause.each_leaf(visit)),
            Self::No(clause) => clause.each_leaf(visit),
            Self::Near(near) => near.left.iter().chain(&near.right).for_each(|clause| clause.each_leaf(visit)),
            Self::AtLeast(some) => some.clauses.iter().for_each(|clause| clause.each_leaf(visit)),
            Self::Count(count) => count.operand.iter().for_each(|clause| clause.each_leaf(visit)),
        }
    }
}

struct Compiler<'a> {
    leaves: &'a mut Leaves,
    vocabulary: &'a mut Vocabulary,
}

impl Compiler<'_> {
    fn clause(&mut self, node: Node) -> Clause {
        match node {
            Node::And(clauses) => Clause::All(clauses.into_iter().map(|clause| self.clause(clause)).collect()),
            Node::Or(_) | Node::Listed(..) => Clause::Any(self.alternatives(node)),
            Node::Not(clause) => Clause::No(Box::new(self.clause(*clause))),
            Node::Near(near) => Clause::Near(Box::new(Near {
                left: self.alternatives(near.left),
                right: self.alternatives(near.right),
                distance: near.distance,
                ordered: near.ordered,
            })),
            Node::AtLeast(number, clauses) => {
                let clauses = clauses.into_iter().map(|clause| self.clause(clause)).collect();
                Clause::AtLeast(Box::new(AtLeast { number, clauses }))
            }
            Node::Count(number, operand) => {
                Clause::Count(Box::new(Count { number, operand: self.alternatives(*operand) }))
            }
            Node::Phrase(phrase) => {
                let leaf = self.leaves.phrase(phrase, self.vocabulary);
                self.leaf(leaf)
            }
            Node::Raw(raw) => Clause::Leaf(self.leaves.raw(raw, self.vocabulary)),
            Node::Meta(meta) => {
                let leaf = self.leaves.meta(meta, self.vocabulary);
                self.leaf(leaf)
            }
            Node::Range(range) => Clause::Leaf(self.leaves.range(range, self.vocabulary)),
        }
    }

    fn leaf(&self, leaf: LeafId) -> Clause {
        let known = self.leaves.get(leaf);
        match known.required() {
            [key] if known.is_decided() => Clause::Key { leaf, key: *key },
            _ => Clause::Leaf(leaf),
        }
    }

    /// The alternatives of an OR, those of an OR in an OR among them; of anything else, itself.
    fn alternatives(&mut self, node: Node) -> Box<[Clause]> {
        let mut found = Vec::new();
        self.add_alternatives(node, &mut found);
        found.into()
    }

    fn add_alternatives(&mut self, node: Node, found: &mut Vec<Clause>) {
        match node {
            Node::Or(clauses) => clauses.into_iter().for_each(|clause| self.add_alternatives(clause, found)),
            Node::Listed(_, terms) => terms.iter().for_each(|term| self.add_alternatives(term.clone(), found)),
            other => found.push(self.clause(other)),
        }
    }
}
