//! The shards without sockets, under many schedules and in virtual time: expiry, eviction, crashes, load that is shed.

use gaggle::sim;
use gaggle_cache::{Config, Local, Shards};
use std::time::Duration;

fn small() -> Config {
    Config {
        shards: 2,
        ..Config::default()
    }
}

/// A key of that shard.
fn key_of(shards: &Shards, shard: usize, number: usize) -> String {
    let keys = (0..).map(|n| format!("key:{number}:{n}"));
    keys.into_iter()
        .find(|key| shards.shard_of(key.as_bytes()) == shard)
        .unwrap()
}

async fn call(local: &mut Local, line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    String::from_utf8(local.call(&words).await).unwrap()
}

#[gaggle::test(schedules = 100)]
async fn a_key_ends_when_it_is_due_and_not_before() {
    let shards = Shards::start(small()).await.unwrap();
    let mut local = Local::new(&shards);
    for (key, millis) in [("a", 50), ("b", 20), ("c", 80)] {
        assert_eq!(
            call(&mut local, &format!("SET {key} 1 PX {millis}")).await,
            "+OK\r\n"
        );
    }
    let keys = || shards.stats(0).keys.get() + shards.stats(1).keys.get();
    let mut left = Vec::new();
    for _ in 0..9 {
        sim::advance(Duration::from_millis(10)).await;
        left.push(keys());
    }
    // Nobody has asked for them: the timers were enough.
    assert_eq!(left, [3, 2, 2, 2, 1, 1, 1, 0, 0]);
    assert_eq!(
        shards.stats(0).expired.get() + shards.stats(1).expired.get(),
        3
    );
    shards.stop().await.unwrap();
}

#[gaggle::test(schedules = 100)]
async fn a_key_whose_time_was_changed_ends_at_its_new_time() {
    let shards = Shards::start(small()).await.unwrap();
    let mut local = Local::new(&shards);
    call(&mut local, "SET longer 1 PX 10").await;
    call(&mut local, "PEXPIRE longer 100").await;
    call(&mut local, "SET kept 1 PX 10").await;
    call(&mut local, "PERSIST kept").await;
    call(&mut local, "SET shorter 1 PX 100").await;
    call(&mut local, "PEXPIRE shorter 10").await;
    sim::advance(Duration::from_millis(50)).await;
    assert_eq!(
        call(&mut local, "MGET longer kept shorter").await,
        "*3\r\n$1\r\n1\r\n$1\r\n1\r\n$-1\r\n"
    );
    assert_eq!(call(&mut local, "PTTL longer").await, ":50\r\n");
    sim::advance(Duration::from_millis(50)).await;
    assert_eq!(call(&mut local, "KEYS *").await, "*1\r\n$4\r\nkept\r\n");
    shards.stop().await.unwrap();
}

#[gaggle::test(schedules = 20)]
async fn many_keys_that_end_at_once_end_without_holding_up_others() {
    let shards = Shards::start(Config {
        shards: 1,
        ..Config::default()
    })
    .await
    .unwrap();
    let mut local = Local::new(&shards);
    for n in 0..1000 {
        call(&mut local, &format!("SET k{n} 1 PX 10")).await;
    }
    call(&mut local, "SET stays 1").await;
    sim::advance(Duration::from_millis(10)).await;
    assert_eq!(call(&mut local, "GET stays").await, "$1\r\n1\r\n");
    sim::advance(Duration::from_millis(10)).await;
    assert_eq!(shards.stats(0).keys.get(), 1);
    assert_eq!(shards.stats(0).expired.get(), 1000);
    shards.stop().await.unwrap();
}

#[gaggle::test(schedules = 50)]
async fn what_was_not_used_for_longest_goes_first() {
    let config = Config {
        shards: 1,
        max_memory: 2000,
        ..Config::default()
    };
    let shards = Shards::start(config).await.unwrap();
    let mut local = Local::new(&shards);
    let mut fits = 0;
    while shards.stats(0).evicted.get() == 0 {
        call(&mut local, &format!("SET k{fits:03} 12345")).await;
        assert!(shards.stats(0).used.get() <= 2000);
        fits += 1;
    }
    // The first one has gone. The second is used, so the third is the next to go.
    assert_eq!(call(&mut local, "EXISTS k000 k001 k002").await, ":2\r\n");
    call(&mut local, "GET k002").await;
    call(&mut local, "GET k001").await;
    call(&mut local, "SET k999 12345").await;
    assert_eq!(call(&mut local, "GET k003").await, "$-1\r\n");
    assert_eq!(call(&mut local, "EXISTS k001 k002").await, ":2\r\n");
    let big = "x".repeat(3000);
    let refused = call(&mut local, &format!("SET big {big}")).await;
    assert_eq!(
        refused,
        "-OOM command not allowed when used memory > 'maxmemory'\r\n"
    );
    assert_eq!(call(&mut local, &format!("SET k001 {big}")).await, refused);
    assert_eq!(call(&mut local, "GET k001").await, "$5\r\n12345\r\n");
    shards.stop().await.unwrap();
}

