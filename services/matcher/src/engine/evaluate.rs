//! Tells whether a document satisfies a clause, and where its leaves stand. Each leaf is looked for once in a document, and
//! only if a rule in question needs it.

use hashbrown::HashSet;
use smallvec::SmallVec;

use super::clause::{Clause, Count, Near};
use super::leaf::{Bounds, Kind, Leaf, LeafId, Leaves, Tokens};
use super::reading::{Reading, Spans};
use super::vocabulary::KeyId;
use super::windows::{Mark, shortest_windows};
use crate::rules::model::{Bound, TextField};

/// The fields in the order of the article.
pub const FIELDS: [TextField; 2] = [TextField::Title, TextField::Text];

/// Pairs of leaves up to which NEAR tries each pair, rather than put the places of each side together.
const FEW_PAIRS: usize = 16;

/// The leaves of an operand.
pub type Operand = SmallVec<[LeafId; 8]>;

/// Rules over one document.
pub struct Evaluator<'a> {
    pub reading: Reading<'a>,
    pub leaves: &'a Leaves,
}

impl Evaluator<'_> {
    /// Whether the document satisfies a clause.
    pub fn holds(&mut self, clause: &Clause) -> bool {
        match clause {
            Clause::Key { key, .. } => self.reading.room.holds(*key),
            Clause::Leaf(leaf) => self.leaf_holds(*leaf),
            Clause::All(clauses) => self.all_hold(clauses),
            Clause::Any(clauses) => {
                // keys first: they cost next to nothing
                clauses.iter().any(|part| matches!(part, Clause::Key { key, .. } if self.reading.room.holds(*key)))
                    || clauses.iter().any(|part| !matches!(part, Clause::Key { .. }) && self.holds(part))
            }
            Clause::No(negated) => !self.holds(negated),
            Clause::Near(near) => self.near_holds(near),
            Clause::AtLeast(some) => {
                let mut missing = some.number;
                some.clauses.iter().any(|part| {
                    missing -= u32::from(self.holds(part));
                    missing == 0
                })
            }
            Clause::Count(count) => self.count_holds(count),
        }
    }

    /// The cheap clauses are asked first.
    fn all_hold(&mut self, clauses: &[Clause]) -> bool {
        let room = &*self.reading.room;
        let cheap = |clause: &Clause| match clause {
            Clause::Key { key, .. } => Some(room.holds(*key)),
            Clause::No(negated) => match &**negated {
                Clause::Key { key, .. } => Some(!room.holds(*key)),
                _ => None,
            },
            _ => None,
        };
        if clauses.iter().any(|clause| cheap(clause) == Some(false)) {
            return false;
        }
        let costly = |clause: &Clause| match clause {
            Clause::Key { .. } => false,
            Clause::No(negated) => !matches!(**negated, Clause::Key { .. }),
            _ => true,
        };
        clauses.iter().all(|clause| !costly(clause) || self.holds(clause))
    }

    // -- leaves

    fn leaf_holds(&mut self, id: LeafId) -> bool {
        let leaf = self.leaves.get(id);
        if !self.may_hold(leaf) {
            return false;
        }
        match &leaf.kind {
            Kind::Range(bounds) => self.is_within(bounds),
            _ if leaf.is_decided() => true,
            _ => FIELDS.into_iter().any(|field| self.spans(id, field).len > 0),
        }
    }

    /// Whether the document holds the keys of a leaf.
    fn may_hold(&self, leaf: &Leaf) -> bool {
        let room = &*self.reading.room;
        let anchors = leaf.anchors();
        leaf.required().iter().all(|&key| room.holds(key))
            && (anchors.is_empty() || anchors.iter().any(|&key| room.holds(key)))
    }

    #[expect(clippy::float_cmp, reason = "an inclusive bound is met by the value itself")]
    fn is_within(&self, bounds: &Bounds) -> bool {
        let Some(value) = self.reading.document.number(&bounds.name) else { return false };
        let meets = |bound: Bound| bound.inclusive && value == bound.value;
        bounds.lower.is_none_or(|lower| value > lower.value || meets(lower))
            && bounds.upper.is_none_or(|upper| value < upper.value || meets(upper))
    }

    /// All places of a leaf in one field.
    pub fn spans(&mut self, id: LeafId, field: TextField) -> Spans {
        let leaf = self.leaves.get(id);
        if leaf.field.is_some_and(|only| only != field) {
            return Spans::default();
        }
        if let Kind::Key { key, width } = leaf.kind {
            return self.reading.posted(key, width, field);
        }
        if let Some(spans) = self.reading.known(id, field) {
            return spans;
        }
        let spans = if self.may_hold(leaf) { self.find(leaf, field) } else { Spans::default() };
        self.reading.remember(id, field, spans)
    }

    fn find(&mut self, leaf: &Leaf, field: TextField) -> Spans {
        match &leaf.kind {
            Kind::Word(keys) => self.reading.word_spans(keys, field),
            Kind::Phrase(tokens) => self.find_phrase(tokens, field),
            Kind::Window(tokens, slop) => self.find_windows(tokens, *slop, field),
            Kind::Raw(raw) => self.reading.literal_spans(&raw.literal, field),
            Kind::Key { .. } | Kind::Meta(_) | Kind::Range(_) => Spans::default(),
        }
    }

    fn find_phrase(&mut self, tokens: &Tokens, field: TextField) -> Spans {
        let places = self.places(tokens, field);
        let size = tokens.slots.len() as u32;
        let (base, rarest) = (0..size).zip(&places).min_by_key(|(_, spans)| spans.len).expect("a phrase has words");
        let (from, to) = self.reading.bounds(field);
        let mut starts = self.reading.starts(*rarest).to_vec();
        starts.retain_mut(|at| {
            if *at < from + base || *at - base + size > to {
                return false;
            }
            *at -= base;
            let slots = (0..size).zip(&tokens.slots);
            slots.into_iter().all(|(slot, keys)| slot == base || self.reading.stands(*at + slot, keys))
        });
        if starts.is_empty() { Spans::default() } else { self.reading.keep_starts(&starts, size) }
    }

    fn find_windows(&mut self, tokens: &Tokens, slop: u32, field: TextField) -> Spans {
        let mut filled: Vec<(u32, u32)> = Vec::new();
        for (slot, places) in (0..).zip(self.places(tokens, field)) {
            filled.extend(self.reading.starts(places).iter().map(|&at| (at, slot)));
        }
        filled.sort_unstable();
        let fills: Vec<u32> = filled.iter().map(|&(_, slot)| slot).collect();
        let mut marks = Vec::new();
        let mut begun = 0;
        for run in filled.chunk_by(|left, right| left.0 == right.0) {
            marks.push(Mark { position: run[0].0, slots: begun..begun + run.len() });
            begun += run.len();
        }
        let size = tokens.slots.len();
        let longest = size as u32 + slop;
        let (mut starts, mut ends) = (Vec::new(), Vec::new());
        shortest_windows(&marks, &fills, size, |first, last| {
            if last + 1 - first <= longest {
                starts.push(first);
                ends.push(last + 1);
            }
        });
        self.reading.keep_both(&starts, &ends)
    }

    /// The positions that each slot of a phrase accepts.
    fn places(&mut self, tokens: &Tokens, field: TextField) -> Vec<Spans> {
        let mut known: Vec<(&[KeyId], Spans)> = Vec::with_capacity(tokens.slots.len());
        for keys in &tokens.slots {
            let before = known.iter().find(|(other, _)| *other == keys.as_slice()).map(|&(_, spans)| spans);
            let spans = before.unwrap_or_else(|| self.reading.word_spans(keys, field));
            known.push((keys, spans));
        }
        known.into_iter().map(|(_, spans)| spans).collect()
    }

    // -- NEAR and COUNT

    /// The leaves of an operand that the document may hold, in the order of the query.
    pub fn possible(&self, operand: &[Clause]) -> Operand {
        let room = &*self.reading.room;
        operand
            .iter()
            .filter_map(|part| match part {
                Clause::Key { leaf, key } => room.holds(*key).then_some(*leaf),
                Clause::Leaf(leaf) => self.may_hold(self.leaves.get(*leaf)).then_some(*leaf),
                _ => None,
            })
            .collect()
    }

    /// All starts and all ends of leaves in one field; each of the two lists ascends by itself.
    pub fn union(&mut self, leaves: &[LeafId], field: TextField) -> Spans {
        let mut found = Vec::new();
        for &leaf in leaves {
            let spans = self.spans(leaf, field);
            if spans.len > 0 {
                found.push(spans);
            }
        }
        match found.as_slice() {
            [] => Spans::default(),
            [only] => *only,
            several => {
                let mut starts = Vec::new();
                let mut ends = Vec::new();
                for &spans in several {
                    starts.extend_from_slice(self.reading.starts(spans));
                    ends.extend((0..spans.len).map(|at| self.reading.end(spans, at)));
                }
                starts.sort_unstable();
                ends.sort_unstable();
                self.reading.keep_both(&starts, &ends)
            }
        }
    }

    fn near_holds(&mut self, near: &Near) -> bool {
        let left = self.possible(&near.left);
        if left.is_empty() {
            return false;
        }
        let right = self.possible(&near.right);
        if right.is_empty() {
            return false;
        }
        if left.len() * right.len() <= FEW_PAIRS {
            return left.iter().any(|&left| right.iter().any(|&right| self.pair_holds(left, right, near)));
        }
        FIELDS.into_iter().any(|field| {
            let first = self.union(&left, field);
            if first.len == 0 {
                return false;
            }
            let second = self.union(&right, field);
            second.len > 0
                && (self.reading.follows(first, second, near.distance)
                    || (!near.ordered && self.reading.follows(second, first, near.distance)))
        })
    }

    /// Whether NEAR holds for two of its leaves.
    fn pair_holds(&mut self, left: LeafId, right: LeafId, near: &Near) -> bool {
        FIELDS.into_iter().any(|field| {
            let first = self.spans(left, field);
            if first.len == 0 {
                return false;
            }
            let second = self.spans(right, field);
            second.len > 0
                && (self.reading.follows(first, second, near.distance)
                    || (!near.ordered && self.reading.follows(second, first, near.distance)))
        })
    }

    /// COUNT: so many distinct spans of tokens.
    fn count_holds(&mut self, count: &Count) -> bool {
        let leaves = self.possible(&count.operand);
        let number = count.number as usize;
        let mut found: HashSet<(u32, u32), ahash::RandomState> = HashSet::default();
        for field in FIELDS {
            for &leaf in &leaves {
                let spans = self.spans(leaf, field);
                for at in 0..spans.len {
                    found.insert((self.reading.start(spans, at), self.reading.end(spans, at)));
                    if found.len() >= number {
                        return true;
                    }
                }
            }
        }
        false
    }
}
