//! Literal characters in an original text, for `raw:`. Comparison is by NFC, positions are those of the original.

use std::borrow::Cow;

use memchr::memmem;
use unicode_normalization::{
    IsNormalized, UnicodeNormalization, char::canonical_combining_class, is_nfc, is_nfc_quick,
};

use crate::text::by_character;
use crate::text::unicode::{is_alnum, is_mark};

/// Marks taken to one base character: the bound of UAX #15's stream-safe text, without which normalising is quadratic.
const MAX_MARKS: usize = 30;

/// Call `found` with each run of letters and digits of a text in NFC; a character of a script without spaces is a run by
/// itself. A literal that stands by itself in a text has each of its own runs as a run of that text.
pub fn runs(nfc: &str, mut found: impl FnMut(&str)) {
    let mut start = None;
    for (at, ch) in nfc.char_indices() {
        let single = !ch.is_ascii() && by_character(ch);
        if !single && is_alnum(ch) {
            start = start.or(Some(at));
            continue;
        }
        if let Some(from) = start.take() {
            found(&nfc[from..at]);
        }
        if single {
            found(&nfc[at..at + ch.len_utf8()]);
        }
    }
    if let Some(from) = start {
        found(&nfc[from..]);
    }
}

/// A piece that normalisation changes: code points of the original, and of the NFC.
#[derive(Debug)]
struct Changed {
    bytes: std::ops::Range<usize>,
    start: u32,
    end: u32,
    nfc_start: u32,
    nfc_end: u32,
}

/// An original text and its NFC, with the way back.
#[derive(Debug)]
pub struct Characters<'a> {
    original: &'a str,
    nfc: Cow<'a, str>,
    changed: Vec<Changed>,
    ascii: bool,
}

impl<'a> Characters<'a> {
    /// Normalise a text piece by piece, where a piece is a stretch that normalisation never reaches across.
    pub fn of(original: &'a str) -> Self {
        let mut changed = Vec::new();
        let ascii = original.is_ascii();
        if ascii || is_nfc(original) {
            return Self { original, nfc: Cow::Borrowed(original), changed, ascii };
        }
        let mut nfc = String::with_capacity(original.len());
        let (mut at, mut nfc_at) = (0, 0);
        each_piece(original, |bytes| {
            let piece = &original[bytes.clone()];
            let before = nfc.len();
            nfc.extend(piece.nfc());
            let normal = &nfc[before..];
            let (length, nfc_length) = (piece.chars().count() as u32, normal.chars().count() as u32);
            if normal != piece {
                let (end, nfc_end) = (at + length, nfc_at + nfc_length);
                changed.push(Changed { bytes, start: at, end, nfc_start: nfc_at, nfc_end });
            }
            at += length;
            nfc_at += nfc_length;
        });
        Self { original, nfc: Cow::Owned(nfc), changed, ascii }
    }

    /// The text in NFC.
    pub fn nfc(&self) -> &str {
        &self.nfc
    }

    /// Call `found` with start and end, in code points of the original, of each place where the literal (in NFC, not
    /// empty) stands by itself.
    pub fn find(&self, literal: &str, mut found: impl FnMut(u32, u32)) {
        let (Some(first), Some(last)) = (literal.chars().next(), literal.chars().next_back()) else { return };
        let length = literal.chars().count() as u32;
        let finder = memmem::Finder::new(literal);
        let nfc = &*self.nfc;
        // where the search stands, in bytes and in code points
        let (mut at, mut points) = (0, 0_u32);
        while let Some(place) = finder.find(&nfc.as_bytes()[at..]) {
            let start = at + place;
            points += if self.ascii { place } else { nfc[at..start].chars().count() } as u32;
            let end = start + literal.len();
            let touched = touches(nfc[..start].chars().next_back(), first) || touches(nfc[end..].chars().next(), last);
            if !touched && let (Some(from), Some(to)) = (self.back(points), self.back(points + length)) {
                found(from, to);
            }
            at = start + first.len_utf8();
            points += 1;
        }
    }

    /// The offset in the original for one in the NFC; None where the original cannot be cut.
    fn back(&self, at: u32) -> Option<u32> {
        let last = self.changed.partition_point(|piece| piece.nfc_start <= at);
        let Some(piece) = last.checked_sub(1).map(|last| &self.changed[last]) else { return Some(at) };
        if at >= piece.nfc_end {
            return Some(piece.end + at - piece.nfc_end);
        }
        let chars = || self.original[piece.bytes.clone()].chars();
        let normal: String = chars().nfc().collect();
        (0..piece.end - piece.start).find_map(|cut| {
            let head: String = chars().take(cut as usize).nfc().collect();
            let tail: String = chars().skip(cut as usize).nfc().collect();
            let fits = head.chars().count() as u32 == at - piece.nfc_start && head + &tail == normal;
            fits.then_some(piece.start + cut)
        })
    }
}

/// Whether a character next to a literal forbids that it stands there by itself.
fn touches(outer: Option<char>, inner: char) -> bool {
    outer.is_some_and(|outer| {
        (is_alnum(outer) || is_mark(outer)) && (outer.is_ascii() || !by_character(outer)) && !by_character(inner)
    })
}

/// Call `found` with the pieces that a text is normalised by.
fn each_piece(text: &str, mut found: impl FnMut(std::ops::Range<usize>)) {
    let (mut start, mut marks) = (0, 0);
    for (at, ch) in text.char_indices() {
        let mark = canonical_combining_class(ch) != 0;
        if at > start && (marks >= MAX_MARKS || (!mark && apart(&text[start..at], ch))) {
            found(start..at);
            (start, marks) = (at, 0);
        }
        marks += usize::from(mark);
    }
    found(start..text.len());
}

/// Whether normalisation leaves the border between a piece and the starter after it alone.
fn apart(piece: &str, ch: char) -> bool {
    if ch.is_ascii() || is_nfc_quick(std::iter::once(ch)) == IsNormalized::Yes {
        return true;
    }
    let whole: String = piece.chars().chain(std::iter::once(ch)).nfc().collect();
    let parts: String = piece.nfc().chain(std::iter::once(ch).nfc()).collect();
    whole == parts
}
