//! The program as a whole, with the clients of Redis: a conversation with `redis-cli`, the tests of `redis-benchmark`, and signals.
//!
//! Where these clients are not installed their tests are left out, and say so; with `GAGGLE_REDIS_TOOLS=needed` that is a failure (`cargo xtask cache`).

#![allow(clippy::disallowed_methods, reason = "this is about processes")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

struct Program {
    child: Child,
    port: String,
}

impl Program {
    fn start(options: &[&str]) -> Self {
        Self::begin(Command::new(env!("CARGO_BIN_EXE_gaggle-cache")), options)
    }

    fn begin(mut command: Command, options: &[&str]) -> Self {
        let mut child = command
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().rsplit(':').next().unwrap().to_owned();
        assert!(port.parse::<u16>().is_ok(), "{line}");
        Self { child, port }
    }

    /// Asks it to end, as a service manager does.
    fn end(mut self) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        assert!(self.child.wait().unwrap().success());
    }

    fn cli(&self, input: &str) -> String {
        let mut cli = Command::new("redis-cli")
            .args(["-p", &self.port, "--no-auth-warning"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        cli.stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = cli.wait_with_output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn benchmark(&self, options: &[&str]) {
        let output = Command::new("redis-benchmark")
            .args(["-p", &self.port, "--csv", "-t", "ping,set,get,incr,mset"])
            .args(options)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        println!("redis-benchmark {}\n{text}", options.join(" "));
        assert!(
            output.status.success() && !errors.contains("Error"),
            "{errors}"
        );
        // `ping` is two tests: as a line, and as an array.
        for name in [
            "PING_INLINE",
            "PING_MBULK",
            "SET",
            "GET",
            "INCR",
            "MSET (10 keys)",
        ] {
            let line = text
                .lines()
                .find(|line| line.starts_with(&format!("\"{name}\"")));
            let rate = line.and_then(|line| line.split('"').nth(3)?.parse::<f64>().ok());
            assert!(rate.is_some_and(|rate| rate > 0.0), "{name} in {text}");
        }
    }
}

impl Drop for Program {
    /// A test that has failed leaves no process behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Are the clients there?
fn tools() -> bool {
    let there = |program: &str| {
        Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_ok()
    };
    let all = there("redis-cli") && there("redis-benchmark");
    let needed = std::env::var_os("GAGGLE_REDIS_TOOLS").is_some_and(|value| value == "needed");
    assert!(
        all || !needed,
        "redis-cli and redis-benchmark are needed: apt-get install redis-tools"
    );
    if !all {
        eprintln!("left out: redis-cli and redis-benchmark are not installed");
    }
    all
}

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("gaggle-cache-{}-{name}", std::process::id()))
}

#[test]
fn redis_cli_holds_a_conversation() {
    if !tools() {
        return;
    }
    let program = Program::start(&["--debug"]);
    let said = program.cli(
        "PING\nSET greeting \"hello world\" EX 100\nGET greeting\nTTL greeting\nINCR n\nINCRBY n 41\nMSET a 1 b 2\nMGET a none b\nKEYS [ab]*\nDEL a b\nEXISTS a\nNOSUCH\nINCR greeting\nDEBUG PANIC n\n",
    );
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    // On a machine that stands still some of the time to live may be over.
    let ttl = lines[3].parse::<u64>();
    assert!(ttl.is_ok_and(|ttl| (40..=100).contains(&ttl)), "{said}");
    let wanted = [
        "PONG",
        "OK",
        "hello world",
        lines[3],
        "1",
        "42",
        "OK",
        "1",
        "2",
    ];
    assert_eq!(lines[..9], wanted, "{said}");
    let mut keys = lines[9..11].to_vec();
    keys.sort_unstable();
    assert_eq!(keys, ["a", "b"], "{said}");
    assert_eq!(lines[11..13], ["2", "0"], "{said}");
    assert!(
        lines[13].starts_with("ERR unknown command 'NOSUCH'"),
        "{said}"
    );
    assert!(
        said.contains("ERR value is not an integer or out of range"),
        "{said}"
    );
    assert!(said.contains("ERR shard crashed"), "{said}");
    // The server sees a moment later that the first client has gone.
    let begin = Instant::now();
    loop {
        let info = program.cli("INFO\n");
        let says = |what: &str| info.lines().any(|line| line.trim_end() == what);
        if says("connected_clients:1") && says("shard_restarts:1") {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "{info}");
        // Longer each time, so that it has seen at last that the client which asked has gone, too.
        thread::sleep(begin.elapsed() / 2);
    }
    program.end();
}

#[test]
fn redis_benchmark_runs_its_tests_to_the_end() {
    if !tools() {
        return;
    }
    let program = Program::start(&[]);
    program.benchmark(&["-n", "20000", "-P", "1", "-c", "50"]);
    program.benchmark(&["-n", "100000", "-P", "16", "-c", "50"]);
    program.benchmark(&[
        "-n", "20000", "-P", "16", "-c", "50", "-r", "100000", "-d", "1000",
    ]);
    program.end();
}

#[test]
fn a_signal_ends_it_in_good_order_and_its_keys_outlive_it() {
    if !tools() {
        return;
    }
    let file = path("snapshot");
    let options = ["--snapshot", file.to_str().unwrap()];
    let program = Program::start(&options);
    assert_eq!(program.cli("SET k v\nSET n 1\nINCR n\n"), "OK\nOK\n2\n");
    program.end();
    let program = Program::start(&options);
    assert_eq!(program.cli("GET k\nGET n\nDBSIZE\n"), "v\n2\n2\n");
    program.end();
    std::fs::remove_file(file).unwrap();
}

#[test]
fn without_descriptors_it_takes_no_more_until_there_are_some_again() {
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 40 && exec \"$0\" \"$@\""]);
    limited.arg(env!("CARGO_BIN_EXE_gaggle-cache"));
    let program = Program::begin(limited, &[]);
    let connect = || {
        let stream = TcpStream::connect(format!("127.0.0.1:{}", program.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream
    };
    let ping = |mut stream: &TcpStream| {
        stream.write_all(b"PING\r\n").unwrap();
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"+PONG\r\n");
    };
    // The system takes them all; the program has descriptors for some of them.
    let mut streams: Vec<_> = (0..80).map(|_| connect()).collect();
    ping(&streams[0]);
    let last = streams.split_off(60);
    let mut waits = &last[0];
    waits.write_all(b"PING\r\n").unwrap();
    waits
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    assert!(
        waits.read(&mut [0; 7]).is_err(),
        "it has no descriptor for this one"
    );
    ping(&streams[0]);
    drop(streams);
    last[1..].iter().for_each(ping);
    drop(last);
    program.end();
}

#[test]
fn a_damaged_snapshot_is_an_error_at_the_start_and_stays_as_it_is() {
    let file = path("damaged");
    std::fs::write(&file, "no snapshot at all").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_gaggle-cache"))
        .args(["--listen", "127.0.0.1:0", "--snapshot"])
        .arg(&file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        text.contains("damaged") && text.contains("left as it is"),
        "{text}"
    );
    assert_eq!(read(&file), "no snapshot at all");
    std::fs::remove_file(file).unwrap();
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
