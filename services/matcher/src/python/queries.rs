//! Queries for Python: one by one, by the hundred thousand, and their trees for tests.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use super::text::read;
use super::tree::node;
use crate::rules::model::Node;
use crate::rules::{Lists, Parser, Rejected, json};

static PARSE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Named lists as they come from Python.
pub fn lists(lists: &Bound<'_, PyDict>) -> PyResult<Lists> {
    Ok(Lists::new(lists.extract::<HashMap<String, Vec<String>>>()?))
}

/// Ask the Python parser about a query that ours has refused: it says what is wrong, or reads it after all.
pub fn ask_python(py: Python<'_>, query: &str, lists: Option<&Bound<'_, PyDict>>) -> PyResult<Node> {
    let parse = PARSE.import(py, "presswatch.core.rules.syntax", "parse")?;
    node(&match lists {
        Some(lists) => parse.call1((query, lists))?,
        None => parse.call1((query,))?,
    })
}

/// The tree of a query as JSON, or None if it is refused.
#[pyfunction]
#[pyo3(signature = (query, lists=None))]
pub fn parsed(query: &Bound<'_, PyString>, lists: Option<&Bound<'_, PyDict>>) -> PyResult<Option<String>> {
    let named = lists.map(self::lists).transpose()?;
    Ok(Parser::default().parse(&read(query)?, named.as_ref()).ok().map(|tree| json(&tree)))
}

/// A rule to be added: id, version, query, and which of [`Batch::lists`] it may name.
struct Rule {
    id: String,
    version: String,
    query: String,
    lists: Option<usize>,
}

/// Rules on their way from Python to the matcher. Lists that many rules share are read once.
#[derive(Default)]
pub struct Batch<'py> {
    rules: Vec<Rule>,
    lists: Vec<(Bound<'py, PyDict>, Lists)>,
    parser: Parser,
}

type Given<'py> = (Bound<'py, PyString>, Bound<'py, PyString>, Bound<'py, PyString>, Option<Bound<'py, PyDict>>);

impl<'py> Batch<'py> {
    /// Rules that are read and added at once: those who match meanwhile wait for no more.
    const SIZE: usize = 512;

    /// Take a rule: a tuple of id, version, query and lists, which may be None.
    pub fn take(&mut self, rule: &Bound<'py, PyAny>) -> PyResult<()> {
        let (id, version, query, lists): Given<'py> = rule.extract()?;
        let lists = lists.map(|lists| self.shared(lists)).transpose()?;
        let owned = |text: &Bound<'_, PyString>| read(text).map(std::borrow::Cow::into_owned);
        self.rules.push(Rule { id: owned(&id)?, version: owned(&version)?, query: owned(&query)?, lists });
        Ok(())
    }

    /// The number of lists among those of the batch.
    fn shared(&mut self, lists: Bound<'py, PyDict>) -> PyResult<usize> {
        if let Some(at) = self.lists.iter().rposition(|(known, _)| known.is(&lists)) {
            return Ok(at);
        }
        let named = self::lists(&lists)?;
        self.lists.push((lists, named));
        Ok(self.lists.len() - 1)
    }

    /// Whether it is time to add what was taken.
    pub fn is_full(&self) -> bool {
        self.rules.len() >= Self::SIZE
    }

    /// Read what was taken.
    pub fn read(&mut self, py: Python<'py>) -> PyResult<Vec<(String, String, Node)>> {
        let rules = std::mem::take(&mut self.rules);
        let lists: Vec<&Lists> = self.lists.iter().map(|(_, lists)| lists).collect();
        let parser = &mut self.parser;
        let trees: Vec<Result<Node, Rejected>> =
            py.detach(|| rules.iter().map(|rule| parser.parse(&rule.query, rule.lists.map(|at| lists[at]))).collect());
        let mut read = Vec::with_capacity(rules.len());
        for (rule, tree) in rules.into_iter().zip(trees) {
            let tree = match tree {
                Ok(tree) => tree,
                Err(Rejected) => ask_python(py, &rule.query, rule.lists.map(|at| &self.lists[at].0))?,
            };
            read.push((rule.id, rule.version, tree));
        }
        Ok(read)
    }
}
