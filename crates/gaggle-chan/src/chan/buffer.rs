//! The buffer of one channel: a ring for a bounded channel, a chain of segments for an unbounded one.
//!
//! The channel's lock protects it. It knows nothing of waiters.
//! A ring never moves its values; neither does a chain, so no send ever pays for copying what others sent.

use std::mem::MaybeUninit;

/// Values in a segment.
const SEGMENT: usize = 64;

struct Segment<T> {
    slots: [MaybeUninit<T>; SEGMENT],
    next: Option<Box<Segment<T>>>,
}

impl<T> Segment<T> {
    fn boxed() -> Box<Self> {
        Box::new(Self {
            slots: [const { MaybeUninit::uninit() }; SEGMENT],
            next: None,
        })
    }
}

/// First in, first out.
///
/// **Invariant B1**: the slots that hold a value are the `len` ones from `head`, in ring order or along the chain.
pub(super) struct Buffer<T> {
    ring: Box<[MaybeUninit<T>]>,
    head: usize,
    len: usize,
    chain: Option<Box<Chain<T>>>,
}

struct Chain<T> {
    first: Box<Segment<T>>,
    /// The last segment, or null while it is `first`. It is owned by the chain that starts at `first`.
    last: *mut Segment<T>,
    /// Where the next value goes in the last segment.
    tail: usize,
    /// An empty segment kept for the next need.
    spare: Option<Box<Segment<T>>>,
}

// SAFETY: `last` points into what `first` owns; the chain moves between threads as a whole.
unsafe impl<T: Send> Send for Chain<T> {}

impl<T> Chain<T> {
    fn last(&mut self) -> &mut Segment<T> {
        if self.last.is_null() {
            return &mut self.first;
        }
        // SAFETY: `last` is owned by the chain, and `&mut self` makes this the only access.
        unsafe { &mut *self.last }
    }
}

impl<T> Buffer<T> {
    /// A ring with room for `capacity` values.
    pub(super) fn ring(capacity: usize) -> Self {
        Self {
            ring: Box::new_uninit_slice(capacity),
            head: 0,
            len: 0,
            chain: None,
        }
    }

