//! The line of JSON that one run of one row prints, the Go twin's included.

use serde::{Deserialize, Serialize};

/// One row, run once by one peer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Name of the row, as in the catalogue.
    pub row: String,
    /// Name of the peer, as in the catalogue.
    pub peer: String,
    /// Worker threads.
    pub workers: usize,
    /// How many goroutines, messages or operations `value` was divided by.
    pub count: u64,
    /// Unit of `value`.
    pub unit: String,
    /// The row's first figure. Smaller is better, unless it is a rate.
    pub value: f64,
    /// The row's other figures, by name.
    #[serde(default)]
    pub more: Vec<Figure>,
    /// `ok`: a run whose check sum is wrong prints no report and fails.
    pub checksum: String,
}

/// A further figure of a row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// What is measured.
    pub name: String,
    /// In which unit.
    pub unit: String,
    /// How much.
    pub value: f64,
}

impl Report {
    /// The figure with this name; every row's first figure is `value`.
    pub fn figure(&self, name: &str, is_first: bool) -> Option<f64> {
        if is_first {
            return Some(self.value);
        }
        let figure = self.more.iter().find(|figure| figure.name == name);
        figure.map(|figure| figure.value)
    }
}
