//! The options of a test that say how it is simulated.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use std::time::Duration;
use syn::parse::ParseStream;
use syn::{Error, LitInt, LitStr};

/// All of them.
pub(crate) const OPTIONS: &str = "`schedules`, `scheduler`, `preempt`, `clock`, `max_steps`, `time_limit`, `leaks`, `seed`, `jobs`";

/// An option and the form that it is given in.
const FORMS: [(&str, &str); 9] = [
    ("schedules", "`schedules = N`"),
    ("scheduler", "`scheduler = \"pct(3)\"`"),
    ("preempt", "`preempt = \"op\"` or `preempt = \"await\"`"),
    (
        "clock",
        "`clock = \"quiescent\"` or `clock = \"racy(0.02)\"`",
    ),
    ("max_steps", "`max_steps = N`"),
    ("time_limit", "`time_limit = \"10m\"`"),
    ("leaks", "`leaks = \"fail\"` or `leaks = \"allow\"`"),
    ("seed", "`seed = N`"),
    ("jobs", "`jobs = N`"),
];

/// Is it one of them?
pub(crate) fn knows(name: &str) -> bool {
    FORMS.iter().any(|(known, _)| *known == name)
}

/// How it is given.
pub(crate) fn form(name: &str) -> &'static str {
    FORMS
        .iter()
        .find(|(known, _)| *known == name)
        .map_or("", |(_, form)| form)
}

/// What was given: for each option the expression that its field gets.
#[derive(Default)]
pub(crate) struct Simulation {
    fields: Vec<(Ident, Value)>,
}

enum Value {
    Number(u64),
    Text(String),
    Nanos(u64),
}

impl Simulation {
    /// Reads the value of the option `name`. Says whether it was given before.
    pub(crate) fn read(&mut self, name: &Ident, input: ParseStream<'_>) -> syn::Result<bool> {
        let option = name.to_string();
        let value = match option.as_str() {
            "schedules" | "max_steps" | "seed" | "jobs" => number(&option, input)?,
            "time_limit" => {
                let literal = text(&option, input)?;
                let limit = duration(&literal.value());
                let limit = limit.and_then(|limit| u64::try_from(limit.as_nanos()).ok());
                let nanos = limit.ok_or_else(|| wrong(literal.span(), &option))?;
                Value::Nanos(nanos)
            }
            "preempt" => one_of(&option, input, |text| matches!(text, "op" | "await"))?,
            "leaks" => one_of(&option, input, |text| matches!(text, "fail" | "allow"))?,
            "clock" => one_of(&option, input, |text| {
                let racy = text
                    .strip_prefix("racy(")
                    .and_then(|rest| rest.strip_suffix(')'));
                let chance = racy.and_then(|chance| chance.trim().parse::<f64>().ok());
                text == "quiescent" || chance.is_some_and(|chance| (0.0..=1.0).contains(&chance))
            })?,
            // Which schedulers there are is known where they are made.
            _ => Value::Text(text(&option, input)?.value()),
        };
        let given = self.fields.iter().any(|(known, _)| known == name);
        self.fields.push((name.clone(), value));
        Ok(given)
    }

    /// The fields of the façade's `TestConfig` that were given.
    pub(crate) fn settings(&self, span: Span) -> TokenStream {
        let fields = self.fields.iter().map(|(name, value)| {
            let name = Ident::new(&name.to_string(), span);
            let value: &dyn ToTokens = match value {
                Value::Number(n) | Value::Nanos(n) => n,
                Value::Text(text) => text,
            };
            quote_spanned!(span=> #name: ::core::option::Option::Some(#value),)
        });
        fields.collect()
    }
}

fn wrong(at: Span, option: &str) -> Error {
    Error::new(at, format!("expected {}", form(option)))
}

fn number(option: &str, input: ParseStream<'_>) -> syn::Result<Value> {
    let at = input.span();
    let literal: LitInt = input.parse().map_err(|_| wrong(at, option))?;
    let n = literal
        .base10_parse::<u64>()
        .map_err(|_| wrong(at, option))?;
    if n == 0 && option != "seed" {
        return Err(Error::new(at, format!("`{option}` must be at least 1")));
    }
    Ok(Value::Number(n))
}

fn text(option: &str, input: ParseStream<'_>) -> syn::Result<LitStr> {
    let at = input.span();
    input.parse().map_err(|_| wrong(at, option))
}

fn one_of(option: &str, input: ParseStream<'_>, is: impl Fn(&str) -> bool) -> syn::Result<Value> {
    let literal = text(option, input)?;
    let value = literal.value();
    if is(&value) {
        Ok(Value::Text(value))
    } else {
        Err(wrong(literal.span(), option))
    }
}

/// A number with a unit: `250ms`, `10m`, `1.5h`.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.trim().parse().ok()?;
    let seconds = match &text[digits.len()..] {
        "ns" => 1e-9,
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::duration;
    use crate::expand::{Entry, entry};
    use quote::quote;
    use std::time::Duration;

    fn expanded(options: proc_macro2::TokenStream) -> String {
        let item = quote!(
            async fn t() {}
        );
        entry(Entry::Test, options, item).to_string()
    }

    #[test]
    fn each_option_becomes_a_field() {
        let got = expanded(quote!(
            schedules = 2_000,
            scheduler = "pct(3)",
            time_limit = "10m"
        ));
        let wanted = quote!(schedules: ::core::option::Option::Some(2000u64)).to_string();
        assert!(got.contains(&wanted), "{got}");
        assert!(
            got.contains("600000000000u64") && got.contains("\"pct(3)\""),
            "{got}"
        );
    }

    #[test]
    fn wrong_values_are_refused_with_the_form() {
        for (options, message) in [
            (quote!(schedules = 0), "`schedules` must be at least 1"),
            (quote!(schedules = "5"), "expected `schedules = N`"),
            (quote!(preempt = "sync"), "expected `preempt ="),
            (quote!(clock = "racy(2)"), "expected `clock ="),
            (quote!(time_limit = "10 parsecs"), "expected `time_limit ="),
            (quote!(leaks), "`leaks` needs a value"),
            (quote!(seed = 1, seed = 2), "`seed` is given twice"),
            (quote!(sched = 1), "unknown option `sched`"),
        ] {
            let got = expanded(options);
            assert!(got.contains(message), "{message}: {got}");
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration(" 1.5h"), Some(Duration::from_secs(5400)));
        for wrong in ["", "5", "ms", "-1s", "1 w"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
