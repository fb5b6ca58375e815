//! Which patterns of topic packs an article satisfies, and where. The twin of `presswatch/core/hits.py`.

use super::scoring::Place;
use crate::document::Document;
use crate::engine::Matcher;
use crate::engine::outcome::{self, Receipt};
use crate::rules::model::Node;

/// Occurrences of one pattern that are looked at.
const MAX_PLACES: u32 = 60;

/// What is looked for: a clause of a pattern that has places, and perhaps a condition under which they count.
#[derive(Debug)]
pub struct Part {
    /// Which pack it is of, and which idea there.
    pub pack: usize,
    pub idea: u32,
    pub weight: f64,
    /// Whether the clause joins others, so that its occurrences are those of its leaves.
    pub joins: bool,
    /// The same for parts whose places are shown as those of one pattern.
    pub shown_as: u32,
    pub conditional: bool,
}

/// A slice of title or text: code points, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    pub in_title: bool,
    pub start: u32,
    pub end: u32,
}

/// A part that is satisfied and its spots, at least one, in order. `split`: they are one occurrence.
#[derive(Debug, Clone)]
pub struct Hit {
    pub part: usize,
    pub spots: Vec<Spot>,
    pub split: bool,
}

/// What an article has of a pack: its hits, without what a trap voids, and the spots of the traps.
#[derive(Debug, Default)]
pub struct Finds {
    pub hits: Vec<Hit>,
    pub traps: Vec<Spot>,
}

/// The patterns of all packs in one language, in one matcher.
#[derive(Debug, Default)]
pub struct Finder {
    matcher: Matcher,
    parts: Vec<Part>,
}

impl Finder {
    /// Add a part.
    pub fn add(&mut self, part: Part, clause: Node, condition: Option<Node>) {
        let name = name(self.parts.len());
        if let Some(condition) = condition {
            self.matcher.add(&format!("{name}?"), "", condition);
        }
        self.matcher.add(&name, "", clause);
        self.parts.push(part);
    }

    /// The parts, by the number that a hit has.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What a document satisfies of each of so many packs.
    pub fn find(&self, document: &Document, packs: usize) -> Vec<Finds> {
        let mut finds: Vec<Finds> = (0..packs).map(|_| Finds::default()).collect();
        let mut waiting: Option<(usize, Hit)> = None;
        // by name, so a condition comes right after what hangs on it
        let is_place = |name: &str| !name.ends_with('?');
        self.matcher.cover(document, MAX_PLACES, is_place, |name, places| {
            if let Some(name) = name.strip_suffix('?') {
                if let Some((number, hit)) = waiting.take()
                    && name.parse() == Ok(number)
                {
                    finds[self.parts[number].pack].hits.push(hit);
                }
                return;
            }
            waiting = None;
            let Ok(number) = name.parse::<usize>() else { return };
            let Some(hit) = self.hit(number, places) else { return };
            if self.parts[number].conditional {
                waiting = Some((number, hit));
            } else {
                finds[self.parts[number].pack].hits.push(hit);
            }
        });
        for each in &mut finds {
            self.spring(each);
        }
        finds
    }

    fn hit(&self, number: usize, places: &[Receipt]) -> Option<Hit> {
        let mut spots: Vec<Spot> = places.iter().filter_map(|receipt| spot(receipt.place)).collect();
        let first = *spots.first()?;
        if !self.parts[number].joins {
            return Some(Hit { part: number, spots, split: false });
        }
        if spots.iter().any(|spot| spot.in_title != first.in_title) {
            return Some(Hit { part: number, spots, split: true });
        }
        let whole = spots.iter().fold(first, |whole, spot| Spot {
            start: whole.start.min(spot.start),
            end: whole.end.max(spot.end),
            ..whole
        });
        spots.clear();
        spots.push(whole);
        Some(Hit { part: number, spots, split: false })
    }

    /// Leave out positive spots that lie within a spot of a pattern that is not positive, and patterns without a spot.
    fn spring(&self, finds: &mut Finds) {
        let parts = &self.parts;
        let traps = finds.hits.iter().filter(|hit| parts[hit.part].weight <= 0.0 && !hit.split);
        finds.traps = traps.flat_map(|hit| hit.spots.iter().copied()).collect();
        if finds.traps.is_empty() {
            return;
        }
        let traps = &finds.traps;
        finds.hits.retain_mut(|hit| {
            let weight = parts[hit.part].weight;
            if weight <= 0.0 {
                return weight < 0.0;
            }
            let whole = hit.spots.len();
            hit.spots.retain(|spot| !traps.iter().any(|trap| spot.is_within(*trap)));
            hit.spots.len() == whole || !(hit.spots.is_empty() || hit.split)
        });
    }
}

impl Spot {
    fn is_within(self, trap: Self) -> bool {
        self.in_title == trap.in_title && trap.start <= self.start && self.end <= trap.end
    }

    /// Between which tokens it lies.
    pub fn place(self, document: &Document) -> Place {
        let field = if self.in_title { &document.title } else { &document.text };
        let (first, end) = field.tokens.within(self.start, self.end);
        Place { in_title: self.in_title, start: first as u32, end: end.max(first + 1) as u32 }
    }

    /// The same spot in the text.
    #[must_use]
    pub fn in_text(self) -> Self {
        Self { in_title: false, ..self }
    }
}

fn spot(place: outcome::Place) -> Option<Spot> {
    match place {
        outcome::Place::Title(start, end) => Some(Spot { in_title: true, start, end }),
        outcome::Place::Text(start, end) => Some(Spot { in_title: false, start, end }),
        _ => None,
    }
}

/// Rules are found in the order of their names.
fn name(number: usize) -> String {
    format!("{number:06}")
}
