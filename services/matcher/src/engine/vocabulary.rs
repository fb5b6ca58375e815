//! What the rules look for: tokens, prefixes, wildcards, adjacent pairs, runs of characters. Each is a key, a small number.
//!
//! Keys are found by hash and compared whole. The hashes are keyed at random for each vocabulary, so nobody can write a text or
//! a rule whose words collide.

use std::hint::black_box;
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

const LEFT: u32 = 1;
const RIGHT: u32 = 2;

/// A table of more entries does not stay in the cache: what is looked for in it is fetched beforehand.
const CACHED: usize = 8192;

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

/// A token that is a key, and whether it is the left ([`LEFT`]) and the right ([`RIGHT`]) token of pairs: what is asked of
/// each token of a document stands in one place.
#[derive(Debug)]
struct Known {
    text: CompactString,
    token: Token,
}

/// The key of a token, and what pairs it may be in.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    pub key: KeyId,
    sides: u32,
}

impl Token {
    /// A token that nobody asks for.
    pub const UNKNOWN: Self = Self { key: KeyId::MAX, sides: 0 };
}

/// Two tokens side by side at a position, which may be a key.
#[derive(Debug, Clone, Copy)]
pub struct PairAt {
    pub hash: u64,
    pub left: KeyId,
    pub right: KeyId,
    pub at: u32,
}

/// All keys in use.
#[derive(Debug)]
pub struct Vocabulary {
    pub keys: Vec<Key>,
    facts: Vec<Facts>,
    free: Vec<KeyId>,
    hasher: RandomState,
    tokens: HashTable<Known>,
    pairs: HashTable<(u64, KeyId)>,
    /// Of pairs in a document, few are keys: it tells of most that they are none.
    filter: Filter,
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
            facts: Vec::new(),
            free: Vec::new(),
            patterns: Patterns::new(hasher.clone()),
            hasher,
            tokens: HashTable::new(),
            pairs: HashTable::new(),
            filter: Filter::default(),
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

    /// The key of a token of a document, or [`Token::UNKNOWN`].
    #[inline]
    pub fn token(&self, text: &str) -> Token {
        let hash = self.hasher.hash_one(text);
        self.tokens.find(hash, |known| known.text == text).map_or(Token::UNKNOWN, |known| known.token)
    }

