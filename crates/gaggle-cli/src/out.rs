//! Standard output, colours and numbers in words.
//!
//! All output of the command passes here, for two reasons: a reader who goes away early (`gaggle tour | head -3`) ends
//! the process quietly, and whether to use colours or characters beyond ASCII is decided once.
//! This file must not know what is printed.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::process;
use std::sync::OnceLock;

use anstyle::{AnsiColor, Style};
use rustix::termios::tcgetwinsize;
use serde::Serialize;

/// The text never gets wider than this, however wide the terminal is.
const WIDEST: usize = 120;

/// How to write on this standard output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Colours may be used.
    pub(crate) colour: bool,
    /// Characters beyond ASCII may be used.
    pub(crate) unicode: bool,
    /// Columns.
    pub(crate) width: usize,
}

impl Look {
    /// Plain text, as for a file or a pipe.
    pub(crate) const PLAIN: Self = Self {
        colour: false,
        unicode: false,
        width: 80,
    };

    /// Looks at standard output and at the environment, once.
    pub(crate) fn of_stdout() -> Self {
        static LOOK: OnceLock<Look> = OnceLock::new();
        *LOOK.get_or_init(|| {
            if !io::stdout().is_terminal() {
                return Self::PLAIN;
            }
            let dumb = env::var_os("TERM").is_some_and(|t| t == "dumb");
            let no_colour = env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
            let width = tcgetwinsize(io::stdout()).map_or(80, |size| usize::from(size.ws_col));
            Self {
                colour: !dumb && !no_colour,
                unicode: !dumb && locale_is_utf8(),
                width: if width == 0 {
                    80
                } else {
                    width.clamp(40, WIDEST)
                },
            }
        })
    }

    /// `text` in `style`, or as it is where colours are off.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// One of two ways to draw the same thing.
    pub(crate) fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }
}

fn locale_is_utf8() -> bool {
    let set = |name| env::var(name).ok().filter(|v| !v.is_empty());
    let locale = set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"));
    locale.is_some_and(|l| {
        let l = l.to_ascii_lowercase();
        l.contains("utf-8") || l.contains("utf8")
    })
}

/// Headings.
pub(crate) const TITLE: Style = Style::new().bold();
/// What a program printed.
pub(crate) const PROGRAM: Style = AnsiColor::Cyan.on_default();
/// What a program wrote to standard error.
pub(crate) const ERRORS: Style = AnsiColor::Magenta.on_default();
/// Less important text.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// What held.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What should have held and did not.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What nobody promised.
pub(crate) const OPEN: Style = AnsiColor::Yellow.on_default();

/// Writes to standard output. When nobody reads it any more, the process ends.
pub(crate) fn put(text: &str) {
    let mut stdout = io::stdout().lock();
    if let Err(error) = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        if error.kind() == io::ErrorKind::BrokenPipe {
            process::exit(0);
        }
        let _ = writeln!(
            io::stderr(),
            "error: cannot write to standard output: {error}"
        );
        process::exit(1);
    }
}

/// Writes one line.
pub(crate) fn put_line(text: &str) {
    put(&format!("{text}\n"));
}

/// Writes one line of a program, at the left margin and with nothing added to it.
pub(crate) fn program_line(text: &str) {
    put_line(&Look::of_stdout().paint(PROGRAM, text));
}

/// Writes what a program wrote to standard error, at the left margin and with nothing added to it.
pub(crate) fn program_errors(text: &str) {
    for line in text.lines() {
        put_line(&Look::of_stdout().paint(ERRORS, line));
    }
}

/// Writes `value` as JSON on one line.
pub(crate) fn json_line(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(text) => put_line(&text),
        Err(error) => unreachable!("plain data always becomes JSON: {error}"),
    }
}

/// `text` broken into lines of at most `width` columns, each behind `indent` blanks.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut lines = String::new();
    for paragraph in text.split('\n') {
        let mut column = 0;
        for word in paragraph.split_ascii_whitespace() {
            let long = word.chars().count();
            if column > 0 && column + 1 + long > width {
                lines.push('\n');
                column = 0;
            }
            if column == 0 {
                lines.push_str(&" ".repeat(indent));
                column = indent + long;
            } else {
                lines.push(' ');
                column += 1 + long;
            }
            lines.push_str(word);
        }
        lines.push('\n');
    }
    lines
}

/// `count` with a comma between thousands, and its noun in the right number.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(count),
        if count == 1 { one } else { many }
    )
}

/// A number with a comma between thousands.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length of time with the unit that suits it.
#[expect(
    clippy::cast_precision_loss,
    reason = "for display, with three figures"
)]
pub(crate) fn duration(ns: u64) -> String {
    let (value, unit) = match ns {
        0..1_000 => return format!("{ns} ns"),
        1_000..1_000_000 => (ns as f64 / 1e3, "us"),
        1_000_000..1_000_000_000 => (ns as f64 / 1e6, "ms"),
        _ => (ns as f64 / 1e9, "s"),
    };
    let decimals = if value < 10.0 {
        2
    } else {
        usize::from(value < 100.0)
    };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(counted(1, "run", "runs"), "1 run");
    }

    #[test]
    fn durations_have_about_three_figures() {
        assert_eq!(duration(850), "850 ns");
        assert_eq!(duration(1_234), "1.23 us");
        assert_eq!(duration(45_678_000), "45.7 ms");
        assert_eq!(duration(345_678_000), "346 ms");
        assert_eq!(duration(2_500_000_000), "2.50 s");
    }

    #[test]
    fn text_is_wrapped_at_the_width() {
        assert_eq!(
            wrapped("one two three four", 2, 10),
            "  one two\n  three\n  four\n"
        );
        assert_eq!(wrapped("a\n\nb", 1, 10), " a\n\n b\n");
    }

    #[test]
    fn plain_text_has_no_colours() {
        assert_eq!(Look::PLAIN.paint(BAD, "text"), "text");
    }
}
