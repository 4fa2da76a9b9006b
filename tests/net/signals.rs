//! Signals as channels. Signals are the process's, so each test uses one of its own, or a process of its own.
#![cfg(unix)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{child, is_child, said, until, watched};
use futures::StreamExt;
use gaggle::context::{Context, SignalReceived};
use gaggle::go;
#[cfg(target_os = "linux")]
use gaggle::net::{TcpListener, TcpStream, UnixStream};
use gaggle::runtime::{OnDeadlock, Runtime};
use gaggle::signal::{self, Signal};
#[cfg(target_os = "linux")]
use gaggle::sync::WaitGroup;
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH,
};
use signal_hook::low_level::raise;
use std::io::{ErrorKind, IoSlice};
use std::os::unix::process::ExitStatusExt;

#[test]
fn each_listener_gets_each_signal_once_however_often_it_came() {
    watched("two listeners", || {
        let first = signal::notify(&[Signal::USR1, Signal::USR2]).unwrap();
        let second = signal::notify(&[Signal::USR2]).unwrap();
        for _ in 0..3 {
            raise(SIGUSR1).unwrap();
        }
        raise(SIGUSR2).unwrap();
        assert_eq!(second.recv_blocking(), Signal::User2);
        let mut got = Vec::new();
        while !(got.contains(&Signal::User1) && got.contains(&Signal::User2)) {
            got.push(first.recv_blocking());
        }
        let twos = got.iter().filter(|s| **s == Signal::User2).count();
        // Each that was raised was told of once at most; those that came before it was received are one.
        assert!(twos == 1 && got.len() <= 4, "{got:?}");
        assert_eq!(second.signals(), [Signal::User2]);
        assert_eq!(second.try_recv(), None, "it did not ask for the other");
        // After the drop of one the other goes on.
        drop(second);
        raise(SIGUSR2).unwrap();
        let runtime = Runtime::builder().workers(1).build().unwrap();
        while runtime.block_on(first.recv()) != Signal::User2 {}
    });
}

#[test]
fn a_receive_that_loses_a_select_loses_no_signal() {
    watched("a select over signals", || {
        let runtime = Runtime::builder().workers(2).build().unwrap();
        let body = runtime.go(async {
            let mut signals = signal::notify(&[Signal::Alarm]).unwrap();
            for _ in 0..200 {
                let sends = go(async { raise(SIGALRM).unwrap() });
                let mut got = false;
                while !got {
                    gaggle::select! {
                        signal = signals.recv() => {
                            assert_eq!(signal, Signal::Alarm);
                            got = true;
                        },
                        _ = gaggle::yield_now() => {},
                    }
                }
                sends.await.unwrap();
            }
            raise(SIGALRM).unwrap();
            assert_eq!(signals.next().await, Some(Signal::Alarm));
        });
        runtime.block_on(body).unwrap();
    });
}

#[test]
fn what_is_ignored_by_default_can_be_listened_for_and_is_ignored_again() {
    watched("signals that are ignored", || {
        let signals = signal::notify(&[Signal::WindowChange]).unwrap();
        raise(SIGWINCH).unwrap();
        assert_eq!(signals.recv_blocking(), Signal::WindowChange);
        drop(signals);
        raise(SIGWINCH).unwrap();
        drop(signal::notify(&[Signal::Child]).unwrap());
        raise(SIGCHLD).unwrap();
    });
}

/// `SIGPIPE` ends processes by default, and Rust's ignore it.
#[test]
fn what_was_ignored_before_is_ignored_afterwards() {
    let name = "what_was_ignored_before_is_ignored_afterwards";
    if !is_child() {
        assert_eq!(ended(name), (None, Some(0)));
        return;
    }
    let signals = signal::notify(&[Signal::Pipe]).unwrap();
    raise(SIGPIPE).unwrap();
    assert_eq!(signals.recv_blocking(), Signal::Pipe);
    drop(signals);
    raise(SIGPIPE).unwrap();
    std::process::exit(0);
}

/// As in Go, a broken connection is an error for who writes; the signal is for those that write to pipes of a shell.
#[cfg(target_os = "linux")]
#[test]
fn a_write_to_a_closed_connection_is_an_error_and_no_signal() {
    let name = "a_write_to_a_closed_connection_is_an_error_and_no_signal";
    if !is_child() {
        assert_eq!(ended(name), (None, Some(0)));
        return;
    }
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let kind = runtime.block_on(async {
        let signals = signal::notify(&[Signal::Pipe, Signal::Alarm]).unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        let (short, long) = ([1; 10], [2; 5000]);
        for buffers in [[&short[..], &short], [&short, &long]] {
            let buffers = buffers.map(IoSlice::new);
            let error = ours.write_vectored(&buffers).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        }
        let error = ours.write_all(&long).await.unwrap_err();
        // What came before it has been told of before it, or with it.
        raise(SIGALRM).unwrap();
        let came = [Some(signals.recv().await), signals.try_recv()];
        assert_eq!(came, [Some(Signal::Alarm), None], "one ends processes");
        error.kind()
    });
    assert_eq!(kind, ErrorKind::BrokenPipe);
    std::process::exit(0);
}

