//! The server: channels, limits, those who are slow, those who send nonsense, its end.

mod common;

use common::{Running, request, until};
use gaggle_cache::Config;
use gaggle_cache::resp::Limits;
use std::net::Shutdown;
use std::time::Duration;

fn block(test: impl Future<Output = ()>) {
    gaggle::block_on(async {
        let limited = gaggle::time::timeout(Duration::from_secs(60), test).await;
        limited.expect("a test that ends");
    });
}

#[test]
fn a_message_reaches_all_who_listen_and_nobody_else() {
    block(async {
        let server = Running::start(Config::default()).await;
        let (mut a, mut b, mut sender) = (
            server.connect().await,
            server.connect().await,
            server.connect().await,
        );
        assert_eq!(
            a.call("SUBSCRIBE news").await,
            "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
        );
        assert_eq!(
            b.call("SUBSCRIBE news sport").await,
            "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
        );
        assert_eq!(
            b.answer().await,
            "*3\r\n$9\r\nsubscribe\r\n$5\r\nsport\r\n:2\r\n"
        );
        assert_eq!(sender.call("PUBLISH news one").await, ":2\r\n");
        assert_eq!(sender.call("PUBLISH sport two").await, ":1\r\n");
        assert_eq!(sender.call("PUBLISH none three").await, ":0\r\n");
        let news = "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$3\r\none\r\n";
        assert_eq!(a.answer().await, news);
        assert_eq!(b.answer().await, news);
        assert_eq!(
            b.answer().await,
            "*3\r\n$7\r\nmessage\r\n$5\r\nsport\r\n$3\r\ntwo\r\n"
        );
        assert_eq!(a.call("PING").await, "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
        let refused = a.call("GET k").await;
        assert!(
            refused.starts_with("-ERR Can't execute 'get': only SUBSCRIBE"),
            "{refused}"
        );
        assert_eq!(
            a.call("UNSUBSCRIBE").await,
            "*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:0\r\n"
        );
        assert_eq!(a.call("GET k").await, "$-1\r\n");
        assert_eq!(
            a.call("UNSUBSCRIBE").await,
            "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"
        );
        assert_eq!(sender.call("PUBLISH news four").await, ":1\r\n");
        // Who has gone listens no more.
        drop(b);
        let stats = server.stats.clone();
        until("b is gone", async || stats.clients.get() == 2).await;
        assert_eq!(sender.call("PUBLISH news five").await, ":0\r\n");
        assert_eq!(a.call("QUIT").await, "+OK\r\n");
        assert_eq!(a.try_answer().await, None);
        server.stop().await;
    });
}

#[test]
fn what_was_set_before_a_message_can_be_read_after_it() {
    block(async {
        let server = Running::start(Config::default()).await;
        let (mut listener, mut sender) = (server.connect().await, server.connect().await);
        let mut reader = server.connect().await;
        listener.call("SUBSCRIBE c").await;
        for n in 0..300 {
            // In one pipeline: the message must not pass the key.
            sender
                .send(format!("SET k {n}\r\nPUBLISH c x\r\n").as_bytes())
                .await;
            listener.answer().await;
            let text = n.to_string();
            assert_eq!(
                reader.call("GET k").await,
                format!("${}\r\n{text}\r\n", text.len())
            );
        }
        server.stop().await;
    });
}

#[test]
fn a_subscriber_that_does_not_read_is_disconnected_and_counted() {
    block(async {
        let config = Config {
            subscriber_queue: 16,
            ..Config::default()
        };
        let server = Running::start(config).await;
        let (mut slow, mut quick, mut sender) = (
            server.connect().await,
            server.connect().await,
            server.connect().await,
        );
        slow.call("SUBSCRIBE c").await;
        quick.call("SUBSCRIBE c").await;
        let text = vec![b'x'; 100_000];
        let message = request(&[b"PUBLISH", b"c", &text]);
        let mut reached = String::new();
        for _ in 0..2_000 {
            sender.send(&message).await;
            reached = sender.answer().await;
            quick.answer().await;
            if reached == ":1\r\n" {
                break;
            }
        }
        assert_eq!(
            reached, ":1\r\n",
            "the slow one is out, the other has it all"
        );
        assert_eq!(server.stats.slow.get(), 1);
        let stats = server.stats.clone();
        until("the slow one is gone", async || stats.clients.get() == 2).await;
        assert_eq!(sender.info("slow_subscribers").await, 1);
        server.stop().await;
    });
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody_else() {
    block(async {
        let server = Running::start(Config::default()).await;
        let mut other = server.connect().await;
        let value = "x".repeat(1 << 20);
        other.call(&format!("SET big {value}")).await;
        let slow = server.connect().await;
        let flood = gaggle::go(async move {
            let ask = b"GET big\r\n".repeat(1000);
            // It is not read, so at some time it is not taken either.
            let sent = gaggle::time::timeout(Duration::from_secs(20), async {
                loop {
                    if slow.stream.write_all(&ask).await.is_err() {
                        break;
                    }
                }
            });
            let _ = sent.await;
        });
        for n in 0..2_000 {
            other.call(&format!("SET k{n} x")).await;
        }
        assert_eq!(other.call("DBSIZE").await, ":2001\r\n");
        flood.abort();
        let _ = flood.await;
        let stats = server.stats.clone();
        until("it is gone", async || stats.clients.get() == 1).await;
        server.stop().await;
    });
}

#[test]
fn what_is_malformed_or_too_large_gets_an_error_and_the_end() {
    block(async {
        let config = Config {
            limits: Limits {
                bulk: 1000,
                request: 5000,
                ..Limits::default()
            },
            ..Config::default()
        };
        let server = Running::start(config).await;
        let cases: &[(&[u8], &str)] = &[
            (
                b"*1\r\n+PING\r\n",
                "-ERR Protocol error: expected '$', got '+'\r\n",
            ),
            (
                b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1001\r\n",
                "-ERR Protocol error: invalid bulk length\r\n",
            ),
            (
                b"*2000000000\r\n",
                "-ERR Protocol error: invalid multibulk length\r\n",
            ),
            (
                b"*-99999999999999999999\r\n",
                "-ERR Protocol error: invalid multibulk length\r\n",
            ),
        ];
        for (bytes, error) in cases {
            let mut client = server.connect().await;
            client.send(b"SET before 1\r\n").await;
            // In one go: once it has said what is wrong it does not wait long for more.
            client.send(&[bytes, &[0; 10_000][..]].concat()).await;
            assert_eq!(client.answer().await, "+OK\r\n");
            assert_eq!(client.answer().await, *error);
            assert_eq!(client.try_answer().await, None);
        }
        let mut client = server.connect().await;
        let big = vec![b'x'; 999];
        client
            .send(&request(&[
                b"MSET", b"a", &big, b"b", &big, b"c", &big, b"d", &big,
            ]))
            .await;
        assert_eq!(client.answer().await, "+OK\r\n");
        client
            .send(&request(&[b"DEL", &big, &big, &big, &big, &big]))
            .await;
        assert_eq!(
            client.answer().await,
            "-ERR Protocol error: too big request\r\n"
        );
        assert_eq!(server.stats.malformed.get(), cases.len() as u64 + 1);
        server.stop().await;
    });
}

#[test]
fn one_connection_too_many_is_told_so_and_there_is_room_when_one_goes() {
    block(async {
        let config = Config {
            max_clients: 3,
            ..Config::default()
        };
        let server = Running::start(config).await;
        let mut some = Vec::new();
        for _ in 0..3 {
            let mut client = server.connect().await;
            client.call("PING").await;
            some.push(client);
        }
        let mut refused = server.connect().await;
        assert_eq!(
            refused.answer().await,
            "-ERR max number of clients reached\r\n"
        );
        assert_eq!(refused.try_answer().await, None);
        some.pop();
        let stats = server.stats.clone();
        until("there is room", async || stats.clients.get() == 2).await;
        let mut client = server.connect().await;
        assert_eq!(client.call("PING").await, "+PONG\r\n");
        assert_eq!(client.info("rejected_connections").await, 1);
        server.stop().await;
    });
}

#[test]
fn who_says_nothing_is_closed_and_who_listens_is_not() {
    block(async {
        let config = Config {
            // Much longer than it takes to say something.
            idle: Some(Duration::from_secs(2)),
            ..Config::default()
        };
        let server = Running::start(config).await;
        let (mut idle, mut listener) = (server.connect().await, server.connect().await);
        listener.call("SUBSCRIBE c").await;
        assert_eq!(idle.call("PING").await, "+PONG\r\n");
        assert_eq!(idle.try_answer().await, None);
        let mut sender = server.connect().await;
        assert_eq!(sender.call("PUBLISH c x").await, ":1\r\n");
        assert_eq!(
            listener.answer().await,
            "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n"
        );
        assert_eq!(server.stats.idle.get(), 1);
        server.stop().await;
    });
}

#[test]
fn a_shard_that_panics_comes_back_while_the_others_serve_under_load() {
    block(async {
        let config = Config {
            debug: true,
            crashes: (1000, Duration::from_secs(1)),
            ..Config::default()
        };
        let server = Running::start(config).await;
        let mut clients = Vec::new();
        for n in 0..8 {
            let mut client = server.connect().await;
            clients.push(gaggle::go(async move {
                let (mut good, mut bad) = (0, 0);
                for round in 0..300 {
                    let answer = client.call(&format!("SET k{n}:{round} x")).await;
                    match answer.as_str() {
                        "+OK\r\n" => good += 1,
                        other
                            if other.starts_with("-TRYAGAIN")
                                || other.starts_with("-ERR shard crashed") =>
                        {
                            bad += 1;
                        }
                        other => panic!("{other}"),
                    }
                }
                (good, bad)
            }));
        }
        let mut admin = server.connect().await;
        for n in 0..20 {
            let answer = admin.call(&format!("DEBUG PANIC k{n}")).await;
            assert!(
                answer.starts_with("-ERR shard crashed") || answer.starts_with("-TRYAGAIN"),
                "{answer}"
            );
        }
        let mut good = 0;
        for client in clients {
            good += client.await.unwrap().0;
        }
        assert!(good > 0);
        until("all shards are up", async || {
            let mut probe = server.connect().await;
            let mut up = true;
            for n in 0..50 {
                up &= probe.call(&format!("SET after{n} x")).await == "+OK\r\n";
            }
            up
        })
        .await;
        assert!(admin.info("shard_restarts").await >= 1);
        server.stop().await;
    });
}

#[test]
fn a_server_that_is_told_to_stop_finishes_what_it_is_at() {
    block(async {
        let config = Config {
            debug: true,
            ..Config::default()
        };
        let server = Running::start(config).await;
        let (mut busy, idle) = (server.connect().await, server.connect().await);
        let mut listener = server.connect().await;
        listener.call("SUBSCRIBE c").await;
        busy.call("PING").await;
        // From here on it is in the socket of the server, which reads it before the end.
        busy.send(b"DEBUG STALL k 300\r\n").await;
        let stopped = gaggle::go(server.stop());
        assert_eq!(busy.answer().await, "+OK\r\n");
        assert_eq!(busy.try_answer().await, None);
        assert_eq!(listener.try_answer().await, None);
        stopped.await.unwrap();
        drop(idle);
    });
}

#[test]
fn a_client_that_takes_no_answers_is_cut_off_after_the_grace() {
    block(async {
        let config = Config {
            grace: Duration::from_millis(100),
            ..Config::default()
        };
        let server = Running::start(config).await;
        let mut client = server.connect().await;
        client
            .call(&format!("SET big {}", "x".repeat(1 << 20)))
            .await;
        client.send(&b"GET big\r\n".repeat(50)).await;
        server.stop().await;
    });
}

#[test]
fn connections_in_storms_leave_nothing_behind() {
    block(async {
        let server = Running::start(Config::default()).await;
        for _ in 0..20 {
            let mut group = Vec::new();
            for n in 0..25 {
                let mut client = server.connect().await;
                group.push(gaggle::go(async move {
                    match n % 4 {
                        0 => drop(client),
                        1 => client.send(b"*3\r\n$3\r\nSET\r\n$1\r\n").await,
                        2 => {
                            client.send(b"SUBSCRIBE c\r\n").await;
                            let _ = client.stream.shutdown(Shutdown::Both);
                        }
                        _ => drop(client.call("GET k").await),
                    }
                }));
            }
            for one in group {
                one.await.unwrap();
            }
        }
        let stats = server.stats.clone();
        // Those that went at once may have gone before they were taken.
        let (taken, left) = (|| stats.accepted.get(), || stats.clients.get());
        until("all are gone", async || taken() >= 500 && left() == 0).await;
        assert_eq!(taken(), 500);
        let mut client = server.connect().await;
        assert_eq!(client.call("PUBLISH c x").await, ":0\r\n");
        server.stop().await;
    });
}
