//! Cuts a query into operators, parentheses and finished leaves. The twin of `lexer.py` and `scanner.py` of the core.
//!
//! It keeps the stack of parentheses, so it knows the field that every leaf stands under and hands on balanced ones only.

use std::sync::Arc;

use compact_str::format_compact;
use smallvec::SmallVec;

use super::model::{Node, Phrase, Raw, TextField};
use super::ranges::{is_range_field, read_range};
use super::terms::{metadata, phrase_slots, raw_literal, word_slots};
use super::{Lists, Rejected};
use crate::text::unicode::{is_alnum, is_space};

/// Highest number of an operator.
const MAX_NUMBER: u32 = 1000;
const METADATA: [&str; 7] = ["topic", "source", "domain", "country", "lang", "author", "url"];

/// A piece of a query.
#[derive(Debug)]
pub enum Token {
    Leaf(Node),
    Open,
    Close,
    And,
    Or,
    Not,
    Near(u32, bool),
    Count(u32),
    AtLeast(u32),
    Comma,
}

/// A field that operands stand under; the name is a slice of the query.
#[derive(Clone, Copy, PartialEq)]
enum Field<'q> {
    Text(TextField),
    Value(&'q str),
}

struct Group<'q> {
    field: Option<Field<'q>>,
    /// Whether commas separate clauses: right within the parentheses of ATLEAST.
    separated: bool,
}

pub struct Lexer<'q, 'c> {
    query: &'q str,
    lists: Option<&'c Lists>,
    tokens: &'c mut Vec<Token>,
    at: usize,
    groups: SmallVec<[Group<'q>; 8]>,
    /// A field whose operand is still to come.
    pending: Option<Field<'q>>,
}

type Step = Result<(), Rejected>;

impl<'q, 'c> Lexer<'q, 'c> {
    /// Read a query; its tokens are appended to `tokens`.
    pub fn new(query: &'q str, lists: Option<&'c Lists>, tokens: &'c mut Vec<Token>) -> Self {
        Self { query, lists, tokens, at: 0, groups: SmallVec::new(), pending: None }
    }

    /// Cut the whole query.
    pub fn run(mut self) -> Step {
        let backslashes = self.query.bytes().rev().take_while(|&byte| byte == b'\\').count();
        if backslashes % 2 == 1 {
            return Err(Rejected);
        }
        loop {
            self.skip_white();
            let Some(ch) = self.rest().chars().next() else { break };
            let field = self.pending.or_else(|| self.groups.last().and_then(|group| group.field));
            match (ch, field) {
                ('(', _) => {
                    let separated = matches!(self.tokens.last(), Some(Token::AtLeast(_)));
                    self.groups.push(Group { field, separated });
                    self.pending = None;
                    self.emit(Token::Open, 1);
                }
                (')', _) => {
                    self.end_field()?;
                    self.groups.pop().ok_or(Rejected)?;
                    self.emit(Token::Close, 1);
                }
                (_, None) => self.text(ch, None)?,
                (_, Some(Field::Text(field))) => self.text(ch, Some(field))?,
                (_, Some(Field::Value(name))) => self.value(ch, name)?,
            }
        }
        self.end_field()?;
        if self.groups.is_empty() { Ok(()) } else { Err(Rejected) }
    }

    fn rest(&self) -> &'q str {
        &self.query[self.at..]
    }

    fn emit(&mut self, token: Token, len: usize) {
        self.tokens.push(token);
        self.at += len;
    }

    fn leaf(&mut self, node: Node, len: usize) {
        self.emit(Token::Leaf(node), len);
        self.pending = None;
    }

    fn end_field(&self) -> Step {
        if self.pending.is_some() { Err(Rejected) } else { Ok(()) }
    }

