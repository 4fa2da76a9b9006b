//! Supervision trees on gaggle, as scenarios describe them.

use crate::scenario::{Kind, Scenario, Spec, number};
use crate::world::{World, exit, lock, word};
use gaggle::actor::{
    Actor, AddError, Addr, AutoShutdown, Child, ChildState, Control, Ctx, Dynamic, Exit, Restart,
    Shutdown, StartError, Strategy, Supervisor,
};
use gaggle::sim::settle;
use gaggle::time::sleep;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

/// What a worker can be told: to end.
pub(crate) struct Tell(Exit);

/// What a worker is, and where it notes what happens to it.
pub(crate) struct Role {
    spec: Spec,
    world: Arc<World>,
}

/// A worker that notes its start and its end, and ends as it is told.
pub(crate) struct Worker(Arc<Role>);

impl Actor for Worker {
    type Args = Arc<Role>;
    type Msg = Tell;

    async fn init(role: &Arc<Role>, cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        let name = &role.spec.name;
        let slow = role.spec.millis("slow", 0);
        if !slow.is_zero() {
            sleep(slow).await;
        }
        let world = &role.world;
        match outcome(world.counted(name), role.spec.get("starts", ".")) {
            'x' => {
                world.note(format!("{name} fails"));
                return Err(Exit::error("boom"));
            }
            's' => {
                world.note(format!("{name} fails"));
                return Err(Exit::shutdown());
            }
            'i' => {
                world.note(format!("{name} declines"));
                return Err(Exit::Ignore);
            }
            _ => {}
        }
        lock(&world.names).insert(cx.pid(), name.clone());
        lock(&world.workers).insert(name.clone(), cx.addr());
        world.note(format!("start {name}"));
        Ok(Self(role.clone()))
    }

    async fn handle(&mut self, tell: Tell, _: &mut Ctx<Self>) -> Result<(), Exit> {
        Err(tell.0)
    }

    async fn terminate(&mut self, reason: &Exit, _: &mut Ctx<Self>) {
        let Role { spec, world } = &*self.0;
        world.note(format!("stop {}({})", spec.name, word(reason)));
        match spec.get("terminates", "quick") {
            "quick" => {}
            "never" => pending().await,
            "crash" => panic!("late"),
            _ => {
                sleep(spec.millis("terminates", 0)).await;
                world.note(format!("stopped {}", spec.name));
            }
        }
    }
}

/// One letter a start; with a `*` at the end the last one goes on.
fn outcome(count: usize, starts: &str) -> char {
    let letters: Vec<char> = starts.trim_end_matches('*').chars().collect();
    match letters.get(count - 1) {
        Some(letter) => *letter,
        None if starts.ends_with('*') => letters[letters.len() - 1],
        None => '.',
    }
}

fn restart(word: &str) -> Restart {
    match word {
        "transient" => Restart::Transient,
        "temporary" => Restart::Temporary,
        _ => Restart::Permanent,
    }
}

fn shutdown(spec: &Spec) -> Shutdown {
    match spec.get("stop", "5000") {
        "wait" => Shutdown::Wait,
        "kill" => Shutdown::Kill,
        limit => Shutdown::After(Duration::from_millis(number(limit).into())),
    }
}

/// A scenario and its world: describes supervisors.
#[derive(Clone)]
struct Grower {
    world: Arc<World>,
    scenario: Arc<Scenario>,
}

impl Grower {
    fn window(spec: &Spec) -> (u32, Duration) {
        let within = Duration::from_secs(spec.number("within", 5).into());
        (spec.number("max", 3), within)
    }

    fn role(&self, spec: &Spec) -> Arc<Role> {
        Arc::new(Role {
            spec: spec.clone(),
            world: self.world.clone(),
        })
    }

    fn control(&self, name: &str) -> Control {
        let mut sups = lock(&self.world.sups);
        let control = sups.entry(name.to_owned());
        control.or_insert_with(|| Control::new(name)).clone()
    }

    fn sup(&self, spec: &Spec) -> Supervisor {
        self.world.note(format!("begin {}", spec.name));
        let (max, within) = Self::window(spec);
        let strategy = match spec.get("strategy", "one_for_one") {
            "one_for_all" => Strategy::OneForAll,
            "rest_for_one" => Strategy::RestForOne,
            _ => Strategy::OneForOne,
        };
        let auto = match spec.get("auto", "never") {
            "any" => AutoShutdown::AnySignificant,
            "all" => AutoShutdown::AllSignificant,
            _ => AutoShutdown::Never,
        };
        let sup = Supervisor::new(strategy)
            .intensity(max, within)
            .auto_shutdown(auto)
            .control(&self.control(&spec.name));
        let specs = &self.scenario.specs;
        let kids = specs.iter().filter(|kid| kid.get("in", "") == spec.name);
        kids.fold(sup, |sup, kid| sup.child(self.child(kid)))
    }

