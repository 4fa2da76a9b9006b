//! Trees at random: a function from a seed to the text of a scenario.
//!
//! What is known to differ is left out: no window is shorter than an hour, so the second by which OTP's are longer does not matter; and nothing takes time.

use gaggle_base::rng::Rng;
use std::fmt::Write as _;

/// Supervisors are no deeper than this, the root included.
const DEPTH: u32 = 3;

struct Grower {
    rng: Rng,
    text: String,
    workers: Vec<String>,
    sups: Vec<String>,
    pools: Vec<String>,
    /// Who is whose child.
    pairs: Vec<(String, String)>,
    dynamic: u32,
}

/// A tree and what is done with it.
#[must_use]
pub fn tree(seed: u64) -> String {
    let mut grower = Grower {
        rng: Rng::from_seed(seed),
        text: format!("scenario random-{seed}\n"),
        workers: Vec::new(),
        sups: Vec::new(),
        pools: Vec::new(),
        pairs: Vec::new(),
        dynamic: 0,
    };
    grower.sup("root", None, 1);
    grower.text.push_str("boot\n");
    for _ in 0..grower.number(4, 14) {
        grower.step();
    }
    grower.text
}

impl Grower {
    /// From `least` to `most`, both included.
    fn number(&mut self, least: u32, most: u32) -> u32 {
        least + self.rng.below(most - least + 1)
    }

    /// True so many times of a hundred.
    fn chance(&mut self, percent: u32) -> bool {
        self.rng.below(100) < percent
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let count = u32::try_from(of.len()).unwrap_or(1);
        of[self.rng.below(count) as usize]
    }

    fn pick(&mut self, of: &[String]) -> Option<String> {
        let count = u32::try_from(of.len()).ok().filter(|count| *count > 0)?;
        Some(of[self.rng.below(count) as usize].clone())
    }

    /// One that can be restarted often enough, as a rule.
    fn budget(&mut self) -> String {
        let max = self.one(&["0", "1", "1", "2", "2", "3", "4", "6"]);
        format!("max={max} within=3600")
    }

    /// What is said of any child.
    fn common(&mut self, parent: &str, auto: bool, sup: bool) -> String {
        let restart = self.one(&["permanent", "permanent", "transient", "temporary"]);
        let mut text = format!("in={parent} restart={restart}");
        if self.chance(40) {
            let stop = if sup && self.chance(80) {
                // The order of what happens is lost for the whole tree if one is killed.
                self.one(&["wait", "1000"])
            } else {
                self.one(&["wait", "kill", "1000"])
            };
            let _ = write!(text, " stop={stop}");
        }
        if auto && restart != "permanent" && self.chance(60) {
            text.push_str(" significant");
        }
        text
    }

    fn sup(&mut self, name: &str, parent: Option<(&str, bool)>, depth: u32) {
        let strategy = self.one(&["one_for_one", "one_for_all", "rest_for_one"]);
        let mut auto = self.one(&["never", "never", "any", "all"]);
        if parent.is_none() && self.chance(60) {
            auto = "never";
        }
        let mut line = format!("sup {name} strategy={strategy} auto={auto} ");
        match parent {
            None => line.push_str("max=9 within=3600"),
            Some((parent, auto)) => {
                let (budget, common) = (self.budget(), self.common(parent, auto, true));
                let _ = write!(line, "{budget} {common}");
            }
        }
        self.text += &line;
        self.text.push('\n');
        self.sups.push(name.to_owned());
        for index in 1..=self.number(u32::from(depth == 1), 4) {
            let prefix = if name == "root" { "" } else { name };
            let parent = Some((name, auto != "never"));
            let roll = self.rng.below(100);
            let id = if roll < 30 && depth < DEPTH {
                let id = format!("{prefix}s{index}");
                self.sup(&id, parent, depth + 1);
                id
            } else if roll < 40 {
                let id = format!("{prefix}d{index}");
                self.pool(&id, name, auto != "never");
                id
            } else {
                let id = format!("{prefix}w{index}");
                let line = self.worker(&id, name, auto != "never");
                let _ = writeln!(self.text, "{line}");
                id
            };
            self.pairs.push((name.to_owned(), id));
        }
    }

