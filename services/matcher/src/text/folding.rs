//! Make different spellings of one word the same: width, case, diacritics, points and apostrophes.
//!
//! The twin of `presswatch/core/folding.py`. It is given words that are already cut and knows nothing of texts.

use std::sync::OnceLock;

use caseless::Caseless;
use unicode_normalization::char::canonical_combining_class;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use super::segmentation::MAX_UNITS;
use super::tables::{BARE, DROPPED, LETTERS};
use super::unicode::{is_mark, is_space};

const ELIDED: [&str; 23] = [
    "l", "d", "j", "m", "n", "s", "t", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "dell", "nell", "all", "dall",
    "sull", "coll", "un", "quest", "quell", "sant",
];

/// An apostrophe; the full-width one is U+0027 after NFKC.
const fn is_apostrophe(ch: char) -> bool {
    matches!(ch, '\'' | '\u{2018}' | '\u{2019}' | '\u{2bc}')
}

/// What a character folds to by itself.
#[derive(Debug, Clone)]
enum Alone {
    Same,
    To(char),
    ToAll(Box<str>),
    /// A mark that stays as it is behind what stays as it is, unless Latin or Greek: with its canonical combining class.
    Mark(u8),
    /// A mark that is dropped, wherever it stands.
    Dropped,
    /// It acts on its neighbours: other marks and jamo.
    No,
}

const PAGE: usize = 256;

/// The characters' own foldings, a page filled when one of its characters is met.
static PAGES: [OnceLock<Box<[Alone]>>; 0x11_0000 / PAGE] = [const { OnceLock::new() }; 0x11_0000 / PAGE];

fn alone(ch: char) -> &'static Alone {
    let point = ch as usize;
    let page = PAGES[point / PAGE].get_or_init(|| {
        let first = (point - point % PAGE) as u32;
        (first..first + PAGE as u32).map(|point| char::from_u32(point).map_or(Alone::Same, make_alone)).collect()
    });
    &page[point % PAGE]
}

fn make_alone(ch: char) -> Alone {
    let folded = fold_together(ch.to_string());
    let mut chars = folded.chars();
    if is_mark(ch) && is_nfkc_quick(std::iter::once(ch)) == IsNormalized::Yes && ch.nfd().eq([ch]) {
        if holds(DROPPED, ch) {
            return Alone::Dropped;
        }
        if folded.chars().eq([ch]) {
            return Alone::Mark(canonical_combining_class(ch));
        }
    }
    if std::iter::once(ch).chain(chars.clone()).any(|part| is_mark(part) || ('\u{1100}'..='\u{11ff}').contains(&part)) {
        return Alone::No;
    }
    match (chars.next(), chars.next()) {
        (Some(one), None) if one == ch => Alone::Same,
        (Some(one), None) => Alone::To(one),
        _ => Alone::ToAll(folded.into()),
    }
}

/// Append the form in which a word is compared; that may be nothing.
///
/// With `turkish`, an apostrophe is read as Turkish and Azerbaijani do, before a suffix.
pub fn fold_onto(out: &mut String, word: &[char], turkish: bool) {
    let start = out.len();
    if !fold_each_onto(out, word) {
        out.truncate(start);
        out.push_str(&fold_together(word.iter().collect()));
    }
    if out[start..].contains(is_apostrophe) {
        let joined = fold_apostrophes(&out[start..], turkish);
        out.truncate(start);
        out.push_str(&fold_characters(joined));
    }
    if out.len() - start > MAX_UNITS / 2 {
        let cut = fitting(&out[start..]);
        out.truncate(start + cut);
    }
}

/// Append what each character folds to by itself; false if that is not what the word folds to.
///
/// Marks stay in a word that is in normal form already and that nothing else changes, for then no step of folding does: their
/// classes ascend, none composes with what is before it, and their base keeps its marks.
fn fold_each_onto(out: &mut String, word: &[char]) -> bool {
    let (mut base, mut class, mut changed) = (None, 0, false);
    for &ch in word {
        match alone(ch) {
            Alone::Same => {
                out.push(ch);
                (base, class) = (Some(ch), 0);
            }
            Alone::To(to) => {
                out.push(*to);
                changed = true;
            }
            Alone::ToAll(to) => {
                out.push_str(to);
                changed = true;
            }
            Alone::Mark(own) => {
                if changed || (*own != 0 && *own < class) || base.is_some_and(|base| holds(BARE, base)) {
                    return false;
                }
                out.push(ch);
                class = *own;
            }
            Alone::Dropped => {}
            Alone::No => return false,
        }
    }
    true
}

