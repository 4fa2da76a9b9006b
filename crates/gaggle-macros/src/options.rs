//! The arguments of the attributes: `workers = N`, `tokio` and `crate = path`, and for tests how they are simulated.
//!
//! Every mistake is reported at its own place, and a mistake in one option does not hide one in the next.

use crate::expand::Entry;
use crate::simulation::{self, Simulation};
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Error, Lit, LitInt, LitStr, Path, Token};

/// Said wherever an option is not understood; names all there are.
fn expected(entry: Entry) -> String {
    let common = "expected `workers = N`, `tokio` or `crate = path`";
    match entry {
        Entry::Main => common.to_owned(),
        Entry::Test => format!(
            "{common}, or one for the simulation: {}",
            simulation::OPTIONS
        ),
    }
}

/// What the attribute asked for; `None` where it said nothing.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) workers: Option<LitInt>,
    pub(crate) tokio: bool,
    pub(crate) krate: Option<Path>,
    pub(crate) simulation: Simulation,
}

impl Options {
    /// Reads the tokens between the attribute's parentheses.
    ///
    /// Returns what could be read along with the errors, so that the function is expanded even if an option is wrong
    /// and the compiler does not add "`main` function not found" to the list.
    pub(crate) fn read(entry: Entry, tokens: TokenStream) -> (Self, Option<Error>) {
        let mut options = Self::default();
        let mut errors = None;
        let parsed = (|input: ParseStream<'_>| {
            while !input.is_empty() {
                if let Err(error) = options.read_one(entry, input) {
                    note(&mut errors, error);
                    skip_to_comma(input)?;
                }
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        })
        .parse2(tokens);
        if let Err(error) = parsed {
            note(&mut errors, error);
        }
        (options, errors)
    }

    fn read_one(&mut self, entry: Entry, input: ParseStream<'_>) -> syn::Result<()> {
        if !input.peek(syn::Ident::peek_any) {
            return Err(input.error(expected(entry)));
        }
        let name = input.call(Ident::parse_any)?;
        match name.to_string().as_str() {
            "workers" => {
                value_follows(input, &name, "`workers` needs a value: `workers = N`")?;
                let workers = worker_count(input)?;
                only_once(self.workers.is_some(), &name)?;
                self.workers = Some(workers);
            }
            "crate" => {
                value_follows(input, &name, "`crate` needs a value: `crate = path`")?;
                let path = crate_path(input)?;
                only_once(self.krate.is_some(), &name)?;
                self.krate = Some(path);
            }
            "tokio" => {
                only_once(self.tokio, &name)?;
                self.tokio = tokio_is_there(&name)?;
            }
            other if entry == Entry::Test && simulation::knows(other) => {
                let wanted = simulation::form(other);
                value_follows(input, &name, &format!("`{other}` needs a value: {wanted}"))?;
                let given = self.simulation.read(&name, input)?;
                only_once(given, &name)?;
            }
            other => {
                let expected = expected(entry);
                return Err(Error::new(
                    name.span(),
                    format!("unknown option `{other}`; {expected}"),
                ));
            }
        }
        if input.is_empty() || input.peek(Token![,]) {
            Ok(())
        } else {
            Err(input.error("expected a comma or the end of the options"))
        }
    }
}

/// `tokio` may be asked for if the façade has been built with it.
fn tokio_is_there(name: &Ident) -> syn::Result<bool> {
    if cfg!(feature = "compat-tokio") {
        return Ok(true);
    }
    let what = "`tokio` needs gaggle's feature `compat-tokio`: in Cargo.toml, `gaggle = { features = [\"compat-tokio\"], .. }`";
    Err(Error::new(name.span(), what))
}

fn note(errors: &mut Option<Error>, error: Error) {
    match errors {
        Some(errors) => errors.combine(error),
        None => *errors = Some(error),
    }
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

fn value_follows(input: ParseStream<'_>, name: &Ident, message: &str) -> syn::Result<()> {
    if !input.peek(Token![=]) {
        return Err(Error::new(name.span(), message));
    }
    input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(Error::new(name.span(), message));
    }
    Ok(())
}

fn only_once(given: bool, name: &Ident) -> syn::Result<()> {
    if given {
        Err(Error::new(name.span(), format!("`{name}` is given twice")))
    } else {
        Ok(())
    }
}

