//! What events and short reads do not tell: an error that passes, an end after which more comes, a read that stops before all there is, a queue that others have filled.

use super::broken::pair;
use super::waits_for_io;
use crate::common::in_goroutine;
use futures::AsyncWriteExt as _;
use gaggle::go;
use gaggle::net::{Direction, Registered, UdpSocket, UnixDatagram, UnixStream};
use gaggle::time::sleep;
use rustix::fs::{CWD, Mode, OFlags, open};
use rustix::io::read;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, send, sendmsg};
use std::fs::{File, OpenOptions};
use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A path that nobody else has.
fn path(name: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let (process, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    std::env::temp_dir().join(format!("gaggle-{name}-{process}-{next}"))
}

#[test]
fn a_datagram_that_was_refused_is_told_once_and_the_next_is_waited_for() {
    in_goroutine(async || {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        // An address that no other test has: nobody else gets the port meanwhile.
        let gone = UdpSocket::bind("127.0.0.77:0").await.unwrap();
        let (address, port) = (socket.local_addr().unwrap(), gone.local_addr().unwrap());
        drop(gone);
        socket.connect(port).await.unwrap();
        let socket = Arc::new(socket);
        let receives = |socket: Arc<UdpSocket>| {
            go(async move {
                let mut buffer = [0; 8];
                let n = socket.recv(&mut buffer).await?;
                std::io::Result::Ok(buffer[..n].to_vec())
            })
        };
        let receiver = receives(socket.clone());
        waits_for_io(&receiver).await;
        socket.send(b"hello?").await.unwrap();
        let refused = receiver.await.unwrap().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        // The error has passed: whoever receives now has to wait again.
        let back = UdpSocket::bind(port).await.unwrap();
        let receiver = receives(socket);
        waits_for_io(&receiver).await;
        back.send_to(b"here", address).await.unwrap();
        assert_eq!(receiver.await.unwrap().unwrap(), b"here");
    });
}

#[test]
fn a_pipe_with_a_name_is_read_on_when_somebody_else_writes_to_it() {
    in_goroutine(async || {
        let path = path("fifo");
        rustix::fs::mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let pipe = open(&path, flags, Mode::empty()).unwrap();
        let pipe = Arc::new(Registered::new(pipe, "fifo").unwrap());
        for text in ["one", "two", "three"] {
            let reader = pipe.clone();
            let writer = OpenOptions::new().write(true).open(&path).unwrap();
            let reader = go(async move {
                let mut text = Vec::new();
                loop {
                    let mut buffer = [0; 8];
                    let once = |fd: &OwnedFd| Ok(read(fd, &mut buffer)?);
                    match reader.io(Direction::Read, once).await.unwrap() {
                        0 => return text,
                        n => text.extend_from_slice(&buffer[..n]),
                    }
                }
            });
            waits_for_io(&reader).await;
            (&writer).write_all(text.as_bytes()).unwrap();
            drop(writer);
            assert_eq!(reader.await.unwrap(), text.as_bytes());
        }
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn bytes_behind_a_descriptor_that_was_passed_are_read_without_another_event() {
    in_goroutine(async || {
        let (writer, reader) = UnixStream::pair().unwrap();
        let all = go(async move {
            let mut all = Vec::new();
            while all.len() < 10 {
                let mut buffer = [0; 64];
                let n = reader.read(&mut buffer).await.unwrap();
                all.extend_from_slice(&buffer[..n]);
            }
            all
        });
        waits_for_io(&all).await;
        let file = File::open("/dev/null").unwrap();
        let mut room = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut with = SendAncillaryBuffer::new(&mut room);
        let passed = [file.as_fd()];
        assert!(with.push(SendAncillaryMessage::ScmRights(&passed)));
        let sent = sendmsg(
            &writer,
            &[IoSlice::new(b"with")],
            &mut with,
            SendFlags::NOSIGNAL,
        );
        assert_eq!(sent, Ok(4));
        writer.write_all(b"behind").await.unwrap();
        // The system stops a read behind the bytes that the descriptor came with.
        assert_eq!(all.await.unwrap(), b"withbehind");
    });
}

#[test]
fn bytes_behind_urgent_ones_are_read_without_another_event() {
    in_goroutine(async || {
        let (writer, reader) = pair().await;
        writer.set_nodelay(true).unwrap();
        writer.write_all(b"before").await.unwrap();
        assert_eq!(send(&writer, b"!", SendFlags::OOB), Ok(1));
        writer.write_all(b"behind").await.unwrap();
        // All of it is there before it is read: then there is one event for it.
        sleep(Duration::from_millis(10)).await;
        let mut all = Vec::new();
        while all.len() < 12 {
            let mut buffer = [0; 64];
            let n = reader.read(&mut buffer).await.unwrap();
            all.extend_from_slice(&buffer[..n]);
        }
        // The urgent one is not among them: it is to be asked for.
        assert_eq!(all, b"beforebehind");
        let again = go(async move { reader.read(&mut [0; 4]).await.unwrap() });
        waits_for_io(&again).await;
        writer.write_all(b"x").await.unwrap();
        assert_eq!(again.await.unwrap(), 1);
    });
}

#[test]
fn a_datagram_gets_into_a_queue_that_others_have_filled() {
    in_goroutine(async || {
        let path = path("datagram");
        let receiver = UnixDatagram::bind(&path).unwrap();
        let full = UnixDatagram::unbound().unwrap();
        let std = full.into_std().unwrap();
        std.set_nonblocking(true).unwrap();
        let mut filled = 0;
        while std.send_to(b"full", &path).is_ok() {
            filled += 1;
        }
        let late = UnixDatagram::unbound().unwrap();
        let to = path.clone();
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = polls.clone();
        let begin = Instant::now();
        let sender = go(async move {
            let mut send = pin!(late.send_to(b"late", &to));
            let send = poll_fn(|cx| {
                counted.fetch_add(1, Ordering::Relaxed);
                send.as_mut().poll(cx)
            });
            send.await.unwrap()
        });
        waits_for_io(&sender).await;
        sleep(Duration::from_millis(100)).await;
        // It must ask again and again, since no event tells of room; but not all the time.
        let polls = polls.load(Ordering::Relaxed);
        let ms = begin.elapsed().as_millis();
        assert!(polls as u128 <= 1 + ms, "{polls} polls in {ms} ms");
        let mut buffer = [0; 8];
        for _ in 0..filled {
            assert_eq!(receiver.recv(&mut buffer).await.unwrap(), 4);
            assert_eq!(&buffer[..4], b"full");
        }
        assert_eq!(receiver.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"late");
        assert_eq!(sender.await.unwrap(), 4);
        std::fs::remove_file(path).unwrap();
    });
}

#[test]
fn a_connection_that_is_gone_is_closed_without_an_error() {
    in_goroutine(async || {
        let (mut ours, theirs) = pair().await;
        theirs.set_linger(Some(Duration::ZERO)).unwrap();
        drop(theirs);
        let reset = ours.read(&mut [0; 4]).await.unwrap_err();
        assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
        // There is nothing left to end, as there is after a connection that was ended in good order.
        ours.close().await.unwrap();
        ours.close().await.unwrap();
    });
}
