//! Logs, side by side: what is in no order is put in one, and what differs is shown.

use crate::scenario::{Kind, Scenario};
use std::fmt::Write as _;

/// A log with what happens at once in the order of the alphabet:
/// all of a step that kills a supervisor, whose children end while it is started again, and of all steps if some supervisor is stopped by being killed; ends of dynamic children (their names begin with `%`), which are stopped together; what several plain processes do.
#[must_use]
pub fn normal(scenario: &Scenario, log: &str) -> String {
    let mut text = String::new();
    let mut lines: Vec<&str> = Vec::new();
    let mut specs = scenario.specs.iter();
    let always = specs.any(|spec| spec.kind != Kind::Worker && spec.get("stop", "") == "kill");
    let always = always || scenario.name.starts_with(crate::crowd::PREFIX);
    let mut kills = always;
    for line in log.lines().chain([""]) {
        if line.starts_with(['>', '=', ':']) || line.is_empty() || line.starts_with("scenario ") {
            arrange(scenario, &mut lines, kills);
            for line in lines.drain(..) {
                let _ = writeln!(text, "{line}");
            }
            if !line.is_empty() {
                let _ = writeln!(text, "{line}");
            }
            if let Some(step) = line.strip_prefix("> ") {
                let killed = step.strip_prefix("kill ");
                kills = always || killed.is_some_and(|name| is_sup(scenario, name));
            }
        } else {
            lines.push(line);
        }
    }
    text
}

fn is_sup(scenario: &Scenario, name: &str) -> bool {
    let declared = scenario.specs.iter().filter(|spec| spec.name == name);
    let added = format!("add sup {name} ");
    let added = scenario.text.contains(&added);
    added || declared.into_iter().any(|spec| spec.kind != Kind::Worker)
}

fn arrange(scenario: &Scenario, lines: &mut [&str], kills: bool) {
    if kills {
        lines.sort_unstable();
    } else if scenario.specs.is_empty() {
        lines.sort_by_key(|line| line.split(' ').next());
    } else {
        let stops = |line: &&str| line.starts_with("stop %");
        let same = |a: &&str, b: &&str| stops(a) && stops(b);
        for together in lines.chunk_by_mut(same) {
            if together.iter().all(stops) {
                together.sort_unstable();
            }
        }
    }
}

/// The logs of a text, by the names of the scenarios.
#[must_use]
pub fn split(text: &str) -> Vec<(&str, String)> {
    let mut all: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("scenario ") {
            all.push((name, String::new()));
        }
        if let Some((_, log)) = all.last_mut() {
            log.push_str(line);
            log.push('\n');
        }
    }
    all
}

/// Both logs up to the step in which they differ: what is the same once, then both. `None`: they are equal.
#[must_use]
pub fn difference(gaggle: &str, beam: &str) -> Option<String> {
    if gaggle == beam {
        return None;
    }
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (gaggle.lines().collect(), beam.lines().collect());
    let mut same = ours.iter().zip(&theirs).take_while(|(a, b)| a == b).count();
    while same > 0 && !ours.get(same).is_some_and(|line| line.starts_with('>')) {
        same -= 1;
    }
    let mut text = String::new();
    for line in &ours[..same] {
        let _ = writeln!(text, "          {line}");
    }
    for (who, lines) in [("gaggle", &ours), ("BEAM  ", &theirs)] {
        let step = lines[same..].iter().enumerate();
        let step = step.take_while(|(at, line)| *at == 0 || !line.starts_with('>'));
        for (_, line) in step {
            let _ = writeln!(text, "  {who}  {line}");
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{difference, normal};
    use crate::scenario::parse;

    #[test]
    fn what_happens_at_once_is_in_the_order_of_the_alphabet_and_nothing_else() {
        let scenario = &parse("scenario s\nsup root\nsup x in=root\nboot\n")[0];
        let log = "> kill x\nstop b\nstop a\n> boot\nstop b\nstop a\nstop %2\nstop %1\n= ok\n";
        let same = "> kill x\nstop a\nstop b\n> boot\nstop b\nstop a\nstop %1\nstop %2\n= ok\n";
        assert_eq!(normal(scenario, log), same);
    }

    #[test]
    fn a_difference_shows_the_step_of_both() {
        let text = difference("> a\nx\n> b\ny\n> c\n", "> a\nx\n> b\nz\n> c\n").unwrap();
        assert!(text.contains("gaggle  y") && text.contains("BEAM    z") && !text.contains("> c"));
        assert_eq!(difference("a", "a"), None);
    }
}
