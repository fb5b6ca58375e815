//! Tokens: how any text, of an article or of a query, becomes folded words that point back into it.
//!
//! The twin of `presswatch/core/text.py`. Where words begin and end is decided in `segmentation`, which words are the same in
//! `folding`; the tables of both are written by `tools.wordbreak.native`.

mod folding;
mod query;
mod segmentation;
mod tables;
mod tokens;
pub mod unicode;

pub use folding::fold_value;
pub use query::{query_slots, wildcard_slots};
pub use segmentation::by_character;
pub use tokens::{Tokens, tokenise};

/// The behaviour of `tokenise` and `query_slots`: equal to `presswatch.core.text.VERSION`, or this core is not used.
pub const VERSION: u32 = 1;
