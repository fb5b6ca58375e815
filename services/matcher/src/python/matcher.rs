//! The matcher for Python: expressions in, matches out, the interpreter free for others while it works.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use pyo3::basic::CompareOp;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::document::PyDocument;
use super::places::Places;
use super::queries::{self, Batch, ask_python};
use super::receipts::Receipts;
use super::text::read;
use super::tree::node;
use crate::engine::outcome::Found;
use crate::engine::{self, Index};
use crate::rules::{Rejected, parse};

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
        let document = PyDocument::native(document)?;
        let inner = &document.get().inner;
        let outcome = py.detach(|| self.engine.matches(inner, cover.then_some(most)));
        let places = Arc::new(Places::new(outcome, document));
        let found = places.outcome.found.iter().enumerate();
        Ok(found
            .map(|(at, found)| Match {
                id: PyString::new(py, found.name.id()).unbind(),
                places: Arc::clone(&places),
                at,
                occurrences: PyOnceLock::new(),
            })
            .collect())
    }
}

/// An expression that an article satisfies, with the attributes of `presswatch.core.rules.match.Match`.
///
/// Receipts and occurrences become objects of Python's when they are read.
#[pyclass(frozen, module = "presswatch_matcher")]
pub struct Match {
    /// Whoever takes a match looks at this.
    #[pyo3(get)]
    id: Py<PyString>,
    places: Arc<Places>,
    at: usize,
    occurrences: PyOnceLock<Py<PyTuple>>,
}

#[pymethods]
impl Match {
    #[getter]
    fn version(&self) -> &str {
        self.found().name.version()
    }

    #[getter]
    fn receipts(&self) -> Receipts {
        Receipts::new(Arc::clone(&self.places), self.found().parts.clone())
    }

    #[getter]
    fn occurrences(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let made =
            self.occurrences.get_or_try_init(py, || self.places.occurrences(py, self.found()).map(Bound::unbind))?;
        Ok(made.clone_ref(py))
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, operation: CompareOp) -> PyResult<Py<PyAny>> {
        let py = other.py();
        let equal = || -> PyResult<bool> {
            Ok(other.getattr("id")?.eq(&self.id)?
                && other.getattr("version")?.eq(self.version())?
                && self.receipts().all(py)?.eq(other.getattr("receipts")?)?
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
        (self.found().name.id(), self.version()).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "Match(id={}, version={}, receipts={}, occurrences={})",
            self.id.bind(py).repr()?,
            PyString::new(py, self.version()).repr()?,
            self.receipts().all(py)?.repr()?,
            self.occurrences(py)?.bind(py).repr()?
        ))
    }
}

impl Match {
    fn found(&self) -> &Found {
        &self.places.outcome.found[self.at]
    }
}
