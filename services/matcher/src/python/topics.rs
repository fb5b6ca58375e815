//! Topics for Python: what packs know of one language in, verdicts out, whose receipts become objects when somebody asks.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use super::document::PyDocument;
use super::places::{named, slice};
use super::text::read;
use super::tree::node;
use crate::topics::hits::{Finder, Hit, Part, Spot};
use crate::topics::judge::{Learned, Topic};
use crate::topics::learned::{Moved, Table};
use crate::topics::scoring::{Calibration, Scoring, rounded};
use crate::topics::{self, Verdict};

/// Occurrences of one pattern that a tag shows.
const MAX_EVIDENCE: usize = 5;

static HIT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static SPOT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static MOVED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Says what packs make of articles in one language; with the methods of `presswatch.core.judging.Judge`.
#[pyclass(frozen, module = "presswatch_matcher")]
pub struct Judge {
    inner: Arc<Named>,
}

/// A judge, and what Python calls its topics and parts.
struct Named {
    judge: topics::Judge,
    names: Vec<Py<PyAny>>,
    /// For each part its pattern, and that as it is written.
    patterns: Vec<(Py<PyAny>, Py<PyAny>)>,
}

#[pymethods]
impl Judge {
    /// Take over what packs know of a language, a `presswatch.core.judging.Language`.
    #[new]
    fn new(language: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut names = Vec::new();
        let mut topics = Vec::new();
        let lang = language.getattr("lang")?;
        let parts: Vec<Bound<'_, PyAny>> = language.getattr("learned")?.extract()?;
        for pack in language.getattr("packs")?.try_iter()? {
            let pack = pack?;
            let part = parts.iter().position(|part| pack.getattr("learned").is_ok_and(|learned| learned.is(part)));
            topics.push(Topic {
                has_patterns: pack.getattr("with_patterns")?.contains(&lang)?,
                threshold: pack.getattr("threshold")?.extract()?,
                learned: part.map(|at| learned(&parts[at], at, &lang)).transpose()?,
            });
            names.push(pack.getattr("topic")?.unbind());
        }
        let mut finder = Finder::default();
        let mut patterns: Vec<(Py<PyAny>, Py<PyAny>)> = Vec::new();
        let mut shown: Vec<(usize, u32, String)> = Vec::new();
        for part in language.getattr("parts")?.try_iter()? {
            let part = part?;
            let pattern = part.getattr("pattern")?;
            let written = pattern.getattr("match")?;
            let (pack, idea) = (part.getattr("pack")?.extract()?, pattern.getattr("idea")?.extract()?);
            let as_shown = (pack, idea, read(written.cast::<PyString>()?)?.into_owned());
            let known = shown.iter().rposition(|known| *known == as_shown);
            let shown_as = known.unwrap_or(shown.len()) as u32;
            shown.push(as_shown);
            let condition = part.getattr("condition")?;
            let condition = if condition.is_none() { None } else { Some(node(&condition)?) };
            let (weight, joins) = (pattern.getattr("weight")?.extract()?, part.getattr("joins")?.extract()?);
            let conditional = condition.is_some();
            let part_of = Part { pack, idea, weight, joins, shown_as, conditional };
            finder.add(part_of, node(&part.getattr("clause")?)?, condition);
            patterns.push((pattern.unbind(), written.unbind()));
        }
        let scale = language.getattr("scale")?.extract()?;
        let scoring = scoring(&language.getattr("scoring")?)?;
        let table = table(&parts, &lang)?;
        let judge = topics::Judge { topics, finder, table, scoring, scale, rooms: Mutex::default() };
        Ok(Self { inner: Arc::new(Named { judge, names, patterns }) })
    }

