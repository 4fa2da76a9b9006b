//! The system's side: one epoll for a runtime, with a timer and an event descriptor among what it watches.
//!
//! Descriptors are watched edge-triggered, in both directions, from registration to removal: one system call each, whatever is done with them in between.
//! epoll's own time-out has milliseconds; a deadline is set on the timer descriptor, and only when it has changed.

use gaggle_base::clock::{Nanos, system_now};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::{Errno, read, write};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};
use std::io;
use std::mem::MaybeUninit;

/// What the timer is called.
const TIMER: u64 = u64::MAX;
/// What the event for interruptions is called.
const INTERRUPT: u64 = u64::MAX - 1;
/// How many events are taken at once, at most.
pub(super) const EVENTS: usize = 256;
/// No deadline.
const NEVER: Nanos = Nanos::MAX;

/// The part that anybody may use at any time.
pub(super) struct Registry {
    epoll: OwnedFd,
    interrupt: OwnedFd,
}

/// The part of whoever waits.
pub(super) struct Waiting {
    timer: OwnedFd,
    /// When the timer goes off; [`NEVER`]: not at all.
    set_for: Nanos,
}

/// What has happened in one direction of a descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing.
    #[default]
    Same,
    /// It may be tried.
    Ready,
    /// It may be tried, and there is more than bytes: an end, an error, something urgent.
    Closed,
}

/// What has happened to a descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Readiness {
    pub(super) read: State,
    pub(super) write: State,
}

pub(super) fn create() -> io::Result<(Registry, Waiting)> {
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    let interrupt = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
    let edge = EventFlags::IN | EventFlags::ET;
    epoll::add(&epoll, &interrupt, EventData::new_u64(INTERRUPT), edge)?;
    epoll::add(&epoll, &timer, EventData::new_u64(TIMER), edge)?;
    let waiting = Waiting {
        timer,
        set_for: NEVER,
    };
    Ok((Registry { epoll, interrupt }, waiting))
}

impl Registry {
    /// Watches `fd`, and calls it `token`.
    pub(super) fn add(&self, fd: impl AsFd, token: u64) -> io::Result<()> {
        let read = EventFlags::IN | EventFlags::PRI | EventFlags::RDHUP;
        let flags = read | EventFlags::OUT | EventFlags::ET;
        epoll::add(&self.epoll, fd, EventData::new_u64(token), flags)?;
        Ok(())
    }

    /// Watches `fd` no more.
    pub(super) fn remove(&self, fd: impl AsFd) -> io::Result<()> {
        epoll::delete(&self.epoll, fd)?;
        Ok(())
    }

    /// Whoever waits comes back at once, or does not begin to wait.
    pub(super) fn interrupt(&self) {
        // Any other error is a count that is full: whoever waits is on its way back for it.
        while write(&self.interrupt, &1_u64.to_ne_bytes()) == Err(Errno::INTR) {}
    }
}

impl Waiting {
    /// Waits until something happens, somebody interrupts, or `deadline`; not at all if that is zero. Calls `f` for each descriptor to which something has happened, for `at_most` of them: the system keeps the others, in their order.
    pub(super) fn wait(
        &mut self,
        registry: &Registry,
        deadline: Nanos,
        at_most: usize,
        mut f: impl FnMut(u64, Readiness),
    ) {
        let no_time = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let timeout = (deadline == 0 || !self.set_timer(deadline)).then_some(&no_time);
        let mut room = [const { MaybeUninit::uninit() }; EVENTS];
        let room = &mut room[..at_most.clamp(1, EVENTS)];
        let Ok((events, _)) = epoll::wait(&registry.epoll, room, timeout) else {
            // Interrupted by a signal: who waits looks again.
            return;
        };
        for event in events {
            match event.data.u64() {
                TIMER => self.set_for = NEVER,
                INTERRUPT => {
                    let mut count = [0; 8];
                    // Somebody else cannot have read it: only whoever waits does.
                    let _ = read(&registry.interrupt, &mut count);
                }
                token => f(token, readiness(event.flags)),
            }
        }
    }

