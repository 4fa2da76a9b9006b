//! [`Report`]: what came of many runs, and its text.

use crate::execute::Execution;
use crate::finding::{Class, Finding};
use crate::picture;
use crate::schedule::Sched;
use crate::story::Story;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// How long one run was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) steps: u64,
    pub(crate) preemptions: usize,
}

impl Shown {
    pub(crate) fn of(run: &Execution) -> Self {
        Self {
            steps: run.steps,
            preemptions: run.preemptions(),
        }
    }

    /// This one, and what it comes from if that was another.
    fn beside(self, before: Self) -> String {
        if self == before {
            return self.to_string();
        }
        format!("{self} (from {before})")
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.preemptions == 1 { "" } else { "s" };
        write!(
            f,
            "{} steps, {} preemption{s}",
            self.steps, self.preemptions
        )
    }
}

/// What went wrong, and how to see it again.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) finding: Finding,
    pub(crate) found_by: Option<Sched>,
    /// The run that was found.
    pub(crate) before: Option<Shown>,
    /// The shortest one.
    pub(crate) after: Option<Shown>,
    /// How many runs it took to shorten it.
    pub(crate) tries: u32,
    pub(crate) token: Option<String>,
    pub(crate) story: Story,
}

impl Failure {
    pub(crate) fn bare(finding: Finding) -> Self {
        Self {
            finding,
            found_by: None,
            before: None,
            after: None,
            tries: 0,
            token: None,
            story: Story::default(),
        }
    }
}

/// What came of the runs of a program. Its `Display` is what a failing test prints.
///
/// # Examples
/// ```
/// let report = gaggle_sim::run(7, async { gaggle_rt::yield_now().await });
/// assert!(report.ok(), "{report}");
/// assert_eq!(report.schedules(), 1);
/// ```
#[derive(Clone, Debug)]
#[must_use = "whether all went well is in the report"]
pub struct Report {
    pub(crate) seed: u64,
    pub(crate) schedules: u64,
    pub(crate) steps: u64,
    pub(crate) elapsed: Duration,
    pub(crate) by_scheduler: BTreeMap<String, u64>,
    pub(crate) reached: BTreeMap<&'static str, u64>,
    pub(crate) notes: Vec<String>,
    pub(crate) failure: Option<Failure>,
    /// How the test is called, if it is one.
    pub(crate) test: Option<String>,
    /// Where the longer forms of it were written.
    pub(crate) files: Vec<String>,
    /// The whole schedule does not fit on a line: it is in this file.
    pub(crate) token_file: Option<String>,
}

impl Report {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            schedules: 0,
            steps: 0,
            elapsed: Duration::ZERO,
            by_scheduler: BTreeMap::new(),
            reached: BTreeMap::new(),
            notes: Vec::new(),
            failure: None,
            test: None,
            files: Vec::new(),
            token_file: None,
        }
    }

    /// Did nothing go wrong?
    #[must_use]
    pub fn ok(&self) -> bool {
        self.failure.is_none()
    }

    /// What went wrong. The search ends with the first finding.
    #[must_use]
    pub fn finding(&self) -> Option<&Finding> {
        self.failure.as_ref().map(|failure| &failure.finding)
    }

    /// The string that replays the shortest run that went wrong: for [`replay`](crate::replay) and for `GAGGLE_SIM=replay:..`.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.failure.as_ref()?.token.as_deref()
    }

    /// How many schedules were run, those for shortening and checking not counted.
    #[must_use]
    pub fn schedules(&self) -> u64 {
        self.schedules
    }

    /// How many steps they took: polls of goroutines and operations.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How long it took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// The seed that all schedules came from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The scheduler that found it.
    #[must_use]
    pub fn found_by(&self) -> Option<Sched> {
        self.failure.as_ref()?.found_by
    }

    /// How many preemptions the shortest schedule has: how often a goroutine that could go on lets another one run.
    #[must_use]
    pub fn preemptions(&self) -> Option<usize> {
        Some(self.failure.as_ref()?.after?.preemptions)
    }

    /// How often the place was reached (`sim::reached!`), in all schedules together.
    #[must_use]
    pub fn reached(&self, place: &str) -> u64 {
        self.reached.get(place).copied().unwrap_or(0)
    }

    /// The command that shows it again, if there is one.
    pub(crate) fn again(&self) -> Option<String> {
        let failure = self.failure.as_ref()?;
        let setting = match (&self.token_file, &failure.token) {
            (Some(file), _) => format!("replay:{file}"),
            (None, Some(token)) => format!("replay:{token}"),
            (None, None) if failure.finding.class == Class::Unreached => return None,
            (None, None) => format!("seed:{}", self.seed),
        };
        let test = self.test.as_deref().unwrap_or("<test>");
        Some(format!("GAGGLE_SIM={setting} cargo test -- {test}"))
    }

    /// How the run was found, and how long it is: for the page.
    pub(crate) fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        let Some(failure) = &self.failure else {
            return facts;
        };
        let by = failure.found_by;
        let by = by.map_or_else(String::new, |sched| format!(", found by {sched}"));
        facts.push((
            "found",
            format!("in schedule {}{by}, seed {}", self.schedules, self.seed),
        ));
        if let (Some(before), Some(after)) = (failure.before, failure.after) {
            facts.push(("schedule", after.beside(before)));
        }
        facts
    }

    /// What a scheduler has to say at the end, such as that depth-first search was complete.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schedules = match self.schedules {
            1 => "1 schedule".to_owned(),
            n => format!("{n} schedules"),
        };
        let seconds = self.elapsed.as_secs_f64();
        let Some(failure) = &self.failure else {
            write!(f, "gaggle sim: ok, {schedules} in {seconds:.3} s")?;
            for note in &self.notes {
                write!(f, "; {note}")?;
            }
            return Ok(());
        };
        write!(f, "gaggle sim: FAILED after {schedules} ({seconds:.3} s)")?;
        if let Some(sched) = failure.found_by {
            write!(f, ", found by {sched}")?;
        }
        writeln!(f, ", seed {}", self.seed)?;
        for line in failure.finding.to_string().lines() {
            writeln!(f, "  {line}")?;
        }
        if let (Some(before), Some(after)) = (failure.before, failure.after) {
            let what = if failure.tries > 0 {
                "minimal schedule"
            } else {
                "schedule"
            };
            writeln!(f, "  {what}: {}", after.beside(before))?;
            picture::text(f, &failure.story)?;
        }
        match self.again() {
            Some(again) if failure.token.is_some() => writeln!(f, "  replay:  {again}")?,
            Some(again) => writeln!(f, "  again:   {again}")?,
            None => {}
        }
        for file in &self.files {
            writeln!(f, "  picture: {file}")?;
        }
        for note in &self.notes {
            writeln!(f, "  note:    {note}")?;
        }
        Ok(())
    }
}