    /// What each pack says of an article.
    fn judge(&self, document: &Bound<'_, PyAny>) -> PyResult<Vec<PyVerdict>> {
        let py = document.py();
        let document = PyDocument::native(document)?;
        let (judge, inner) = (&self.inner.judge, &document.get().inner);
        let verdicts = py.detach(|| judge.judge(inner)).into_iter();
        Ok(verdicts
            .map(|inner| PyVerdict { inner, judge: Arc::clone(&self.inner), document: document.clone_ref(py) })
            .collect())
    }

    /// By topic the evidence of the patterns alone.
    fn evidence<'py>(&self, document: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
        let py = document.py();
        let document = PyDocument::native(document)?;
        let (judge, inner) = (&self.inner.judge, &document.get().inner);
        let found = PyDict::new(py);
        for (topic, evidence) in py.detach(|| judge.evidence(inner)) {
            found.set_item(&self.inner.names[topic], evidence)?;
        }
        Ok(found)
    }
}

/// What a pack says of an article, with the attributes of `presswatch.core.judging.Verdict`.
#[pyclass(frozen, module = "presswatch_matcher", name = "Verdict")]
pub struct PyVerdict {
    inner: Verdict,
    judge: Arc<Named>,
    document: Py<PyDocument>,
}

#[pymethods]
impl PyVerdict {
    #[getter]
    fn topic(&self, py: Python<'_>) -> Py<PyAny> {
        self.judge.names[self.inner.topic].clone_ref(py)
    }

    #[getter]
    fn score(&self) -> f64 {
        self.inner.score
    }

    #[getter]
    fn threshold(&self) -> f64 {
        self.inner.threshold
    }

    #[getter]
    fn tagged(&self) -> bool {
        self.inner.is_tag()
    }

    /// The patterns that are satisfied, with their places: `presswatch.core.hits.Hit`s.
    #[getter]
    fn hits<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let (hit_class, spot_class) =
            (HIT.import(py, "presswatch.core.hits", "Hit")?, SPOT.import(py, "presswatch.core.hits", "Spot")?);
        let hits = self.inner.hits.iter().map(|hit| {
            let spots = hit.spots.iter().map(|&spot| {
                let (field, start, end, quote) = self.shown(py, spot)?;
                named(py, spot_class, (field, start, end, quote).into_pyobject(py)?)
            });
            let spots = PyList::new(py, spots.collect::<PyResult<Vec<_>>>()?)?;
            let pattern = &self.judge.patterns[hit.part].0;
            named(py, hit_class, (pattern, spots, hit.split).into_pyobject(py)?)
        });
        PyList::new(py, hits.collect::<PyResult<Vec<_>>>()?)
    }

    /// The learned words that speak for the topic, if it is tagged: `presswatch.core.learned.Moved`.
    #[getter]
    fn words<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let class = MOVED.import(py, "presswatch.core.learned", "Moved")?;
        let words = self.inner.words.iter().map(|moved| {
            let words = match &moved.second {
                Some(second) => PyTuple::new(py, [moved.first.as_str(), second.as_str()])?,
                None => PyTuple::new(py, [moved.first.as_str()])?,
            };
            named(py, class, (words, moved.weight).into_pyobject(py)?)
        });
        PyList::new(py, words.collect::<PyResult<Vec<_>>>()?)
    }

    /// The evidence of a tag, as on the wire.
    fn evidence<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let shown = PyList::empty(py);
        let parts = self.judge.judge.finder.parts();
        let mut hits: Vec<&Hit> = self.inner.hits.iter().collect();
        hits.sort_by(|left, right| {
            parts[right.part].weight.partial_cmp(&parts[left.part].weight).unwrap_or(Ordering::Equal)
        });
        let mut counts: Vec<(u32, usize)> = Vec::new();
        for hit in hits {
            let part = &parts[hit.part];
            let at = counts.iter().position(|&(known, _)| known == part.shown_as).unwrap_or_else(|| {
                counts.push((part.shown_as, 0));
                counts.len() - 1
            });
            for (rank, &spot) in hit.spots.iter().enumerate() {
                counts[at].1 += 1;
                if counts[at].1 <= MAX_EVIDENCE {
                    let weight = if hit.split && rank > 0 { 0.0 } else { part.weight };
                    shown.append(self.entry(py, self.judge.patterns[hit.part].1.bind(py), spot, weight)?)?;
                }
            }
        }
        for &(word, spot) in &self.inner.places {
            let moved: &Moved = &self.inner.words[word];
            let name = match &moved.second {
                Some(second) => format!("model:{} {second}", moved.first),
                None => format!("model:{}", moved.first),
            };
            shown.append(self.entry(py, PyString::new(py, &name).as_any(), spot, rounded(moved.weight))?)?;
        }
        Ok(shown)
    }
}

