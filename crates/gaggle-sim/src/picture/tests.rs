//! Pictures of stories that are written by hand.

use super::*;
use crate::story::Deed;
use gaggle_base::clock::Nanos;

struct Text<'a>(&'a Story);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text(f, self.0)
    }
}

fn line(now: Nanos, who: u64, text: &str, mark: Mark) -> Line {
    let deed = match text {
        "ends" => Deed::Ends,
        "go -> #2" => Deed::Starts(2),
        _ if who == 0 => Deed::Clock,
        _ => Deed::Does,
    };
    Line {
        number: 0,
        now,
        who,
        deed,
        text: text.to_owned(),
        place: if deed == Deed::Does {
            format!("src/<a>/req.rs:{who}")
        } else {
            String::new()
        },
        mark,
    }
}

fn story(mut lines: Vec<Line>, names: &[(u64, &str)]) -> Story {
    for (at, line) in lines.iter_mut().enumerate() {
        line.number = at + 1;
    }
    let names = names.iter().map(|(id, name)| (*id, (*name).to_owned()));
    Story {
        lines,
        goroutines: names.collect(),
        is_cut: false,
    }
}

fn late_answer() -> Story {
    let ms = 1_000_000;
    story(
        vec![
            line(0, 1, "go -> #2", Mark::Plain),
            line(0, 1, "preempted before recv c1", Mark::Switch),
            line(0, 2, "sleep: waits", Mark::Waits),
            line(0, 1, "recv c1: waits", Mark::Waits),
            line(50 * ms, 0, "-> 50ms", Mark::Plain),
            line(50 * ms, 1, "ends", Mark::Plain),
            line(50 * ms, 2, "send c1: waits for ever", Mark::Last),
        ],
        &[(1, "main"), (2, "fetch")],
    )
}

fn head(finding: &str) -> Head<'_> {
    Head {
        test: "two_results",
        finding,
        facts: vec![("found", "in schedule 3".to_owned())],
        replay: Some("GAGGLE_SIM=replay:g1-AA cargo test -- two_results".to_owned()),
    }
}

#[test]
fn a_few_goroutines_have_lanes() {
    let wanted = "
          #1 main                   #2 fetch
       1  go -> #2
   *   2  preempted before recv c1  |                        req.rs:1
       3  |                         sleep: waits             req.rs:2
       4  recv c1: waits            :                        req.rs:1
       5  -- clock: 50ms ----------------------------------
       6  ends                      :
  =>   7                            send c1: waits for ever  req.rs:2
          * preempted   | could go on   : waits
";
    assert_eq!(format!("\n{}", Text(&late_answer())), wanted);
}

#[test]
fn more_goroutines_have_a_list() {
    let mut lines: Vec<Line> = (1..=5)
        .map(|who| line(0, who, "lock m1", Mark::Plain))
        .collect();
    lines.push(line(0, 5, "send c1: waits for ever", Mark::Last));
    let text = Text(&story(lines, &[(1, "main")])).to_string();
    assert_eq!(text.lines().count(), 6, "{text}");
    assert!(
        text.starts_with("       1  #1 main  lock m1                  src/<a>/req.rs:1\n"),
        "{text}"
    );
    assert!(
        text.contains("\n  =>   6  #5       send c1: waits for ever"),
        "{text}"
    );
}

#[test]
fn lanes_are_never_wider_than_a_wide_terminal() {
    let long = "a word and averylongwordthatnobodycanbreakbetweenanythingatallaveryverylongone";
    let lines = |count: u64| {
        let all = (0..40).map(|at| {
            let mut line = line(0, at % count + 1, long, Mark::Plain);
            line.place = format!("a/{}.rs:12", "file".repeat(30));
            line
        });
        all.collect()
    };
    for count in 2..=4 {
        let name = "n".repeat(200);
        let text = Text(&story(lines(count), &[(1, &name), (2, &name)])).to_string();
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(lanes::WIDTH), "{widest:?}\n{text}");
        // Nothing of what is done is left out.
        let said: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        assert!(said.contains("aword"), "{text}");
    }
}

#[test]
fn only_the_end_of_a_long_story_is_in_the_terminal() {
    let lines = (0..200).map(|at| line(0, at % 2 + 1, "lock m1", Mark::Plain));
    let text = Text(&story(lines.collect(), &[])).to_string();
    assert!(text.starts_with("        .. earlier steps are left out\n"));
    assert!(!text.contains(" 140 ") && text.contains(" 141 "), "{text}");
    assert_eq!(text.lines().count(), 63);
}

#[test]
fn the_page_has_a_lane_for_each_goroutine_and_what_replays_it() {
    let page = page(&head("goroutine leak: 1\n  #2 [chan send]"), &late_answer());
    assert_eq!(page.matches("class=\"head\"").count(), 2);
    assert_eq!(page.matches("class=\"row\"").count(), 6);
    assert_eq!(page.matches("class=\"do switch\"").count(), 1);
    assert_eq!(page.matches("class=\"do last\"").count(), 1);
    for wanted in [
        "<h1>goroutine leak: 1</h1>",
        "<pre>  #2 [chan send]</pre>",
        "<code>GAGGLE_SIM=replay:g1-AA cargo test -- two_results</code>",
        "clock -&gt; 50ms",
        "repeat(2, ",
        // Lane 2 is ready in rows 3 and 4 of the grid, and waits in 5 to 8.
        "<div class=\"life\" style=\"grid-area:3/4/5\">",
        "<div class=\"life waits\" style=\"grid-area:5/4/9\">",
    ] {
        assert!(page.contains(wanted), "{wanted}\n{page}");
    }
    for foreign in ["http", "<script", "url(", "@import", "src=", "href="] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn nothing_of_the_program_means_anything_to_a_browser() {
    const EVIL: &str = "<b onmouseover=\"x\">&amp;'";
    let mut lines = vec![line(0, 1, EVIL, Mark::Last), line(0, 0, EVIL, Mark::Plain)];
    lines[0].place = EVIL.to_owned();
    let head = Head {
        test: EVIL,
        finding: &format!("{EVIL}\n{EVIL}"),
        facts: vec![("found", EVIL.to_owned())],
        replay: Some(EVIL.to_owned()),
    };
    let page = page(&head, &story(lines, &[(1, EVIL)]));
    assert!(!page.contains("<b") || page.contains("<body"), "{page}");
    assert!(!page.contains("onmouseover=\""), "{page}");
    let escaped = "&lt;b onmouseover=&quot;x&quot;&gt;&amp;amp;&#39;";
    // Title, heading, details, test, fact, replay, name; the line: on hover place and text, then text and place; the clock.
    assert_eq!(page.matches(escaped).count(), 12, "{page}");
}

#[test]
fn a_page_without_lines_and_one_with_many_are_pages() {
    let empty = page(&head("panic: x"), &Story::default());
    assert!(empty.ends_with("</html>\n") && empty.contains("repeat(1, "));
    let lines = (0..6_000).map(|at| line(at, at % 50 + 1, "lock m1", Mark::Plain));
    let many = page(&head("panic: x"), &story(lines.collect(), &[]));
    assert_eq!(many.matches("class=\"row\"").count(), 5_000);
    assert!(many.contains("earlier steps are left out"));
}
