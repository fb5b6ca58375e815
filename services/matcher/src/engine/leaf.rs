//! Leaves of rules made ready for matching. Equal leaves are one, shared by all rules that use it.

use ahash::RandomState;
use compact_str::CompactString;
use hashbrown::HashTable;
use smallvec::SmallVec;

use super::characters::runs;
use super::vocabulary::{KeyId, Vocabulary, meta_token};
use crate::document::META_NAMES;
use crate::rules::model::{Bound, Meta, Phrase, Range, Raw, Slot, Test, TextField};

/// The number of a leaf.
pub type LeafId = u32;

/// What a leaf looks for.
#[derive(Debug, PartialEq)]
pub enum Kind {
    /// One key of so many tokens: a word, a pattern, or two words side by side.
    Key { key: KeyId, width: u32 },
    /// One token, any of these keys.
    Word(Box<[KeyId]>),
    /// Tokens side by side.
    Phrase(Box<Tokens>),
    /// Tokens at distinct positions in a window of so many tokens, in any order.
    Window(Box<Tokens>, u32),
    /// Characters of the original text.
    Raw(Box<Characters>),
    /// A metadata value.
    Meta(Box<Value>),
    /// A number within bounds.
    Range(Box<Bounds>),
}

/// Positions, each with the keys of the tokens that may stand there.
#[derive(Debug, PartialEq)]
pub struct Tokens {
    pub slots: Box<[SmallVec<[KeyId; 2]>]>,
    /// What a document must hold all of.
    pub required: Box<[KeyId]>,
}

/// A literal, and the runs of it that a document must hold.
#[derive(Debug, PartialEq)]
pub struct Characters {
    pub literal: CompactString,
    pub runs: Box<[KeyId]>,
}

/// A metadata value or its beginning.
#[derive(Debug, PartialEq)]
pub struct Value {
    /// Its place in [`META_NAMES`].
    pub name: usize,
    pub folded: CompactString,
    pub prefix: bool,
    pub key: KeyId,
}

/// A number within bounds.
#[derive(Debug, PartialEq)]
pub struct Bounds {
    pub name: CompactString,
    pub lower: Option<Bound>,
    pub upper: Option<Bound>,
}

/// A leaf in use.
#[derive(Debug)]
pub struct Leaf {
    /// As the analyst wrote it.
    pub written: CompactString,
    /// The only field it looks at.
    pub field: Option<TextField>,
    pub kind: Kind,
    /// Whether another leaf is, or was, written alike, so that their receipts may be the same.
    pub has_twins: bool,
    users: u32,
}

impl Leaf {
    /// Whether the keys alone tell whether it holds: some anchor is there.
    pub fn is_decided(&self) -> bool {
        match self.kind {
            Kind::Key { .. } | Kind::Word(_) => self.field.is_none(),
            Kind::Meta(_) => true,
            _ => false,
        }
    }

    /// What a document must hold all of.
    pub fn required(&self) -> &[KeyId] {
        match &self.kind {
            Kind::Key { key, .. } => std::slice::from_ref(key),
            Kind::Phrase(tokens) | Kind::Window(tokens, _) => &tokens.required,
            Kind::Raw(raw) => &raw.runs,
            Kind::Meta(value) => std::slice::from_ref(&value.key),
            Kind::Word(_) | Kind::Range(_) => &[],
        }
    }

    /// What a document must hold one of, where nothing is required; none if nothing tells of the leaf.
    pub fn anchors(&self) -> &[KeyId] {
        match &self.kind {
            Kind::Word(keys) => keys,
            Kind::Phrase(tokens) | Kind::Window(tokens, _) if tokens.required.is_empty() => &tokens.slots[0],
            _ => &[],
        }
    }

    /// Whether it has places in title or text.
    pub fn is_text(&self) -> bool {
        !matches!(self.kind, Kind::Meta(_) | Kind::Range(_))
    }

    fn asks_for_topics(&self) -> bool {
        match &self.kind {
            Kind::Meta(value) => META_NAMES[value.name] == "topic",
            Kind::Range(bounds) => bounds.name.starts_with("score."),
            _ => false,
        }
    }