    fn skip_white(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_space).len();
    }

    fn separated(&self) -> bool {
        self.groups.last().is_some_and(|group| group.separated)
    }

    // -- words, phrases, operators

    fn text(&mut self, ch: char, field: Option<TextField>) -> Step {
        match ch {
            '"' => return self.phrase(field),
            '-' | '!' => return self.minus(),
            ',' if self.separated() => return self.operator(Token::Comma, 1),
            '&' if self.rest().starts_with("&&") => return self.operator(Token::And, 2),
            '|' if self.rest().starts_with("||") => return self.operator(Token::Or, 2),
            '@' => return self.list(field),
            '~' | '^' | '+' | '/' | '[' | '{' => return Err(Rejected),
            _ => {}
        }
        let word = word_of(self.rest(), self.separated());
        if let Some(token) = operator_of(word)? {
            return self.operator(token, word.len());
        }
        if let Some(colon) = unescaped(word, |ch| ch == ':') {
            return self.field(&word[..colon], field);
        }
        if (!word.is_ascii() && has_wide_signs(word)) || unescaped(word, |ch| matches!(ch, '~' | '^')).is_some() {
            return Err(Rejected);
        }
        let node = Phrase { slots: word_slots(word)?, written: word.into(), field, slop: None };
        self.leaf(Node::Phrase(node), word.len());
        Ok(())
    }

    fn phrase(&mut self, field: Option<TextField>) -> Step {
        let rest = self.rest();
        let mut len = quoted_len(rest)?;
        let slots = phrase_slots(&rest[1..len - 1])?;
        let mut slop = None;
        if let Some(window) = rest[len..].strip_prefix('~') {
            let end = window.find(|ch| is_space(ch) || matches!(ch, '(' | ')' | '^' | ',')).unwrap_or(window.len());
            slop = Some(number(&window[..end], 0)?);
            len += 1 + end;
        }
        if rest[len..].starts_with('*') {
            return Err(Rejected);
        }
        self.leaf(Node::Phrase(Phrase { slots, written: rest[..len].into(), field, slop }), len);
        Ok(())
    }

    fn minus(&mut self) -> Step {
        match self.rest().chars().nth(1) {
            Some(ch) if !is_space(ch) && ch != ')' => self.operator(Token::Not, 1),
            _ => Err(Rejected),
        }
    }

    fn operator(&mut self, token: Token, len: usize) -> Step {
        // a field goes on to the operand of COUNT and ATLEAST
        if !matches!(token, Token::Count(_) | Token::AtLeast(_)) {
            self.end_field()?;
        }
        self.emit(token, len);
        Ok(())
    }

    fn list(&mut self, field: Option<TextField>) -> Step {
        let name = &self.rest()[1..];
        let len = name.find(|ch| !is_name(ch)).unwrap_or(name.len());
        let name = &name[..len];
        if name.is_empty() || self.rest()[1 + len..].starts_with([':', '*']) {
            return Err(Rejected);
        }
        let terms: Arc<[Node]> = self.lists.ok_or(Rejected)?.terms(name, field)?;
        self.leaf(Node::Listed(name.into(), terms), 1 + len);
        Ok(())
    }

    // -- fields

    fn field(&mut self, name: &'q str, field: Option<TextField>) -> Step {
        self.at += name.len() + 1;
        if name == "raw" {
            return self.raw(field);
        }
        let named = field_of(name).ok_or(Rejected)?;
        if field.is_some_and(|field| named != Field::Text(field)) {
            return Err(Rejected);
        }
        self.pending = Some(named);
        Ok(())
    }

    fn raw(&mut self, field: Option<TextField>) -> Step {
        let before = self.at;
        self.skip_white();
        let spaced = self.at > before;
        let rest = self.rest();
        let (len, literal) = if rest.starts_with('(') {
            return Err(Rejected);
        } else if rest.starts_with('"') {
            let len = quoted_len(rest)?;
            if spaced && operator_of(&rest[1..len - 1]).map_or(true, |token| token.is_some()) {
                return Err(Rejected);
            }
            (len, &rest[1..len - 1])
        } else {
            let run = run_of(rest, self.separated());
            if run.is_empty() || (spaced && operator_of(run).map_or(true, |token| token.is_some())) {
                return Err(Rejected);
            }
            (run.len(), run)
        };
        let written = format_compact!("raw:{}", &rest[..len]);
        let node = Raw { literal: raw_literal(literal)?, written, field };
        self.leaf(Node::Raw(node), len);
        Ok(())
    }

    /// Read one value of a metadata or range field, or an operator between values in parentheses.
    fn value(&mut self, first: char, name: &'q str) -> Step {
        let rest = self.rest();
        let direct = self.pending.is_some();
        let word = run_of(rest, self.separated());
        if word.is_empty() {
            return self.operator(Token::Comma, 1); // within ATLEAST a comma can end a value before it begins
        }
        if !direct || self.query[..self.at].ends_with(is_space) {
            let head = word.split('(').next().unwrap_or(word); // as in NOT(en OR es)
            if let Some(token) = operator_of(head)? {
                return self.operator(token, head.len());
            }
        }
        if matches!(first, '-' | '!') {
            return if direct { Err(Rejected) } else { self.minus() };
        }
        if starts_with_known_field(word) {
            return Err(Rejected);
        }
        if is_range_field(name) {
            return self.range(name, word.len());
        }
        if first == '"' {
            let len = quoted_len(rest)?;
            let node = metadata(name, &rest[1..len - 1], true)?;
            self.leaf(Node::Meta(node), len);
            return Ok(());
        }
        if matches!(first, '[' | '{' | '<' | '>') || (name != "url" && has_lucene_tail(word)) {
            return Err(Rejected);
        }
        let node = metadata(name, word, false)?;
        self.leaf(Node::Meta(node), word.len());
        Ok(())
    }

    fn range(&mut self, name: &str, word: usize) -> Step {
        let rest = self.rest();
        let len = match rest.as_bytes()[0] {
            b'[' | b'{' => {
                let end = rest[1..].find([']', '}', '(', ')']).ok_or(Rejected)? + 1;
                if matches!(rest.as_bytes()[end], b'(' | b')') {
                    return Err(Rejected);
                }
                end + 1
            }
            b'"' => quoted_len(rest)?,
            b'<' | b'>' => {
                let value = rest[1..].strip_prefix('=').unwrap_or(&rest[1..]).trim_start_matches(is_space);
                rest.len() - value.len() + run_of(value, self.separated()).len()
            }
            _ => word,
        };
        let node = read_range(name, &rest[..len])?;
        self.leaf(Node::Range(node), len);
        Ok(())
    }
}

