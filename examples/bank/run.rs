//! Clients at work, somebody who kills, and an audit in the end.

use super::clients::{Story, client};
use super::ledger::Bank;
use super::log::Log;
use super::open;
use gaggle::actor::{Exit, Slot};
use gaggle::{go, sim, time};
use std::time::Duration;

pub(crate) struct Outcome {
    pub(crate) stories: Vec<Story>,
    pub(crate) cents: Vec<u64>,
    pub(crate) kills: u64,
}

/// So many clients make so many transfers each, while things crash.
pub(crate) async fn run(log: &Log, clients: u64, each: u64) -> Result<Outcome, Exit> {
    let (journal, bank) = (Slot::new("journal"), Slot::new("bank"));
    let app = open(log, &journal, &bank).await?;
    let start = |n| go(client(bank.clone(), n * each, each));
    let clients: Vec<_> = (0..clients).map(start).collect();
    let mut kills = 0;
    while clients.iter().any(|client| !client.is_finished()) {
        time::sleep(Duration::from_millis(1 + sim::rand() % 3)).await;
        kills += u64::from(match sim::rand() % 2 {
            0 => journal.addr().is_some_and(|addr| addr.kill()),
            _ => bank.addr().is_some_and(|addr| addr.kill()),
        });
    }
    let mut stories = Vec::new();
    for client in clients {
        stories.push(client.await?);
    }
    let cents = loop {
        if let Ok(cents) = bank.ask(Bank::Audit).wait_up(Duration::from_secs(1)).await {
            break cents;
        }
    };
    app.shutdown().await?;
    Ok(Outcome {
        stories,
        cents,
        kills,
    })
}
