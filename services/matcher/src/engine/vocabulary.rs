//! What the rules look for: tokens, prefixes, wildcards, adjacent pairs, runs of characters. Each is a key, a small number.
//!
//! Keys are found by hash and compared whole. The hashes are keyed at random for each vocabulary, so nobody can write a text or
//! a rule whose words collide.

use std::sync::atomic::{AtomicU32, Ordering};

use ahash::RandomState;
use compact_str::CompactString;
use hashbrown::HashTable;

use super::guards::Waiting;
use super::patterns::Patterns;
use crate::rules::model::Test;
use crate::text::by_character;

/// The number of a key.
pub type KeyId = u32;

/// What every document holds: the guard of rules that nothing else guards.
pub const ANYTHING: KeyId = 0;
/// What no document holds.
pub const NOTHING: KeyId = 1;

const LEFT: u8 = 1;
const RIGHT: u8 = 2;

/// Weight of a key's guessed rate against what is then counted.
const PRIOR_DOCUMENTS: f32 = 16.0;

/// The rules that wait under a key: what is looked at when a document holds it, and no more.
#[derive(Debug, Default)]
pub struct Key {
    /// Documents that held it.
    seen: AtomicU32,
    pub waiting: Waiting,
}

/// What else is known of a key.
#[derive(Debug)]
struct Facts {
    feature: Feature,
    /// Documents matched before it was there.
    born: u32,
    prior: f32,
    users: u32,
    /// Pairs that it is the left and the right token of.
    lefts: u32,
    rights: u32,
}

/// What a key stands for; hashes lead back to its entry in a table.
#[derive(Debug)]
enum Feature {
    Special,
    Token(u64),
    Prefix(CompactString),
    Wildcard(CompactString),
    Pair(KeyId, KeyId),
    Run(CompactString),
}

/// All keys in use.
#[derive(Debug)]
pub struct Vocabulary {
    pub keys: Vec<Key>,
    /// For each key whether it is the left ([`LEFT`]) and the right ([`RIGHT`]) token of a pair.
    sides: Vec<u8>,
    facts: Vec<Facts>,
    free: Vec<KeyId>,
    hasher: RandomState,
    tokens: HashTable<(CompactString, KeyId)>,
    pairs: HashTable<(u64, KeyId)>,
    runs: HashTable<(CompactString, KeyId)>,
    pub patterns: Patterns,
    edition: u64,
    documents: AtomicU32,
}

impl Vocabulary {
    pub fn new() -> Self {
        let hasher = RandomState::new();
        let mut vocabulary = Self {
            keys: Vec::new(),
            sides: Vec::new(),
            facts: Vec::new(),
            free: Vec::new(),
            patterns: Patterns::new(hasher.clone()),
            hasher,
            tokens: HashTable::new(),
            pairs: HashTable::new(),
            runs: HashTable::new(),
            edition: 0,
            documents: AtomicU32::new(0),
        };
        vocabulary.create(Feature::Special, 1.0); // ANYTHING
        vocabulary.create(Feature::Special, 0.0); // NOTHING
        vocabulary
    }

    /// How many keys are in use.
    pub fn len(&self) -> usize {
        self.keys.len() - self.free.len()
    }

    // -- documents

    /// The key of a token of a document.
    #[inline]
    pub fn token(&self, text: &str) -> Option<KeyId> {
        let hash = self.hasher.hash_one(text);
        self.tokens.find(hash, |(known, _)| known == text).map(|&(_, key)| key)
    }

    /// Whether two tokens may have a key as a pair.
    #[inline]
    pub fn may_pair(&self, left: KeyId, right: KeyId) -> bool {
        self.sides[left as usize] & LEFT != 0 && self.sides[right as usize] & RIGHT != 0
    }

    /// The key of two tokens side by side.
    #[inline]
    pub fn pair(&self, left: KeyId, right: KeyId) -> Option<KeyId> {
        let pair = pair_of(left, right);
        self.pairs.find(self.hasher.hash_one(pair), |&(known, _)| known == pair).map(|&(_, key)| key)
    }

    /// The key of a run of characters.
    pub fn run(&self, run: &str) -> Option<KeyId> {
        self.runs.find(self.hasher.hash_one(run), |(known, _)| known == run).map(|&(_, key)| key)
    }

    pub fn has_runs(&self) -> bool {
        !self.runs.is_empty()
    }

    /// Another number whenever a pattern came or any key went: what is known of which tokens fit which patterns is void.
    pub fn edition(&self) -> u64 {
        self.edition
    }

    pub fn is_pattern(&self, key: KeyId) -> bool {
        matches!(self.facts[key as usize].feature, Feature::Prefix(_) | Feature::Wildcard(_))
    }

    pub fn count_document(&self) {
        self.documents.fetch_add(1, Ordering::Relaxed);
    }

    /// The share of documents that hold a key, as far as is known.
    pub fn rate(&self, key: KeyId) -> f32 {
        let known = &self.facts[key as usize];
        let documents = self.documents.load(Ordering::Relaxed).saturating_sub(known.born) as f32;
        let seen = self.keys[key as usize].seen.load(Ordering::Relaxed) as f32;
        (known.prior * PRIOR_DOCUMENTS + seen) / (PRIOR_DOCUMENTS + documents)
    }

    // -- rules

    /// The key of a test. A new one has no users: whoever keeps it calls `acquire`.
    pub fn test(&mut self, test: &Test) -> KeyId {
        match test {
            Test::Exact(token) => self.exact(token),
            Test::Prefix(prefix) => self.patterns.prefix(prefix).unwrap_or_else(|| {
                let key = self.create(Feature::Prefix(prefix.clone()), (2.0 * token_prior(prefix)).min(0.8));
                self.patterns.add_prefix(prefix, key);
                self.edition += 1;
                key
            }),
            Test::Wildcard(pattern) => self.patterns.wildcard(pattern).unwrap_or_else(|| {
                let key = self.create(Feature::Wildcard(pattern.clone()), token_prior(pattern));
                self.patterns.add_wildcard(pattern, key);
                self.edition += 1;
                key
            }),
        }
    }

