//! The command line of `peers`.

use std::path::PathBuf;

use gaggle_benches::catalogue::{self, PEERS, Peer, ROWS, Row};

pub(crate) const USAGE: &str = "\
usage: peers [OPTIONS]

  --rounds N       rounds, of which the median counts [5]
  --rows A,B       only these rows [all]
  --peers A,B      only these peers [all]
  --workers A,B    numbers of worker threads [1,2]
  --scale F        share of every row's count [1.0]
  --quick          one round at a hundredth: whether everything runs, not how fast
  --timeout N      seconds after which a run counts as hung [120]
  --go PATH        a Go toolchain instead of the one that is installed for the purpose
  --json FILE      write every run to a file as well
  --markdown       print the tables as Markdown";

/// What to run, and what to print.
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) rows: Vec<&'static Row>,
    pub(crate) peers: Vec<&'static Peer>,
    pub(crate) workers: Vec<usize>,
    pub(crate) scale: f64,
    pub(crate) timeout: u64,
    pub(crate) go: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) markdown: bool,
}

impl Options {
    /// `None` when only help was asked for.
    pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
        let mut options = Options {
            rounds: 5,
            rows: ROWS.iter().collect(),
            peers: PEERS.iter().collect(),
            workers: vec![1, 2],
            scale: 1.0,
            timeout: 120,
            go: None,
            json: None,
            markdown: false,
        };
        let mut args = args;
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--help" | "-h" => return Ok(None),
                "--quick" => (options.rounds, options.scale) = (1, 0.01),
                "--markdown" => options.markdown = true,
                "--rounds" => options.rounds = number(&flag, &value()?)?,
                "--scale" => options.scale = number(&flag, &value()?)?,
                "--timeout" => options.timeout = number(&flag, &value()?)?,
                "--go" => options.go = Some(value()?.into()),
                "--json" => options.json = Some(value()?.into()),
                "--rows" => options.rows = list(&value()?, catalogue::row)?,
                "--peers" => options.peers = list(&value()?, catalogue::peer)?,
                "--workers" => options.workers = list(&value()?, |n| n.parse().ok())?,
                _ => return Err(format!("{flag}: not known")),
            }
        }
        if options.rounds == 0 || options.scale <= 0.0 || options.workers.contains(&0) {
            return Err("--rounds, --scale and --workers must be positive".to_owned());
        }
        Ok(Some(options))
    }
}

fn number<N: std::str::FromStr>(flag: &str, value: &str) -> Result<N, String> {
    value
        .parse()
        .map_err(|_| format!("{flag} {value}: not a number"))
}

fn list<T>(names: &str, find: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, String> {
    let found = names
        .split(',')
        .map(|name| find(name).ok_or_else(|| format!("{name}: not known")));
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn parse(line: &str) -> Result<Option<Options>, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn lists_are_looked_up() {
        let options = parse("--rows spawn,mutex --peers gaggle,go --workers 2")
            .unwrap()
            .unwrap();
        assert_eq!(options.rows.len(), 2);
        assert_eq!(options.peers.len(), 2);
        assert_eq!(options.workers, [2]);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(
            parse("--rows nothing").err().as_deref(),
            Some("nothing: not known")
        );
        assert_eq!(
            parse("--rounds").err().as_deref(),
            Some("--rounds needs a value")
        );
        assert!(parse("--workers 0").is_err());
        assert!(parse("--help").is_ok_and(|options| options.is_none()));
    }
}