    fn child(&self, spec: &Spec) -> Child {
        let child = match spec.kind {
            Kind::Worker => Child::from(Child::of::<Worker>(&spec.name, self.role(spec))),
            Kind::Sup => {
                let (grower, own) = (self.clone(), spec.clone());
                Child::supervisor(&spec.name, move || grower.sup(&own))
            }
            Kind::Dynamic => {
                let (max, within) = Self::window(spec);
                let pool = Dynamic::<Worker>::new()
                    .restart(restart(spec.get("each", "permanent")))
                    .intensity(max, within);
                let child = Child::dynamic(&spec.name, &pool);
                lock(&self.world.sups).insert(spec.name.clone(), pool.control().clone());
                lock(&self.world.pools).insert(spec.name.clone(), pool);
                child
            }
        };
        let child = child
            .restart(restart(spec.get("restart", "permanent")))
            .shutdown(shutdown(spec));
        match spec.get("significant", "false") {
            "true" => child.significant(),
            _ => child,
        }
    }
}

/// Does one step, and says what came of it. `None`: it is no step of trees.
pub(crate) async fn step(
    world: &Arc<World>,
    scenario: &Arc<Scenario>,
    verb: &str,
    words: &[&str],
) -> Option<Option<String>> {
    let grower = Grower {
        world: world.clone(),
        scenario: scenario.clone(),
    };
    let result = match (verb, words) {
        ("boot", []) => Some(boot(&grower).await),
        ("crash", [name]) => tell(world, name, exit("crash")),
        ("end", [name, reason]) => tell(world, name, exit(reason)),
        ("kill", [name]) => kill(world, name),
        ("stop_child" | "restart_child" | "delete_child", [sup, name]) => {
            Some(by_hand(world, verb, sup, name).await)
        }
        ("add", rest) => {
            let words: Vec<String> = rest.iter().map(|word| (*word).to_owned()).collect();
            Some(add(&grower, &Spec::parse(&words)).await)
        }
        ("start_dynamic", [sup, name, rest @ ..]) => {
            let mut words = vec!["worker".to_owned(), (*name).to_owned()];
            words.extend(rest.iter().map(|word| (*word).to_owned()));
            Some(start_dynamic(&grower, sup, &Spec::parse(&words)).await)
        }
        ("stop_dynamic", [sup, name]) => Some(stop_dynamic(world, sup, name).await),
        ("wait", [time]) => {
            sleep(Duration::from_millis(number(time).into())).await;
            None
        }
        ("down", []) => Some(down(world).await.unwrap_or_else(nobody)),
        ("close", []) => {
            down(world).await;
            lock(&world.ended).take();
            // Those whose supervisor was killed may still be ending.
            settle().await;
            crate::procs::close(world).await;
            None
        }
        _ => return None,
    };
    Some(result)
}

fn nobody() -> String {
    "nobody".to_owned()
}

async fn boot(grower: &Grower) -> String {
    let root = grower.sup(&grower.scenario.specs[0]);
    match root.start().await {
        Ok(running) => {
            *lock(&grower.world.root) = Some(running);
            "ok".to_owned()
        }
        Err(StartError::Child { id, why }) => format!("failed {id} {}", word(&why)),
        Err(_) => "invalid".to_owned(),
    }
}

fn tell(world: &World, name: &str, exit: Exit) -> Option<String> {
    let addr = lock(&world.workers).get(name).cloned();
    match addr.filter(Addr::is_alive) {
        Some(addr) if addr.try_send(Tell(exit)).is_ok() => None,
        _ => Some(nobody()),
    }
}

fn kill(world: &World, name: &str) -> Option<String> {
    let sup = lock(&world.sups).get(name).cloned();
    let worker = lock(&world.workers).get(name).cloned();
    let peer = lock(&world.peers).get(name).cloned();
    let killed = sup.is_some_and(|sup| sup.kill())
        || worker.is_some_and(|addr| addr.kill())
        || peer.is_some_and(|addr| addr.kill());
    (!killed).then(nobody)
}

