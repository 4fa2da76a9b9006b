//! Options of sockets, their way to the standard library and back, and the smaller kinds of sockets.

use super::broken::pair;
use super::waits_for_io;
use crate::common::in_goroutine;
use gaggle::go;
use gaggle::net::{
    TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream,
};
use gaggle::time::timeout;
use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr as UnixAddr;
use std::time::Duration;

#[test]
fn options_are_as_they_were_set() {
    in_goroutine(async || {
        let (client, _server) = pair().await;
        client.set_nodelay(true).unwrap();
        assert!(client.nodelay().unwrap());
        let time = Duration::from_secs;
        client.set_keepalive_times(time(60), time(10), 3).unwrap();
        assert!(client.keepalive().unwrap());
        client.set_linger(Some(time(2))).unwrap();
        assert_eq!(client.linger().unwrap(), Some(time(2)));
        client.set_ttl(33).unwrap();
        assert_eq!(client.ttl().unwrap(), 33);
        for bytes in [20_000, 60_000] {
            client.set_recv_buffer_size(bytes).unwrap();
            client.set_send_buffer_size(bytes).unwrap();
            assert!(client.recv_buffer_size().unwrap() >= bytes);
            assert!(client.send_buffer_size().unwrap() >= bytes);
        }
        assert!(client.take_error().unwrap().is_none());
        assert!(client.as_raw_fd() > 2);
    });
}

#[test]
fn a_socket_is_made_ready_before_it_listens_or_connects() {
    in_goroutine(async || {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let socket = TcpSocket::new_for(&any).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.bind(any).unwrap();
        let address = socket.local_addr().unwrap();
        let listener = socket.listen(8).unwrap();
        let client = TcpSocket::new_v4().unwrap();
        client.bind(any).unwrap();
        let from = client.local_addr().unwrap();
        let connects = go(client.connect(address));
        let (_stream, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, from);
        connects.await.unwrap().unwrap();
        // Whose address is taken is told.
        let other = TcpSocket::new_v4().unwrap();
        assert_eq!(
            other.bind(address).unwrap_err().kind(),
            ErrorKind::AddrInUse
        );
        // One for IPv6 alone leaves the port to IPv4. Not every system has IPv6.
        if let Ok(six) = TcpSocket::new_v6() {
            six.set_only_v6(true).unwrap();
            if six
                .bind(SocketAddr::new("::".parse().unwrap(), address.port()))
                .is_ok()
            {
                drop(six.listen(1).unwrap());
            }
        }
    });
}

