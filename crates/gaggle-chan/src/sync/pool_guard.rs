//! [`PoolGuard`]: an item of a pool, on loan.

use super::pool::{NoNew, Pool};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// An item that goes back to its [`Pool`] when the guard is dropped, also by a panic. See [`Pool::get_guard`].
///
/// It goes back as it is: whoever gets it next has to clean it.
#[must_use = "the item goes back to its pool as soon as the guard is dropped"]
pub struct PoolGuard<'a, T, N = NoNew> {
    pool: &'a Pool<T, N>,
    /// `None` only while it is being dropped.
    item: Option<T>,
}

const GONE: &str = "the item is there until the guard is dropped";

impl<'a, T, N> PoolGuard<'a, T, N> {
    pub(super) fn new(pool: &'a Pool<T, N>, item: T) -> Self {
        Self {
            pool,
            item: Some(item),
        }
    }

    /// The item itself: it does not go back.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn into_inner(mut self) -> T {
        self.item.take().expect(GONE)
    }
}

impl<T, N> Deref for PoolGuard<'_, T, N> {
    type Target = T;
    fn deref(&self) -> &T {
        self.item.as_ref().expect(GONE)
    }
}

impl<T, N> DerefMut for PoolGuard<'_, T, N> {
    fn deref_mut(&mut self) -> &mut T {
        self.item.as_mut().expect(GONE)
    }
}

impl<T, N> Drop for PoolGuard<'_, T, N> {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            self.pool.put(item);
        }
    }
}

impl<T: fmt::Debug, N> fmt::Debug for PoolGuard<'_, T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
