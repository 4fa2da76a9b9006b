//! One line an event, for any number of goroutines.

use crate::story::{Line, Mark, Story};
use std::fmt;

/// How many lines are shown at most: the last ones.
const SHOWN: usize = 60;

pub(super) fn write(f: &mut fmt::Formatter<'_>, story: &Story) -> fmt::Result {
    let first = story.lines.len().saturating_sub(SHOWN);
    if first > 0 || story.is_cut {
        writeln!(f, "        .. earlier steps are left out")?;
    }
    let shown = &story.lines[first..];
    let name = |line: &Line| match story.goroutines.get(&line.who) {
        _ if line.who == 0 => "clock".to_owned(),
        Some(name) => format!("#{} {name}", line.who),
        None => format!("#{}", line.who),
    };
    let names = shown.iter().map(|line| name(line).len()).max().unwrap_or(0);
    let texts = shown.iter().map(|line| said(line).len()).max().unwrap_or(0);
    for line in shown {
        let sign = match line.mark {
            Mark::Last => "=>",
            Mark::Switch => " *",
            Mark::Plain | Mark::Waits => "  ",
        };
        let (name, said) = (name(line), said(line));
        let text = format!(
            "{sign}{:>5}  {name:names$}  {said:texts$}  {}",
            line.step, line.place
        );
        writeln!(f, "  {}", text.trim_end())?;
    }
    Ok(())
}

fn said(line: &Line) -> String {
    match line.mark {
        Mark::Waits => format!("{}: waits", line.text),
        _ => line.text.clone(),
    }
}
