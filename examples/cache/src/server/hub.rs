//! [`Hub`]: who listens to which channel of `PUBLISH`.
//!
//! A message is written once, and all who listen share it. Each has a bounded queue: whoever is so slow that it is full is disconnected, so nobody is waited for, and nothing grows.
//! One lock; nothing is waited for under it.

use super::roster::Client;
use crate::resp;
use gaggle::chan::Sender;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that many share.
pub(super) type Frame = Arc<[u8]>;

#[derive(Default)]
pub(super) struct Hub {
    channels: Mutex<HashMap<Vec<u8>, Vec<Listener>>>,
}

/// One who listens.
#[derive(Clone)]
pub(super) struct Listener {
    pub(super) client: Arc<Client>,
    pub(super) queue: Sender<Frame>,
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Vec<Listener>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens to a channel; not twice.
    pub(super) fn join(&self, channel: &[u8], listener: &Listener) {
        let mut channels = self.lock();
        let all = channels.entry(channel.to_vec()).or_default();
        if !all
            .iter()
            .any(|one| Arc::ptr_eq(&one.client, &listener.client))
        {
            all.push(listener.clone());
        }
    }

    pub(super) fn leave(&self, channel: &[u8], client: &Arc<Client>) {
        let mut channels = self.lock();
        if let Some(all) = channels.get_mut(channel) {
            all.retain(|one| !Arc::ptr_eq(&one.client, client));
            if all.is_empty() {
                channels.remove(channel);
            }
        }
    }

    /// Gives a message to all who listen; says how many have it, and how many were too slow.
    pub(super) fn publish(&self, channel: &[u8], message: &[u8]) -> (usize, usize) {
        let mut channels = self.lock();
        let Some(all) = channels.get_mut(channel) else {
            return (0, 0);
        };
        let mut frame = Vec::with_capacity(channel.len() + message.len() + 48);
        resp::array(&mut frame, 3);
        resp::bulk(&mut frame, b"message");
        resp::bulk(&mut frame, channel);
        resp::bulk(&mut frame, message);
        let frame = Frame::from(frame);
        let before = all.len();
        let mut slow = 0;
        all.retain(|one| match one.queue.try_send(frame.clone()) {
            Ok(()) => true,
            Err(error) => {
                if error.is_full() {
                    slow += 1;
                    one.client.disconnect();
                }
                false
            }
        });
        let reached = all.len();
        debug_assert!(
            reached + slow <= before,
            "each has it, or was slow, or is gone"
        );
        if all.is_empty() {
            channels.remove(channel);
        }
        (reached, slow)
    }
}
