//! Words of a query: the folded forms that each may take at each token position.

use super::folding::fold;
use super::segmentation::{TABLE, words};

// What stands for a wildcard while a query's word is cut and folded: noncharacters, which are in no word and never change.
const ONE: char = '\u{fdd0}';
const REST: char = '\u{fdd1}';

/// The forms at one position.
pub type Forms = Vec<String>;

/// The folded forms that a query's word or phrase may take at each token position; none if it holds no token.
///
/// A query has no language, so that a word with an apostrophe has a second form, as Turkish reads it.
pub fn query_slots(text: &str) -> Vec<Forms> {
    let chars: Vec<char> = text.chars().collect();
    let kinds: Vec<u8> = chars.iter().map(|&ch| TABLE.of(ch)).collect();
    slots(&chars, &kinds)
}

/// What [`query_slots`] gives, for words with wildcards: the forms are patterns, as `presswatch.core.text.wildcard_slots` tells.
///
/// In `text` each `?` is exactly one character, and a `*` at the end of a word is nothing or any number of letters and
/// digits. An escaped one is part of no word: the caller passes a space for it.
pub fn wildcard_slots(text: &str) -> Vec<Forms> {
    let chars: Vec<char> = text
        .chars()
        .map(|ch| match ch {
            '?' => ONE,
            '*' => REST,
            ONE | REST => ' ',
            _ => ch,
        })
        .collect();
    let mut kinds: Vec<u8> = chars.iter().map(|&ch| TABLE.of(ch)).collect();
    let mut kept = Vec::with_capacity(chars.len());
    for (at, &ch) in chars.iter().enumerate() {
        if ch == ONE || ch == REST {
            kinds[at] = kind_at(&kinds, at);
        }
        if ch != REST || !matches!(kinds[at], b'J' | b'T') {
            kept.push(at);
        }
    }
    let longer = slots_at(&chars, &kinds, &kept);
    kept.retain(|&at| chars[at] != REST);
    let mut shorter = slots_at(&chars, &kinds, &kept);
    if longer.len() != shorter.len() {
        shorter = vec![Vec::new(); longer.len()];
    }
    longer.into_iter().zip(shorter).map(|(forms, others)| widest(distinct(forms.into_iter().chain(others)))).collect()
}

fn slots(chars: &[char], kinds: &[u8]) -> Vec<Forms> {
    let mut found = Vec::new();
    words(chars, kinds, |start, end| {
        let word: String = chars[start..end].iter().collect();
        let readings = [fold(&word, false), fold(&word, true)];
        let forms = distinct(readings.into_iter().filter(|form| !form.is_empty()));
        if !forms.is_empty() {
            found.push(forms);
        }
    });
    found
}

fn slots_at(chars: &[char], kinds: &[u8], positions: &[usize]) -> Vec<Forms> {
    let chars: Vec<char> = positions.iter().map(|&at| chars[at]).collect();
    let kinds: Vec<u8> = positions.iter().map(|&at| kinds[at]).collect();
    let mut found = slots(&chars, &kinds);
    for form in found.iter_mut().flatten() {
        *form = form.replace(ONE, "?").replace(REST, "*");
    }
    found
}

/// The class of a wildcard: that of the nearest letter or digit of its word, which it then goes on from.
fn kind_at(kinds: &[u8], at: usize) -> u8 {
    let before = kinds[..at].iter().rev().take_while(|&&kind| kind != b'o');
    let after = kinds[at..].iter().take_while(|&&kind| kind != b'o').skip(1);
    for &kind in before.chain(after) {
        match kind {
            b'T' | b'Y' | b'y' | b'i' => return b'T',
            b'A' | b'H' | b'N' | b'K' | b'J' => return kind,
            _ => {}
        }
    }
    b'A'
}

fn distinct(forms: impl Iterator<Item = String>) -> Forms {
    let mut kept: Forms = Vec::new();
    for form in forms {
        if !kept.contains(&form) {
            kept.push(form);
        }
    }
    kept
}

/// Leave out the forms that another one with a star covers.
fn widest(forms: Forms) -> Forms {
    let covered = |form: &String| {
        forms
            .iter()
            .any(|other| other != form && other.strip_suffix('*').is_some_and(|beginning| form.starts_with(beginning)))
    };
    let keep: Vec<bool> = forms.iter().map(|form| !covered(form)).collect();
    forms.into_iter().zip(keep).filter_map(|(form, keep)| keep.then_some(form)).collect()
}
