//! `cargo xtask zoo`: looks for every bug of the zoo, and checks what must hold.

#![forbid(unsafe_code)]

use gaggle::sim::Class;
use gaggle_zoo::accept::{self, Outcome, Plan};
use gaggle_zoo::{Entry, all, entry, measure, table};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const USAGE: &str = "Usage: cargo xtask zoo [options] [entries]
       cargo xtask zoo show ENTRY

Looks for the bugs of these entries, or of all, and checks what the README of the zoo lists.

  --markdown     the table in Markdown
  --bless        write the golden files anew
  --times        say where the time went
  --seeds N      so many base seeds (100)
  --from N       the first of them (1: the expected reports are those of this one)
  --fresh N      replays in so many processes of their own, four times in each (25)
  --schedules N  the fixed versions survive so many (50000)
  --jobs N       so many entries at once (eight for each CPU: they wait more than they work)

`show` prints the report of one search.";

/// The whole zoo may take so long.
const LIMIT: Duration = Duration::from_secs(60);

struct Options {
    plan: Plan,
    markdown: bool,
    times: bool,
    jobs: usize,
    entries: Vec<Entry>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["replay", id] => with(id, |entry| println!("{}", measure::replay_here(entry))),
        ["show", id] => with(id, |entry| println!("{}", measure::find(entry, 1))),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => match options(&words) {
            Ok(options) => zoo(&options),
            Err(why) => {
                eprintln!("error: {why}\n\n{USAGE}");
                ExitCode::from(2)
            }
        },
    }
}

fn with(id: &str, f: impl FnOnce(&Entry)) -> ExitCode {
    let Some(entry) = entry(id) else {
        eprintln!("error: there is no entry `{id}`");
        return ExitCode::from(2);
    };
    f(&entry);
    ExitCode::SUCCESS
}

fn options(words: &[&str]) -> Result<Options, String> {
    let cpus = std::thread::available_parallelism().map_or(2, usize::from);
    let mut options = Options {
        plan: Plan::default(),
        markdown: false,
        times: false,
        jobs: cpus * 8,
        entries: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let text = words.next().ok_or(format!("`{word}` needs a number"))?;
            let number = text.parse::<u32>();
            number.map_err(|_| format!("`{word} {text}`: that is no number"))
        };
        match *word {
            "--markdown" => options.markdown = true,
            "--times" => options.times = true,
            "--bless" => options.plan.bless = true,
            "--seeds" => options.plan.seeds = u64::from(number()?.max(1)),
            "--from" => options.plan.from = u64::from(number()?),
            "--fresh" => options.plan.fresh = number()?,
            "--schedules" => options.plan.survives = u64::from(number()?),
            "--jobs" => options.jobs = number()?.max(1) as usize,
            id => match entry(id) {
                Some(entry) => options.entries.push(entry),
                None => return Err(format!("`{id}` is neither an option nor an entry")),
            },
        }
    }
    Ok(options)
}

fn zoo(options: &Options) -> ExitCode {
    let begin = Instant::now();
    let is_whole = options.entries.is_empty();
    let entries = if is_whole {
        all()
    } else {
        options.entries.clone()
    };
    let outcomes = check_all(&entries, options);
    let took = begin.elapsed();
    if options.markdown {
        println!("{}", table::markdown(&outcomes));
    } else {
        println!("{}", table::text(&outcomes));
    }
    if options.times {
        println!("\n{}", table::times(&outcomes));
    }
    let mut problems = accept::problems(&outcomes);
    if is_whole && took > LIMIT {
        problems.push(format!("(f) it took longer than {LIMIT:?}"));
    }
    println!(
        "\n{} entries in {:.1} s, {} problems",
        outcomes.len(),
        took.as_secs_f64(),
        problems.len()
    );
    for problem in &problems {
        println!("\n{problem}");
    }
    if problems.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Several at a time; the outcomes are in the order of the entries.
fn check_all(entries: &[Entry], options: &Options) -> Vec<Outcome> {
    // Those first that take real time.
    let mut order: Vec<&Entry> = entries.iter().collect();
    order.sort_by_key(|entry| !entry.classes.contains(&Class::Stuck));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while let Some(entry) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = accept::check(entry, &options.plan);
                    if let Ok(mut done) = done.lock() {
                        done.push(outcome);
                    }
                }
            });
        }
    });
    let mut outcomes = done.into_inner().unwrap_or_default();
    let place = |outcome: &Outcome| entries.iter().position(|e| e.id == outcome.entry.id);
    outcomes.sort_by_key(place);
    outcomes
}
