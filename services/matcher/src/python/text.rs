//! The functions of `text` for Python, and how its strings come in.

use std::borrow::Cow;

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::text::{self, Tokens};

/// Longest text, in bytes of UTF-8: offsets are kept in 32 bits, and folding can make a text longer.
const MAX_BYTES: usize = 1 << 30;

/// The text of a Python string; half of a surrogate pair becomes U+FFFD, so that offsets stay the same.
///
/// # Errors
///
/// `OverflowError`: it is longer than 1 GiB.
pub fn read<'a>(string: &'a Bound<'_, PyString>) -> PyResult<Cow<'a, str>> {
    let text = match string.to_str() {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(without_surrogates(string)?),
    };
    if text.len() > MAX_BYTES {
        return Err(PyOverflowError::new_err("a text of more than 1 GiB"));
    }
    Ok(text)
}

fn without_surrogates(string: &Bound<'_, PyString>) -> PyResult<String> {
    let encoded = string.call_method1("encode", ("utf-8", "surrogatepass"))?;
    let mut bytes = encoded.cast::<PyBytes>()?.as_bytes().to_vec();
    let mut at = 0;
    while at + 2 < bytes.len() {
        // U+D800 to U+DFFF are ED A0 80 to ED BF BF; ED begins a character and nothing else
        if bytes[at] == 0xED && bytes[at + 1] >= 0xA0 {
            bytes[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
        at += 1;
    }
    Ok(String::from_utf8(bytes)?)
}

/// Cut a text into folded tokens: their texts, starts and ends, as `presswatch.core.text.tokenise` does.
#[pyfunction]
#[pyo3(signature = (text, lang=None))]
pub fn tokenise(
    py: Python<'_>,
    text: &Bound<'_, PyString>,
    lang: Option<&str>,
) -> PyResult<(Vec<String>, Vec<u32>, Vec<u32>)> {
    let text = read(text)?;
    let tokens: Tokens = py.detach(|| text::tokenise(&text, lang));
    let (starts, ends) = tokens.places().iter().copied().unzip();
    Ok((tokens.iter().map(ToOwned::to_owned).collect(), starts, ends))
}

/// The folded forms that a query's word or phrase may take at each token position.
#[pyfunction]
pub fn query_slots(text: &Bound<'_, PyString>) -> PyResult<Vec<Vec<String>>> {
    Ok(text::query_slots(&read(text)?))
}

/// What `query_slots` gives, for words with wildcards.
#[pyfunction]
pub fn wildcard_slots(text: &Bound<'_, PyString>) -> PyResult<Vec<Vec<String>>> {
    Ok(text::wildcard_slots(&read(text)?))
}

/// Fold a metadata value for comparison.
#[pyfunction]
pub fn fold_value(value: &Bound<'_, PyString>) -> PyResult<String> {
    Ok(text::fold_value(&read(value)?))
}

/// Whether a character is of a script without spaces.
#[pyfunction]
pub fn by_character(ch: char) -> bool {
    text::by_character(ch)
}
