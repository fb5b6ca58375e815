//! The tokens of a text.

use super::folding::{fold_apostrophes, fold_onto};
use super::segmentation::{MAX_UNITS, TABLE, words};

/// The tokens of a text, in order, one at one position. None is empty, none longer than 255 UTF-16 units.
///
/// All of them are slices of one piece of memory: the text in lower case, and behind it the tokens that folding has changed
/// in another way.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    arena: String,
    slices: Vec<(u32, u32)>,
    places: Vec<(u32, u32)>,
}

impl Tokens {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.slices.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    /// The folded token at a position.
    #[inline]
    pub fn text(&self, at: usize) -> &str {
        let (start, end) = self.slices[at];
        &self.arena[start as usize..end as usize]
    }

    /// First code point, and end (exclusive), of the token in the text.
    #[inline]
    pub fn place(&self, at: usize) -> (u32, u32) {
        self.places[at]
    }

    /// The folded tokens in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.slices.iter().map(|&(start, end)| &self.arena[start as usize..end as usize])
    }

    /// The places of the tokens in order, as of [`Tokens::place`].
    pub fn places(&self) -> &[(u32, u32)] {
        &self.places
    }

    /// The positions, end exclusive, of the tokens that share a character with a slice of the text (in code points).
    pub fn within(&self, start: u32, end: u32) -> (usize, usize) {
        let first = self.places.partition_point(|&(_, token_end)| token_end <= start);
        (first, first.max(self.places.partition_point(|&(token_start, _)| token_start < end)))
    }
}

/// What the loop over a text does at an ASCII character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ascii {
    /// In no token, ends any.
    Apart,
    Letter,
    Digit,
    /// `:`
    JoinsLetters,
    /// `,` and `;`
    JoinsDigits,
    /// `.` and `'`
    JoinsEither,
    /// `_`
    Joins,
    /// `#` and `*`, which can be keycaps.
    Keycap,
}

const ASCII: [Ascii; 128] = {
    let mut table = [Ascii::Apart; 128];
    let mut at = 0;
    while at < 128 {
        table[at] = match at as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => Ascii::Letter,
            b'0'..=b'9' => Ascii::Digit,
            b':' => Ascii::JoinsLetters,
            b',' | b';' => Ascii::JoinsDigits,
            b'.' | b'\'' => Ascii::JoinsEither,
            b'_' => Ascii::Joins,
            b'#' | b'*' => Ascii::Keycap,
            _ => Ascii::Apart,
        };
        at += 1;
    }
    table
};

/// Whether a language parts a name from its suffix by an apostrophe: Turkish and Azerbaijani.
pub fn is_suffixing(lang: &str) -> bool {
    let primary = lang.split(['-', '_']).next().unwrap_or_default();
    primary.eq_ignore_ascii_case("tr") || primary.eq_ignore_ascii_case("az")
}

/// Cut a text into folded tokens, in linear time.
///
/// `lang` is the language of the article (BCP 47); in Turkish and Azerbaijani an apostrophe parts a suffix. The text is
/// shorter than 1 GiB.
pub fn tokenise(text: &str, lang: Option<&str>) -> Tokens {
    let likely = text.len() / 5 + 1;
    let mut tokeniser = Tokeniser {
        text,
        turkish: lang.is_some_and(is_suffixing),
        tokens: Tokens {
            arena: text.to_ascii_lowercase(),
            slices: Vec::with_capacity(likely),
            places: Vec::with_capacity(likely),
        },
        surplus: 0,
        chars: Vec::new(),
        kinds: Vec::new(),
    };
    tokeniser.run();
    tokeniser.tokens
}

struct Tokeniser<'a> {
    text: &'a str,
    turkish: bool,
    tokens: Tokens,
    /// Bytes less code points of what has been read.
    surplus: usize,
    chars: Vec<char>,
    kinds: Vec<u8>,
}

impl Tokeniser<'_> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at = match ASCII.get(usize::from(byte)) {
                Some(Ascii::Letter | Ascii::Digit) => self.ascii_word(at).unwrap_or_else(|| self.chunk(at)),
                Some(Ascii::Keycap) if bytes.get(at + 1).is_some_and(|next| !next.is_ascii()) => self.chunk(at),
                Some(Ascii::Joins) | None => self.chunk(at),
                Some(_) => at + 1,
            }
        }
    }

    /// Read a word of ASCII characters alone; return where it ends, or None if there is more to it.
    fn ascii_word(&mut self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let kind = |at: usize| bytes.get(at).map_or(Some(Ascii::Apart), |&byte| ASCII.get(usize::from(byte)).copied());
        let mut apostrophe = false;
        let mut at = start;
        loop {
            while matches!(kind(at), Some(Ascii::Letter | Ascii::Digit)) {
                at += 1;
            }
            let joins = match kind(at) {
                Some(Ascii::Apart | Ascii::Keycap) => break,
                Some(Ascii::Joins) => return None,
                Some(joins) => joins,
                None => {
                    let ch = self.text[at..].chars().next()?;
                    if !matches!(TABLE.of(ch), b'o' | b'J' | b'T') {
                        return None;
                    }
                    break;
                }
            };
            match (kind(at - 1), joins, kind(at + 1)) {
                (_, _, None) => return None,
                (Some(Ascii::Letter), Ascii::JoinsLetters | Ascii::JoinsEither, Some(Ascii::Letter))
                | (Some(Ascii::Digit), Ascii::JoinsDigits | Ascii::JoinsEither, Some(Ascii::Digit)) => {
                    apostrophe |= bytes[at] == b'\'';
                    at += 1;
                }
                _ => break,
            }
        }
        if at - start > MAX_UNITS {
            return None;
        }
        let place = ((start - self.surplus) as u32, (at - self.surplus) as u32);
        if apostrophe {
            let folded = fold_apostrophes(&self.tokens.arena[start..at], self.turkish);
            let from = self.tokens.arena.len();
            self.tokens.arena.push_str(&folded);
            self.push(from, place);
        } else {
            self.tokens.slices.push((start as u32, at as u32));
            self.tokens.places.push(place);
        }
        Some(at)
    }

    /// Read all that may belong to the words that begin here, and return where it ends.
    ///
    /// No word holds a separator, and none goes on across the beginning of a character that is a word of its own.
    fn chunk(&mut self, start: usize) -> usize {
        self.chars.clear();
        self.kinds.clear();
        let table = &*TABLE;
        let mut end = start;
        for ch in self.text[start..].chars() {
            let kind = table.of(ch);
            if matches!(kind, b'o' | b'J' | b'T') && end > start {
                break;
            }
            end += ch.len_utf8();
            if kind == b'o' {
                break;
            }
            self.chars.push(ch);
            self.kinds.push(kind);
        }
        let first = start - self.surplus;
        let chars = std::mem::take(&mut self.chars);
        words(&chars, &self.kinds, |from, to| {
            let at = self.tokens.arena.len();
            fold_onto(&mut self.tokens.arena, &chars[from..to], self.turkish);
            let place = ((first + from) as u32, (first + to) as u32);
            if self.tokens.arena.len() > at {
                self.tokens.slices.push((at as u32, self.tokens.arena.len() as u32));
                self.tokens.places.push(place);
            }
        });
        self.surplus += end - start - chars.len().max(1);
        self.chars = chars;
        end
    }

    fn push(&mut self, from: usize, place: (u32, u32)) {
        if self.tokens.arena.len() > from {
            self.tokens.slices.push((from as u32, self.tokens.arena.len() as u32));
            self.tokens.places.push(place);
        }
    }
}
