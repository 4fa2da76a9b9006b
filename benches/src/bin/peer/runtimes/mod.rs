//! The asynchronous runtimes, one file each.

mod gaggle;
mod smol;
mod tokio;

pub(crate) use self::gaggle::{Gaggle, GaggleChannel};
pub(crate) use self::smol::Smol;
pub(crate) use self::tokio::Tokio;
