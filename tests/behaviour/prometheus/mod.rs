//! A strict reader of Prometheus' text format, version 0.0.4, as much of it as gaggle writes.
//!
//! It refuses what a lenient one lets pass: samples before their family's comments, families in two pieces, unknown escapes, the same sample twice,
//! buckets that are not cumulative, out of order or without `+Inf`, and counts that disagree with the buckets.

use std::collections::{BTreeMap, BTreeSet};

/// One line with a value.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) value: f64,
}

/// A whole text.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    pub(crate) samples: Vec<Sample>,
    /// Names and types of the families, in their order.
    families: Vec<(String, String)>,
}

type Parsed<T> = Result<T, String>;
/// Names and values.
type Labels = Vec<(String, String)>;

impl Exposition {
    /// Reads a text, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Parsed<Self> {
        let mut this = Self::default();
        let mut helped: Option<String> = None;
        let body = text.strip_suffix('\n').ok_or("the last line has no end")?;
        for line in body.split('\n') {
            let told = |what: &str| format!("{what}: {line}");
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, text) = help.split_once(' ').ok_or_else(|| told("no text"))?;
                let plain = !text.is_empty() && !text.contains('\\');
                if helped.is_some() || !plain || this.families.iter().any(|(n, _)| n == name) {
                    return Err(told("a HELP that is wrong or out of place"));
                }
                helped = Some(name_of(name)?);
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').ok_or_else(|| told("no type"))?;
                let known = ["counter", "gauge", "histogram"].contains(&kind);
                if helped.take().as_deref() != Some(name) || !known {
                    return Err(told("a TYPE that is wrong or does not follow its HELP"));
                }
                if (kind == "counter") != name.ends_with("_total") {
                    return Err(told("counters, and only they, end in _total"));
                }
                this.families.push((name.to_owned(), kind.to_owned()));
            } else {
                let sample = sample_of(line).map_err(|e| told(&e))?;
                let family = this.families.last().ok_or_else(|| told("no family"))?;
                if helped.is_some() || !belongs(&sample.name, family) {
                    return Err(told("not in its family"));
                }
                this.samples.push(sample);
            }
        }
        this.check()?;
        Ok(this)
    }

    /// The one sample with this name and, among others, these labels.
    #[track_caller]
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has =
            |s: &Sample, (k, v): &(&str, &str)| s.labels.iter().any(|(a, b)| a == k && b == v);
        let mut found = self
            .samples
            .iter()
            .filter(|s| s.name == name && labels.iter().all(|l| has(s, l)));
        let value = found.next().unwrap_or_else(|| panic!("no {name}")).value;
        assert!(found.next().is_none(), "more than one {name}");
        value
    }

    fn check(&self) -> Parsed<()> {
        let mut seen = BTreeSet::new();
        for sample in &self.samples {
            if !seen.insert((&sample.name, &sample.labels)) {
                return Err(format!("twice: {sample:?}"));
            }
        }
        for (name, kind) in &self.families {
            if !self.samples.iter().any(|s| s.name.starts_with(name)) {
                return Err(format!("{name} has no samples"));
            }
            if kind == "histogram" {
                self.check_histogram(name)?;
            }
        }
        Ok(())
    }

    /// For each set of labels: bounds that grow and end in `+Inf`, counts that do not fall, and a count that is the last one.
    fn check_histogram(&self, name: &str) -> Parsed<()> {
        let mut series: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        for sample in self
            .samples
            .iter()
            .filter(|s| s.name == format!("{name}_bucket"))
        {
            let mut labels = sample.labels.clone();
            let at = labels.iter().position(|(key, _)| key == "le");
            let (_, bound) = labels.remove(at.ok_or_else(|| format!("no bound: {sample:?}"))?);
            let bound = number_of(&bound)?;
            series
                .entry(labels)
                .or_default()
                .push((bound, sample.value));
        }
        for (labels, buckets) in series {
            let grow = buckets
                .windows(2)
                .all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1);
            let last = buckets.last().copied().unwrap_or((0.0, 0.0));
            let same = |what: &str| {
                let name = format!("{name}_{what}");
                let mut of = self
                    .samples
                    .iter()
                    .filter(|s| s.name == name && s.labels == labels);
                of.next().map(|s| s.value).ok_or(format!("no {name}"))
            };
            let (count, sum) = (same("count")?, same("sum")?);
            if !grow || last.0.is_finite() || (last.1 - count).abs() > 0.0 || sum < 0.0 {
                return Err(format!("the buckets of {name} are wrong"));
            }
        }
        Ok(())
    }
}

fn belongs(name: &str, (family, kind): &(String, String)) -> bool {
    match name.strip_prefix(family.as_str()) {
        Some("") => kind != "histogram",
        Some(part) => kind == "histogram" && ["_bucket", "_sum", "_count"].contains(&part),
        None => false,
    }
}

fn name_of(text: &str) -> Parsed<String> {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if first && rest {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no name"))
    }
}

fn number_of(text: &str) -> Parsed<f64> {
    if text == "+Inf" {
        return Ok(f64::INFINITY);
    }
    let plain = text
        .chars()
        .all(|c| c.is_ascii_digit() || ".e-".contains(c));
    let number = text.parse().ok().filter(|_| plain);
    number.ok_or_else(|| format!("`{text}` is no number"))
}

fn sample_of(line: &str) -> Parsed<Sample> {
    let (name, mut rest) = line.split_once('{').ok_or("no labels")?;
    let mut labels = Labels::new();
    loop {
        let (key, more) = rest.split_once("=\"").ok_or("a label without a value")?;
        let (value, more) = quoted(more)?;
        if labels.iter().any(|(k, _)| k == key) {
            return Err("a label twice".to_owned());
        }
        labels.push((name_of(key)?, value));
        match more.split_at_checked(1) {
            Some((",", more)) => rest = more,
            Some(("}", more)) => {
                let value = more.strip_prefix(' ').ok_or("no space before the value")?;
                return Ok(Sample {
                    name: name_of(name)?,
                    labels,
                    value: number_of(value)?,
                });
            }
            _ => return Err("labels that do not end".to_owned()),
        }
    }
}

/// What is inside the quotes, and what is behind them.
fn quoted(text: &str) -> Parsed<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => value.push(match chars.next() {
                Some((_, 'n')) => '\n',
                Some((_, c @ ('\\' | '"'))) => c,
                other => return Err(format!("an escape that is none: {other:?}")),
            }),
            c => value.push(c),
        }
    }
    Err("a value without an end".to_owned())
}
