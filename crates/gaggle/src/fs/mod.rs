//! Files and directories.
//!
//! | file | what it holds |
//! |---|---|
//! | `file.rs` | [`File`] |
//! | `whole.rs` | functions that take a path and do all of it: [`read()`], [`write()`], [`rename()`], .. |
//! | `dir.rs` | [`ReadDir`] |
//!
//! The system has no way to wait for a plain file, so its calls block, be it for microseconds.
//! Each function here is the one of [`std::fs`] inside [`blocking`](crate::blocking): the worker's other goroutines move to another thread first, and no byte is copied to one.
//! So such a future is ready when it was polled once. A time-out around it, or an abort, comes when the system's call is over; what else is joined into the same goroutine waits for it.
//!
//! **Cancel safety**, of all functions here: a future that was never polled has done nothing, and one that was has done all of it.
//! The exception is [`ReadDir::next_entry`], of which the same is true, and which is said there.
//!
//! In a simulation the calls are made for real, and take no time.
//!
//! # Examples
//! ```
//! use gaggle::fs;
//!
//! #[gaggle::main]
//! async fn main() -> std::io::Result<()> {
//!     let folder = std::env::temp_dir().join(format!("gaggle-doc-{}", std::process::id()));
//!     fs::create_dir_all(&folder).await?;
//!     let path = folder.join("greeting.txt");
//!     fs::write(&path, "hello").await?;
//!     assert_eq!(fs::read_to_string(&path).await?, "hello");
//!     fs::remove_dir_all(&folder).await
//! }
//! ```

mod dir;
mod file;
mod whole;

pub use dir::{ReadDir, read_dir};
pub use file::File;
pub use std::fs::{DirEntry, FileType, Metadata, OpenOptions, Permissions};
pub use whole::{
    canonicalize, copy, create_dir, create_dir_all, hard_link, metadata, read, read_link,
    read_to_string, remove_dir, remove_dir_all, remove_file, rename, set_permissions,
    symlink_metadata, try_exists, write,
};
