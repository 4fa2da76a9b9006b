//! File descriptors and the workers: who asks the system, and when. The argument is in `io/README.md`.
//!
//! On systems without epoll, and in models, there are none: the functions are there and do nothing.

#[cfg(all(target_os = "linux", not(loom)))]
pub(crate) use real::Descriptors;

#[cfg(any(not(target_os = "linux"), loom))]
pub(crate) use none::Descriptors;

#[cfg(all(target_os = "linux", not(loom)))]
mod real {
    use crate::io::Reactor;
    use crate::sched::ring;
    use crate::sched::shared::Shared;
    use crate::sched::worker::{Worker, wake};
    use gaggle_base::clock::{Nanos, system_now};
    use gaggle_base::park::Parker;
    use std::io;
    use std::net::SocketAddr;
    use std::sync::{Arc, OnceLock};

    /// A busy worker looks if nobody has for so long.
    const LOOK_AFTER: Nanos = 200_000;
    /// A busy worker takes that many events even if its ring is full: those who wait for a descriptor must not starve.
    const AT_LEAST: usize = 32;
    /// The monitor sees to it that somebody looks if nobody has for so long.
    pub(super) const NEGLECTED: Nanos = 5_000_000;

    /// The descriptors of a runtime; nothing until the first is registered.
    #[derive(Clone, Default)]
    pub(crate) struct Descriptors(Arc<OnceLock<Arc<Reactor>>>);

    impl Descriptors {
        /// A parker whose sleep in the system's poll can be ended.
        pub(crate) fn parker(&self) -> Parker {
            let this = self.clone();
            Parker::with_interrupt(Arc::new(move || {
                if let Some(reactor) = this.0.get() {
                    reactor.interrupt();
                }
            }))
        }

        fn get(&self) -> Option<&Arc<Reactor>> {
            self.0.get().filter(|reactor| reactor.len() > 0)
        }

        /// Is any registered? Then something may happen although everybody sleeps.
        pub(crate) fn any(&self) -> bool {
            self.get().is_some()
        }

        /// Has nobody looked for some milliseconds, although there are some?
        pub(crate) fn neglected(&self) -> bool {
            let before = system_now().saturating_sub(NEGLECTED);
            self.get()
                .is_some_and(|reactor| reactor.is_neglected(before))
        }

        /// What the descriptor is.
        pub(crate) fn describe(&self, fd: u64) -> Option<(&'static str, Option<SocketAddr>)> {
            self.0.get()?.describe(fd)
        }

        /// The runtime ends.
        pub(crate) fn close(&self) {
            if let Some(reactor) = self.0.get() {
                reactor.close();
            }
        }
    }

    impl Shared {
        /// The reactor, which is made when it is asked for first.
        ///
        /// # Errors
        /// When the system has no descriptors left; and in a simulation.
        pub(crate) fn reactor(&self) -> io::Result<Arc<Reactor>> {
            if self.config.stepping.is_some() {
                let text =
                    "a simulation has no sockets and other descriptors: run this on real workers";
                return Err(io::Error::new(io::ErrorKind::Unsupported, text));
            }
            let place = &self.descriptors.0;
            if let Some(reactor) = place.get() {
                return Ok(reactor.clone());
            }
            let made = Arc::new(Reactor::new()?);
            Ok(place.get_or_init(|| made).clone())
        }

        /// A descriptor was registered: if nobody waits, and nobody who is awake will, somebody is woken to.
        pub(crate) fn descriptor_was_added(self: &Arc<Self>, reactor: &Reactor) {
            if !reactor.is_polled() {
                self.notify_always();
            }
        }
    }

    impl Worker {
        /// A busy worker looks now and then, if nobody else does. It takes what its ring has room for: the rest is better kept by the system, in its order, than in the injector, which comes after the ring.
        #[inline]
        pub(in crate::sched) fn look_at_descriptors(&self) {
            if let Some(reactor) = self.shared.descriptors.get()
                && reactor.is_neglected(system_now().saturating_sub(LOOK_AFTER))
                && let Some(mut turn) = reactor.try_turn()
            {
                let room = ring::SIZE.saturating_sub(self.slot().ring.len());
                reactor.look_now(&mut turn, room.max(AT_LEAST));
                self.dispatch(&mut turn);
            }
        }

        /// Is this worker the one to wait in the system's poll? Then it had better do that than spin.
        pub(in crate::sched) fn would_poll(&self) -> bool {
            let reactor = self.shared.descriptors.get();
            reactor.is_some_and(|reactor| !reactor.is_polled())
        }

        /// Sleeps in the system's poll, if nobody else does; calls `awake` with whether there was a permit, and then wakes whoever's descriptor is ready. `Err` gives `awake` back.
        pub(in crate::sched) fn sleep_in_poll<F: FnOnce(bool)>(
            &self,
            deadline: Nanos,
            awake: F,
        ) -> Result<(), F> {
            let Some(reactor) = self.shared.descriptors.get() else {
                return Err(awake);
            };
            let Some(mut turn) = reactor.try_turn() else {
                return Err(awake);
            };
            let parker = &self.slot().parker;
            let permit = parker.sleep_elsewhere(|| reactor.wait(&mut turn, deadline));
            awake(permit);
            self.dispatch(&mut turn);
            Ok(())
        }

        /// In their order, to the back of the ring, and others may take from it.
        fn dispatch(&self, turn: &mut crate::io::Turn) {
            if turn.is_empty() {
                return;
            }
            let several = turn.len() > 1;
            self.woken_in_order(|| turn.wakers().for_each(wake));
            if several {
                self.shared.notify();
            }
        }
    }
}

#[cfg(any(not(target_os = "linux"), loom))]
mod none {
    use crate::sched::worker::Worker;
    use gaggle_base::clock::Nanos;
    use gaggle_base::park::Parker;
    use std::net::SocketAddr;

    #[derive(Clone, Default)]
    pub(crate) struct Descriptors;

    impl Descriptors {
        pub(crate) fn parker(&self) -> Parker {
            Parker::new()
        }
        pub(crate) fn any(&self) -> bool {
            false
        }
        pub(crate) fn neglected(&self) -> bool {
            false
        }
        pub(crate) fn describe(&self, _fd: u64) -> Option<(&'static str, Option<SocketAddr>)> {
            None
        }
        pub(crate) fn close(&self) {}
    }

    impl Worker {
        pub(in crate::sched) fn look_at_descriptors(&self) {}
        pub(in crate::sched) fn would_poll(&self) -> bool {
            false
        }
        pub(in crate::sched) fn sleep_in_poll<F: FnOnce(bool)>(
            &self,
            _deadline: Nanos,
            awake: F,
        ) -> Result<(), F> {
            Err(awake)
        }
    }
}
