//! Processes that link, monitor, call and exit as they are told, on gaggle.

use crate::scenario::number;
use crate::world::{World, exit, lock, word};
use gaggle::actor::{
    Actor, Addr, AskError, Ctx, Exit, MonitorId, MonitorRef, Reply, Signal, spawn,
};
use gaggle::chan::{Receiver, Sender, unbounded};
use gaggle::time::sleep;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

type Deed = Box<dyn FnOnce(&mut Peer, &mut Ctx<Peer>) -> Result<(), Exit> + Send>;
type Work = Pin<Box<dyn Future<Output = String> + Send>>;

/// What a process can be told, or asked.
pub(crate) enum Say {
    /// Do this.
    Do(Deed),
    /// Wait for this, and note what it gives, if anything.
    Await(Work),
    /// A text.
    Text(String),
    /// Answer, as the text says.
    Ask(String, Reply<String>),
    /// Answer this in the place of another.
    Answer(Reply<String>),
}

/// Its name, whether it traps exits, what frees it when it is held.
pub(crate) struct Part {
    name: String,
    trap: bool,
    world: Arc<World>,
}

/// A process that does as it is told.
pub(crate) struct Peer {
    part: Arc<Part>,
    monitors: BTreeMap<String, MonitorRef>,
    kept: Vec<Reply<String>>,
}

impl Peer {
    fn say(&self, line: &str) {
        self.part.world.note(format!("{} {line}", self.part.name));
    }

    fn key(&self, id: MonitorId) -> &str {
        let mut all = self.monitors.iter();
        let found = all.find(|(_, monitor)| monitor.id() == id);
        found.map_or("unknown", |(key, _)| key)
    }

    fn serve(&mut self, what: &str, reply: Reply<String>, cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match what.split_once(':') {
            Some(("late", time)) => {
                let time = Duration::from_millis(number(time).into());
                cx.pipe(sleep(time), move |()| reply.send("late".to_owned()));
            }
            Some(("via", other)) => {
                let other = lock(&self.part.world.peers).get(other).cloned();
                if let Some(other) = other {
                    drop(other.try_send(Say::Answer(reply)));
                }
            }
            Some(("leave", reason)) => return Err(exit(reason)),
            _ if what == "echo" => reply.send("ok".to_owned()),
            _ => self.kept.push(reply),
        }
        Ok(())
    }
}

impl Actor for Peer {
    type Args = Arc<Part>;
    type Msg = Say;

    async fn init(part: &Arc<Part>, cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        cx.trap_exits(part.trap);
        Ok(Self {
            part: part.clone(),
            monitors: BTreeMap::new(),
            kept: Vec::new(),
        })
    }

    async fn handle(&mut self, say: Say, cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match say {
            Say::Do(deed) => return deed(self, cx),
            Say::Await(work) => {
                let line = work.await;
                if !line.is_empty() {
                    self.say(&line);
                }
            }
            Say::Text(text) => self.say(&format!("gets {text}")),
            Say::Ask(what, reply) => return self.serve(&what, reply, cx),
            Say::Answer(reply) => reply.send("ok".to_owned()),
        }
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, _: &mut Ctx<Self>) -> Result<(), Exit> {
        let world = &self.part.world;
        match signal {
            Signal::Exit { from, reason } => {
                let from = world.name_of(Some(from));
                self.say(&format!("hears exit({from} {})", word(&reason)));
            }
            Signal::Down {
                monitor,
                pid,
                name,
                reason,
            } => {
                let who = name.map_or_else(|| world.name_of(pid), |name| name.to_string());
                let key = self.key(monitor);
                self.say(&format!("hears down({key} {who} {})", word(&reason)));
            }
            other => self.say(&format!("hears {other:?}")),
        }
        Ok(())
    }
}

/// Does one step, and says what came of it.
///
/// # Panics
/// When there is no such step.
pub(crate) async fn step(world: &Arc<World>, verb: &str, words: &[&str]) -> Option<String> {
    match (verb, words) {
        ("proc", [name, how @ ..]) => return Some(begin(world, name, how).await),
        ("exits", [p, first, second]) => {
            let p = peer(world, p).await;
            p.exit(&exit(first));
            p.exit(&exit(second));
        }
        ("hold", [p]) => {
            let (free, freed): (Sender<()>, Receiver<()>) = unbounded();
            lock(&world.holds).insert((*p).to_owned(), free);
            let work = async move {
                let _ = freed.recv().await;
                String::new()
            };
            tell(world, p, Say::Await(Box::pin(work))).await;
        }
        ("free", [p]) => drop(lock(&world.holds).remove(*p)),
        ("call", [p, q, what, time]) => {
            let whom = Some(peer(world, q).await);
            call(world, p, q, whom, what, time).await;
        }
        ("call_name", [p, alias, what, time]) => {
            let whom = world.registry.find::<Say>(alias);
            call(world, p, alias, whom, what, time).await;
        }
        ("join", [p, group]) => drop(world.groups.join(group, &peer(world, p).await)),
        ("part", [p, group]) => {
            let left = world.groups.leave(group, &peer(world, p).await);
            return Some(if left.is_ok() { "ok" } else { "not_joined" }.to_owned());
        }
        ("members", [group]) => {
            let members = world.groups.members(group);
            let pids = members.iter().map(|member| Some(member.pid()));
            let mut names: Vec<String> = pids.map(|pid| world.name_of(pid)).collect();
            names.sort();
            return Some(format!("[{}]", names.join(" ")));
        }
        (verb, [p, rest @ ..]) => {
            let deed = deed(world, verb, rest).await;
            tell(world, p, Say::Do(deed)).await;
        }
        (verb, []) => panic!("there is no step `{verb}`"),
    }
    None
}

