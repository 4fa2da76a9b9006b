//! A source location in four bytes.
//!
//! A goroutine remembers where it was started and where it waits.
//! Two `&'static Location` would be 16 bytes in each of a million goroutines; two distances from an anchor in the same program image are 8.
//!
//! **Invariant S1**: a `Site` other than `UNKNOWN` was made by [`Site::of`] in this process from a `&'static Location<'static>`, so adding it to the anchor's address gives that reference back.
//! Images are below 2 GiB on the platforms we serve; a location farther away (another shared library) becomes `UNKNOWN`.

use std::fmt;
use std::panic::Location;

static ANCHOR: u8 = 0;

/// A compact `&'static Location`, or "unknown".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Site(i32);

impl Site {
    /// No location.
    pub const UNKNOWN: Site = Site(0);

    /// The caller's location.
    #[track_caller]
    #[inline(always)]
    #[must_use]
    pub fn caller() -> Self {
        Self::of(Location::caller())
    }

    /// The compact form of `location`.
    #[inline(always)]
    #[must_use]
    pub fn of(location: &'static Location<'static>) -> Self {
        let anchor = (&raw const ANCHOR).addr();
        let place = std::ptr::from_ref(location).expose_provenance();
        i32::try_from(place.wrapping_sub(anchor).cast_signed()).map_or(Self::UNKNOWN, Site)
    }

    /// The location that this stands for.
    #[must_use]
    pub fn location(self) -> Option<&'static Location<'static>> {
        if self == Self::UNKNOWN {
            return None;
        }
        let place = (&raw const ANCHOR)
            .addr()
            .wrapping_add_signed(self.0 as isize);
        // SAFETY: invariant S1: `place` is the address of a `&'static Location` whose provenance was exposed in `of`.
        Some(unsafe { &*std::ptr::with_exposed_provenance::<Location<'static>>(place) })
    }

    /// The raw bits, for packing into a word.
    #[must_use]
    pub(crate) fn to_bits(self) -> u32 {
        self.0.cast_unsigned()
    }

    /// The inverse of [`Site::to_bits`].
    pub(crate) fn from_bits(bits: u32) -> Self {
        Self(bits.cast_signed())
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.location() {
            Some(l) => write!(f, "{}:{}:{}", l.file(), l.line(), l.column()),
            None => f.write_str("an unknown place"),
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_site_gives_its_location_back() {
        let here = Location::caller();
        let site = Site::of(here);
        assert_eq!(size_of::<Site>(), 4);
        assert_eq!(site.location(), Some(here));
        assert!(site.to_string().contains("site.rs:"));
    }

    #[test]
    fn the_unknown_site_says_so() {
        assert_eq!(Site::UNKNOWN.location(), None);
        assert_eq!(Site::UNKNOWN.to_string(), "an unknown place");
    }
}
