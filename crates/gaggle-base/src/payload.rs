//! What a panic was raised with.

use std::any::Any;

/// The text that a panic was raised with.
#[must_use]
pub fn message_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "(a value that is no text)".to_owned()
    }
}
