//! Guards: what a document must hold, or a rule need not be looked at.
//!
//! A rule is covered by alternatives such that, whenever it holds, all keys of one of them are in the document. Each alternative
//! is filed under its rarest key, with the two next rarest and a key that must be missing beside it. Where these say all that the
//! alternative says, the rule is decided by the guard.

use smallvec::{SmallVec, smallvec};

use super::clause::{Clause, Near};
use super::evaluate::FIELDS;
use super::leaf::{Kind, Leaf, LeafId, Leaves};
use super::reading::{Reading, Room};
use super::vocabulary::{ANYTHING, KeyId, NOTHING, Vocabulary};

/// Pairs of alternatives of two clauses, such as the sides of a NEAR, up to which each pair is an alternative of its own.
const MAX_PRODUCT: usize = 16;
/// Looks at a rule in vain, per guard, after which its guards are chosen anew.
pub const PATIENCE: u32 = 64;

const DECIDES: u32 = 1 << 31;
/// The third place of a guard holds a [`Closeness`]. No vocabulary has so many keys.
const CLOSE: u32 = 1 << 31;
const CLOSE_MOST: u32 = 1 << 10;

/// The guards that stand under one key. Their second keys are side by side, since most guards fail by them.
#[derive(Debug, Default)]
pub struct Waiting {
    seconds: Vec<KeyId>,
    guards: Vec<Guard>,
}

/// What stands under its first and second key: a third, one that must be missing, and the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Guard {
    /// [`ANYTHING`] if there is none, as for the second key; or a [`Closeness`].
    third: KeyId,
    /// [`NOTHING`] if there is none.
    banned: KeyId,
    rule: u32,
}

/// A guard, and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Filed {
    pub first: KeyId,
    second: KeyId,
    guard: Guard,
}

impl Waiting {
    pub fn add(&mut self, filed: Filed) {
        if self.guards.is_empty() {
            // most keys guard one rule and no more
            self.seconds.reserve_exact(1);
            self.guards.reserve_exact(1);
        }
        self.seconds.push(filed.second);
        self.guards.push(filed.guard);
    }

    /// Take the guards of a rule away.
    pub fn remove(&mut self, rule: u32) {
        let mut at = 0;
        while at < self.guards.len() {
            if self.guards[at].rule() == rule {
                self.guards.swap_remove(at);
                self.seconds.swap_remove(at);
            } else {
                at += 1;
            }
        }
        if self.guards.len() * 4 < self.guards.capacity() {
            self.guards.shrink_to(self.guards.len() * 2);
            self.seconds.shrink_to(self.seconds.len() * 2);
        }
    }

    /// Append the guards of which the document holds the second key as well; `key` is their first.
    ///
    /// Chance has it which these are, so there is no branch that a processor would have to guess.
    #[inline]
    pub fn look(&self, key: KeyId, room: &Room, half: &mut Vec<(KeyId, u32)>) {
        let begun = half.len();
        half.resize(begun + self.seconds.len(), (key, 0));
        let places = &mut half[begun..];
        let mut count = 0;
        for (at, &second) in self.seconds.iter().enumerate() {
            places[count].1 = at as u32;
            count += usize::from(room.holds(second));
        }
        half.truncate(begun + count);
    }

    /// The rule of a guard, doubled, with 1 added if the guard decides; None if the document does not pass. `key` is its
    /// first, and it is one of those that [`Waiting::look`] gave.
    #[inline]
    pub fn open(&self, key: KeyId, at: u32, reading: &Reading<'_>) -> Option<u32> {
        let room = &*reading.room;
        let guard = self.guards[at as usize];
        if room.holds(guard.banned) {
            return None;
        }
        let third = if guard.third & CLOSE == 0 {
            room.holds(guard.third)
        } else {
            Closeness::unpacked(guard.third).is_met(key, self.seconds[at as usize], reading)
        };
        third.then(|| guard.rule() << 1 | u32::from(guard.decides()))
    }

