//! The HTTP server of the examples: what it answers, and what happens above each limit.

mod common;

use common::{Ready, Server, is, roomy, start};
use gaggle_http::Limits;
use std::time::Duration;

/// One request on a connection of its own: all that comes back.
async fn ask(server: &Server, request: &str) -> String {
    let client = server.connect().await;
    client.say(request).await;
    client.rest().await
}

const SHORT: Duration = Duration::from_millis(100);

#[gaggle::test(workers = 2)]
async fn requests_are_answered_by_path_and_method() {
    let server = start(roomy()).await;
    let close = "host: a\r\nconnection: close\r\n";
    for (request, status, body) in [
        ("GET / HTTP/1.1\r\n", "200", "hello from a goroutine\n"),
        ("GET /sleep/1 HTTP/1.1\r\n", "200", "slept\n"),
        ("POST / HTTP/1.1\r\n", "405", "wrong method\n"),
        (
            "GET /nowhere HTTP/1.1\r\n",
            "404",
            "there is nothing here\n",
        ),
        (
            "GET /sleep/x HTTP/1.1\r\n",
            "404",
            "there is nothing here\n",
        ),
    ] {
        let answer = ask(&server, &format!("{request}{close}\r\n")).await;
        assert!(is(&answer, status) && answer.ends_with(body), "{answer}");
    }
    let length = "content-length: 5\r\n";
    let echo = format!("POST /echo HTTP/1.1\r\n{close}{length}\r\nhello");
    assert!(ask(&server, &echo).await.ends_with("\r\n\r\nhello"));
    assert_eq!(server.end().await.served, 6);
}

#[gaggle::test(workers = 2)]
async fn one_connection_takes_many_requests_also_at_once() {
    let server = start(roomy()).await;
    let client = server.connect().await;
    for _ in 0..3 {
        client.say("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let answer = client.until("goroutine\n").await;
        assert!(is(&answer, "200"), "{answer}");
    }
    let one = "GET / HTTP/1.1\r\nhost: a\r\n";
    let two = format!("{one}\r\n{one}connection: close\r\n\r\n");
    client.say(&two).await;
    let answers = client.rest().await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{answers}");
    assert_eq!(server.end().await.served, 1);
}

#[gaggle::test(workers = 2)]
async fn a_body_above_the_limit_is_413_whether_it_says_so_or_not() {
    let limit = 10;
    let server = start(Limits {
        body: limit,
        ..roomy()
    })
    .await;
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\n";
    // Not one byte of it has to come.
    let said = ask(&server, &format!("{head}content-length: 11\r\n\r\n")).await;
    assert!(is(&said, "413"), "{said}");
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n");
    let found = ask(&server, &chunked).await;
    assert!(is(&found, "413"), "{found}");
    let close = "connection: close\r\n";
    let fits = ask(
        &server,
        &format!("{head}{close}content-length: 10\r\n\r\n0123456789"),
    )
    .await;
    assert!(is(&fits, "200") && fits.ends_with("0123456789"), "{fits}");
    server.end().await;
}

#[gaggle::test(workers = 2)]
async fn a_head_above_the_limit_is_431_and_nonsense_is_400() {
    let server = start(roomy()).await;
    let long = "x".repeat(20 << 10);
    let answer = ask(
        &server,
        &format!("GET / HTTP/1.1\r\nhost: a\r\nlong: {long}\r\n\r\n"),
    )
    .await;
    assert!(is(&answer, "431"), "{answer}");
    let answer = ask(&server, "this is not HTTP at all\r\n\r\n").await;
    assert!(is(&answer, "400"), "{answer}");
    server.end().await;
}

#[gaggle::test(workers = 2)]
async fn half_a_head_is_408_in_the_end_and_no_head_is_closed() {
    let ready = Ready::new().await;
    // The time runs from when the server takes it: by then it is all there.
    let half = ready.client("GET / HTTP/1.1\r\nhost:").await;
    let server = ready.start(Limits {
        header: SHORT,
        ..roomy()
    });
    let half = half.rest().await;
    assert!(is(&half, "408"), "{half}");
    assert_eq!(ask(&server, "").await, "");
    server.end().await;
}

#[gaggle::test(workers = 2)]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let ready = Ready::new().await;
    // The time runs from when the server takes them: by then all is there. Many times the limit:
    let busy = ready.client("GET /sleep/1000 HTTP/1.1\r\nhost: a\r\n\r\n");
    let busy = busy.await;
    let idle = ready.client("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let server = ready.start(Limits {
        idle: SHORT,
        ..roomy()
    });
    let answer = idle.rest().await;
    assert!(is(&answer, "200"), "{answer}");
    let answer = busy.rest().await;
    assert!(
        is(&answer, "200") && answer.ends_with("slept\n"),
        "{answer}"
    );
    server.end().await;
}

#[gaggle::test(workers = 2)]
async fn half_a_second_head_is_408_as_well_when_the_connection_is_closed_as_idle() {
    let ready = Ready::new().await;
    let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    let both = format!("{get}GET / HTTP/1.1\r\nhost:");
    // It is all there before the server looks.
    let client = ready.client(&both).await;
    let server = ready.start(Limits {
        idle: SHORT,
        ..roomy()
    });
    let answers = client.rest().await;
    let (first, second) = answers.split_once("goroutine\n").unwrap();
    assert!(is(first, "200") && is(second, "408"), "{answers}");
    assert_eq!(server.end().await.served, 1);
}

#[gaggle::test(workers = 2)]
async fn a_connection_above_the_limit_is_503_until_one_ends() {
    let server = start(Limits {
        connections: 1,
        ..roomy()
    })
    .await;
    let first = server.connect().await;
    let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    first.say(get).await;
    first.until("goroutine\n").await;
    // It is told without having asked: who asks late asks nobody.
    let second = ask(&server, "").await;
    assert!(is(&second, "503"), "{second}");
    assert!(second.contains("retry-after"), "{second}");
    drop(first);
    // The server hears of the end at some time.
    let third = gaggle::time::timeout(common::LONG, async {
        loop {
            let client = server.connect().await;
            // One that is refused may be gone before it can say anything.
            let _ = client.0.write_all(get.as_bytes()).await;
            let mut buffer = [0; 12];
            if client.0.read_exact(&mut buffer).await.is_ok() && buffer.ends_with(b"200") {
                return client;
            }
            gaggle::time::sleep(Duration::from_millis(5)).await;
        }
    });
    drop(third.await.expect("there is room again"));
    let summary = server.end().await;
    assert!(summary.served == 2 && summary.refused >= 1, "{summary:?}");
}
