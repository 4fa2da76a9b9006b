//! [`Store`]: the keys of one shard. It belongs to its shard alone, so it has no lock.
//!
//! Entries lie in slots that are numbered and used again; everything else names them by number.
//!
//! | part | what it is for |
//! |---|---|
//! | `index` | from a key to its slot: a hash table of numbers, which compares the keys in the slots |
//! | `newest`, `oldest`, and two numbers in each entry | the order of use, for eviction; kept only if there is a limit |
//! | `due` | which key ends when, in that order: what is due is found without looking at the rest |
//!
//! An entry does not move while it lives. So a scan, which goes by number, meets each key that is there from its beginning to its end.

use gaggle::time::Instant;
use hashbrown::HashTable;
use std::collections::BTreeSet;

/// What an entry costs beside its bytes: the slot, its place in the index, what the allocator adds to two allocations.
const OVERHEAD: usize = size_of::<Entry>() + 8 + 32;
/// No slot.
const NONE: u32 = u32::MAX;

pub(crate) struct Entry {
    hash: u64,
    pub(crate) key: Box<[u8]>,
    pub(crate) value: Box<[u8]>,
    pub(crate) due: Option<Instant>,
    newer: u32,
    older: u32,
}

/// There is no room for so much, even if all the rest went.
#[derive(Debug)]
pub(crate) struct TooBig;

pub(crate) struct Store {
    slots: Vec<Option<Entry>>,
    free: Vec<u32>,
    index: HashTable<u32>,
    due: BTreeSet<(Instant, u32)>,
    newest: u32,
    oldest: u32,
    used: usize,
    /// 0: none.
    limit: usize,
    pub(crate) evicted: u64,
    pub(crate) expired: u64,
}

impl Store {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            due: BTreeSet::new(),
            newest: NONE,
            oldest: NONE,
            used: 0,
            limit,
            evicted: 0,
            expired: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn used(&self) -> usize {
        self.used
    }

    pub(crate) fn volatile(&self) -> usize {
        self.due.len()
    }

