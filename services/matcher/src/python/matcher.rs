//! The matcher for Python: expressions in, matches out, the interpreter free for others while it works.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use pyo3::basic::CompareOp;
use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyFloat, PySlice, PyString, PyTuple};

use super::document::PyDocument;
use super::queries::{self, Batch, ask_python};
use super::text::read;
use super::tree::node;
use crate::document::META_NAMES;
use crate::engine::outcome::{Found, PUBLISHED, Part, Place, Receipt, SCORES, WORDS};
use crate::engine::{self, Index, Outcome};
use crate::rules::{Rejected, parse};

static RECEIPT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static OCCURRENCE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// A set of expressions, to which single ones are added and from which they are removed without a rebuild, while others match.
#[pyclass(frozen, module = "presswatch_matcher")]
pub struct Matcher {
    engine: engine::Matcher,
}

#[pymethods]
impl Matcher {
    #[new]
    #[pyo3(signature = (expressions=None))]
    fn new(expressions: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let matcher = Self { engine: engine::Matcher::default() };
        if let Some(expressions) = expressions {
            for expression in expressions.try_iter()? {
                matcher.add(&expression?)?;
            }
        }
        Ok(matcher)
    }

    fn __len__(&self, py: Python<'_>) -> usize {
        py.detach(|| self.engine.look(Index::len))
    }

    fn __contains__(&self, py: Python<'_>, expression_id: &str) -> bool {
        py.detach(|| self.engine.look(|index| index.contains(expression_id)))
    }

    /// Add an expression; one with the same id is replaced.
    fn add(&self, expression: &Bound<'_, PyAny>) -> PyResult<()> {
        let id: String = expression.getattr("id")?.extract()?;
        let version: String = expression.getattr("version")?.extract()?;
        let tree = node(&expression.getattr("node")?)?;
        expression.py().detach(|| self.engine.add(&id, &version, tree));
        Ok(())
    }

    /// Parse a query and add it under an id; one with the same id is replaced.
    ///
    /// # Errors
    ///
    /// What `presswatch.core.rules.syntax.parse` raises for the query.
    #[pyo3(signature = (id, version, query, lists=None))]
    fn add_query(
        &self,
        id: &str,
        version: &str,
        query: &Bound<'_, PyString>,
        lists: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let py = query.py();
        let named = lists.map(queries::lists).transpose()?;
        let text = read(query)?;
        let tree = match py.detach(|| parse(&text, named.as_ref())) {
            Ok(tree) => tree,
            Err(Rejected) => ask_python(py, &text, lists)?,
        };
        py.detach(|| self.engine.add(id, version, tree));
        Ok(())
    }

    /// Do what `add_query` does for many rules: tuples of id, version, query and lists (a dictionary or None).
    ///
    /// # Errors
    ///
    /// Those of `add_query`; the rules of the same batch, some hundred, are not added then.
    fn add_many(&self, rules: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = rules.py();
        let mut batch = Batch::default();
        let mut rules = rules.try_iter()?;
        loop {
            let rule = rules.next().transpose()?;
            let last = rule.is_none();
            if let Some(rule) = rule {
                batch.take(&rule)?;
            }
            if last || batch.is_full() {
                let read = batch.read(py)?;
                py.detach(|| self.engine.add_all(read));
            }
            if last {
                return Ok(());
            }
        }
    }

    /// Remove an expression.
    ///
    /// # Errors
    ///
    /// `KeyError`: there is none with this id.
    fn remove(&self, py: Python<'_>, expression_id: &str) -> PyResult<()> {
        if py.detach(|| self.engine.remove(expression_id)) {
            Ok(())
        } else {
            Err(PyKeyError::new_err(expression_id.to_owned()))
        }
    }

    /// Tell whether any expression looks at the tags of an article.
    fn asks_for_topics(&self, py: Python<'_>) -> bool {
        py.detach(|| self.engine.look(Index::asks_for_topics))
    }

    /// The expressions that the document satisfies, sorted by id.
    #[pyo3(name = "match", signature = (document, *, cover=false, most=5))]
    fn matches(&self, document: &Bound<'_, PyAny>, cover: bool, most: u32) -> PyResult<Vec<Match>> {
        let py = document.py();
        let document: Py<PyDocument> = match document.cast::<PyDocument>() {
            Ok(document) => document.clone().unbind(),
            Err(_) => Py::new(py, PyDocument::like(document)?)?,
        };
        let inner = &document.get().inner;
        let outcome = py.detach(|| Arc::new(self.engine.matches(inner, cover.then_some(most))));
        let matches = (0..outcome.found.len()).map(|at| Match {
            outcome: Arc::clone(&outcome),
            at,
            document: document.clone_ref(py),
            receipts: PyOnceLock::new(),
            occurrences: PyOnceLock::new(),
        });
        Ok(matches.collect())
    }
}