    /// Look at the second keys, a piece of memory at a time: whoever does so early has them near at hand later.
    #[inline]
    pub fn peek(&self) -> KeyId {
        self.seconds.iter().step_by(16).fold(0, |sum, &key| sum ^ key)
    }

    /// The same for a guard.
    #[inline]
    pub fn peek_at(&self, at: u32) -> KeyId {
        self.guards[at as usize].third
    }
}

/// How near one another the tokens of two keys must stand: a NEAR of two words, told by the guard itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Closeness {
    /// Tokens of the first and of the second key.
    widths: [u32; 2],
    distance: u32,
    order: Order,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Any,
    FirstFirst,
    SecondFirst,
}

impl Closeness {
    fn is_met(self, first: KeyId, second: KeyId, reading: &Reading<'_>) -> bool {
        FIELDS.into_iter().any(|field| {
            let first = reading.posted(first, self.widths[0], field);
            if first.len == 0 {
                return false;
            }
            let second = reading.posted(second, self.widths[1], field);
            second.len > 0
                && ((self.order != Order::SecondFirst && reading.follows(first, second, self.distance))
                    || (self.order != Order::FirstFirst && reading.follows(second, first, self.distance)))
        })
    }

    /// The same, seen from the second key.
    fn turned(self) -> Self {
        let order = match self.order {
            Order::Any => Order::Any,
            Order::FirstFirst => Order::SecondFirst,
            Order::SecondFirst => Order::FirstFirst,
        };
        Self { widths: [self.widths[1], self.widths[0]], distance: self.distance, order }
    }

    /// In the place of a key: 10 bits of distance, then widths, then order.
    fn packed(self) -> u32 {
        CLOSE | self.distance | (self.widths[0] - 1) << 10 | (self.widths[1] - 1) << 11 | (self.order as u32) << 12
    }

    fn unpacked(packed: u32) -> Self {
        let order = match packed >> 12 & 3 {
            0 => Order::Any,
            1 => Order::FirstFirst,
            _ => Order::SecondFirst,
        };
        Self { widths: [(packed >> 10 & 1) + 1, (packed >> 11 & 1) + 1], distance: packed & (CLOSE_MOST - 1), order }
    }
}

impl Guard {
    fn new(third: KeyId, banned: KeyId, rule: u32, decides: bool) -> Self {
        Self { third, banned, rule: if decides { rule | DECIDES } else { rule } }
    }

    fn rule(self) -> u32 {
        self.rule & !DECIDES
    }

    /// Whether the rule holds if the guard does.
    fn decides(self) -> bool {
        self.rule & DECIDES != 0
    }
}

type Keys = SmallVec<[KeyId; 4]>;

/// Keys that are there, and keys that are not, in some documents that satisfy a clause.
#[derive(Debug, Clone)]
struct Alternative {
    keys: Keys,
    banned: SmallVec<[KeyId; 2]>,
    /// Two of the keys whose tokens must be near one another.
    close: Option<(KeyId, KeyId, Closeness)>,
    /// Whether these say all: a document that has them so satisfies the clause.
    whole: bool,
}

impl Alternative {
    fn of(keys: Keys, whole: bool) -> Self {
        Self { keys, banned: SmallVec::new(), close: None, whole }
    }

    fn with(mut self, other: &Self) -> Self {
        for &key in &other.keys {
            if !self.keys.contains(&key) {
                self.keys.push(key);
            }
        }
        self.banned.extend_from_slice(&other.banned);
        self.whole &= other.whole && (self.close.is_none() || other.close.is_none());
        self.close = self.close.or(other.close);
        self
    }
}

