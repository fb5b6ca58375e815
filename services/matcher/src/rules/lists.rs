//! Named lists: entries become the leaves that `@name` stands for. The twin of `presswatch/core/rules/lists.py`.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use compact_str::CompactString;
use hashbrown::HashMap;

use super::Rejected;
use super::lexer::{Lexer, Token};
use super::model::{Node, TextField};
use crate::text::unicode::is_space;

type Terms = Result<Arc<[Node]>, Rejected>;

/// The named lists that queries may use; each is read when a query first names it.
#[derive(Debug, Default)]
pub struct Lists {
    entries: HashMap<CompactString, Vec<String>>,
    read: Mutex<HashMap<(CompactString, Option<TextField>), Terms>>,
}

impl Lists {
    /// Take the entries of each list, by name.
    pub fn new(lists: impl IntoIterator<Item = (String, Vec<String>)>) -> Self {
        let entries = lists.into_iter().map(|(name, entries)| (name.into(), entries)).collect();
        Self { entries, read: Mutex::default() }
    }

    /// The leaves of a list under a field.
    pub(super) fn terms(&self, name: &str, field: Option<TextField>) -> Terms {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (CompactString::from(name), field);
        if let Some(terms) = read.get(&key) {
            return terms.clone();
        }
        let terms = self.read_terms(name, field);
        read.insert(key, terms.clone());
        terms
    }

    fn read_terms(&self, name: &str, field: Option<TextField>) -> Terms {
        let entries = self.entries.get(name).ok_or(Rejected)?;
        let mut seen = hashbrown::HashSet::new();
        let mut terms = Vec::with_capacity(entries.len());
        for entry in entries {
            let term = read_term(entry)?;
            if seen.insert(format!("{term:?}")) {
                terms.push(term);
            }
        }
        if terms.is_empty() {
            return Err(Rejected);
        }
        if let Some(field) = field {
            for term in &mut terms {
                term.put_under(field);
            }
        }
        Ok(terms.into())
    }
}

/// The leaf for one entry.
fn read_term(entry: &str) -> Result<Node, Rejected> {
    if entry.starts_with('#') {
        return Err(Rejected);
    }
    let mut query = Cow::Borrowed(entry);
    if !entry.contains('"') && !entry.starts_with("raw:") {
        let words: Vec<&str> = entry.split(is_space).filter(|word| !word.is_empty()).collect();
        if words.len() > 1 {
            if words.iter().any(|word| matches!(*word, "AND" | "OR" | "NOT" | "&&" | "||") || word.starts_with("NEAR/"))
            {
                return Err(Rejected);
            }
            query = format!("\"{entry}\"").into();
        }
    }
    let mut tokens = Vec::new();
    Lexer::new(&query, None, &mut tokens).run()?;
    let mut tokens = tokens.into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(Token::Leaf(node)), None) => match node {
            Node::Phrase(phrase) if phrase.field.is_none() && phrase.slop.is_none() => Ok(Node::Phrase(phrase)),
            Node::Raw(raw) if raw.field.is_none() => Ok(Node::Raw(raw)),
            _ => Err(Rejected),
        },
        _ => Err(Rejected),
    }
}
