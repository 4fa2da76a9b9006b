//! [`Command`]: what is to be started, and how.

use super::Child;
use crate::sim::is_simulated;
use gaggle_rt::blocking;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Command as Std, ExitStatus, Output, Stdio};

/// What is to be started, and how. The command of the standard library is in it: what has no method here is set through [`as_std_mut`](Self::as_std_mut).
///
/// # Examples
/// ```
/// # gaggle::block_on(async {
/// let output = gaggle::process::Command::new("echo").arg("hello").output().await?;
/// assert_eq!(output.stdout, b"hello\n");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Command {
    std: Std,
    said: Said,
    kill_on_drop: bool,
}

/// Which of its streams was something said of?
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

impl Command {
    /// A program, by its path or by a name that is looked for in `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Std::new(program).into()
    }

    /// One argument more.
    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.std.arg(argument);
        self
    }

    /// Some arguments more.
    pub fn args<S: AsRef<OsStr>>(&mut self, arguments: impl IntoIterator<Item = S>) -> &mut Self {
        self.std.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.std.env(name, value);
        self
    }

    /// Sets variables of its environment.
    pub fn envs<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        &mut self,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> &mut Self {
        self.std.envs(variables);
        self
    }

    /// Takes a variable out of its environment.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Self {
        self.std.env_remove(name);
        self
    }

    /// Empties its environment.
    pub fn env_clear(&mut self) -> &mut Self {
        self.std.env_clear();
        self
    }

    /// The directory that it starts in.
    pub fn current_dir(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.std.current_dir(path);
        self
    }

    /// What it reads from. By default what this process reads from.
    pub fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Self {
        self.std.stdin(stdin);
        self.said.stdin = true;
        self
    }

    /// Where it writes to. By default where this process writes to; a pipe for [`output`](Self::output).
    pub fn stdout(&mut self, stdout: impl Into<Stdio>) -> &mut Self {
        self.std.stdout(stdout);
        self.said.stdout = true;
        self
    }

    /// Where it complains. By default where this process does; a pipe for [`output`](Self::output).
    pub fn stderr(&mut self, stderr: impl Into<Stdio>) -> &mut Self {
        self.std.stderr(stderr);
        self.said.stderr = true;
        self
    }

    /// Is the process killed when its [`Child`] is dropped before it has ended? By default it is not: it goes on.
    ///
    /// With it, an abort or a time-out of whoever waits ends the process too.
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Self {
        self.kill_on_drop = kill;
        self
    }

    /// The command of the standard library.
    pub fn as_std_mut(&mut self) -> &mut Std {
        &mut self.std
    }

    /// Starts it.
    ///
    /// # Errors
    /// Those of the system, such as that there is no such program; and in a simulation, where there are no processes.
    ///
    /// # Blocking
    /// As long as the system needs. The worker's other goroutines move to another thread first.
    pub fn spawn(&mut self) -> io::Result<Child> {
        let child = start(&mut self.std)?;
        Child::new(child, self.kill_on_drop)
    }

    /// Starts it, and waits until it has ended.
    ///
    /// # Errors
    /// As for [`spawn`](Self::spawn).
    ///
    /// # Cancel safety
    /// If the future is dropped the process goes on, or is killed: see [`kill_on_drop`](Self::kill_on_drop).
    pub async fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait().await
    }

    /// Starts it, takes all that it writes, and waits until it has ended. It reads nothing, unless [`stdin`](Self::stdin) was said before.
    ///
    /// # Errors
    /// As for [`spawn`](Self::spawn).
    ///
    /// # Cancel safety
    /// As for [`status`](Self::status); what it has written is lost.
    pub async fn output(&mut self) -> io::Result<Output> {
        self.say_what_was_not_said(Stdio::null, Stdio::piped);
        let child = start(&mut self.std);
        // For whoever uses the command again.
        self.say_what_was_not_said(Stdio::inherit, Stdio::inherit);
        let child = Child::new(child?, self.kill_on_drop)?;
        child.wait_with_output().await
    }
}

impl Command {
    fn say_what_was_not_said(&mut self, input: fn() -> Stdio, output: fn() -> Stdio) {
        if !self.said.stdin {
            self.std.stdin(input());
        }
        if !self.said.stdout {
            self.std.stdout(output());
        }
        if !self.said.stderr {
            self.std.stderr(output());
        }
    }
}

/// Not in a simulation: there is nothing that could wait for it, and it would have begun by then.
fn start(std: &mut Std) -> io::Result<std::process::Child> {
    if is_simulated() {
        return Err(io::Error::other("a simulation has no processes"));
    }
    blocking(|| std.spawn())
}

impl From<Std> for Command {
    fn from(std: Std) -> Self {
        Self {
            std,
            said: Said::default(),
            kill_on_drop: false,
        }
    }
}
