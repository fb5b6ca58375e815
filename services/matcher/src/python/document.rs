//! Articles: from Python's dictionaries to `document::Document`, and back for whoever asks for its parts.
//!
//! What is in any way out of the ordinary goes through `presswatch.core.rules.document.Document`, which refuses it with the
//! right words or reads it; so nothing is decided here that is not decided there.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};

use super::text::read;
use crate::document::{Document, Field, LANG, META_NAMES, TOPIC, Value, plain_domain};
use crate::moment::millis;
use crate::text::unicode::is_space;
use crate::text::{fold_value, tokenise};

/// An article made ready for matching, with the attributes of `presswatch.core.rules.document.Document`, made when asked for.
#[pyclass(frozen, module = "presswatch_matcher", name = "Document")]
pub struct PyDocument {
    pub inner: Arc<Document>,
    /// Title and text as they came: places are quoted from these.
    pub originals: [Py<PyString>; 2],
    /// Whether title and text hold nothing but ASCII.
    pub ascii: [bool; 2],
    tokens: [PyOnceLock<Py<PyAny>>; 2],
    meta: PyOnceLock<Py<PyDict>>,
    numbers: PyOnceLock<Py<PyDict>>,
}

impl PyDocument {
    fn new(inner: Document, originals: [Py<PyString>; 2]) -> Self {
        Self {
            ascii: [inner.title.original.is_ascii(), inner.text.original.is_ascii()],
            inner: Arc::new(inner),
            originals,
            tokens: [PyOnceLock::new(), PyOnceLock::new()],
            meta: PyOnceLock::new(),
            numbers: PyOnceLock::new(),
        }
    }

    /// A document of ours, made of a Python one if that is what it is.
    pub fn native(document: &Bound<'_, PyAny>) -> PyResult<Py<Self>> {
        match document.cast::<Self>() {
            Ok(document) => Ok(document.clone().unbind()),
            Err(_) => Py::new(document.py(), Self::like(document)?),
        }
    }

    fn field(&self, py: Python<'_>, at: usize) -> PyResult<Py<PyAny>> {
        let made = self.tokens[at].get_or_try_init(py, || {
            let tokens = &[&self.inner.title, &self.inner.text][at].tokens;
            let texts: Vec<&str> = tokens.iter().collect();
            let (starts, ends): (Vec<u32>, Vec<u32>) = tokens.places().iter().copied().unzip();
            let class = PYTHON_TOKENS.import(py, "presswatch.core.text", "Tokens")?;
            class.call1((&self.originals[at], texts, starts, ends)).map(Bound::unbind)
        })?;
        Ok(made.clone_ref(py))
    }
}

static PYTHON_TOKENS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static PYTHON_DOCUMENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

#[pymethods]
impl PyDocument {
    /// Tokenise and fold an article.
    #[staticmethod]
    fn of(article: &Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(article) = article.cast_exact::<PyDict>()
            && let Some(parts) = quick(article)?
        {
            return finish(article.py(), parts);
        }
        let class = PYTHON_DOCUMENT.import(article.py(), "presswatch.core.rules.document", "Document")?;
        Self::like(&class.call_method1("of", (article,))?)
    }

    /// The document with these tags and no others.
    fn with_tags(&self, tags: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = tags.py();
        let mut inner = Document::clone(&self.inner);
        if let Some((topics, scores)) = quick_tags(Some(tags))? {
            inner.meta[TOPIC] = topics;
            inner.scores = scores;
        } else {
            let article = PyDict::new(py);
            article.set_item("tags", tags)?;
            let other = Self::of(&article)?;
            inner.meta[TOPIC].clone_from(&other.inner.meta[TOPIC]);
            inner.scores.clone_from(&other.inner.scores);
        }
        let [title, text] = &self.originals;
        Ok(Self::new(inner, [title.clone_ref(py), text.clone_ref(py)]))
    }

