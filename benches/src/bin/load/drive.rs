//! The load: one thread, one epoll, and on each connection a turn as soon as the last one was answered.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use gaggle_benches::loads::{IDLE, Load};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;

use crate::histogram::Histogram;
use crate::server::Server;
use crate::words::Words;

/// How long a server may say nothing at all.
const SILENCE: Duration = Duration::from_secs(10);
/// How many events are taken at once.
const EVENTS: usize = 1_024;
/// The longest answer to a turn.
const LONGEST: usize = 2_048;

/// The figures of a run, in the order of the catalogue.
pub(crate) type Figures = Vec<f64>;

struct Connection {
    stream: TcpStream,
    turn: u64,
    sent: Instant,
    /// What has come of the answer.
    answer: Vec<u8>,
}

struct Driver<'a> {
    load: &'a Load,
    words: Words,
    epoll: OwnedFd,
    connections: Vec<Connection>,
    histogram: Histogram,
    answered: u64,
    request: Vec<u8>,
    events: Vec<Event>,
}

/// Opens the connections, says what is to be said, and measures `count` answers after a tenth as many that only warm up.
pub(crate) fn run(load: &Load, server: &Server, count: u64) -> Result<Figures, String> {
    let before = server.resident()?;
    let mut driver = Driver {
        load,
        words: Words::new(load.protocol, load.pipeline),
        epoll: epoll::create(CreateFlags::CLOEXEC).map_err(text)?,
        connections: Vec::with_capacity(load.connections),
        histogram: Histogram::new(),
        answered: 0,
        request: Vec::new(),
        events: Vec::with_capacity(EVENTS),
    };
    let wanted = if load.row == IDLE {
        count as usize
    } else {
        load.connections
    };
    driver.connect(server, wanted)?;
    if load.row == IDLE {
        let after = server.resident()?;
        return Ok(vec![after.saturating_sub(before) as f64 / wanted as f64]);
    }
    driver.start()?;
    driver.until(count / 10)?;
    driver.histogram.clear();
    let (start, cpu, warm) = (Instant::now(), server.cpu_time()?, driver.answered);
    driver.until(warm + count)?;
    let (took, cpu) = (start.elapsed(), server.cpu_time()?.saturating_sub(cpu));
    let answers = (driver.answered - warm) as f64;
    let microseconds = |share| driver.histogram.quantile(share) as f64 / 1e3;
    Ok(vec![
        answers / took.as_secs_f64() / 1e3,
        cpu.as_secs_f64() * 1e6 / answers,
        microseconds(0.5),
        microseconds(0.99),
        server.resident()? as f64 / f64::from(1 << 20),
    ])
}

fn text(error: impl Into<io::Error>) -> String {
    error.into().to_string()
}

impl Driver<'_> {
    /// Opens the connections one after the other, and has a turn on each, so that no server has more of them waiting than it takes.
    fn connect(&mut self, server: &Server, wanted: usize) -> Result<(), String> {
        for number in 0..wanted {
            let stream = TcpStream::connect(server.address).map_err(text)?;
            stream.set_nodelay(true).map_err(text)?;
            stream.set_read_timeout(Some(SILENCE)).map_err(text)?;
            if number == 0 {
                for (sent, back) in self.words.preparation() {
                    prepare(&stream, &sent, &back)?;
                }
            }
            let mut connection = Connection {
                stream,
                turn: 0,
                sent: Instant::now(),
                answer: Vec::with_capacity(LONGEST),
            };
            connection.send(&self.words, number, &mut self.request)?;
            while !connection.receive(&mut self.words, number)? {}
            connection.stream.set_nonblocking(true).map_err(text)?;
            let data = EventData::new_u64(number as u64);
            epoll::add(&self.epoll, &connection.stream, data, EventFlags::IN).map_err(text)?;
            self.connections.push(connection);
        }
        Ok(())
    }

    /// A turn on each connection.
    fn start(&mut self) -> Result<(), String> {
        for (number, connection) in self.connections.iter_mut().enumerate() {
            connection.send(&self.words, number, &mut self.request)?;
        }
        Ok(())
    }

    /// Until so many answers have come.
    fn until(&mut self, wanted: u64) -> Result<(), String> {
        let silence = Timespec::try_from(SILENCE).map_err(|error| error.to_string())?;
        while self.answered < wanted {
            self.events.clear();
            let room = spare_capacity(&mut self.events);
            if epoll::wait(&self.epoll, room, Some(&silence)).map_err(text)? == 0 {
                return Err(format!("no answer for {} s", SILENCE.as_secs()));
            }
            for event in &self.events {
                let number = event.data.u64() as usize;
                let connection = &mut self.connections[number];
                if !connection.receive(&mut self.words, number)? {
                    continue;
                }
                let now = Instant::now();
                let latency = now.duration_since(connection.sent).as_nanos() as u64;
                let answers = self.load.pipeline as u64;
                self.histogram.record(latency, answers);
                self.answered += answers;
                connection.sent = now;
                connection.send(&self.words, number, &mut self.request)?;
            }
        }
        Ok(())
    }
}

impl Connection {
    /// The requests of the next turn. They fit into the system's buffer, which is empty.
    fn send(&mut self, words: &Words, number: usize, request: &mut Vec<u8>) -> Result<(), String> {
        request.clear();
        words.request(number, self.turn, request);
        let sent = self.stream.write(request).map_err(text)?;
        if sent < request.len() {
            return Err("the system does not take a whole request".to_owned());
        }
        Ok(())
    }

    /// Reads once. Says whether the answer is there.
    fn receive(&mut self, words: &mut Words, number: usize) -> Result<bool, String> {
        let filled = self.answer.len();
        self.answer.resize(LONGEST, 0);
        let read = self.stream.read(&mut self.answer[filled..]);
        let n = match read {
            Ok(0) => return Err("the server has closed a connection".to_owned()),
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error.to_string()),
        };
        self.answer.truncate(filled + n);
        let is_there = words.is_answer(number, self.turn, &self.answer)?;
        if is_there {
            self.answer.clear();
            self.turn += 1;
        }
        Ok(is_there)
    }
}

fn prepare(mut stream: &TcpStream, sent: &[u8], back: &[u8]) -> Result<(), String> {
    stream.write_all(sent).map_err(text)?;
    let mut got = vec![0; back.len()];
    stream.read_exact(&mut got).map_err(text)?;
    if got != back {
        return Err("the cache did not take a value".to_owned());
    }
    Ok(())
}
