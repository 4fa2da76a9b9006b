//! Too many at once: bursts of connections, and times in which no descriptor is left.

use crate::clients::ask;
use crate::tally::{Did, did, did_many, payload};
use gaggle::go;
use gaggle::net::TcpStream;
use gaggle::sync::Barrier;
use gaggle::time::{Instant, sleep, timeout};
use gaggle_base::rng::Rng;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Opens `many` connections, asks over each, and closes none before all are open.
pub(crate) async fn burst(address: SocketAddr, many: usize, mut rng: Rng) -> io::Result<()> {
    let all_are_open = Arc::new(Barrier::new(many));
    let clients: Vec<_> = (0..many)
        .map(|_| {
            let (all, bytes) = (all_are_open.clone(), payload(&mut rng, 20));
            go(async move {
                let stream = TcpStream::connect(address).await;
                let asked = match &stream {
                    Ok(stream) => ask(stream, &bytes).await,
                    Err(_) => Ok(()),
                };
                all.wait().await;
                asked?;
                ask(&stream?, &bytes).await
            })
        })
        .collect();
    for client in clients {
        client.await.expect("nobody aborts it")?;
    }
    did_many(Did::Burst, many as u64);
    Ok(())
}

/// How much the process has computed.
pub(crate) fn computed() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// The descriptors that are left, taken, and the limit lowered so that there are few of them.
struct Famine {
    before: Rlimit,
    /// Taken only to be held.
    fillers: Vec<File>,
}

impl Famine {
    fn begin() -> io::Result<Self> {
        let before = getrlimit(Resource::Nofile);
        let highest = std::fs::read_dir("/proc/self/fd")?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u64>().ok())
            .max();
        let mut lower = before;
        lower.current = Some(highest.unwrap_or(0) + 8);
        setrlimit(Resource::Nofile, lower)?;
        let mut fillers = Vec::new();
        loop {
            match File::open("/dev/null") {
                Ok(file) => fillers.push(file),
                Err(error) if is_out_of_descriptors(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Self { before, fillers })
    }
}

impl Drop for Famine {
    fn drop(&mut self) {
        self.fillers.clear();
        let raised = setrlimit(Resource::Nofile, self.before);
        assert!(raised.is_ok(), "the limit cannot be raised again");
    }
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::MFILE)
}

/// Clients that have their sockets connect while the server has no descriptor for them. It waits, without spinning, and serves them when there are descriptors again.
pub(crate) async fn famine(address: SocketAddr, mut rng: Rng) -> io::Result<()> {
    let sockets: Vec<_> = (0..=rng.below(12))
        .map(|_| unconnected())
        .collect::<io::Result<_>>()?;
    let famine = Famine::begin()?;
    let streams: Vec<_> = sockets
        .into_iter()
        .map(|socket| {
            // Over loopback the system completes it at once, in the listener's queue.
            rustix::net::connect(&socket, &address)?;
            TcpStream::from_std(socket.into())
        })
        .collect::<io::Result<_>>()?;
    let length = Duration::from_millis(40 + u64::from(rng.below(120)));
    let (computed_before, begin) = (computed(), Instant::now());
    let refused = TcpStream::connect(address).await;
    assert!(
        refused.as_ref().is_err_and(is_out_of_descriptors),
        "there was a descriptor: {refused:?}"
    );
    did(Did::Refused);
    sleep(length).await;
    let (lasted, cost) = (begin.elapsed(), computed().saturating_sub(computed_before));
    // A look in 20 ms costs some microseconds; whoever spins computes all the time.
    assert!(
        cost < lasted / 3 + Duration::from_millis(15),
        "{cost:?} were computed in {lasted:?} without descriptors"
    );
    drop(famine);
    for stream in streams {
        let bytes = payload(&mut rng, 20);
        let served = timeout(Duration::from_secs(30), ask(&stream, &bytes)).await;
        served.expect("the server has not recovered")?;
        did(Did::Starved);
    }
    Ok(())
}

/// A socket that is to be connected later.
fn unconnected() -> io::Result<std::os::fd::OwnedFd> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
    Ok(socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?)
}