#[gaggle::test(schedules = 200)]
async fn a_shard_that_is_killed_comes_back_empty_while_the_other_serves() {
    let shards = Shards::start(small()).await.unwrap();
    let (lost, kept) = (key_of(&shards, 0, 1), key_of(&shards, 1, 1));
    let mut local = Local::new(&shards);
    for key in [&lost, &kept] {
        assert_eq!(call(&mut local, &format!("SET {key} 1")).await, "+OK\r\n");
    }
    let mut other = Local::new(&shards);
    let asked = kept.clone();
    let busy = gaggle::go(async move {
        for _ in 0..5 {
            assert_eq!(
                call(&mut other, &format!("GET {asked}")).await,
                "$1\r\n1\r\n"
            );
        }
        other
    });
    assert!(shards.kill(0));
    // Every answer until it is back is an error, or from before.
    loop {
        let answer = call(&mut local, &format!("GET {lost}")).await;
        match answer.as_str() {
            "$-1\r\n" => break,
            "$1\r\n1\r\n" => {}
            other => assert!(
                other.starts_with("-TRYAGAIN") || other.starts_with("-ERR shard crashed"),
                "{other}"
            ),
        }
        gaggle::yield_now().await;
    }
    drop(busy.await.unwrap());
    assert_eq!(
        call(&mut local, &format!("GET {kept}")).await,
        "$1\r\n1\r\n"
    );
    assert_eq!(
        (shards.stats(0).starts.get(), shards.stats(1).starts.get()),
        (2, 1)
    );
    shards.stop().await.unwrap();
}

#[gaggle::test(schedules = 100)]
async fn what_a_crash_interrupts_is_answered_with_an_error_once() {
    let config = Config {
        debug: true,
        ..small()
    };
    let shards = Shards::start(config).await.unwrap();
    let mut local = Local::new(&shards);
    let (bad, good) = (key_of(&shards, 0, 1), key_of(&shards, 1, 1));
    let lines =
        format!("SET {bad} 1\r\nSET {good} 2\r\nDEBUG PANIC {bad}\r\nGET {bad}\r\nGET {good}\r\n");
    let answers = String::from_utf8(local.raw(lines.as_bytes()).await).unwrap();
    let crashed = "-ERR shard crashed, the command may or may not have been carried out\r\n";
    assert_eq!(
        answers,
        format!("+OK\r\n+OK\r\n{crashed}{crashed}$1\r\n2\r\n")
    );
    shards.up(0).await;
    assert_eq!(call(&mut local, &format!("GET {bad}")).await, "$-1\r\n");
    assert_eq!(shards.stats(0).failed.get(), 2);
    shards.stop().await.unwrap();
}

#[gaggle::test(schedules = 100)]
async fn a_shard_that_has_too_much_to_do_sheds_with_an_error_and_counts() {
    let config = Config {
        queue: 2,
        debug: true,
        ..small()
    };
    let shards = Shards::start(config).await.unwrap();
    let (slow, quick) = (key_of(&shards, 0, 1), key_of(&shards, 1, 1));
    let mut clients = Vec::new();
    for n in 0..6 {
        let mut local = Local::new(&shards);
        let line = match n {
            0 => format!("DEBUG STALL {slow} 1000"),
            _ => format!("SET {slow} {n}"),
        };
        clients.push(gaggle::go(async move {
            let answer = call(&mut local, &line).await;
            (local, answer)
        }));
        sim::settle().await;
    }
    let mut local = Local::new(&shards);
    assert_eq!(call(&mut local, &format!("SET {quick} 1")).await, "+OK\r\n");
    let mut answers = Vec::new();
    for client in clients {
        answers.push(client.await.unwrap().1);
    }
    let busy = "-BUSY shard overloaded, try again\r\n";
    assert_eq!(answers, ["+OK\r\n", "+OK\r\n", "+OK\r\n", busy, busy, busy]);
    assert_eq!(shards.stats(0).busy.get(), 3);
    assert_eq!(shards.stats(1).busy.get(), 0);
    // A command for both shards is an error as a whole.
    let mut waits = Local::new(&shards);
    let line = format!("DEBUG STALL {slow} 1000");
    let stalled = gaggle::go(async move { call(&mut waits, &line).await });
    sim::settle().await;
    let mut queued = Vec::new();
    for _ in 0..2 {
        let (mut local, line) = (Local::new(&shards), format!("GET {slow}"));
        queued.push(gaggle::go(async move { call(&mut local, &line).await }));
        sim::settle().await;
    }
    for line in [
        format!("MGET {quick} {slow}"),
        "DBSIZE".to_owned(),
        format!("MSET {quick} 1 {slow} 1"),
    ] {
        assert_eq!(call(&mut local, &line).await, busy, "{line}");
    }
    stalled.await.unwrap();
    for one in queued {
        one.await.unwrap();
    }
    shards.stop().await.unwrap();
}

#[gaggle::test(schedules = 50)]
async fn too_many_crashes_end_all_shards() {
    let config = Config {
        crashes: (2, Duration::from_secs(5)),
        ..small()
    };
    let shards = Shards::start(config).await.unwrap();
    for _ in 0..3 {
        shards.up(0).await;
        assert!(shards.kill(0));
        sim::settle().await;
    }
    assert!(!shards.exited().await.is_abnormal());
    let mut local = Local::new(&shards);
    assert_eq!(
        call(&mut local, "GET a").await,
        "-TRYAGAIN shard is restarting\r\n"
    );
}

#[gaggle::test(schedules = 50)]
async fn answers_of_one_shard_have_a_limit() {
    let config = Config {
        shards: 1,
        max_answers: 1000,
        ..Config::default()
    };
    let shards = Shards::start(config).await.unwrap();
    let mut local = Local::new(&shards);
    call(&mut local, &format!("SET k {}", "x".repeat(600))).await;
    let answers = local.raw(&b"GET k\r\n".repeat(4)).await;
    let errors = answers.windows(4).filter(|four| four == b"-ERR").count();
    assert_eq!(errors, 2);
    shards.stop().await.unwrap();
}
