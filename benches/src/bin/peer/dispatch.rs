//! From the names on the command line to the function that runs.

use gaggle_benches::catalogue::{BEAM, GAGGLE, GO};

use crate::actors::{Actix, Actors, GaggleActors, Kameo, Ractor, Restarts, Xtra};
use crate::channel::{AsyncChannel, Channel, Flume, Kanal, TokioMpsc};
use crate::cli::Job;
use crate::measure::Result;
use crate::rows::hog::{self, Hog};
use crate::rows::select::Select;
use crate::rows::{actors, live, select};
use crate::rows::{mutex, pairs, pool, skynet, spawn, stages, timers, tools};
use crate::runtime::{Runtime, run as run_on};
use crate::runtimes::{Gaggle, GaggleChannel, Smol, Tokio};
use crate::tools::{Ticking, Tools};
use crate::{coroutines, threads};

pub(crate) fn run(job: &Job) -> Result {
    if !job.peer.runs(job.row) {
        return Err("this peer does not run this row".to_owned());
    }
    let outcome = match job.peer.name {
        GAGGLE => alone::<Gaggle>(job)
            .or_else(|| shared::<Gaggle, GaggleChannel>(job))
            .or_else(|| selecting::<Gaggle, GaggleChannel>(job))
            .or_else(|| hogged::<Gaggle>(job))
            .or_else(|| with_tools::<Gaggle>(job))
            .or_else(|| restarting::<GaggleActors>(job)),
        "tokio" => alone::<Tokio>(job)
            .or_else(|| one_receiver::<Tokio, TokioMpsc>(job))
            .or_else(|| selecting::<Tokio, TokioMpsc>(job))
            .or_else(|| hogged::<Tokio>(job))
            .or_else(|| with_tools::<Tokio>(job)),
        "tokio+kanal" => shared::<Tokio, Kanal>(job),
        "tokio+flume" => shared::<Tokio, Flume>(job).or_else(|| selecting::<Tokio, Flume>(job)),
        "smol" => alone::<Smol>(job)
            .or_else(|| shared::<Smol, AsyncChannel>(job))
            .or_else(|| selecting::<Smol, AsyncChannel>(job))
            .or_else(|| hogged::<Smol>(job)),
        "smol+kanal" => shared::<Smol, Kanal>(job),
        "may" => Some(coroutines::run(job)),
        "threads" => Some(threads::run(job)),
        "ractor" => restarting::<Ractor>(job),
        "kameo" => restarting::<Kameo>(job),
        "actix" => restarting::<Actix>(job),
        "xtra" => acting::<Xtra>(job),
        BEAM => return Err("BEAM's rows are in its twin: see the folder `beam`".to_owned()),
        GO => return Err("Go's rows are in the Go twin: see the folder `go`".to_owned()),
        _ => None,
    };
    outcome.unwrap_or_else(|| Err("the catalogue and the program disagree".to_owned()))
}

/// The rows without channels.
fn alone<R: Runtime>(job: &Job) -> Option<Result> {
    let (workers, n) = (job.workers, job.count);
    Some(match job.row.name {
        "spawn" => run_on::<R, _>(workers, spawn::wait_group::<R>(n)),
        "spawn-handles" => run_on::<R, _>(workers, spawn::handles::<R>(n)),
        "timers" | "timers-10k" => run_on::<R, _>(workers, timers::sleepers::<R>(n)),
        "mutex" => run_on::<R, _>(workers, mutex::increments::<R>(n)),
        _ => return None,
    })
}

/// The rows whose channels have one receiver each.
fn one_receiver<R: Runtime, C: Channel>(job: &Job) -> Option<Result> {
    let (workers, n) = (job.workers, job.count);
    Some(match job.row.name {
        "ping-pong" => run_on::<R, _>(workers, pairs::ping_pong::<R, C>(n)),
        "spsc" => run_on::<R, _>(workers, pairs::spsc::<R, C>(n)),
        "ring" => run_on::<R, _>(workers, stages::ring::<R, C>(n)),
        "sieve" => run_on::<R, _>(workers, stages::sieve::<R, C>(n)),
        "skynet" => run_on::<R, _>(workers, skynet::skynet::<R, C>(n)),
        _ => return None,
    })
}

