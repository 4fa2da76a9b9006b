//! The rows, read from the document.
//!
//! ```text
//! ## Channels (CH-01 to CH-18)
//! - **CH-12** What it says. (where from; T8) {never: why}
//! ```
//!
//! The heading says how many rows there are, so that one that is lost is noticed.

/// Why a row has no test, or not enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// Types make it impossible, or gaggle has no such thing.
    Never(String),
    /// Cases of `tests/ui` that must not compile.
    Ui(Vec<String>),
    /// The part that it belongs to is not built.
    Later(String),
    /// Tests hold it, except for this.
    Partly(String),
}

/// One row, or one translation.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) text: String,
    /// Test, specification or document; empty for translations.
    pub(super) source: String,
    /// The translations that apply.
    pub(super) translations: Vec<String>,
    pub(super) mark: Option<Mark>,
}

/// The rows under one heading.
#[derive(Debug)]
pub(super) struct Area {
    pub(super) title: String,
    /// What its rows begin with: `CH`, or `T` for the translations.
    pub(super) prefix: String,
    pub(super) rows: Vec<Row>,
}

/// The whole document.
#[derive(Debug)]
pub(super) struct List {
    /// The areas of behaviours.
    pub(super) areas: Vec<Area>,
    pub(super) translations: Vec<Row>,
}

impl List {
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.areas.iter().flat_map(|area| &area.rows)
    }

    /// Is this the name of a row or of a translation?
    pub(super) fn knows(&self, id: &str) -> bool {
        self.rows()
            .chain(&self.translations)
            .any(|row| row.id == id)
    }
}

/// Reads the document; all that is wrong with it, a line each.
pub(super) fn read(text: &str) -> Result<List, Vec<String>> {
    let mut areas: Vec<Area> = Vec::new();
    let mut wrong = Vec::new();
    // How many rows each heading promises.
    let mut promised = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            match read_heading(heading) {
                Some((area, count)) => {
                    areas.push(area);
                    promised.push(count);
                }
                None => wrong.push(format!(
                    "the heading `{heading}` does not end in its rows: (CH-01 to CH-18)"
                )),
            }
        } else if let Some(row) = line.strip_prefix("- **") {
            let Some(area) = areas.last_mut() else {
                wrong.push(format!("a row before the first heading: {line}"));
                continue;
            };
            match read_row(area, row) {
                Ok(row) => area.rows.push(row),
                Err(message) => wrong.push(message),
            }
        }
    }
    for (area, count) in areas.iter().zip(promised) {
        if area.rows.len() != count {
            let (title, found) = (&area.title, area.rows.len());
            wrong.push(format!("{title}: {found} rows in the place of {count}"));
        }
    }
    let translations = areas.iter().position(|area| area.prefix == "T");
    let translations = translations.map_or_else(Vec::new, |at| areas.remove(at).rows);
    let list = List {
        areas,
        translations,
    };
    for row in list.rows() {
        for id in &row.translations {
            if !list.knows(id) {
                wrong.push(format!("{}: there is no {id}", row.id));
            }
        }
    }
    if wrong.is_empty() {
        Ok(list)
    } else {
        Err(wrong)
    }
}

/// `Channels (CH-01 to CH-18)`.
fn read_heading(heading: &str) -> Option<(Area, usize)> {
    let (title, range) = heading.strip_suffix(')')?.split_once(" (")?;
    let (first, last) = range.split_once(" to ")?;
    let prefix = first.strip_suffix("-01").or(first.strip_suffix('1'))?;
    let count = last.strip_prefix(prefix)?.trim_start_matches('-');
    let area = Area {
        title: title.to_owned(),
        prefix: prefix.to_owned(),
        rows: Vec::new(),
    };
    Some((area, count.parse().ok()?))
}

