//! Which order came up how often: a count for each order, and a bar chart of the most frequent ones.
//!
//! An order is a text; this file does not know what it is the order of.

use std::collections::HashMap;

use serde::Serialize;

use super::{INDENT, cut};
use crate::out::{FAINT, Look, OPEN, TITLE, counted, thousands};

/// At most so many orders are drawn, and at most [`LISTED`] go into JSON; all are counted.
const DRAWN: usize = 6;
/// See [`DRAWN`].
const LISTED: usize = 1_000;
/// The length of the longest bar.
const BAR: usize = 20;

/// Counts orders while the runs go by.
#[derive(Debug, Default)]
pub(crate) struct OrderCount {
    counts: HashMap<String, u32>,
    runs: u32,
}

/// One order and the number of runs that had it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) order: String,
    pub(crate) runs: u32,
}

/// The orders of one thing over all runs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Orders {
    /// What is in order, as a short phrase.
    pub(crate) of: String,
    pub(crate) runs: u32,
    /// How many different orders came up.
    pub(crate) different: usize,
    /// The most frequent first; at most a thousand.
    pub(crate) most_frequent: Vec<Order>,
}

impl OrderCount {
    /// Counts the order of one run.
    pub(crate) fn add(&mut self, order: String) {
        *self.counts.entry(order).or_default() += 1;
        self.runs += 1;
    }

    /// Sorts what was counted.
    pub(crate) fn finish(self, of: &str) -> Orders {
        let different = self.counts.len();
        let mut most_frequent: Vec<Order> = self
            .counts
            .into_iter()
            .map(|(order, runs)| Order { order, runs })
            .collect();
        most_frequent.sort_by(|a, b| b.runs.cmp(&a.runs).then_with(|| a.order.cmp(&b.order)));
        most_frequent.truncate(LISTED);
        Orders {
            of: of.to_owned(),
            runs: self.runs,
            different,
            most_frequent,
        }
    }
}

impl Orders {
    /// One sentence with the number of different orders.
    pub(crate) fn summary(&self) -> String {
        format!(
            "{} in {}",
            counted(self.different as u64, "different order", "different orders"),
            counted(u64::from(self.runs), "run", "runs"),
        )
    }

    /// The bar chart.
    pub(crate) fn draw(&self, look: Look) -> String {
        let indent = " ".repeat(INDENT);
        let mut text = format!(
            "{indent}{} {}\n",
            look.paint(TITLE, &format!("{}:", self.of)),
            self.summary()
        );
        let most = self.most_frequent.first().map_or(1, |o| o.runs.max(1));
        let digits = thousands(u64::from(most)).len();
        let room = look.width.saturating_sub(INDENT + BAR + 1 + digits + 3);
        for order in self.most_frequent.iter().take(DRAWN) {
            let length = (BAR * order.runs as usize).div_ceil(most as usize);
            let bar = look.pick("\u{2588}", "#").repeat(length);
            let blank = " ".repeat(BAR - length);
            let count = thousands(u64::from(order.runs));
            let what = cut(&order.order, room);
            text.push_str(&format!(
                "{indent}{}{blank} {count:>digits$}x  {what}\n",
                look.paint(OPEN, &bar)
            ));
        }
        if self.different > DRAWN {
            let rest = (self.different - DRAWN) as u64;
            let seen = self.most_frequent.get(DRAWN).map_or(1, |o| o.runs);
            let note = format!(
                "and {}, each seen at most {}",
                counted(rest, "other", "others"),
                counted(u64::from(seen), "time", "times")
            );
            text.push_str(&format!(
                "{indent}{:BAR$} {:>digits$}   {}\n",
                "",
                "",
                look.paint(FAINT, &note)
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted_orders(orders: &[(&str, u32)]) -> Orders {
        let mut count = OrderCount::default();
        for &(order, runs) in orders {
            for _ in 0..runs {
                count.add(order.to_owned());
            }
        }
        count.finish("Words")
    }

    #[test]
    fn the_most_frequent_order_comes_first_and_has_the_longest_bar() {
        let text = counted_orders(&[("b a", 1), ("a b", 4)]).draw(Look::PLAIN);
        let expected = "  Words: 2 different orders in 5 runs
  #################### 4x  a b
  #####                1x  b a
";
        assert_eq!(text, expected);
    }

    #[test]
    fn orders_beyond_the_chart_are_counted() {
        let names: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        let orders: Vec<(&str, u32)> = names.iter().map(|n| (n.as_str(), 2)).collect();
        let orders = counted_orders(&orders);
        assert_eq!(orders.different, 9);
        let text = orders.draw(Look::PLAIN);
        assert!(
            text.contains("and 3 others, each seen at most 2 times"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1 + DRAWN + 1);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let long = "word ".repeat(60);
        let text = counted_orders(&[(&long, 3)]).draw(Look {
            width: 60,
            ..Look::PLAIN
        });
        assert!(text.lines().all(|l| l.chars().count() <= 60), "{text}");
    }
}