/// All rows with channels but `select4`.
fn shared<R, C>(job: &Job) -> Option<Result>
where
    R: Runtime,
    C: Channel<Receiver: Clone>,
{
    let (workers, n) = (job.workers, job.count);
    Some(match job.row.name {
        "live" => run_on::<R, _>(workers, live::parked::<R, C>(n)),
        "mpmc" => run_on::<R, _>(workers, pool::mpmc::<R, C>(128, n)),
        "mpmc0" => run_on::<R, _>(workers, pool::mpmc::<R, C>(0, n)),
        "pool" => run_on::<R, _>(workers, pool::pool::<R, C>(n)),
        _ => return one_receiver::<R, C>(job),
    })
}

/// The rows about tools, for the runtimes that have all of them.
fn with_tools<R: Tools>(job: &Job) -> Option<Result> {
    let (workers, n) = (job.workers, job.count);
    Some(match job.row.name {
        "select2" => run_on::<R, _>(workers, tools::select2::<R>(n)),
        "select8" => run_on::<R, _>(workers, tools::select8::<R>(n)),
        "select-timer" => run_on::<R, _>(workers, tools::select_timer::<R>(n)),
        "mutex1" => run_on::<R, _>(workers, tools::mutex1::<R>(n)),
        "rwlock" => run_on::<R, _>(workers, tools::rwlock::<R>(n)),
        "wait-group" => run_on::<R, _>(workers, tools::wait_group::<R>(n)),
        "context-tree" => run_on::<R, _>(workers, tools::context_tree::<R>(n)),
        "broadcast" => run_on::<R, _>(workers, tools::broadcast::<R>(n)),
        "ticker" => run_on::<R, _>(workers, tools::ticker::<R>(n)),
        "timer-churn" => run_on::<R, _>(workers, tools::timer_churn::<R>(n)),
        _ => return None,
    })
}

/// The rows in which goroutines keep their threads.
fn hogged<R: Ticking>(job: &Job) -> Option<Result> {
    let (workers, n) = (job.workers, job.count);
    let hog = match job.row.name {
        "hog-spin" => Hog::Spin,
        "hog-block" => Hog::Block,
        _ => return None,
    };
    Some(run_on::<R, _>(workers, hog::beside::<R>(hog, n)))
}

fn selecting<R: Runtime, C: Select>(job: &Job) -> Option<Result> {
    let (workers, n) = (job.workers, job.count);
    (job.row.name == "select4").then(|| run_on::<R, _>(workers, select::select4::<R, C>(n)))
}

/// Runs a row in a task of its own, so that the thread which called does nothing but wait.
fn act_on<A: Actors>(
    workers: usize,
    work: impl Future<Output = Result> + Send + 'static,
) -> Result {
    A::block_on(workers, async move { A::spawn(work).await })
}

/// The rows about actors, for libraries without supervisors that restart.
fn acting<A: Actors>(job: &Job) -> Option<Result> {
    let (workers, n) = (job.workers, job.count);
    Some(match job.row.name {
        "tell" => act_on::<A>(workers, actors::tell::<A>(n)),
        "ask" => act_on::<A>(workers, actors::ask::<A>(n)),
        "fan-in" => act_on::<A>(workers, actors::fan_in::<A>(n)),
        "actors" | "actors-1m" => act_on::<A>(workers, actors::crowd::<A>(n)),
        "actor-ring" => act_on::<A>(workers, actors::ring::<A>(n)),
        _ => return None,
    })
}

/// All rows about actors.
fn restarting<A: Restarts>(job: &Job) -> Option<Result> {
    let (workers, n) = (job.workers, job.count);
    match job.row.name {
        "crash-storm" => Some(act_on::<A>(workers, actors::storm::<A>(n))),
        _ => acting::<A>(job),
    }
}