    /// When the next key ends.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    /// How many slots there are, in use or not.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn slot(&self, number: usize) -> Option<&Entry> {
        self.slots.get(number)?.as_ref()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.slots.iter().flatten()
    }

    pub(crate) fn entry(&self, number: u32) -> Option<&Entry> {
        self.slot(number as usize)
    }

    fn entry_mut(&mut self, number: u32) -> Option<&mut Entry> {
        self.slots.get_mut(number as usize)?.as_mut()
    }

    fn find(&self, hash: u64, key: &[u8]) -> Option<u32> {
        let same = |number: &u32| self.entry(*number).is_some_and(|entry| *entry.key == *key);
        self.index.find(hash, same).copied()
    }

    /// The slot of a key that is there and whose time is not over. `now` is asked for only if it matters.
    pub(crate) fn live(
        &mut self,
        hash: u64,
        key: &[u8],
        now: impl FnOnce() -> Instant,
    ) -> Option<u32> {
        let number = self.find(hash, key)?;
        if let Some(due) = self.entry(number)?.due
            && due <= now()
        {
            self.expired += 1;
            self.remove(number);
            return None;
        }
        Some(number)
    }

    /// It was used.
    pub(crate) fn touch(&mut self, number: u32) {
        if self.limit > 0 && self.newest != number {
            self.unlink(number);
            self.link(number);
        }
    }

    /// Puts a value under a key that is not there.
    pub(crate) fn insert(&mut self, hash: u64, key: &[u8], value: &[u8]) -> Result<u32, TooBig> {
        let cost = key.len() + value.len() + OVERHEAD;
        if self.limit > 0 && cost > self.limit {
            return Err(TooBig);
        }
        let entry = Entry {
            hash,
            key: key.into(),
            value: value.into(),
            due: None,
            newer: NONE,
            older: NONE,
        };
        let number = if let Some(number) = self.free.pop() {
            self.slots[number as usize] = Some(entry);
            number
        } else {
            let number = u32::try_from(self.slots.len()).map_err(|_| TooBig)?;
            self.slots.push(Some(entry));
            number
        };
        let slots = &self.slots;
        let hash_of = |number: &u32| {
            slots[*number as usize]
                .as_ref()
                .map_or(0, |entry| entry.hash)
        };
        self.index.insert_unique(hash, number, hash_of);
        self.used += cost;
        if self.limit > 0 {
            self.link(number);
            self.evict();
        }
        Ok(number)
    }

    /// Puts another value in the place of one.
    pub(crate) fn replace(&mut self, number: u32, value: &[u8]) -> Result<(), TooBig> {
        let limit = self.limit;
        let Some(entry) = self.entry_mut(number) else {
            return Ok(());
        };
        if limit > 0 && entry.key.len() + value.len() + OVERHEAD > limit {
            return Err(TooBig);
        }
        let before = entry.value.len();
        if before == value.len() {
            entry.value.copy_from_slice(value);
        } else {
            entry.value = value.into();
        }
        self.used = self.used + value.len() - before;
        if self.limit > 0 {
            self.touch(number);
            self.evict();
        }
        Ok(())
    }

    /// Sets when a key ends; `None`: never.
    pub(crate) fn set_due(&mut self, number: u32, due: Option<Instant>) {
        let Some(entry) = self.entry_mut(number) else {
            return;
        };
        let old = std::mem::replace(&mut entry.due, due);
        if old == due {
            return;
        }
        if let Some(old) = old {
            self.due.remove(&(old, number));
        }
        if let Some(due) = due {
            self.due.insert((due, number));
        }
    }

    pub(crate) fn remove(&mut self, number: u32) {
        if self.limit > 0 {
            self.unlink(number);
        }
        let Some(entry) = self.slots.get_mut(number as usize).and_then(Option::take) else {
            return;
        };
        if let Some(due) = entry.due {
            self.due.remove(&(due, number));
        }
        if let Ok(place) = self.index.find_entry(entry.hash, |other| *other == number) {
            place.remove();
        }
        self.used -= entry.key.len() + entry.value.len() + OVERHEAD;
        self.free.push(number);
    }

    /// Removes what is due, at most `most` keys. Says whether more is.
    pub(crate) fn sweep(&mut self, now: Instant, most: usize) -> bool {
        for _ in 0..most {
            match self.due.first() {
                Some((due, number)) if *due <= now => {
                    let number = *number;
                    self.expired += 1;
                    self.remove(number);
                }
                _ => return false,
            }
        }
        self.next_due().is_some_and(|due| due <= now)
    }

    pub(crate) fn clear(&mut self) {
        *self = Self {
            evicted: self.evicted,
            expired: self.expired,
            ..Self::new(self.limit)
        };
    }

    /// Makes room: the oldest go. The newest fits alone, so it stays.
    fn evict(&mut self) {
        while self.used > self.limit && self.oldest != NONE && self.oldest != self.newest {
            self.evicted += 1;
            self.remove(self.oldest);
        }
    }

    /// Makes it the newest.
    fn link(&mut self, number: u32) {
        let before = std::mem::replace(&mut self.newest, number);
        if let Some(entry) = self.entry_mut(number) {
            (entry.newer, entry.older) = (NONE, before);
        }
        match self.entry_mut(before) {
            Some(entry) => entry.newer = number,
            None => self.oldest = number,
        }
    }

    fn unlink(&mut self, number: u32) {
        let Some(entry) = self.entry(number) else {
            return;
        };
        let (newer, older) = (entry.newer, entry.older);
        match self.entry_mut(newer) {
            Some(entry) => entry.older = older,
            None => self.newest = older,
        }
        match self.entry_mut(older) {
            Some(entry) => entry.newer = newer,
            None => self.oldest = newer,
        }
    }
}