    /// What a Python `Document` says, tokenised anew.
    #[staticmethod]
    pub fn like(document: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = document.py();
        let mut inner = Document::default();
        let meta = document.getattr("meta")?;
        for (name, values) in META_NAMES.iter().zip(&mut inner.meta) {
            for pair in meta.call_method1("get", (*name, PyDict::new(py)))?.call_method0("items")?.try_iter()? {
                let (folded, written) = pair?.extract::<(Bound<'_, PyString>, Bound<'_, PyString>)>()?;
                values.push(Value { folded: read(&folded)?.into_owned(), written: read(&written)?.into_owned() });
            }
        }
        for pair in document.getattr("numbers")?.call_method0("items")?.try_iter()? {
            let (name, value) = pair?.extract::<(Bound<'_, PyString>, f64)>()?;
            match &*read(&name)? {
                "published" => inner.published = Some(value),
                name => inner.scores.extend(name.strip_prefix("score.").map(|topic| (topic.to_owned(), value))),
            }
        }
        if let Some(written) = document.getattr("published")?.extract::<Option<Bound<'_, PyString>>>()? {
            inner.published_written = Some(read(&written)?.into_owned());
        }
        let original = |field: &str| -> PyResult<Bound<'_, PyString>> {
            Ok(document.getattr(field)?.getattr("original")?.cast_into::<PyString>()?)
        };
        let (title, text) = (original("title")?, original("text")?);
        finish(py, Parts { inner, title, text })
    }

    #[getter]
    fn title(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.field(py, 0)
    }

    #[getter]
    fn text(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.field(py, 1)
    }

    #[getter]
    fn meta(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        let made = self.meta.get_or_try_init(py, || {
            let meta = PyDict::new(py);
            for (name, values) in META_NAMES.iter().zip(&self.inner.meta) {
                let dict = PyDict::new(py);
                for value in values {
                    dict.set_item(&value.folded, &value.written)?;
                }
                meta.set_item(name, dict)?;
            }
            PyResult::Ok(meta.unbind())
        })?;
        Ok(made.clone_ref(py))
    }

    #[getter]
    fn numbers(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        let made = self.numbers.get_or_try_init(py, || {
            let numbers = PyDict::new(py);
            numbers.set_item("words", self.inner.words())?;
            for (topic, score) in &self.inner.scores {
                numbers.set_item(format!("score.{topic}"), score)?;
            }
            if let Some(published) = self.inner.published {
                numbers.set_item("published", published)?;
            }
            PyResult::Ok(numbers.unbind())
        })?;
        Ok(made.clone_ref(py))
    }

    #[getter]
    fn published(&self) -> Option<&str> {
        self.inner.published_written.as_deref()
    }
}

struct Parts<'py> {
    inner: Document,
    title: Bound<'py, PyString>,
    text: Bound<'py, PyString>,
}

fn finish(py: Python<'_>, parts: Parts<'_>) -> PyResult<PyDocument> {
    let Parts { mut inner, title, text } = parts;
    let lang = inner.meta[LANG].first().map(|value| value.folded.clone());
    let (title_read, text_read) = (read(&title)?, read(&text)?);
    let field = |text: &str| {
        let tokens = tokenise(text, lang.as_deref());
        Arc::new(Field { original: text.to_owned(), tokens })
    };
    (inner.title, inner.text) = py.detach(|| (field(&title_read), field(&text_read)));
    drop((title_read, text_read));
    Ok(PyDocument::new(inner, [title.unbind(), text.unbind()]))
}

/// Read an article of the usual shape; None for any other.
fn quick<'py>(article: &Bound<'py, PyDict>) -> PyResult<Option<Parts<'py>>> {
    let py = article.py();
    let string = |name: &str| -> PyResult<Option<Bound<'py, PyString>>> {
        Ok(match article.get_item(name)? {
            None => Some(PyString::new(py, "")),
            Some(value) if value.is_none() => Some(PyString::new(py, "")),
            Some(value) => value.cast_into::<PyString>().ok(),
        })
    };
    let (Some(title), Some(text), Some(url)) = (string("title")?, string("text")?, string("url")?) else {
        return Ok(None);
    };
    let url = read(&url)?;
    let Some(domain) = plain_domain(&url) else {
        return Ok(None);
    };
    let Some((topics, scores)) = quick_tags(article.get_item("tags")?.as_ref())? else {
        return Ok(None);
    };
    let mut inner = Document { scores, ..Document::default() };
    for (name, slot) in META_NAMES.iter().zip(&mut inner.meta) {
        *slot = match *name {
            "topic" | "url" => continue,
            "domain" if !domain.is_empty() => vec![Value { folded: fold_value(&domain), written: domain.clone() }],
            name => match quick_values(article.get_item(name)?.as_ref())? {
                Some(values) => values,
                None => return Ok(None),
            },
        };
    }
    inner.meta[TOPIC] = topics;
    if !url.is_empty() {
        inner.meta[META_NAMES.len() - 1] = vec![Value { folded: fold_value(&url), written: url.into_owned() }];
    }
    let langs = std::mem::take(&mut inner.meta[LANG]);
    for Value { folded, written } in langs {
        let primary = folded.split(['-', '_']).next().unwrap_or_default();
        if inner.meta[LANG].iter().all(|value| value.folded != primary) {
            inner.meta[LANG].push(Value { folded: primary.to_owned(), written });
        }
    }
    let Some(published) = quick_published(article.get_item("published")?.as_ref())? else {
        return Ok(None);
    };
    (inner.published, inner.published_written) = published.unzip();
    Ok(Some(Parts { inner, title, text }))
}