#[test]
fn connect_tries_one_address_after_the_other() {
    in_goroutine(async || {
        // It has a port, which nobody else gets, and does not listen.
        let silent = TcpSocket::new_v4().unwrap();
        silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let nobody = silent.local_addr().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = listener.local_addr().unwrap();
        let all = [nobody, there];
        let stream = TcpStream::connect(&all[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), there);
        let error = TcpStream::connect(&all[..1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let error = TcpStream::connect(&all[..0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_read_with_a_deadline_takes_nothing_when_that_passes() {
    in_goroutine(async || {
        let (client, server) = pair().await;
        let mut buffer = [0; 8];
        for _ in 0..20 {
            let limit = Duration::from_micros(500);
            assert!(timeout(limit, client.read(&mut buffer)).await.is_err());
        }
        server.write_all(b"all of it").await.unwrap();
        client.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"all of i");
        assert_eq!(client.peek(&mut buffer).await.unwrap(), 1);
        assert_eq!(client.read(&mut buffer).await.unwrap(), 1);
    });
}

#[test]
fn several_buffers_are_written_and_read_at_once() {
    in_goroutine(async || {
        let (client, server) = pair().await;
        let parts = [
            IoSlice::new(b"one "),
            IoSlice::new(b""),
            IoSlice::new(b"two"),
        ];
        assert_eq!(client.write_vectored(&parts).await.unwrap(), 7);
        let (mut first, mut second) = ([0; 3], [0; 10]);
        let mut into = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(server.read_vectored(&mut into).await.unwrap(), 7);
        assert_eq!((&first, &second[..4]), (b"one", &b" two"[..]));
    });
}

#[test]
fn sockets_go_to_the_standard_library_and_back() {
    in_goroutine(async || {
        let (client, server) = pair().await;
        let plain = client.into_std().unwrap();
        let client = TcpStream::from_std(plain).unwrap();
        client.write_all(b"x").await.unwrap();
        assert_eq!(server.read(&mut [0; 4]).await.unwrap(), 1);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listener = TcpListener::from_std(listener.into_std().unwrap()).unwrap();
        listener.set_ttl(20).unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let udp = UdpSocket::from_std(udp.into_std().unwrap()).unwrap();
        assert!(udp.local_addr().unwrap().port() > 0);
        let (a, b) = UnixStream::pair().unwrap();
        let a = UnixStream::from_std(a.into_std().unwrap()).unwrap();
        a.write_all(b"x").await.unwrap();
        assert_eq!(b.read(&mut [0; 4]).await.unwrap(), 1);
        assert!(b.peer_addr().unwrap().is_unnamed());
    });
}

#[test]
fn datagrams_are_peeked_at_and_go_to_a_group() {
    in_goroutine(async || {
        let a = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let b = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        a.send_to(b"twice", b.local_addr().unwrap()).await.unwrap();
        let mut buffer = [0; 8];
        let first = b.peek_from(&mut buffer).await.unwrap();
        assert_eq!(first, (5, a.local_addr().unwrap()));
        assert_eq!(b.recv_from(&mut buffer).await.unwrap(), first);
        a.set_broadcast(true).unwrap();
        assert!(a.broadcast().unwrap());
        a.set_multicast_ttl_v4(1).unwrap();
        a.set_multicast_loop_v4(true).unwrap();
        let group = Ipv4Addr::new(224, 0, 0, 114);
        b.join_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
        b.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
        assert!(b.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).is_err());
        assert!(
            b.join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST)
                .is_err()
        );
    });
}

#[test]
fn unix_sockets_may_have_addresses_that_are_no_files() {
    in_goroutine(async || {
        let name = format!("gaggle-options-{}", std::process::id());
        let address = UnixAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        let local = listener.local_addr().unwrap();
        assert_eq!(local.as_abstract_name(), Some(name.as_bytes()));
        let connects = go(async move { UnixStream::connect_addr(&address).await });
        let (server, from) = listener.accept().await.unwrap();
        assert!(from.is_unnamed());
        let client = connects.await.unwrap().unwrap();
        let peer = client.peer_addr().unwrap();
        assert_eq!(peer.as_abstract_name(), Some(name.as_bytes()));
        client.write_all(b"x").await.unwrap();
        assert_eq!(server.read(&mut [0; 4]).await.unwrap(), 1);
    });
}

#[test]
fn unix_datagrams_wait_for_a_full_queue_and_none_is_lost() {
    in_goroutine(async || {
        let path = std::env::temp_dir().join(format!("gaggle-datagram-{}", std::process::id()));
        let receives = UnixDatagram::bind(&path).unwrap();
        let sends = UnixDatagram::unbound().unwrap();
        sends.send_to(b"first", &path).await.unwrap();
        sends.connect(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let sender = go(async move {
            for n in 0..2_000_u32 {
                sends.send(&n.to_le_bytes()).await.unwrap();
            }
        });
        waits_for_io(&sender).await;
        let mut buffer = [0; 16];
        let (n, from) = receives.recv_from(&mut buffer).await.unwrap();
        assert!(&buffer[..n] == b"first" && from.is_unnamed());
        for n in 0..2_000_u32 {
            assert_eq!(receives.recv(&mut buffer).await.unwrap(), 4);
            assert_eq!(buffer[..4], n.to_le_bytes());
        }
        sender.await.unwrap();
    });
}
