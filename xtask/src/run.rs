//! Starts processes: shows the command, streams its output, counts its test cases and ends it when it hangs.

use crate::counts::Counts;
use crate::failed_cases::FailedCases;
use crate::{Failure, Outcome};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A suite that has not ended by then waits for something that never comes.
const LIMIT: Duration = Duration::from_secs(12 * 60);

/// So long the last words of a program that was ended are waited for.
const GRACE: Duration = Duration::from_secs(2);

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let own =
        std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let mut root = PathBuf::from(own);
    root.pop();
    root
}

/// `cargo` in the root of the workspace, the same toolchain that runs this program.
pub(crate) fn cargo<I, S>(arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root()).args(arguments);
    // Set by `cargo run` for this package alone.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") {
            command.env_remove(name);
        }
    }
    command
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("CARGO_MANIFEST_PATH");
    command
}

/// Runs a command whose output goes straight to the terminal.
pub(crate) fn check(command: &mut Command) -> Outcome {
    announce(command);
    let status = command
        .status()
        .map_err(|error| cannot_start(command, &error))?;
    ended(command, status, Counts::default())
}

/// Runs a command quietly and hands back its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_start(command, &error))?;
    ended(command, output.status, Counts::default())?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a test command: its output is streamed, its result lines are counted, and a failure says again what the failed
/// cases have said.
///
/// Away from a terminal it runs in a process group of its own, which is ended when it takes longer than [`LIMIT`];
/// at a terminal whoever waits can press Ctrl-C.
pub(crate) fn test(command: &mut Command) -> Outcome {
    let watched = !std::io::stdin().is_terminal();
    test_within(command, watched.then_some(LIMIT))
}

/// The same for jobs that are meant to take long.
pub(crate) fn test_unlimited(command: &mut Command) -> Outcome {
    test_within(command, None)
}

fn test_within(command: &mut Command, limit: Option<Duration>) -> Outcome {
    announce(command);
    if limit.is_some() {
        command.process_group(0);
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_start(command, &error))?;
    let lines = stream(&mut child);
    let mut counts = Counts::default();
    let mut failed = FailedCases::default();
    let deadline = limit.map(|limit| Instant::now() + limit);
    loop {
        let line = match deadline {
            Some(deadline) => {
                lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
            }
            None => lines.recv().map_err(Into::into),
        };
        match line {
            Ok(line) => {
                counts.read(&line);
                failed.read(&line);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                end_group(&mut child);
                let mut message = format!("{} took too long and was ended", in_short(command));
                failed.describe(&mut message);
                counts.failed += 1;
                return Err(Failure::Failed(message, counts));
            }
        }
    }
    let status = child
        .wait()
        .map_err(|error| cannot_start(command, &error))?;
    ended(command, status, counts).map_err(|failure| match failure {
        Failure::Failed(mut message, counts) => {
            failed.describe(&mut message);
            Failure::Failed(message, counts)
        }
        other => other,
    })
}

/// What a program did whose output was kept.
#[derive(Debug)]
pub(crate) struct Captured {
    /// Standard output and standard error, in the order in which they were written.
    pub(crate) output: String,
    /// How it failed, if it did.
    pub(crate) failure: Option<String>,
}

/// Runs a program and keeps what it says. It is ended when it takes longer than `limit`.
pub(crate) fn captured(mut command: Command, limit: Duration) -> Result<Captured, Failure> {
    let failed = |error: &std::io::Error| cannot_start(&command, error);
    let (mut reader, writer) = std::io::pipe().map_err(|error| failed(&error))?;
    let second = writer.try_clone().map_err(|error| failed(&error))?;
    command.stdin(Stdio::null()).stdout(writer).stderr(second);
    let grouped = !std::io::stdin().is_terminal();
    if grouped {
        command.process_group(0);
    }
    let mut child = command
        .spawn()
        .map_err(|error| cannot_start(&command, &error))?;
    // It holds the ends for writing; the output does not end before they are closed.
    drop(command);
    let (sender, pieces) = mpsc::channel();
    thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut piece) {
            let _ = sender.send(piece[..count].to_vec());
        }
    });
    let mut output = Vec::new();
    let deadline = Instant::now() + limit;
    let failure = loop {
        match pieces.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(piece) => output.extend(piece),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let status = child
                    .wait()
                    .map_err(|error| Failure::failed(format!("a program is lost: {error}")))?;
                break (!status.success()).then(|| format!("ended with {status}"));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if grouped {
                    end_group(&mut child);
                } else {
                    let _ = child.kill();
                    let _ = child.wait();
                }
                // What it has said by then is in the pipe, or on its way from there. Somebody who escaped may still hold the other end.
                let end = Instant::now() + GRACE;
                while let Some(left) = end.checked_duration_since(Instant::now())
                    && let Ok(piece) = pieces.recv_timeout(left)
                {
                    output.extend(piece);
                }
                break Some("took too long and was ended".to_owned());
            }
        }
    };
    let output = String::from_utf8_lossy(&output).into_owned();
    Ok(Captured { output, failure })
}

