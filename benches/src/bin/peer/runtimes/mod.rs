//! The asynchronous runtimes, one file each.

mod gaggle;
mod gaggle_tools;
mod smol;
mod tokio;
mod tokio_tools;

pub(crate) use self::gaggle::{Gaggle, GaggleChannel};
pub(crate) use self::smol::Smol;
pub(crate) use self::tokio::Tokio;
