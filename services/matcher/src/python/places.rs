//! Receipts and occurrences as Python objects: each receipt once, however many rules of a document share it.

use std::ops::Range;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyFloat, PySlice, PyString, PyTuple};

use super::document::PyDocument;
use crate::document::META_NAMES;
use crate::engine::Outcome;
use crate::engine::outcome::{Found, PUBLISHED, Part, Place, Receipt, SCORES, WORDS};

static RECEIPT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static OCCURRENCE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static NEW_TUPLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// What a document satisfies, and the document that it points into.
pub struct Places {
    pub outcome: Outcome,
    document: Py<PyDocument>,
    made: PyOnceLock<Box<[PyOnceLock<Py<PyAny>>]>>,
}

type Shown<'py> = (Bound<'py, PyString>, Option<u32>, Option<u32>, Bound<'py, PyAny>);

impl Places {
    pub fn new(outcome: Outcome, document: Py<PyDocument>) -> Self {
        Self { outcome, document, made: PyOnceLock::new() }
    }

    /// Receipts, `presswatch.core.rules.reading.Receipt`s.
    pub fn receipts<'py>(&self, py: Python<'py>, parts: &Part) -> PyResult<Bound<'py, PyTuple>> {
        let class = RECEIPT.import(py, "presswatch.core.rules.reading", "Receipt")?;
        let made = self.made.get_or_init(py, || (0..self.outcome.receipts.len()).map(|_| PyOnceLock::new()).collect());
        let one = |at: usize| {
            let receipt = made[at].get_or_try_init(py, || {
                let receipt = &self.outcome.receipts[at];
                let (field, start, end, quote) = self.shown(py, receipt)?;
                let leaf = self.outcome.leaves[receipt.leaf as usize].as_str();
                named(py, class, (leaf, field, start, end, quote).into_pyobject(py)?).map(Bound::unbind)
            })?;
            PyResult::Ok(receipt.clone_ref(py))
        };
        let parts = &self.outcome.parts[range(parts)];
        let receipts: Vec<_> = parts.iter().flat_map(range).map(one).collect::<PyResult<_>>()?;
        PyTuple::new(py, receipts)
    }

    /// How many receipts there are in some parts.
    pub fn count(&self, parts: &Part) -> usize {
        self.outcome.parts[range(parts)].iter().map(ExactSizeIterator::len).sum()
    }

    /// The slices that cover a rule, `presswatch.core.rules.reading.Occurrence`s.
    pub fn occurrences<'py>(&self, py: Python<'py>, found: &Found) -> PyResult<Bound<'py, PyTuple>> {
        let class = OCCURRENCE.import(py, "presswatch.core.rules.reading", "Occurrence")?;
        let places = self.outcome.occurrences[range(&found.occurrences)].iter();
        let occurrences = places.map(|place| named(py, class, self.shown(py, place)?.into_pyobject(py)?));
        PyTuple::new(py, occurrences.collect::<PyResult<Vec<_>>>()?)
    }

    /// A place as Python shows it: field, start, end and quote.
    fn shown<'py>(&self, py: Python<'py>, receipt: &Receipt) -> PyResult<Shown<'py>> {
        let document = self.document.get();
        let slice = |field: usize, start: u32, end: u32| {
            let (name, quote) = slice(py, document, field, start, end)?;
            PyResult::Ok((name, Some(start), Some(end), quote))
        };
        match receipt.place {
            Place::Title(start, end) => slice(0, start, end),
            Place::Text(start, end) => slice(1, start, end),
            Place::Meta(name, value) => {
                let written = &document.inner.meta[name as usize][value as usize].written;
                Ok((PyString::new(py, META_NAMES[name as usize]), None, None, PyString::new(py, written).into_any()))
            }
            Place::Number(number) => self.number(py, number),
        }
    }

    fn number<'py>(&self, py: Python<'py>, which: u32) -> PyResult<Shown<'py>> {
        let document = &self.document.get().inner;
        let (name, number) = match which {
            PUBLISHED => {
                let written = document.published_written.as_deref();
                return Ok((PyString::new(py, "published"), None, None, written.into_pyobject(py)?));
            }
            WORDS => (PyString::new(py, "words"), document.words()),
            score => {
                let (topic, score) = &document.scores[(score - SCORES) as usize];
                (PyString::new(py, &format!("score.{topic}")), *score)
            }
        };
        Ok((name, None, None, shortest(py, number)?.into_any()))
    }
}

/// The name of a field (0: title, 1: text), and a slice of it in code points.
pub fn slice<'py>(
    py: Python<'py>,
    document: &PyDocument,
    field: usize,
    start: u32,
    end: u32,
) -> PyResult<(Bound<'py, PyString>, Bound<'py, PyAny>)> {
    let name = if field == 0 { intern!(py, "title") } else { intern!(py, "text") };
    let quote = if document.ascii[field] {
        let text = if field == 0 { &document.inner.title } else { &document.inner.text };
        PyString::new(py, &text.original[start as usize..end as usize]).into_any()
    } else {
        document.originals[field].bind(py).get_item(PySlice::new(py, start as isize, end as isize, 1))?
    };
    Ok((name.clone(), quote))
}

/// A named tuple of these values. Its own constructor is written in Python and takes twice as long.
pub fn named<'py>(
    py: Python<'py>,
    class: &Bound<'py, PyAny>,
    values: Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    let new = NEW_TUPLE
        .get_or_try_init(py, || PyResult::Ok(py.get_type::<PyTuple>().getattr(intern!(py, "__new__"))?.unbind()))?;
    new.bind(py).call1((class, values))
}

/// A number as people write it: `f"{number:.15g}"`.
fn shortest(py: Python<'_>, number: f64) -> PyResult<Bound<'_, PyString>> {
    Ok(PyFloat::new(py, number).call_method1("__format__", (".15g",))?.cast_into::<PyString>()?)
}

fn range(part: &Part) -> Range<usize> {
    part.start as usize..part.end as usize
}
