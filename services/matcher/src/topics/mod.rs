//! Topics: what the packs say of an article, and why. The twin of `presswatch/core/topics.py` and what it is made of.
//!
//! Patterns are rules of the engine (`hits`), learned words are looked up beside them (`learned`); what a score is made of both
//! is in `scoring`, and `judge` puts it together. Python knows the packs and which language an article has.

pub mod hits;
pub mod judge;
pub mod learned;
pub mod scoring;

pub use judge::{Judge, Verdict};
