//! Checks the function under the attribute and writes what replaces it.
//!
//! The user's `async fn` is kept whole and moved inside a plain function of the same name, which hands its future, or
//! for a test the function itself, to the façade:
//!
//! ```text
//! fn main() -> ExitCode {
//!     async fn main() -> Ret { body }
//!     ::gaggle::__private::main_returning(::gaggle::__private::Config { workers: None, tokio: false }, main())
//! }
//! ```
//!
//! What `main` returns is reported by its goroutine, since an error such as `Box<dyn Error>` may not go to another
//! thread; the plain function has the status. One that returns nothing, and one that is not called `main`, gives what
//! the user's gives.
//!
//! The inner function is checked with the return type that the user wrote, so type errors in the body read as they do
//! without the attribute.
//! The tokens that this module adds are placed at the function's name and marked as made by a macro: an error such as
//! "future cannot be sent between threads" points there and into the body, never at the attribute, and lints that
//! look for hand-written code pass over them.

use crate::options::Options;
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};
use syn::{Attribute, Error, ReturnType, Safety, Signature, Visibility};

/// Which of the two attributes is being expanded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Main,
    Test,
}

impl Entry {
    fn attribute(self) -> &'static str {
        match self {
            Self::Main => "#[gaggle::main]",
            Self::Test => "#[gaggle::test]",
        }
    }

    /// The function of the façade that runs the future.
    fn runner(self, reports: bool, span: Span) -> Ident {
        match self {
            Self::Main if reports => Ident::new("main_returning", span),
            Self::Main => Ident::new("main", span),
            Self::Test => Ident::new("test", span),
        }
    }
}

/// The function under the attribute. Its body stays a token tree: the compiler reports what is wrong inside.
struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    body: Group,
}

/// Expands one attribute. Mistakes become `compile_error!` at their place.
pub(crate) fn entry(entry: Entry, options: TokenStream, item: TokenStream) -> TokenStream {
    let (options, option_errors) = Options::read(entry, options);
    let mut out = option_errors
        .map(|errors| errors.to_compile_error())
        .unwrap_or_default();
    let Ok(function) = parse.parse2(item.clone()) else {
        let message = format!("`{}` goes on an `async fn` with a body", entry.attribute());
        out.extend(Error::new(first_span(&item), message).to_compile_error());
        out.extend(item);
        return out;
    };
    if let Some(errors) = check(entry, &function) {
        out.extend(errors.to_compile_error());
        out.extend(stand_in(entry, &function));
    } else {
        out.extend(replacement(entry, &options, function));
    }
    out
}

fn parse(input: ParseStream<'_>) -> syn::Result<Function> {
    Ok(Function {
        attributes: input.call(Attribute::parse_outer)?,
        visibility: input.parse()?,
        signature: input.parse()?,
        body: input.parse()?,
    })
}

fn first_span(tokens: &TokenStream) -> Span {
    tokens
        .clone()
        .into_iter()
        .next()
        .map_or_else(Span::call_site, |first: TokenTree| first.span())
}

/// All that is wrong with the function, each at its place.
fn check(entry: Entry, function: &Function) -> Option<Error> {
    let name = entry.attribute();
    let signature = &function.signature;
    let mut problems = Vec::new();
    let mut problem =
        |place: &dyn ToTokens, what: &str| problems.push(Error::new_spanned(place, what));

    if signature.asyncness.is_none() {
        let function = &signature.ident;
        let what = format!("`{name}` needs an `async fn`: write `async fn {function}`");
        problem(&signature.fn_token, &what);
    }
    let cannot = |rest: &str| format!("a function under `{name}` cannot {rest}");
    if let Some(token) = &signature.constness {
        problem(token, &cannot("be `const`"));
    }
    if !matches!(signature.safety, Safety::Default) {
        problem(&signature.safety, &cannot("be `unsafe`"));
    }
    if let Some(abi) = &signature.abi {
        problem(abi, &cannot("be `extern`"));
    }
    if !signature.generics.params.is_empty() {
        problem(&signature.generics.params, &cannot("be generic"));
    }
    if let Some(clause) = &signature.generics.where_clause {
        problem(clause, &cannot("have a `where` clause"));
    }
    if !signature.inputs.is_empty() {
        problem(&signature.inputs, &cannot("take arguments"));
    } else if let Some(dots) = &signature.variadic {
        problem(dots, &cannot("take arguments"));
    }
    if entry == Entry::Test
        && let Some(attribute) = function
            .attributes
            .iter()
            .find(|attribute| attribute.path().is_ident("test"))
    {
        let what = format!("`{name}` is a `#[test]` already: remove this one");
        problem(attribute, &what);
    }

    problems.into_iter().reduce(|mut all, next| {
        all.combine(next);
        all
    })
}

