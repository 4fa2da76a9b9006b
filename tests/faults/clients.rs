//! Clients that keep to the rules, quick or slow: they must get every byte back.

use crate::server::{BLOCK, LONGEST, line};
use crate::tally::{Did, a_moment, did, fork, one_in, payload};
use gaggle::go;
use gaggle::net::{TcpStream, UnixStream};
use gaggle::time::sleep;
use gaggle_base::rng::Rng;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    did(Did::Connected);
    Ok(stream)
}

/// A length that is small mostly.
fn length(rng: &mut Rng) -> usize {
    match rng.below(12) {
        0 => rng.below(60_000) as usize,
        1 | 2 => rng.below(5_000) as usize,
        _ => rng.below(100) as usize,
    }
}

/// Requests, one after the other.
pub(crate) async fn ordinary(address: SocketAddr, mut rng: Rng) -> io::Result<()> {
    let stream = connect(address).await?;
    for _ in 0..=rng.below(30) {
        let len = length(&mut rng);
        let mut bytes = payload(&mut rng, len);
        if bytes.len() > BLOCK.len() && one_in(&mut rng, 100) {
            bytes[..BLOCK.len()].copy_from_slice(BLOCK);
        }
        ask(&stream, &bytes).await?;
        if one_in(&mut rng, 6) {
            a_moment(&mut rng).await;
        }
    }
    Ok(())
}

/// One request. It may be refused; wrong bytes are nobody's fault but ours.
pub(crate) async fn ask(stream: &TcpStream, payload: &[u8]) -> io::Result<()> {
    let line = line(payload);
    stream.write_all(&line).await?;
    let mut got = vec![0; line.len()];
    stream.read_exact(&mut got).await?;
    was_answered(&got, &line)?;
    did(Did::Answered);
    Ok(())
}

fn was_answered(got: &[u8], line: &[u8]) -> io::Result<()> {
    if got[0] == b'-' {
        return Err(io::Error::other("the server has refused"));
    }
    assert!(got == line, "another answer than was asked for");
    Ok(())
}

/// Writes many requests without waiting, ends its direction, and reads until the end in another goroutine.
pub(crate) async fn pipelined(address: SocketAddr, mut rng: Rng) -> io::Result<()> {
    let (read, write) = connect(address).await?.into_split();
    let slow = one_in(&mut rng, 3);
    let mut own = fork(&mut rng);
    let reads = go(async move {
        let (mut all, mut chunk) = (Vec::new(), vec![0; 4 << 10]);
        loop {
            match read.read(&mut chunk).await? {
                0 => return io::Result::Ok(all),
                n => all.extend_from_slice(&chunk[..n]),
            }
            if slow {
                a_moment(&mut own).await;
            }
        }
    });
    let mut sent = Vec::new();
    for _ in 0..=rng.below(60) {
        let len = length(&mut rng);
        let line = line(&payload(&mut rng, len));
        write.write_all(&line).await?;
        sent.extend(line);
    }
    // One way or the other.
    if one_in(&mut rng, 2) {
        drop(write);
    } else {
        write.finish()?;
    }
    did(Did::HalfClosed);
    let got = reads.await.expect("nobody aborts it")?;
    assert!(
        got == sent,
        "{} bytes of {} came back",
        got.len(),
        sent.len()
    );
    did(Did::Answered);
    Ok(())
}

/// Asks for much and takes it late: the server's write has to wait meanwhile.
pub(crate) async fn slow_reader(address: SocketAddr, mut rng: Rng) -> io::Result<()> {
    let stream = connect(address).await?;
    let request = line(&payload(&mut rng, LONGEST - 100));
    let times = 16 + rng.below(24) as usize;
    let (read, write) = stream.into_split();
    let sent = request.clone();
    let writes = go(async move {
        for _ in 0..times {
            write.write_all(&sent).await?;
        }
        io::Result::Ok(())
    });
    sleep(Duration::from_millis(u64::from(rng.below(60)))).await;
    let mut got = vec![0; request.len()];
    for _ in 0..times {
        read.read_exact(&mut got).await?;
        assert!(got == request, "bytes have changed on their way");
        if one_in(&mut rng, 8) {
            sleep(Duration::from_millis(1)).await;
        }
    }
    writes.await.expect("nobody aborts it")?;
    assert_eq!(read.read(&mut got).await?, 0);
    did(Did::SlowRead);
    Ok(())
}

/// Writes a request byte by byte.
pub(crate) async fn slow_writer(address: SocketAddr, mut rng: Rng) -> io::Result<()> {
    let stream = connect(address).await?;
    stream.set_nodelay(true)?;
    let request = line(&payload(&mut rng, 24));
    for byte in request.clone() {
        stream.write_all(&[byte]).await?;
        sleep(Duration::from_micros(u64::from(rng.below(1_500)))).await;
    }
    let mut got = vec![0; request.len()];
    stream.read_exact(&mut got).await?;
    assert!(got == request);
    did(Did::SlowWritten);
    Ok(())
}

/// A request whose writer ends its direction in the middle of one more: the answers to those before it come.
pub(crate) async fn half_a_request(address: SocketAddr, mut rng: Rng) -> io::Result<()> {
    let stream = connect(address).await?;
    let whole = line(&payload(&mut rng, 50));
    stream.write_all(&whole).await?;
    stream.write_all(&whole[..20]).await?;
    stream.shutdown(Shutdown::Write)?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await?;
    assert!(all == whole, "the answer to the whole request, and no more");
    did(Did::HalfClosed);
    Ok(())
}

/// Requests over a Unix socket.
pub(crate) async fn unix(path: PathBuf, mut rng: Rng) -> io::Result<()> {
    let stream = UnixStream::connect(path).await?;
    for _ in 0..=rng.below(20) {
        let len = length(&mut rng);
        let line = line(&payload(&mut rng, len));
        stream.write_all(&line).await?;
        let mut got = vec![0; line.len()];
        stream.read_exact(&mut got).await?;
        was_answered(&got, &line)?;
    }
    did(Did::Unix);
    Ok(())
}
