//! What was measured: the reports of all runs, medians, and what failed.

use gaggle_benches::catalogue::{Peer, Row};
use gaggle_benches::report::Report;
use serde::Serialize;

use crate::machine::Header;

/// Every report, and one failure for each peer that failed a row.
#[derive(Default)]
pub(crate) struct Results {
    reports: Vec<Report>,
    failures: Vec<Failure>,
}

#[derive(Clone, Serialize)]
pub(crate) struct Failure {
    pub(crate) row: &'static str,
    pub(crate) peer: &'static str,
    pub(crate) workers: usize,
    pub(crate) problem: String,
}

/// What `--json` writes.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    header: &'a Header,
    runs: &'a [Report],
    failures: &'a [Failure],
}

/// The median of several runs, with the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Results {
    pub(crate) fn add(&mut self, report: Report) {
        self.reports.push(report);
    }

    pub(crate) fn fail(
        &mut self,
        row: &'static Row,
        peer: &'static Peer,
        workers: usize,
        problem: String,
    ) {
        eprintln!("peers: {} {}: {problem}", peer.name, row.name);
        self.failures.push(Failure {
            row: row.name,
            peer: peer.name,
            workers,
            problem,
        });
    }

    pub(crate) fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Which of the failures this peer had in this row.
    pub(crate) fn failure(&self, row: &Row, peer: &Peer, workers: usize) -> Option<usize> {
        self.failures.iter().position(|failure| {
            failure.row == row.name && failure.peer == peer.name && failure.workers == workers
        })
    }

    /// A figure of a row over all rounds; `None` if the peer did not run it, or failed in any round.
    pub(crate) fn spread(
        &self,
        row: &Row,
        figure: usize,
        peer: &Peer,
        workers: usize,
    ) -> Option<Spread> {
        if self.failure(row, peer, workers).is_some() {
            return None;
        }
        let (name, _) = row.figures[figure];
        let runs = self.reports.iter().filter(|report| {
            report.row == row.name && report.peer == peer.name && report.workers == workers
        });
        Spread::of(
            runs.filter_map(|report| report.figure(name, figure == 0))
                .collect(),
        )
    }

    pub(crate) fn document<'a>(&'a self, header: &'a Header) -> Document<'a> {
        Document {
            header,
            runs: &self.reports,
            failures: &self.failures,
        }
    }
}

impl Spread {
    /// `None` of no values.
    fn of(mut values: Vec<f64>) -> Option<Spread> {
        values.sort_by(f64::total_cmp);
        let (&min, &max) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Spread { median, min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn medians() {
        assert_eq!(Spread::of(vec![]), None);
        let odd = Spread::of(vec![3.0, 1.0, 2.0]);
        assert_eq!(
            odd,
            Some(Spread {
                median: 2.0,
                min: 1.0,
                max: 3.0
            })
        );
        let even = Spread::of(vec![4.0, 1.0]);
        assert_eq!(
            even,
            Some(Spread {
                median: 2.5,
                min: 1.0,
                max: 4.0
            })
        );
    }
}