/// What is left of a function that cannot be expanded: enough that the compiler does not also miss `main`.
fn stand_in(entry: Entry, function: &Function) -> TokenStream {
    if entry == Entry::Main && function.signature.ident == "main" {
        quote!(
            fn main() {}
        )
    } else {
        TokenStream::new()
    }
}

fn replacement(entry: Entry, options: &Options, function: Function) -> TokenStream {
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    let name = &signature.ident;
    let result = &signature.output;
    // Placed at the function's name, resolved as macro code.
    let span = Span::mixed_site().located_at(name.span());
    let private = private_path(options, span);
    let reports = name == "main" && matches!(result, ReturnType::Type(..));
    let runner = entry.runner(reports, span);
    let workers = if let Some(count) = &options.workers {
        let count = syn::LitInt::new(&format!("{}usize", count.base10_digits()), count.span());
        quote_spanned!(span=> ::core::option::Option::Some(#count))
    } else {
        quote_spanned!(span=> ::core::option::Option::None)
    };
    let tokio = options.tokio;
    let test = (entry == Entry::Test).then(|| quote_spanned!(span=> #[::core::prelude::v1::test]));
    let call = match entry {
        Entry::Main => {
            // As if the user had written it: a future that is not `Send` is reported here.
            let future = quote_spanned!(name.span()=> #name());
            quote_spanned!(span=> #private::#runner(#private::Config { workers: #workers, tokio: #tokio }, #future))
        }
        Entry::Test => {
            let settings = options.simulation.settings(span);
            let text = name.to_string();
            let function = quote_spanned!(name.span()=> #name);
            quote_spanned!(span=>
                #private::#runner(
                    #private::TestConfig {
                        workers: #workers,
                        tokio: #tokio,
                        name: #text,
                        #settings
                        ..<#private::TestConfig as ::core::default::Default>::default()
                    },
                    #function
                )
            )
        }
    };
    // The inner function is the user's own, but one without an `.await` is no mistake here.
    let allow = quote_spanned!(span=> #[allow(clippy::unused_async, reason = "an entry point is async by rule")]);
    let plain = match entry {
        Entry::Main if reports => quote_spanned!(span=> fn #name() -> ::std::process::ExitCode),
        Entry::Main => quote_spanned!(span=> fn #name() #result),
        // What it returns is looked at in each run.
        Entry::Test => quote_spanned!(span=> fn #name()),
    };
    quote! {
        #test
        #(#attributes)*
        #visibility #plain {
            #allow
            #signature #body
            #call
        }
    }
}

/// `::gaggle::__private`, or the same under the path given with `crate = ..`.
fn private_path(options: &Options, span: Span) -> TokenStream {
    let private = format_ident!("__private", span = span);
    if let Some(path) = &options.krate {
        quote_spanned!(span=> #path::#private)
    } else {
        quote_spanned!(span=> ::gaggle::#private)
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, entry};
    use proc_macro2::TokenStream;
    use quote::quote;

    fn main(options: TokenStream, item: TokenStream) -> String {
        entry(Entry::Main, options, item).to_string()
    }

    fn test(item: TokenStream) -> String {
        entry(Entry::Test, TokenStream::new(), item).to_string()
    }

    #[test]
    fn main_becomes_a_plain_function_around_the_async_one() {
        let expected = quote! {
            fn main() -> ::std::process::ExitCode {
                #[allow(clippy::unused_async, reason = "an entry point is async by rule")]
                async fn main() -> Result<(), E> { body() }
                ::gaggle::__private::main_returning(
                    ::gaggle::__private::Config { workers: ::core::option::Option::Some(4usize), tokio: false },
                    main()
                )
            }
        };
        let got = main(
            quote!(workers = 4),
            quote!(
                async fn main() -> Result<(), E> {
                    body()
                }
            ),
        );
        assert_eq!(got, expected.to_string());
    }

    #[test]
    fn what_is_not_main_gives_what_it_returns() {
        let got = main(
            TokenStream::new(),
            quote!(
                pub async fn start() -> u32 {
                    1
                }
            ),
        );
        assert!(got.starts_with("pub fn start () -> u32 {"), "{got}");
        assert!(got.contains("__private :: main ("), "{got}");
    }

    #[test]
    fn a_test_keeps_its_attributes_and_visibility() {
        let got = test(quote!(
            #[ignore]
            #[should_panic(expected = "no")]
            pub async fn name() {}
        ));
        let start = quote!(
            #[::core::prelude::v1::test]
            #[ignore]
            #[should_panic(expected = "no")]
            pub fn name()
        );
        assert!(got.starts_with(&start.to_string()), "{got}");
        assert!(
            got.contains(&quote!(::gaggle::__private::test).to_string()),
            "{got}"
        );
    }

    #[test]
    fn the_crate_can_be_renamed() {
        let got = main(
            quote!(crate = "crate::goose"),
            quote!(
                async fn main() {}
            ),
        );
        assert!(
            got.contains(&quote!(crate::goose::__private::main).to_string()),
            "{got}"
        );
        assert!(!got.contains("gaggle ::"), "{got}");
    }

    #[test]
    fn tokio_is_a_flag_that_needs_the_feature() {
        let got = main(
            quote!(tokio, workers = 2),
            quote!(
                async fn main() {}
            ),
        );
        if cfg!(feature = "compat-tokio") {
            assert!(got.contains("tokio : true"), "{got}");
        } else {
            assert!(got.contains("feature `compat-tokio`"), "{got}");
            assert!(got.contains("fn main ()"), "{got}");
        }
    }

    #[test]
    fn a_wrong_option_is_reported_and_the_function_still_expands() {
        let got = main(
            quote!(workers = 0),
            quote!(
                async fn main() {}
            ),
        );
        assert!(got.contains("`workers` must be at least 1"), "{got}");
        assert!(got.contains("fn main ()"), "{got}");
    }

    #[test]
    fn each_misuse_has_its_message() {
        let cases = [
            ("fn main() {}", "needs an `async fn`: write `async fn main`"),
            ("async fn main(n: u32) {}", "cannot take arguments"),
            ("async fn main<T>() {}", "cannot be generic"),
            (
                "async fn main() where u8: Copy {}",
                "cannot have a `where` clause",
            ),
            ("async unsafe fn main() {}", "cannot be `unsafe`"),
            ("async extern \"C\" fn main() {}", "cannot be `extern`"),
            ("const async fn main() {}", "cannot be `const`"),
            ("struct Main;", "goes on an `async fn` with a body"),
            ("async fn main();", "goes on an `async fn` with a body"),
        ];
        for (item, message) in cases {
            let got = main(TokenStream::new(), item.parse().unwrap());
            assert!(got.contains(message), "{message:?} is not in {got}");
        }
    }

    #[test]
    fn a_second_test_attribute_is_refused() {
        let got = test(quote!(
            #[test]
            async fn name() {}
        ));
        assert!(got.contains("is a `#[test]` already"), "{got}");
    }
}
