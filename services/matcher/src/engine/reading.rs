//! A document read with a vocabulary: which keys it holds and, only when asked for, where.

use std::hint::black_box;

use hashbrown::HashMap;

use super::characters::{Characters, runs};
use super::evidence::Shown;
use super::leaf::LeafId;
use super::patterns::Patterns;
use super::vocabulary::{ANYTHING, KeyId, PairAt, Token, Vocabulary, meta_token};
use crate::document::{Document, Field, META_NAMES};
use crate::rules::model::TextField;

/// No token here, or none that a rule asks for.
const NONE: u32 = u32::MAX;

/// Occurrences in one field: token positions in [`Room::arena`], end exclusive; starts ascend, and so do ends.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spans {
    starts: u32,
    pub len: u32,
    /// Where the ends are, or else every span has `width` tokens.
    ends: Option<u32>,
    width: u32,
    /// Where the characters are, two numbers each, if an occurrence need not begin and end with a token.
    characters: Option<u32>,
}

/// The memory that matching one document takes, kept from one to the next.
#[derive(Debug, Default)]
pub struct Room {
    /// A bit for each key that the document holds: of all that is looked at, this is looked at most, and it stays in the cache.
    bits: Vec<u64>,
    /// What is known of each key.
    cells: Vec<Cell>,
    /// The key of each slot.
    pub present: Vec<KeyId>,
    /// What the rules that some guard lets through are found with.
    pub opening: Opening,
    memo: Memo,
    /// The tokens of a field, their hashes, and the pairs among them that may be keys.
    looked: Vec<Token>,
    hashes: Vec<u64>,
    pairs: Vec<PairAt>,
    /// The slot of the token at each position: title, a gap, text.
    tokens: Vec<u32>,
    /// Slots of patterns and pairs with positions, in the order of the positions.
    events: Vec<(u32, u32)>,
    /// The positions of each slot, and further lists of spans.
    pub arena: Vec<u32>,
    /// Where the positions of each slot begin in the arena; the last entry is where they end.
    postings: Vec<u32>,
    spans: HashMap<(LeafId, TextField), Spans, ahash::RandomState>,
    /// Leaves that receipts speak of.
    pub shown: Shown,
}

/// What is known of a key.
#[derive(Debug, Clone, Default)]
struct Cell {
    /// Its slot, if the document holds it.
    slot: u32,
    /// Where in [`Memo::lists`] the list of the patterns begins that it fits, one more than that; 0: not known.
    fits: u32,
}

/// Which patterns the tokens among the keys fit: true for one edition of the vocabulary.
#[derive(Debug, Default)]
struct Memo {
    edition: u64,
    /// Lengths, each followed by so many keys; the first entry is the length of an empty list.
    lists: Vec<u32>,
}

impl Memo {
    fn begin(&mut self, edition: u64, cells: &mut [Cell]) {
        if self.edition != edition || self.lists.is_empty() {
            self.edition = edition;
            for cell in cells {
                cell.fits = 0;
            }
            self.lists.clear();
            self.lists.push(0);
        }
    }

    /// Where in `lists` the patterns are that a token fits, which has this cell.
    #[inline]
    fn of(&mut self, cell: &mut Cell, token: &str, patterns: &Patterns) -> std::ops::Range<usize> {
        let mut place = cell.fits as usize;
        if place == 0 {
            let at = self.lists.len();
            self.lists.push(0);
            patterns.of_token(token, |key| self.lists.push(key));
            self.lists[at] = (self.lists.len() - at - 1) as u32;
            place = if self.lists[at] == 0 { 1 } else { at + 1 };
            if place == 1 {
                self.lists.truncate(at);
            }
            cell.fits = place as u32;
        }
        place..place + self.lists[place - 1] as usize
    }
}

impl Room {
    fn begin(&mut self, vocabulary: &Vocabulary) {
        for &key in &self.present {
            self.bits[key as usize / 64] = 0;
        }
        let keys = vocabulary.keys.len();
        self.bits.resize(keys.div_ceil(64).max(self.bits.len()), 0);
        self.cells.resize(keys.max(self.cells.len()), Cell::default());
        self.memo.begin(vocabulary.edition(), &mut self.cells);
        self.present.clear();
        self.tokens.clear();
        self.events.clear();
        self.arena.clear();
        self.postings.clear();
        self.spans.clear();
    }

