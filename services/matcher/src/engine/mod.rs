//! The matching engine: many rules against one article at a time, with receipts. The twin of `presswatch/core/rules/match.py`.
//!
//! An article's tokens are looked up once among the words of all rules (`vocabulary`). Each rule waits under the rarest words
//! that it needs (`guards`); what they let through is evaluated over shared leaves (`evaluate`), and what holds is given its
//! receipts (`evidence`). Rules come and go one by one, with no rebuild.

mod characters;
mod clause;
mod evaluate;
mod evidence;
mod guards;
mod index;
mod leaf;
pub mod outcome;
mod patterns;
mod reading;
mod vocabulary;
mod windows;

use parking_lot::{Mutex, RwLock};

pub use evidence::MAX_OCCURRENCES;
pub use index::Index;
pub use outcome::Outcome;
use outcome::Receipt;

use crate::document::Document;
use crate::rules::model::Node;
use reading::Room;

/// Rules filed anew after one document at most, so that none waits long for them.
const REFILED: usize = 64;

/// A set of rules for many threads: any number of them match while one adds or removes.
#[derive(Debug, Default)]
pub struct Matcher {
    index: RwLock<Index>,
    rooms: Mutex<Vec<Room>>,
    /// Rules that were looked at in vain too often.
    worn: Mutex<Vec<u32>>,
}

impl Matcher {
    /// A matcher that files a rule anew after so many looks in vain, per guard.
    pub fn with_patience(patience: u32) -> Self {
        Self { index: RwLock::new(Index::with_patience(patience)), ..Self::default() }
    }

    /// Add a rule; one with the same id is replaced.
    pub fn add(&self, id: &str, version: &str, node: Node) {
        self.index.write().add(id, version, node);
    }

    /// Add rules; others wait for no more than this many.
    pub fn add_all(&self, rules: impl IntoIterator<Item = (String, String, Node)>) {
        let mut index = self.index.write();
        for (id, version, node) in rules {
            index.add(&id, &version, node);
        }
    }

    /// Remove a rule; tell whether there was one.
    pub fn remove(&self, id: &str) -> bool {
        self.index.write().remove(id)
    }

    /// Look at the rules.
    pub fn look<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.index.read())
    }

    /// Return the rules that a document satisfies, by id; with `most` the places that cover each, at most so many.
    pub fn matches(&self, document: &Document, most: Option<u32>) -> Outcome {
        let mut room = self.rooms.lock().pop().unwrap_or_default();
        let mut worn = Vec::new();
        let outcome = self.index.read().matches(document, most, &mut room, &mut worn);
        room.shrink();
        self.rooms.lock().push(room);
        self.refile(worn);
        outcome
    }

    /// Call `found` with each rule that a document satisfies, by id, and with the places that cover it, at most so many; of
    /// rules whose id is not `wanted` nobody looks for places.
    pub fn cover(
        &self,
        document: &Document,
        most: u32,
        wanted: impl Fn(&str) -> bool,
        found: impl FnMut(&str, &[Receipt]),
    ) {
        let mut room = self.rooms.lock().pop().unwrap_or_default();
        let mut worn = Vec::new();
        self.index.read().cover(document, most, &mut room, &mut worn, wanted, found);
        room.shrink();
        self.rooms.lock().push(room);
        self.refile(worn);
    }

    /// File worn rules anew, if nobody is matching just now; else whoever comes next does it.
    fn refile(&self, worn: Vec<u32>) {
        let mut waiting = self.worn.lock();
        waiting.extend(worn);
        if waiting.is_empty() {
            return;
        }
        if let Some(mut index) = self.index.try_write() {
            let kept = waiting.len().saturating_sub(REFILED);
            index.refile(&waiting.split_off(kept));
        }
    }
}
