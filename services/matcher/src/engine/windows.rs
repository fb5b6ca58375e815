//! Windows: the shortest stretches of text that hold several words at distinct positions, in any order.

/// A position, and the part of a list of slots (ascending) that its token can fill.
pub struct Mark {
    pub position: u32,
    pub slots: std::ops::Range<usize>,
}

const NOBODY: u32 = u32::MAX;

/// Call `found` with first and last position of each window that fills all slots and holds no shorter such window.
///
/// Of the positions so far that can fill slots together, one each, the latest such set is kept: it is the basis of
/// greatest weight in a transversal matroid (Edmonds and Fulkerson 1965), weight being the position, and an exchange per
/// position keeps it so. The work is linear in the marks and at most quadratic in the slots, whatever the text.
///
/// `marks` are in the order of the text, `fills` is the list of slots that they point into, `count` how many slots there are.
pub fn shortest_windows(marks: &[Mark], fills: &[u32], count: usize, mut found: impl FnMut(u32, u32)) {
    // for each slot the mark that fills it
    let mut owners = vec![NOBODY; count];
    let mut wanted_by = vec![NOBODY; count];
    let mut reached: Vec<u32> = Vec::with_capacity(count + 1);
    let mut begun: Option<u32> = None;
    for current in 0..marks.len() as u32 {
        wanted_by.fill(NOBODY);
        reached.clear();
        reached.push(current);
        let mut free = None;
        let mut at = 0;
        'search: while at < reached.len() {
            let claimant = reached[at]; // breadth first over alternating paths
            at += 1;
            for &slot in &fills[marks[claimant as usize].slots.clone()] {
                let slot = slot as usize;
                if wanted_by[slot] == NOBODY {
                    wanted_by[slot] = claimant;
                    if owners[slot] == NOBODY {
                        free = Some(slot);
                        break 'search;
                    }
                    reached.push(owners[slot]);
                }
            }
        }
        let mut free = free.unwrap_or_else(|| {
            // the positions reached cannot all be used: the earliest goes
            let earliest = reached.iter().copied().min().unwrap_or(current);
            owners.iter().position(|&owner| owner == earliest).unwrap_or(usize::MAX)
        });
        if free == usize::MAX {
            continue; // it is the current one, which nothing holds yet
        }
        loop {
            let claimant = wanted_by[free];
            let left = owners.iter().position(|&owner| owner == claimant);
            owners[free] = claimant;
            match left {
                Some(slot) if claimant != current => free = slot,
                _ => break,
            }
        }
        let first = owners.iter().copied().min().unwrap_or(NOBODY);
        let filled = owners.iter().all(|&owner| owner != NOBODY);
        if filled && begun.is_none_or(|begun| first > begun) {
            begun = Some(first);
            found(marks[first as usize].position, marks[current as usize].position);
        }
    }
}
