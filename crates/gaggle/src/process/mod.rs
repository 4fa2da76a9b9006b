//! Child processes: a goroutine waits for one to end, and for its pipes, as it waits for a socket.
//!
//! | file | what it holds |
//! |---|---|
//! | `command.rs` | [`Command`] |
//! | `child.rs` | [`Child`] |
//! | `pipes.rs` | [`ChildStdin`], [`ChildStdout`], [`ChildStderr`] |
//!
//! The end of a process is an event on a descriptor that stands for it (`pidfd_open`), so no thread is blocked and no signal is used.
//! To start one blocks for the time the system needs: that is done through [`blocking`](crate::blocking).
//!
//! On Linux only; a simulation has no processes.
//!
//! # Examples
//! ```
//! use gaggle::process::{Command, Stdio};
//!
//! #[gaggle::main]
//! async fn main() -> std::io::Result<()> {
//!     let mut sort = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
//!     let (input, output) = (sort.stdin.take().unwrap(), sort.stdout.take().unwrap());
//!     input.write_all(b"goose\nant\n").await?;
//!     drop(input);
//!     let mut sorted = Vec::new();
//!     output.read_to_end(&mut sorted).await?;
//!     assert_eq!(sorted, b"ant\ngoose\n");
//!     assert!(sort.wait().await?.success());
//!     Ok(())
//! }
//! ```

mod child;
mod command;
mod pipes;

pub use child::Child;
pub use command::Command;
pub use pipes::{ChildStderr, ChildStdin, ChildStdout};
pub use std::process::{ExitStatus, Output, Stdio};
