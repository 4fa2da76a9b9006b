//! A client: it makes transfers, and repeats each until it hears how that has ended.

use super::ACCOUNTS;
use super::ledger::Bank;
use super::transfer::Transfer;
use gaggle::actor::Slot;
use gaggle::sim;
use std::time::Duration;

/// What a client can say in the end.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) confirmed: Vec<Transfer>,
    pub(crate) refused: u64,
    pub(crate) repeated: u64,
}

pub(crate) async fn client(bank: Slot<Bank>, first: u64, transfers: u64) -> Story {
    let mut story = Story::default();
    for number in first..first + transfers {
        let transfer = Transfer {
            number,
            from: sim::rand() % ACCOUNTS,
            to: sim::rand() % ACCOUNTS,
            cents: 1 + sim::rand() % 50,
        };
        loop {
            let asked = bank.ask(|r| Bank::Move(transfer, r));
            match asked.wait_up(Duration::from_secs(1)).await {
                Ok(true) => story.confirmed.push(transfer),
                Ok(false) => story.refused += 1,
                Err(_) => {
                    story.repeated += 1; // it may have happened, or not
                    continue;
                }
            }
            break;
        }
    }
    story
}
