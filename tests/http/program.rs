//! The HTTP server as a program: a signal ends it, and what has begun is finished.

#![allow(
    clippy::disallowed_methods,
    reason = "a program is started and asked from outside"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

#[test]
fn sigterm_lets_a_request_finish_and_the_program_succeed() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_gaggle-http"))
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.strip_prefix("listening on http://").unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    let head =
        "POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n";
    client.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    client.read_exact(&mut go_on).unwrap();
    let kill = Command::new("kill").arg(program.id().to_string()).status();
    assert!(kill.unwrap().success());
    assert!(lines.next().unwrap().unwrap().starts_with("finishing"));
    client.write_all(b"hello").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"),
        "{answer}"
    );
    drop(client);
    assert!(program.wait().unwrap().success());
    let summary = lines.next().unwrap().unwrap();
    assert!(
        summary.contains("served: 1, refused: 0, cut_off: 0"),
        "{summary}"
    );
}

#[test]
fn arguments_that_are_none_are_named() {
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--port"], 2, "there is no option `--port`"),
        (&["127.0.0.1:0", "more"], 2, "one argument too many: `more`"),
        (&["127.0.0.1"], 1, "127.0.0.1: invalid socket address"),
        (&["127.0.0.1:99999"], 1, "127.0.0.1:99999: invalid port"),
        (&["--help"], 0, "usage: gaggle-http [ADDRESS]"),
    ];
    for (arguments, status, said) in cases {
        let output = Command::new(env!("CARGO_BIN_EXE_gaggle-http"))
            .args(arguments)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(output.status.code(), Some(status), "{text}");
        assert!(text.contains(said), "{text}");
    }
}