    /// Sets the timer for `deadline`. `false`: that has passed.
    fn set_timer(&mut self, deadline: Nanos) -> bool {
        if deadline == self.set_for {
            return true;
        }
        let left = if deadline == NEVER {
            0
        } else {
            match deadline.saturating_sub(system_now()) {
                0 => return false,
                left => left,
            }
        };
        let nothing = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let value = Itimerspec {
            it_interval: nothing,
            // Zero switches it off.
            it_value: Timespec {
                tv_sec: i64::try_from(left / 1_000_000_000).unwrap_or(i64::MAX),
                tv_nsec: i64::try_from(left % 1_000_000_000).unwrap_or(0),
            },
        };
        if timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &value).is_err() {
            // Without a timer nobody sleeps too long: there is no sleep at all.
            return false;
        }
        self.set_for = deadline;
        true
    }
}

fn readiness(flags: EventFlags) -> Readiness {
    let broken = flags.intersects(EventFlags::ERR | EventFlags::HUP);
    let state = |closed, ready| match (closed, ready) {
        (true, _) => State::Closed,
        (false, true) => State::Ready,
        (false, false) => State::Same,
    };
    Readiness {
        read: state(
            // A read stops before what is urgent, as it does before the end.
            broken || flags.intersects(EventFlags::RDHUP | EventFlags::PRI),
            flags.contains(EventFlags::IN),
        ),
        write: state(broken, flags.contains(EventFlags::OUT)),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::unix::net::UnixStream;

    fn events(
        waiting: &mut Waiting,
        registry: &Registry,
        deadline: Nanos,
    ) -> Vec<(u64, Readiness)> {
        let mut seen = Vec::new();
        waiting.wait(registry, deadline, EVENTS, |token, readiness| {
            seen.push((token, readiness));
        });
        seen
    }

    #[test]
    fn what_happens_is_told_once() {
        let (registry, mut waiting) = create().unwrap();
        let (a, mut b) = UnixStream::pair().unwrap();
        registry.add(&a, 7).unwrap();
        let first = events(&mut waiting, &registry, 0);
        let (read, write) = (State::Same, State::Ready);
        assert_eq!(first, [(7, Readiness { read, write })]);
        assert_eq!(events(&mut waiting, &registry, 0), []);
        b.write_all(b"x").unwrap();
        let read = events(&mut waiting, &registry, NEVER)[0].1.read;
        assert_eq!(read, State::Ready);
        drop(b);
        let read = events(&mut waiting, &registry, NEVER)[0].1.read;
        assert_eq!(read, State::Closed);
        registry.remove(&a).unwrap();
        assert_eq!(events(&mut waiting, &registry, 0), []);
    }

    #[test]
    fn what_is_not_taken_is_told_of_later_in_its_order() {
        let (registry, mut waiting) = create().unwrap();
        let pairs: Vec<_> = (0..3).map(|_| UnixStream::pair().unwrap()).collect();
        for (token, (a, _)) in (0..).zip(&pairs) {
            registry.add(a, token).unwrap();
        }
        let mut seen = Vec::new();
        for _ in 0..3 {
            let before = seen.len();
            waiting.wait(&registry, 0, 1, |token, _| seen.push(token));
            assert_eq!(seen.len(), before + 1);
        }
        assert_eq!(seen, [0, 1, 2]);
    }

    #[test]
    fn a_deadline_and_an_interruption_end_the_wait() {
        let (registry, mut waiting) = create().unwrap();
        for _ in 0..3 {
            let deadline = system_now() + 300_000;
            assert_eq!(events(&mut waiting, &registry, deadline), []);
            assert!(system_now() >= deadline);
        }
        registry.interrupt();
        registry.interrupt();
        assert_eq!(events(&mut waiting, &registry, NEVER), []);
        let deadline = system_now() + 300_000;
        assert_eq!(events(&mut waiting, &registry, deadline), []);
        assert!(system_now() >= deadline, "one look takes all interruptions");
    }
}
