//! One lane per goroutine, time from left to right, a mark for each line that was printed.
//!
//! Columns follow time, but no two marks share one: a mark further right was always printed later.
//! Where lines crowd, the scale stretches, so the picture shows the order exactly and the time roughly.
//! What does not fit is left out at the end, and the picture says so.

use std::collections::BTreeMap;

use super::{INDENT, cut};
use crate::out::{FAINT, Look, TITLE, counted, duration, thousands};
use crate::record::{Event, Recording};
use anstyle::{AnsiColor, Style};

/// The longest name of a lane.
const NAME: usize = 16;
/// The name of the axis.
const TIME: &str = "time";
/// At most so many lanes are drawn.
const LANES: usize = 24;

/// How a program's lines become names and marks.
#[derive(Clone, Copy)]
pub(crate) struct Labels {
    /// The name of a goroutine, from one of its lines.
    pub(crate) name: fn(&Event) -> String,
    /// The mark for one line; without one, the mark is the letter of the thread.
    pub(crate) mark: fn(&Event) -> Option<String>,
    /// Says what the marks mean.
    pub(crate) legend: &'static str,
}

struct Lane {
    name: String,
    /// Text for each column of the time area; `None` is a column without a mark.
    cells: Vec<Option<(char, usize)>>,
    threads: Vec<usize>,
}

/// Draws the recording.
pub(crate) fn draw(recording: &Recording, labels: Labels, look: Look) -> String {
    let names = names(recording, labels);
    let name_width = names
        .values()
        .map(|n| n.chars().count())
        .max()
        .map_or(0, |widest| widest.clamp(TIME.len(), NAME));
    let threads = thread_column(recording);
    let area = look
        .width
        .saturating_sub(INDENT + name_width + 2 + threads + 2)
        .max(10);

    let events: Vec<&Event> = recording
        .events
        .iter()
        .filter(|e| names.contains_key(&e.goroutine))
        .collect();
    let marks: Vec<String> = events
        .iter()
        .map(|e| (labels.mark)(e).unwrap_or_else(|| letter(e.thread)))
        .collect();
    let places = places(&events, &marks, area);
    let used = places
        .iter()
        .zip(&marks)
        .map(|(at, mark)| at + mark.chars().count())
        .max()
        .unwrap_or(0);

    let mut lanes: BTreeMap<usize, Lane> = names
        .into_iter()
        .map(|(goroutine, name)| {
            let lane = Lane {
                name,
                cells: vec![None; used],
                threads: Vec::new(),
            };
            (goroutine, lane)
        })
        .collect();
    for ((event, mark), &at) in events.iter().zip(&marks).zip(&places) {
        let Some(lane) = lanes.get_mut(&event.goroutine) else {
            continue;
        };
        for (offset, sign) in mark.chars().enumerate() {
            lane.cells[at + offset] = Some((sign, event.thread));
        }
        if !lane.threads.contains(&event.thread) {
            lane.threads.push(event.thread);
        }
    }

    let mut text = String::new();
    for lane in lanes.values() {
        text.push_str(&draw_lane(lane, name_width, look));
    }
    text.push_str(&axis(&events[..places.len()], name_width, used, look));
    text.push_str(&notes(recording, &events, places.len(), labels, look));
    text
}

/// The name of each goroutine that gets a lane.
fn names(recording: &Recording, labels: Labels) -> BTreeMap<usize, String> {
    let mut names = BTreeMap::new();
    for event in &recording.events {
        names
            .entry(event.goroutine)
            .or_insert_with(|| cut(&(labels.name)(event), NAME));
    }
    while names.len() > LANES {
        names.pop_last();
    }
    names
}

/// The column of each mark: near its time, after every earlier mark, and within `area`.
/// Shorter than `events` if they do not all fit.
fn places(events: &[&Event], marks: &[String], area: usize) -> Vec<usize> {
    // A blank after each mark keeps the marks of one lane apart.
    let widths: Vec<usize> = marks.iter().map(|m| m.chars().count() + 1).collect();
    let mut sum = 0;
    let fitting = widths
        .iter()
        .take_while(|&&w| {
            sum += w;
            sum <= area + 1
        })
        .count();
    let (Some(first), Some(last)) = (events.first(), events[..fitting].last()) else {
        return Vec::new();
    };
    let span = (last.at_ns - first.at_ns).max(1);

    let mut rest: usize = widths[..fitting].iter().sum();
    let mut next = 0;
    let mut places = Vec::with_capacity(fitting);
    for (event, width) in events.iter().zip(&widths).take(fitting) {
        let by_time = u128::from(event.at_ns - first.at_ns) * (area - 1) as u128 / u128::from(span);
        let latest = area + 1 - rest;
        let at = usize::try_from(by_time)
            .unwrap_or(latest)
            .max(next)
            .min(latest);
        places.push(at);
        rest -= width;
        next = at + width;
    }
    places
}

fn draw_lane(lane: &Lane, name_width: usize, look: Look) -> String {
    let first = lane.cells.iter().position(Option::is_some);
    let last = lane.cells.iter().rposition(Option::is_some);
    let mut track = String::new();
    for (column, cell) in lane.cells.iter().enumerate() {
        let between = first.is_some_and(|f| f < column) && last.is_some_and(|l| column < l);
        match *cell {
            Some((sign, thread)) => track.push_str(&look.paint(colour(thread), &sign.to_string())),
            None if between => track.push_str(&look.paint(FAINT, look.pick("\u{2500}", "-"))),
            None => track.push_str(&look.paint(FAINT, look.pick("\u{b7}", "."))),
        }
    }
    let mut threads = lane.threads.clone();
    threads.sort_unstable();
    let threads: Vec<String> = threads.into_iter().map(letter).collect();
    format!(
        "{}{:<name_width$}  {track}  {}\n",
        " ".repeat(INDENT),
        lane.name,
        look.paint(FAINT, &threads.join(" ")),
    )
}

