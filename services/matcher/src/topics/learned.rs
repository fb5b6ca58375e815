//! Learned words: the weights of words, beginnings and pairs in one language, for several topics at once. The twin of `Table` in
//! `presswatch/core/learned.py` and of `presswatch/core/features.py`: sums are made in the same order, so they are the same bits.

use std::cmp::Ordering;

use ahash::RandomState;
use compact_str::CompactString;
use hashbrown::{HashMap, HashTable};

use crate::document::{Document, Field};

/// What a place in the title counts; one in the text counts 1.
const TITLE: u32 = 2;
/// A count beyond this says no more.
const CAP: u32 = 8;
/// Different words that an article is reckoned to have at least.
const LEAST_SIZE: usize = 12;
/// Beginnings of longer words are features as well.
const STEMS: [usize; 2] = [4, 6];

/// Words that are remembered from one article to the next: most of the running text of a language, a few MB.
const REMEMBERED: usize = 1 << 15;
const NONE: u32 = u32::MAX;

/// The weights of some topics in one language.
#[derive(Debug)]
pub struct Table {
    bias: Vec<f64>,
    /// Words and beginnings (`vacc*`), each with its number.
    features: HashMap<CompactString, u32, RandomState>,
    /// First and second words of pairs, each with a number of its own.
    sides: HashMap<CompactString, Sides, RandomState>,
    /// First and second side of a pair: the number of the feature.
    pairs: HashMap<(u32, u32), u32, RandomState>,
    /// The words of a feature that is a pair.
    pair_words: HashMap<u32, (CompactString, CompactString), RandomState>,
    weights: Vec<(u32, f64)>,
    /// Where the weights of each feature begin; the last entry is where they end.
    begins: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Sides {
    first: u32,
    second: u32,
}

/// What is known of a word.
#[derive(Debug)]
struct Word {
    text: CompactString,
    /// The word itself, its beginnings; [`NONE`] where it is no feature.
    features: [u32; 1 + STEMS.len()],
    sides: Sides,
    /// The reading in which it was counted last, and how often; by then its place in [`Room::words`] is known.
    reading: u64,
    count: u32,
}

/// The memory that reading takes, kept from one article to the next.
#[derive(Debug, Default)]
pub struct Room {
    hasher: RandomState,
    known: HashTable<u32>,
    memo: Vec<Word>,
    reading: u64,
    /// The words of title and text, in order.
    tokens: [Vec<u32>; 2],
    /// By feature the reading that met it last, and its place among the features that were met.
    met: Vec<(u64, u32)>,
}

/// What a table knows of the words of an article: the twin of `Counts`.
#[derive(Debug, Default)]
pub struct Counts {
    /// Each different word, by its place in [`Room::memo`], and how often it occurs.
    words: Vec<(u32, u32)>,
    /// The same of the features of the table, by number.
    features: Vec<(u32, u32)>,
    root: f64,
}

/// A word, or two side by side, and what it added to the sum of weights; with its first places.
#[derive(Debug, Clone)]
pub struct Moved {
    pub first: CompactString,
    pub second: Option<CompactString>,
    pub weight: f64,
    ids: (u32, u32),
}

/// Positions that do not count, by field.
pub type Void = [Vec<bool>; 2];

impl Table {
    /// Make a table of features, each with the weights that it has in some parts (which part, weight).
    pub fn new(bias: Vec<f64>, features: impl IntoIterator<Item = (String, Vec<(u32, f64)>)>) -> Self {
        let hasher = RandomState::new();
        let mut table = Self {
            bias,
            features: HashMap::with_hasher(hasher.clone()),
            sides: HashMap::with_hasher(hasher.clone()),
            pairs: HashMap::with_hasher(hasher.clone()),
            pair_words: HashMap::with_hasher(hasher),
            weights: Vec::new(),
            begins: vec![0],
        };
        for (number, (name, weights)) in (0..).zip(features) {
            table.weights.extend(weights);
            table.begins.push(table.weights.len() as u32);
            match name.split_once(' ') {
                Some((first, second)) => table.add_pair(first, second, number),
                None => {
                    table.features.insert(name.into(), number);
                }
            }
        }
        table
    }

