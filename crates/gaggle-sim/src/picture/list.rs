//! One line an event, for any number of goroutines.

use super::sign;
use crate::story::{Line, Story};
use std::fmt;

pub(super) fn write(f: &mut fmt::Formatter<'_>, story: &Story, shown: &[Line]) -> fmt::Result {
    let widest = |text: &dyn Fn(&Line) -> String| {
        let widths = shown.iter().map(|line| text(line).chars().count());
        widths.max().unwrap_or(0)
    };
    let names = widest(&|line| story.name(line.who));
    let texts = widest(&|line| line.text.clone()).min(60);
    for line in shown {
        let text = format!(
            "{}{:>4}  {:names$}  {:texts$}  {}",
            sign(line.mark),
            line.number,
            story.name(line.who),
            line.text,
            line.place
        );
        writeln!(f, "  {}", text.trim_end())?;
    }
    Ok(())
}
