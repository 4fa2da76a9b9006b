//! Crowds at random: plain processes that link, monitor, call and end; a function from a seed to the text of a scenario.
//!
//! What a crowd hears in one step is in no order, so it is compared as a multiset. What depends on the order is left out:
//! who is held or waits for an answer is told nothing but words, whoever monitors, calls, is held or told last words traps exits, and nobody calls one who may be calling him.

use gaggle_base::rng::Rng;
use std::collections::BTreeSet;
use std::fmt::Write as _;

struct Crowd {
    rng: Rng,
    traps: Vec<bool>,
    held: BTreeSet<usize>,
    /// Who may wait for an answer for ever.
    waiting: BTreeSet<usize>,
    keys: Vec<(usize, usize)>,
}

/// What the names of these scenarios begin with.
pub(crate) const PREFIX: &str = "crowd-";

/// A crowd and what is done with it.
#[must_use]
pub fn crowd(seed: u64) -> String {
    let mut crowd = Crowd {
        rng: Rng::from_seed(!seed),
        traps: Vec::new(),
        held: BTreeSet::new(),
        waiting: BTreeSet::new(),
        keys: Vec::new(),
    };
    let mut text = format!("scenario {PREFIX}{seed}\n");
    let size = 3 + crowd.below(5);
    for _ in 0..size {
        crowd.one_more(&mut text);
    }
    for _ in 0..10 + crowd.below(15) {
        if crowd.below(15) == 0 {
            crowd.one_more(&mut text);
        } else if let Some(line) = crowd.step() {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

impl Crowd {
    fn below(&mut self, bound: usize) -> usize {
        self.rng.below(u32::try_from(bound).unwrap_or(1)) as usize
    }

    fn one_more(&mut self, text: &mut String) {
        let trap = self.below(2) == 0;
        self.traps.push(trap);
        let (number, trap) = (self.traps.len() - 1, if trap { " trap" } else { "" });
        let _ = writeln!(text, "proc p{number}{trap}");
    }

    fn reason(&mut self) -> &'static str {
        ["normal", "shutdown", "crash", "crash", "boom"][self.below(5)]
    }

    /// Does it at once what it is told?
    fn is_free(&self, p: usize) -> bool {
        !self.held.contains(&p) && !self.waiting.contains(&p)
    }

    fn step(&mut self) -> Option<String> {
        let (p, q) = (self.below(self.traps.len()), self.below(self.traps.len()));
        let line = match self.below(100) {
            0..72 | 76..90 | 93.. if !self.is_free(p) => return None,
            0..25 => format!("link p{p} p{q}"),
            25..30 => format!("unlink p{p} p{q}"),
            30..50 if self.traps[p] => {
                self.keys.push((p, self.keys.len()));
                format!("monitor p{p} p{q} m{}", self.keys.len() - 1)
            }
            50..58 if !self.keys.is_empty() => {
                let at = self.below(self.keys.len());
                let (owner, key) = self.keys[at];
                if !self.is_free(owner) {
                    return None;
                }
                format!("demonitor p{owner} m{key}")
            }
            58..66 => format!("leave p{p} {}", self.reason()),
            66..72 if p != q => format!("exit p{p} p{q} {}", self.reason()),
            72..76 => format!("kill p{p}"),
            76..82 => format!("tell p{p} p{q} word"),
            82..86 if p != q && self.traps[q] => {
                format!("tell_and_leave p{p} p{q} {} last words", self.reason())
            }
            86..90 if self.traps[p] && self.held.insert(p) => format!("hold p{p}"),
            90..93 => {
                let held = self.held.pop_first()?;
                format!("free p{held}")
            }
            93.. if self.traps[p] && p > q => {
                let mut what =
                    ["echo", "echo", "never", "leave:crash", "leave:normal"][self.below(5)];
                if !self.is_free(q) {
                    what = "echo";
                }
                if what == "never" || !self.is_free(q) {
                    self.waiting.insert(p);
                }
                format!("call p{p} p{q} {what} never")
            }
            _ => return None,
        };
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::crowd;

    #[test]
    fn a_seed_is_a_crowd() {
        assert_eq!(crowd(7), crowd(7));
        assert_ne!(crowd(7), crowd(8));
    }
}
