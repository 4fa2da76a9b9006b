//! What is guaranteed, what is not, and in how many of the runs it was so.

use serde::Serialize;

use super::INDENT;
use crate::out::{BAD, GOOD, Look, OPEN, TITLE, thousands};

/// One statement about a program, tried on each run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Check {
    /// The statement.
    pub(crate) says: String,
    /// Whether it must hold in every run, or is only so by chance.
    pub(crate) guaranteed: bool,
    /// In how many runs it held.
    pub(crate) held: u32,
    /// In how many runs it was tried.
    pub(crate) runs: u32,
}

impl Check {
    /// A statement that must hold in every run.
    pub(crate) fn guaranteed(says: impl Into<String>) -> Self {
        Self {
            says: says.into(),
            guaranteed: true,
            held: 0,
            runs: 0,
        }
    }

    /// A statement that may hold or not, as it happens.
    pub(crate) fn by_chance(says: impl Into<String>) -> Self {
        Self {
            guaranteed: false,
            ..Self::guaranteed(says)
        }
    }

    /// Takes down how one run was.
    pub(crate) fn tried(&mut self, held: bool) {
        self.runs += 1;
        self.held += u32::from(held);
    }

    /// A guarantee that did not hold.
    pub(crate) fn is_broken(&self) -> bool {
        self.guaranteed && self.held < self.runs
    }
}

/// The statements as two lists.
pub(crate) fn draw(checks: &[Check], look: Look) -> String {
    let mut text = String::new();
    for (guaranteed, heading) in [(true, "Guaranteed"), (false, "Not guaranteed")] {
        let list: Vec<&Check> = checks
            .iter()
            .filter(|c| c.guaranteed == guaranteed)
            .collect();
        if list.is_empty() {
            continue;
        }
        text.push_str(&format!(
            "{}{}\n",
            " ".repeat(INDENT),
            look.paint(TITLE, heading)
        ));
        for check in list {
            text.push_str(&draw_one(check, look));
        }
    }
    text
}

fn draw_one(check: &Check, look: Look) -> String {
    let (mark, style) = match (check.guaranteed, check.is_broken()) {
        (true, false) => (look.pick("\u{2713}", "+"), GOOD),
        (true, true) => (look.pick("\u{2717}", "X"), BAD),
        (false, _) => ("~", OPEN),
    };
    let (held, runs) = (thousands(check.held.into()), thousands(check.runs.into()));
    let count = if check.runs == 1 {
        let word = match (check.guaranteed, check.held) {
            (true, 1) => "held in this run",
            (true, _) => "BROKEN in this run",
            (false, 1) => "so in this run",
            (false, _) => "not so in this run",
        };
        word.to_owned()
    } else if check.is_broken() {
        format!("BROKEN: held in {held} of {runs} runs")
    } else {
        format!("{held} of {runs} runs")
    };
    let start = INDENT + 4;
    let room = look.width.saturating_sub(start);
    let body = crate::out::wrapped(&format!("{} ({count})", check.says), start, start + room);
    let body = body.trim_start();
    format!(
        "{}{} {body}",
        " ".repeat(INDENT + 2),
        look.paint(style, mark)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarantee_is_broken_by_one_run() {
        let mut check = Check::guaranteed("in order");
        check.tried(true);
        assert!(!check.is_broken());
        check.tried(false);
        assert!(check.is_broken());
        assert!(draw(&[check], Look::PLAIN).contains("X in order (BROKEN: held in 1 of 2 runs)"));
    }

    #[test]
    fn chance_is_listed_apart_and_cannot_break() {
        let mut first = Check::guaranteed("each job once");
        let mut second = Check::by_chance("in order");
        for held in [true, false, false] {
            first.tried(true);
            second.tried(held);
        }
        assert!(!second.is_broken());
        let expected = "  Guaranteed
    + each job once (3 of 3 runs)
  Not guaranteed
    ~ in order (1 of 3 runs)
";
        assert_eq!(draw(&[second, first], Look::PLAIN), expected);
    }
}
