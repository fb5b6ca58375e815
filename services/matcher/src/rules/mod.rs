//! The rule language: text to syntax tree, exactly as `presswatch.core.rules` reads it.
//!
//! What is accepted here becomes the same tree as in Python. What is refused is refused without a reason: whoever asked goes
//! to the Python parser, whose errors are written for analysts. So nothing here formats a message.

mod form;
mod lexer;
mod lists;
pub mod model;
mod parser;
mod ranges;
mod terms;

pub use form::json;
pub use lists::Lists;
pub use parser::{Parser, parse};

/// The query is no rule, or one that only the Python parser can tell of (nested beyond [`parser::MAX_NESTING`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected;