/// What a process does in one of its handlers.
async fn deed(world: &Arc<World>, verb: &str, words: &[&str]) -> Deed {
    match (verb, words) {
        ("trap", []) => Box::new(|_, cx| {
            cx.trap_exits(true);
            Ok(())
        }),
        ("leave", [reason]) => {
            let exit = exit(reason);
            Box::new(|_, _| Err(exit))
        }
        ("link_name", [alias]) => {
            let (world, alias) = (world.clone(), (*alias).to_owned());
            Box::new(move |_, cx| {
                cx.link_name(&world.registry, &alias);
                Ok(())
            })
        }
        ("monitor_name", [alias, key]) => {
            let (world, alias, key) = (world.clone(), (*alias).to_owned(), (*key).to_owned());
            Box::new(move |me, cx| {
                let monitor = cx.monitor_name(&world.registry, &alias);
                me.monitors.insert(key, monitor);
                Ok(())
            })
        }
        ("demonitor", [key]) => {
            let key = (*key).to_owned();
            Box::new(move |me, _| {
                let active = me.monitors.get(&key).is_some_and(MonitorRef::cancel);
                me.say(&format!("demonitor {key} {active}"));
                Ok(())
            })
        }
        (verb, [q, rest @ ..]) => {
            let q = peer(world, q).await;
            deed_to(verb, q, rest)
        }
        (verb, []) => panic!("there is no step `{verb}`"),
    }
}

/// What it does with another.
fn deed_to(verb: &str, q: Addr<Say>, words: &[&str]) -> Deed {
    let mut texts: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    match verb {
        "link" => Box::new(move |_, cx| {
            cx.link(&q);
            Ok(())
        }),
        "unlink" => Box::new(move |_, cx| {
            cx.unlink(&q);
            Ok(())
        }),
        "monitor" => Box::new(move |me, cx| {
            me.monitors.insert(texts.remove(0), cx.monitor(&q));
            Ok(())
        }),
        "exit" => {
            let exit = exit(words[0]);
            Box::new(move |_, _| {
                q.exit(&exit);
                Ok(())
            })
        }
        "tell" => Box::new(move |_, _| {
            send(&q, texts);
            Ok(())
        }),
        "tell_and_leave" => {
            let exit = exit(&texts.remove(0));
            Box::new(move |_, _| {
                send(&q, texts);
                Err(exit)
            })
        }
        other => panic!("there is no step `{other}`"),
    }
}

fn send(q: &Addr<Say>, texts: Vec<String>) {
    for text in texts {
        // One that is gone need not be told.
        drop(q.try_send(Say::Text(text)));
    }
}

async fn begin(world: &Arc<World>, name: &str, how: &[&str]) -> String {
    let part = Arc::new(Part {
        name: name.to_owned(),
        trap: how.contains(&"trap"),
        world: world.clone(),
    });
    let mut start = spawn::<Peer>(part);
    for alias in how.iter().filter_map(|word| word.strip_prefix("name=")) {
        start = start.name(&world.registry, alias);
    }
    let Ok(addr) = start.await else {
        return "taken".to_owned();
    };
    lock(&world.names).insert(addr.pid(), name.to_owned());
    lock(&world.peers).insert(name.to_owned(), addr.clone());
    let (world, name) = (world.clone(), name.to_owned());
    drop(gaggle::go(async move {
        let line = format!("{name} ends({})", word(&addr.exited().await));
        world.note(line);
    }));
    "ok".to_owned()
}

/// The process of that name; one that is gone if there is none.
async fn peer(world: &Arc<World>, name: &str) -> Addr<Say> {
    let found = lock(&world.peers).get(name).cloned();
    if let Some(addr) = found {
        return addr;
    }
    let part = Arc::new(Part {
        name: name.to_owned(),
        trap: false,
        world: world.clone(),
    });
    let Ok(addr) = spawn::<Peer>(part).await else {
        panic!("a process did not start");
    };
    addr.stop().await;
    addr
}

async fn tell(world: &Arc<World>, name: &str, say: Say) {
    // One that is gone need not be told.
    drop(peer(world, name).await.try_send(say));
}

async fn call(
    world: &Arc<World>,
    p: &str,
    shown: &str,
    whom: Option<Addr<Say>>,
    what: &str,
    time: &str,
) {
    let (shown, what) = (shown.to_owned(), what.to_owned());
    let limit = (time != "never").then(|| Duration::from_millis(number(time).into()));
    let work = async move {
        let Some(whom) = whom else {
            return format!("called {shown}: noproc");
        };
        let asking = whom.ask(|reply| Say::Ask(what, reply));
        let answer = match limit {
            Some(limit) => asking.deadline(limit).await,
            None => asking.no_deadline().await,
        };
        let got = match answer {
            Ok(text) => text,
            Err(AskError::NoProc) => "noproc".to_owned(),
            Err(AskError::Died(exit)) => word(&exit),
            Err(AskError::Timeout) => "timeout".to_owned(),
            // OTP knows it of a call to oneself only.
            Err(AskError::Cycle(_)) => "calling_self".to_owned(),
            Err(other) => other.to_string(),
        };
        format!("called {shown}: {got}")
    };
    tell(world, p, Say::Await(Box::pin(work))).await;
}

/// Kills all that are left.
pub(crate) async fn close(world: &World) {
    let peers = std::mem::take(&mut *lock(&world.peers));
    // All at once: none hears of another's end.
    for addr in peers.values() {
        addr.kill();
    }
    for addr in peers.values() {
        addr.exited().await;
    }
    lock(&world.holds).clear();
}
