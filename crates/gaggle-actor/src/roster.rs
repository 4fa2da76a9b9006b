//! A table by growing keys, in their order: close together in memory, where a tree is half empty because its keys only grow.
//!
//! It is a sorted vector. A row that is removed leaves a gap; when half of them are gaps they are closed. So putting a key behind all others, removing one, and looking one up cost no more than a search, on average.
//! Gaps before the first row are stepped over at once: a crowd that ends in the order in which it came is looked at from its head again and again.
//! A key in the middle is put there by moving what is behind it: nobody here does that with many rows.

/// See the head of this file.
#[derive(Clone, Debug)]
pub(crate) struct Roster<K, V> {
    rows: Vec<(K, Option<V>)>,
    gaps: usize,
    /// All rows before this one are gaps.
    head: usize,
}

/// No fewer gaps than this are worth closing.
const FEW: usize = 16;

impl<K: Ord + Copy, V> Roster<K, V> {
    pub(crate) const fn new() -> Self {
        Self {
            rows: Vec::new(),
            gaps: 0,
            head: 0,
        }
    }

    fn find(&self, key: K) -> Result<usize, usize> {
        match self.rows.last() {
            Some((last, _)) if key > *last => Err(self.rows.len()),
            _ => self.rows.binary_search_by_key(&key, |row| row.0),
        }
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        match self.find(key) {
            Ok(at) => {
                let was = self.rows[at].1.replace(value);
                self.gaps -= usize::from(was.is_none());
                self.head = self.head.min(at);
            }
            Err(at) => {
                self.rows.insert(at, (key, Some(value)));
                self.head = self.head.min(at);
            }
        }
    }

    pub(crate) fn get(&self, key: K) -> Option<&V> {
        let at = self.find(key).ok()?;
        self.rows[at].1.as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        let at = self.find(key).ok()?;
        self.rows[at].1.as_mut()
    }

    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let at = self.find(key).ok()?;
        let value = self.rows[at].1.take()?;
        self.gaps += 1;
        while self.rows.last().is_some_and(|(_, value)| value.is_none()) {
            self.rows.pop();
            self.gaps -= 1;
        }
        let is_gap = |row: &(K, Option<V>)| row.1.is_none();
        while self.rows.get(self.head).is_some_and(is_gap) {
            self.head += 1;
        }
        self.head = self.head.min(self.rows.len());
        if self.gaps > FEW.max(self.rows.len() / 2) {
            self.rows.retain(|(_, value)| value.is_some());
            self.rows.shrink_to(self.rows.len() * 2);
            (self.gaps, self.head) = (0, 0);
        }
        Some(value)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &V)> + Clone {
        let rows = self.rows[self.head..].iter();
        rows.filter_map(|(key, value)| Some((*key, value.as_ref()?)))
    }

    pub(crate) fn keys(&self) -> impl DoubleEndedIterator<Item = K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    pub(crate) fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    pub(crate) fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> {
        self.rows[self.head..]
            .iter_mut()
            .filter_map(|(_, value)| value.as_mut())
    }
}

impl<K: Ord + Copy, V> FromIterator<(K, V)> for Roster<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(rows: I) -> Self {
        let mut roster = Self::new();
        for (key, value) in rows {
            roster.insert(key, value);
        }
        roster
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, Roster};
    use gaggle_base::rng::Rng;
    use std::collections::BTreeMap;

    #[test]
    fn it_does_what_a_tree_does() {
        let mut rng = Rng::from_seed(7);
        let (mut roster, mut tree) = (Roster::new(), BTreeMap::new());
        for round in 0..20_000_u64 {
            let key = u64::from(rng.below(200));
            match rng.below(4) {
                0 => {
                    roster.insert(key, round);
                    tree.insert(key, round);
                }
                1 => {
                    roster.insert(round + 1_000, round);
                    tree.insert(round + 1_000, round);
                }
                _ => {
                    // Most of the time the oldest, or one from the middle.
                    let key = tree.keys().nth(key as usize % 40).copied().unwrap_or(key);
                    assert_eq!(roster.remove(key), tree.remove(&key));
                }
            }
            assert_eq!(roster.get(key), tree.get(&key));
            assert_eq!(roster.keys().next(), tree.keys().next().copied());
            assert!(roster.gaps <= FEW.max(roster.rows.len() / 2) + 1);
        }
        assert!(
            roster
                .iter()
                .eq(tree.iter().map(|(key, value)| (*key, value)))
        );
        assert!(roster.keys().rev().eq(tree.keys().rev().copied()));
        assert!(roster.values().eq(tree.values()));
        assert!(roster.values_mut().eq(tree.values_mut()));
    }
}
