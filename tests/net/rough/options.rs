//! Options of sockets.

use super::broken::pair;
use crate::common::in_goroutine;

#[test]
fn options_are_as_they_were_set() {
    in_goroutine(async || {
        let (client, _server) = pair().await;
        client.set_nodelay(true).unwrap();
        assert!(client.nodelay().unwrap());
    });
}
