//! The ledger: what is in the accounts. It only remembers what the journal says, and is made anew from it.

use super::{ACCOUNTS, OPENING, crash, journal::Entry, transfer::Transfer};
use gaggle::actor::{Actor, Ctx, Exit, Reply, Slot};
use std::collections::BTreeSet;

pub(crate) enum Bank {
    /// The answer says whether there was enough: a refusal is no crash.
    Move(Transfer, Reply<bool>),
    Audit(Reply<Vec<u64>>),
}

pub(crate) struct Ledger {
    cents: Vec<u64>,
    done: BTreeSet<u64>,
    journal: Slot<Entry>,
}

impl Ledger {
    fn apply(&mut self, t: Transfer) {
        if self.done.insert(t.number) {
            self.cents[t.from as usize] -= t.cents;
            self.cents[t.to as usize] += t.cents;
        }
    }
}

impl Actor for Ledger {
    type Args = Slot<Entry>;
    type Msg = Bank;

    async fn init(journal: &Slot<Entry>, _: &mut Ctx<Self>) -> Result<Self, Exit> {
        let past = journal.ask(Entry::Replay).await?; // after what was asked before
        let mut ledger = Ledger {
            cents: vec![OPENING; ACCOUNTS as usize],
            done: BTreeSet::new(),
            journal: journal.clone(),
        };
        past.into_iter().for_each(|t| ledger.apply(t));
        Ok(ledger)
    }

    async fn handle(&mut self, request: Bank, _: &mut Ctx<Self>) -> Result<(), Exit> {
        match request {
            Bank::Audit(reply) => reply.send(self.cents.clone()),
            Bank::Move(t, reply) if self.done.contains(&t.number) => reply.send(true),
            Bank::Move(t, reply) if self.cents[t.from as usize] < t.cents => reply.send(false),
            Bank::Move(t, reply) => {
                self.journal.ask(|r| Entry::Append(t, r)).await?;
                crash("before it is applied")?;
                self.apply(t);
                reply.send(true);
            }
        }
        Ok(())
    }
}
