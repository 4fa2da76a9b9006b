//! A progress bar on standard error, for what takes longer than a moment.
//!
//! It is drawn only where standard error is a terminal, and it wipes itself away before anything else is printed.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// The bar stays away from work that is shorter than this.
const PATIENCE: Duration = Duration::from_millis(200);
/// The time between two drawings.
const PAUSE: Duration = Duration::from_millis(50);
const LENGTH: u64 = 30;

/// One bar.
#[derive(Debug)]
pub(crate) struct Bar {
    next: Instant,
    terminal: bool,
    visible: bool,
}

impl Bar {
    /// A bar that is not visible yet.
    pub(crate) fn new() -> Self {
        Self {
            next: Instant::now() + PATIENCE,
            terminal: io::stderr().is_terminal(),
            visible: false,
        }
    }

    /// Draws the bar, if there is a terminal and the time has come.
    pub(crate) fn show(&mut self, done: u64, total: u64, what: &str) {
        let now = Instant::now();
        if !self.terminal || now < self.next {
            return;
        }
        self.next = now + PAUSE;
        self.visible = true;
        let _ = write!(io::stderr(), "\r\x1b[2K  {}", draw(done, total, what));
        let _ = io::stderr().flush();
    }

    /// Wipes the bar away.
    pub(crate) fn clear(&mut self) {
        if self.visible {
            self.visible = false;
            let _ = write!(io::stderr(), "\r\x1b[2K");
            let _ = io::stderr().flush();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

fn draw(done: u64, total: u64, what: &str) -> String {
    let total = total.max(1);
    let done = done.min(total);
    let full = usize::try_from(done * LENGTH / total).unwrap_or(0);
    let empty = usize::try_from(LENGTH).unwrap_or(0) - full;
    format!(
        "[{}{}] {:>3} %  {what}",
        "#".repeat(full),
        ".".repeat(empty),
        done * 100 / total
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_up() {
        assert_eq!(
            draw(0, 10, "runs"),
            format!("[{}]   0 %  runs", ".".repeat(30))
        );
        assert_eq!(
            draw(5, 10, "runs"),
            format!("[{}{}]  50 %  runs", "#".repeat(15), ".".repeat(15))
        );
        assert_eq!(
            draw(11, 10, "runs"),
            format!("[{}] 100 %  runs", "#".repeat(30))
        );
        assert!(draw(0, 0, "nothing").contains("0 %"));
    }
}
