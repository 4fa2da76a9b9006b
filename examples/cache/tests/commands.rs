//! Each command, over a plain socket, with the answers and the errors of Redis.

mod common;

use common::{Client, Running, is_left_of};
use gaggle_cache::Config;
use std::time::Instant;

/// Runs commands against a server; each line is a command, ` => `, and its answer. What is left of a key's time may be less if the machine has taken some.
fn conversation(lines: &str) {
    gaggle::block_on(async {
        let begin = Instant::now();
        let server = Running::start(Config::default()).await;
        let mut client = server.connect().await;
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (command, wanted) = line.split_once(" => ").unwrap();
            let answer = client.call(command).await;
            let seconds = wanted.trim_matches([':', '|']).parse();
            match (command.split_once("TTL "), seconds) {
                (Some(("", _)), Ok(seconds)) => {
                    assert!(is_left_of(seconds, begin, &answer), "{command}: {answer}");
                }
                _ => assert_eq!(answer.replace("\r\n", "|"), wanted, "{command}"),
            }
        }
        drop(client);
        server.stop().await;
    });
}

#[test]
fn strings_are_set_read_and_deleted() {
    conversation(
        "
        PING => +PONG|
        ping hello => $5|hello|
        ECHO hi => $2|hi|
        GET a => $-1|
        SET a 1 => +OK|
        get a => $1|1|
        SET a 2 NX => $-1|
        SET b 2 XX => $-1|
        SET b 3 NX => +OK|
        SET a 4 XX GET => $1|1|
        SET new 4 GET => $-1|
        SET new 5 NX GET => $1|4|
        SETNX a 1 => :0|
        SETNX c 1 => :1|
        STRLEN a => :1|
        STRLEN none => :0|
        TYPE a => +string|
        TYPE none => +none|
        EXISTS a b none a => :3|
        DEL a b none => :2|
        DEL a => :0|
        GETDEL c => $1|1|
        GETDEL c => $-1|
        ",
    );
}

#[test]
fn many_keys_at_once_lie_on_any_shards() {
    conversation(
        "
        MSET a 1 b 2 c 3 d 4 e 5 f 6 => +OK|
        MGET a b none c f => *5|$1|1|$1|2|$-1|$1|3|$1|6|
        MGET a => *1|$1|1|
        DBSIZE => :6|
        MSET a 1 b => -ERR wrong number of arguments for 'mset' command|
        KEYS [a] => *1|$1|a|
        KEYS x* => *0|
        FLUSHALL => +OK|
        DBSIZE => :0|
        FLUSHALL NOW => -ERR syntax error|
        ",
    );
}

#[test]
fn numbers_are_counted_and_their_limits_are_kept() {
    conversation(
        "
        INCR n => :1|
        INCRBY n 41 => :42|
        DECR n => :41|
        DECRBY n -1 => :42|
        GET n => $2|42|
        SET n 9223372036854775807 => +OK|
        INCR n => -ERR increment or decrement would overflow|
        GET n => $19|9223372036854775807|
        DECRBY n -9223372036854775808 => -ERR decrement would overflow|
        INCRBY n x => -ERR value is not an integer or out of range|
        SET s abc => +OK|
        INCR s => -ERR value is not an integer or out of range|
        ",
    );
}

#[test]
fn times_to_live_are_set_told_and_taken_back() {
    conversation(
        "
        SET a 1 EX 100 => +OK|
        TTL a => :100|
        SET a 2 KEEPTTL => +OK|
        TTL a => :100|
        SET a 3 => +OK|
        TTL a => :-1|
        PTTL a => :-1|
        TTL none => :-2|
        EXPIRE a 1000 => :1|
        TTL a => :1000|
        PEXPIRE a 500000 => :1|
        TTL a => :500|
        PERSIST a => :1|
        PERSIST a => :0|
        PERSIST none => :0|
        EXPIRE none 10 => :0|
        EXPIRE a -1 => :1|
        EXISTS a => :0|
        SETEX b 10 x => +OK|
        TTL b => :10|
        PSETEX b 20000 x => +OK|
        TTL b => :20|
        SET a 1 EX 0 => -ERR invalid expire time in 'set' command|
        SET a 1 PX 10000 NX EX 9 => -ERR syntax error|
        SET a 1 EX 0 FOO => -ERR syntax error|
        SET never 1 XX XX EX 0 EX 9 => $-1|
        SETEX a 0 1 => -ERR invalid expire time in 'setex' command|
        PSETEX a -1 1 => -ERR invalid expire time in 'psetex' command|
        PEXPIRE b 9223372036854775807 => -ERR invalid expire time in 'pexpire' command|
        EXPIRE b -9223372036854775808 => -ERR invalid expire time in 'expire' command|
        SET a 1 EX -5 => -ERR invalid expire time in 'set' command|
        SET a 1 PX 9223372036854775807 => -ERR invalid expire time in 'set' command|
        SET a 1 EX x => -ERR value is not an integer or out of range|
        EXPIRE b 9223372036854775807 => -ERR invalid expire time in 'expire' command|
        SET a 1 EX => -ERR syntax error|
        SET a 1 EX 1 PX 1 => -ERR syntax error|
        SET a 1 NX XX => -ERR syntax error|
        ",
    );
}