fn read_row(area: &Area, row: &str) -> Result<Row, String> {
    let (id, rest) = row
        .split_once("** ")
        .ok_or_else(|| format!("a row without a text: {row}"))?;
    let next = area.rows.len() + 1;
    let expected = match area.prefix.as_str() {
        "T" => format!("T{next}"),
        prefix => format!("{prefix}-{next:02}"),
    };
    if id != expected {
        return Err(format!("{id} stands in the place of {expected}"));
    }
    let (rest, mark) = match rest.split_once(" {") {
        None => (rest, None),
        Some((rest, mark)) => (rest, Some(read_mark(id, mark)?)),
    };
    let mut row = Row {
        id: id.to_owned(),
        text: rest.to_owned(),
        source: String::new(),
        translations: Vec::new(),
        mark,
    };
    if area.prefix != "T" {
        let (text, source) = rest
            .strip_suffix(')')
            .and_then(|rest| rest.rsplit_once(" ("))
            .ok_or_else(|| format!("{id} does not say where it is from"))?;
        let (source, translations) = source.split_once("; ").unwrap_or((source, ""));
        text.clone_into(&mut row.text);
        source.clone_into(&mut row.source);
        row.translations = translations
            .split(", ")
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect();
    }
    Ok(row)
}

fn read_mark(id: &str, mark: &str) -> Result<Mark, String> {
    let parts = mark
        .strip_suffix('}')
        .and_then(|mark| mark.split_once(": "));
    match parts {
        Some(("never", why)) => Ok(Mark::Never(why.to_owned())),
        Some(("ui", cases)) => Ok(Mark::Ui(cases.split(", ").map(str::to_owned).collect())),
        Some(("later", part)) => Ok(Mark::Later(part.to_owned())),
        Some(("partly", what)) => Ok(Mark::Partly(what.to_owned())),
        _ => Err(format!(
            "{id}: `{{{mark}` is no mark: never, ui, later or partly"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{Mark, read};

    fn faults(text: &str) -> String {
        read(text).unwrap_err().join("\n")
    }

    #[test]
    fn rows_sources_translations_and_marks_are_read() {
        let list = read(
            "# Title\n\n## Of (CH-01 to CH-02)\n\n\
             - **CH-01** One (and more). (spec, TestChan; T1, T2)\n\
             - **CH-02** Two. (doc) {later: dumps}\n\n\
             ## Translations (T1 to T2)\n\n- **T1** A (b).\n- **T2** C.\n",
        )
        .unwrap();
        let rows: Vec<_> = list.rows().collect();
        assert_eq!(
            (rows[0].text.as_str(), rows[0].source.as_str()),
            ("One (and more).", "spec, TestChan")
        );
        assert_eq!(rows[0].translations, ["T1", "T2"]);
        assert_eq!(rows[1].mark, Some(Mark::Later("dumps".to_owned())));
        assert_eq!(list.areas.len(), 1);
        assert_eq!(list.areas[0].prefix, "CH");
        assert_eq!(list.translations[0].text, "A (b).");
        assert!(list.knows("CH-02") && list.knows("T2") && !list.knows("CH-03"));
    }

    #[test]
    fn a_lost_row_is_noticed_wherever_it_stood() {
        let lost_at_the_end = "## A (CH-01 to CH-02)\n- **CH-01** x (y)\n";
        assert!(faults(lost_at_the_end).contains("1 rows in the place of 2"));
        let lost_before = "## A (CH-01 to CH-02)\n- **CH-02** x (y)\n";
        assert!(faults(lost_before).contains("CH-02 stands in the place of CH-01"));
        let twice = "## A (CH-01 to CH-01)\n- **CH-01** x (y)\n- **CH-01** x (y)\n";
        assert!(faults(twice).contains("CH-01 stands in the place of CH-02"));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert!(faults("## Channels\n").contains("`Channels`"));
        assert!(faults("- **CH-01** x (y)\n").contains("before the first heading"));
        let row = |row: &str| faults(&format!("## A (CH-01 to CH-01)\n- **CH-01** {row}\n"));
        assert!(row("x").contains("where it is from"));
        assert!(row("x (y) {soon: z}").contains("is no mark"));
        assert!(row("x (y; T7)").contains("there is no T7"));
    }
}
