//! What comes from outside of the process beside connections: children, and signals.

use crate::tally::{Did, a_moment, abort_after_a_moment, did, one_in, payload};
use gaggle::go;
use gaggle::process::{Command, Stdio};
use gaggle::signal::{self, Signal};
use gaggle_base::rng::Rng;
use signal_hook::consts::SIGUSR2;
use signal_hook::low_level::raise;
use std::io;
use std::time::{Duration, Instant};

/// A child that gives back what it is sent. It may be aborted in the middle, and is killed then.
pub(crate) async fn children(mut rng: Rng) -> io::Result<()> {
    let len = 1 + rng.below(200_000) as usize;
    let bytes = payload(&mut rng, len);
    let aborts = one_in(&mut rng, 2);
    let talks = go(async move {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (input, output) = (input.expect("it is a pipe"), output.expect("it is a pipe"));
        let sent = bytes.clone();
        let writes = go(async move { input.write_all(&sent).await });
        let mut got = Vec::new();
        output.read_to_end(&mut got).await?;
        writes.await.expect("nobody aborts it")?;
        assert!(got == bytes, "bytes have changed on their way");
        assert!(child.wait().await?.success());
        did(Did::Child);
        io::Result::Ok(())
    });
    if !aborts {
        return talks.await.expect("nobody aborts it");
    }
    if abort_after_a_moment(&mut rng, talks).await {
        did(Did::ChildAborted);
    }
    Ok(())
}

/// Listeners that come and go while signals come. Who listens before one is raised gets one.
pub(crate) async fn signals(mut rng: Rng) -> io::Result<()> {
    for _ in 0..=rng.below(4) {
        let listens = signal::notify(&[Signal::USR2])?;
        a_moment(&mut rng).await;
        raise(SIGUSR2)?;
        assert_eq!(listens.recv().await, Signal::User2);
        did(Did::Signal);
    }
    Ok(())
}

/// Waits until the process has no children. `Err`: it has.
pub(crate) fn no_child_is_left() -> Result<(), String> {
    let start = Instant::now();
    loop {
        let children = children_now();
        if children.is_empty() {
            return Ok(());
        }
        if start.elapsed() > Duration::from_secs(30) {
            return Err(format!("children are left: {children:?}"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The numbers of all children, those included that have ended and of which nobody has seen the end. Nothing on systems that do not tell.
fn children_now() -> Vec<String> {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    let of = |thread: io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(thread.ok()?.path().join("children")).ok()
    };
    let all: String = threads.filter_map(of).collect();
    all.split_whitespace().map(str::to_owned).collect()
}
