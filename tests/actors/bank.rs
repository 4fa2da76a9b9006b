//! The bank of the examples, with crashes where the schedule wants them: no money is lost or made, and what was confirmed has happened once.

use gaggle::sim::Builder;

#[path = "../../examples/bank/main.rs"]
mod program;

use program::log::Log;
use program::run::run;

async fn once(log: Log, clients: u64, each: u64) {
    let outcome = run(&log, clients, each).await.unwrap();
    let checked = outcome.check(&log);
    assert!(checked.is_ok(), "{checked:?}\n{outcome}\n{log:?}");
    let answered = |story: &program::clients::Story| story.confirmed.len() as u64 + story.refused;
    let answered: u64 = outcome.stories.iter().map(answered).sum();
    assert_eq!(answered, clients * each, "every transfer has an answer");
}

#[test]
fn a_bank_whose_journal_and_ledger_crash_loses_no_money() {
    let report = Builder::new()
        .schedules(500)
        .time_limit(std::time::Duration::from_secs(60))
        .run(|| once(Log::Memory(std::sync::Arc::default()), 3, 4));
    assert!(report.ok(), "{report}");
}

#[test]
fn nor_does_it_on_real_workers() {
    let name = format!("gaggle-bank-of-tests-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    gaggle::block_on(once(Log::File(path.clone()), 8, 50));
    std::fs::remove_file(path).unwrap();
}
