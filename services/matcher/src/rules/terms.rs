//! What a word, phrase, raw text or metadata value means. The twin of `presswatch/core/rules/terms.py`.

use compact_str::CompactString;
use smallvec::{SmallVec, smallvec};
use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class, is_nfc};

use super::Rejected;
use super::model::{Meta, Slot, Test};
use crate::text::unicode::{is_alnum, is_mark, is_space};
use crate::text::{by_character, fold_value, query_slots, wildcard_slots};

const MIN_LETTERS: usize = 3;
const MIN_HANGUL: usize = 1;
/// A longer word might be cut into tokens.
const ONE_TOKEN: usize = 100;

pub type Slots = SmallVec<[Slot; 1]>;

/// The positions of an unquoted word.
pub fn word_slots(written: &str) -> Result<Slots, Rejected> {
    if let Some(token) = plain(written) {
        return Ok(token);
    }
    let slots = if has_wildcard(written) { wild_word(written)? } else { exact(written) };
    if slots.is_empty() { Err(Rejected) } else { Ok(slots) }
}

/// The positions of what stands between quotation marks.
pub fn phrase_slots(inner: &str) -> Result<Slots, Rejected> {
    let slots = if let Some(slots) = plain_words(inner) {
        slots
    } else if has_wildcard(inner) {
        let mut slots = Slots::new();
        for word in words(inner) {
            slots.extend(if has_wildcard(word) { wild_word(word)? } else { exact(word) });
        }
        slots
    } else {
        exact(inner)
    };
    if slots.is_empty() { Err(Rejected) } else { Ok(slots) }
}

/// The characters that `raw:` looks for.
pub fn raw_literal(written: &str) -> Result<CompactString, Rejected> {
    let plain = unescape(written);
    let literal = if is_nfc(&plain) { plain } else { plain.nfc().collect() };
    let certain = literal.bytes().any(|byte| byte.is_ascii_alphanumeric());
    if certain || !query_slots(&literal).is_empty() { Ok(literal) } else { Err(Rejected) }
}

/// The leaf for one metadata value; `written` without its quotation marks.
pub fn metadata(name: &str, written: &str, quoted: bool) -> Result<Meta, Rejected> {
    let star = escaped_chars(written).find(|&(_, ch, escaped)| ch == '*' && !escaped).map(|(at, ..)| at);
    if let Some(at) = star
        && (at != written.len() - 1 || written[..at].chars().all(is_space))
    {
        return Err(Rejected);
    }
    let mut prefix = star.is_some();
    let mut value = fold_value(&unescape(&written[..written.len() - usize::from(prefix)]));
    if value.is_empty() {
        return Err(Rejected);
    }
    if name == "domain" && value.starts_with("www.") {
        value.drain(..4);
    }
    if name == "lang"
        && let Some(end) = value.find(['-', '_'])
    {
        value.truncate(end); // en-GB and en-* are English
        prefix = false;
    }
    let mut shown = CompactString::with_capacity(name.len() + written.len() + 3);
    shown.push_str(name);
    shown.push_str(if quoted { ":\"" } else { ":" });
    shown.push_str(written);
    if quoted {
        shown.push('"');
    }
    Ok(Meta { name: name.into(), value: value.into(), prefix, written: shown })
}

/// Take the backslashes away: each makes the character after it an ordinary one.
pub fn unescape(written: &str) -> CompactString {
    if !written.contains('\\') {
        return written.into();
    }
    escaped_chars(written).map(|(_, ch, _)| ch).collect()
}

/// The characters that are meant, each with where it stands and whether a backslash is before it.
fn escaped_chars(written: &str) -> impl Iterator<Item = (usize, char, bool)> {
    let mut chars = written.char_indices();
    std::iter::from_fn(move || {
        let (at, ch) = chars.next()?;
        if ch == '\\'
            && let Some((at, escaped)) = chars.next()
        {
            return Some((at, escaped, true));
        }
        Some((at, ch, false))
    })
}

fn has_wildcard(written: &str) -> bool {
    written.bytes().any(|byte| byte == b'*' || byte == b'?')
}

/// The token of a word of nothing but ASCII letters and digits, by far the most of all words.
fn plain(written: &str) -> Option<Slots> {
    let bytes = written.as_bytes();
    let starred = bytes.last() == Some(&b'*');
    let stem = &bytes[..bytes.len() - usize::from(starred)];
    if stem.is_empty() || stem.len() > ONE_TOKEN || !stem.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    if starred && stem.len() < MIN_LETTERS {
        return None;
    }
    let mut token = CompactString::from(&written[..stem.len()]);
    token.make_ascii_lowercase();
    Some(smallvec![smallvec![if starred { Test::Prefix(token) } else { Test::Exact(token) }]])
}