    /// A chain, which always has room.
    pub(super) fn chain() -> Self {
        let chain = Chain {
            first: Segment::boxed(),
            last: std::ptr::null_mut(),
            tail: 0,
            spare: None,
        };
        Self {
            ring: Box::new([]),
            head: 0,
            len: 0,
            chain: Some(Box::new(chain)),
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn has_room(&self) -> bool {
        self.len < self.ring.len() || self.chain.is_some()
    }

    /// Moves `*value` in, behind all others.
    ///
    /// # Safety
    /// There is room, `value` points to a value, and the caller counts it as moved out.
    #[inline(always)]
    pub(super) unsafe fn push(&mut self, value: *const T) {
        if self.chain.is_some() {
            // SAFETY: the caller's promise.
            unsafe { self.push_chain(value) };
            return;
        }
        let mut at = self.head + self.len;
        if at >= self.ring.len() {
            at -= self.ring.len();
        }
        // SAFETY: there is room, so `at` is in the ring and its slot is empty (B1).
        unsafe { self.ring.get_unchecked_mut(at).write(value.read()) };
        self.len += 1;
    }

    /// Moves the oldest value to `into`; `false` if there is none.
    ///
    /// # Safety
    /// `into` is valid for writing.
    #[inline(always)]
    pub(super) unsafe fn pop(&mut self, into: *mut T) -> bool {
        if self.len == 0 {
            return false;
        }
        if self.chain.is_some() {
            // SAFETY: the caller's promise, and there is a value.
            unsafe { self.pop_chain(into) };
            return true;
        }
        // SAFETY: `len > 0`, so `head` is in the ring and its slot holds a value (B1); `into` is the caller's promise.
        unsafe { into.write(self.ring.get_unchecked(self.head).assume_init_read()) };
        self.head += 1;
        if self.head == self.ring.len() {
            self.head = 0;
        }
        self.len -= 1;
        true
    }

    /// # Safety
    /// As for `push`.
    #[inline(never)]
    unsafe fn push_chain(&mut self, value: *const T) {
        let chain = self
            .chain
            .as_deref_mut()
            .expect("an unbounded buffer has a chain");
        if chain.tail == SEGMENT {
            let fresh = chain.spare.take().unwrap_or_else(Segment::boxed);
            let last = chain.last();
            chain.last = &raw mut **last.next.insert(fresh);
            chain.tail = 0;
        }
        let tail = chain.tail;
        let last = chain.last();
        // SAFETY: `tail < SEGMENT`, and the slot there is empty (B1).
        unsafe { last.slots.get_unchecked_mut(tail).write(value.read()) };
        chain.tail += 1;
        self.len += 1;
    }

    /// # Safety
    /// As for `pop`, and there is a value.
    #[inline(never)]
    unsafe fn pop_chain(&mut self, into: *mut T) {
        let chain = self
            .chain
            .as_deref_mut()
            .expect("an unbounded buffer has a chain");
        if self.head == SEGMENT {
            let next = chain
                .first
                .next
                .take()
                .expect("a full segment with values behind it has a successor");
            let emptied = std::mem::replace(&mut chain.first, next);
            if std::ptr::eq(chain.last, &raw const *chain.first) {
                chain.last = std::ptr::null_mut();
            }
            chain.spare = Some(emptied);
            self.head = 0;
        }
        // SAFETY: `len > 0`, so the slot at `head` of the first segment holds a value (B1).
        unsafe {
            into.write(
                chain
                    .first
                    .slots
                    .get_unchecked(self.head)
                    .assume_init_read(),
            );
        };
        self.head += 1;
        self.len -= 1;
        if self.len == 0 && chain.last.is_null() {
            self.head = 0;
            chain.tail = 0;
        }
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        if std::mem::needs_drop::<T>() {
            let mut value = MaybeUninit::<T>::uninit();
            // SAFETY: `pop` fills `value` whenever it says so.
            while unsafe { self.pop(value.as_mut_ptr()) } {
                // SAFETY: it was just filled, and is filled anew before it is next read.
                unsafe { value.assume_init_drop() };
            }
        }
        // Unlink the segments one by one: a long chain dropped as a whole would recurse as deep as it is long.
        if let Some(chain) = self.chain.as_deref_mut() {
            let mut next = chain.first.next.take();
            while let Some(mut segment) = next {
                next = segment.next.take();
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use std::mem::ManuallyDrop;
    use std::sync::Arc;

    fn push<T>(b: &mut Buffer<T>, value: T) {
        assert!(b.has_room());
        let value = ManuallyDrop::new(value);
        // SAFETY: there is room, and `ManuallyDrop` counts the value as moved out.
        unsafe { b.push(&raw const *value) };
    }

    fn pop<T>(b: &mut Buffer<T>) -> Option<T> {
        let mut value = MaybeUninit::uninit();
        // SAFETY: `value` is valid for writing, and read only when it was written.
        unsafe { b.pop(value.as_mut_ptr()).then(|| value.assume_init()) }
    }

    /// Against a model, with a sequence that goes round and crosses segments.
    fn behaves_like_a_queue(mut buffer: Buffer<Arc<u32>>, room: usize) {
        let mut rng = gaggle_base::rng::Rng::from_seed(42);
        let mut model = VecDeque::new();
        let token = Arc::new(0);
        for i in 0..20_000_u32 {
            // Long runs of one kind, so that an unbounded buffer grows and shrinks by whole segments.
            if (rng.below(8) < 7) == ((i / 500) % 2 == 0) && model.len() < room {
                model.push_back(i);
                push(&mut buffer, Arc::new(i));
                push_token(&mut buffer, &token, &mut model, room);
            } else {
                assert_eq!(pop(&mut buffer).map(|v| *v), model.pop_front());
            }
            assert_eq!(buffer.len(), model.len());
        }
        drop(buffer);
        assert_eq!(Arc::strong_count(&token), 1, "every value is dropped once");
    }

    fn push_token(
        b: &mut Buffer<Arc<u32>>,
        token: &Arc<u32>,
        model: &mut VecDeque<u32>,
        room: usize,
    ) {
        if model.len() < room {
            model.push_back(0);
            push(b, token.clone());
        }
    }

    #[test]
    fn a_ring_is_first_in_first_out_and_drops_each_value_once() {
        for capacity in [1, 2, 3, 64, 200] {
            behaves_like_a_queue(Buffer::ring(capacity), capacity);
        }
    }

    #[test]
    fn a_chain_is_first_in_first_out_and_drops_each_value_once() {
        behaves_like_a_queue(Buffer::chain(), usize::MAX);
    }

    #[test]
    fn a_long_chain_is_dropped_without_recursion() {
        let mut b = Buffer::chain();
        for i in 0..3_000_000_u32 {
            push(&mut b, i);
        }
        drop(b);
    }

    #[test]
    fn zero_sized_values_fit() {
        let mut b = Buffer::ring(2);
        push(&mut b, ());
        push(&mut b, ());
        assert!(!b.has_room());
        assert_eq!(
            (pop(&mut b), pop(&mut b), pop(&mut b)),
            (Some(()), Some(()), None)
        );
    }
}
