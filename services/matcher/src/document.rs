//! An article as the engine sees it: tokens with offsets, metadata folded, numbers. Knows no rule.

use std::sync::Arc;

use crate::text::Tokens;

/// A field with words: its text as it came, and its tokens.
///
/// Half of a surrogate pair, which a Python string can hold and UTF-8 cannot, stands here as U+FFFD; offsets are the same.
#[derive(Debug, Clone, Default)]
pub struct Field {
    /// The text.
    pub original: String,
    /// Its tokens.
    pub tokens: Tokens,
}

/// The names of metadata, in the order of [`Document::meta`].
pub const META_NAMES: [&str; 7] = ["topic", "source", "domain", "country", "lang", "author", "url"];

/// Where topics stand in [`META_NAMES`].
pub const TOPIC: usize = 0;
/// Where languages stand in [`META_NAMES`].
pub const LANG: usize = 4;

/// A metadata value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The form that is compared.
    pub folded: String,
    /// As in the article.
    pub written: String,
}

/// An article made ready for matching.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// The title.
    pub title: Arc<Field>,
    /// The text.
    pub text: Arc<Field>,
    /// The values of each of [`META_NAMES`], folded forms distinct, in the order of the article.
    pub meta: [Vec<Value>; META_NAMES.len()],
    /// Scores by folded topic (without `score.`).
    pub scores: Vec<(String, f64)>,
    /// Milliseconds since 1970 in UTC.
    pub published: Option<f64>,
    /// The article's own text or number for `published`.
    pub published_written: Option<String>,
}

impl Document {
    /// Tokens of title and text.
    pub fn words(&self) -> f64 {
        (self.title.tokens.len() + self.text.tokens.len()) as f64
    }

    /// What a range compares: `words`, `published` or `score.<folded topic>`.
    pub fn number(&self, name: &str) -> Option<f64> {
        match name {
            "words" => Some(self.words()),
            "published" => self.published,
            _ => {
                let topic = name.strip_prefix("score.")?;
                self.scores.iter().find(|(known, _)| known == topic).map(|&(_, score)| score)
            }
        }
    }
}

/// The host of a plain web address, lower-case and without "www."; None where that takes a closer look.
pub fn plain_domain(url: &str) -> Option<String> {
    if url.is_empty() {
        return Some(String::new());
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')) {
        return None;
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    Some(host.strip_prefix("www.").map(str::to_owned).unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::plain_domain;

    #[test]
    fn plain_addresses_have_their_host() {
        assert_eq!(plain_domain("https://WWW.Example.org./a?b#c").as_deref(), Some("example.org"));
        assert_eq!(plain_domain("http://news.example.org").as_deref(), Some("news.example.org"));
    }

    #[test]
    fn other_addresses_are_left_to_python() {
        for url in ["HTTP://example.org", "https://a:8080/", "https://user@a/", "https://[::1]/", "https://\u{e9}.fr"] {
            assert_eq!(plain_domain(url), None, "{url}");
        }
    }
}