fn quick_values(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Vec<Value>>> {
    let mut values: Vec<Value> = Vec::new();
    let mut add = |member: &Bound<'_, PyString>| -> PyResult<()> {
        let written = read(member)?;
        let folded = fold_value(&written);
        if !folded.is_empty() && values.iter().all(|value| value.folded != folded) {
            values.push(Value { folded, written: written.into_owned() });
        }
        Ok(())
    };
    let Some(value) = value.filter(|value| !value.is_none()) else {
        return Ok(Some(values));
    };
    if let Ok(member) = value.cast::<PyString>() {
        add(member)?;
    } else if let Ok(members) = value.cast::<PyList>() {
        for member in members {
            let Ok(member) = member.cast::<PyString>() else {
                return Ok(None);
            };
            add(member)?;
        }
    } else {
        return Ok(None);
    }
    Ok(Some(values))
}

type Tags = (Vec<Value>, Vec<(String, f64)>);

fn quick_tags(tags: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Tags>> {
    let (mut topics, mut scores): Tags = Tags::default();
    let Some(tags) = tags.filter(|tags| !tags.is_none()) else {
        return Ok(Some((topics, scores)));
    };
    let Ok(tags) = tags.cast::<PyList>() else {
        return Ok(None);
    };
    for tag in tags {
        let Ok(tag) = tag.cast_exact::<PyDict>() else {
            return Ok(None);
        };
        let Some(topic) = tag.get_item("topic")?.and_then(|topic| topic.cast_into::<PyString>().ok()) else {
            return Ok(None);
        };
        let written = read(&topic)?.into_owned();
        let folded = fold_value(&written);
        if written.trim_matches(is_space).is_empty() {
            return Ok(None);
        }
        if topics.iter().all(|value| value.folded != folded) {
            topics.push(Value { folded: folded.clone(), written });
        }
        if let Some(score) = tag.get_item("score")?.filter(|score| !score.is_none()) {
            let Some(score) = number(&score).filter(|score| (0.0..=1.0).contains(score)) else {
                return Ok(None);
            };
            match scores.iter_mut().find(|(known, _)| *known == folded) {
                Some((_, highest)) => *highest = score.max(*highest),
                None => scores.push((folded, score.max(0.0))),
            }
        }
    }
    Ok(Some((topics, scores)))
}

/// A number that is no truth value.
fn number(value: &Bound<'_, PyAny>) -> Option<f64> {
    let is_number = value.is_instance_of::<PyFloat>() || value.is_instance_of::<PyInt>();
    if is_number && !value.is_instance_of::<PyBool>() { value.extract().ok() } else { None }
}

type Published = Option<(f64, String)>;

fn quick_published(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Published>> {
    const MAX_MILLIS: f64 = 9_007_199_254_740_992.0;
    let Some(value) = value.filter(|value| !value.is_none()) else {
        return Ok(Some(None));
    };
    if let Ok(string) = value.cast::<PyString>() {
        let written = read(string)?;
        if written.trim_matches(is_space).is_empty() {
            return Ok(Some(None));
        }
        return Ok(millis(&written).map(|millis| Some((millis, written.into_owned()))));
    }
    match number(value) {
        Some(millis) if millis.abs() <= MAX_MILLIS => {
            let written = value.str()?.to_str()?.to_owned();
            Ok(Some(Some((millis.floor(), written))))
        }
        _ => Ok(None),
    }
}
