//! Scenarios, as both sides read them: see `README.md`.
//!
//! This file must not know what a step does.

use std::time::Duration;

/// One scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// The supervisors and workers that are declared; the first is the root of the tree. Scenarios of plain processes declare none.
    pub specs: Vec<Spec>,
    /// What is done, each in words.
    pub steps: Vec<Vec<String>>,
    /// Its text.
    pub text: String,
}

/// What a declared child is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A supervisor.
    Sup,
    /// A worker.
    Worker,
    /// A supervisor of dynamic children.
    Dynamic,
}

/// A child, or the root: its name and `key=value`.
#[derive(Clone, Debug)]
pub struct Spec {
    /// What it is.
    pub kind: Kind,
    /// Its id among its siblings; in a scenario no two are the same.
    pub name: String,
    words: Vec<(String, String)>,
}

impl Spec {
    /// Of `worker a in=root restart=transient`.
    ///
    /// # Panics
    /// When it is something else: scenarios are a part of the tests.
    #[must_use]
    pub fn parse(words: &[String]) -> Self {
        let kind = match words[0].as_str() {
            "sup" => Kind::Sup,
            "worker" => Kind::Worker,
            "dynamic" => Kind::Dynamic,
            other => panic!("`{other}` declares nothing"),
        };
        let pair = |word: &String| {
            let (key, value) = word.split_once('=').unwrap_or((word, "true"));
            (key.to_owned(), value.to_owned())
        };
        Self {
            kind,
            name: words[1].clone(),
            words: words[2..].iter().map(pair).collect(),
        }
    }

    /// The value of a key, or what it is if nothing is said.
    #[must_use]
    pub fn get<'a>(&'a self, key: &str, otherwise: &'a str) -> &'a str {
        let found = self.words.iter().find(|(its, _)| its == key);
        found.map_or(otherwise, |(_, value)| value)
    }

    /// A number.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn number(&self, key: &str, otherwise: u32) -> u32 {
        match self.get(key, "") {
            "" => otherwise,
            text => number(text),
        }
    }

    /// A number of milliseconds.
    #[must_use]
    pub fn millis(&self, key: &str, otherwise: u32) -> Duration {
        Duration::from_millis(self.number(key, otherwise).into())
    }
}

/// A number in a scenario.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn number(text: &str) -> u32 {
    text.parse()
        .unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// All scenarios of a text.
#[must_use]
pub fn parse(text: &str) -> Vec<Scenario> {
    let mut all: Vec<Scenario> = Vec::new();
    for line in text.lines() {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match words.first().map(String::as_str) {
            None => {}
            Some(first) if first.starts_with('#') => {}
            Some("scenario") => all.push(Scenario {
                name: words[1].clone(),
                specs: Vec::new(),
                steps: Vec::new(),
                text: format!("{line}\n"),
            }),
            Some(first) => {
                let Some(scenario) = all.last_mut() else {
                    continue;
                };
                scenario.text.push_str(line);
                scenario.text.push('\n');
                if matches!(first, "sup" | "worker" | "dynamic") {
                    scenario.specs.push(Spec::parse(&words));
                } else {
                    scenario.steps.push(words);
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{Kind, parse};

    #[test]
    fn declarations_come_before_steps_and_comments_are_none() {
        let text = "scenario one\nsup root max=2\n  worker a in=root significant\n# why\nboot\ncrash a\n\nscenario two\nproc p\n";
        let all = parse(text);
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].specs.len(), all[0].steps.len()), (2, 2));
        assert_eq!(all[0].specs[0].number("max", 3), 2);
        assert_eq!(all[0].specs[1].kind, Kind::Worker);
        assert_eq!(all[0].specs[1].get("significant", "false"), "true");
        assert_eq!(all[1].steps, [["proc", "p"]]);
    }
}
