//! The HTTP server of the examples: how it ends.

mod common;

use common::{is, roomy, start};
use gaggle::net::TcpStream;
use gaggle_http::{Limits, Summary};
use std::time::Duration;

#[gaggle::test(workers = 2)]
async fn what_has_begun_is_finished_and_nobody_is_let_in() {
    let server = start(roomy()).await;
    let idle = server.connect().await;
    idle.say("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    idle.until("goroutine\n").await;
    let never_used = server.connect().await;
    let busy = server.connect().await;
    // The second request tells that the server has the first: it has been answered.
    busy.say("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    busy.until("goroutine\n").await;
    busy.say("POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
        .await;
    // Now it waits for the body.
    busy.until("100 Continue\r\n\r\n").await;
    let address = server.address;
    let finish = gaggle::go(async move {
        assert_eq!(idle.rest().await, "", "closed at once");
        assert_eq!(never_used.rest().await, "", "closed at once");
        // The listener is closed before connections are.
        assert!(TcpStream::connect(address).await.is_err());
        busy.say("hello").await;
        busy.rest().await
    });
    let summary = server.end().await;
    let answer = finish.await.unwrap();
    assert!(is(&answer, "200") && answer.ends_with("hello"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    let expected = Summary {
        served: 3,
        refused: 0,
        cut_off: 0,
    };
    assert_eq!(summary, expected);
}

#[gaggle::test(workers = 2)]
async fn who_does_not_finish_in_time_is_cut_off() {
    let server = start(Limits {
        drain: Duration::from_millis(50),
        ..roomy()
    })
    .await;
    let slow = server.connect().await;
    slow.say("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    slow.until("goroutine\n").await;
    slow.say("GET /sleep/3600000 HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\n")
        .await;
    let half = server.connect().await;
    half.say("POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
        .await;
    half.until("100 Continue\r\n\r\n").await;
    half.say("he").await;
    let baseline = gaggle::runtime::num_goroutines();
    assert!(baseline >= 3, "a goroutine a connection");
    let summary = server.end().await;
    // The one that sleeps may not have come so far before the end: then it was idle.
    assert!(matches!(summary.cut_off, 1..=2), "{summary:?}");
    assert_eq!(summary.served, 2);
    let mut rest = Vec::new();
    // A reset, or the end.
    let _ = half.0.read_to_end(&mut rest).await;
    assert!(rest.is_empty(), "no answer: {rest:?}");
}