    /// Whether the document holds a key.
    #[inline]
    pub fn holds(&self, key: KeyId) -> bool {
        self.bits[key as usize / 64] >> (key % 64) & 1 == 1
    }

    #[inline]
    fn add(&mut self, key: KeyId) -> u32 {
        if !self.holds(key) {
            self.bits[key as usize / 64] |= 1 << (key % 64);
            self.cells[key as usize].slot = self.present.len() as u32;
            self.present.push(key);
        }
        self.cells[key as usize].slot
    }

    fn slot(&self, key: KeyId) -> Option<u32> {
        self.holds(key).then(|| self.cells[key as usize].slot)
    }

    /// Give back memory that a very long document took.
    pub fn shrink(&mut self) {
        const KEPT: usize = 1 << 20;
        if self.arena.capacity() + self.tokens.capacity() + self.events.capacity() > KEPT {
            self.tokens = Vec::new();
            self.events = Vec::new();
            self.arena = Vec::new();
        }
    }
}

/// The memory that finding the rules takes which some guard lets through.
#[derive(Debug, Default)]
pub struct Opening {
    /// Guards of which the first two keys are there: the key, and which of those that wait under it.
    pub half: Vec<(KeyId, u32)>,
    /// Rules, each with 1 added to its double if the guard decides.
    pub rules: Vec<u32>,
}

/// A document under match.
pub struct Reading<'a> {
    pub document: &'a Document,
    vocabulary: &'a Vocabulary,
    pub room: &'a mut Room,
    /// The position of the first token of the text.
    split: u32,
    characters: [Option<Characters<'a>>; 2],
}

impl<'a> Reading<'a> {
    /// Find the keys that a document holds.
    pub fn of(document: &'a Document, vocabulary: &'a Vocabulary, room: &'a mut Room) -> Self {
        room.begin(vocabulary);
        let split = document.title.tokens.len() as u32 + 1;
        let mut reading = Self { document, vocabulary, room, split, characters: [None, None] };
        reading.room.add(ANYTHING);
        reading.read_tokens(&document.title);
        reading.read_pairs();
        reading.room.tokens.push(NONE);
        reading.read_tokens(&document.text);
        reading.read_pairs();
        for (name, values) in META_NAMES.iter().zip(&document.meta) {
            for value in values {
                reading.read_value(name, &value.folded);
            }
        }
        if vocabulary.has_runs() {
            for field in [TextField::Title, TextField::Text] {
                reading.read_runs(field);
            }
        }
        reading.post();
        reading
    }

    fn read_tokens(&mut self, field: &Field) {
        let vocabulary = self.vocabulary;
        let room = &mut *self.room;
        vocabulary.tokens(field.tokens.iter(), &mut room.hashes, &mut room.looked);
        room.pairs.clear();
        // fetches many at once
        let cells = room.looked.iter().filter_map(|known| room.cells.get(known.key as usize));
        black_box(cells.fold(0, |sum, cell| sum ^ cell.slot));
        let mut before = Token::UNKNOWN;
        for (at, token) in field.tokens.iter().enumerate() {
            let known = room.looked[at];
            let key = known.key;
            let at = room.tokens.len() as u32;
            let last = std::mem::replace(&mut before, known);
            if key == Token::UNKNOWN.key {
                room.tokens.push(NONE);
                vocabulary.patterns.of_token(token, |key| {
                    let slot = room.add(key);
                    room.events.push((slot, at));
                });
                continue;
            }
            let slot = room.add(key);
            room.tokens.push(slot);
            for place in room.memo.of(&mut room.cells[key as usize], token, &vocabulary.patterns) {
                let slot = room.add(room.memo.lists[place]);
                room.events.push((slot, at));
            }
            if let Some(hash) = vocabulary.may_pair(last, known) {
                room.pairs.push(PairAt { hash, left: last.key, right: key, at: at - 1 });
            }
        }
    }

    fn read_pairs(&mut self) {
        let room = &mut *self.room;
        let pairs = std::mem::take(&mut room.pairs);
        self.vocabulary.pairs(&pairs, |key, at| {
            let slot = room.add(key);
            room.events.push((slot, at));
        });
        room.pairs = pairs;
    }

