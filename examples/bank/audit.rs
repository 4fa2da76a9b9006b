//! The audit: the money is all there, and what was confirmed has happened once.

use super::log::{Log, transfers};
use super::run::Outcome;
use super::{ACCOUNTS, OPENING};
use gaggle::actor::Exit;
use std::collections::BTreeSet;
use std::fmt;

impl Outcome {
    /// Compares what the accounts hold, what the log says and what the clients have heard.
    pub(crate) fn check(&self, log: &Log) -> Result<(), Exit> {
        let lines = transfers(log)?;
        let logged: BTreeSet<_> = lines.iter().copied().collect();
        let heard = self.stories.iter().flat_map(|story| &story.confirmed);
        let confirmed: BTreeSet<_> = heard.copied().collect();
        let mut cents = vec![i128::from(OPENING); ACCOUNTS as usize];
        for transfer in &logged {
            cents[transfer.from as usize] -= i128::from(transfer.cents);
            cents[transfer.to as usize] += i128::from(transfer.cents);
        }
        let same = self.cents.iter().map(|cents| i128::from(*cents)).eq(cents);
        match () {
            () if self.cents.iter().sum::<u64>() != OPENING * ACCOUNTS => {
                Err(Exit::error("money is missing, or there is too much"))
            }
            () if !same => Err(Exit::error("the accounts are not what the log says")),
            () if lines.len() != logged.len() || logged != confirmed => {
                Err(Exit::error("the log is not what was confirmed"))
            }
            () => Ok(()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |of: fn(&super::clients::Story) -> u64| self.stories.iter().map(of).sum::<u64>();
        writeln!(
            f,
            "{} transfers confirmed",
            sum(|s| s.confirmed.len() as u64)
        )?;
        writeln!(f, "{} refused, for want of money", sum(|s| s.refused))?;
        writeln!(
            f,
            "{} repeated, because something crashed",
            sum(|s| s.repeated)
        )?;
        writeln!(f, "{} times something was killed", self.kills)?;
        let all: u64 = self.cents.iter().sum();
        write!(f, "the accounts have {:?}, together {all}", self.cents)
    }
}
