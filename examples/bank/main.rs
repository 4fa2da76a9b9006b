//! A bank that survives crashes: a journal, a ledger that is made from it, and clients that repeat what was not confirmed.

use gaggle::actor::{Child, Exit, Running, Slot, Strategy, Supervisor};
use gaggle::sim;
use journal::{Entry, Journal};
use ledger::{Bank, Ledger};
use log::Log;
use std::time::Duration;

mod audit;
pub(crate) mod clients;
mod journal;
mod ledger;
pub(crate) mod log;
pub(crate) mod run;
mod transfer;

pub(crate) const ACCOUNTS: u64 = 4;
pub(crate) const OPENING: u64 = 100;

/// One time in twenty it fails; in a simulation, as the schedule says.
pub(crate) fn crash(when: &'static str) -> Result<(), Exit> {
    let by_chance = !sim::is_simulated() && sim::rand().is_multiple_of(20);
    if by_chance || sim::fault(when, 0.05) {
        return Err(Exit::error(format!("crashed {when}")));
    }
    Ok(())
}

/// The ledger is declared after the journal, which it needs: it goes when the journal does.
pub(crate) async fn open(
    log: &Log,
    journal: &Slot<Entry>,
    bank: &Slot<Bank>,
) -> Result<Running, Exit> {
    let app = Supervisor::new(Strategy::RestForOne)
        .intensity(1_000, Duration::from_secs(1)) // to crash is what this program is for
        .child(Child::of::<Journal>("journal", log.clone()).slot(journal))
        .child(Child::of::<Ledger>("ledger", journal.clone()).slot(bank));
    Ok(app.start().await?)
}

#[gaggle::main]
async fn main() -> Result<(), Exit> {
    let path = std::env::temp_dir().join(format!("gaggle-bank-{}", std::process::id()));
    let log = Log::File(path.clone());
    let outcome = run::run(&log, 8, 100).await?;
    println!("{outcome}");
    outcome.check(&log)?;
    std::fs::remove_file(path)?;
    Ok(())
}