    /// The key of a token.
    pub fn exact(&mut self, token: &str) -> KeyId {
        let hash = self.hasher.hash_one(token);
        if let Some(&(_, key)) = self.tokens.find(hash, |(known, _)| known == token) {
            return key;
        }
        let key = self.create(Feature::Token(hash), token_prior(token));
        let hasher = &self.hasher;
        self.tokens.insert_unique(hash, (token.into(), key), |(known, _)| hasher.hash_one(known.as_str()));
        key
    }

    /// The key of two tokens side by side, which are keys already.
    pub fn adjacent(&mut self, left: KeyId, right: KeyId) -> KeyId {
        if let Some(key) = self.pair(left, right) {
            return key;
        }
        let rarer = self.facts[left as usize].prior.min(self.facts[right as usize].prior);
        let key = self.create(Feature::Pair(left, right), 0.1 * rarer);
        let pair = pair_of(left, right);
        let hasher = &self.hasher;
        self.pairs.insert_unique(hasher.hash_one(pair), (pair, key), |&(known, _)| hasher.hash_one(known));
        self.acquire(left);
        self.acquire(right);
        self.facts[left as usize].lefts += 1;
        self.facts[right as usize].rights += 1;
        self.sides[left as usize] |= LEFT;
        self.sides[right as usize] |= RIGHT;
        key
    }

    /// The key of a run of characters.
    pub fn literal_run(&mut self, run: &str) -> KeyId {
        if let Some(key) = self.run(run) {
            return key;
        }
        let key = self.create(Feature::Run(run.into()), token_prior(run));
        let hasher = &self.hasher;
        self.runs.insert_unique(hasher.hash_one(run), (run.into(), key), |(known, _)| hasher.hash_one(known.as_str()));
        key
    }

    /// Note one more user of a key.
    pub fn acquire(&mut self, key: KeyId) {
        self.facts[key as usize].users += 1;
    }

    /// Give back one use of a key; without users it goes.
    pub fn release(&mut self, key: KeyId) {
        let users = &mut self.facts[key as usize].users;
        *users -= 1;
        if *users > 0 || key <= NOTHING {
            return;
        }
        self.free.push(key);
        self.edition += 1;
        match std::mem::replace(&mut self.facts[key as usize].feature, Feature::Special) {
            Feature::Special => {}
            Feature::Token(hash) => {
                if let Ok(entry) = self.tokens.find_entry(hash, |&(_, known)| known == key) {
                    entry.remove();
                }
            }
            Feature::Prefix(prefix) => self.patterns.remove_prefix(&prefix),
            Feature::Wildcard(pattern) => self.patterns.remove_wildcard(&pattern),
            Feature::Pair(left, right) => {
                let hash = self.hasher.hash_one(pair_of(left, right));
                if let Ok(entry) = self.pairs.find_entry(hash, |&(_, known)| known == key) {
                    entry.remove();
                }
                self.facts[left as usize].lefts -= 1;
                self.facts[right as usize].rights -= 1;
                for key in [left, right] {
                    let Facts { lefts, rights, .. } = self.facts[key as usize];
                    self.sides[key as usize] = if lefts > 0 { LEFT } else { 0 } | if rights > 0 { RIGHT } else { 0 };
                }
                self.release(left);
                self.release(right);
            }
            Feature::Run(run) => {
                let hash = self.hasher.hash_one(run.as_str());
                if let Ok(entry) = self.runs.find_entry(hash, |&(_, known)| known == key) {
                    entry.remove();
                }
            }
        }
    }

    fn create(&mut self, feature: Feature, prior: f32) -> KeyId {
        let born = self.documents.load(Ordering::Relaxed);
        let facts = Facts { feature, born, prior, users: 0, lefts: 0, rights: 0 };
        if let Some(id) = self.free.pop() {
            self.keys[id as usize] = Key::default();
            self.facts[id as usize] = facts;
            self.sides[id as usize] = 0;
            return id;
        }
        self.keys.push(Key::default());
        self.facts.push(facts);
        self.sides.push(0);
        self.keys.len() as KeyId - 1
    }
}

impl Key {
    /// Note a document that holds it. A count that is lost between threads does no harm.
    #[inline]
    pub fn count(&self) {
        self.seen.store(self.seen.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
    }
}

/// What stands for a metadata value among the tokens; no token of a text holds U+0000.
pub fn meta_token(name: &str, value: &str) -> CompactString {
    let mut token = CompactString::with_capacity(name.len() + value.len() + 2);
    token.push('\0');
    token.push_str(name);
    token.push('\0');
    token.push_str(value);
    token
}

fn pair_of(left: KeyId, right: KeyId) -> u64 {
    u64::from(left) << 32 | u64::from(right)
}

/// Guess the share of documents that hold a token nobody has counted yet: longer words are rarer.
///
/// Only speed hangs on it: what is counted soon outweighs it.
fn token_prior(token: &str) -> f32 {
    if let Some(meta) = token.strip_prefix('\0') {
        return match meta.split('\0').next() {
            Some("lang") => 0.4,
            Some("topic") => 0.2,
            Some("country") => 0.1,
            Some("source" | "domain") => 0.02,
            Some("url") => 0.001,
            _ => 0.01,
        };
    }
    let length = token.chars().count();
    if length == 1 && token.chars().all(by_character) { 0.05 } else { (-0.5 * length as f32).exp2().min(0.6) }
}
