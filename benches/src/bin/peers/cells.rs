//! The cells of one line of a table: a figure of a row, for all peers.

use gaggle_benches::catalogue::{BEAM, GAGGLE, GO, Peer, RATE, Row};

use crate::options::Options;
use crate::programs::Programs;
use crate::summary::{Results, Spread};

/// The columns. Ratios above 1 mean that gaggle needs less, or does more where that is the figure. The longest column comes last.
pub(crate) const COLUMNS: [&str; 8] = [
    "row",
    "unit",
    "gaggle",
    "Go",
    "best Rust peer",
    "Go / gaggle",
    "best / gaggle",
    "others",
];

/// Columns of text; the others hold numbers and stand to the right.
pub(crate) const TEXT: [usize; 4] = [0, 1, 4, 7];

pub(crate) type Line = [String; COLUMNS.len()];

pub(crate) fn line(
    options: &Options,
    programs: &Programs,
    results: &Results,
    row: &Row,
    figure: usize,
    workers: usize,
) -> Line {
    let (name, unit) = row.figures[figure];
    let entry = |peer| Entry::of(results, row, figure, peer, workers);
    let asked = |name| options.peers.iter().copied().find(|peer| peer.name == name);
    let gaggle = asked(GAGGLE).map_or(Entry::Nothing, entry);
    // Go knows no actors: BEAM stands in its column there.
    let language = asked(if row.mailboxes { BEAM } else { GO });
    let other = match language {
        Some(peer) if peer.runs(row) && programs.missing(peer).is_some() => Entry::Missing,
        Some(peer) => entry(peer),
        None => Entry::Nothing,
    };

    let rust = options.peers.iter().copied();
    let rivals = rust.filter(|peer| ![GAGGLE, GO, BEAM].contains(&peer.name));
    let mut rivals: Vec<(&Peer, Entry)> = rivals
        .map(|peer| (peer, entry(peer)))
        .filter(|(_, entry)| !matches!(entry, Entry::Nothing))
        .collect();
    rivals.sort_by(|(_, a), (_, b)| a.rank(unit).total_cmp(&b.rank(unit)));
    let best = rivals.first().filter(|(_, entry)| entry.median().is_some());
    let others = rivals.iter().skip(usize::from(best.is_some()));
    let others: Vec<_> = others
        .map(|(peer, entry)| format!("{} {}", signed(peer, row), entry.short()))
        .collect();

    [
        row.title(name),
        unit.to_owned(),
        gaggle.long(),
        match (language, &other) {
            (Some(peer), Entry::Measured(_) | Entry::Failed(_)) if peer.name == BEAM => {
                format!("BEAM{} {}", peer.sign(row), other.long())
            }
            _ => other.long(),
        },
        best.map_or("-".to_owned(), |(peer, entry)| {
            format!("{} {}", signed(peer, row), entry.long())
        }),
        ratio(unit, other.median(), gaggle.median()),
        ratio(
            unit,
            best.and_then(|(_, entry)| entry.median()),
            gaggle.median(),
        ),
        if others.is_empty() {
            "-".to_owned()
        } else {
            others.join(", ")
        },
    ]
}

/// What a table says about one peer in one line.
enum Entry {
    Measured(Spread),
    /// The number of the note that says why.
    Failed(usize),
    /// The program could not be built.
    Missing,
    /// The peer does not run this row.
    Nothing,
}

impl Entry {
    fn of(results: &Results, row: &Row, figure: usize, peer: &Peer, workers: usize) -> Entry {
        if let Some(note) = results.failure(row, peer, workers) {
            return Entry::Failed(note + 1);
        }
        let spread = results.spread(row, figure, peer, workers);
        spread.map_or(Entry::Nothing, Entry::Measured)
    }

    fn median(&self) -> Option<f64> {
        match self {
            Entry::Measured(spread) => Some(spread.median),
            _ => None,
        }
    }

    /// The best first, failures last.
    fn rank(&self, unit: &str) -> f64 {
        let sign = if unit == RATE { -1.0 } else { 1.0 };
        self.median().map_or(f64::INFINITY, |median| sign * median)
    }

    fn short(&self) -> String {
        match self {
            Entry::Measured(spread) => number(spread.median),
            Entry::Failed(note) => format!("failed [{note}]"),
            Entry::Missing => "missing".to_owned(),
            Entry::Nothing => "-".to_owned(),
        }
    }

    fn long(&self) -> String {
        match self {
            Entry::Measured(Spread { median, min, max }) if min < max => {
                format!("{} ({} to {})", number(*median), number(*min), number(*max))
            }
            _ => self.short(),
        }
    }
}

fn signed(peer: &Peer, row: &Row) -> String {
    format!("{}{}", peer.name, peer.sign(row))
}

fn ratio(unit: &str, other: Option<f64>, gaggle: Option<f64>) -> String {
    let (above, below) = if unit == RATE {
        (gaggle, other)
    } else {
        (other, gaggle)
    };
    match (above, below) {
        (Some(above), Some(below)) if below > 0.0 => format!("{:.2}", above / below),
        _ => "-".to_owned(),
    }
}

/// Three significant digits: the noise leaves no more.
fn number(value: f64) -> String {
    match value.abs() {
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{number, ratio};

    #[test]
    fn digits() {
        assert_eq!(number(4.614), "4.61");
        assert_eq!(number(46.14), "46.1");
        assert_eq!(number(4614.1), "4614");
    }

    #[test]
    fn no_ratio_without_both_figures() {
        assert_eq!(ratio("ns", Some(3.0), Some(2.0)), "1.50");
        assert_eq!(ratio("ns", None, Some(2.0)), "-");
        assert_eq!(ratio("ns", Some(3.0), Some(0.0)), "-");
    }

    #[test]
    fn where_more_is_better_the_ratio_says_how_much_more_gaggle_does() {
        assert_eq!(ratio(super::RATE, Some(2.0), Some(3.0)), "1.50");
    }
}
