//! What a receipt is made of: places of leaves, in the order of the query and, within a leaf, of the article.

use hashbrown::{HashMap, HashSet};
use smallvec::SmallVec;

use super::clause::{Clause, Near};
use super::evaluate::{Evaluator, FIELDS};
use super::leaf::{Kind, LeafId};
use super::outcome::{Found, Name, Outcome, PUBLISHED, Part, Place, Receipt, SCORES, WORDS};
use super::reading::Spans;
use crate::rules::model::TextField;

/// Occurrences shown for one leaf of a rule.
pub const MAX_OCCURRENCES: u32 = 5;
/// More leaves than this are found by hash.
const FEW: usize = 16;

/// What is shown of one leaf.
#[derive(Debug)]
struct Item {
    leaf: LeafId,
    /// Whether it holds by itself.
    plain: bool,
    /// Places that satisfy a NEAR, which go before others.
    near: Vec<Place>,
}

/// The leaves of a rule that speak for it, in the order of the query.
#[derive(Debug, Default)]
pub struct Evidence {
    items: Vec<Item>,
    by_leaf: HashMap<LeafId, usize, ahash::RandomState>,
}

impl Evidence {
    fn item(&mut self, leaf: LeafId) -> &mut Item {
        let known = if self.items.len() <= FEW {
            self.items.iter().position(|item| item.leaf == leaf)
        } else {
            if self.by_leaf.is_empty() {
                self.by_leaf.extend(self.items.iter().enumerate().map(|(at, item)| (item.leaf, at)));
            }
            self.by_leaf.get(&leaf).copied()
        };
        let at = known.unwrap_or_else(|| {
            if self.items.len() > FEW {
                self.by_leaf.insert(leaf, self.items.len());
            }
            self.items.push(Item { leaf, plain: false, near: Vec::new() });
            self.items.len() - 1
        });
        &mut self.items[at]
    }

    fn clear(&mut self) {
        self.items.clear();
        self.by_leaf.clear();
    }
}

/// Gathers receipts of one document.
pub struct Witness<'e, 'a> {
    pub evaluator: &'e mut Evaluator<'a>,
    pub outcome: Outcome,
    leaves: Shown,
    evidence: Evidence,
}

/// The number of each leaf among [`Outcome::leaves`], and its receipts where it holds by itself.
pub type Shown = HashMap<LeafId, (u32, Option<Part>), ahash::RandomState>;

impl<'e, 'a> Witness<'e, 'a> {
    /// Ready for so many rules.
    pub fn new(evaluator: &'e mut Evaluator<'a>, rules: usize) -> Self {
        let mut leaves = std::mem::take(&mut evaluator.reading.room.shown);
        leaves.clear();
        let outcome = Outcome {
            found: Vec::with_capacity(rules),
            leaves: Vec::with_capacity(rules),
            receipts: Vec::with_capacity(2 * rules),
            parts: Vec::with_capacity(2 * rules),
            ..Outcome::default()
        };
        Self { evaluator, outcome, leaves, evidence: Evidence::default() }
    }

    /// What was gathered.
    pub fn finish(self) -> Outcome {
        self.evaluator.reading.room.shown = self.leaves;
        self.outcome
    }

    /// Add a rule that holds; with `most` the places that cover it as well.
    pub fn add(&mut self, name: Name, clause: &Clause, most: Option<u32>) {
        let begun = self.outcome.parts.len() as u32;
        if !self.add_words(clause) {
            self.add_parts(clause);
        }
        let covered = self.outcome.occurrences.len() as u32;
        if let Some(most) = most.filter(|&most| most > 0) {
            let found = self.covers(clause, most);
            self.outcome.occurrences.extend(found);
        }
        self.outcome.found.push(Found {
            name,
            parts: begun..self.outcome.parts.len() as u32,
            occurrences: covered..self.outcome.occurrences.len() as u32,
        });
    }

    /// Add the parts of a rule that is a word, or words joined by AND; tell whether it is one.
    fn add_words(&mut self, clause: &Clause) -> bool {
        let clauses = match clause {
            Clause::Key { .. } => std::slice::from_ref(clause),
            Clause::All(clauses) if clauses.len() <= FEW => clauses,
            _ => return false,
        };
        let mut words: SmallVec<[LeafId; FEW]> = SmallVec::new();
        for part in clauses {
            match part {
                Clause::Key { leaf, .. } if !words.contains(leaf) => words.push(*leaf),
                Clause::Key { .. } | Clause::No(_) => {}
                _ => return false,
            }
        }
        if words.len() > 1 && words.iter().any(|&leaf| self.has_twins(leaf)) {
            return false;
        }
        for leaf in words {
            let part = self.plain(leaf);
            self.outcome.parts.push(part);
        }
        true
    }