fn axis(events: &[&Event], name_width: usize, used: usize, look: Look) -> String {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return String::new();
    };
    let (from, to) = (duration(first.at_ns), duration(last.at_ns));
    let arrow = look.pick("\u{2192}", "->");
    let taken = from.len() + to.len() + arrow.chars().count() + 2;
    let line = look
        .pick("\u{2500}", "-")
        .repeat(used.saturating_sub(taken));
    let text = format!("{from} {line}{arrow} {to}");
    format!(
        "{}{:<name_width$}  {}\n",
        " ".repeat(INDENT),
        TIME,
        look.paint(FAINT, &text)
    )
}

fn notes(
    recording: &Recording,
    events: &[&Event],
    drawn: usize,
    labels: Labels,
    look: Look,
) -> String {
    let mut note = labels.legend.to_owned();
    let threads = recording.events.iter().map(|e| e.thread).max().unwrap_or(0);
    match threads {
        0 => {}
        1 => note.push_str(" All of it ran on one thread, A."),
        2 => note.push_str(" The letters on the right are the threads, A and B."),
        _ => {
            let last = letter(threads);
            note.push_str(&format!(
                " The letters on the right are the threads, A to {last}."
            ));
        }
    }
    if drawn < events.len() {
        note.push_str(&format!(
            " The first {} of {} fit.",
            thousands(drawn as u64),
            counted(events.len() as u64, "line", "lines")
        ));
    }
    let hidden = recording.events.len() - events.len();
    if hidden > 0 {
        note.push_str(&format!(
            " Only the first {LANES} goroutines have a lane; {} of others are not shown.",
            counted(hidden as u64, "line", "lines")
        ));
    }
    crate::out::wrapped(note.trim(), INDENT, look.width)
}

/// The letter of a thread: A for the first one.
fn letter(thread: usize) -> String {
    const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let at = thread.saturating_sub(1);
    match LETTERS.get(at) {
        Some(&l) => char::from(l).to_string(),
        None => "+".to_owned(),
    }
}

fn thread_column(recording: &Recording) -> usize {
    let threads = recording.events.iter().map(|e| e.thread).max().unwrap_or(0);
    (2 * threads).saturating_sub(1).min(15)
}

fn colour(thread: usize) -> Style {
    const COLOURS: [AnsiColor; 5] = [
        AnsiColor::Cyan,
        AnsiColor::Yellow,
        AnsiColor::Magenta,
        AnsiColor::Green,
        AnsiColor::Blue,
    ];
    COLOURS[thread % COLOURS.len()]
        .on_default()
        .effects(TITLE.get_effects())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::by_hand;

    const LABELS: Labels = Labels {
        name: |event| format!("g{}", event.goroutine),
        mark: |event| Some(event.line.clone()),
        legend: "A mark is a line.",
    };

    fn narrow(width: usize) -> Look {
        Look {
            width,
            ..Look::PLAIN
        }
    }

    #[test]
    fn a_lane_for_each_goroutine_and_a_mark_for_each_line() {
        let recording = by_hand(&[(0, 0, "a"), (500, 1, "b"), (1_000, 0, "c")]);
        let text = draw(&recording, LABELS, narrow(30));
        let expected = "  g0    a-----------------c  A
  g1    .........b.........  A
  time  0 ns -----> 1.00 us
";
        assert!(text.starts_with(expected), "{text}");
        assert!(
            text.ends_with("A mark is a line. All of it\n  ran on one thread, A.\n"),
            "{text}"
        );
    }

    #[test]
    fn a_later_line_is_further_right_even_at_the_same_instant() {
        let recording = by_hand(&[(5, 1, "x"), (5, 2, "y"), (5, 3, "z"), (9_000, 1, "w")]);
        let text = draw(&recording, LABELS, narrow(40));
        let column = |mark: char| text.lines().find_map(|l| l.find(mark));
        assert!(column('x') < column('y'), "{text}");
        assert!(column('y') < column('z'), "{text}");
        assert!(column('z') < column('w'), "{text}");
    }

    #[test]
    fn crowded_lines_stay_inside_the_picture() {
        let lines: Vec<(u64, usize, &str)> = (0..12)
            .map(|n| (if n == 0 { 0 } else { 1_000 + n }, 1, "10"))
            .collect();
        let text = draw(&by_hand(&lines), LABELS, narrow(50));
        assert_eq!(text.matches("10").count(), 12, "{text}");
        assert!(text.lines().all(|l| l.chars().count() <= 50), "{text}");
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let lines: Vec<(u64, usize, &str)> = (0..100).map(|n| (n, 1, "#")).collect();
        let text = draw(&by_hand(&lines), LABELS, narrow(30));
        assert!(text.contains("of 100 lines fit"), "{text}");
        assert!(text.lines().all(|l| l.chars().count() <= 30), "{text}");
    }

    #[test]
    fn an_empty_recording_draws_no_lanes() {
        assert_eq!(
            draw(&by_hand(&[]), LABELS, narrow(30)),
            "  A mark is a line.\n"
        );
    }
}
