//! Prefixes and wildcards: a trie over their literal beginnings, walked once for each token of a document.
//!
//! Its edges are in one hash table, compared whole (node and character), so a token that no pattern begins like costs one
//! look.

use ahash::RandomState;
use compact_str::CompactString;
use hashbrown::HashMap;

use super::vocabulary::KeyId;

const ROOT: u32 = 0;
/// Bits of the hashes of beginnings.
const FOURS: u32 = 16;
const THREES: u32 = 12;

#[derive(Debug, Default)]
struct Node {
    /// The key of the prefix that ends here.
    prefix: Option<KeyId>,
    /// Wildcards of which the part before the first `?` ends here.
    wildcards: Vec<(CompactString, KeyId)>,
    /// Patterns that end here or further down.
    users: u32,
}

/// The prefixes and wildcards in use.
#[derive(Debug)]
pub struct Patterns {
    nodes: Vec<Node>,
    free: Vec<u32>,
    edges: HashMap<u64, u32, RandomState>,
    /// How many patterns there are of which the literal part begins with four bytes of this hash; a full count stays full.
    fours: Box<[u8]>,
    /// The same of those that have three.
    threes: Box<[u8]>,
    /// How many have a shorter literal part, by its first byte.
    short: [u32; 256],
}

impl Patterns {
    pub fn new(hasher: RandomState) -> Self {
        Self {
            nodes: vec![Node::default()],
            free: Vec::new(),
            edges: HashMap::with_hasher(hasher),
            fours: vec![0; 1 << FOURS].into(),
            threes: vec![0; 1 << THREES].into(),
            short: [0; 256],
        }
    }

    /// Add a prefix, which is not there yet.
    pub fn add_prefix(&mut self, prefix: &str, key: KeyId) {
        let node = self.path(prefix);
        self.nodes[node as usize].prefix = Some(key);
    }

    /// Add a wildcard, which is not there yet.
    pub fn add_wildcard(&mut self, pattern: &str, key: KeyId) {
        let node = self.path(head(pattern));
        self.nodes[node as usize].wildcards.push((pattern.into(), key));
    }

    /// The key of a prefix that is there.
    pub fn prefix(&self, prefix: &str) -> Option<KeyId> {
        self.nodes[self.find(prefix)? as usize].prefix
    }

    /// The key of a wildcard that is there.
    pub fn wildcard(&self, pattern: &str) -> Option<KeyId> {
        let node = &self.nodes[self.find(head(pattern))? as usize];
        node.wildcards.iter().find(|(known, _)| known == pattern).map(|&(_, key)| key)
    }

    /// Take a prefix away.
    pub fn remove_prefix(&mut self, prefix: &str) {
        if let Some(node) = self.find(prefix) {
            self.nodes[node as usize].prefix = None;
            self.unuse(prefix);
        }
    }

    /// Take a wildcard away.
    pub fn remove_wildcard(&mut self, pattern: &str) {
        if let Some(node) = self.find(head(pattern)) {
            self.nodes[node as usize].wildcards.retain(|(known, _)| known != pattern);
            self.unuse(head(pattern));
        }
    }

    /// Call `found` with the key of each pattern that a token fits.
    #[inline]
    pub fn of_token(&self, token: &str, mut found: impl FnMut(KeyId)) {
        let bytes = token.as_bytes();
        let begins = bytes.first_chunk().is_some_and(|&four| self.fours[hash_of(four, FOURS)] > 0)
            || bytes.first_chunk().is_some_and(|&three| self.threes[hash_of(padded(three), THREES)] > 0)
            || bytes.first().is_some_and(|&byte| self.short[usize::from(byte)] > 0);
        if begins || self.nodes[0].prefix.is_some() || !self.nodes[0].wildcards.is_empty() {
            self.walk(token, &mut found);
        }
    }

    fn walk(&self, token: &str, found: &mut impl FnMut(KeyId)) {
        let mut node = ROOT;
        let mut chars = token.chars();
        loop {
            let here = &self.nodes[node as usize];
            if let Some(key) = here.prefix {
                found(key);
            }
            for (pattern, key) in &here.wildcards {
                if fits(pattern, token) {
                    found(*key);
                }
            }
            match chars.next().and_then(|ch| self.edges.get(&edge(node, ch))) {
                Some(&next) => node = next,
                None => return,
            }
        }
    }

    fn find(&self, text: &str) -> Option<u32> {
        text.chars().try_fold(ROOT, |node, ch| self.edges.get(&edge(node, ch)).copied())
    }

    fn path(&mut self, text: &str) -> u32 {
        self.count_first(text, true);
        let mut node = ROOT;
        self.nodes[0].users += 1;
        for ch in text.chars() {
            let (nodes, free) = (&mut self.nodes, &mut self.free);
            node = *self.edges.entry(edge(node, ch)).or_insert_with(|| {
                free.pop().unwrap_or_else(|| {
                    nodes.push(Node::default());
                    nodes.len() as u32 - 1
                })
            });
            self.nodes[node as usize].users += 1;
        }
        node
    }

    fn unuse(&mut self, text: &str) {
        self.count_first(text, false);
        let mut node = ROOT;
        self.nodes[0].users -= 1;
        for ch in text.chars() {
            let Some(&next) = self.edges.get(&edge(node, ch)) else { return };
            self.nodes[next as usize].users -= 1;
            if self.nodes[next as usize].users == 0 {
                self.edges.remove(&edge(node, ch));
                self.free.push(next);
            }
            node = next;
        }
    }

    fn count_first(&mut self, text: &str, more: bool) {
        let bytes = text.as_bytes();
        let counter = if let Some(&four) = bytes.first_chunk::<4>() {
            &mut self.fours[hash_of(four, FOURS)]
        } else if let Some(&three) = bytes.first_chunk::<3>() {
            &mut self.threes[hash_of(padded(three), THREES)]
        } else if let Some(&byte) = bytes.first() {
            let counter = &mut self.short[usize::from(byte)];
            *counter = if more { *counter + 1 } else { *counter - 1 };
            return;
        } else {
            return;
        };
        if *counter < u8::MAX {
            *counter = if more { *counter + 1 } else { *counter - 1 };
        }
    }
}

/// A hash of so many bits. Who makes many collide gains that patterns are looked for in vain.
fn hash_of(four: [u8; 4], bits: u32) -> usize {
    (u32::from_le_bytes(four).wrapping_mul(0x9E37_79B1) >> (32 - bits)) as usize
}

fn padded([one, two, three]: [u8; 3]) -> [u8; 4] {
    [one, two, three, 0]
}

fn edge(node: u32, ch: char) -> u64 {
    u64::from(node) << 32 | u64::from(u32::from(ch))
}

/// What a pattern begins with, up to its first wildcard.
fn head(pattern: &str) -> &str {
    let stem = pattern.strip_suffix('*').unwrap_or(pattern);
    stem.split('?').next().unwrap_or(stem)
}

/// Whether a token fits a pattern. U+0000 is in metadata values only, which are no words.
fn fits(pattern: &str, token: &str) -> bool {
    let (stem, open) = match pattern.strip_suffix('*') {
        Some(stem) => (stem, true),
        None => (pattern, false),
    };
    let mut chars = token.chars();
    for wanted in stem.chars() {
        match chars.next() {
            Some(found) if wanted == found || (wanted == '?' && found != '\0') => {}
            _ => return false,
        }
    }
    open || chars.next().is_none()
}
