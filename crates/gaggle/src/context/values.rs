//! Values that travel with a context (semantics.md CX-07, T29).
//!
//! They are a list of their own beside the tree of scopes: nothing here is ever cancelled, and nothing is locked.

use super::foreign::Source;
use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

/// A key under which a context carries a value. Its type says what type the value has.
///
/// Two keys are the same if they have the same type and are equal, so keys of different modules never meet.
/// Mostly a key is a unit struct of its own.
///
/// # Examples
/// ```
/// use gaggle::context::{Context, Key};
///
/// #[derive(PartialEq, Eq)]
/// struct UserId;
/// impl Key for UserId {
///     type Value = u64;
/// }
///
/// #[derive(PartialEq, Eq)]
/// struct Label(&'static str);
/// impl Key for Label {
///     type Value = String;
/// }
///
/// let ctx = Context::background().with_value(UserId, 7).with_value(Label("a"), "x".to_owned());
/// assert_eq!(ctx.value(UserId), Some(&7));
/// assert_eq!(ctx.value(Label("a")).map(String::as_str), Some("x"));
/// assert_eq!(ctx.value(Label("b")), None);
/// ```
pub trait Key: Eq + Send + Sync + 'static {
    /// What is found under the key.
    type Value: Send + Sync + 'static;
}

/// A value of a type that the key knows.
pub(super) type Found<'a> = &'a (dyn Any + Send + Sync);

/// One entry and those outside of it.
pub(super) struct Layer {
    outer: Option<Arc<Layer>>,
    entry: Box<dyn Entry>,
}

impl Layer {
    pub(super) fn over(outer: Option<Arc<Layer>>, entry: impl Entry) -> Arc<Self> {
        let entry = Box::new(entry);
        Arc::new(Self { outer, entry })
    }

    /// The nearest entry for `key`.
    pub(super) fn find(&self, key: &dyn Any) -> Option<Found<'_>> {
        let mut layer = Some(self);
        while let Some(here) = layer {
            match here.entry.look(key) {
                Look::Found(value) => return Some(value),
                Look::Hidden => return None,
                Look::Outside => layer = here.outer.as_deref(),
            }
        }
        None
    }

    /// What the entries are called, the nearest first.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        let mut layer = Some(self);
        std::iter::from_fn(move || {
            let here = layer?;
            layer = here.outer.as_deref();
            Some(here.entry.name())
        })
    }
}

impl Drop for Layer {
    /// A list of any length goes without recursion.
    fn drop(&mut self) {
        let mut outer = self.outer.take();
        while let Some(mut layer) = outer.and_then(Arc::into_inner) {
            outer = layer.outer.take();
        }
    }
}

/// What an entry says when it is asked for a key.
pub(super) enum Look<'a> {
    Found(Found<'a>),
    /// It is this key, and there is nothing to be found.
    Hidden,
    /// Ask further out.
    Outside,
}

pub(super) trait Entry: Send + Sync + 'static {
    fn look(&self, key: &dyn Any) -> Look<'_>;
    fn name(&self) -> &'static str;
}

/// A key and its value, or a key that hides what is outside.
pub(super) struct Pair<K: Key> {
    pub(super) key: K,
    pub(super) value: Option<K::Value>,
}

impl<K: Key> Entry for Pair<K> {
    fn look(&self, key: &dyn Any) -> Look<'_> {
        if key.downcast_ref::<K>() != Some(&self.key) {
            return Look::Outside;
        }
        match &self.value {
            Some(value) => Look::Found(value),
            None => Look::Hidden,
        }
    }

    fn name(&self) -> &'static str {
        type_name::<K>()
    }
}

/// The values of somebody else's context.
pub(super) struct Foreigns(pub(super) Arc<dyn Source>);

impl Entry for Foreigns {
    fn look(&self, key: &dyn Any) -> Look<'_> {
        self.0.value(key).map_or(Look::Outside, Look::Found)
    }

    fn name(&self) -> &'static str {
        self.0.name()
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