/// Choose the guards of a rule: each with its first key.
pub fn choose(clause: &Clause, rule: u32, vocabulary: &Vocabulary, leaves: &Leaves) -> Vec<Filed> {
    let cover = Cover { vocabulary, leaves };
    let alternatives = cover.of(clause);
    let mut guards: Vec<Filed> = Vec::with_capacity(alternatives.len());
    for mut alternative in alternatives {
        let rate = |key: &KeyId| vocabulary.rate(*key);
        if alternative.keys.len() > 1 {
            alternative.keys.sort_by(|left, right| rate(left).total_cmp(&rate(right)));
        }
        let first = alternative.keys.first().copied().unwrap_or(ANYTHING);
        let key = |at: usize| alternative.keys.get(at).copied().unwrap_or(ANYTHING);
        let (mut second, mut third) = (key(1), key(2));
        let mut whole = alternative.whole && alternative.keys.len() <= 3;
        if let Some((left, right, closeness)) = alternative.close {
            whole = false;
            if first == left || first == right {
                whole = alternative.whole && alternative.keys.iter().all(|&key| key == left || key == right);
                let (other, closeness) = if first == left { (right, closeness) } else { (left, closeness.turned()) };
                (second, third) = (other, closeness.packed());
            }
        }
        let banned = alternative.banned.iter().copied().max_by(|left, right| rate(left).total_cmp(&rate(right)));
        let decides = whole && alternative.banned.len() <= 1;
        guards.push(Filed { first, second, guard: Guard::new(third, banned.unwrap_or(NOTHING), rule, decides) });
    }
    if guards.len() > 1 {
        let same = |filed: &Filed| (filed.first, filed.second, filed.guard.third, filed.guard.banned);
        guards.sort_unstable_by_key(|filed| (same(filed), !filed.guard.decides()));
        guards.dedup_by_key(|filed| same(filed));
    }
    guards
}

struct Cover<'a> {
    vocabulary: &'a Vocabulary,
    leaves: &'a Leaves,
}