    fn add_pair(&mut self, first: &str, second: &str, number: u32) {
        // a word is known by the first pair that it begins, and by the first that it ends
        let begins = &mut self.sides_of(first).first;
        *begins = number.min(*begins);
        let left = *begins;
        let ends = &mut self.sides_of(second).second;
        *ends = number.min(*ends);
        let right = *ends;
        self.pairs.insert((left, right), number);
        self.pair_words.insert(number, (first.into(), second.into()));
    }

    fn sides_of(&mut self, word: &str) -> &mut Sides {
        self.sides.entry(word.into()).or_insert(Sides { first: NONE, second: NONE })
    }

    /// How many topics it serves.
    pub fn parts(&self) -> usize {
        self.bias.len()
    }

    /// Look up the words of an article. `Room::tokens` are then its words.
    pub fn read(&self, document: &Document, room: &mut Room) {
        if room.memo.len() > REMEMBERED {
            room.memo = Vec::new();
            room.known = HashTable::new();
        }
        room.met.resize(self.begins.len(), (0, 0));
        self.read_field(&document.title, 0, room);
        self.read_field(&document.text, 1, room);
    }

    fn read_field(&self, field: &Field, at: usize, room: &mut Room) {
        let Room { hasher, known, memo, tokens, .. } = room;
        let tokens = &mut tokens[at];
        tokens.clear();
        for token in field.tokens.iter() {
            let hash = hasher.hash_one(token);
            let id = known.find(hash, |&id| memo[id as usize].text == token).copied().unwrap_or_else(|| {
                let id = memo.len() as u32;
                memo.push(self.word(token));
                known.insert_unique(hash, id, |&id| hasher.hash_one(memo[id as usize].text.as_str()));
                id
            });
            tokens.push(id);
        }
    }

    fn word(&self, token: &str) -> Word {
        let number = |name: &str| self.features.get(name).copied().unwrap_or(NONE);
        let mut features = [number(token), NONE, NONE];
        for (slot, length) in features[1..].iter_mut().zip(STEMS) {
            if let Some((end, _)) = token.char_indices().nth(length) {
                let mut stem = CompactString::from(&token[..end]);
                stem.push('*');
                *slot = number(&stem);
            }
        }
        let sides = self.sides.get(token).copied().unwrap_or(Sides { first: NONE, second: NONE });
        Word { text: token.into(), features, sides, reading: 0, count: 0 }
    }

    /// Count what was read, but for positions that are void.
    pub fn count(&self, room: &mut Room, void: Option<&Void>) -> Counts {
        room.reading += 1;
        let reading = room.reading;
        let mut counts = Counts::default();
        for (at, worth) in [(0, TITLE), (1, 1)] {
            let mut before = NONE;
            for (position, &id) in room.tokens[at].iter().enumerate() {
                if void.is_some_and(|void| void[at].get(position).copied().unwrap_or_default()) {
                    before = NONE;
                    continue;
                }
                let word = &mut room.memo[id as usize];
                if word.reading != reading {
                    word.reading = reading;
                    word.count = 0;
                    counts.words.push((id, 0));
                }
                word.count += worth;
                if before != NONE
                    && word.sides.second != NONE
                    && let Some(&number) = self.pairs.get(&(before, word.sides.second))
                {
                    counts.add(number, worth, &mut room.met, reading);
                }
                before = word.sides.first;
            }
        }
        for (id, count) in &mut counts.words {
            *count = room.memo[*id as usize].count;
        }
        for at in 0..counts.words.len() {
            let (id, count) = counts.words[at];
            for number in room.memo[id as usize].features {
                if number != NONE {
                    counts.add(number, count, &mut room.met, reading);
                }
            }
        }
        counts.root = (LEAST_SIZE.max(counts.words.len()) as f64).sqrt();
        counts
    }