    /// The keys of tokens of a document, of others [`Token::UNKNOWN`]. `hashes` is room to work in.
    pub fn tokens<'t>(
        &self,
        texts: impl ExactSizeIterator<Item = &'t str> + Clone,
        hashes: &mut Vec<u64>,
        found: &mut Vec<Token>,
    ) {
        hashes.clear();
        hashes.extend(texts.clone().map(|text| self.hasher.hash_one(text)));
        if self.tokens.len() > CACHED {
            first_look(&self.tokens, hashes.iter().copied(), |known| known.token.key);
        }
        found.clear();
        found.extend(texts.zip(&*hashes).map(|(text, &hash)| {
            self.tokens.find(hash, |known| known.text == text).map_or(Token::UNKNOWN, |known| known.token)
        }));
    }

    /// The hash of two tokens side by side if they may have a key as a pair; nearly always if they have, seldom if not.
    #[inline]
    pub fn may_pair(&self, left: Token, right: Token) -> Option<u64> {
        if left.sides & LEFT == 0 || right.sides & RIGHT == 0 {
            return None;
        }
        let hash = self.hasher.hash_one(pair_of(left.key, right.key));
        self.filter.may_have(hash).then_some(hash)
    }

    /// Call `found` with the keys of pairs, and what stands beside them.
    pub fn pairs(&self, pairs: &[PairAt], mut found: impl FnMut(KeyId, u32)) {
        if self.pairs.len() > CACHED {
            first_look(&self.pairs, pairs.iter().map(|pair| pair.hash), |&(_, key)| key);
        }
        for &PairAt { hash, left, right, at } in pairs {
            let pair = pair_of(left, right);
            if let Some(&(_, key)) = self.pairs.find(hash, |&(known, _)| known == pair) {
                found(key, at);
            }
        }
    }

    /// The key of two tokens side by side.
    fn pair(&self, left: KeyId, right: KeyId) -> Option<KeyId> {
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
        if let Some(known) = self.tokens.find(hash, |known| known.text == token) {
            return known.token.key;
        }
        let key = self.create(Feature::Token(hash), token_prior(token));
        let hasher = &self.hasher;
        let known = Known { text: token.into(), token: Token { key, sides: 0 } };
        self.tokens.insert_unique(hash, known, |known| hasher.hash_one(known.text.as_str()));
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
        let hash = hasher.hash_one(pair);
        self.pairs.insert_unique(hash, (pair, key), |&(known, _)| hasher.hash_one(known));
        if !self.filter.add(hash) {
            self.filter = Filter::of(self.pairs.len(), self.pairs.iter().map(|&(known, _)| hasher.hash_one(known)));
        }
        self.acquire(left);
        self.acquire(right);
        self.facts[left as usize].lefts += 1;
        self.facts[right as usize].rights += 1;
        self.note_sides(left);
        self.note_sides(right);
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
                if let Ok(entry) = self.tokens.find_entry(hash, |known| known.token.key == key) {
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
                self.note_sides(left);
                self.note_sides(right);
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

    /// Write down with a token which sides of pairs it is.
    fn note_sides(&mut self, key: KeyId) {
        let Facts { feature: Feature::Token(hash), lefts, rights, .. } = self.facts[key as usize] else { return };
        let sides = if lefts > 0 { LEFT } else { 0 } | if rights > 0 { RIGHT } else { 0 };
        if let Some(known) = self.tokens.find_mut(hash, |known| known.token.key == key) {
            known.token.sides = sides;
        }
    }

    fn create(&mut self, feature: Feature, prior: f32) -> KeyId {
        let born = self.documents.load(Ordering::Relaxed);
        let facts = Facts { feature, born, prior, users: 0, lefts: 0, rights: 0 };
        if let Some(id) = self.free.pop() {
            self.keys[id as usize] = Key::default();
            self.facts[id as usize] = facts;
            return id;
        }
        self.keys.push(Key::default());
        self.facts.push(facts);
        self.keys.len() as KeyId - 1
    }
}

/// A Bloom filter with one bit per hash: tells that something is not there, or may be. What was taken away may stay until
/// it is made anew, which is when it has as many hashes as an eighth of its bits.
#[derive(Debug, Default)]
struct Filter {
    bits: Vec<u64>,
    added: usize,
}

impl Filter {
    const PER_HASH: usize = 16;

    fn of(count: usize, hashes: impl Iterator<Item = u64>) -> Self {
        let words = (count * Self::PER_HASH).div_ceil(64).next_power_of_two();
        let mut filter = Self { bits: vec![0; words], added: 0 };
        for hash in hashes {
            filter.add(hash);
        }
        filter
    }

    /// Add a hash; tell whether there was room.
    fn add(&mut self, hash: u64) -> bool {
        self.added += 1;
        if self.added * Self::PER_HASH / 2 > self.bits.len() * 64 {
            return false;
        }
        let at = self.word(hash);
        self.bits[at] |= 1 << (hash >> 20 & 63);
        true
    }

    #[inline]
    fn may_have(&self, hash: u64) -> bool {
        self.bits.get(self.word(hash)).is_some_and(|word| word >> (hash >> 20 & 63) & 1 == 1)
    }

    #[inline]
    fn word(&self, hash: u64) -> usize {
        (hash >> 26) as usize & self.bits.len().wrapping_sub(1)
    }
}

impl Key {
    /// Note a document that holds it. A count that is lost between threads does no harm.
    #[inline]
    pub fn count(&self) {
        self.seen.store(self.seen.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
    }
}

/// Look at what stands in a table under some hashes, right or not.
///
/// Nothing in this loop hangs on what a look finds, so that many are under way at once; whoever looks again soon has it near
/// at hand.
fn first_look<T>(table: &HashTable<T>, hashes: impl Iterator<Item = u64>, number: impl Fn(&T) -> u32) {
    let numbers = hashes.filter_map(|hash| table.find(hash, |_| true)).map(number);
    black_box(numbers.fold(0, |sum, number| sum ^ number));
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