/// Copies the output of a process to the terminal, both streams line by line, and passes each line on.
fn stream(child: &mut Child) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let errors = sender.clone();
    let output = child.stdout.take();
    // `print!` and not the terminal itself: under `cargo test` this is captured, and the result lines of our own tests
    // are not mistaken for results.
    thread::spawn(move || copy(output, &sender, |line| print!("{line}")));
    let output = child.stderr.take();
    thread::spawn(move || copy(output, &errors, |line| eprint!("{line}")));
    receiver
}

fn copy(output: Option<impl Read>, sender: &mpsc::Sender<String>, show: fn(&str)) {
    let Some(output) = output else { return };
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output
        .read_until(b'\n', &mut line)
        .is_ok_and(|count| count > 0)
    {
        let text = String::from_utf8_lossy(&line).into_owned();
        show(&text);
        let _ = std::io::stdout().flush();
        let _ = sender.send(text);
        line.clear();
    }
}

/// Ends the process group that `child` leads. `kill` is a part of every POSIX shell.
fn end_group(child: &mut Child) {
    let script = format!("kill -s KILL -- -{}", child.id());
    let _ = Command::new("sh").args(["-c", &script]).status();
    let _ = child.wait();
}

/// A command that fails without a failed test case (it does not compile, it crashed) counts as one.
fn ended(command: &Command, status: ExitStatus, mut counts: Counts) -> Outcome {
    if status.success() {
        return Ok(counts);
    }
    counts.failed = counts.failed.max(1);
    let message = format!("{} ended with {status}", in_short(command));
    Err(Failure::Failed(message, counts))
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{} cannot be started: {error}", in_short(command)))
}

pub(crate) fn announce(command: &Command) {
    eprintln!("\n$ {}", shown(command));
}

/// The command as one would type it, with the variables that were set for it.
fn shown(command: &Command) -> String {
    typed(command, |_| true)
}

/// The same for messages: of the variables only our own, which tell one run from another.
fn in_short(command: &Command) -> String {
    typed(command, |variable| variable.starts_with("GAGGLE_"))
}

fn typed(command: &Command, with: impl Fn(&str) -> bool) -> String {
    let mut words: Vec<String> = Vec::new();
    for (name, value) in command.get_envs() {
        if let (Some(name), Some(value)) = (name.to_str(), value)
            && with(name)
        {
            words.push(format!("{name}={}", quoted(value)));
        }
    }
    let program = PathBuf::from(command.get_program());
    let program = program.file_name().unwrap_or_default();
    words.push(program.display().to_string());
    words.extend(command.get_args().map(quoted));
    words.join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.contains(' ') {
        format!("'{word}'")
    } else {
        word.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{captured, in_short, shown, test, test_within};
    use crate::Failure;
    use crate::counts::Counts;
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("some/where/cargo");
        command
            .args(["doc", "--no-deps"])
            .env("FLAGS", "-D warnings");
        assert_eq!(shown(&command), "FLAGS='-D warnings' cargo doc --no-deps");
        assert_eq!(in_short(&command), "cargo doc --no-deps");
    }

    #[test]
    fn test_cases_are_counted_also_when_the_command_fails() {
        let script = "echo '---- odd stdout ----'; echo 3 is odd; \
            echo 'test result: FAILED. 4 passed; 1 failed; 0 ignored'; exit 101";
        let outcome = test(Command::new("sh").args(["-c", script]));
        let Err(Failure::Failed(message, counts)) = outcome else {
            panic!("the command failed");
        };
        assert!(
            message.ends_with("101; failed: odd\n---- odd ----\n3 is odd"),
            "{message}"
        );
        assert_eq!(
            counts,
            Counts {
                passed: 4,
                failed: 1
            }
        );
    }

    #[test]
    fn a_command_that_hangs_is_ended_with_all_that_it_started() {
        let limit = Duration::from_millis(200);
        let outcome = test_within(
            Command::new("sh").args(["-c", "sleep 60 & wait"]),
            Some(limit),
        );
        assert!(
            matches!(outcome, Err(Failure::Failed(message, _)) if message.contains("too long"))
        );
    }

    #[test]
    fn what_a_program_says_is_kept_in_order() {
        let script = "echo one; echo two >&2; echo three; exit 3";
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let ended = captured(command, Duration::from_secs(60)).unwrap();
        assert_eq!(ended.output, "one\ntwo\nthree\n");
        assert!(ended.failure.unwrap().contains('3'));
    }

    #[test]
    fn a_program_that_hangs_is_ended_and_what_it_said_is_kept() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo before; exec sleep 600"]);
        // It has to start by then.
        let ended = captured(command, Duration::from_secs(3)).unwrap();
        assert_eq!(ended.output, "before\n");
        assert!(ended.failure.unwrap().contains("too long"));
    }

    #[test]
    fn a_missing_program_is_named() {
        let outcome = test(&mut Command::new("no-such-program-here"));
        assert!(
            matches!(outcome, Err(Failure::Failed(message, _)) if message.contains("no-such-program-here"))
        );
    }
}