fn worker_count(input: ParseStream<'_>) -> syn::Result<LitInt> {
    const WANTED: &str = "expected a whole number: `workers = N`";
    let Ok(literal) = input.fork().parse::<Lit>() else {
        return Err(input.error(WANTED));
    };
    let Lit::Int(number) = literal else {
        return Err(Error::new(literal.span(), WANTED));
    };
    input.parse::<Lit>()?;
    if !matches!(number.suffix(), "" | "usize") || number.base10_digits().starts_with('-') {
        return Err(Error::new(number.span(), WANTED));
    }
    match number.base10_parse::<usize>() {
        Ok(0) => Err(Error::new(number.span(), "`workers` must be at least 1")),
        Ok(_) => Ok(number),
        Err(_) => Err(Error::new(number.span(), "`workers` is too large")),
    }
}

fn crate_path(input: ParseStream<'_>) -> syn::Result<Path> {
    const WANTED: &str = "expected the path of gaggle: `crate = path` or `crate = \"path\"`";
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        text.parse_with(Path::parse_mod_style)
            .map_err(|_| Error::new(text.span(), WANTED))
    } else {
        let start = input.span();
        Path::parse_mod_style(input).map_err(|_| Error::new(start, WANTED))
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Options};
    use quote::quote;

    fn messages(tokens: proc_macro2::TokenStream) -> Vec<String> {
        let (_, errors) = Options::read(Entry::Main, tokens);
        errors
            .into_iter()
            .flatten()
            .map(|error| error.to_string())
            .collect()
    }

    #[test]
    fn nothing_is_fine() {
        let (options, errors) = Options::read(Entry::Main, quote!());
        assert!(options.workers.is_none() && options.krate.is_none() && errors.is_none());
    }

    #[test]
    fn both_options_are_read_with_a_comma_at_the_end() {
        let (options, errors) =
            Options::read(Entry::Main, quote!(workers = 4, crate = my::gaggle,));
        assert!(errors.is_none());
        assert_eq!(options.workers.map(|n| n.to_string()), Some("4".to_owned()));
        assert_eq!(options.krate.map(|path| path.segments.len()), Some(2));
    }

    #[test]
    fn the_path_may_be_a_string() {
        let (options, errors) = Options::read(Entry::Main, quote!(crate = "crate::rename"));
        assert!(errors.is_none());
        assert_eq!(options.krate.map(|path| path.segments.len()), Some(2));
    }

    #[test]
    fn an_unknown_option_names_the_allowed_ones() {
        assert_eq!(
            messages(quote!(threads = 4)),
            ["unknown option `threads`; expected `workers = N` or `crate = path`"]
        );
        assert_eq!(
            messages(quote!(4)),
            ["expected `workers = N` or `crate = path`"]
        );
    }

    #[test]
    fn zero_workers_and_other_values_are_refused() {
        assert_eq!(
            messages(quote!(workers = 0)),
            ["`workers` must be at least 1"]
        );
        assert_eq!(
            messages(quote!(workers = "4")),
            ["expected a whole number: `workers = N`"]
        );
        assert_eq!(
            messages(quote!(workers = -1)),
            ["expected a whole number: `workers = N`"]
        );
        assert_eq!(
            messages(quote!(workers = 4u8)),
            ["expected a whole number: `workers = N`"]
        );
        assert_eq!(
            messages(quote!(workers = COUNT)),
            ["expected a whole number: `workers = N`"]
        );
        assert_eq!(
            messages(quote!(workers = 99999999999999999999999)),
            ["`workers` is too large"]
        );
        assert_eq!(
            messages(quote!(workers = 2 3)),
            ["expected a comma or the end of the options"]
        );
    }

    #[test]
    fn an_option_without_value_says_what_it_needs() {
        assert_eq!(
            messages(quote!(workers)),
            ["`workers` needs a value: `workers = N`"]
        );
        assert_eq!(
            messages(quote!(workers(4))),
            ["`workers` needs a value: `workers = N`"]
        );
        assert_eq!(
            messages(quote!(workers = , crate = a)),
            ["`workers` needs a value: `workers = N`"]
        );
        assert_eq!(
            messages(quote!(crate)),
            ["`crate` needs a value: `crate = path`"]
        );
    }

    #[test]
    fn an_option_given_twice_is_refused() {
        assert_eq!(
            messages(quote!(workers = 1, workers = 2)),
            ["`workers` is given twice"]
        );
        assert_eq!(
            messages(quote!(crate = a, crate = b)),
            ["`crate` is given twice"]
        );
    }

    #[test]
    fn one_mistake_does_not_hide_the_next() {
        assert_eq!(
            messages(quote!(workers = 0, threads = 1, workers = 2)).len(),
            2
        );
    }

    #[test]
    fn a_bad_path_is_refused() {
        let wanted = "expected the path of gaggle: `crate = path` or `crate = \"path\"`";
        assert_eq!(messages(quote!(crate = "a b")), [wanted]);
        assert_eq!(messages(quote!(crate = 4)), [wanted]);
    }
}