    fn keys(&self) -> SmallVec<[KeyId; 8]> {
        let mut keys: SmallVec<[KeyId; 8]> = SmallVec::from_slice(self.required());
        match &self.kind {
            Kind::Word(all) => keys.extend_from_slice(all),
            Kind::Phrase(tokens) | Kind::Window(tokens, _) => keys.extend(tokens.slots.iter().flatten().copied()),
            _ => {}
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// All leaves in use, each once.
#[derive(Debug)]
pub struct Leaves {
    all: Vec<Leaf>,
    free: Vec<LeafId>,
    /// By what was written: leaves that are written alike and differ are few.
    known: HashTable<LeafId>,
    hasher: RandomState,
    /// How many look at tags or their scores.
    on_topics: usize,
}

impl Leaves {
    pub fn new() -> Self {
        let hasher = RandomState::new();
        Self { all: Vec::new(), free: Vec::new(), known: HashTable::new(), hasher, on_topics: 0 }
    }

    /// How many leaves are in use.
    pub fn len(&self) -> usize {
        self.all.len() - self.free.len()
    }

    #[inline]
    pub fn get(&self, leaf: LeafId) -> &Leaf {
        &self.all[leaf as usize]
    }

    /// Whether any leaf looks at tags or their scores.
    pub fn ask_for_topics(&self) -> bool {
        self.on_topics > 0
    }

    /// The leaf of a word, phrase, wildcard or window.
    pub fn phrase(&mut self, phrase: Phrase, vocabulary: &mut Vocabulary) -> LeafId {
        let kind = phrase_kind(&phrase, vocabulary);
        self.acquire(phrase.written, phrase.field, kind, vocabulary)
    }

    /// The leaf of a raw text.
    pub fn raw(&mut self, raw: Raw, vocabulary: &mut Vocabulary) -> LeafId {
        let mut keys = Vec::new();
        runs(&raw.literal, |run| keys.push(vocabulary.literal_run(run)));
        keys.sort_unstable();
        keys.dedup();
        let kind = Kind::Raw(Box::new(Characters { literal: raw.literal, runs: keys.into() }));
        self.acquire(raw.written, raw.field, kind, vocabulary)
    }

    /// The leaf of a metadata value.
    pub fn meta(&mut self, meta: Meta, vocabulary: &mut Vocabulary) -> LeafId {
        let token = meta_token(&meta.name, &meta.value);
        let key = vocabulary.test(&if meta.prefix { Test::Prefix(token) } else { Test::Exact(token) });
        let name = META_NAMES.iter().position(|name| *name == meta.name).unwrap_or_default();
        let kind = Kind::Meta(Box::new(Value { name, folded: meta.value, prefix: meta.prefix, key }));
        self.acquire(meta.written, None, kind, vocabulary)
    }

    /// The leaf of a range.
    pub fn range(&mut self, range: Range, vocabulary: &mut Vocabulary) -> LeafId {
        let kind = Kind::Range(Box::new(Bounds { name: range.name, lower: range.lower, upper: range.upper }));
        self.acquire(range.written, None, kind, vocabulary)
    }

    /// Give back one use of a leaf; without users it goes, and what of its keys nobody else uses.
    pub fn release(&mut self, id: LeafId, vocabulary: &mut Vocabulary) {
        let leaf = &mut self.all[id as usize];
        leaf.users -= 1;
        if leaf.users > 0 {
            return;
        }
        let hash = self.hasher.hash_one(leaf.written.as_str());
        if let Ok(entry) = self.known.find_entry(hash, |&known| known == id) {
            entry.remove();
        }
        self.on_topics -= usize::from(leaf.asks_for_topics());
        for key in leaf.keys() {
            vocabulary.release(key);
        }
        leaf.written = CompactString::default();
        leaf.kind = Kind::Word(Box::default());
        self.free.push(id);
    }

    fn acquire(
        &mut self,
        written: CompactString,
        field: Option<TextField>,
        kind: Kind,
        vocabulary: &mut Vocabulary,
    ) -> LeafId {
        let hash = self.hasher.hash_one(written.as_str());
        let leaves = &self.all;
        let mut twin = None;
        let same = |&id: &LeafId| {
            let leaf = &leaves[id as usize];
            let alike = leaf.written == written;
            twin = if alike { Some(id) } else { twin };
            alike && leaf.field == field && leaf.kind == kind
        };
        if let Some(&id) = self.known.find(hash, same) {
            self.all[id as usize].users += 1;
            return id;
        }
        if let Some(twin) = twin {
            self.all[twin as usize].has_twins = true;
        }
        let leaf = Leaf { written, field, kind, has_twins: twin.is_some(), users: 1 };
        for key in leaf.keys() {
            vocabulary.acquire(key);
        }
        self.on_topics += usize::from(leaf.asks_for_topics());
        let id = if let Some(id) = self.free.pop() {
            self.all[id as usize] = leaf;
            id
        } else {
            self.all.push(leaf);
            self.all.len() as LeafId - 1
        };
        let (leaves, hasher) = (&self.all, &self.hasher);
        self.known.insert_unique(hash, id, |&known| hasher.hash_one(leaves[known as usize].written.as_str()));
        id
    }
}

fn phrase_kind(phrase: &Phrase, vocabulary: &mut Vocabulary) -> Kind {
    let mut keys_of = |slot: &Slot| -> SmallVec<[KeyId; 2]> {
        let mut keys: SmallVec<[KeyId; 2]> = slot.iter().map(|test| vocabulary.test(test)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    if let [slot] = phrase.slots.as_slice() {
        let keys = keys_of(slot);
        return match keys.as_slice() {
            [key] => Kind::Key { key: *key, width: 1 },
            _ => Kind::Word(keys.into_vec().into()),
        };
    }
    let slots: Vec<SmallVec<[KeyId; 2]>> = phrase.slots.iter().map(&mut keys_of).collect();
    let single = |at: usize| matches!(phrase.slots[at].as_slice(), [Test::Exact(_)]);
    let mut required: Vec<KeyId> = Vec::new();
    let mut paired = vec![false; slots.len()];
    if phrase.slop.is_none() {
        for at in 0..slots.len() - 1 {
            if single(at) && single(at + 1) {
                let key = vocabulary.adjacent(slots[at][0], slots[at + 1][0]);
                if slots.len() == 2 {
                    return Kind::Key { key, width: 2 };
                }
                required.push(key);
                paired[at] = true;
                paired[at + 1] = true;
            }
        }
    }
    for (slot, paired) in slots.iter().zip(paired) {
        if !paired && slot.len() == 1 {
            required.push(slot[0]);
        }
    }
    required.sort_unstable();
    required.dedup();
    let tokens = Box::new(Tokens { slots: slots.into(), required: required.into() });
    match phrase.slop {
        None => Kind::Phrase(tokens),
        Some(slop) => Kind::Window(tokens, slop),
    }
}
