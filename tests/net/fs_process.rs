//! Files and child processes.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "to hold up a thread in the system is what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{child, in_goroutine, is_child, on_workers, said};
use futures::io::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader};
use gaggle::fs::{self, File, OpenOptions};
use gaggle::process::{Command, Stdio};
use gaggle::time::{sleep, timeout};
use gaggle::{go, runtime};
use std::collections::BTreeSet;
use std::io::{ErrorKind, SeekFrom};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// A folder of its own, which is removed in the end.
struct Folder(PathBuf);

impl Folder {
    async fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "gaggle-fs-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, SeqCst)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("a/b")).await.unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn what_is_written_is_read_renamed_copied_and_removed() {
    in_goroutine(async || {
        let folder = Folder::new().await;
        let (one, two) = (folder.0.join("one"), folder.0.join("a/two"));
        fs::write(&one, "some text").await.unwrap();
        assert_eq!(fs::copy(&one, &two).await.unwrap(), 9);
        fs::rename(&one, folder.0.join("a/b/one")).await.unwrap();
        assert!(!fs::try_exists(&one).await.unwrap());
        assert_eq!(fs::read(&two).await.unwrap(), b"some text");
        assert_eq!(fs::metadata(&two).await.unwrap().len(), 9);
        let error = fs::read_to_string(&one).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let error = fs::remove_dir(folder.0.join("a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty);
        fs::remove_file(&two).await.unwrap();
        fs::remove_dir_all(folder.0.join("a")).await.unwrap();
    });
}

#[test]
fn every_entry_of_a_directory_comes_once() {
    in_goroutine(async || {
        let folder = Folder::new().await;
        let mut expected = BTreeSet::from(["a".to_owned()]);
        for n in 0..150 {
            let name = format!("file {n}");
            fs::write(folder.0.join(&name), "").await.unwrap();
            expected.insert(name);
        }
        let mut entries = fs::read_dir(&folder.0).await.unwrap();
        let mut found = Vec::new();
        while let Some(entry) = entries.next_entry().await.unwrap() {
            found.push(entry.file_name().into_string().unwrap());
        }
        assert!(
            entries.next_entry().await.unwrap().is_none(),
            "it stays the end"
        );
        assert_eq!(found.len(), expected.len());
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
    });
}

#[test]
fn a_file_is_read_written_and_sought_by_its_methods_and_by_the_traits() {
    in_goroutine(async || {
        let folder = Folder::new().await;
        let path = folder.0.join("file");
        let file = File::create_new(&path).await.unwrap();
        file.write_all(b"0123456789").await.unwrap();
        file.write_at(b"ab", 2).await.unwrap();
        assert_eq!(file.seek(SeekFrom::Start(1)).await.unwrap(), 1);
        let mut three = [0; 3];
        file.read_exact(&mut three).await.unwrap();
        assert_eq!(&three, b"1ab");
        assert_eq!(file.read_at(&mut three, 7).await.unwrap(), 3);
        assert_eq!(&three, b"789");
        file.set_len(5).await.unwrap();
        file.sync_data().await.unwrap();
        assert_eq!(file.metadata().await.unwrap().len(), 5);
        let twice = File::create_new(&path).await.unwrap_err();
        assert_eq!(twice.kind(), ErrorKind::AlreadyExists);
        let mut options = OpenOptions::new();
        let mut file = File::open_with(options.read(true).append(true), &path)
            .await
            .unwrap();
        AsyncWriteExt::write_all(&mut file, b"\nline\n")
            .await
            .unwrap();
        AsyncSeekExt::seek(&mut file, SeekFrom::Start(0))
            .await
            .unwrap();
        let (mut reader, mut line) = (BufReader::new(file), String::new());
        reader.read_line(&mut line).await.unwrap();
        assert_eq!(line, "01ab4\n");
        reader.read_line(&mut line).await.unwrap();
        assert_eq!(line, "01ab4\nline\n");
    });
}

/// A read of a pipe into which nobody has written blocks; a plain file is too quick to see it.
#[test]
fn a_file_that_blocks_holds_up_no_other_goroutine() {
    on_workers(|runtime| {
        let body = runtime.go(async {
            let folder = Folder::new().await;
            let path = folder.0.join("fifo");
            let made = Command::new("mkfifo").arg(&path).status().await.unwrap();
            assert!(made.success());
            let mut both = OpenOptions::new();
            let writer = File::open_with(both.read(true).write(true), &path)
                .await
                .unwrap();
            let reads: Vec<_> = (0..3)
                .map(|_| {
                    let path = path.clone();
                    go(async move {
                        let file = File::open(path).await?;
                        file.read(&mut [0]).await
                    })
                })
                .collect();
            // Each blocks its thread until somebody writes; meanwhile others run.
            for _ in 0..50 {
                go(sleep(Duration::from_micros(200))).await.unwrap();
            }
            assert!(reads.iter().all(|read| !read.is_finished()));
            writer.write_all(b"one").await.unwrap();
            for read in reads {
                assert_eq!(read.await.unwrap().unwrap(), 1);
            }
        });
        runtime.block_on(body).unwrap();
    });
}

#[test]
fn a_child_is_talked_to_and_waited_for() {
    in_goroutine(async || {
        let mut cat = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (cat.stdin.take().unwrap(), cat.stdout.take().unwrap());
        // More than a pipe holds, so both sides have to wait.
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        let bytes = sent.clone();
        let writes = go(async move { input.write_all(&bytes).await });
        let mut got = Vec::new();
        output.read_to_end(&mut got).await.unwrap();
        assert!(got == sent);
        writes.await.unwrap().unwrap();
        assert!(cat.wait().await.unwrap().success());
        assert!(cat.wait().await.unwrap().success(), "it is remembered");
        cat.start_kill().unwrap();
    });
}

#[test]
fn status_and_output_tell_how_it_ended_and_what_it_said() {
    in_goroutine(async || {
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo out; echo err >&2; exit 7"]);
        for _ in 0..2 {
            let output = shell.output().await.unwrap();
            assert_eq!(output.status.code(), Some(7));
            assert_eq!(
                (&output.stdout[..], &output.stderr[..]),
                (&b"out\n"[..], &b"err\n"[..])
            );
        }
        // Much on both, in whatever order.
        let much = "yes out | head -c 300000; yes err | head -c 300000 >&2";
        let output = Command::new("sh")
            .args(["-c", much])
            .output()
            .await
            .unwrap();
        assert_eq!(
            (output.stdout.len(), output.stderr.len()),
            (300_000, 300_000)
        );
        let error = Command::new("/nowhere/at/all").status().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let mut env = Command::new("sh");
        env.args(["-c", "echo $GAGGLE_SAYS; pwd"])
            .env("GAGGLE_SAYS", "hello")
            .current_dir("/");
        assert_eq!(env.output().await.unwrap().stdout, b"hello\n/\n");
    });
}

#[test]
fn many_children_end_at_once_and_no_thread_waits_for_them() {
    on_workers(|runtime| {
        let body = runtime.go(async {
            let children: Vec<_> = (0..20)
                .map(|n| {
                    go(async move {
                        let script = format!("sleep 0.2; exit {n}");
                        Command::new("sh").args(["-c", &script]).status().await
                    })
                })
                .collect();
            for (n, child) in children.into_iter().enumerate() {
                assert_eq!(child.await.unwrap().unwrap().code(), i32::try_from(n).ok());
            }
        });
        runtime.block_on(body).unwrap();
        assert_eq!(runtime.metrics().blocking_threads, 0);
    });
}

#[test]
fn a_wait_that_is_given_up_may_be_taken_up_again() {
    in_goroutine(async || {
        let mut sleeps = Command::new("sleep").arg("30").spawn().unwrap();
        for _ in 0..5 {
            assert!(
                timeout(Duration::from_millis(2), sleeps.wait())
                    .await
                    .is_err()
            );
        }
        assert!(sleeps.try_wait().unwrap().is_none());
        let status = sleeps.kill().await.unwrap();
        assert_eq!(status.signal(), Some(9));
        assert_eq!(sleeps.try_wait().unwrap(), Some(status));
    });
}

/// Counts descriptors, which are the process's.
#[test]
fn what_is_dropped_or_aborted_is_killed_if_that_was_said_and_leaves_nothing() {
    let name = "what_is_dropped_or_aborted_is_killed_if_that_was_said_and_leaves_nothing";
    if !is_child() {
        let output = child(name, &[]);
        assert!(output.status.success(), "{}", said(&output));
        return;
    }
    let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    on_workers(move |runtime| {
        let body = runtime.go(async move {
            assert!(Command::new("true").status().await.unwrap().success());
            let before = descriptors();
            for _ in 0..10 {
                let (tell, told) = gaggle::chan::bounded(1);
                let waits = go(async move {
                    let mut child = Command::new("sleep")
                        .arg("60")
                        .stdin(Stdio::piped())
                        .stdout(Stdio::piped())
                        .kill_on_drop(true)
                        .spawn()
                        .unwrap();
                    tell.send(child.id()).await.unwrap();
                    child.wait().await
                });
                let id = told.recv().await.unwrap();
                waits.abort();
                assert!(waits.await.is_err_and(|error| error.is_aborted()));
                let process = PathBuf::from(format!("/proc/{id}"));
                assert!(!process.exists(), "it was killed, and its end was seen");
            }
            assert_eq!(descriptors(), before);
            assert_eq!(runtime::num_goroutines(), 1);
        });
        runtime.block_on(body).unwrap();
    });
}

#[test]
fn a_pipe_is_read_line_by_line() {
    in_goroutine(async || {
        let mut child = Command::new("sh")
            .args(["-c", "echo one; echo two"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        assert_eq!(lines.read_line(&mut text).await.unwrap(), 4);
        lines.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "one\ntwo\n");
        assert!(child.wait().await.unwrap().success());
    });
}

/// Nothing is started that nobody could wait for; files are there, and take no time.
#[test]
fn a_simulation_has_files_and_neither_processes_nor_sockets() {
    let report = gaggle::sim::run(1, async {
        let begin = gaggle::sim::now();
        let folder = Folder::new().await;
        let path = folder.0.join("file");
        fs::write(&path, "text").await.unwrap();
        assert_eq!(fs::read(&path).await.unwrap(), b"text");
        assert_eq!(gaggle::sim::now(), begin);
        let mut touch = Command::new("touch");
        touch.arg(folder.0.join("touched"));
        touch.status().await.unwrap_err();
        touch.output().await.unwrap_err();
        assert!(!fs::try_exists(folder.0.join("touched")).await.unwrap());
        let bound = gaggle::net::TcpListener::bind("127.0.0.1:0").await;
        bound.unwrap_err();
    });
    assert!(report.ok(), "{report}");
}
