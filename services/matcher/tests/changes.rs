//! Rules come and go in any order, while documents are matched between: the index answers as one that was built anew, and
//! leaves nothing behind.

use std::collections::BTreeMap;
use std::sync::Arc;

use presswatch_matcher::document::{Document, Field};
use presswatch_matcher::engine::outcome::{Outcome, Receipt};
use presswatch_matcher::engine::{Index, Matcher};
use presswatch_matcher::rules::parse;
use presswatch_matcher::text::tokenise;
use proptest::collection::vec;
use proptest::prelude::*;

const WORDS: &[&str] = &["wheat", "ban", "bans", "export", "Grain", "corn", "東京", "l'État"];

fn leaf() -> impl Strategy<Value = String> {
    let word = || prop::sample::select(WORDS);
    prop_oneof![
        4 => word().prop_map(str::to_owned),
        1 => word().prop_map(|word| format!("title:{word}")),
        2 => (word(), word()).prop_map(|(one, other)| format!("\"{one} {other}\"")),
        1 => (word(), word(), word()).prop_map(|(one, two, three)| format!("\"{one} {two} {three}\"")),
        1 => (word(), word(), 0..4).prop_map(|(one, other, slop)| format!("\"{one} {other}\"~{slop}")),
        1 => prop::sample::select(vec!["exp*", "b?ns", "raw:Grain", "whea*"]).prop_map(str::to_owned),
    ]
}

fn operand() -> impl Strategy<Value = String> {
    let plain = || leaf().prop_filter("a window is no operand", |leaf| !leaf.contains('~') && !leaf.contains(':'));
    prop_oneof![plain(), vec(plain(), 2..4).prop_map(|parts| format!("({})", parts.join(" OR ")))]
}

fn query() -> impl Strategy<Value = String> {
    let simple = prop_oneof![
        3 => leaf(),
        2 => (operand(), operand(), 0..5, any::<bool>())
            .prop_map(|(left, right, distance, f)| format!("{left} NEAR/{distance}{} {right}", if f { "f" } else { "" })),
        1 => (operand(), 1..4).prop_map(|(operand, number)| format!("COUNT/{number} {operand}")),
    ];
    simple.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(|parts| format!("(({}))", parts.join(") AND ("))),
            vec(inner.clone(), 2..4).prop_map(|parts| format!("(({}))", parts.join(") OR ("))),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("(({one}) AND NOT ({other}))")),
            vec(inner, 2..4).prop_map(|parts| format!("ATLEAST/2 (({}))", parts.join("), ("))),
        ]
    })
}

fn document() -> impl Strategy<Value = Document> {
    let words = |most| vec(prop::sample::select(WORDS), 0..most).prop_map(|words| words.join(" "));
    (words(4), words(14)).prop_map(|(title, text)| {
        let field = |original: String| {
            let tokens = tokenise(&original, None);
            Arc::new(Field { original, tokens })
        };
        Document { title: field(title), text: field(text), ..Document::default() }
    })
}

/// Id, version, and each receipt with its leaf.
type Told = (String, String, Vec<(String, Receipt)>);

/// Ids and versions with their receipts, each with what its leaf was written like.
fn told(outcome: &Outcome) -> Vec<Told> {
    let receipts = |part: std::ops::Range<u32>| outcome.receipts[part.start as usize..part.end as usize].iter();
    let tell = |receipt: &Receipt| (outcome.leaves[receipt.leaf as usize].to_string(), Receipt { leaf: 0, ..*receipt });
    let found = outcome.found.iter().map(|found| {
        let parts = &outcome.parts[found.parts.start as usize..found.parts.end as usize];
        let shown = parts.iter().cloned().flat_map(receipts).map(tell).collect();
        (found.name.id().to_owned(), found.name.version().to_owned(), shown)
    });
    found.collect()
}

fn add(matcher: &Matcher, id: &str, version: &str, query: &str) {
    matcher.add(id, version, parse(query, None).expect("the query was made by the rules of the language"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 96 } else { 2048 }))]

    #[test]
    fn adding_and_removing_is_as_good_as_building_anew(
        steps in vec((0..6_u8, query(), any::<bool>(), document()), 1..14),
    ) {
        let matcher = Matcher::with_patience(0); // every look in vain files a rule anew
        let mut present: BTreeMap<String, (String, String)> = BTreeMap::new();
        for (at, (id, query, removes, document)) in steps.into_iter().enumerate() {
            let (id, version) = (format!("r{id}"), at.to_string());
            if removes && present.remove(&id).is_some() {
                prop_assert!(matcher.remove(&id));
            } else {
                add(&matcher, &id, &version, &query);
                present.insert(id, (version, query));
            }
            let anew = Matcher::default();
            for (id, (version, query)) in present.iter().rev() {
                add(&anew, id, version, query);
            }
            prop_assert_eq!(told(&matcher.matches(&document, None)), told(&anew.matches(&document, None)));
        }
        for id in present.keys() {
            prop_assert!(matcher.remove(id));
        }
        prop_assert_eq!(matcher.look(Index::in_use), Matcher::default().look(Index::in_use));
    }
}
