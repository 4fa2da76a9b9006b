//! The servers of the rows about connections: `peer --serve echo --peer tokio --workers 2 --port 4000`.
//!
//! Each is written as the users of its runtime write it: a task for each connection, which reads into a buffer of its own and writes back what it has read.
//! Small answers are sent at once everywhere. A server runs until it is killed.

mod gaggle;
mod may;
mod smol;
mod tokio;

use std::net::{Ipv4Addr, SocketAddr};

/// As many bytes as an echo reads at once.
const BUFFER: usize = 1_024;
const HELLO: &str = "Hello, World!";
/// A connection that breaks ends alone; a listener that breaks ends the server.
type Serve = fn(usize, SocketAddr) -> std::io::Result<()>;

/// What the arguments after `--serve` ask for.
pub(crate) fn main(mut args: impl Iterator<Item = String>) -> Result<(), String> {
    let what = args.next().ok_or("--serve needs a value")?;
    let (mut peer, mut workers, mut port) = (String::new(), 1, 0);
    while let Some(flag) = args.next() {
        let value = args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        let wrong = |_| format!("{flag} {value}: not a number");
        match flag.as_str() {
            "--peer" => peer = value,
            "--workers" => workers = value.parse().map_err(wrong)?,
            "--port" => port = value.parse().map_err(wrong)?,
            _ => return Err(format!("{flag}: not known")),
        }
    }
    let serve: Serve = match (peer.as_str(), what.as_str()) {
        ("gaggle", "echo") => gaggle::echo,
        ("gaggle", "http") => gaggle::http,
        ("tokio", "echo") => tokio::echo,
        ("tokio", "http") => tokio::http,
        ("smol", "echo") => smol::echo,
        ("smol", "http") => smol::http,
        ("may", "echo") => may::echo,
        _ => return Err(format!("{peer} does not serve {what}")),
    };
    let served = serve(workers, (Ipv4Addr::LOCALHOST, port).into());
    served.map_err(|error| error.to_string())
}