#[test]
fn what_clients_ask_at_their_start_has_an_answer() {
    conversation(
        "
        SELECT 0 => +OK|
        SELECT 1 => -ERR DB index is out of range|
        SELECT x => -ERR value is not an integer or out of range|
        COMMAND DOCS => *0|
        CONFIG GET save => *2|$4|save|$0||
        CONFIG GET appendonly => *2|$10|appendonly|$2|no|
        CONFIG GET nothing => *0|
        CLIENT SETNAME me => +OK|
        ",
    );
}

#[test]
fn errors_are_in_the_words_of_redis() {
    conversation(
        "
        FOO bar baz => -ERR unknown command 'FOO', with args beginning with: 'bar' 'baz' |
        AVERYLONGNAMEOFACOMMAND => -ERR unknown command 'AVERYLONGNAMEOFACOMMAND', with args beginning with: |
        GET => -ERR wrong number of arguments for 'get' command|
        Get a b => -ERR wrong number of arguments for 'get' command|
        MGET => -ERR wrong number of arguments for 'mget' command|
        SET a => -ERR wrong number of arguments for 'set' command|
        SCAN x => -ERR invalid cursor|
        SCAN 0 COUNT 0 => -ERR syntax error|
        SCAN 0 COUNT -1 => -ERR syntax error|
        SCAN 0 COUNT x => -ERR value is not an integer or out of range|
        SCAN 0 COUNT => -ERR syntax error|
        DEBUG PANIC a => -ERR unknown command 'DEBUG', with args beginning with: 'PANIC' 'a' |
        ",
    );
}

/// All keys by `SCAN`, and how many calls that took.
async fn scanned(client: &mut Client, options: &str) -> (Vec<String>, usize) {
    let (mut keys, mut cursor, mut calls) = (Vec::new(), "0".to_owned(), 0);
    loop {
        let answer = client.call(&format!("SCAN {cursor}{options}")).await;
        let lines: Vec<&str> = answer.lines().collect();
        assert_eq!(lines[0], "*2");
        lines[2].clone_into(&mut cursor);
        keys.extend(
            lines[4..]
                .iter()
                .skip(1)
                .step_by(2)
                .map(ToString::to_string),
        );
        calls += 1;
        if cursor == "0" {
            keys.sort();
            return (keys, calls);
        }
    }
}

#[test]
fn a_scan_meets_every_key_once_though_others_come_and_go() {
    gaggle::block_on(async {
        let server = Running::start(Config::default()).await;
        let mut client = server.connect().await;
        let mut wanted: Vec<String> = (0..500).map(|n| format!("stay:{n}")).collect();
        wanted.sort();
        for key in &wanted {
            client.call(&format!("SET {key} x")).await;
        }
        let (all, calls) = scanned(&mut client, " COUNT 20").await;
        assert_eq!(all, wanted);
        assert!(calls >= 25, "{calls}");
        let mut other = server.connect().await;
        let busy = gaggle::go(async move {
            for n in 0..1000 {
                other.call(&format!("SET go:{n} x")).await;
                other.call(&format!("DEL go:{}", n / 2)).await;
            }
        });
        let (some, _) = scanned(&mut client, " MATCH stay:* COUNT 7").await;
        assert_eq!(some, wanted);
        busy.await.unwrap();
        drop(client);
        server.stop().await;
    });
}

#[test]
fn pipelined_commands_are_answered_in_order_across_shards() {
    gaggle::block_on(async {
        let server = Running::start(Config::default()).await;
        let mut bytes = Vec::new();
        for n in 0..2000 {
            let text = n.to_string();
            let words: [&[u8]; 3] = [b"SET", text.as_bytes(), text.as_bytes()];
            bytes.extend(common::request(&words));
            bytes.extend(common::request(&[b"GET", text.as_bytes()]));
            bytes.extend_from_slice(b"PING\r\nNOSUCH\r\n");
            bytes.extend(common::request(&[b"EXISTS", text.as_bytes(), b"none"]));
            bytes.extend_from_slice(b"PUBLISH nobody x\r\n");
        }
        // It is written in one go, while answers are read: neither end may wait for the other.
        let (read, write) = server.connect().await.stream.into_split();
        let sent = gaggle::go(async move {
            write.write_all(&bytes).await.unwrap();
            write
        });
        let mut all = Vec::new();
        let mut chunk = vec![0; 4096];
        for n in 0..2000 {
            let text = n.to_string();
            let wanted = format!(
                "+OK\r\n${}\r\n{text}\r\n+PONG\r\n-ERR unknown command 'NOSUCH', with args beginning with: \r\n:1\r\n:0\r\n",
                text.len()
            );
            while all.len() < wanted.len() {
                let n = read.read(&mut chunk).await.unwrap();
                assert!(n > 0);
                all.extend_from_slice(&chunk[..n]);
            }
            let answer: Vec<u8> = all.drain(..wanted.len()).collect();
            assert_eq!(String::from_utf8_lossy(&answer), wanted);
        }
        drop(sent.await.unwrap());
        server.stop().await;
    });
}

#[test]
fn a_command_is_counted_once_however_many_keys_it_has() {
    gaggle::block_on(async {
        let server = Running::start(Config::default()).await;
        let mut client = server.connect().await;
        client.call("PING").await;
        client.call("MSET a 1 b 2 c 3").await;
        client.call("MGET a b c none").await;
        client.call("NOSUCH").await;
        // This one is the fifth.
        assert_eq!(client.info("total_commands_processed").await, 5);
        assert_eq!(client.info("key_operations").await, 7);
        assert_eq!(client.info("keyspace_hits").await, 3);
        drop(client);
        server.stop().await;
    });
}
