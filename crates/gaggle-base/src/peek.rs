//! Looking at a future without polling it.
//!
//! A `select!` first looks for an arm that is ready and only then lets all of them wait.
//! A timer or an event that says "not yet" by itself need not be polled in that first round: so nothing is registered that has to be taken back at once.

/// A future that knows, without being polled, whether it could be ready.
pub trait Peek: Future {
    /// `false`: a poll at this instant could only register a waker. `true`: only a poll can tell.
    ///
    /// The first answer of a future may be a late `false`, for the sake of speed: whoever asked then polls it before waiting, or asks again. Every later answer is exact.
    ///
    /// It must be cheap, take no lock for long and register nothing.
    fn may_be_ready(&self) -> bool;
}
