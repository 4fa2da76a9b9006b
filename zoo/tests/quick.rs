//! The quick form of `cargo xtask zoo`: every bug is found with one seed, and nothing in the versions without it.

use gaggle_zoo::{Entry, accept, all, measure};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What `check` says about each entry; several at a time.
fn for_all(check: impl Fn(&Entry) -> Option<String> + Sync) {
    let (entries, next, wrong) = (all(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(why) = check(entry) {
                        let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
                        wrong.push(format!("{}: {why}", entry.id));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_bug_is_found_told_as_what_it_is_and_replayed() {
    for_all(|entry| {
        let report = measure::find(entry, 1);
        let Some(finding) = report.finding() else {
            return Some(format!("not found: {report}"));
        };
        if !entry.classes.contains(&finding.class()) {
            return Some(report.to_string());
        }
        if !entry.replays() {
            return None;
        }
        let Some(token) = report.token() else {
            return Some(format!("nothing to replay: {report}"));
        };
        let times = measure::replays(entry, token, finding, 2);
        (times != 2).then(|| format!("not replayed: {report}"))
    });
}

#[test]
fn nothing_is_found_in_the_versions_without_the_bug() {
    for_all(|entry| {
        let report = measure::survives(entry, 1, 300);
        (!report.ok()).then(|| report.to_string())
    });
}

#[test]
fn the_level_of_an_entry_is_the_least_that_shows_it() {
    for_all(|entry| {
        let earlier = accept::shows_earlier(entry, 300);
        earlier.then(|| "it shows at Await".to_owned())
    });
}

#[test]
fn names_are_unique_and_entries_are_told_of() {
    let entries = all();
    for (i, entry) in entries.iter().enumerate() {
        assert!(entries[..i].iter().all(|other| other.id != entry.id));
        assert!(!entry.about.is_empty() && !entry.source.is_empty() && !entry.classes.is_empty());
    }
}
