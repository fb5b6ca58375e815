//! Cut a text into words as Lucene's `StandardTokenizer` does: Unicode text segmentation (UAX #29), emoji included.
//!
//! The grammar is that of `presswatch/core/segmentation.py`, where it is a regular expression over the classes of the
//! characters. Here it is written out: every choice in it is decided by the next class, so nothing is ever tried again.

use std::sync::LazyLock;

use super::tables::CLASSES;

/// Lucene's default longest token, in UTF-16 code units; the rest of a longer one begins the next.
pub const MAX_UNITS: usize = 255;

/// Code points of a text in which no token can be too long.
const SHORT: usize = MAX_UNITS / 2;

const PAGE: usize = 256;
const PAGES: usize = 0x11_0000 / PAGE;

/// The word-break class of every code point.
pub struct Classes {
    index: Box<[u16; PAGES]>,
    pages: Vec<[u8; PAGE]>,
}

/// The table, decoded when it is first asked for.
pub static TABLE: LazyLock<Classes> = LazyLock::new(Classes::decode);

impl Classes {
    fn decode() -> Self {
        let mut letters = CLASSES.bytes().peekable();
        let (mut class, mut left) = (b'o', 0_usize);
        let mut index = Box::new([0; PAGES]);
        let mut pages: Vec<[u8; PAGE]> = Vec::new();
        for slot in index.iter_mut() {
            let mut page = [b'o'; PAGE];
            for entry in &mut page {
                if left == 0 {
                    class = letters.next().expect("the runs cover all code points");
                    while let Some(digit) = letters.next_if(u8::is_ascii_digit) {
                        left = left * 10 + usize::from(digit - b'0');
                    }
                }
                *entry = class;
                left -= 1;
            }
            let known = pages.iter().position(|other| *other == page).unwrap_or_else(|| {
                pages.push(page);
                pages.len() - 1
            });
            *slot = known as u16;
        }
        Self { index, pages }
    }

    /// The class of a character, as a letter.
    #[inline]
    pub fn of(&self, ch: char) -> u8 {
        let point = ch as usize;
        self.pages[usize::from(self.index[point / PAGE])][point % PAGE]
    }
}

/// Whether a character is of a script without spaces: Han, Hiragana, Thai, Lao, Khmer, Burmese and their kin.
pub fn by_character(ch: char) -> bool {
    within(SINGLE, TABLE.of(ch))
}

/// A set of classes.
type Set = u64;

const fn set(letters: &[u8]) -> Set {
    let (mut found, mut at) = (0, 0);
    while at < letters.len() {
        found |= 1 << (letters[at] - b'A');
        at += 1;
    }
    found
}

#[inline]
const fn within(set: Set, class: u8) -> bool {
    set >> (class - b'A') & 1 != 0
}

const SINGLE: Set = set(b"JTYyi");
const EXTENDS: Set = set(b"xzctupvwyi");
/// The same without presentation selectors, as Lucene has it within emoji.
const UNSELECTED: Set = set(b"xzctupyi");
const RUN: Set = set(b"AIxzctupvwyi");
const JOINER: Set = set(b"z");
const TAG: Set = set(b"t");
const CLUSTER: Set = set(b"Yyxzctupvw");
const JOINS_LETTERS: Set = set(b"LBS");
const JOINS_DIGITS: Set = set(b"MBS");
const PICTURE: Set = set(b"PI");
const LETTER_PICTURE: Set = set(b"I");
const LEADS: Set = set(b"Exzctuvw");
const AFTER_LEAD: Set = set(b"AHINKPpyi");

/// The classes of a text, up to where a token may go.
#[derive(Clone, Copy)]
struct Kinds<'a>(&'a [u8]);

