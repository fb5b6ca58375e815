//! All rules in use, and what one document finds among them.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use ahash::RandomState;
use hashbrown::HashTable;
use smallvec::SmallVec;

use super::clause::Clause;
use super::evaluate::Evaluator;
use super::evidence::Witness;
use super::guards::{PATIENCE, choose};
use super::leaf::Leaves;
use super::outcome::{Name, Outcome, Receipt};
use super::reading::{Opening, Reading, Room};
use super::vocabulary::{KeyId, Vocabulary};
use crate::document::Document;
use crate::rules::model::Node;

/// A rule in use.
#[derive(Debug)]
struct Entry {
    name: Name,
    clause: Clause,
    /// The first keys of its guards, each once.
    guards: SmallVec<[KeyId; 4]>,
    /// Looks in vain since the guards were chosen, and how many are borne.
    misses: AtomicU32,
    patience: u32,
}

/// The rules.
#[derive(Debug)]
pub struct Index {
    vocabulary: Vocabulary,
    leaves: Leaves,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    by_id: HashTable<u32>,
    hasher: RandomState,
    patience: u32,
}

impl Default for Index {
    fn default() -> Self {
        Self::with_patience(PATIENCE)
    }
}

impl Index {
    /// An index that files a rule anew after so many looks in vain, per guard.
    pub fn with_patience(patience: u32) -> Self {
        Self {
            vocabulary: Vocabulary::new(),
            leaves: Leaves::new(),
            entries: Vec::new(),
            free: Vec::new(),
            by_id: HashTable::new(),
            hasher: RandomState::new(),
            patience,
        }
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// How many keys and leaves are in use, for tests that nothing is left behind.
    pub fn in_use(&self) -> (usize, usize) {
        (self.vocabulary.len(), self.leaves.len())
    }

    /// Whether any rule looks at the tags of an article.
    pub fn asks_for_topics(&self) -> bool {
        self.leaves.ask_for_topics()
    }

    /// Whether there is a rule with this id.
    pub fn contains(&self, id: &str) -> bool {
        self.find(id).is_some()
    }

    /// Add a rule; one with the same id is replaced.
    pub fn add(&mut self, id: &str, version: &str, node: Node) {
        let clause = Clause::of(node, &mut self.leaves, &mut self.vocabulary);
        self.remove(id);
        let entry = Entry {
            name: Name::new(id, version),
            clause,
            guards: SmallVec::new(),
            misses: AtomicU32::new(0),
            patience: 0,
        };
        let number = if let Some(number) = self.free.pop() {
            self.entries[number as usize] = Some(entry);
            number
        } else {
            self.entries.push(Some(entry));
            self.entries.len() as u32 - 1
        };
        let (entries, hasher) = (&self.entries, &self.hasher);
        let hash_of =
            |&number: &u32| hasher.hash_one(entries[number as usize].as_ref().map_or("", |entry| entry.name.id()));
        self.by_id.insert_unique(hash_of(&number), number, hash_of);
        self.file(number);
    }

    /// Remove a rule; tell whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        let Some(number) = self.find(id) else { return false };
        let hash = self.hasher.hash_one(id);
        if let Ok(known) = self.by_id.find_entry(hash, |&known| known == number) {
            known.remove();
        }
        self.unfile(number);
        if let Some(entry) = self.entries[number as usize].take() {
            entry.clause.release(&mut self.leaves, &mut self.vocabulary);
        }
        self.free.push(number);
        true
    }

    /// Choose the guards of rules anew, by what has been counted.
    pub fn refile(&mut self, numbers: &[u32]) {
        for &number in numbers {
            let worn = self.entries.get(number as usize).and_then(Option::as_ref);
            if worn.is_some_and(|entry| entry.misses.load(Ordering::Relaxed) > entry.patience) {
                self.unfile(number);
                self.file(number);
            }
        }
    }

    /// Return the rules that a document satisfies, by id, and append to `worn` those to be filed anew.
    ///
    /// With `most`, each has the places that cover it, at most so many.
    pub fn matches(&self, document: &Document, most: Option<u32>, room: &mut Room, worn: &mut Vec<u32>) -> Outcome {
        let mut evaluator = self.evaluator(document, room);
        let held = self.held(&mut evaluator, worn);
        self.fetch_leaves(&held);
        let mut witness = Witness::new(&mut evaluator, held.len());
        for (_, entry) in held {
            witness.add(entry.name.clone(), &entry.clause, most);
        }
        witness.finish()
    }

    /// Call `found` with each rule that a document satisfies and the places that cover it; see [`super::Matcher::cover`].
    pub fn cover(
        &self,
        document: &Document,
        most: u32,
        room: &mut Room,
        worn: &mut Vec<u32>,
        wanted: impl Fn(&str) -> bool,
        mut found: impl FnMut(&str, &[Receipt]),
    ) {
        let mut evaluator = self.evaluator(document, room);
        let held = self.held(&mut evaluator, worn);
        let mut witness = Witness::new(&mut evaluator, 0);
        for (_, entry) in held {
            let id = entry.name.id();
            if wanted(id) {
                found(id, &witness.covers(&entry.clause, most));
            } else {
                found(id, &[]);
            }
        }
        witness.finish();
    }

