//! Few descriptors, and many.

use super::{descriptors, descriptors_return, in_a_process_of_its_own, serve, waits_for_io};
use gaggle::go;
use gaggle::net::{TcpListener, TcpStream, UnixStream};
use gaggle::runtime::Runtime;
use gaggle::sync::Barrier;
use gaggle::time::sleep;
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

fn computed() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let nanos = u32::try_from(time.tv_nsec).unwrap();
    Duration::new(time.tv_sec.unsigned_abs(), nanos)
}

fn limit_descriptors(to: u64) {
    let mut limit = getrlimit(Resource::Nofile);
    let enough = limit.maximum.is_none_or(|most| most >= to);
    assert!(
        enough,
        "{to} descriptors are needed, and the system allows {:?}",
        limit.maximum
    );
    limit.current = Some(to);
    setrlimit(Resource::Nofile, limit).unwrap();
}

#[test]
fn accept_without_a_descriptor_waits_does_not_spin_and_recovers() {
    if !in_a_process_of_its_own(
        "descriptors::accept_without_a_descriptor_waits_does_not_spin_and_recovers",
    ) {
        return;
    }
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let body = runtime.go(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Arc::new(AtomicUsize::new(0));
        let count = taken.clone();
        let serves = go(async move {
            let mut all = Vec::new();
            while all.len() < 10 {
                all.push(listener.accept().await.expect("accept waits"));
                count.fetch_add(1, SeqCst);
            }
            all
        });
        waits_for_io(&serves).await;
        limit_descriptors(100);
        // The sockets of the clients are there, and no descriptor beside them.
        let socket = || {
            let kind = rustix::net::SocketType::STREAM;
            rustix::net::socket(rustix::net::AddressFamily::INET, kind, None).unwrap()
        };
        let sockets: Vec<_> = (0..10).map(|_| socket()).collect();
        let mut fillers = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            fillers.push(file);
        }
        for socket in &sockets {
            rustix::net::connect(socket, &address).unwrap();
        }
        let refused = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(Errno::from_io_error(&refused), Some(Errno::MFILE));
        let before = computed();
        sleep(Duration::from_millis(600)).await;
        let cost = computed().saturating_sub(before);
        assert_eq!(taken.load(SeqCst), 0);
        assert!(
            cost < Duration::from_millis(150),
            "{cost:?} were computed in 600 ms of waiting"
        );
        fillers.clear();
        let all = serves.await.unwrap();
        assert_eq!(all.len(), 10);
    });
    runtime.block_on(body).unwrap();
}

#[test]
fn ten_thousand_sockets_are_open_at_once_and_answer() {
    const PAIRS: usize = 5_000;
    if !in_a_process_of_its_own("descriptors::ten_thousand_sockets_are_open_at_once_and_answer") {
        return;
    }
    limit_descriptors(2 * PAIRS as u64 + 200);
    let runtime = Runtime::builder().workers(2).build().unwrap();
    runtime.block_on(async { drop(UnixStream::pair().unwrap()) });
    let before = descriptors();
    let body = runtime.go(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serves = go(serve(listener));
        let open = Arc::new(Barrier::new(PAIRS));
        let clients: Vec<_> = (0..PAIRS as u64)
            .map(|i| {
                let open = open.clone();
                go(async move {
                    let stream = TcpStream::connect(address).await?;
                    for round in 0..2 {
                        let sent = (i << 1 | round).to_le_bytes();
                        stream.write_all(&sent).await?;
                        let mut got = [0; 8];
                        stream.read_exact(&mut got).await?;
                        assert_eq!(got, sent);
                        // Nobody closes before the second meeting.
                        if open.wait().await.is_leader() && round == 0 {
                            assert!(descriptors() > 2 * PAIRS, "all are open");
                        }
                    }
                    io::Result::Ok(())
                })
            })
            .collect();
        for client in clients {
            client.await.unwrap().unwrap();
        }
        serves.abort();
        assert!(serves.await.is_err());
    });
    runtime.block_on(body).unwrap();
    descriptors_return(before);
}
