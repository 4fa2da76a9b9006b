//! What a BEAM has said of the scenarios that have names is what gaggle says, under each of many schedules.
//!
//! `golden.txt` is written by `cargo xtask beam --bless`; no Erlang is needed here.

use gaggle_oracle::scenario::parse;
use gaggle_oracle::{NAMED, compare, logs};
use std::collections::{BTreeMap, BTreeSet};

const GOLDEN: &str = include_str!("../golden.txt");

/// Under so many schedules.
const SCHEDULES: u64 = 50;

fn golden() -> BTreeMap<&'static str, String> {
    compare::split(GOLDEN).into_iter().collect()
}

#[test]
fn each_scenario_has_a_log_of_the_beam_and_each_log_a_scenario() {
    let named = parse(NAMED);
    let names: BTreeSet<&str> = named.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names.len(), named.len(), "two scenarios have one name");
    assert_eq!(names, golden().into_keys().collect());
}

#[test]
fn gaggle_says_what_a_beam_has_said() {
    let _quiet = gaggle::actor::on_death(|_| {});
    let golden = golden();
    let mut failed = String::new();
    for scenario in parse(NAMED) {
        let beam = &golden[scenario.name.as_str()];
        let ours = logs(&scenario, SCHEDULES);
        assert!(!ours.is_empty(), "{} has no log", scenario.name);
        for log in ours {
            failed += &compare::difference(&log, beam).unwrap_or_default();
        }
    }
    assert!(failed.is_empty(), "\n{failed}");
}
