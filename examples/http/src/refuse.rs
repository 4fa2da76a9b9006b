//! Answers without hyper, for those who are not served.

use gaggle::net::TcpStream;
use gaggle::sync::OwnedPermit;
use gaggle::time;
use std::net::Shutdown;
use std::time::Duration;

/// How long is waited for somebody who is to go.
const PATIENCE: Duration = Duration::from_secs(1);

/// One connection too many.
pub(crate) async fn run(stream: TcpStream, _permit: OwnedPermit) {
    say(&stream, "503 Service Unavailable\r\nretry-after: 1").await;
}

/// Answers with a status, and closes.
pub(crate) async fn say(stream: &TcpStream, status: &str) {
    let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let written = time::timeout(PATIENCE, stream.write_all(answer.as_bytes())).await;
    if matches!(written, Ok(Ok(()))) {
        close(stream).await;
    }
}

/// Ends the writing side, and takes what still comes for a while: a socket that is closed with something unread resets the connection, and the answer may be lost with it.
pub(crate) async fn close(stream: &TcpStream) {
    if stream.shutdown(Shutdown::Write).is_err() {
        return;
    }
    let rest = async {
        let mut nobody = [0; 4096];
        while matches!(stream.read(&mut nobody).await, Ok(1..)) {}
    };
    // Who goes on sending is cut off.
    let _ = time::timeout(PATIENCE, rest).await;
}