/// An expression that an article satisfies, with the attributes of `presswatch.core.rules.match.Match`.
///
/// Receipts become objects of Python's when they are asked for.
#[pyclass(frozen, module = "presswatch_matcher")]
pub struct Match {
    outcome: Arc<Outcome>,
    at: usize,
    document: Py<PyDocument>,
    receipts: PyOnceLock<Py<PyTuple>>,
    occurrences: PyOnceLock<Py<PyTuple>>,
}

#[pymethods]
impl Match {
    #[getter]
    fn id(&self) -> &str {
        self.found().name.id()
    }

    #[getter]
    fn version(&self) -> &str {
        self.found().name.version()
    }

    #[getter]
    fn receipts(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let made = self.receipts.get_or_try_init(py, || {
            let class = RECEIPT.import(py, "presswatch.core.rules.reading", "Receipt")?;
            let parts = &self.outcome.parts[range(&self.found().parts)];
            let receipts = parts.iter().flat_map(|part| &self.outcome.receipts[range(part)]).map(|receipt| {
                let (field, start, end, quote) = self.shown(py, receipt)?;
                let leaf = self.outcome.leaves[receipt.leaf as usize].as_str();
                class.call1((leaf, field, start, end, quote))
            });
            PyResult::Ok(PyTuple::new(py, receipts.collect::<PyResult<Vec<_>>>()?)?.unbind())
        })?;
        Ok(made.clone_ref(py))
    }

    #[getter]
    fn occurrences(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let made = self.occurrences.get_or_try_init(py, || {
            let class = OCCURRENCE.import(py, "presswatch.core.rules.reading", "Occurrence")?;
            let places = &self.outcome.occurrences[range(&self.found().occurrences)];
            let places = places.iter().map(|place| class.call1(self.shown(py, place)?));
            PyResult::Ok(PyTuple::new(py, places.collect::<PyResult<Vec<_>>>()?)?.unbind())
        })?;
        Ok(made.clone_ref(py))
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, operation: CompareOp) -> PyResult<Py<PyAny>> {
        let py = other.py();
        let equal = || -> PyResult<bool> {
            Ok(other.getattr("id")?.eq(self.id())?
                && other.getattr("version")?.eq(self.version())?
                && other.getattr("receipts")?.eq(self.receipts(py)?)?
                && other.getattr("occurrences")?.eq(self.occurrences(py)?)?)
        };
        if !other.hasattr("receipts")? {
            return Ok(py.NotImplemented());
        }
        match operation {
            CompareOp::Eq => Ok(equal()?.into_pyobject(py)?.to_owned().unbind().into_any()),
            CompareOp::Ne => Ok((!equal()?).into_pyobject(py)?.to_owned().unbind().into_any()),
            _ => Ok(py.NotImplemented()),
        }
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.id(), self.version()).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "Match(id={}, version={}, receipts={}, occurrences={})",
            PyString::new(py, self.id()).repr()?,
            PyString::new(py, self.version()).repr()?,
            self.receipts(py)?.bind(py).repr()?,
            self.occurrences(py)?.bind(py).repr()?
        ))
    }
}

type Shown<'py> = (Bound<'py, PyString>, Option<u32>, Option<u32>, Bound<'py, PyAny>);

impl Match {
    fn found(&self) -> &Found {
        &self.outcome.found[self.at]
    }

    /// A place as Python shows it: field, start, end and quote.
    fn shown<'py>(&self, py: Python<'py>, receipt: &Receipt) -> PyResult<Shown<'py>> {
        let document = self.document.get();
        let slice = |field: usize, start: u32, end: u32| {
            let name = if field == 0 { intern!(py, "title") } else { intern!(py, "text") };
            let original = document.originals[field].bind(py);
            let quote = original.get_item(PySlice::new(py, start as isize, end as isize, 1))?;
            PyResult::Ok((name.clone(), Some(start), Some(end), quote))
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

/// A number as people write it: `f"{number:.15g}"`.
fn shortest(py: Python<'_>, number: f64) -> PyResult<Bound<'_, PyString>> {
    Ok(PyFloat::new(py, number).call_method1("__format__", (".15g",))?.cast_into::<PyString>()?)
}

fn range(part: &Part) -> Range<usize> {
    part.start as usize..part.end as usize
}
