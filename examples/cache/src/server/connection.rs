//! One connection: reads, has the commands carried out, writes the answers.
//!
//! While it waits for commands it has no buffers: bytes are read into one that the thread has, and a round is borrowed when there are commands.

use super::hub::{Frame, Listener};
use super::roster::Client;
use super::{Shared, resp};
use crate::command::Alone;
use crate::round::Round;
use crate::session::{Session, Stop, put_round, take_round};
use gaggle::chan::{self, Receiver, Sender};
use gaggle::go;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};

/// How much is read at once.
const READ: usize = 64 << 10;
/// How much of what is published is written at once.
const WRITE: usize = 64 << 10;

thread_local! {
    static BYTES: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
}

/// What a connection has, beside its socket.
struct Connection {
    shared: Arc<Shared>,
    client: Arc<Client>,
    session: Session,
    /// Once it has listened to a channel: all it writes goes through a queue.
    listener: Option<Box<Listening>>,
}

struct Listening {
    queue: Sender<Frame>,
    channels: BTreeSet<Vec<u8>>,
}

/// Serves a connection to its end.
pub(super) async fn serve(shared: Arc<Shared>, client: Arc<Client>) {
    let mut connection = Connection {
        session: Session::new(&shared.shards.lot),
        shared,
        client,
        listener: None,
    };
    // An error is the end of the connection: there is nobody to tell.
    while let Ok(Some((round, stop))) = connection.read().await {
        if !matches!(connection.answer(round, stop).await, Ok(true)) {
            break;
        }
    }
}

impl Connection {
    /// Waits for bytes, and makes them a round; `None` at the end.
    async fn read(&mut self) -> io::Result<Option<(Box<Round>, Option<Stop>)>> {
        let Self {
            shared,
            client,
            session,
            ..
        } = self;
        poll_fn(|cx| {
            BYTES.with_borrow_mut(|bytes| {
                // What is read is read in one poll, so a read that waits holds no buffer.
                let n = ready!(pin!(client.stream.read(bytes)).poll(cx))?;
                if n == 0 {
                    return Poll::Ready(Ok(None));
                }
                if shared.shards.lot.config.idle.is_some() {
                    client.speaks();
                }
                let mut round = take_round(&shared.shards.lot);
                let stop = session.feed(&bytes[..n], &mut round);
                Poll::Ready(Ok(Some((round, stop))))
            })
        })
        .await
    }

    /// Carries out a round, and those after it, until more bytes are needed. Says whether the connection goes on.
    async fn answer(&mut self, mut round: Box<Round>, mut stop: Option<Stop>) -> io::Result<bool> {
        loop {
            self.shared.stats.commands.add(self.session.count());
            if !round.is_empty() {
                round.run().await;
                self.write(round.answers()).await?;
            }
            let goes_on = match stop.take() {
                None if round.is_empty() => break,
                None => true,
                // What is rare is in an allocation of its own: the size of a connection is that of its largest wait.
                Some(Stop::Alone(alone)) => Box::pin(self.alone(alone)).await?,
                Some(Stop::Malformed(error)) => {
                    self.shared.stats.malformed.add(1);
                    let mut out = Vec::new();
                    resp::error(&mut out, format!("ERR {error}"));
                    Box::pin(self.write(&out)).await?;
                    false
                }
            };
            if !goes_on {
                put_round(round);
                Box::pin(self.part()).await;
                return Ok(false);
            }
            round.reset();
            stop = self.session.more(&mut round);
        }
        put_round(round);
        Ok(true)
    }

