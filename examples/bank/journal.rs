//! The journal: a transfer has happened once its line is in the log, and not before.

use super::log::Log;
use super::transfer::Transfer;
use super::{crash, log};
use gaggle::actor::{Actor, Ctx, Exit, Reply};

pub(crate) enum Entry {
    Append(Transfer, Reply<()>),
    Replay(Reply<Vec<Transfer>>),
}

pub(crate) struct Journal(Log);

impl Actor for Journal {
    type Args = Log;
    type Msg = Entry;

    async fn init(log: &Log, _: &mut Ctx<Self>) -> Result<Self, Exit> {
        log.repair()?;
        Ok(Journal(log.clone()))
    }

    async fn handle(&mut self, entry: Entry, _: &mut Ctx<Self>) -> Result<(), Exit> {
        match entry {
            Entry::Replay(reply) => reply.send(log::transfers(&self.0)?),
            Entry::Append(transfer, reply) => {
                let [first, second] = transfer.halves();
                self.0.append(&first)?;
                gaggle::yield_now().await; // a kill takes effect here
                crash("in the middle of a line")?;
                self.0.append(&second)?;
                crash("after the line")?;
                reply.send(());
            }
        }
        Ok(())
    }
}