    /// For each part the sum of its weights, with its bias.
    pub fn totals(&self, counts: &Counts) -> Vec<f64> {
        let mut sums = vec![0.0; self.bias.len()];
        let values = values();
        for &(number, count) in &counts.features {
            let worth = values[count.min(CAP) as usize];
            for &(part, weight) in self.weights_of(number) {
                sums[part as usize] += worth * weight;
            }
        }
        self.bias.iter().zip(sums).map(|(bias, total)| bias + total / counts.root).collect()
    }

    /// What the words and pairs of an article added to the sum of one part, if it is at least so much, the most first.
    ///
    /// What a beginning adds goes to the words that begin so, by how often they occur.
    pub fn moved(&self, part: u32, counts: &Counts, room: &Room, least: f64, most: usize) -> Vec<Moved> {
        let values = values();
        let mut worth: HashMap<u32, (f64, u32), RandomState> = HashMap::default();
        let mut moved: Vec<Moved> = Vec::new();
        for &(number, count) in &counts.features {
            let Some(&(_, weight)) = self.weights_of(number).iter().find(|&&(known, _)| known == part) else {
                continue;
            };
            let weight = weight * values[count.min(CAP) as usize] / counts.root;
            worth.insert(number, (weight, count));
            if let Some((first, second)) = self.pair_words.get(&number).filter(|_| weight >= least) {
                let ids = (room.id(first), room.id(second));
                moved.push(Moved { first: first.clone(), second: Some(second.clone()), weight, ids });
            }
        }
        for &(id, count) in &counts.words {
            let word = &room.memo[id as usize];
            let mut total = 0.0;
            for (worth, whole) in word.features.iter().filter_map(|number| worth.get(number)) {
                total += worth * f64::from(count) / f64::from(*whole);
            }
            if total >= least {
                moved.push(Moved { first: word.text.clone(), second: None, weight: total, ids: (id, NONE) });
            }
        }
        moved.sort_by(|left, right| {
            let weights = right.weight.partial_cmp(&left.weight).unwrap_or(Ordering::Equal);
            weights.then_with(|| (&left.first, &left.second).cmp(&(&right.first, &right.second)))
        });
        moved.truncate(most);
        moved
    }

    fn weights_of(&self, number: u32) -> &[(u32, f64)] {
        &self.weights[self.begins[number as usize] as usize..self.begins[number as usize + 1] as usize]
    }
}

impl Counts {
    fn add(&mut self, number: u32, worth: u32, met: &mut [(u64, u32)], reading: u64) {
        let (known, place) = &mut met[number as usize];
        if *known == reading {
            self.features[*place as usize].1 += worth;
        } else {
            (*known, *place) = (reading, self.features.len() as u32);
            self.features.push((number, worth));
        }
    }
}

impl Room {
    fn id(&self, word: &str) -> u32 {
        self.known.find(self.hasher.hash_one(word), |&id| self.memo[id as usize].text == word).copied().unwrap_or(NONE)
    }

    /// Call `found` with the first places of words that were read: which word, whether in the title, first and last token.
    pub fn places(
        &self,
        words: &[Moved],
        most: usize,
        void: Option<&Void>,
        mut found: impl FnMut(usize, usize, usize, usize),
    ) {
        let mut left = vec![most; words.len()];
        for (field, tokens) in self.tokens.iter().enumerate() {
            let is_void = |at: usize| void.is_some_and(|void| void[field].get(at).copied().unwrap_or_default());
            for (at, &id) in tokens.iter().enumerate() {
                for (number, word) in words.iter().enumerate() {
                    if word.ids.0 != id || left[number] == 0 || is_void(at) {
                        continue;
                    }
                    let mut last = at;
                    if word.second.is_some() {
                        last = at + 1;
                        if tokens.get(last) != Some(&word.ids.1) || is_void(last) {
                            continue;
                        }
                    }
                    left[number] -= 1;
                    found(number, field, at, last);
                }
            }
        }
    }

    /// Give back memory that a very long article took.
    pub fn shrink(&mut self) {
        if self.memo.len() > 4 * REMEMBERED {
            *self = Self::default();
        }
    }
}

/// What each count is worth: the first place 1, each further one less.
fn values() -> [f64; CAP as usize + 1] {
    std::array::from_fn(|count| if count == 0 { 0.0 } else { 1.0 + (count as f64).ln() })
}