/// The supervisor of that name, if it runs.
fn sup(world: &World, name: &str) -> Option<Control> {
    let sup = lock(&world.sups).get(name).cloned();
    sup.filter(|sup| sup.pid().is_some())
}

async fn by_hand(world: &World, verb: &str, name: &str, child: &str) -> String {
    let Some(sup) = sup(world, name) else {
        return nobody();
    };
    let done = match verb {
        "stop_child" => sup.stop_child(child).await,
        "restart_child" => sup.restart_child(child).await,
        _ => sup.delete_child(child).await,
    };
    match done {
        Err(AddError::AlreadyStarted) => "running".to_owned(),
        other => said(&other),
    }
}

fn said(done: &Result<(), AddError>) -> String {
    match done {
        Ok(()) => "ok".to_owned(),
        Err(AddError::AlreadyStarted) => "already_started".to_owned(),
        Err(AddError::AlreadyPresent) => "already_present".to_owned(),
        Err(AddError::NotFound) => "not_found".to_owned(),
        Err(AddError::Restarting) => "restarting".to_owned(),
        Err(AddError::Failed(exit)) => format!("failed {}", word(exit)),
        Err(AddError::Invalid(_)) => "invalid".to_owned(),
        Err(_) => "gone".to_owned(),
    }
}

async fn add(grower: &Grower, spec: &Spec) -> String {
    match sup(&grower.world, spec.get("in", "")) {
        Some(sup) => said(&sup.add(grower.child(spec)).await),
        None => nobody(),
    }
}

async fn start_dynamic(grower: &Grower, name: &str, spec: &Spec) -> String {
    let pool = lock(&grower.world.pools).get(name).cloned();
    let Some(pool) = pool.filter(|pool| pool.control().pid().is_some()) else {
        return nobody();
    };
    match pool.start(grower.role(spec)).await {
        // OTP says `{ok, undefined}`.
        Ok(_) | Err(AddError::Failed(Exit::Ignore)) => "ok".to_owned(),
        Err(why) => said(&Err(why)),
    }
}

async fn stop_dynamic(world: &World, name: &str, child: &str) -> String {
    let pool = lock(&world.pools).get(name).cloned();
    let addr = lock(&world.workers).get(child).cloned();
    match (pool, addr) {
        (Some(pool), Some(addr)) if pool.control().pid().is_some() => said(&pool.stop(&addr).await),
        _ => nobody(),
    }
}

async fn down(world: &World) -> Option<String> {
    let root = lock(&world.root).take()?;
    let ended = match root.shutdown().await {
        Ok(()) => "shutdown".to_owned(),
        Err(exit) => word(&exit),
    };
    *lock(&world.ended) = Some(ended.clone());
    Some(ended)
}

/// All that runs, as supervisors list it; how the root has ended, if it just has.
pub(crate) async fn state(world: &World, scenario: &Scenario) -> Option<String> {
    if let Some(ended) = lock(&world.ended).take() {
        return Some(format!("down {ended}"));
    }
    loop {
        let root = lock(&world.root).take()?;
        if !root.is_alive() {
            return Some(format!("down {}", word(&root.exited().await)));
        }
        *lock(&world.root) = Some(root);
        if let Some(tree) = tree(world, &scenario.specs[0].name).await {
            return Some(tree);
        }
        // Somebody takes his time to start or to stop. OTP's supervisors answer when that is over.
        sleep(Duration::from_millis(1)).await;
        settle().await;
    }
}

async fn tree(world: &World, name: &str) -> Option<String> {
    let sup = sup(world, name)?;
    let children = sup.children().await.ok()?;
    let counts = sup.count().await.ok()?;
    let mut shown = Vec::new();
    let dynamic = lock(&world.pools).contains_key(name);
    for child in children {
        let Some(id) = &child.id else {
            shown.push(world.name_of(child.pid));
            continue;
        };
        shown.push(match child.state {
            ChildState::Up if child.supervisor => {
                format!("{id}{}", Box::pin(tree(world, id)).await?)
            }
            ChildState::Up => id.to_string(),
            ChildState::Stopped => format!("{id}-"),
            ChildState::Restarting => format!("{id}?"),
            _ => return None,
        });
    }
    if dynamic {
        // OTP counts the template, too.
        shown.sort();
        return Some(format!("[{}]/{}", shown.join(" "), counts.active));
    }
    Some(format!(
        "[{}]/{}/{}/{}/{}",
        shown.join(" "),
        counts.specs,
        counts.active,
        counts.supervisors,
        counts.workers
    ))
}
