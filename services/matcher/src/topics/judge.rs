//! What packs say of an article in one language. The twin of `presswatch/core/judging.py`.

use parking_lot::Mutex;

use super::hits::{Finder, Finds, Hit, Spot};
use super::learned::{Counts, Moved, Room, Table, Void};
use super::scoring::{Calibration, Idea, Length, Scoring, bent, drop_overlap, evidence, rounded, score};
use crate::document::Document;

/// Learned words that a tag shows, those that moved the score most.
const MAX_WORDS: usize = 8;
/// Occurrences of one learned word that a tag shows.
const MAX_WORD_PLACES: usize = 3;
/// A learned word that adds less to the sum is not shown, and is no evidence.
const LEAST_MOVE: f64 = 0.05;
/// Least score of a tag on learned words alone, in a language that has patterns.
const ALONE: f64 = 0.5;
/// A text of at most so many words of English, without a title, is a headline.
const HEADLINE_WORDS: f64 = 30.0;

/// A topic in one language.
#[derive(Debug)]
pub struct Topic {
    pub has_patterns: bool,
    /// Least score of a tag where nothing was learned.
    pub threshold: f64,
    pub learned: Option<Learned>,
}

/// What was learned of a topic, but for the weights.
#[derive(Debug)]
pub struct Learned {
    /// Which part of the table it is.
    pub part: u32,
    pub model: Calibration,
    pub patterns: Calibration,
    /// Words up to which it was trained; in longer articles it counts less.
    pub reach: f64,
    /// Least score of a tag.
    pub threshold: f64,
}

/// What a topic says of an article, below its threshold too.
#[derive(Debug)]
pub struct Verdict {
    /// Which of [`Judge::topics`].
    pub topic: usize,
    pub score: f64,
    pub threshold: f64,
    pub hits: Vec<Hit>,
    /// Learned words that speak for it, the most first; looked up only if the score is enough.
    pub words: Vec<Moved>,
    /// Where they stand: which of the words, and the slice.
    pub places: Vec<(usize, Spot)>,
}

impl Verdict {
    /// Whether it is enough for a tag.
    pub fn is_tag(&self) -> bool {
        self.score >= self.threshold
    }
}

/// All that the packs know in one language.
#[derive(Debug)]
pub struct Judge {
    pub topics: Vec<Topic>,
    pub finder: Finder,
    pub table: Table,
    pub scoring: Scoring,
    /// Tokens that say what one word says in English.
    pub scale: f64,
    pub rooms: Mutex<Vec<Room>>,
}

/// An article that is judged.
struct Case<'a> {
    document: &'a Document,
    length: Length,
    room: Room,
    counts: Counts,
    totals: Vec<f64>,
}

impl Judge {
    /// Return what every topic says of an article.
    pub fn judge(&self, document: &Document) -> Vec<Verdict> {
        let length = self.length(document);
        let finds = self.finds(document, length);
        let mut room = self.rooms.lock().pop().unwrap_or_default();
        let (counts, totals) = if self.table.parts() == 0 {
            Default::default()
        } else {
            self.table.read(document, &mut room);
            let counts = self.table.count(&mut room, None);
            let totals = self.table.totals(&counts);
            (counts, totals)
        };
        let mut case = Case { document, length, room, counts, totals };
        let judged = finds.into_iter().enumerate().map(|(topic, finds)| self.verdict(topic, finds, &mut case));
        let verdicts = judged.collect();
        case.room.shrink();
        self.rooms.lock().push(case.room);
        verdicts
    }

    /// Return for each topic that has patterns its evidence.
    pub fn evidence(&self, document: &Document) -> Vec<(usize, f64)> {
        let length = self.length(document);
        let finds = self.finds(document, length).into_iter().enumerate();
        let with_patterns = finds.filter(|&(topic, _)| self.topics[topic].has_patterns);
        with_patterns.map(|(topic, finds)| (topic, self.evidence_of(&finds.hits, document, length))).collect()
    }

