//! Goroutines that look after others, as a tree.
//!
//! This file must not know why they do.

use super::about::About;
use super::dump::{Dump, Goroutine};
use std::collections::BTreeMap;
use std::fmt;

/// How many are shown under one.
const SHOWN: usize = 16;

/// Who looks after whom: the `Display` of this is a tree. See [`Dump::tree`].
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    dump: &'a Dump,
}

impl Dump {
    /// Who looks after whom, as text: supervisors and their children, each with its goroutine's number. Nothing, if nobody does.
    #[must_use]
    pub fn tree(&self) -> Tree<'_> {
        Tree { dump: self }
    }
}

impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for runtime in &self.dump.runtimes {
            one_runtime(f, &runtime.goroutines)?;
        }
        Ok(())
    }
}

type Children<'a> = BTreeMap<u64, Vec<(&'a Goroutine, &'a About)>>;

/// The trees of one runtime.
pub(super) fn one_runtime(f: &mut fmt::Formatter<'_>, goroutines: &[Goroutine]) -> fmt::Result {
    let all: BTreeMap<u64, (&Goroutine, &About)> = goroutines
        .iter()
        .filter_map(|g| Some((g.id, (g, g.about.as_ref()?))))
        .collect();
    let mut children = Children::new();
    let mut roots = Vec::new();
    for &(g, about) in all.values() {
        match about.under {
            Some(under) if all.contains_key(&under) => {
                children.entry(under).or_default().push((g, about));
            }
            _ => roots.push((g, about)),
        }
    }
    for mine in children.values_mut() {
        mine.sort_by_key(|(_, about)| (about.place, about.number));
    }
    // Each is under one at most, so nobody is met twice on the way down from a root.
    for (g, about) in roots {
        if children.contains_key(&g.id) {
            line(f, g, about)?;
            under(f, &children, g.id, "")?;
        }
    }
    Ok(())
}

fn under(
    f: &mut fmt::Formatter<'_>,
    children: &Children<'_>,
    id: u64,
    before: &str,
) -> fmt::Result {
    let Some(mine) = children.get(&id) else {
        return Ok(());
    };
    for (at, (g, about)) in mine.iter().take(SHOWN).enumerate() {
        let last = at + 1 == mine.len();
        write!(f, "{before}{}", if last { "`- " } else { "|- " })?;
        line(f, g, about)?;
        let next = format!("{before}{}", if last { "   " } else { "|  " });
        under(f, children, g.id, &next)?;
    }
    match mine.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(f, "{before}`- .. and {more} more"),
    }
}

fn line(f: &mut fmt::Formatter<'_>, g: &Goroutine, about: &About) -> fmt::Result {
    let title = about.name.as_deref().or(about.of.as_deref());
    match title {
        Some(title) => write!(f, "{title} ({} {})", about.kind, g.id)?,
        None => write!(f, "{} {}", about.kind, g.id)?,
    }
    if !about.idle {
        write!(f, ", {}", about.doing)?;
    }
    // A limit says nothing without what it limits.
    let figures = about.figures.iter();
    for (name, n) in figures.filter(|(name, n)| *n > 0 && name != "cap") {
        write!(f, ", {name} {n}")?;
    }
    writeln!(f)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::dump::RuntimeDump;
    use super::*;

    /// A dump with goroutines of these numbers, each under another or nobody.
    fn dump(of: &[(u64, Option<u64>)]) -> Dump {
        let one = |&(id, under): &(u64, Option<u64>)| {
            let mut about = About::new("actor", "waits");
            (about.name, about.under, about.idle) = (Some(format!("n{id}")), under, id != 3);
            about.figure("cap", 64);
            about.figure("len", id % 2);
            Goroutine {
                about: Some(about),
                ..Goroutine::nothing_known(id)
            }
        };
        Dump {
            version: 1,
            process: 1,
            runtimes: vec![RuntimeDump {
                name: "gaggle".to_owned(),
                workers: Vec::new(),
                queued: 0,
                timers: 0,
                goroutines: of.iter().map(one).collect(),
            }],
            threads: Vec::new(),
            lock_cycles: Vec::new(),
        }
    }

    #[test]
    fn a_tree_has_its_branches_and_nobody_who_is_alone() {
        let dump = dump(&[
            (2, None),
            (3, Some(2)),
            (4, Some(3)),
            (6, Some(2)),
            (8, None),
        ]);
        let expected =
            "n2 (actor 2)\n|- n3 (actor 3), waits, len 1\n|  `- n4 (actor 4)\n`- n6 (actor 6)\n";
        assert_eq!(dump.tree().to_string(), expected);
    }

    #[test]
    fn a_crowd_is_counted() {
        let mut all = vec![(1, None)];
        all.extend((2..42).map(|id| (id * 2, Some(1))));
        let text = dump(&all).tree().to_string();
        assert_eq!(text.lines().count(), 18, "{text}");
        assert!(
            text.ends_with("|- n34 (actor 34)\n`- .. and 24 more\n"),
            "{text}"
        );
    }

    #[test]
    fn numbers_say_nothing_of_age_and_a_circle_ends_nowhere() {
        let text = dump(&[(2, Some(4)), (4, None)]).tree().to_string();
        assert_eq!(text, "n4 (actor 4)\n`- n2 (actor 2)\n");
        let text = dump(&[(2, Some(4)), (4, Some(2))]).tree().to_string();
        assert_eq!(text, "");
    }

    #[test]
    fn places_come_before_numbers() {
        let mut dump = dump(&[(1, None), (2, Some(1)), (3, Some(1)), (4, Some(1))]);
        for (g, place) in dump.runtimes[0].goroutines.iter_mut().zip([0, 2, 1, 1]) {
            let about = g.about.as_mut().unwrap();
            (about.place, about.number, about.idle) = (place, 10 - g.id, true);
            about.figures.clear();
        }
        let expected = "n1 (actor 1)\n|- n4 (actor 4)\n|- n3 (actor 3)\n`- n2 (actor 2)\n";
        assert_eq!(dump.tree().to_string(), expected);
    }
}
