//! How many restarts are too many, and how long one is put off.

use super::state::{Backoff, Entry, Key, State};
use std::collections::VecDeque;
use std::time::Duration;

/// Counts a restart. `false`: that is one too many.
pub(super) fn affords(state: &mut State, now: Duration, key: Key) -> bool {
    let own = state.children.get_mut(key);
    if let Some(entry) = own
        && let Some((most, window)) = entry.budget()
    {
        return count(&mut entry.past().restarts, now, most, window);
    }
    let rules = state.rules;
    count(&mut state.restarts, now, rules.intensity, rules.window)
}

/// Counts one more; those that are older than the window do not count any more, the boundary does.
fn count(times: &mut VecDeque<Duration>, now: Duration, most: u32, window: Duration) -> bool {
    // They are in order.
    while let Some(then) = times.front()
        && now.saturating_sub(*then) > window
    {
        times.pop_front();
    }
    times.push_back(now);
    times.len() <= most as usize
}

/// How long the next restart is put off.
pub(super) fn delay(backoff: Backoff, entry: &mut Entry, now: Duration) -> Duration {
    let past = entry.past();
    if now.saturating_sub(past.up_since) >= backoff.most {
        past.failures = 0;
    }
    let factor = 1_u32.checked_shl(past.failures).unwrap_or(u32::MAX);
    past.failures += 1;
    backoff.first.saturating_mul(factor).min(backoff.most)
}