    /// Writes, or has it written behind what is in the queue.
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &self.listener {
            None => self.client.stream.write_all(bytes).await,
            Some(listening) => {
                let sent = listening.queue.send(Frame::from(bytes)).await;
                sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
            }
        }
    }

    /// Ends it so that the other end has the last answer, even if it has sent more than was read.
    async fn part(&self) {
        if self.listener.is_none() {
            let _ = self.client.stream.shutdown(std::net::Shutdown::Write);
            self.drain().await;
        }
    }

    /// Reads what is on its way, for a moment: a socket that is closed with bytes unread takes the last answer with it.
    async fn drain(&self) {
        let all = async {
            let mut bytes = [0; 512];
            while let Ok(1..) = self.client.stream.read(&mut bytes).await {}
        };
        // Whoever goes on sending does not matter any more.
        let _ = gaggle::time::timeout(super::LINGER, all).await;
    }

    async fn alone(&mut self, alone: Alone) -> io::Result<bool> {
        let mut out = Vec::new();
        match alone {
            Alone::Quit => {
                resp::simple(&mut out, "OK");
                self.write(&out).await?;
                return Ok(false);
            }
            Alone::Info => resp::bulk(&mut out, self.shared.info().as_bytes()),
            Alone::Save => match self.shared.shards.save().await {
                Ok(()) if self.shared.shards.lot.config.snapshot.is_some() => {
                    resp::simple(&mut out, "OK");
                }
                Ok(()) => resp::error(&mut out, "ERR no snapshot is set"),
                Err(exit) => resp::error(&mut out, format!("ERR {exit}")),
            },
            Alone::Publish { channel, message } => {
                let (reached, slow) = self.shared.hub.publish(&channel, &message);
                self.shared.stats.published.add(1);
                self.shared.stats.slow.add(slow as u64);
                resp::integer(&mut out, reached.try_into().unwrap_or(i64::MAX));
            }
            Alone::Subscribe(channels) => return self.subscribe(channels).await,
            Alone::Unsubscribe(channels) => self.unsubscribe(channels, &mut out),
        }
        self.write(&out).await?;
        Ok(true)
    }

    async fn subscribe(&mut self, channels: Vec<Vec<u8>>) -> io::Result<bool> {
        let most = self.shared.shards.lot.config.subscriber_queue.max(1);
        let client = &self.client;
        let listening = self.listener.get_or_insert_with(|| {
            let (queue, frames) = chan::bounded(most);
            client.listens();
            drop(go(pump(client.clone(), frames)));
            Box::new(Listening {
                queue,
                channels: BTreeSet::new(),
            })
        });
        for channel in channels {
            listening.channels.insert(channel.clone());
            self.session.channels = listening.channels.len();
            let mut out = Vec::new();
            told(
                &mut out,
                b"subscribe",
                Some(&channel),
                self.session.channels,
            );
            // Before the first message of the channel.
            let sent = listening.queue.send(Frame::from(out)).await;
            sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            let listener = Listener {
                client: self.client.clone(),
                queue: listening.queue.clone(),
            };
            self.shared.hub.join(&channel, &listener);
        }
        Ok(true)
    }

    /// No channels means all.
    fn unsubscribe(&mut self, channels: Vec<Vec<u8>>, out: &mut Vec<u8>) {
        let mine = self
            .listener
            .as_ref()
            .map(|listening| listening.channels.iter().cloned());
        let which: Vec<_> = if channels.is_empty() {
            mine.into_iter().flatten().collect()
        } else {
            channels
        };
        if which.is_empty() {
            told(out, b"unsubscribe", None, 0);
        }
        for channel in which {
            if let Some(listening) = &mut self.listener {
                listening.channels.remove(&channel);
                self.session.channels = listening.channels.len();
            }
            self.shared.hub.leave(&channel, &self.client);
            told(out, b"unsubscribe", Some(&channel), self.session.channels);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for channel in self
            .listener
            .iter()
            .flat_map(|listening| &listening.channels)
        {
            self.shared.hub.leave(channel, &self.client);
        }
    }
}

/// What is said about a channel: that it is listened to, or no more, and to how many in all.
fn told(out: &mut Vec<u8>, what: &[u8], channel: Option<&[u8]>, count: usize) {
    resp::array(out, 3);
    resp::bulk(out, what);
    match channel {
        Some(channel) => resp::bulk(out, channel),
        None => resp::null(out),
    }
    resp::integer(out, count.try_into().unwrap_or(i64::MAX));
}

/// Writes what is in the queue of one who listens, to its end.
async fn pump(client: Arc<Client>, frames: Receiver<Frame>) {
    let mut bytes = Vec::new();
    while let Ok(first) = frames.recv().await {
        let mut next = Some(first);
        while let Some(frame) = next {
            bytes.extend_from_slice(&frame);
            next = if bytes.len() < WRITE {
                frames.try_recv().ok()
            } else {
                None
            };
        }
        if client.stream.write_all(&bytes).await.is_err() {
            break;
        }
        bytes.clear();
        bytes.shrink_to(WRITE);
    }
    client.disconnect();
}

#[cfg(test)]
mod tests {
    use super::{Client, Shared, serve};
    use std::sync::Arc;

    /// 10,000 idle connections are to be cheap: what one waits with is this.
    #[test]
    fn a_connection_that_waits_is_small() {
        fn size<F>(_: impl Fn(Arc<Shared>, Arc<Client>) -> F) -> usize {
            size_of::<F>()
        }
        assert!(size(serve) <= 640, "{}", size(serve));
    }
}
