//! What a report shows of a run, and the page beside it.

use gaggle::chan;
use gaggle::sim::{Builder, Class, Minimise, Report};
use gaggle::sync::Mutex;
use gaggle::time::{sleep, timeout};
use gaggle::{go, named};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Who asks gives up before the answer comes; a receiving end is kept.
async fn two_results() {
    let (tx, rx) = chan::bounded::<u32>(0);
    let keep = rx.clone();
    named("fetch").go(async move {
        sleep(ms(60)).await;
        let _ = tx.send(1).await;
    });
    assert!(timeout(ms(50), rx.recv()).await.is_err());
    sleep(ms(20)).await;
    std::mem::forget(keep);
}

/// Two take two locks in opposite order.
async fn crossed() {
    let a = Arc::new(Mutex::new(0));
    let b = Arc::new(Mutex::new(0));
    let (a2, b2) = (a.clone(), b.clone());
    let other = go(async move {
        let _b = b2.lock().await;
        let _a = a2.lock().await;
    });
    {
        let _a = a.lock().await;
        let _b = b.lock().await;
    }
    other.await.unwrap();
}

/// A search that no machine is too slow for: neither what is found nor how short it becomes is cut off by the time.
fn search() -> Builder {
    let patient = Minimise::UpTo(Duration::from_secs(60));
    Builder::new().schedules(2_000).minimise(patient)
}

/// The lines between those that say how long the schedule is and how to replay it.
fn picture(report: &Report) -> String {
    let text = report.to_string();
    let lines = text.lines().skip_while(|line| !line.contains("schedule: "));
    let lines = lines.skip(1).take_while(|line| !line.contains("replay: "));
    let lines: Vec<&str> = lines.collect();
    lines.join("\n")
}

#[test]
fn a_leak_is_drawn_with_the_clock_across_all_lanes() {
    let report = search().seed(1).run(two_results);
    println!("{report}");
    assert_eq!(report.finding().unwrap().class(), Class::Leak);
    let picture = picture(&report);
    for wanted in [
        "#1 main ",
        "#2 fetch\n",
        "-- clock: 50ms ----",
        "send c1: waits for ever  pictures.rs:2",
    ] {
        assert!(picture.contains(wanted), "{wanted}\n{picture}");
    }
    let last: Vec<&str> = picture.lines().filter(|l| l.starts_with("  =>")).collect();
    assert!(last.len() == 1 && last[0].contains("send c1"), "{picture}");
    assert!(picture.is_ascii(), "{picture}");
}

#[test]
fn a_lock_has_one_name_in_the_finding_and_in_the_picture() {
    let report = search().seed(1).run(crossed);
    println!("{report}");
    let finding = report.finding().unwrap();
    assert_eq!(finding.class(), Class::LockCycle);
    let told = finding.to_string();
    let picture = picture(&report);
    // Whoever waits for `m1` in the list of those who wait is drawn so, too.
    for lock in ["m1", "m2"] {
        let at = told.find(&format!("sync.Mutex {lock}")).unwrap();
        let before = &told[..at];
        let who: String = before[before.rfind("\n  #").unwrap() + 3..]
            .chars()
            .take(2)
            .collect();
        let lane = picture.lines().next().unwrap().find(&who).unwrap();
        let waits = format!("lock {lock}: waits for ever");
        let row = picture.lines().find(|line| line.contains(&waits)).unwrap();
        assert_eq!(row.find(&waits), Some(lane), "{report}");
    }
}

#[test]
fn a_test_that_fails_has_a_page_that_its_report_names() {
    let report = search().name("two_results").seed(1).run(two_results);
    let text = report.to_string();
    let named = text
        .lines()
        .find_map(|l| l.trim().strip_prefix("picture: "));
    let path = named.expect("a file");
    assert!(
        path.contains("two_results-") && path.split('.').next_back() == Some("html"),
        "{path}"
    );
    let page = fs::read_to_string(path).unwrap();
    let token = report.token().unwrap();
    assert!(page.contains(&format!(
        "GAGGLE_SIM=replay:{token} cargo test -- two_results"
    )));
    assert!(page.contains("tests/sim/pictures.rs:") && page.contains("1 goroutine never finished"));

    // Found once more, from elsewhere: the same file.
    let again = search().name("two_results").seed(2).run(two_results);
    assert!(again.to_string().contains(path));
}

#[test]
fn without_a_name_nothing_is_written() {
    let report = search().seed(1).run(two_results);
    assert!(!report.ok() && !report.to_string().contains("picture:"));
}