impl Cover<'_> {
    fn of(&self, clause: &Clause) -> Vec<Alternative> {
        match clause {
            Clause::Key { key, .. } => vec![Alternative::of(smallvec![*key], true)],
            Clause::Leaf(leaf) => self.of_leaf(*leaf),
            Clause::All(clauses) => self.of_all(clauses),
            Clause::Any(clauses) => clauses.iter().flat_map(|part| self.of(part)).collect(),
            Clause::Near(near) => {
                if let Some(pairs) = self.of_pairs(near) {
                    return pairs;
                }
                let mut sides = vec![self.of_any(&near.left), self.of_any(&near.right)];
                for alternative in sides.iter_mut().flatten() {
                    alternative.whole = false;
                }
                self.narrowest(sides)
            }
            Clause::Count(count) => {
                let mut alternatives = self.of_any(&count.operand);
                for alternative in &mut alternatives {
                    alternative.whole = false;
                }
                alternatives
            }
            Clause::AtLeast(some) => {
                // all but number - 1 clauses cannot all fail, whichever they are: take the rarest
                let mut parts: Vec<_> = some.clauses.iter().map(|part| self.of(part)).collect();
                parts.sort_by(|left, right| self.weight(left).total_cmp(&self.weight(right)));
                parts.truncate(parts.len() + 1 - some.number as usize);
                let whole = some.number == 1;
                let mut alternatives: Vec<Alternative> = parts.into_iter().flatten().collect();
                for alternative in &mut alternatives {
                    alternative.whole &= whole;
                }
                alternatives
            }
            Clause::No(_) => vec![Alternative::of(Keys::new(), false)],
        }
    }

    /// Each pair of a NEAR of few words.
    fn of_pairs(&self, near: &Near) -> Option<Vec<Alternative>> {
        if near.left.len() * near.right.len() > MAX_PRODUCT || near.distance >= CLOSE_MOST {
            return None;
        }
        let word = |clause: &Clause| match clause {
            Clause::Key { leaf, key } => match self.leaves.get(*leaf).kind {
                Kind::Key { width, .. } => Some((*key, width)),
                _ => None,
            },
            _ => None,
        };
        let order = if near.ordered { Order::FirstFirst } else { Order::Any };
        let mut pairs = Vec::new();
        for left in &near.left {
            for right in &near.right {
                let ((left, left_width), (right, right_width)) = (word(left)?, word(right)?);
                let one = Alternative::of(smallvec![left], true);
                let mut both = one.with(&Alternative::of(smallvec![right], true));
                let closeness = Closeness { widths: [left_width, right_width], distance: near.distance, order };
                both.close = Some((left, right, closeness));
                pairs.push(both);
            }
        }
        Some(pairs)
    }

    fn of_any(&self, clauses: &[Clause]) -> Vec<Alternative> {
        clauses.iter().flat_map(|part| self.of(part)).collect()
    }

    fn of_leaf(&self, leaf: LeafId) -> Vec<Alternative> {
        let leaf: &Leaf = self.leaves.get(leaf);
        let whole = leaf.is_decided();
        let required = leaf.required();
        if required.is_empty() {
            let anchors = leaf.anchors();
            if anchors.is_empty() {
                return vec![Alternative::of(Keys::new(), false)];
            }
            return anchors.iter().map(|&key| Alternative::of(smallvec![key], whole)).collect();
        }
        let mut keys = Keys::new();
        for &key in required {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        vec![Alternative::of(keys, whole)]
    }

    fn of_all(&self, clauses: &[Clause]) -> Vec<Alternative> {
        let mut parts = Vec::with_capacity(clauses.len());
        let mut banned: SmallVec<[KeyId; 2]> = SmallVec::new();
        let mut whole = true;
        for clause in clauses {
            match clause {
                Clause::No(negated) => match &**negated {
                    Clause::Key { key, .. } => banned.push(*key),
                    _ => whole = false,
                },
                _ => parts.push(self.of(clause)),
            }
        }
        let mut alternatives = self.narrowest(parts);
        for alternative in &mut alternatives {
            alternative.banned.extend_from_slice(&banned);
            alternative.whole &= whole;
        }
        alternatives
    }

    /// Of clauses that must all hold, cover the one whose alternatives are rarest; keys that the others need in any case are
    /// added to each, or else the alternatives of the next, if they are few.
    fn narrowest(&self, mut parts: Vec<Vec<Alternative>>) -> Vec<Alternative> {
        if parts.is_empty() {
            return vec![Alternative::of(Keys::new(), false)];
        }
        if parts.iter().all(|part| part.len() == 1) {
            let mut all = parts.into_iter().flatten();
            let first = all.next().unwrap_or_else(|| Alternative::of(Keys::new(), false));
            return vec![all.fold(first, |sum, part| sum.with(&part))];
        }
        let count = parts.len();
        let mut weighed: Vec<(f32, Vec<Alternative>)> =
            parts.drain(..).map(|part| (self.weight(&part), part)).collect();
        weighed.sort_by(|left, right| left.0.total_cmp(&right.0));
        let mut always = Alternative::of(Keys::new(), true);
        for (_, part) in &weighed[1..] {
            if let [single] = part.as_slice() {
                always = always.with(single);
            }
        }
        let several = weighed.iter().filter(|(_, part)| part.len() > 1).count();
        let mut weighed = weighed.into_iter().map(|(_, part)| part);
        let rarest = weighed.next().unwrap_or_default();
        let next = weighed.next();
        if let Some(next) = next
            && always.keys.is_empty()
            && rarest.len() * next.len() <= MAX_PRODUCT
        {
            let whole = count == 2;
            let product = rarest.iter().flat_map(|one| next.iter().map(|other| one.clone().with(other)));
            return product.map(|both| Alternative { whole: both.whole && whole, ..both }).collect();
        }
        // what has several alternatives and is not the one that is covered is left out
        let whole = several == usize::from(rarest.len() > 1);
        let with_always = rarest.into_iter().map(|alternative| alternative.with(&always));
        with_always.map(|both| Alternative { whole: both.whole && whole, ..both }).collect()
    }

    /// Estimate how many of the alternatives a document holds.
    fn weight(&self, alternatives: &[Alternative]) -> f32 {
        alternatives
            .iter()
            .map(|alternative| alternative.keys.iter().map(|&key| self.vocabulary.rate(key)).fold(1.0, f32::min))
            .sum()
    }
}
