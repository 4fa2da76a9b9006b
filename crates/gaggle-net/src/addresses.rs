//! Names and addresses.

use gaggle_rt::blocking;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, ToSocketAddrs};

/// Something that addresses can be had from: an address, a pair of host and port, a text such as `localhost:80`.
///
/// A name is looked up by the system, which blocks; the other goroutines move to another thread for that time. Plain addresses are not looked up.
pub trait ToAddrs {
    /// The addresses, in the order in which they are to be tried.
    ///
    /// # Errors
    /// When the name is unknown, or cannot be understood.
    fn to_addrs(&self) -> io::Result<Vec<SocketAddr>>;
}

macro_rules! is_an_address {
    ($($type:ty),+) => {
        $(impl ToAddrs for $type {
            fn to_addrs(&self) -> io::Result<Vec<SocketAddr>> {
                Ok(vec![SocketAddr::from(*self)])
            }
        })+
    };
}

is_an_address!(
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16)
);

impl ToAddrs for str {
    fn to_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        match self.parse() {
            Ok(address) => Ok(vec![address]),
            Err(_) => resolve(self),
        }
    }
}

impl ToAddrs for String {
    fn to_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.as_str().to_addrs()
    }
}

impl ToAddrs for (&str, u16) {
    fn to_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        match self.0.parse::<IpAddr>() {
            Ok(ip) => Ok(vec![SocketAddr::new(ip, self.1)]),
            Err(_) => resolve(*self),
        }
    }
}

impl ToAddrs for (String, u16) {
    fn to_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        (self.0.as_str(), self.1).to_addrs()
    }
}

impl ToAddrs for [SocketAddr] {
    fn to_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(self.to_vec())
    }
}

impl<T: ToAddrs + ?Sized> ToAddrs for &T {
    fn to_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        (**self).to_addrs()
    }
}

fn resolve(name: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    blocking(|| name.to_socket_addrs()).map(Iterator::collect)
}

/// The addresses of a host: `lookup_host("localhost:80")`.
///
/// The system's lookup blocks; the other goroutines move to another thread for that time.
///
/// # Errors
/// When the name is unknown, or cannot be understood.
pub async fn lookup_host(name: impl ToAddrs) -> io::Result<Vec<SocketAddr>> {
    name.to_addrs()
}

/// Tries one address after the other; the last error if none will do.
///
/// Not with an `async` closure: a goroutine that awaits one that borrows is not seen to be `Send`.
pub(crate) fn first_of<T>(
    addresses: &impl ToAddrs,
    f: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = None;
    for tried in addresses.to_addrs()?.into_iter().map(f) {
        match tried {
            Ok(done) => return Ok(done),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(no_address))
}

pub(crate) fn no_address() -> io::Error {
    let text = "there is no address for that name";
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
