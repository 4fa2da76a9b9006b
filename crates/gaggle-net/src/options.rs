//! The options of sockets. They are set and asked at once, and nothing waits.

use crate::{TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use rustix::net::sockopt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

/// The options that sockets of several kinds have.
macro_rules! options {
    (tcp: $type:ty) => {
        impl $type {
            /// Are small writes sent at once (`true`), or kept back to be sent together?
            ///
            /// # Errors
            /// Those of the system.
            pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
                Ok(sockopt::set_tcp_nodelay(self, nodelay)?)
            }

            /// See [`set_nodelay`](Self::set_nodelay).
            ///
            /// # Errors
            /// Those of the system.
            pub fn nodelay(&self) -> io::Result<bool> {
                Ok(sockopt::tcp_nodelay(self)?)
            }

            /// Does the system ask the other end now and then whether it is there?
            ///
            /// # Errors
            /// Those of the system.
            pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
                Ok(sockopt::set_socket_keepalive(self, keepalive)?)
            }

            /// See [`set_keepalive`](Self::set_keepalive).
            ///
            /// # Errors
            /// Those of the system.
            pub fn keepalive(&self) -> io::Result<bool> {
                Ok(sockopt::socket_keepalive(self)?)
            }

            /// When the system asks whether the other end is there: when nothing has come for `idle`, then each `interval`; after `tries` without an answer the connection is broken. The system counts in seconds. Switches it on.
            ///
            /// # Errors
            /// Those of the system, such as a time that is too short.
            pub fn set_keepalive_times(
                &self,
                idle: Duration,
                interval: Duration,
                tries: u32,
            ) -> io::Result<()> {
                sockopt::set_tcp_keepidle(self, idle)?;
                sockopt::set_tcp_keepintvl(self, interval)?;
                sockopt::set_tcp_keepcnt(self, tries)?;
                self.set_keepalive(true)
            }

            /// With `Some`, a close waits for so long until what was written has been taken, and holds up its thread meanwhile; zero breaks the connection off.
            ///
            /// # Errors
            /// Those of the system.
            pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
                Ok(sockopt::set_socket_linger(self, linger)?)
            }

            /// See [`set_linger`](Self::set_linger).
            ///
            /// # Errors
            /// Those of the system.
            pub fn linger(&self) -> io::Result<Option<Duration>> {
                Ok(sockopt::socket_linger(self)?)
            }
        }
        options!(buffers: $type);
        options!(ttl: $type);
    };
    (ttl: $type:ty) => {
        impl $type {
            /// How many hops a packet of IPv4 may take.
            ///
            /// # Errors
            /// Those of the system.
            pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
                Ok(sockopt::set_ip_ttl(self, ttl)?)
            }

            /// See [`set_ttl`](Self::set_ttl).
            ///
            /// # Errors
            /// Those of the system.
            pub fn ttl(&self) -> io::Result<u32> {
                Ok(sockopt::ip_ttl(self)?)
            }
        }
    };
    (buffers: $type:ty) => {
        impl $type {
            /// How much the system keeps that was received and not read. It takes the number for a wish, and says twice of what it was told.
            ///
            /// # Errors
            /// Those of the system.
            pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
                Ok(sockopt::set_socket_recv_buffer_size(self, bytes)?)
            }

            /// See [`set_recv_buffer_size`](Self::set_recv_buffer_size).
            ///
            /// # Errors
            /// Those of the system.
            pub fn recv_buffer_size(&self) -> io::Result<usize> {
                Ok(sockopt::socket_recv_buffer_size(self)?)
            }

            /// How much the system keeps that was written and not sent. It takes the number for a wish, and says twice of what it was told.
            ///
            /// # Errors
            /// Those of the system.
            pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
                Ok(sockopt::set_socket_send_buffer_size(self, bytes)?)
            }

            /// See [`set_send_buffer_size`](Self::set_send_buffer_size).
            ///
            /// # Errors
            /// Those of the system.
            pub fn send_buffer_size(&self) -> io::Result<usize> {
                Ok(sockopt::socket_send_buffer_size(self)?)
            }

            /// The error that the system keeps for this socket, if it does; it is taken.
            ///
            /// # Errors
            /// Those of the system.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                Ok(sockopt::socket_error(self)?.err().map(Into::into))
            }
        }
    };
}

options!(tcp: TcpStream);
options!(tcp: TcpSocket);
options!(ttl: TcpListener);
options!(ttl: UdpSocket);
options!(buffers: UdpSocket);
options!(buffers: UnixStream);
options!(buffers: UnixDatagram);

impl UdpSocket {
    /// May datagrams go to everybody on a network?
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        Ok(sockopt::set_socket_broadcast(self, broadcast)?)
    }

    /// See [`set_broadcast`](Self::set_broadcast).
    ///
    /// # Errors
    /// Those of the system.
    pub fn broadcast(&self) -> io::Result<bool> {
        Ok(sockopt::socket_broadcast(self)?)
    }

    /// Receives what is sent to this group, over the interface that has this address; [`Ipv4Addr::UNSPECIFIED`] lets the system choose.
    ///
    /// # Errors
    /// Those of the system, such as an address that is of no group.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        Ok(sockopt::set_ip_add_membership(self, &group, &interface)?)
    }

    /// Undoes [`join_multicast_v4`](Self::join_multicast_v4).
    ///
    /// # Errors
    /// Those of the system, such as a group that was not joined.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        Ok(sockopt::set_ip_drop_membership(self, &group, &interface)?)
    }

    /// Receives what is sent to this group, over the interface that has this number; 0 lets the system choose.
    ///
    /// # Errors
    /// Those of the system, such as an address that is of no group.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        Ok(sockopt::set_ipv6_add_membership(self, group, interface)?)
    }

    /// Undoes [`join_multicast_v6`](Self::join_multicast_v6).
    ///
    /// # Errors
    /// Those of the system, such as a group that was not joined.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        Ok(sockopt::set_ipv6_drop_membership(self, group, interface)?)
    }

    /// Does this machine receive, too, what this socket sends to a group?
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_multicast_loop_v4(&self, loops: bool) -> io::Result<()> {
        Ok(sockopt::set_ip_multicast_loop(self, loops)?)
    }

    /// How many hops a datagram to a group may take.
    ///
    /// # Errors
    /// Those of the system.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        Ok(sockopt::set_ip_multicast_ttl(self, ttl)?)
    }
}

macro_rules! raw {
    ($($type:ty),+) => {
        $(impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.as_fd().as_raw_fd()
            }
        })+
    };
}

raw!(
    TcpListener,
    TcpStream,
    TcpSocket,
    UdpSocket,
    UnixListener,
    UnixStream,
    UnixDatagram
);