    fn evaluator<'a>(&'a self, document: &'a Document, room: &'a mut Room) -> Evaluator<'a> {
        let reading = Reading::of(document, &self.vocabulary, room);
        self.vocabulary.count_document();
        Evaluator { reading, leaves: &self.leaves }
    }

    /// The rules that a document satisfies, by id, each with the beginning of its id.
    fn held(&self, evaluator: &mut Evaluator<'_>, worn: &mut Vec<u32>) -> Vec<(u128, &Entry)> {
        let mut opening = std::mem::take(&mut evaluator.reading.room.opening);
        self.open(&evaluator.reading, &mut opening);
        self.fetch(&opening.rules);
        let mut held = self.decide(evaluator, &opening.rules, worn);
        evaluator.reading.room.opening = opening;
        held.sort_unstable_by(|(left, one), (right, other)| {
            left.cmp(right).then_with(|| one.name.id().cmp(other.name.id()))
        });
        held
    }

    /// Find the rules that some guard lets through.
    ///
    /// What is looked at stands far apart in memory. A first look at each, with nothing that hangs on it, fetches many at once:
    /// so in `fetch` and `fetch_leaves`.
    fn open(&self, reading: &Reading<'_>, Opening { half, rules }: &mut Opening) {
        half.clear();
        rules.clear();
        let room = &*reading.room;
        let waiting = |key: KeyId| &self.vocabulary.keys[key as usize].waiting;
        black_box(room.present.iter().fold(0, |sum, &key| sum ^ waiting(key).peek()));
        for &key in &room.present {
            self.vocabulary.keys[key as usize].count();
            waiting(key).look(key, room, half);
        }
        black_box(half.iter().fold(0, |sum, &(key, at)| sum ^ waiting(key).peek_at(at)));
        rules.extend(half.iter().filter_map(|&(key, at)| waiting(key).open(key, at, reading)));
        // of a rule that several guards let through, one that decides comes last, and then stands for all
        rules.sort_unstable();
    }

    fn fetch(&self, rules: &[u32]) {
        let clauses = rules.iter().map(|&rule| self.entries[rule as usize / 2].as_ref().map(|entry| &entry.clause));
        black_box(clauses.flatten().fold(0, |sum, clause| sum + clause.peek()));
    }

    fn fetch_leaves(&self, held: &[(u128, &Entry)]) {
        black_box(held.iter().fold(0, |sum, (_, entry)| sum + entry.clause.peek_leaves(&self.leaves)));
    }

    /// Of rules that some guard lets through, those that hold, each with the beginning of its id.
    fn decide(&self, evaluator: &mut Evaluator<'_>, rules: &[u32], worn: &mut Vec<u32>) -> Vec<(u128, &Entry)> {
        let mut held = Vec::with_capacity(rules.len());
        for (at, &found) in rules.iter().enumerate() {
            let (rule, decides) = (found / 2, found % 2 == 1);
            if rules.get(at + 1).is_some_and(|next| next / 2 == rule) {
                continue;
            }
            let Some(entry) = &self.entries[rule as usize] else { continue };
            if decides || evaluator.holds(&entry.clause) {
                held.push((entry.name.beginning(), entry));
                continue;
            }
            let misses = entry.misses.load(Ordering::Relaxed).saturating_add(1);
            entry.misses.store(misses, Ordering::Relaxed);
            if misses > entry.patience {
                worn.push(rule);
            }
        }
        held
    }

    fn find(&self, id: &str) -> Option<u32> {
        let is = |&number: &u32| self.entries[number as usize].as_ref().is_some_and(|entry| entry.name.id() == id);
        self.by_id.find(self.hasher.hash_one(id), is).copied()
    }

    fn file(&mut self, number: u32) {
        let Some(entry) = &mut self.entries[number as usize] else { return };
        let guards = choose(&entry.clause, number, &self.vocabulary, &self.leaves);
        *entry.misses.get_mut() = 0;
        entry.patience = (2 * entry.patience).max(self.patience.saturating_mul(guards.len() as u32));
        for &filed in &guards {
            self.vocabulary.keys[filed.first as usize].waiting.add(filed);
        }
        entry.guards = guards.into_iter().map(|filed| filed.first).collect();
        entry.guards.dedup();
        entry.guards.shrink_to_fit();
    }

    fn unfile(&mut self, number: u32) {
        let Some(entry) = &mut self.entries[number as usize] else { return };
        for &first in &entry.guards {
            self.vocabulary.keys[first as usize].waiting.remove(number);
        }
        entry.guards = SmallVec::new();
    }
}