    /// Add the parts of any rule.
    fn add_parts(&mut self, clause: &Clause) {
        let begun = self.outcome.parts.len() as u32;
        let mut evidence = std::mem::take(&mut self.evidence);
        evidence.clear();
        self.collect(clause, &mut evidence);
        for item in &evidence.items {
            let part = self.part(item);
            self.outcome.parts.push(part);
        }
        if evidence.items.len() > 1 && evidence.items.iter().any(|item| self.has_twins(item.leaf)) {
            self.show_once(begun);
        }
        self.evidence = evidence;
    }

    /// Add what makes a clause hold that does.
    fn collect(&mut self, clause: &Clause, evidence: &mut Evidence) {
        match clause {
            Clause::Key { leaf, .. } | Clause::Leaf(leaf) => evidence.item(*leaf).plain = true,
            Clause::All(clauses) => clauses.iter().for_each(|part| self.collect(part, evidence)),
            Clause::Any(clauses) => self.collect_held(clauses, evidence),
            Clause::AtLeast(some) => self.collect_held(&some.clauses, evidence),
            Clause::Count(count) => self.collect_held(&count.operand, evidence),
            Clause::No(_) => {}
            Clause::Near(near) => {
                // all of the left side first: evidence is in the order of the query
                for left in [true, false] {
                    self.near_places(near, left, MAX_OCCURRENCES, &mut |leaf, field, (start, end), _| {
                        evidence.item(leaf).near.push(place(field, start, end));
                    });
                }
            }
        }
    }

    fn collect_held(&mut self, clauses: &[Clause], evidence: &mut Evidence) {
        for part in clauses {
            if self.evaluator.holds(part) {
                self.collect(part, evidence);
            }
        }
    }

    // -- receipts

    fn has_twins(&self, leaf: LeafId) -> bool {
        self.evaluator.leaves.get(leaf).has_twins
    }

    /// Leave out, of the parts from `begun` on, receipts that are there already: `wheat OR title:wheat` finds one twice.
    fn show_once(&mut self, begun: u32) {
        let mut seen: HashSet<Receipt, ahash::RandomState> = HashSet::default();
        let parts = self.outcome.parts.drain(begun as usize..);
        let all = parts.flat_map(|part| part.start..part.end).map(|at| self.outcome.receipts[at as usize]);
        let kept: Vec<Receipt> = all.filter(|&receipt| seen.insert(receipt)).collect();
        let from = self.outcome.receipts.len() as u32;
        self.outcome.receipts.extend(kept);
        self.outcome.parts.push(from..self.outcome.receipts.len() as u32);
    }

    /// The receipts of a leaf, in the order of the article.
    fn part(&mut self, item: &Item) -> Part {
        if item.near.is_empty() {
            return self.plain(item.leaf);
        }
        let number = self.number(item.leaf);
        let mut chosen: Vec<Place> = Vec::new();
        let plain = if item.plain { self.plain(item.leaf) } else { 0..0 };
        let plain = &self.outcome.receipts[plain.start as usize..plain.end as usize];
        for place in item.near.iter().copied().chain(plain.iter().map(|receipt| receipt.place)) {
            if !chosen.contains(&place) {
                chosen.push(place);
                if chosen.len() == MAX_OCCURRENCES as usize {
                    break;
                }
            }
        }
        if item.near.len() > 1 || item.plain {
            chosen.sort();
        }
        let begun = self.outcome.receipts.len() as u32;
        self.outcome.receipts.extend(chosen.into_iter().map(|place| Receipt { leaf: number, place }));
        begun..self.outcome.receipts.len() as u32
    }

    /// The first places of a leaf, title first; rules share them.
    fn plain(&mut self, leaf: LeafId) -> Part {
        if let Some((_, Some(part))) = self.leaves.get(&leaf) {
            return part.clone();
        }
        let number = self.number(leaf);
        let begun = self.outcome.receipts.len() as u32;
        let mut receipts = std::mem::take(&mut self.outcome.receipts);
        self.leaf_places(leaf, MAX_OCCURRENCES, &mut |place| receipts.push(Receipt { leaf: number, place }));
        self.outcome.receipts = receipts;
        let part = begun..self.outcome.receipts.len() as u32;
        self.leaves.insert(leaf, (number, Some(part.clone())));
        part
    }

