//! The command line of `peer`.

use gaggle_benches::catalogue::{self, Peer, Row};

pub(crate) const USAGE: &str = "usage: peer --peer NAME --row NAME [--workers N] [--scale F]";

/// What to run.
pub(crate) struct Job {
    pub(crate) peer: &'static Peer,
    pub(crate) row: &'static Row,
    pub(crate) workers: usize,
    /// The row's count at the scale asked for.
    pub(crate) count: u64,
}

pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Job, String> {
    let (mut peer, mut row, mut workers, mut scale) = (None, None, 1, 1.0);
    while let Some(flag) = args.next() {
        let value = args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        let wrong = || format!("{flag} {value}: not known");
        match flag.as_str() {
            "--peer" => peer = Some(catalogue::peer(&value).ok_or_else(wrong)?),
            "--row" => row = Some(catalogue::row(&value).ok_or_else(wrong)?),
            "--workers" => workers = value.parse().map_err(|_| wrong())?,
            "--scale" => scale = value.parse().map_err(|_| wrong())?,
            _ => return Err(format!("{flag}: not known")),
        }
    }
    let peer = peer.ok_or("--peer is missing")?;
    let row = row.ok_or("--row is missing")?;
    if workers == 0 || scale <= 0.0 {
        return Err("--workers and --scale must be positive".to_owned());
    }
    Ok(Job {
        peer,
        row,
        workers,
        count: row.count_at(scale),
    })
}
