//! A column a goroutine, for a few of them: who does what while the others do what.
//!
//! In plain ASCII and without colour, so that it can be read in any log.

use super::lives::{Life, Lives};
use super::sign;
use crate::story::{Deed, Line, Mark, Story};
use std::fmt::{self, Write as _};
use std::time::Duration;

/// No line is wider.
pub(super) const WIDTH: usize = 110;
/// What stands before the lanes: the report's indent, the sign, the number, two blanks.
const BEFORE: usize = 10;
/// What is between two lanes.
const GAP: usize = 2;
/// The column of places is not wider.
const PLACE: usize = 28;
/// No lane is made narrower, and none is wider for the sake of a long text.
const LEAST: usize = 12;
const MOST: usize = 32;

pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    story: &Story,
    who: &[u64],
    before: &[Line],
    shown: &[Line],
) -> fmt::Result {
    let widths = widths(story, who, shown);
    let mut lives = Lives::default();
    before.iter().for_each(|line| lives.pass(line));
    let names = who.iter().map(|id| story.name(*id));
    let names: Vec<String> = names.zip(&widths).map(|(n, w)| cut(&n, *w)).collect();
    row(f, "", &names, &widths, "")?;
    for line in shown {
        if line.deed == Deed::Clock {
            clock(
                f,
                line,
                widths.iter().sum::<usize>() + GAP * (who.len() - 1),
            )?;
            continue;
        }
        let own = who.iter().position(|id| *id == line.who);
        let text = own.map_or_else(Vec::new, |own| wrapped(&line.text, widths[own]));
        let place = cut(line.short_place(), PLACE);
        for (at, part) in text.iter().enumerate() {
            if at == 1 {
                lives.pass(line);
            }
            let cells = who.iter().enumerate().map(|(lane, id)| {
                if Some(lane) == own {
                    return part.clone();
                }
                match lives.of(*id) {
                    Life::Absent => String::new(),
                    Life::Ready => "|".to_owned(),
                    Life::Waits => ":".to_owned(),
                }
            });
            let cells: Vec<String> = cells.collect();
            let head = format!("{}{:>4}", sign(line.mark), line.number);
            match at {
                0 => row(f, &head, &cells, &widths, &place)?,
                _ => row(f, "", &cells, &widths, "")?,
            }
        }
        lives.pass(line);
    }
    let switched = shown.iter().any(|line| line.mark == Mark::Switch);
    let star = if switched { "* preempted   " } else { "" };
    writeln!(f, "  {:8}{star}| could go on   : waits", "")
}

/// One line: what stands before it, the lanes, the place.
fn row(
    f: &mut fmt::Formatter<'_>,
    head: &str,
    cells: &[String],
    widths: &[usize],
    place: &str,
) -> fmt::Result {
    let mut text = format!("  {head:6}  ");
    for (cell, width) in cells.iter().zip(widths) {
        write!(text, "{cell:width$}{:GAP$}", "")?;
    }
    text.push_str(place);
    writeln!(f, "{}", text.trim_end())
}

/// The clock moves, for all of them.
fn clock(f: &mut fmt::Formatter<'_>, line: &Line, width: usize) -> fmt::Result {
    let at = Duration::from_nanos(line.now);
    let text = if line.text.starts_with("->") {
        format!("-- clock: {at:?} ")
    } else {
        format!("-- {} ", line.text)
    };
    writeln!(f, "  {:>6}  {text:-<width$}", line.number)
}

/// How wide each lane is: as its longest text, as far as there is room.
fn widths(story: &Story, who: &[u64], shown: &[Line]) -> Vec<usize> {
    let of = |id: &u64| {
        let own = shown.iter().filter(|line| line.who == *id);
        let texts = own.map(|line| line.text.chars().count());
        texts.chain([story.name(*id).chars().count()]).max()
    };
    let mut widths: Vec<usize> = who
        .iter()
        .map(|id| of(id).unwrap_or(0).clamp(LEAST, MOST))
        .collect();
    let places = shown.iter().map(|line| line.short_place().chars().count());
    let places = places.max().unwrap_or(0).min(PLACE);
    let room = WIDTH - BEFORE - places - GAP * who.len();
    while widths.iter().sum::<usize>() > room {
        // The widest gives way.
        let Some(widest) = widths.iter_mut().max().filter(|width| **width > LEAST) else {
            break;
        };
        *widest -= 1;
    }
    widths
}

/// In lines of this width, broken between words where that is possible.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        if used > 0 && used + 1 + word.chars().count() > width {
            lines.push(String::new());
            used = 0;
        }
        for (at, c) in word.chars().enumerate() {
            if used == width {
                lines.push(String::new());
                used = 0;
            }
            let Some(line) = lines.last_mut() else { break };
            if at == 0 && used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push(if c.is_control() { '?' } else { c });
            used += 1;
        }
    }
    lines
}

/// The end of it is left out if it is too long.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = text.chars().take(width.saturating_sub(2));
    kept.chain("..".chars()).collect()
}