/// The form in which a word is compared; it may be empty.
pub fn fold(word: &str, turkish: bool) -> String {
    let mut folded = String::with_capacity(word.len());
    fold_onto(&mut folded, &word.chars().collect::<Vec<_>>(), turkish);
    folded
}

/// Fold a metadata value (source, country, ...) for comparison: NFKC, full case folding, white space trimmed.
pub fn fold_value(value: &str) -> String {
    if value.is_ascii() {
        return value.trim_matches(is_space).to_ascii_lowercase();
    }
    let mut value = value.to_owned();
    loop {
        let folded: String = value.nfkc().default_case_fold().collect();
        if folded == value {
            return folded.trim_matches(is_space).to_owned();
        }
        value = folded;
    }
}

/// Read the apostrophes, in this order: suffix or possessive, then elision; what is left of them joins.
///
/// A single letter is no Turkish stem: or else O'Reilly would be the word "o", which half of all Portuguese articles hold.
pub fn fold_apostrophes(word: &str, turkish: bool) -> String {
    let mut word = word;
    if let Some((last, mark)) = word.char_indices().rev().find(|&(_, ch)| is_apostrophe(ch)) {
        let before = word[..last].chars().filter(|&ch| !is_apostrophe(ch)).count();
        let is_stem = if turkish { before > 1 } else { before > 0 && &word[last + mark.len_utf8()..] == "s" };
        if is_stem {
            word = &word[..last];
        }
    }
    if let Some((first, mark)) = word.char_indices().find(|&(_, ch)| is_apostrophe(ch)) {
        let rest = &word[first + mark.len_utf8()..];
        if ELIDED.contains(&&word[..first]) && rest.chars().next().is_some_and(|ch| !is_apostrophe(ch)) {
            word = rest;
        }
    }
    word.chars().filter(|&ch| !is_apostrophe(ch)).collect()
}

/// Fold all but apostrophes.
fn fold_characters(word: String) -> String {
    let mut folded = String::with_capacity(word.len());
    let chars: Vec<char> = word.chars().collect();
    if fold_each_onto(&mut folded, &chars) { folded } else { fold_together(word) }
}

/// Fold until nothing changes: what one step drops can have kept two characters apart that now compose.
fn fold_together(mut word: String) -> String {
    loop {
        let folded = fold_once(&word);
        if folded == word {
            return folded;
        }
        word = folded;
    }
}

fn fold_once(word: &str) -> String {
    let kept: String =
        word.nfkc().filter(|&ch| !is_space(ch)).default_case_fold().filter(|&ch| !holds(DROPPED, ch)).collect();
    let mut bare = false;
    let plain = kept.nfd().filter(|&ch| {
        if is_mark(ch) {
            return !bare;
        }
        bare = holds(BARE, ch);
        true
    });
    let mut folded = String::with_capacity(word.len());
    for ch in plain.collect::<String>().nfc() {
        match LETTERS.binary_search_by_key(&ch, |&(from, _)| from) {
            Ok(at) => folded.push_str(LETTERS[at].1),
            Err(_) => folded.push(ch),
        }
    }
    folded
}

fn holds(ranges: &[(char, char)], ch: char) -> bool {
    ranges.get(ranges.partition_point(|&(_, last)| last < ch)).is_some_and(|&(first, _)| first <= ch)
}

/// How many bytes of a form are within `MAX_UNITS`.
fn fitting(form: &str) -> usize {
    let mut units = 0;
    for (at, ch) in form.char_indices() {
        units += ch.len_utf16();
        if units > MAX_UNITS {
            return at;
        }
    }
    form.len()
}
