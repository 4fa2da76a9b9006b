//! The traits of tokio and hyper for gaggle's streams, and tokio's context on each kind of thread.

#![allow(
    clippy::disallowed_methods,
    reason = "a thread is blocked so that another one takes over"
)]

use gaggle::compat::tokio::{InTokio, scope};
use gaggle::net::{TcpListener, TcpStream, UnixStream};
use gaggle::runtime::Runtime;
use hyper::rt::Write;
use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::runtime::Handle;

/// More than any socket's buffer takes at once.
fn much() -> Vec<u8> {
    (0..4_000_000_u32).map(|n| (n % 251) as u8).collect()
}

/// Writes much through one and reads it from the other, by tokio's traits alone.
async fn carries<R, W>(mut reader: R, mut writer: W)
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let writing = gaggle::go(async move {
        writer.write_all(&much()).await.unwrap();
        writer.shutdown().await.unwrap();
        writer
    });
    let mut all = Vec::new();
    reader.read_to_end(&mut all).await.unwrap();
    assert!(all == much(), "{} bytes came", all.len());
    writing.await.unwrap();
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await;
    (client.unwrap(), listener.accept().await.unwrap().0)
}

#[gaggle::test(workers = 2)]
async fn tokios_traits_work_for_all_streams_without_tokio() {
    let (a, b) = pair().await;
    carries(a, b).await;
    let (a, b) = UnixStream::pair().unwrap();
    carries(a, b).await;
    let (a, b) = pair().await;
    let ((reader, kept), (kept_too, writer)) = (a.into_split(), b.into_split());
    carries(reader, writer).await;
    drop((kept, kept_too));
    let (mut a, b) = UnixStream::pair().unwrap();
    let writing = gaggle::go(async move {
        let mut reference = &b;
        tokio::io::AsyncWriteExt::write_all(&mut reference, b"by reference").await
    });
    let (mut reader, _writer) = a.split();
    let mut text = String::new();
    reader.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "by reference");
    writing.await.unwrap().unwrap();
}

#[gaggle::test(workers = 2)]
async fn several_buffers_are_written_by_one_call() {
    let (mut a, b) = UnixStream::pair().unwrap();
    assert!(AsyncWrite::is_write_vectored(&a) && Write::is_write_vectored(&a));
    let parts = [IoSlice::new(b"one "), IoSlice::new(b"two ")];
    let n = poll_fn(|cx| AsyncWrite::poll_write_vectored(Pin::new(&mut a), cx, &parts)).await;
    assert_eq!(n.unwrap(), 8);
    let n = poll_fn(|cx| Write::poll_write_vectored(Pin::new(&mut a), cx, &parts)).await;
    assert_eq!(n.unwrap(), 8);
    let mut buffer = [0; 16];
    b.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, b"one two one two ");
}

#[gaggle::test(workers = 2)]
async fn hypers_read_fills_what_is_left_of_a_buffer_and_tells_the_end() {
    let (mut a, b) = UnixStream::pair().unwrap();
    b.write_all(b"hello").await.unwrap();
    let mut memory = [std::mem::MaybeUninit::uninit(); 8];
    let mut buffer = hyper::rt::ReadBuf::uninit(&mut memory);
    buffer.unfilled().put_slice(b"<<<");
    let mut read = async |buffer: &mut hyper::rt::ReadBuf<'_>| {
        poll_fn(|cx| hyper::rt::Read::poll_read(Pin::new(&mut a), cx, buffer.unfilled())).await
    };
    read(&mut buffer).await.unwrap();
    assert_eq!(buffer.filled(), b"<<<hello");
    drop(b);
    let mut memory = [std::mem::MaybeUninit::uninit(); 8];
    let mut buffer = hyper::rt::ReadBuf::uninit(&mut memory);
    read(&mut buffer).await.unwrap();
    assert_eq!(buffer.filled(), b"");
}

fn finds_tokio() -> bool {
    Handle::try_current().is_ok()
}

