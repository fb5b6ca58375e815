//! The Python module: the only place that knows of Python.

mod document;
mod matcher;
mod places;
mod queries;
mod receipts;
mod text;
mod topics;
mod tree;

use pyo3::prelude::*;

/// What Python finds here: equal to `presswatch.matching.INTERFACE`, or this core is not used.
const INTERFACE: u32 = 2;

/// The native core of Presswatch.
#[pymodule]
mod presswatch_matcher {
    #[pymodule_export]
    use super::document::PyDocument;
    #[pymodule_export]
    use super::matcher::{Match, Matcher};
    #[pymodule_export]
    use super::queries::parsed;
    #[pymodule_export]
    use super::receipts::Receipts;
    #[pymodule_export]
    use super::text::{by_character, fold_value, query_slots, tokenise, wildcard_slots};
    #[pymodule_export]
    use super::topics::{Judge, PyVerdict};

    use super::{Bound, INTERFACE, PyModule, PyModuleMethods, PyResult};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("INTERFACE", INTERFACE)?;
        module.add("TOKENS_VERSION", crate::text::VERSION)
    }
}