    fn pool(&mut self, name: &str, parent: &str, auto: bool) {
        let each = self.one(&["permanent", "transient", "temporary"]);
        let (budget, common) = (self.budget(), self.common(parent, auto, true));
        let _ = writeln!(self.text, "dynamic {name} each={each} {budget} {common}");
        self.pools.push(name.to_owned());
        self.sups.push(name.to_owned());
    }

    fn worker(&mut self, name: &str, parent: &str, auto: bool) -> String {
        let mut line = format!("worker {name} {}", self.common(parent, auto, false));
        self.starts(&mut line);
        if self.chance(4) {
            line.push_str(" terminates=crash");
        }
        self.workers.push(name.to_owned());
        line
    }

    /// How its starts go: most of them well, and the first one nearly always.
    fn starts(&mut self, line: &mut String) {
        if self.chance(30) {
            let starts = [".x", ".xx", "..x", ".i", ".s", ".x*", ".xi", ".i.x", "i"];
            let starts = self.one(&starts);
            let _ = write!(line, " starts={starts}");
        } else if self.chance(2) {
            line.push_str(" starts=x");
        }
    }

    fn step(&mut self) {
        let roll = self.rng.below(100);
        let (workers, pairs) = (self.workers.clone(), self.pairs.clone());
        let line = match roll {
            0..35 => self.pick(&workers).map(|name| format!("crash {name}")),
            35..50 => {
                let reason = self.one(&["normal", "shutdown", "shutdown+"]);
                self.pick(&workers)
                    .map(|name| format!("end {name} {reason}"))
            }
            50..56 => self.pick(&workers).map(|name| format!("kill {name}")),
            56..60 => {
                let sups = self.sups[1..].to_vec();
                self.pick(&sups).map(|name| format!("kill {name}"))
            }
            60..82 if !pairs.is_empty() => {
                let verb = self.one(&["stop_child", "stop_child", "restart_child", "delete_child"]);
                let at = self.rng.below(u32::try_from(pairs.len()).unwrap_or(1)) as usize;
                let (sup, child) = &pairs[at];
                Some(format!("{verb} {sup} {child}"))
            }
            82..90 => self.add(),
            _ => self.dynamic(),
        };
        if let Some(line) = line {
            let _ = writeln!(self.text, "{line}");
        }
    }

    /// One more child, or one that is there already.
    fn add(&mut self) -> Option<String> {
        let sups = self.sups.iter().filter(|sup| !self.pools.contains(sup));
        let sups: Vec<String> = sups.cloned().collect();
        let sup = self.pick(&sups)?;
        let known: Vec<String> = self
            .pairs
            .iter()
            .filter(|(its, child)| *its == sup && self.workers.contains(child))
            .map(|(_, child)| child.clone())
            .collect();
        let name = if self.chance(40) {
            self.pick(&known)?
        } else {
            format!("{sup}n{}", self.workers.len())
        };
        let line = self.worker(&name, &sup, false);
        if !known.contains(&name) {
            self.pairs.push((sup, name));
        }
        Some(format!("add {line}"))
    }

    fn dynamic(&mut self) -> Option<String> {
        let pools = self.pools.clone();
        let pool = self.pick(&pools)?;
        if self.dynamic > 0 && self.chance(30) {
            let which = self.number(1, self.dynamic);
            return Some(format!("stop_dynamic {pool} %{which}"));
        }
        self.dynamic += 1;
        let name = format!("%{}", self.dynamic);
        let mut line = format!("start_dynamic {pool} {name}");
        if self.chance(30) {
            // None that declines to be restarted: then OTP 25's supervisor fails when it ends.
            let starts = self.one(&[".x", ".xx", "..x", "i", "x", ".s", ".x*"]);
            let _ = write!(line, " starts={starts}");
        }
        self.workers.push(name);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::tree;

    #[test]
    fn a_seed_is_a_tree() {
        assert_eq!(tree(7), tree(7));
        assert_ne!(tree(7), tree(8));
    }
}