#[gaggle::test(tokio, workers = 2)]
async fn each_thread_of_such_a_runtime_finds_tokio() {
    assert!(finds_tokio());
    assert!(gaggle::go(async { finds_tokio() }).await.unwrap());
    let own = gaggle::go_locked(|| async { finds_tokio() });
    assert!(own.await.unwrap());
    // All workers block, so spare threads run these.
    let go_on = Arc::new(AtomicBool::new(false));
    let blocked: Vec<_> = (0..2)
        .map(|_| {
            let go_on = go_on.clone();
            gaggle::go(async move {
                gaggle::blocking(|| {
                    while !go_on.load(SeqCst) {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                });
                finds_tokio()
            })
        })
        .collect();
    for _ in 0..20 {
        assert!(gaggle::go(async { finds_tokio() }).await.unwrap());
        gaggle::yield_now().await;
    }
    go_on.store(true, SeqCst);
    for one in blocked {
        assert!(one.await.unwrap());
    }
}

#[test]
fn a_thread_finds_tokio_only_while_it_is_inside() {
    let runtime = Runtime::builder()
        .workers(1)
        .thread_guard(gaggle::compat::tokio::enter)
        .build()
        .unwrap();
    assert!(!finds_tokio());
    assert!(runtime.block_on(async { finds_tokio() }));
    assert!(!finds_tokio());
    let plain = Runtime::builder().workers(1).build().unwrap();
    assert!(!plain.block_on(async { gaggle::go(async { finds_tokio() }).await.unwrap() }));
}

/// Looks for tokio in its last moment.
struct Last(Arc<AtomicBool>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.store(finds_tokio(), SeqCst);
    }
}

#[gaggle::test(workers = 2)]
async fn one_future_finds_tokio_also_when_it_is_dropped() {
    assert!(!finds_tokio());
    let found = Arc::new(AtomicBool::new(false));
    let last = Last(found.clone());
    let slow = async move {
        let _last = last;
        tokio::time::sleep(Duration::from_secs(3600)).await;
    };
    let limited = gaggle::time::timeout(Duration::from_millis(5), slow.in_tokio());
    assert!(limited.await.is_err());
    assert!(found.load(SeqCst) && !finds_tokio());
    let both = async {
        tokio::time::sleep(Duration::from_millis(2)).await;
        tokio::spawn(async { gaggle::go(async { 42 }).await.unwrap() }).await
    };
    assert_eq!(scope(both).await.unwrap(), 42);
}

#[gaggle::test(workers = 2)]
async fn a_goroutine_that_waits_for_tokio_can_be_aborted() {
    let found = Arc::new(AtomicBool::new(false));
    let last = Last(found.clone());
    let (tx, rx) = gaggle::chan::bounded(1);
    let waits = async move {
        let _last = last;
        let sleep = tokio::time::sleep(Duration::from_secs(3600));
        tx.send(()).await.unwrap();
        sleep.await;
    };
    let handle = gaggle::go(waits.in_tokio());
    rx.recv().await.unwrap();
    handle.abort();
    assert!(handle.await.unwrap_err().is_aborted());
    assert!(found.load(SeqCst), "its drop found tokio");
}

#[gaggle::test(tokio, workers = 2)]
async fn blocking_calls_of_tokios_work_in_a_goroutine() {
    let slept = gaggle::go(async {
        let sleep = async { tokio::time::sleep(Duration::from_millis(2)).await };
        gaggle::blocking(|| Handle::current().block_on(sleep));
        tokio::task::block_in_place(|| 1)
    });
    assert_eq!(slept.await.unwrap(), 1);
    let elsewhere = tokio::task::spawn_blocking(finds_tokio).await;
    assert!(elsewhere.unwrap());
    // Tasks that stay on their thread have one of their own.
    let local = gaggle::go_locked(|| async {
        let not_send = std::rc::Rc::new(41);
        let tasks = tokio::task::LocalSet::new();
        let one = tasks.spawn_local(async move { *not_send + 1 });
        tasks.run_until(one).await.unwrap()
    });
    assert_eq!(local.await.unwrap(), 42);
}

#[gaggle::test]
#[should_panic(expected = "there is no tokio in a simulation")]
async fn there_is_no_tokio_in_a_simulation() {
    async {}.in_tokio().await;
}

#[test]
fn hypers_timer_keeps_virtual_time() {
    use gaggle::compat::hyper::Timer;
    use hyper::rt::Timer as _;
    let report = gaggle::sim::run(1, async {
        let begin = Timer.now();
        let mut sleep = Timer.sleep(Duration::from_secs(3600));
        Timer.reset(&mut sleep, begin + Duration::from_secs(7200));
        sleep.await;
        let slept = Timer.now() - begin;
        assert!(slept >= Duration::from_secs(7200) && slept < Duration::from_secs(7201));
    });
    assert!(report.ok(), "{report}");
}
