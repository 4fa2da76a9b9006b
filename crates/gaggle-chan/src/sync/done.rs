//! [`Done`]: the wait for an event that may not exist.
//!
//! A context that can never be cancelled has no event; waiting for its end costs nothing and never ends.
//! It lives here and not beside the contexts because pinning a field is unsafe code.

use super::event::{Event, EventWait};
use gaggle_base::context::note_wait;
use gaggle_base::peek::Peek;
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of `Context::done`.
#[must_use = "the wait happens only when the future is awaited"]
pub struct Done<'a> {
    wait: Option<EventWait<'a>>,
    site: Site,
}

impl<'a> Done<'a> {
    /// Waits for `event`; for ever if there is none.
    #[track_caller]
    pub fn new(event: Option<&'a Event>) -> Self {
        #[expect(
            clippy::manual_map,
            reason = "a closure does not pass its caller's place on"
        )]
        let wait = match event {
            Some(event) => Some(event.wait_as(Reason::Context)),
            None => None,
        };
        Self {
            wait,
            site: Site::caller(),
        }
    }
}

impl Future for Done<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let site = self.site;
        // SAFETY: `wait` is pinned with the whole: it is neither moved nor replaced, and there is no `Drop` of our own.
        let wait = unsafe { self.map_unchecked_mut(|done| &mut done.wait) };
        if let Some(wait) = wait.as_pin_mut() {
            return wait.poll(cx);
        }
        note_wait(Reason::Context, site, 0);
        Poll::Pending
    }
}

impl Peek for Done<'_> {
    fn may_be_ready(&self) -> bool {
        self.wait.as_ref().is_some_and(Peek::may_be_ready)
    }
}

impl fmt::Debug for Done<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done")
            .field("may_be_ready", &self.may_be_ready())
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
