//! Nothing that comes from outside makes the core panic: queries and articles of random characters, and of pieces that the
//! language is made of. `cargo test -- --ignored` looks for longer.

use std::cell::Cell;
use std::sync::Arc;

use presswatch_matcher::document::{Document, Field, LANG, TOPIC, Value};
use presswatch_matcher::engine::{Index, Matcher};
use presswatch_matcher::rules::{Lists, parse};
use presswatch_matcher::text::{fold_value, query_slots, tokenise, wildcard_slots};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{TestError, TestRunner};

const PIECES: &[&str] = &[
    "wheat",
    "Wheat's",
    "ban*",
    "b?n",
    "*",
    "?",
    "\"",
    "\"flu vaccine\"",
    "\"grain export\"~3",
    "~",
    "~9999999999",
    "raw:",
    "raw:WHO",
    "raw:\"C++\"",
    "title:",
    "text:",
    "topic:health",
    "lang:en",
    "source:le*",
    "url:https://a.b/*",
    "words:>3",
    "words:[1 TO 9}",
    "score.health:>=0.5",
    "published:[2026-01-01 TO *]",
    "published:{* TO 2026-02-30]",
    "@grains",
    "@missing",
    "AND",
    "OR",
    "NOT",
    "&&",
    "||",
    "!",
    "-",
    "NEAR/3",
    "NEAR/3f",
    "NEAR/",
    "NEAR/99999999999",
    "COUNT/2",
    "COUNT/0",
    "ATLEAST/2",
    "ATLEAST/99999999999",
    "(",
    ")",
    ",",
    "\\",
    "\\*",
    ":",
    "/",
    "+",
    "^2",
    " ",
    "\n",
    "東京",
    "ภาษา",
    "l'État",
    "İstanbul'da",
    "\u{301}",
    "\u{200d}",
    "\u{fdd0}",
    "\u{fdd1}",
    "\0",
    "\u{10ffff}",
    "ﷺ",
    "👨‍👩‍👧",
    "#️⃣",
    "e\u{301}",
    "가",
    "\u{1100}\u{1161}",
    "a_b",
    "3.5",
    "1,000",
];

const WORDS: &[&str] = &[
    "wheat",
    "Wheat",
    "bans",
    "flu",
    "vaccine",
    "grain",
    "export",
    "WHO",
    "C++",
    "東京",
    "ภาษา",
    "l'État",
    "İstanbul'da",
    "e\u{301}",
    ".",
    " ",
    " ",
    " ",
    "\n",
    "\u{301}",
    "\u{200d}",
    "\0",
    "👨‍👩‍👧",
    "ﷺ",
    "\u{fffd}",
    "café",
    "3.5",
    "a_b",
];

const LEAVES: &[&str] = &[
    "wheat",
    "bans",
    "ban*",
    "b?ns",
    "flu",
    "\"flu vaccine\"",
    "\"grain export\"~3",
    "raw:WHO",
    "raw:\"C++\"",
    "title:wheat",
    "text:(flu OR grain)",
    "topic:health",
    "lang:en",
    "words:>3",
    "score.health:>=0.5",
    "@grains",
    "東京",
    "ภาษา",
    "l'État",
    "İstanbul'da",
    "café",
    "3.5",
    "a_b",
    "who",
];

/// Rules, most of them of what the texts are made of.
fn rules() -> impl Strategy<Value = String> {
    let operands: Vec<_> =
        LEAVES.iter().filter(|leaf| !leaf.contains(['~', ':']) || leaf.starts_with("raw:")).collect();
    let text = select(operands).prop_map(|leaf| (*leaf).to_owned());
    let leaf = prop_oneof![3 => text.clone(), 1 => select(LEAVES).prop_map(str::to_owned)];
    let near = (text.clone(), text.clone(), 0..9_u32, any::<bool>()).prop_map(|(left, right, most, ordered)| {
        format!("{left} NEAR/{most}{} {right}", if ordered { "f" } else { "" })
    });
    let count = (text, 1..4_u32).prop_map(|(operand, least)| format!("COUNT/{least} ({operand})"));
    prop_oneof![4 => leaf, 1 => near, 1 => count].prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            3 => vec(inner.clone(), 2..5).prop_map(|parts| format!("({})", parts.join(") OR ("))),
            2 => vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(") AND ("))),
            1 => (inner.clone(), inner.clone()).prop_map(|(is, is_not)| format!("({is}) AND NOT ({is_not})")),
            1 => vec(inner, 2..5).prop_map(|parts| format!("ATLEAST/2 (({}))", parts.join("), ("))),
        ]
    })
}

fn queries() -> impl Strategy<Value = String> {
    prop_oneof![
        rules(),
        vec(select(PIECES), 0..12).prop_map(|pieces| pieces.join(" ")),
        vec(select(PIECES), 0..12).prop_map(|pieces| pieces.concat()),
        any::<String>(),
        vec(any::<u8>(), 0..60).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ]
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        vec(select(WORDS), 0..60).prop_map(|words| words.join(" ")),
        vec(select(WORDS), 0..60).prop_map(|words| words.concat()),
        any::<String>(),
    ]
}

