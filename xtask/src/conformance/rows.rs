//! The rows: `- **CH-01** what it says (where from) {mark: why}`, under headings.

/// Why a row needs no test.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Types make it impossible, or gaggle has no such thing.
    Never(String),
    /// Cases that must not compile.
    Ui(String),
    /// The part that it belongs to is not built.
    Later(String),
}

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) area: String,
    pub(super) text: String,
    pub(super) mark: Option<Mark>,
}

pub(super) fn read(text: &str) -> Result<Vec<Row>, String> {
    let mut rows: Vec<Row> = Vec::new();
    let mut area = "";
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            area = heading;
        }
        let Some(rest) = line.strip_prefix("- **") else {
            continue;
        };
        let (id, rest) = rest
            .split_once("** ")
            .ok_or_else(|| format!("a row without a text: {line}"))?;
        let (text, mark) = match rest.split_once(" {") {
            None => (rest, None),
            Some((text, mark)) => (text, Some(read_mark(id, mark)?)),
        };
        if rows.iter().any(|row| row.id == id) {
            return Err(format!("{id} is there twice"));
        }
        rows.push(Row {
            id: id.to_owned(),
            area: area.to_owned(),
            text: text.to_owned(),
            mark,
        });
    }
    Ok(rows)
}

fn read_mark(id: &str, mark: &str) -> Result<Mark, String> {
    let parts = mark
        .strip_suffix('}')
        .and_then(|mark| mark.split_once(": "));
    match parts {
        Some(("never", why)) => Ok(Mark::Never(why.to_owned())),
        Some(("ui", cases)) => Ok(Mark::Ui(cases.to_owned())),
        Some(("later", part)) => Ok(Mark::Later(part.to_owned())),
        _ => Err(format!("{id}: `{{{mark}` is no mark: never, ui or later")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Mark, read};

    #[test]
    fn rows_and_marks_are_read() {
        let rows =
            read("## A (CH)\n- **CH-01** one (x)\n- **CH-02** two (y) {later: dumps}\n").unwrap();
        assert_eq!(
            (rows[0].id.as_str(), rows[0].text.as_str()),
            ("CH-01", "one (x)")
        );
        assert_eq!(rows[1].mark, Some(Mark::Later("dumps".to_owned())));
        assert_eq!(rows[1].area, "A (CH)");
    }

    #[test]
    fn a_wrong_mark_and_a_second_row_of_the_same_number_are_refused() {
        assert!(read("- **CH-01** one {soon: x}").is_err());
        assert!(read("- **CH-01** one\n- **CH-01** two").is_err());
    }
}