#[gaggle::main]
async fn with_dumps() {
    let quits = signal::notify(&[Signal::QUIT]).unwrap();
    raise(SIGQUIT).unwrap();
    assert_eq!(quits.recv().await, Signal::Quit);
    println!("it was received");
    drop(quits);
    raise(SIGQUIT).unwrap();
    gaggle::time::sleep(std::time::Duration::from_secs(100)).await;
}

/// `#[gaggle::main]` has it print a dump and end the process (RT-04).
#[test]
fn whoever_listens_for_sigquit_gets_it_in_place_of_the_dump() {
    let name = "whoever_listens_for_sigquit_gets_it_in_place_of_the_dump";
    if is_child() {
        return with_dumps();
    }
    let output = child(name, &[]);
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("it was received"), "{said}");
    assert_eq!(said.matches("SIGQUIT: who waits").count(), 1, "{said}");
}

#[test]
fn a_context_ends_with_the_signal_and_all_below_it() {
    watched("a context", || {
        let runtime = Runtime::builder().workers(2).build().unwrap();
        let (ctx, stop) = signal::notify_context(&Context::background(), &[Signal::HUP]).unwrap();
        let (below, _cancel) = ctx.with_cancel();
        let waits = runtime.go(async move { below.done().await });
        raise(SIGHUP).unwrap();
        runtime.block_on(waits).unwrap();
        let cause = ctx.cause().unwrap();
        assert_eq!(cause.downcast_ref(), Some(&SignalReceived(Signal::Hangup)));
        stop.cancel();
    });
}

/// What the process died of, and its status.
fn ended(name: &str) -> (Option<i32>, Option<i32>) {
    let output = child(name, &[]);
    println!("{}", said(&output));
    (output.status.signal(), output.status.code())
}

#[test]
fn ctrl_c_is_waited_for_once_and_ends_the_process_the_second_time() {
    let name = "ctrl_c_is_waited_for_once_and_ends_the_process_the_second_time";
    if !is_child() {
        assert_eq!(ended(name), (Some(SIGINT), None));
        return;
    }
    let waits = signal::ctrl_c();
    raise(SIGINT).unwrap();
    gaggle::block_on(waits).unwrap();
    raise(SIGINT).unwrap();
    until(|| false);
}

#[test]
fn dl_03_a_process_that_waits_for_a_signal_is_not_deadlocked() {
    let name = "dl_03_a_process_that_waits_for_a_signal_is_not_deadlocked";
    if !is_child() {
        assert_eq!(ended(name), (None, Some(0)));
        return;
    }
    let runtime = Runtime::builder()
        .workers(1)
        .on_deadlock(OnDeadlock::Exit)
        .build()
        .unwrap();
    let signals = signal::notify(&[Signal::TERM]).unwrap();
    // Another process sends it, when all here have been asleep for longer than it takes to see that.
    let kill = format!("sleep 0.7; kill -TERM {}", std::process::id());
    let mut other = std::process::Command::new("sh")
        .args(["-c", &kill])
        .spawn()
        .unwrap();
    let waits = runtime.go(async move { signals.recv().await });
    let signal = runtime.block_on(waits).unwrap();
    assert_eq!(signal.number(), SIGTERM);
    other.wait().unwrap();
    drop(runtime);
    std::process::exit(0);
}

#[cfg(target_os = "linux")]
async fn serve(stream: TcpStream, ctx: Context) {
    let mut buffer = [0; 1];
    loop {
        gaggle::select! {
            read = stream.read(&mut buffer) => if !matches!(read, Ok(1)) { return },
            _ = ctx.done() => return,
        }
        if buffer[0] == b'w' {
            // This one is in progress when the signal comes.
            raise(SIGTERM).unwrap();
            ctx.done().await;
        }
        stream.write_all(&buffer).await.unwrap();
    }
}

/// The program of `docs/io.md`, with a request in progress when the signal comes.
#[cfg(target_os = "linux")]
#[test]
fn a_server_ends_after_a_signal_when_its_requests_have_ended() {
    let name = "a_server_ends_after_a_signal_when_its_requests_have_ended";
    if !is_child() {
        assert_eq!(ended(name), (None, Some(0)));
        return;
    }
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let server = runtime.go(async {
        let (ctx, stop) = signal::notify_context(&Context::background(), &[Signal::TERM]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = go(async move {
            let idle = TcpStream::connect(address).await.unwrap();
            let busy = TcpStream::connect(address).await.unwrap();
            for stream in [&idle, &busy] {
                stream.write_all(b"x").await.unwrap();
                assert_eq!(stream.read(&mut [0]).await.unwrap(), 1);
            }
            busy.write_all(b"w").await.unwrap();
            let mut answer = [0];
            busy.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, *b"w", "a request in progress is answered");
            assert_eq!(busy.read(&mut answer).await.unwrap(), 0);
            assert_eq!(idle.read(&mut answer).await.unwrap(), 0);
        });
        let connections = WaitGroup::new();
        loop {
            let stream = gaggle::select! {
                accepted = listener.accept() => accepted.unwrap().0,
                _ = ctx.done() => break,
            };
            drop(connections.go(serve(stream, ctx.clone())));
        }
        drop(listener);
        stop.cancel();
        connections.wait().await;
        client.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    });
    runtime.block_on(server).unwrap();
    std::process::exit(0);
}
