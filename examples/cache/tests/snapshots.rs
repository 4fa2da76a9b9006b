//! The snapshot: written at the end, read at the start; one that is damaged is refused and left as it is.

mod common;

use common::{Running, is_left_of, path};
use gaggle_cache::snapshot::{self, Record, Section, SnapshotError};
use gaggle_cache::{Config, ServeError, Server, StartError};
use std::fs;
use std::path::Path;
use std::time::Instant;

fn config(path: &Path) -> Config {
    Config {
        snapshot: Some(path.to_owned()),
        ..Config::default()
    }
}

#[test]
fn what_was_there_at_the_end_is_there_at_the_next_start() {
    let path = path("again");
    gaggle::block_on(async {
        let server = Running::start(config(&path)).await;
        let mut client = server.connect().await;
        for n in 0..200 {
            client.call(&format!("SET k{n} v{n}")).await;
        }
        client.call("SET short x PX 1").await;
        let begin = Instant::now();
        client.call("SET long x EX 1000").await;
        client.call("SET empty ").await;
        drop(client);
        server.stop().await;
        // It is another number of shards, which must not matter.
        let server = Running::start(Config {
            shards: 3,
            ..config(&path)
        })
        .await;
        let mut client = server.connect().await;
        for n in 0..200 {
            let text = format!("v{n}");
            assert_eq!(
                client.call(&format!("GET k{n}")).await,
                format!("${}\r\n{text}\r\n", text.len())
            );
        }
        assert_eq!(client.call("GET empty").await, "$0\r\n\r\n");
        assert_eq!(client.call("EXISTS short").await, ":0\r\n");
        let left = client.call("TTL long").await;
        assert!(is_left_of(1000, begin, &left), "{left}");
        client.call("FLUSHALL").await;
        assert_eq!(client.call("SAVE").await, "+OK\r\n");
        assert_eq!(snapshot::load(&path).unwrap(), []);
        drop(client);
        server.stop().await;
    });
}

#[test]
fn a_snapshot_that_is_damaged_anywhere_is_refused_and_not_touched() {
    let path = path("damaged");
    let mut section = Section::default();
    section.push(b"key", b"value", None);
    section.push(b"", b"", Some(u64::MAX));
    snapshot::save(&path, &[section, Section::default()]).unwrap();
    let good = fs::read(&path).unwrap();
    let record = |key: &[u8], value: &[u8], due| Record {
        key: key.to_vec(),
        value: value.to_vec(),
        due,
    };
    assert_eq!(
        snapshot::load(&path).unwrap(),
        [
            record(b"key", b"value", None),
            record(b"", b"", Some(u64::MAX))
        ]
    );
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        fs::write(&path, &bad).unwrap();
        let error = snapshot::load(&path).unwrap_err();
        assert!(
            matches!(
                error,
                SnapshotError::Damaged(..) | SnapshotError::Version(..)
            ),
            "byte {at}: {error}"
        );
        fs::write(&path, &good[..at]).unwrap();
        assert!(snapshot::load(&path).is_err(), "{at} bytes");
    }
    let longer = [&good[..], b"x"].concat();
    fs::write(&path, &longer).unwrap();
    let text = snapshot::load(&path).unwrap_err().to_string();
    assert!(
        text.contains("it goes on after its end; it is left as it is"),
        "{text}"
    );
    let started = gaggle::block_on(Server::start(config(&path)));
    assert!(matches!(
        started,
        Err(ServeError::Start(StartError::Snapshot(_)))
    ));
    assert_eq!(fs::read(&path).unwrap(), longer);
}

#[test]
fn one_that_cannot_be_written_leaves_the_old_one() {
    let path = path("kept/file");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    snapshot::save(&path, &[Section::default()]).unwrap();
    let before = fs::read(&path).unwrap();
    let folder = path.join("under-a-file");
    assert!(snapshot::save(&folder, &[Section::default()]).is_err());
    assert_eq!(fs::read(&path).unwrap(), before);
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is left beside it: {names:?}");
    assert_eq!(snapshot::load(&path.with_file_name("none")).unwrap(), []);
    let nowhere = snapshot::load(Path::new("/nowhere/at/all")).unwrap_err();
    assert!(nowhere.to_string().contains("/nowhere/at: "), "{nowhere}");
}

#[test]
fn snapshots_that_are_asked_for_at_once_are_written_one_after_the_other() {
    let path = path("at-once");
    gaggle::block_on(async {
        let server = Running::start(config(&path)).await;
        let mut savers = Vec::new();
        let (gate, first_look) = gaggle::chan::bounded::<()>(1);
        let mut none_has_looked = Some(gate);
        for n in 0..8 {
            let first_look = first_look.clone();
            let mut client = server.connect().await;
            savers.push(gaggle::go(async move {
                first_look.recv().await.unwrap_err();
                for round in 0..5 {
                    let value = "x".repeat(10_000 * (n + 1));
                    client.call(&format!("SET k{n} {round}{value}")).await;
                    assert_eq!(client.call("SAVE").await, "+OK\r\n");
                }
            }));
        }
        while savers.iter().any(|saver| !saver.is_finished()) {
            snapshot::load(&path).expect("whole at any time");
            // Those that save have waited for the first look, so that they are not done before it.
            drop(none_has_looked.take());
            gaggle::yield_now().await;
        }
        for saver in savers {
            saver.await.unwrap();
        }
        assert_eq!(snapshot::load(&path).unwrap().len(), 8);
        server.stop().await;
    });
}
