//! [`Child`]: a process that was started.

use super::{ChildStderr, ChildStdin, ChildStdout, ExitStatus, Output};
use gaggle_rt::blocking;
use gaggle_rt::io::{Direction, Registered};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::process::Child as Std;

/// A process that was started.
///
/// If it is dropped the process goes on, unless [`kill_on_drop`](super::Command::kill_on_drop) was said. As with the standard library, a process of which nobody has seen the end is kept by the system until this one ends: so wait for it.
#[must_use = "wait for the process, or it is kept by the system even after its end"]
pub struct Child {
    /// Its input, if that is a pipe.
    pub stdin: Option<ChildStdin>,
    /// Its output, if that is a pipe.
    pub stdout: Option<ChildStdout>,
    /// Its complaints, if they go to a pipe.
    pub stderr: Option<ChildStderr>,
    /// Ready to be read when the process has ended.
    end: Registered<OwnedFd>,
    std: Std,
    status: Option<ExitStatus>,
    kill_on_drop: bool,
}

impl Child {
    pub(super) fn new(mut std: Std, kill_on_drop: bool) -> io::Result<Self> {
        let made = (|| {
            let end = pidfd_open(Pid::from_child(&std), PidfdFlags::empty())?;
            io::Result::Ok((
                std.stdin.take().map(ChildStdin::new).transpose()?,
                std.stdout.take().map(ChildStdout::new).transpose()?,
                std.stderr.take().map(ChildStderr::new).transpose()?,
                Registered::new(end, "process")?,
            ))
        })();
        match made {
            Ok((stdin, stdout, stderr, end)) => Ok(Self {
                stdin,
                stdout,
                stderr,
                end,
                std,
                status: None,
                kill_on_drop,
            }),
            Err(error) => {
                // Nobody could wait for it.
                end_now(&mut std);
                Err(error)
            }
        }
    }

    /// The system's number for it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.std.id()
    }

    /// Waits until it has ended. Its input is closed first, so that it does not wait for more.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// It may be awaited again; only the input is closed.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.stdin = None;
        if let Some(status) = self.status {
            return Ok(status);
        }
        let Self { end, std, .. } = self;
        let ended = end.io(Direction::Read, |_| match std.try_wait()? {
            Some(status) => Ok(status),
            None => Err(io::ErrorKind::WouldBlock.into()),
        });
        let status = ended.await?;
        self.status = Some(status);
        Ok(status)
    }

    /// Has it ended?
    ///
    /// # Errors
    /// Those of the system.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.std.try_wait()?;
        }
        Ok(self.status)
    }

    /// Takes all that it writes to its pipes, and waits until it has ended. Its input is closed first.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// None: what was read is lost.
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        self.stdin = None;
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        {
            // Both at once: it may fill either while the other is waited for.
            let mut outs = pin!(async {
                match &stdout {
                    Some(pipe) => pipe.read_to_end(&mut out).await.map(drop),
                    None => Ok(()),
                }
            });
            let mut errs = pin!(async {
                match &stderr {
                    Some(pipe) => pipe.read_to_end(&mut err).await.map(drop),
                    None => Ok(()),
                }
            });
            let (mut first, mut second) = (None, None);
            poll_fn(|cx| {
                first = first.take().or_else(|| ready(outs.as_mut().poll(cx)));
                second = second.take().or_else(|| ready(errs.as_mut().poll(cx)));
                match (&first, &second) {
                    (Some(_), Some(_)) => std::task::Poll::Ready(()),
                    _ => std::task::Poll::Pending,
                }
            })
            .await;
            first.transpose()?;
            second.transpose()?;
        }
        Ok(Output {
            status: self.wait().await?,
            stdout: out,
            stderr: err,
        })
    }

    /// Kills it (`SIGKILL`), without waiting. Of one that has ended nothing happens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn start_kill(&mut self) -> io::Result<()> {
        if self.status.is_some() {
            return Ok(());
        }
        self.std.kill()
    }

    /// Kills it, and waits until it has ended.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// It is killed; the end may be awaited again.
    pub async fn kill(&mut self) -> io::Result<ExitStatus> {
        self.start_kill()?;
        self.wait().await
    }
}

fn ready<T>(polled: std::task::Poll<T>) -> Option<T> {
    match polled {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

/// Kills it, and sees its end, which comes at once.
fn end_now(std: &mut Std) {
    // It fails only if somebody else has seen the end.
    let _ = std.kill();
    let _ = blocking(|| std.wait());
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.status.is_some() || matches!(self.std.try_wait(), Ok(Some(_))) {
            return;
        }
        if self.kill_on_drop {
            end_now(&mut self.std);
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
