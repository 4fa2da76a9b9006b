//! Things under small numbers: put in, taken out, both at once whatever else is there.

/// Things under numbers, which are used again.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    places: Vec<Place<T>>,
    /// The first free place; each says which is the next. The number behind the last place: none.
    free: u32,
}

#[derive(Debug)]
enum Place<T> {
    Full(T),
    Free(u32),
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self {
            places: Vec::new(),
            free: u32::MAX,
        }
    }

    pub(crate) fn insert(&mut self, value: T) -> u32 {
        let key = self.free;
        if let Some(place) = self.places.get_mut(key as usize)
            && let Place::Free(next) = *place
        {
            self.free = next;
            *place = Place::Full(value);
            return key;
        }
        if self.places.capacity() == 0 {
            // Most have one.
            self.places.reserve_exact(1);
        }
        self.places.push(Place::Full(value));
        (self.places.len() - 1) as u32
    }

    pub(crate) fn get(&self, key: u32) -> Option<&T> {
        match self.places.get(key as usize)? {
            Place::Full(value) => Some(value),
            Place::Free(_) => None,
        }
    }

    pub(crate) fn remove(&mut self, key: u32) -> Option<T> {
        let place = self.places.get_mut(key as usize)?;
        if let Place::Free(_) = place {
            return None;
        }
        match std::mem::replace(place, Place::Free(self.free)) {
            Place::Full(value) => {
                self.free = key;
                Some(value)
            }
            Place::Free(_) => None,
        }
    }

    fn full(place: Place<T>) -> Option<T> {
        match place {
            Place::Full(value) => Some(value),
            Place::Free(_) => None,
        }
    }

    pub(crate) fn each(&self, mut f: impl FnMut(&T)) {
        for place in &self.places {
            if let Place::Full(value) = place {
                f(value);
            }
        }
    }

    /// All of them, in no order that means anything; nothing is left.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.free = u32::MAX;
        let places = std::mem::take(&mut self.places);
        places.into_iter().filter_map(Self::full)
    }
}

#[cfg(test)]
mod tests {
    use super::Slab;

    #[test]
    fn numbers_are_used_again_and_never_twice_at_once() {
        let mut slab = Slab::new();
        let (a, b) = (slab.insert("a"), slab.insert("b"));
        assert_ne!(a, b);
        assert_eq!(slab.remove(a), Some("a"));
        assert_eq!(slab.remove(a), None);
        assert_eq!(slab.insert("c"), a);
        assert_eq!(slab.get(b), Some(&"b"));
        assert_eq!(slab.take_all().collect::<Vec<_>>(), ["c", "b"]);
        assert_eq!(slab.get(b), None);
    }
}