impl Kinds<'_> {
    /// The class at a position; at the end, that of what is in no word.
    #[inline]
    fn at(self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or(b'o')
    }

    #[inline]
    fn skip(self, mut at: usize, set: Set) -> usize {
        while at < self.0.len() && within(set, self.0[at]) {
            at += 1;
        }
        at
    }

    /// Where the token ends that begins here, if one does.
    fn token(self, at: usize) -> Option<usize> {
        match self.at(at) {
            b'A' | b'H' | b'N' | b'K' | b'E' => self.word(at),
            b'I' => self.letter_emoji(at).or_else(|| self.word(at)),
            b'J' => Some(self.skip(at + 1, EXTENDS)),
            b'T' | b'Y' | b'y' | b'i' => Some(self.skip(at + 1, CLUSTER)),
            b'P' | b'z' | b'p' => self.emoji(at),
            b'k' => self.keycap(at),
            b'R' => {
                let second = self.skip(at + 1, EXTENDS);
                (self.at(second) == b'R').then(|| self.skip(second + 1, EXTENDS))
            }
            _ => None,
        }
    }

    /// Parts of letters and digits, or of Katakana, joined by and between any number of `_`.
    fn word(self, at: usize) -> Option<usize> {
        let mut end = self.part(self.underscores(at))?;
        loop {
            let joined = self.underscores(end);
            if joined == end {
                return Some(end);
            }
            match self.part(joined) {
                Some(further) => end = further,
                None => return Some(joined),
            }
        }
    }

    fn underscores(self, mut at: usize) -> usize {
        while self.at(at) == b'E' {
            at = self.skip(at + 1, EXTENDS);
        }
        at
    }

    fn part(self, mut at: usize) -> Option<usize> {
        if self.at(at) == b'K' {
            while self.at(at) == b'K' {
                at = self.skip(at + 1, EXTENDS);
            }
            return Some(at);
        }
        let mut end = self.letters(at)?;
        while let Some(further) = self.letters(end) {
            end = further;
        }
        Some(end)
    }

    /// Letters joined by what joins letters, digits by what joins digits, or Hebrew with an apostrophe or a quotation mark.
    fn letters(self, at: usize) -> Option<usize> {
        match self.at(at) {
            b'H' => {
                let after = self.skip(at + 1, EXTENDS);
                match self.at(after) {
                    b'S' => return Some(self.skip(after + 1, EXTENDS)),
                    b'Q' => {
                        let second = self.skip(after + 1, EXTENDS);
                        if self.at(second) == b'H' {
                            return Some(self.skip(second + 1, EXTENDS));
                        }
                    }
                    _ => {}
                }
                Some(self.joined_letters(after))
            }
            b'A' | b'I' => Some(self.joined_letters(self.skip(at + 1, RUN))),
            b'N' => {
                let mut end = self.skip(at + 1, EXTENDS);
                while within(JOINS_DIGITS, self.at(end)) {
                    let next = self.skip(end + 1, EXTENDS);
                    if self.at(next) != b'N' {
                        break;
                    }
                    end = self.skip(next + 1, EXTENDS);
                }
                Some(end)
            }
            _ => None,
        }
    }

    fn joined_letters(self, mut end: usize) -> usize {
        while within(JOINS_LETTERS, self.at(end)) {
            let next = self.skip(end + 1, EXTENDS);
            end = match self.at(next) {
                b'A' | b'I' => self.skip(next + 1, RUN),
                b'H' => self.skip(next + 1, EXTENDS),
                _ => break,
            };
        }
        end
    }

    fn picture(self, at: usize) -> usize {
        let end = self.skip(at, UNSELECTED);
        end + usize::from(self.at(end) == b'w')
    }

    /// What an emoji goes on with: a joiner, which what comes before has swallowed or its presentation selector has left,
    /// and an emoji of the set, or a joiner and a modifier.
    fn more(self, at: usize, pictures: Set) -> Option<usize> {
        if self.0[at - 1] == b'z' && within(pictures, self.at(at)) {
            return Some(self.picture(at + 1));
        }
        let joined = self.skip(at, JOINER);
        if joined == at {
            None
        } else if within(pictures, self.at(joined)) {
            Some(self.picture(joined + 1))
        } else {
            (self.at(at + 1) == b'p').then(|| self.skip(at + 2, UNSELECTED))
        }
    }

    fn emoji(self, at: usize) -> Option<usize> {
        let base = self.skip(at, JOINER);
        let mut end = if within(PICTURE, self.at(base)) {
            self.picture(base + 1)
        } else if self.at(at) == b'p' {
            self.skip(at + 1, UNSELECTED)
        } else {
            return None;
        };
        let mut grown = false;
        while let Some(further) = self.more(end, PICTURE) {
            end = further;
            grown = true;
        }
        if !grown {
            let tags = self.skip(end, TAG);
            if tags > end && self.at(tags) == b'u' {
                end = tags + 1;
            }
        }
        Some(end)
    }

    /// An emoji from a letter that is an emoji as well, where it is longer than the word that begins so.
    fn letter_emoji(self, at: usize) -> Option<usize> {
        let mut end = self.picture(at + 1);
        while let Some(further) = self.more(end, LETTER_PICTURE) {
            end = further;
        }
        let linked = if self.0[end - 1] == b'z' && self.at(end) == b'P' {
            end
        } else {
            let joined = self.skip(end, JOINER);
            if joined == end || self.at(joined) != b'P' {
                return None;
            }
            joined
        };
        end = self.picture(linked + 1);
        while let Some(further) = self.more(end, PICTURE) {
            end = further;
        }
        Some(end)
    }

    fn keycap(self, at: usize) -> Option<usize> {
        let end = self.skip(at + 1, UNSELECTED);
        if self.at(end) == b'w' && self.at(end + 1) == b'c' {
            return Some(self.skip(end + 2, UNSELECTED));
        }
        self.0[at + 1..end].contains(&b'c').then_some(end)
    }
}

/// Cut a text into words, in linear time: `found` is called with start and end (exclusive) of each, in code points.
///
/// A run of Thai, Lao, Khmer, Burmese or a script like them, which is one token of Lucene's, comes as its grapheme clusters.
pub fn words(chars: &[char], classes: &[u8], mut found: impl FnMut(usize, usize)) {
    let mut at = 0;
    if chars.len() <= SHORT {
        let kinds = Kinds(classes);
        while at < classes.len() {
            at = match kinds.token(at) {
                Some(end) => {
                    found(at, end);
                    end
                }
                None => at + 1,
            };
        }
        return;
    }
    while at < classes.len() {
        let mut end = Kinds(&classes[..classes.len().min(at + MAX_UNITS)]).token(at);
        if end.is_some_and(|end| end - at > SHORT) {
            end = Kinds(&classes[..limit(chars, at)]).token(at);
        }
        at = match end {
            Some(end) => {
                found(at, end);
                end
            }
            None => next_try(classes, at),
        };
    }
}

/// Where a token that begins here must have ended: after the last character within `MAX_UNITS`.
fn limit(chars: &[char], at: usize) -> usize {
    let mut units = 0;
    for (position, ch) in chars.iter().enumerate().skip(at).take(MAX_UNITS) {
        units += ch.len_utf16();
        if units > MAX_UNITS {
            return position;
        }
    }
    chars.len().min(at + MAX_UNITS)
}

/// Where to try next when no token begins here.
///
/// In a long run of characters that only lead to a word (as `_`) that is not each of them, but those from which the word,
/// if there is one, is within the limit.
fn next_try(classes: &[u8], at: usize) -> usize {
    let kinds = Kinds(classes);
    let end = kinds.skip(at, LEADS);
    let from = if within(AFTER_LEAD, kinds.at(end)) { end.saturating_sub(MAX_UNITS) } else { end };
    from.max(at + 1)
}
