//! The tables: one for each number of workers, as plain text or as Markdown.

use gaggle_benches::catalogue::{BEAM, StandIn};

use crate::cells::{COLUMNS, Line, TEXT, line};
use crate::machine::Header;
use crate::options::Options;
use crate::programs::Programs;
use crate::summary::Results;

pub(crate) fn print(
    options: &Options,
    programs: &Programs,
    header: &Header,
    results: &Results,
) -> String {
    let mut out = preface(header);
    for &workers in &options.workers {
        let figures = options
            .rows
            .iter()
            .flat_map(|&row| (0..row.figures.len()).map(move |figure| (row, figure)));
        let lines: Vec<Line> = figures
            .map(|(row, figure)| line(options, programs, results, row, figure, workers))
            .collect();
        let title = match workers {
            1 => "1 worker".to_owned(),
            _ => format!("{workers} workers"),
        };
        out += &if options.markdown {
            markdown(&title, &lines)
        } else {
            plain(&title, &lines)
        };
    }
    // Paragraphs of their own in Markdown, which would join the lines.
    let end = if options.markdown { "\n\n" } else { "\n" };
    let notes = notes(options, programs, results);
    format!("{out}\n{}\n", notes.join(end))
}

fn preface(header: &Header) -> String {
    let Header {
        cpu,
        cores,
        memory_gib,
        kernel,
        rounds,
        scale,
        versions,
    } = header;
    let versions: Vec<_> = versions
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    format!(
        "{cores} cores of {cpu}, {memory_gib:.0} GiB, Linux {kernel}. {}.\n\
         Medians of {rounds} interleaved rounds (least to greatest) at scale {scale}; less is better, but for rates.\n",
        versions.join(", "),
    )
}

fn markdown(title: &str, lines: &[Line]) -> String {
    let sides = (0..COLUMNS.len()).map(|column| {
        if TEXT.contains(&column) {
            "---"
        } else {
            "---:"
        }
    });
    let sides: Vec<_> = sides.collect();
    let head = [COLUMNS.join(" | "), sides.join(" | ")];
    let body = lines.iter().map(|line| line.join(" | "));
    let rows: Vec<_> = head.into_iter().chain(body).collect();
    format!("\n### {title}\n\n| {} |\n", rows.join(" |\n| "))
}

fn plain(title: &str, lines: &[Line]) -> String {
    let names = COLUMNS.map(str::to_owned);
    let all: Vec<&Line> = std::iter::once(&names).chain(lines).collect();
    let mut text = format!("\n{title}\n");
    for line in &all {
        let cells = line.iter().enumerate().map(|(column, cell)| {
            let widths = all.iter().map(|line| line[column].chars().count());
            let width = widths.max().unwrap_or(0);
            if TEXT.contains(&column) {
                format!("{cell:width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        let cells: Vec<_> = cells.collect();
        text += cells.join("  ").trim_end();
        text += "\n";
    }
    text
}

/// Which channel is behind which name, stand-ins, and what failed.
fn notes(options: &Options, programs: &Programs, results: &Results) -> Vec<String> {
    let channels = options
        .peers
        .iter()
        .map(|peer| format!("{}: {}", peer.name, peer.channel));
    let channels: Vec<_> = channels.collect();
    let mut notes = vec![format!("Channels: {}.", channels.join("; "))];
    let uses = |stand_in| options.peers.iter().any(|peer| peer.stand_in == stand_in);
    if uses(StandIn::CapacityOne) {
        notes.push("¹ Has no rendezvous: capacity 1 stands in for capacity 0.".to_owned());
    }
    if uses(StandIn::Unbounded) {
        notes.push("² Has unbounded channels only: senders run ahead without limit.".to_owned());
    }
    if uses(StandIn::UnboundedMailbox) {
        notes.push("³ Mailboxes have no bounds: senders run ahead without limit.".to_owned());
    }
    let acts = options.rows.iter().any(|row| row.mailboxes);
    if acts && options.peers.iter().any(|peer| peer.name == BEAM) {
        notes.push("Go knows no actors: in their rows BEAM stands in its column.".to_owned());
    }
    for peer in &options.peers {
        let missing = programs.missing(peer);
        let asked = options.rows.iter().any(|row| peer.runs(row));
        notes.extend(
            missing
                .filter(|_| asked)
                .map(|problem| format!("{} is missing: {problem}.", peer.name)),
        );
    }
    for (i, failure) in results.failures().iter().enumerate() {
        notes.push(format!(
            "[{}] {}, {}, workers {}: {}",
            i + 1,
            failure.peer,
            failure.row,
            failure.workers,
            failure.problem
        ));
    }
    notes
}