/// Read a number of an operator.
fn number(digits: &str, least: u32) -> Result<u32, Rejected> {
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Rejected);
    }
    let number: u32 = digits.parse().map_err(|_| Rejected)?;
    if (least..=MAX_NUMBER).contains(&number) { Ok(number) } else { Err(Rejected) }
}

/// The operator that a word is, if it is one.
fn operator_of(word: &str) -> Result<Option<Token>, Rejected> {
    let token = match word {
        "AND" | "&&" => Token::And,
        "OR" | "||" => Token::Or,
        "NOT" => Token::Not,
        _ => {
            let numbered = ["NEAR", "COUNT", "ATLEAST"].iter().find_map(|name| Some((*name, word.strip_prefix(name)?)));
            let Some((name, digits)) = numbered else { return Ok(None) };
            if digits.is_empty() {
                return Err(Rejected);
            }
            let Some(digits) = digits.strip_prefix('/') else { return Ok(None) };
            match name {
                "NEAR" => {
                    let ordered = digits.ends_with('f');
                    Token::Near(number(digits.strip_suffix('f').unwrap_or(digits), 0)?, ordered)
                }
                "COUNT" => Token::Count(number(digits, 1)?),
                _ => Token::AtLeast(number(digits, 1)?),
            }
        }
    };
    Ok(Some(token))
}

/// A word outside quotation marks: up to white space, a parenthesis, a quotation mark, `&&` or `||`.
fn word_of(rest: &str, separated: bool) -> &str {
    let mut chars = rest.char_indices().peekable();
    while let Some((at, ch)) = chars.next() {
        match ch {
            '\\' => {
                chars.next();
            }
            '(' | ')' | '"' => return &rest[..at],
            ',' if separated => return &rest[..at],
            '&' | '|' if chars.peek().is_some_and(|&(_, next)| next == ch) => return &rest[..at],
            _ if is_space(ch) => return &rest[..at],
            _ => {}
        }
    }
    rest
}

/// An unquoted value: up to white space or `)`, right within ATLEAST to a comma as well.
fn run_of(rest: &str, separated: bool) -> &str {
    match unescaped(rest, |ch| ch == ')' || (separated && ch == ',') || is_space(ch)) {
        Some(end) => &rest[..end],
        None => rest,
    }
}

/// The length of a string in quotation marks, with them.
fn quoted_len(rest: &str) -> Result<usize, Rejected> {
    unescaped(&rest[1..], |ch| ch == '"').map(|end| end + 2).ok_or(Rejected)
}

/// Where the first such character stands that has no backslash before it.
fn unescaped(text: &str, wanted: impl Fn(char) -> bool) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((at, ch)) = chars.next() {
        if ch == '\\' {
            chars.next();
        } else if wanted(ch) {
            return Some(at);
        }
    }
    None
}

fn is_name(ch: char) -> bool {
    ch == '_' || ch == '-' || is_alnum(ch)
}

fn field_of(name: &str) -> Option<Field<'_>> {
    match name {
        "title" => Some(Field::Text(TextField::Title)),
        "text" => Some(Field::Text(TextField::Text)),
        "published" | "words" => Some(Field::Value(name)),
        _ if METADATA.contains(&name) => Some(Field::Value(name)),
        _ => match name.strip_prefix("score.") {
            Some(topic) if !topic.is_empty() && topic.chars().all(is_name) => Some(Field::Value(name)),
            _ => None,
        },
    }
}

/// Whether a value begins like a field of its own, as in `lang:topic:health`.
fn starts_with_known_field(word: &str) -> bool {
    word.split_once(':').is_some_and(|(name, _)| name == "raw" || field_of(name).is_some())
}

/// A fuzzy term or a boost, as Lucene has them: `en~1`, `en^2`.
fn has_lucene_tail(word: &str) -> bool {
    let stem = word.trim_end_matches(|ch: char| ch.is_ascii_digit() || ch == '.');
    stem.ends_with(['~', '^']) && !stem[..stem.len() - 1].ends_with('\\')
}

/// Full-width parentheses, or a full-width colon after the name of a field.
fn has_wide_signs(word: &str) -> bool {
    if word.contains(['（', '）']) {
        return true;
    }
    word.split_once('：').is_some_and(|(name, _)| {
        matches!(name, "title" | "text" | "raw" | "published" | "words") || METADATA.contains(&name)
    })
}
