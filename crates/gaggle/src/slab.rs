//! A list with removal in O(1) by a key that is good for one entry only.
//!
//! Whoever removes an entry has its value; a key whose entry is gone finds nothing, also after the place was filled again.
//! The owner's lock protects it. Nothing is dropped here: values are handed out, so that they are dropped after the lock.

/// Where an entry is, and which one it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlabKey {
    index: usize,
    number: u64,
}

#[derive(Debug)]
enum Entry<T> {
    Full {
        number: u64,
        value: T,
    },
    /// The next free place, if any.
    Free(Option<usize>),
}

#[derive(Debug)]
pub(crate) struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: Option<usize>,
    len: usize,
    /// Numbers given out so far.
    numbers: u64,
}

/// An empty list gives its memory back if it has room for more than this.
const KEPT: usize = 64;

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: None,
            len: 0,
            numbers: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn insert(&mut self, value: T) -> SlabKey {
        let number = self.numbers;
        self.numbers += 1;
        self.len += 1;
        let entry = Entry::Full { number, value };
        let index = if let Some(index) = self.free {
            let Entry::Free(next) = std::mem::replace(&mut self.entries[index], entry) else {
                unreachable!("a free place is free");
            };
            self.free = next;
            index
        } else {
            self.entries.push(entry);
            self.entries.len() - 1
        };
        SlabKey { index, number }
    }

    pub(crate) fn get_mut(&mut self, key: SlabKey) -> Option<&mut T> {
        match self.entries.get_mut(key.index)? {
            Entry::Full { number, value } if *number == key.number => Some(value),
            _ => None,
        }
    }

    pub(crate) fn remove(&mut self, key: SlabKey) -> Option<T> {
        self.get_mut(key)?;
        let entry = std::mem::replace(&mut self.entries[key.index], Entry::Free(self.free));
        self.free = Some(key.index);
        self.len -= 1;
        if self.len == 0 && self.entries.capacity() > KEPT {
            self.entries = Vec::new();
            self.free = None;
        }
        match entry {
            Entry::Full { value, .. } => Some(value),
            Entry::Free(_) => unreachable!("it was found"),
        }
    }

    /// The first value at `index` or behind it, and the index behind that.
    pub(crate) fn next_from(&self, index: usize) -> Option<(usize, &T)> {
        let rest = self.entries.get(index..)?;
        rest.iter()
            .enumerate()
            .find_map(|(offset, entry)| match entry {
                Entry::Full { value, .. } => Some((index + offset + 1, value)),
                Entry::Free(_) => None,
            })
    }

    /// All values; nothing is left. The list may be used on, and old keys find nothing.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self {
            numbers: self.numbers,
            ..Self::new()
        };
        std::mem::replace(self, empty)
    }

    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.entries.into_iter().filter_map(|entry| match entry {
            Entry::Full { value, .. } => Some(value),
            Entry::Free(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_good_for_one_entry_only() {
        let mut slab = Slab::new();
        let a = slab.insert('a');
        let b = slab.insert('b');
        assert_eq!(slab.remove(a), Some('a'));
        let c = slab.insert('c');
        assert_eq!((c.index, slab.len()), (a.index, 2));
        assert_eq!(slab.remove(a), None);
        assert_eq!(slab.get_mut(b), Some(&mut 'b'));
        let all = slab.take();
        assert!(slab.is_empty());
        let d = slab.insert('d');
        assert_eq!((slab.remove(c), slab.remove(d)), (None, Some('d')));
        assert_eq!(all.into_values().collect::<String>(), "cb");
    }

    #[test]
    fn a_walk_by_index_sees_every_value_that_stays() {
        let mut slab = Slab::new();
        let keys: Vec<_> = (0..10).map(|n| slab.insert(n)).collect();
        let (mut at, mut seen) = (0, Vec::new());
        while let Some((next, n)) = slab.next_from(at) {
            seen.push(*n);
            at = next;
            if seen.len() == 3 {
                for key in &keys[..6] {
                    assert!(slab.remove(*key).is_some());
                }
            }
        }
        assert_eq!(seen, [0, 1, 2, 6, 7, 8, 9]);
    }

    #[test]
    fn an_empty_list_gives_much_memory_back() {
        let mut slab = Slab::new();
        let keys: Vec<_> = (0..1_000).map(|n| slab.insert(n)).collect();
        for key in keys {
            assert!(slab.remove(key).is_some());
        }
        assert_eq!(slab.entries.capacity(), 0);
        let key = slab.insert(1);
        assert_eq!(slab.remove(key), Some(1));
    }
}
