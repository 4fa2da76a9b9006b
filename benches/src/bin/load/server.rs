//! The server: a process of its own, and what it has used so far.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(10);

/// A running server; the drop ends it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a program; `{port}` in its arguments becomes the port at which it has to listen.
    pub(crate) fn start(program: &[String]) -> Result<Server, String> {
        more_descriptors();
        let port = free_port().map_err(|error| format!("no port: {error}"))?;
        let arguments = program[1..]
            .iter()
            .map(|argument| argument.replace("{port}", &port.to_string()));
        let child = Command::new(&program[0])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", program[0]))?;
        let mut server = Server {
            child,
            address: (Ipv4Addr::LOCALHOST, port).into(),
        };
        server.until_it_listens()?;
        Ok(server)
    }

    fn until_it_listens(&mut self) -> Result<(), String> {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("the server has ended: {status}"));
            }
            if start.elapsed() > START {
                return Err("the server does not listen".to_owned());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// The CPU time of all its threads, kernel and user, in steps of 10 ms.
    pub(crate) fn cpu_time(&self) -> Result<Duration, String> {
        let text = self.look("stat")?;
        // The name of the program may have blanks and brackets in it.
        let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks = |at| fields.split_whitespace().nth(at)?.parse::<u64>().ok();
        let (Some(user), Some(kernel)) = (ticks(11), ticks(12)) else {
            return Err("no CPU time of the server".to_owned());
        };
        let each = Duration::from_secs(1) / rustix::param::clock_ticks_per_second() as u32;
        Ok(each * (user + kernel) as u32)
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident(&self) -> Result<u64, String> {
        let text = self.look("statm")?;
        let pages = text.split_whitespace().nth(1);
        let pages = pages.and_then(|pages| pages.parse::<u64>().ok());
        let pages = pages.ok_or("no memory of the server")?;
        Ok(pages * rustix::param::page_size() as u64)
    }

    fn look(&self, what: &str) -> Result<String, String> {
        let path = format!("/proc/{}/{what}", self.child.id());
        std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free now.
fn free_port() -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// As many descriptors as the system lets this process have, and the server with it.
fn more_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // If it cannot be had, a row with many connections says so when there are none left.
    let _ = setrlimit(Resource::Nofile, wanted);
}
