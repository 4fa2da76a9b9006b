//! The parser: every way in which a stream of commands can be cut gives the same commands; what is no command is refused, and never claims memory.

mod common;

use common::{Random, request};
use gaggle_cache::resp::{self, Limits, Parser, ProtocolError};

type Commands = Vec<Vec<Vec<u8>>>;

/// Reads a stream that comes in pieces, as a connection does.
fn read(pieces: &[&[u8]], limits: Limits) -> Result<(Commands, usize), ProtocolError> {
    let mut parser = Parser::new(limits);
    let (mut rest, mut commands) = (Vec::new(), Vec::new());
    for piece in pieces {
        rest.extend_from_slice(piece);
        let mut taken = 0;
        while let Some(found) = parser.next(&rest[taken..])? {
            commands.push(found.rest(0).map(<[u8]>::to_vec).collect());
            taken += found.size();
        }
        rest.drain(..taken);
    }
    Ok((commands, rest.len()))
}

fn stream() -> (Vec<u8>, Commands) {
    let mut bytes = Vec::new();
    let mut commands: Commands = Vec::new();
    let mut add = |words: &[&[u8]], how: &[u8]| {
        bytes.extend_from_slice(how);
        commands.push(words.iter().map(|word| word.to_vec()).collect());
    };
    let set: &[&[u8]] = &[b"SET", b"key", b"a\r\n$3\r\nb"];
    add(set, &request(set));
    add(&[b"PING"], b"PING\r\n");
    add(&[b"GET", b"k"], b"  GET \t k  \n");
    add(
        &[b"GET", b""],
        &[&b"*0\r\n\r\n*-1\r\n"[..], &request(&[b"GET", b""])].concat(),
    );
    let long: Vec<Vec<u8>> = (0..40).map(|n| vec![b'x'; n]).collect();
    let long: Vec<&[u8]> = long.iter().map(Vec::as_slice).collect();
    add(&long, &request(&long));
    (bytes, commands)
}

#[test]
fn every_cut_of_a_stream_in_two_gives_the_same_commands() {
    let (bytes, commands) = stream();
    for at in 0..=bytes.len() {
        let (front, back) = bytes.split_at(at);
        let got = read(&[front, back], Limits::default());
        assert_eq!(got, Ok((commands.clone(), 0)), "cut at {at}");
    }
}

#[test]
fn so_does_a_stream_that_comes_byte_by_byte_or_in_random_pieces() {
    let (bytes, commands) = stream();
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(read(&single, Limits::default()), Ok((commands.clone(), 0)));
    for seed in 0..500 {
        let mut random = Random(seed);
        let (mut pieces, mut rest) = (Vec::new(), &bytes[..]);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(1 + random.below(rest.len().min(60)));
            pieces.push(piece);
            rest = after;
        }
        assert_eq!(
            read(&pieces, Limits::default()),
            Ok((commands.clone(), 0)),
            "seed {seed}"
        );
    }
}

#[test]
fn commands_of_random_bytes_come_back_as_they_were() {
    for seed in 0..300 {
        let mut random = Random(seed);
        let mut commands: Commands = Vec::new();
        for _ in 0..=random.below(5) {
            let word = |random: &mut Random| {
                (0..random.below(40))
                    .map(|_| random.next().to_le_bytes()[0])
                    .collect()
            };
            let words = 1 + random.below(6);
            commands.push((0..words).map(|_| word(&mut random)).collect());
        }
        let bytes: Vec<u8> = commands
            .iter()
            .flat_map(|words| request(&words.iter().map(Vec::as_slice).collect::<Vec<_>>()))
            .collect();
        let at = random.below(bytes.len());
        let got = read(&[&bytes[..at], &bytes[at..]], Limits::default());
        assert_eq!(got, Ok((commands, 0)), "seed {seed}");
    }
}

#[test]
fn what_is_no_command_is_refused_in_the_words_of_redis() {
    let cases: &[(&[u8], &str)] = &[
        (b"*x\r\n", "Protocol error: invalid multibulk length"),
        (b"*65537\r\n", "Protocol error: invalid multibulk length"),
        (b"*+1\r\n", "Protocol error: invalid multibulk length"),
        (
            b"*99999999999999999999\r\n",
            "Protocol error: invalid multibulk length",
        ),
        (b"*1\r\nPING\r\n", "Protocol error: expected '$', got 'P'"),
        (b"*1\r\n$-1\r\n", "Protocol error: invalid bulk length"),
        (b"*1\r\n$x\r\n", "Protocol error: invalid bulk length"),
        (b"*1\r\n$\r\n", "Protocol error: invalid bulk length"),
        (
            b"*1\r\n$16777217\r\n",
            "Protocol error: invalid bulk length",
        ),
        (
            b"*1\r\n$4\r\nPINGxx",
            "Protocol error: argument without its end of line",
        ),
        (
            b"*00000000000000000000000000000000000001\r\n",
            "Protocol error: too big count string",
        ),
    ];
    for (bytes, text) in cases {
        let error = read(&[bytes], Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), *text, "{}", bytes.escape_ascii());
    }
}

#[test]
fn limits_hold_for_lines_requests_and_endless_blank_lines() {
    let limits = Limits {
        arguments: 8,
        bulk: 100,
        request: 300,
        inline: 50,
    };
    let inline = read(&[&[b'x'; 51]], limits);
    assert_eq!(inline, Err(ProtocolError::InlineTooLong));
    assert_eq!(read(&[&[b'x'; 50]], limits), Ok((vec![], 50)));
    let words = read(&[&b"x ".repeat(9), b"\n"], limits);
    assert_eq!(words, Err(ProtocolError::Multibulk));
    let part = request(&[&[b'x'; 100], &[b'x'; 100], &[b'x'; 100]]);
    assert_eq!(read(&[&part], limits), Err(ProtocolError::RequestTooLong));
    let blank = b"\r\n".repeat(200);
    assert_eq!(read(&[&blank], limits), Err(ProtocolError::RequestTooLong));
}

#[test]
fn a_request_that_comes_byte_by_byte_is_read_once() {
    // 60,000 arguments in 600 kB: read anew for each byte, this would take hours.
    let words = vec![&b"abc"[..]; 60_000];
    let bytes = request(&words);
    let mut parser = Parser::new(Limits::default());
    for end in 0..bytes.len() {
        assert!(parser.next(&bytes[..end]).unwrap().is_none());
    }
    assert_eq!(parser.next(&bytes).unwrap().unwrap().len(), 60_000);
}

#[test]
fn numbers_are_as_strict_as_in_redis() {
    let good = [
        ("0", 0),
        ("7", 7),
        ("-1", -1),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ];
    for (text, number) in good {
        assert_eq!(resp::integer_of(text.as_bytes()), Some(number), "{text}");
    }
    for text in [
        "",
        "-",
        "-0",
        "01",
        "+1",
        " 1",
        "1 ",
        "1x",
        "9223372036854775808",
        "-9223372036854775809",
    ] {
        assert_eq!(resp::integer_of(text.as_bytes()), None, "{text}");
    }
}