impl PyVerdict {
    fn entry<'py>(
        &self,
        py: Python<'py>,
        pattern: &Bound<'py, PyAny>,
        spot: Spot,
        weight: f64,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (field, start, end, quote) = self.shown(py, spot)?;
        let entry = PyDict::new(py);
        entry.set_item(intern!(py, "pattern"), pattern)?;
        entry.set_item(intern!(py, "field"), field)?;
        entry.set_item(intern!(py, "start"), start)?;
        entry.set_item(intern!(py, "end"), end)?;
        entry.set_item(intern!(py, "quote"), quote)?;
        entry.set_item(intern!(py, "weight"), weight)?;
        Ok(entry)
    }

    fn shown<'py>(&self, py: Python<'py>, spot: Spot) -> PyResult<(Bound<'py, PyString>, u32, u32, Bound<'py, PyAny>)> {
        let (field, quote) = slice(py, self.document.get(), usize::from(!spot.in_title), spot.start, spot.end)?;
        Ok((field, spot.start, spot.end, quote))
    }
}

fn learned(part: &Bound<'_, PyAny>, at: usize, lang: &Bound<'_, PyAny>) -> PyResult<Learned> {
    Ok(Learned {
        part: at as u32,
        model: calibration(&part.getattr("model")?)?,
        patterns: calibration(&part.getattr("patterns")?)?,
        reach: part.getattr("reach")?.get_item(lang)?.extract()?,
        threshold: part.call_method1("threshold", (lang,))?.extract()?,
    })
}

fn calibration(found: &Bound<'_, PyAny>) -> PyResult<Calibration> {
    Ok(Calibration {
        slope: found.getattr("slope")?.extract()?,
        length: found.getattr("length")?.extract()?,
        intercept: found.getattr("intercept")?.extract()?,
    })
}

fn scoring(found: &Bound<'_, PyAny>) -> PyResult<Scoring> {
    let number = |name: &str| found.getattr(name)?.extract::<f64>();
    Ok(Scoring {
        repeat: number("repeat")?,
        lead_words: number("lead_words")?,
        lead: number("lead")?,
        body: number("body")?,
        body_words: number("body_words")?,
        body_fade: number("body_fade")?,
        passage_words: number("passage_words")?,
        passage: number("passage")?,
        passage_fade: number("passage_fade")?,
    })
}

/// The weights of some learned parts in one language: those of its own, and those that all languages share.
fn table(parts: &[Bound<'_, PyAny>], lang: &Bound<'_, PyAny>) -> PyResult<Table> {
    let mut bias = Vec::new();
    let mut features: HashMap<String, Vec<(u32, f64)>> = HashMap::new();
    for (at, part) in (0..).zip(parts) {
        bias.push(part.getattr("bias")?.get_item(lang)?.extract()?);
        let own: HashMap<String, f64> = part.getattr("weights")?.get_item(lang)?.extract()?;
        let mut shared: HashMap<String, f64> = part.getattr("shared")?.extract()?;
        for (name, weight) in own {
            let shared = shared.remove(&name).unwrap_or(0.0);
            features.entry(name).or_default().push((at, weight + shared));
        }
        for (name, weight) in shared {
            features.entry(name).or_default().push((at, weight));
        }
    }
    Ok(Table::new(bias, features))
}