    fn verdict(&self, topic: usize, finds: Finds, case: &mut Case<'_>) -> Verdict {
        let Topic { has_patterns, threshold, ref learned } = self.topics[topic];
        let Finds { hits, traps } = finds;
        let evidence = has_patterns.then(|| self.evidence_of(&hits, case.document, case.length));
        let mut verdict = Verdict { topic, score: 0.0, threshold, hits, words: Vec::new(), places: Vec::new() };
        let Some(learned) = learned else {
            verdict.score = score(evidence.unwrap_or(0.0));
            return verdict;
        };
        let void = if traps.is_empty() { None } else { Some(void(&traps, case.document)) };
        let without = void.as_ref().map(|void| self.table.count(&mut case.room, Some(void)));
        let total = without.as_ref().map(|counts| self.table.totals(counts)[learned.part as usize]);
        verdict.score =
            learned.score(evidence, total.unwrap_or_else(|| case.totals[learned.part as usize]), case.length);
        verdict.threshold = learned.threshold;
        let is_spoken_for = verdict.hits.iter().any(|hit| self.finder.parts()[hit.part].weight > 0.0);
        if has_patterns && !is_spoken_for && ALONE > verdict.threshold {
            verdict.threshold = ALONE;
        }
        if verdict.is_tag() {
            let counts = without.as_ref().unwrap_or(&case.counts);
            verdict.words = self.table.moved(learned.part, counts, &case.room, LEAST_MOVE, MAX_WORDS);
            verdict.places = places(&verdict.words, case, void.as_ref());
            if verdict.words.is_empty() && !is_spoken_for {
                verdict.score = 0.0;
            }
        }
        verdict
    }

    fn length(&self, document: &Document) -> Length {
        Length { title: document.title.tokens.len(), text: document.text.tokens.len(), scale: self.scale }
    }

    /// What an article has of each topic's patterns; in a text that is a headline titles are looked for too.
    fn finds(&self, document: &Document, length: Length) -> Vec<Finds> {
        let topics = self.topics.len();
        if length.title > 0 || length.text == 0 || length.words() > HEADLINE_WORDS {
            return self.finder.find(document, topics);
        }
        let headline = Document { title: document.text.clone(), ..Document::default() };
        let mut finds = self.finder.find(&headline, topics);
        for Finds { hits, traps } in &mut finds {
            for spot in hits.iter_mut().flat_map(|hit| &mut hit.spots).chain(traps) {
                *spot = spot.in_text();
            }
        }
        finds
    }

    fn evidence_of(&self, hits: &[Hit], document: &Document, length: Length) -> f64 {
        let mut ideas: Vec<Idea> = Vec::new();
        for hit in hits {
            let part = &self.finder.parts()[hit.part];
            let known = ideas.iter().position(|idea| idea.number == part.idea).unwrap_or_else(|| {
                ideas.push(Idea { number: part.idea, ..Idea::default() });
                ideas.len() - 1
            });
            let idea = &mut ideas[known];
            idea.weight = part.weight;
            let counted = if hit.split { &hit.spots[..1] } else { &hit.spots };
            idea.places.extend(counted.iter().map(|spot| spot.place(document)));
        }
        for idea in &mut ideas {
            drop_overlap(&mut idea.places);
        }
        evidence(&ideas, length, &self.scoring)
    }
}

impl Learned {
    /// The score of a topic that has a learned part, to three decimals: the twin of `scoring.combined`.
    fn score(&self, evidence: Option<f64>, total: f64, length: Length) -> f64 {
        let size = length.words();
        let by_words = self.model.probability(total, size);
        let Some(evidence) = evidence else { return rounded(by_words) };
        let reached = self.reach / if 1.0 > size { 1.0 } else { size };
        let share = 0.5 * if reached < 1.0 { reached } else { 1.0 };
        rounded((1.0 - share) * self.patterns.probability(bent(evidence), size) + share * by_words)
    }
}

/// The positions of the tokens that lie in traps.
fn void(traps: &[Spot], document: &Document) -> Void {
    let mut void = [vec![false; document.title.tokens.len()], vec![false; document.text.tokens.len()]];
    for trap in traps {
        let place = trap.place(document);
        let field = &mut void[usize::from(!place.in_title)];
        let (start, end) = (place.start as usize, (place.end as usize).min(field.len()));
        field.get_mut(start..end).unwrap_or_default().fill(true);
    }
    void
}

fn places(words: &[Moved], case: &Case<'_>, void: Option<&Void>) -> Vec<(usize, Spot)> {
    let mut places = Vec::new();
    case.room.places(words, MAX_WORD_PLACES, void, |word, field, first, last| {
        let tokens = if field == 0 { &case.document.title.tokens } else { &case.document.text.tokens };
        places.push((word, Spot { in_title: field == 0, start: tokens.place(first).0, end: tokens.place(last).1 }));
    });
    places.sort_by_key(|&(word, _)| word);
    places
}
