//! Figures in columns: a heading, a rule, rows; the first column is text, the others stand to the right.

use serde::Serialize;

use super::INDENT;
use crate::out::{FAINT, Look, TITLE};

/// A small table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) headings: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self {
            headings: headings.iter().map(|&h| h.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; it has as many cells as there are headings.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.headings.len(), "a cell for each heading");
        self.rows.push(cells.into());
    }

    /// The table as text.
    pub(crate) fn draw(&self, look: Look) -> String {
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
                widest.max(self.headings[column].chars().count())
            })
            .collect();
        let total = widths.iter().sum::<usize>() + 3 * widths.len().saturating_sub(1);

        let mut text = String::new();
        let mut line = |content: &str| {
            text.push_str(&" ".repeat(INDENT));
            text.push_str(content.trim_end());
            text.push('\n');
        };
        line(&look.paint(TITLE, align(&self.headings, &widths).trim_end()));
        line(&look.paint(FAINT, &look.pick("\u{2500}", "-").repeat(total)));
        for row in &self.rows {
            line(&align(row, &widths));
        }
        text
    }
}

fn align(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (column, (cell, &width)) in cells.iter().zip(widths).enumerate() {
        if column == 0 {
            line.push_str(&format!("{cell:<width$}"));
        } else {
            line.push_str(&format!("   {cell:>width$}"));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_under_each_other() {
        let mut table = Table::new(&["reader", "numbers"]);
        table.row(["Reader 1".into(), "4".into()]);
        table.row(["Reader 2".into(), "1,000".into()]);
        let expected = "  reader     numbers
  ------------------
  Reader 1         4
  Reader 2     1,000
";
        assert_eq!(table.draw(Look::PLAIN), expected);
    }
}
