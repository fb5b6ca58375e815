//! The receipts of a match: found already, and made objects of Python's when somebody reads them.

use std::sync::Arc;

use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyIterator, PyTuple};

use super::places::Places;
use crate::engine::outcome::Part;

/// A sequence that equals, hashes and prints like the tuple of its `presswatch.core.rules.reading.Receipt`s.
#[pyclass(frozen, sequence, module = "presswatch_matcher")]
pub struct Receipts {
    places: Arc<Places>,
    parts: Part,
    made: PyOnceLock<Py<PyTuple>>,
}

impl Receipts {
    pub fn new(places: Arc<Places>, parts: Part) -> Self {
        Self { places, parts, made: PyOnceLock::new() }
    }

    /// All of them.
    pub fn all<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let made = self.made.get_or_try_init(py, || self.places.receipts(py, &self.parts).map(Bound::unbind))?;
        Ok(made.bind(py).clone())
    }
}

#[pymethods]
impl Receipts {
    fn __len__(&self) -> usize {
        self.places.count(&self.parts)
    }

    fn __getitem__<'py>(&self, at: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.all(at.py())?.as_any().get_item(at)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.all(py)?.try_iter()
    }

    fn __contains__(&self, receipt: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.all(receipt.py())?.contains(receipt)
    }

    fn __richcmp__<'py>(&self, other: &Bound<'py, PyAny>, operation: CompareOp) -> PyResult<Bound<'py, PyAny>> {
        let py = other.py();
        let all = self.all(py)?;
        match other.cast::<Self>() {
            Ok(others) => all.rich_compare(others.get().all(py)?, operation),
            Err(_) if other.is_instance_of::<PyTuple>() => all.rich_compare(other, operation),
            Err(_) => Ok(py.NotImplemented().into_bound(py)),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.all(py)?.hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.all(py)?.repr()?.to_str()?.to_owned())
    }
}