fn documents() -> impl Strategy<Value = Document> {
    (texts(), texts(), select(&["en", "tr", ""][..]), any::<f64>(), any::<f64>()).prop_map(
        |(title, text, lang, score, published)| {
            let field = |text: String| Arc::new(Field { tokens: tokenise(&text, Some(lang)), original: text });
            let mut document = Document {
                title: field(title),
                text: field(text),
                scores: vec![("health".into(), score)],
                published: Some(published),
                published_written: Some(published.to_string()),
                ..Document::default()
            };
            document.meta[LANG].push(Value { folded: fold_value(lang), written: lang.into() });
            document.meta[TOPIC].push(Value { folded: "health".into(), written: "Health".into() });
            document
        },
    )
}

fn lists() -> Lists {
    Lists::new([("grains".to_owned(), ["wheat", "maize corn", "raw:WHO", "東京", "barl*"].map(str::to_owned).to_vec())])
}

/// How many cases were of the one kind and of the other, so that a property is not true of nothing.
#[derive(Default)]
struct Share(Cell<u32>, Cell<u32>);

impl Share {
    fn add(&self, is: bool) {
        let counter = if is { &self.0 } else { &self.1 };
        counter.set(counter.get() + 1);
    }

    fn is_within(&self, least: f64, most: f64) {
        let (yes, no) = (f64::from(self.0.get()), f64::from(self.1.get()));
        let share = yes / (yes + no);
        assert!((least..=most).contains(&share), "{share} of the cases");
    }
}

/// Run a property for the usual number of cases, or for so many.
fn check<S: Strategy>(cases: Option<u32>, strategy: &S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    config.cases = cases.unwrap_or(config.cases);
    match TestRunner::new(config).run(strategy, property) {
        Ok(()) => {}
        Err(TestError::Fail(reason, value)) => panic!("{reason}; the smallest case: {value:#?}"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

fn tokens_are_in_order(cases: Option<u32>) {
    check(cases, &(texts(), select(&[None, Some("tr"), Some("en-GB")][..])), |(text, lang)| {
        let tokens = tokenise(&text, lang);
        let length = text.chars().count() as u32;
        let mut before = 0;
        for (token, &(start, end)) in tokens.iter().zip(tokens.places()) {
            prop_assert!(before <= start && start < end && end <= length);
            prop_assert!(!token.is_empty() && token.encode_utf16().count() <= 255);
            prop_assert!(!token.contains(char::is_whitespace));
            before = end;
        }
        Ok(())
    });
}

fn queries_are_read(cases: Option<u32>) {
    let lists = lists();
    let seen = Share::default();
    let tell = |is_read| seen.add(is_read);
    check(cases, &queries(), |query| {
        let alone = parse(&query, Some(&lists));
        prop_assert_eq!(&alone, &parse(&query, Some(&lists)));
        tell(alone.is_ok());
        for forms in query_slots(&query).into_iter().chain(wildcard_slots(&query)) {
            prop_assert!(forms.iter().all(|form| !form.is_empty()));
        }
        Ok(())
    });
    seen.is_within(0.1, 0.9);
}

/// Rules that come and go answer as if they had been alone, and leave nothing behind.
fn rules_come_and_go(cases: Option<u32>) {
    let lists = lists();
    let seen = Share::default();
    check(cases, &(vec(rules(), 1..8), vec(documents(), 1..4)), |(rules, documents)| {
        let trees: Vec<_> = rules.iter().filter_map(|rule| parse(rule, Some(&lists)).ok()).collect();
        prop_assert_eq!(trees.len(), rules.len(), "{:?}", rules);
        let together = Matcher::with_patience(1);
        let empty = together.look(Index::in_use);
        for round in 0..2 {
            for (number, tree) in trees.iter().enumerate() {
                together.add(&format!("{number:02}"), "1", tree.clone());
            }
            for document in &documents {
                let outcome = together.matches(document, Some(60));
                let found: Vec<_> = outcome.found.iter().map(|found| found.name.id().to_owned()).collect();
                let mut expected = Vec::new();
                for (number, tree) in trees.iter().enumerate() {
                    let alone = Matcher::default();
                    alone.add("alone", "1", tree.clone());
                    if !alone.matches(document, None).found.is_empty() {
                        expected.push(format!("{number:02}"));
                    }
                }
                trees.iter().enumerate().for_each(|(number, _)| seen.add(expected.contains(&format!("{number:02}"))));
                prop_assert_eq!(found, expected);
            }
            for number in 0..trees.len() {
                prop_assert!(together.remove(&format!("{number:02}")), "round {}", round);
            }
            prop_assert_eq!(together.look(Index::in_use), empty);
        }
        Ok(())
    });
    seen.is_within(0.2, 0.8);
}

#[test]
fn tokens_are_in_order_for_a_while() {
    tokens_are_in_order(None);
}

#[test]
fn queries_are_read_for_a_while() {
    queries_are_read(Some(2000));
}

#[test]
fn rules_come_and_go_for_a_while() {
    rules_come_and_go(Some(128));
}

#[test]
#[ignore = "minutes"]
fn all_of_it_for_long() {
    tokens_are_in_order(Some(200_000));
    queries_are_read(Some(1_000_000));
    rules_come_and_go(Some(20_000));
}