    /// The number of a leaf among those that are shown.
    fn number(&mut self, leaf: LeafId) -> u32 {
        if let Some(&(number, _)) = self.leaves.get(&leaf) {
            return number;
        }
        let known = self.evaluator.leaves.get(leaf);
        let shown = &self.outcome.leaves;
        let alike = if known.has_twins { shown.iter().position(|written| *written == known.written) } else { None };
        let number = alike.unwrap_or(self.outcome.leaves.len()) as u32;
        if alike.is_none() {
            self.outcome.leaves.push(known.written.clone());
        }
        self.leaves.insert(leaf, (number, None));
        number
    }

    /// Call `found` with the first places of a leaf, title first.
    fn leaf_places(&mut self, leaf: LeafId, most: u32, found: &mut impl FnMut(Place)) {
        let (leaves, document) = (self.evaluator.leaves, self.evaluator.reading.document);
        match &leaves.get(leaf).kind {
            Kind::Meta(value) => {
                let known = &document.meta[value.name];
                let fits = |folded: &str| {
                    folded == value.folded || (value.prefix && folded.starts_with(value.folded.as_str()))
                };
                let numbered = (0..).zip(known).filter(|(_, known)| fits(&known.folded));
                let shown = numbered.map(|(at, _)| Place::Meta(value.name as u32, at));
                shown.take(MAX_OCCURRENCES as usize).for_each(found);
            }
            Kind::Range(bounds) => found(Place::Number(match &*bounds.name {
                "published" => PUBLISHED,
                "words" => WORDS,
                score => {
                    let topic = score.strip_prefix("score.").unwrap_or(score);
                    let at = document.scores.iter().position(|(known, _)| known == topic);
                    SCORES + at.unwrap_or_default() as u32
                }
            })),
            _ => {
                let mut wanted = most;
                for field in FIELDS {
                    let spans = self.evaluator.spans(leaf, field);
                    for at in 0..spans.len.min(wanted) {
                        let (start, end) = self.evaluator.reading.offsets(spans, at, field);
                        found(place(field, start, end));
                    }
                    wanted -= spans.len.min(wanted);
                }
            }
        }
    }

    // -- NEAR

    /// Call `found` with the places of one side that have a partner on the other, at most `most` per leaf and field: leaf,
    /// field, characters, tokens.
    fn near_places(
        &mut self,
        near: &Near,
        left: bool,
        most: u32,
        found: &mut dyn FnMut(LeafId, TextField, (u32, u32), (u32, u32)),
    ) {
        let (mine, others) = if left { (&near.left, &near.right) } else { (&near.right, &near.left) };
        let (leaves, others) = (self.evaluator.possible(mine), self.evaluator.possible(others));
        let (before, after) = (!(left && near.ordered), left || !near.ordered);
        let partners = FIELDS.map(|field| self.evaluator.union(&others, field));
        for leaf in leaves {
            for (field, partners) in FIELDS.into_iter().zip(partners) {
                let spans = self.evaluator.spans(leaf, field);
                if partners.len == 0 {
                    continue;
                }
                let mut wanted = most;
                for at in 0..spans.len {
                    if wanted == 0 {
                        break;
                    }
                    if self.has_partner(spans, at, partners, near.distance, before, after) {
                        wanted -= 1;
                        let reading = &self.evaluator.reading;
                        let tokens = (reading.start(spans, at), reading.end(spans, at));
                        found(leaf, field, reading.offsets(spans, at, field), tokens);
                    }
                }
            }
        }
    }

    fn has_partner(&self, spans: Spans, at: u32, partners: Spans, distance: u32, before: bool, after: bool) -> bool {
        let reading = &self.evaluator.reading;
        let (start, end) = (reading.start(spans, at), reading.end(spans, at));
        if after {
            let next = reading.starts_before(partners, end);
            if next < partners.len && reading.start(partners, next) <= end + distance {
                return true;
            }
        }
        if before {
            let last = reading.ends_up_to(partners, start);
            return last > 0 && reading.end(partners, last - 1) + distance >= start;
        }
        false
    }