fn plain_words(inner: &str) -> Option<Slots> {
    let mut slots = Slots::new();
    for word in inner.split(' ').filter(|word| !word.is_empty()) {
        slots.extend(plain(word)?);
    }
    (!slots.is_empty()).then_some(slots)
}

fn exact(written: &str) -> Slots {
    let forms = query_slots(&unescape(written));
    forms.into_iter().map(|slot| slot.into_iter().map(|form| Test::Exact(form.into())).collect()).collect()
}

/// Words within quotation marks: what white space parts that no backslash stands before.
fn words(inner: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &inner[at..];
        let (start, ..) = escaped_chars(rest).find(|&(_, ch, escaped)| escaped || !is_space(ch)).map(|found| {
            let (from, ch, escaped) = found;
            (from - usize::from(escaped), ch, escaped)
        })?;
        let rest = &rest[start..];
        let len =
            escaped_chars(rest).find(|&(_, ch, escaped)| !escaped && is_space(ch)).map_or(rest.len(), |(end, ..)| end);
        at += start + len;
        Some(&rest[..len])
    })
}

/// The positions of a word in which `*` or `?` stands, escaped or not; none if it holds no token.
fn wild_word(written: &str) -> Result<Slots, Rejected> {
    let wild: SmallVec<[(usize, char); 4]> = escaped_chars(written)
        .filter(|&(_, ch, escaped)| !escaped && matches!(ch, '*' | '?'))
        .map(|(at, ch, _)| (at, ch))
        .collect();
    let (Some(&(first, _)), Some(&(last, _))) = (wild.first(), wild.last()) else {
        return Ok(exact(written));
    };
    if letters(&written[..first]) == 0 {
        return Err(Rejected);
    }
    let end = written.len() - 1;
    if wild.iter().any(|&(at, ch)| ch == '*' && at != end) {
        return Err(Rejected);
    }
    let starred = last == end && written.ends_with('*');
    let stem = if starred { &written[..end] } else { written };
    let open_end = starred && wild.len() > 1 && wild[wild.len() - 2].0 == stem.len() - 1; // `ab?*`
    let mut needed = MIN_LETTERS;
    if starred && !open_end {
        let before = escaped_chars(stem).last().ok_or(Rejected)?.1;
        if by_character(before) {
            return wild_word(stem); // each character is a token of its own: the star has nothing to stand for
        }
        if !is_alnum(before) && !is_mark(before) {
            return Err(Rejected);
        }
        if is_hangul(before) {
            needed = MIN_HANGUL;
        }
    }
    if letters(stem) < needed {
        return Err(Rejected);
    }
    Ok(patterns(written))
}

fn patterns(written: &str) -> Slots {
    let plain: CompactString = escaped_chars(written)
        .map(|(_, ch, escaped)| if escaped && matches!(ch, '*' | '?') { ' ' } else { ch })
        .collect();
    wildcard_slots(&plain).into_iter().map(|slot| slot.into_iter().map(|form| test(form.into())).collect()).collect()
}

fn test(mut form: CompactString) -> Test {
    if form.contains('?') {
        return Test::Wildcard(form);
    }
    if form.ends_with('*') {
        form.pop();
        return Test::Prefix(form);
    }
    Test::Exact(form)
}

/// Letters and digits; vowel signs of Indic scripts count too.
fn letters(written: &str) -> usize {
    let counts = |ch| is_alnum(ch) || (is_mark(ch) && canonical_combining_class(ch) == 0);
    escaped_chars(written).filter(|&(_, ch, _)| counts(ch)).count()
}

/// Whether the Unicode name of a character says Hangul.
fn is_hangul(ch: char) -> bool {
    matches!(
        ch,
        '\u{1100}'..='\u{11ff}'
            | '\u{302e}'..='\u{302f}'
            | '\u{3131}'..='\u{318e}'
            | '\u{3200}'..='\u{321c}'
            | '\u{3260}'..='\u{327b}'
            | '\u{327e}'
            | '\u{a960}'..='\u{a97c}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{d7b0}'..='\u{d7c6}'
            | '\u{d7cb}'..='\u{d7fb}'
            | '\u{ffa0}'..='\u{ffbe}'
            | '\u{ffc2}'..='\u{ffc7}'
            | '\u{ffca}'..='\u{ffcf}'
            | '\u{ffd2}'..='\u{ffd7}'
            | '\u{ffda}'..='\u{ffdc}'
    )
}
