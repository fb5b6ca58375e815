//! The native core of Presswatch: tokens (`text`), articles (`document`), the rule language (`rules`), the matcher (`engine`)
//! and what topic packs say (`topics`).
//!
//! It does what the Python modules of `presswatch.core` do, value for value, and never touches a network, a disk or a clock.
//! Nothing but `python` knows of Python.

pub mod document;
pub mod engine;
pub mod moment;
pub mod rules;
pub mod text;
pub mod topics;

#[cfg(feature = "python")]
mod python;