    fn read_value(&mut self, name: &str, value: &str) {
        let token = meta_token(name, value);
        let known = self.vocabulary.token(&token);
        if known.key != Token::UNKNOWN.key {
            self.room.add(known.key);
        }
        let room = &mut *self.room;
        self.vocabulary.patterns.of_token(&token, |key| {
            room.add(key);
        });
    }

    fn read_runs(&mut self, field: TextField) {
        self.characters(field);
        let (vocabulary, room) = (self.vocabulary, &mut *self.room);
        if let Some(characters) = &self.characters[field as usize] {
            runs(characters.nfc(), |run| {
                if let Some(key) = vocabulary.run(run) {
                    room.add(key);
                }
            });
        }
    }

    /// A field of the document.
    pub fn field(&self, field: TextField) -> &'a Field {
        match field {
            TextField::Title => &self.document.title,
            TextField::Text => &self.document.text,
        }
    }

    fn characters(&mut self, field: TextField) -> &Characters<'a> {
        let original = &self.field(field).original;
        self.characters[field as usize].get_or_insert_with(|| Characters::of(original))
    }

    // -- positions

    /// The spans of a key of so many tokens in one field.
    pub fn posted(&self, key: KeyId, width: u32, field: TextField) -> Spans {
        let Some(slot) = self.room.slot(key) else { return Spans::default() };
        let (from, to) = (self.room.postings[slot as usize], self.room.postings[slot as usize + 1]);
        let positions = &self.room.arena[from as usize..to as usize];
        let in_title = positions.partition_point(|&at| at < self.split) as u32;
        let (starts, len) = match field {
            TextField::Title => (from, in_title),
            TextField::Text => (from + in_title, to - from - in_title),
        };
        Spans { starts, len, width, ..Spans::default() }
    }

    /// List the positions of every slot, in order.
    fn post(&mut self) {
        let room = &mut *self.room;
        room.postings.resize(room.present.len() + 1, 0);
        for &slot in room.tokens.iter().filter(|&&slot| slot != NONE) {
            room.postings[slot as usize] += 1;
        }
        for &(slot, _) in &room.events {
            room.postings[slot as usize] += 1;
        }
        let mut sum = room.arena.len() as u32;
        for count in &mut room.postings {
            sum += *count;
            *count = sum;
        }
        room.arena.resize(sum as usize, 0);
        // backwards, so that each slot's place ends where its positions begin; no slot is a token's and an event's
        for (at, &slot) in room.tokens.iter().enumerate().rev().filter(|&(_, &slot)| slot != NONE) {
            room.postings[slot as usize] -= 1;
            room.arena[room.postings[slot as usize] as usize] = at as u32;
        }
        for &(slot, at) in room.events.iter().rev() {
            room.postings[slot as usize] -= 1;
            room.arena[room.postings[slot as usize] as usize] = at;
        }
    }

    /// Whether one of some keys of one token stands at a position.
    pub fn stands(&self, at: u32, keys: &[KeyId]) -> bool {
        let here = self.room.tokens[at as usize];
        keys.iter().any(|&key| match self.room.slot(key) {
            None => false,
            Some(slot) if slot == here => true,
            Some(slot) => {
                self.vocabulary.is_pattern(key) && {
                    let (from, to) = (self.room.postings[slot as usize], self.room.postings[slot as usize + 1]);
                    self.room.arena[from as usize..to as usize].binary_search(&at).is_ok()
                }
            }
        })
    }

    /// The positions in one field of the tokens that any of some keys stands for.
    pub fn word_spans(&mut self, keys: &[KeyId], field: TextField) -> Spans {
        let mut found = Spans::default();
        let mut several = Vec::new();
        for &key in keys {
            let spans = self.posted(key, 1, field);
            if spans.len > 0 {
                if found.len > 0 {
                    several.extend_from_slice(self.starts(spans));
                } else {
                    found = spans;
                }
            }
        }
        if several.is_empty() {
            return found;
        }
        several.extend_from_slice(self.starts(found));
        several.sort_unstable();
        several.dedup();
        self.keep_starts(&several, 1)
    }

    /// Whether some start of `second` is at or after some end of `first`, and near enough.
    pub fn follows(&self, first: Spans, second: Spans, distance: u32) -> bool {
        if first.len <= second.len {
            return (0..first.len).any(|at| {
                let end = self.end(first, at);
                let next = self.starts_before(second, end);
                next < second.len && self.start(second, next) <= end + distance
            });
        }
        (0..second.len).any(|at| {
            let start = self.start(second, at);
            let before = self.ends_up_to(first, start);
            before > 0 && self.end(first, before - 1) + distance >= start
        })
    }

    /// Where the positions of a field begin and end.
    pub fn bounds(&self, field: TextField) -> (u32, u32) {
        match field {
            TextField::Title => (0, self.split - 1),
            TextField::Text => (self.split, self.room.tokens.len() as u32),
        }
    }

    // -- spans

    /// The spans of a leaf that were looked for before.
    pub fn known(&self, leaf: LeafId, field: TextField) -> Option<Spans> {
        self.room.spans.get(&(leaf, field)).copied()
    }

    /// Remember the spans of a leaf.
    pub fn remember(&mut self, leaf: LeafId, field: TextField, spans: Spans) -> Spans {
        self.room.spans.insert((leaf, field), spans);
        spans
    }

    /// Keep spans of so many tokens.
    pub fn keep_starts(&mut self, starts: &[u32], width: u32) -> Spans {
        let at = self.keep(starts);
        Spans { starts: at, len: starts.len() as u32, width, ..Spans::default() }
    }

    /// Keep spans by their starts and ends.
    pub fn keep_both(&mut self, starts: &[u32], ends: &[u32]) -> Spans {
        let (at, to) = (self.keep(starts), self.keep(ends));
        Spans { starts: at, len: starts.len() as u32, ends: Some(to), ..Spans::default() }
    }

    /// Find a literal in the original text of a field.
    pub fn literal_spans(&mut self, literal: &str, field: TextField) -> Spans {
        let (tokens, (base, _)) = (&self.field(field).tokens, self.bounds(field));
        let (mut starts, mut ends, mut places) = (Vec::new(), Vec::new(), Vec::new());
        self.characters(field).find(literal, |start, end| {
            let (first, last) = tokens.within(start, end);
            starts.push(base + first as u32);
            ends.push(base + last as u32);
            places.extend([start, end]);
        });
        let characters = self.keep(&places);
        Spans { characters: Some(characters), ..self.keep_both(&starts, &ends) }
    }

    fn keep(&mut self, numbers: &[u32]) -> u32 {
        let at = self.room.arena.len() as u32;
        self.room.arena.extend_from_slice(numbers);
        at
    }

    /// The first tokens of spans.
    pub fn starts(&self, spans: Spans) -> &[u32] {
        &self.room.arena[spans.starts as usize..(spans.starts + spans.len) as usize]
    }

    /// The first token of one of the spans.
    #[inline]
    pub fn start(&self, spans: Spans, index: u32) -> u32 {
        self.room.arena[(spans.starts + index) as usize]
    }

    /// The end of one of the spans, in tokens, exclusive.
    #[inline]
    pub fn end(&self, spans: Spans, index: u32) -> u32 {
        match spans.ends {
            Some(ends) => self.room.arena[(ends + index) as usize],
            None => self.start(spans, index) + spans.width,
        }
    }

    /// How many of the spans start before a position.
    pub fn starts_before(&self, spans: Spans, at: u32) -> u32 {
        self.starts(spans).partition_point(|&start| start < at) as u32
    }

    /// How many of the spans end at or before a position.
    pub fn ends_up_to(&self, spans: Spans, at: u32) -> u32 {
        match spans.ends {
            Some(ends) => {
                let ends = &self.room.arena[ends as usize..(ends + spans.len) as usize];
                ends.partition_point(|&end| end <= at) as u32
            }
            None => self.starts(spans).partition_point(|&start| start + spans.width <= at) as u32,
        }
    }

    /// Start and end, in code points of the original, of one of the spans.
    pub fn offsets(&self, spans: Spans, index: u32, field: TextField) -> (u32, u32) {
        if let Some(characters) = spans.characters {
            let at = (characters + 2 * index) as usize;
            return (self.room.arena[at], self.room.arena[at + 1]);
        }
        let (tokens, (base, _)) = (&self.field(field).tokens, self.bounds(field));
        let first = self.start(spans, index) - base;
        let last = self.end(spans, index) - base - 1;
        (tokens.place(first as usize).0, tokens.place(last as usize).1)
    }
}
