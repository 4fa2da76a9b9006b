//! `cargo xtask beam`: runs all scenarios on both sides, and prints what differs.

#![forbid(unsafe_code)]

use gaggle_oracle::beam::Beam;
use gaggle_oracle::scenario::{Scenario, parse};
use gaggle_oracle::{NAMED, compare, crowd, logs, random};
use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "Usage: cargo xtask beam [options] [scenarios]

Runs the scenarios of tests/oracle/scenarios.txt and trees and crowds at random on gaggle and on a BEAM, and prints what differs: nothing.

  --trees N   so many trees at random (1000), and as many crowds; none if scenarios are named
  --seed S    the seed of the first one (1)
  --show      print the logs of the BEAM, too
  --bless     write what the BEAM says of the named scenarios into tests/oracle/golden.txt";

/// Under so many schedules gaggle must say the same.
const SCHEDULES: u64 = 20;
/// For trees at random.
const SCHEDULES_OF_TREES: u64 = 3;
/// So many differences are shown.
const SHOWN: usize = 5;

struct Options {
    trees: u64,
    seed: u64,
    show: bool,
    bless: bool,
    names: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(options) = options(&arguments) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match oracle(&options) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options(arguments: &[String]) -> Option<Options> {
    let mut options = Options {
        trees: 1000,
        seed: 1,
        show: false,
        bless: false,
        names: Vec::new(),
    };
    let mut trees = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--trees" => trees = Some(rest.next()?.parse().ok()?),
            "--seed" => options.seed = rest.next()?.parse().ok()?,
            "--show" => options.show = true,
            "--bless" => options.bless = true,
            option if option.starts_with('-') => return None,
            name => options.names.push(name.to_owned()),
        }
    }
    if !options.names.is_empty() {
        options.trees = 0;
    }
    options.trees = trees.unwrap_or(options.trees);
    Some(options)
}

/// Gives the number of differences.
fn oracle(options: &Options) -> io::Result<usize> {
    let began = Instant::now();
    // Otherwise each supervisor that gives up is a line.
    let _quiet = gaggle::actor::on_death(|_| {});
    let mut named = parse(NAMED);
    if !options.names.is_empty() {
        named.retain(|scenario| options.names.contains(&scenario.name));
    }
    let seeds = options.seed..options.seed + options.trees;
    let random = seeds.flat_map(|seed| parse(&(random::tree(seed) + &crowd::crowd(seed))));
    let count = named.len();
    let all: Vec<Scenario> = named.into_iter().chain(random).collect();
    let text: String = all.iter().map(|scenario| scenario.text.as_str()).collect();
    let said = Beam::prepare()?.logs(&text)?;
    let theirs: BTreeMap<&str, String> = compare::split(&said).into_iter().collect();
    let on_beam = began.elapsed();
    let (mut differences, mut golden) = (0, String::new());
    for (index, scenario) in all.iter().enumerate() {
        let log = theirs.get(scenario.name.as_str());
        let log = compare::normal(scenario, log.map_or("", String::as_str));
        if index < count {
            golden += &log;
        }
        if options.show {
            print!("{log}");
        }
        let few = if index < count {
            SCHEDULES
        } else {
            SCHEDULES_OF_TREES
        };
        let ours = logs(scenario, few);
        let unequal = ours.iter().find_map(|own| compare::difference(own, &log));
        if let Some(unequal) = unequal {
            differences += 1;
            if differences <= SHOWN {
                println!("\n{}\n{unequal}", scenario.text);
            }
        }
    }
    if options.bless && options.names.is_empty() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden.txt");
        std::fs::write(path, golden)?;
    }
    println!(
        "scenarios {count}, random trees {0}, random crowds {0} from seed {1}, differences {differences} ({2:.1} s on the BEAM, {3:.1} s all told)",
        options.trees,
        options.seed,
        on_beam.as_secs_f64(),
        began.elapsed().as_secs_f64(),
    );
    Ok(differences)
}