    /// For each of the first places of the left side, the slice up to its nearest partner.
    fn near_covers(&mut self, near: &Near, most: u32) -> Vec<Place> {
        let mut places = Vec::new();
        self.near_places(near, true, most, &mut |_, field, characters, tokens| {
            places.push((field as usize, tokens, characters));
        });
        places.sort_unstable();
        places.dedup();
        places.truncate(most as usize);
        let leaves = self.evaluator.possible(&near.right);
        let partners = FIELDS.map(|field| self.evaluator.union(&leaves, field));
        let mut found = Vec::with_capacity(places.len());
        for (index, (first, last), (start, end)) in places {
            let field = FIELDS[index];
            let nearest = self.nearest(near, &leaves, partners[index], field, first, last);
            if let Some((other_start, other_end)) = nearest {
                found.push(place(field, start.min(other_start), end.max(other_end)));
            }
        }
        found
    }

    /// The characters of the partner nearest to a place of the left side; the one after it, if two are as near.
    fn nearest(
        &mut self,
        near: &Near,
        right: &[LeafId],
        partners: Spans,
        field: TextField,
        start: u32,
        end: u32,
    ) -> Option<(u32, u32)> {
        let reading = &self.evaluator.reading;
        let after = reading.starts_before(partners, end);
        let before = reading.ends_up_to(partners, start);
        let far = near.distance + 1;
        let gap_after = if after < partners.len { reading.start(partners, after) - end } else { far };
        let gap_before = if before > 0 && !near.ordered { start - reading.end(partners, before - 1) } else { far };
        for &leaf in right {
            let spans = self.evaluator.spans(leaf, field);
            let reading = &self.evaluator.reading;
            let at = if gap_before < gap_after {
                let wanted = start - gap_before;
                // the first that ends there
                let at = if wanted == 0 { 0 } else { reading.ends_up_to(spans, wanted - 1) };
                (at < spans.len && reading.end(spans, at) == wanted).then_some(at)
            } else {
                let wanted = end + gap_after;
                let at = reading.starts_before(spans, wanted);
                (at < spans.len && reading.start(spans, at) == wanted).then_some(at)
            };
            if let Some(at) = at {
                return Some(reading.offsets(spans, at, field));
            }
        }
        None
    }

    // -- what covers a rule

    /// Where a clause that holds does so, as slices that cover it, at most `most`, in the order of the article.
    ///
    /// A leaf, OR, COUNT or NEAR gives the slices that satisfy it; what looks at title and text together has none, and gives
    /// the first place of each of its leaves.
    pub fn covers(&mut self, clause: &Clause, most: u32) -> Vec<Receipt> {
        let mut found = match clause {
            Clause::Key { leaf, .. } | Clause::Leaf(leaf) => {
                let number = self.number(*leaf);
                let most = if self.evaluator.leaves.get(*leaf).is_text() { most } else { MAX_OCCURRENCES };
                let mut found = Vec::new();
                self.leaf_places(*leaf, most, &mut |place| found.push(Receipt { leaf: number, place }));
                return found;
            }
            Clause::Count(count) => self.covers_any(&count.operand, most),
            Clause::Any(clauses) => self.covers_any(clauses, most),
            Clause::Near(near) => {
                // an occurrence shows no leaf
                let places = self.near_covers(near, most);
                places.into_iter().map(|place| Receipt { leaf: u32::MAX, place }).collect()
            }
            _ => {
                let mut evidence = Evidence::default();
                self.collect(clause, &mut evidence);
                let mut firsts = Vec::with_capacity(evidence.items.len());
                for item in evidence.items.iter().take(most as usize) {
                    let part = self.part(item);
                    firsts.push(self.outcome.receipts[part.start as usize]);
                }
                return firsts;
            }
        };
        let mut seen: HashSet<Place, ahash::RandomState> = HashSet::default();
        found.retain(|receipt| seen.insert(receipt.place));
        found.sort_by_key(|receipt| in_article(receipt.place));
        found.truncate(most as usize);
        found
    }

    fn covers_any(&mut self, clauses: &[Clause], most: u32) -> Vec<Receipt> {
        let mut found = Vec::new();
        for part in clauses {
            if self.evaluator.holds(part) {
                found.extend(self.covers(part, most));
            }
        }
        found
    }
}

/// Order places: title, text, then metadata.
fn in_article(place: Place) -> (u32, u32, u32) {
    match place {
        Place::Title(start, end) => (0, start, end),
        Place::Text(start, end) => (1, start, end),
        Place::Meta(..) | Place::Number(_) => (2, 0, 0),
    }
}

fn place(field: TextField, start: u32, end: u32) -> Place {
    match field {
        TextField::Title => Place::Title(start, end),
        TextField::Text => Place::Text(start, end),
    }
}
