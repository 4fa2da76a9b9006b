//! A story as a page of its own: no script, nothing from elsewhere, and all text of the program's escaped.
//!
//! The page is one grid: a row a line of the story, a column a goroutine. A lane's line is a few long cells behind the short ones.

use super::actors;
use super::lives::{Life, Lives};
use super::style::CSS;
use crate::story::{Deed, Line, Mark, Story};
use gaggle_base::clock::Nanos;
use std::fmt::{self, Write as _};
use std::time::Duration;

/// How many lines are drawn at most: the last ones.
const SHOWN: usize = 5_000;
/// The columns before those of goroutines.
const BEFORE: usize = 2;

/// What stands above the picture.
pub(crate) struct Head<'a> {
    /// What the test is called.
    pub(crate) test: &'a str,
    /// The finding: its first line, then the details.
    pub(crate) finding: &'a str,
    /// What else there is to say, by name.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// The command that replays it.
    pub(crate) replay: Option<String>,
}

/// The page.
pub(crate) fn page(head: &Head<'_>, story: &Story) -> String {
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = write_page(&mut page, head, story);
    page
}

fn write_page(out: &mut String, head: &Head<'_>, story: &Story) -> fmt::Result {
    let first = story.lines.len().saturating_sub(SHOWN);
    let (before, shown) = story.lines.split_at(first);
    let who = actors(shown);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>gaggle sim: {}</title>\n<style>{CSS}main {{ grid-template-columns: max-content max-content repeat({}, minmax(12rem, max-content)); }}\n</style>\n",
        Escaped(head.test),
        who.len().max(1)
    )?;
    write_head(out, head)?;
    out.push_str("<main>\n");
    let mut row = 1;
    for (column, name) in ["", "time"].iter().enumerate() {
        write!(
            out,
            "<div class=\"head t\" style=\"grid-area:1/{}\">{name}</div>",
            column + 1
        )?;
    }
    for (column, id) in who.iter().enumerate() {
        let name = story.goroutines.get(id).map_or("", String::as_str);
        write!(
            out,
            "<div class=\"head\" style=\"grid-area:1/{}\">#{id} <small>{}</small></div>",
            column + BEFORE + 1,
            Escaped(name)
        )?;
    }
    out.push('\n');
    if first > 0 || story.is_cut {
        row += 1;
        write!(
            out,
            "<div class=\"clock\" style=\"grid-area:{row}/1/auto/-1\"><span>earlier steps are left out</span></div>"
        )?;
    }
    let mut lives = Lives::default();
    before.iter().for_each(|line| lives.pass(line));
    let mut threads: Vec<Thread> = who
        .iter()
        .map(|id| Thread {
            life: lives.of(*id),
            since: row + 1,
        })
        .collect();
    let mut now = None;
    for line in shown {
        row += 1;
        write_line(out, line, &who, row, &mut now)?;
        lives.pass(line);
        for (column, (id, thread)) in who.iter().zip(&mut threads).enumerate() {
            thread.turn(out, lives.of(*id), column, row)?;
        }
    }
    for (column, thread) in threads.iter_mut().enumerate() {
        thread.turn(out, Life::Absent, column, row)?;
    }
    out.push_str("</main>\n</html>\n");
    Ok(())
}

fn write_head(out: &mut String, head: &Head<'_>) -> fmt::Result {
    let (title, details) = head.finding.split_once('\n').unwrap_or((head.finding, ""));
    write!(out, "<header>\n<h1>{}</h1>\n", Escaped(title))?;
    if !details.is_empty() {
        writeln!(out, "<pre>{}</pre>", Escaped(details))?;
    }
    out.push_str("<dl>");
    if !head.test.is_empty() {
        write!(out, "<dt>test</dt><dd>{}</dd>", Escaped(head.test))?;
    }
    for (name, fact) in &head.facts {
        write!(out, "<dt>{name}</dt><dd>{}</dd>", Escaped(fact))?;
    }
    if let Some(replay) = &head.replay {
        write!(
            out,
            "<dt>replay</dt><dd><code>{}</code></dd>",
            Escaped(replay)
        )?;
    }
    out.push_str(
        "</dl>\n<ul><li><i class=\"ready\"></i>could go on</li><li><i class=\"waits\"></i>waits</li>\
         <li><i class=\"switch\"></i>preempted: another one runs first</li><li><i class=\"last\"></i>what went wrong</li></ul>\n</header>\n",
    );
    Ok(())
}

/// The line of a lane, from the row where it last changed.
struct Thread {
    life: Life,
    since: usize,
}

impl Thread {
    /// After the row `row` it is so.
    fn turn(&mut self, out: &mut String, life: Life, column: usize, row: usize) -> fmt::Result {
        if life == self.life {
            return Ok(());
        }
        let class = match self.life {
            Life::Absent => None,
            Life::Ready => Some("life"),
            Life::Waits => Some("life waits"),
        };
        if let Some(class) = class
            && self.since <= row
        {
            let (since, end) = (self.since, row + 1);
            let column = column + BEFORE + 1;
            writeln!(
                out,
                "<div class=\"{class}\" style=\"grid-area:{since}/{column}/{end}\"></div>"
            )?;
        }
        self.life = life;
        self.since = row + 1;
        Ok(())
    }
}

fn write_line(
    out: &mut String,
    line: &Line,
    who: &[u64],
    row: usize,
    now: &mut Option<Nanos>,
) -> fmt::Result {
    if line.deed == Deed::Clock {
        *now = None;
        return writeln!(
            out,
            "<div class=\"n\" style=\"grid-area:{row}/1\">{}</div>\
             <div class=\"clock\" style=\"grid-area:{row}/2/auto/-1\"><span>clock {}</span></div>",
            line.number,
            Escaped(&line.text)
        );
    }
    let time = Duration::from_nanos(line.now);
    // What shows where on hover lies over the whole row.
    write!(
        out,
        "<div class=\"row\" style=\"grid-area:{row}/1/auto/-1\" title=\"{}, at {time:?} by #{}: {}\"></div>",
        Escaped(if line.place.is_empty() {
            "no place"
        } else {
            &line.place
        }),
        line.who,
        Escaped(&line.text)
    )?;
    write!(
        out,
        "<div class=\"n\" style=\"grid-area:{row}/1\">{}</div>",
        line.number
    )?;
    if *now != Some(line.now) {
        *now = Some(line.now);
        write!(
            out,
            "<div class=\"t\" style=\"grid-area:{row}/2\">{time:?}</div>"
        )?;
    }
    let column = who.iter().position(|id| *id == line.who).unwrap_or(0) + BEFORE + 1;
    let class = match line.mark {
        Mark::Plain => "do",
        Mark::Switch => "do switch",
        Mark::Waits => "do waits",
        Mark::Last => "do last",
    };
    write!(
        out,
        "<div class=\"{class}\" style=\"grid-area:{row}/{column}\">{}",
        Escaped(&line.text)
    )?;
    if !line.place.is_empty() {
        write!(out, "<small>{}</small>", Escaped(line.short_place()))?;
    }
    out.push_str("</div>\n");
    Ok(())
}

/// A text that means nothing to a browser but itself, between tags and in an attribute.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;"),
                '<' => f.write_str("&lt;"),
                '>' => f.write_str("&gt;"),
                '"' => f.write_str("&quot;"),
                '\'' => f.write_str("&#39;"),
                c => f.write_char(c),
            }?;
        }
        Ok(())
    }
}
