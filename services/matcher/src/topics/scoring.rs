//! The score of a topic: from places in an article to a number from 0 to 1. The twin of `presswatch/core/scoring.py` and of the
//! calibrations of `presswatch/core/learned.py`: the same operations in the same order, so the same bits.

use std::collections::VecDeque;
use std::hint::black_box;

const LEAST_WORDS: f64 = 5.0;
const MOST_WORDS: f64 = 1000.0;

/// Where an idea occurs: whether in the title, and between which tokens of that field (end exclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub in_title: bool,
    pub start: u32,
    pub end: u32,
}

/// A weight and the places, title first, in order and without overlap.
#[derive(Debug, Clone, Default)]
pub struct Idea {
    pub number: u32,
    pub weight: f64,
    pub places: Vec<Place>,
}

/// How long an article is, in tokens, and how many tokens of its language say what one word says in English.
#[derive(Debug, Clone, Copy)]
pub struct Length {
    pub title: usize,
    pub text: usize,
    pub scale: f64,
}

impl Length {
    /// The length in words of English.
    pub fn words(self) -> f64 {
        (self.title + self.text) as f64 / self.scale
    }

    fn fade(self, words: f64, exponent: f64) -> f64 {
        let share = words * self.scale / self.text.max(1) as f64;
        // opaque, or the compiler may take another function for some exponents
        black_box(if share < 1.0 { share } else { 1.0 }).powf(black_box(exponent))
    }
}

/// The constants of the score, as of `presswatch.core.scoring.Scoring`.
#[derive(Debug, Clone, Copy)]
pub struct Scoring {
    pub repeat: f64,
    pub lead_words: f64,
    pub lead: f64,
    pub body: f64,
    pub body_words: f64,
    pub body_fade: f64,
    pub passage_words: f64,
    pub passage: f64,
    pub passage_fade: f64,
}

/// Makes a probability of a raw number: logistic in the number and in the logarithm of the length in words.
#[derive(Debug, Clone, Copy)]
pub struct Calibration {
    pub slope: f64,
    pub length: f64,
    pub intercept: f64,
}

impl Calibration {
    /// The probability for an article of so many words.
    pub fn probability(self, number: f64, words: f64) -> f64 {
        let words = if LEAST_WORDS > words { LEAST_WORDS } else { words };
        let length = (if MOST_WORDS < words { MOST_WORDS } else { words }).ln();
        logistic(self.slope * number + self.length * length + self.intercept)
    }
}

fn logistic(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

/// Evidence of patterns as its calibration takes it.
pub fn bent(evidence: f64) -> f64 {
    if evidence > 0.0 { evidence.sqrt().min(2.0) } else { -(-evidence).sqrt().min(1.0) }
}

/// The score of that much evidence, to three decimals.
pub fn score(evidence: f64) -> f64 {
    // opaque, or the compiler takes exp2, whose last bit may differ from that of pow
    if evidence > 0.0 { rounded(1.0 - black_box(2.0_f64).powf(-evidence)) } else { 0.0 }
}

/// A number to three decimals, as Python rounds it: exactly, halves to even.
pub fn rounded(x: f64) -> f64 {
    const SURE: f64 = 0.499_999;
    let scaled = x * 1000.0;
    let nearest = scaled.round();
    if (scaled - nearest).abs() < SURE && nearest.abs() < 1e12 {
        return nearest / 1000.0;
    }
    format!("{x:.3}").parse().unwrap_or(x)
}

/// The evidence that an article holds: of all of it, or of its densest passage if that is more.
pub fn evidence(ideas: &[Idea], length: Length, scoring: &Scoring) -> f64 {
    let all = of_all(ideas, length, scoring);
    let passage = of_passage(ideas, length, scoring);
    if passage > all { passage } else { all }
}

/// Put places in order, title first; of those that overlap keep only the first, and of those the longest.
pub fn drop_overlap(places: &mut Vec<Place>) {
    places.sort_by_key(|place| (!place.in_title, place.start, std::cmp::Reverse(place.end)));
    let mut last: Option<Place> = None;
    places.retain(|&place| {
        let free = last.is_none_or(|last| last.in_title != place.in_title || place.start >= last.end);
        if free {
            last = Some(place);
        }
        free
    });
}

fn of_all(ideas: &[Idea], length: Length, scoring: &Scoring) -> f64 {
    let body = scoring.body * length.fade(scoring.body_words, scoring.body_fade);
    let lead = if length.title > 0 { scoring.lead } else { 1.0 };
    let lead = if lead > body { lead } else { body };
    let mut total = 0.0;
    let mut worth: Vec<f64> = Vec::new();
    for idea in ideas {
        worth.clear();
        worth.extend(idea.places.iter().map(|place| {
            if place.in_title {
                1.0
            } else if f64::from(place.start) < scoring.lead_words * length.scale {
                lead
            } else {
                body
            }
        }));
        worth.sort_by(|left, right| right.total_cmp(left));
        let mut sum = 0.0;
        for (rank, value) in worth.iter().enumerate() {
            sum += value * scoring.repeat.powf(rank as f64);
        }
        total += idea.weight * sum;
    }
    total
}

fn of_passage(ideas: &[Idea], length: Length, scoring: &Scoring) -> f64 {
    let span = scoring.passage_words * length.scale;
    let mut places: Vec<(u32, usize)> = Vec::new();
    for (number, idea) in ideas.iter().enumerate() {
        places.extend(idea.places.iter().filter(|place| !place.in_title).map(|place| (place.start, number)));
    }
    places.sort_unstable();
    let mut held: VecDeque<(u32, usize)> = VecDeque::new();
    let mut ranks: Vec<u32> = vec![0; ideas.len()];
    let mut best = 0.0;
    for place in places {
        held.push_back(place);
        while f64::from(place.0 - held[0].0) > span {
            held.pop_front();
        }
        let mut total = 0.0;
        for &(_, number) in &held {
            total += ideas[number].weight * scoring.repeat.powf(f64::from(ranks[number]));
            ranks[number] += 1;
        }
        for &(_, number) in &held {
            ranks[number] = 0;
        }
        if total > best {
            best = total;
        }
    }
    best * scoring.passage * length.fade(scoring.body_words, scoring.passage_fade)
}

#[cfg(test)]
mod tests {
    use super::{Place, drop_overlap, rounded};

    #[test]
    fn numbers_are_rounded_as_python_rounds_them() {
        // halves that a double holds go to the even neighbour; what only looks like a half goes where it lies
        for (x, wanted) in
            [(0.0625, 0.062), (0.1875, 0.188), (0.3125, 0.312), (2.0005, 2.001), (1.0005, 1.0), (0.0, 0.0)]
        {
            assert_eq!(rounded(x).to_bits(), f64::to_bits(wanted), "{x}");
        }
    }

    #[test]
    fn of_places_that_overlap_the_first_and_longest_is_kept() {
        let place = |in_title, start, end| Place { in_title, start, end };
        let mut places =
            vec![place(false, 3, 4), place(false, 0, 1), place(false, 0, 2), place(true, 3, 4), place(false, 1, 3)];
        drop_overlap(&mut places);
        assert_eq!(places, [place(true, 3, 4), place(false, 0, 2), place(false, 3, 4)]);
    }
}
