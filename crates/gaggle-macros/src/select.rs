//! `select!`: reads the arms and writes the future that waits for the first of them.
//!
//! ```text
//! {
//!     let out = select::<N, _, _>(MODE, (ARM0, (ARM1, ..)), |out| does the outcome match its arm's pattern?).await;
//!     match out {
//!         Outcome::Arm(Here(pattern0)) => body0,
//!         Outcome::Arm(There(Here(pattern1))) => body1,
//!         ..
//!     }
//! }
//! ```
//!
//! The bodies are in no closure, so `break`, `continue`, `return` and `?` act on the code around.
//! Operands, and what they borrow from temporaries, live until the end of the `let`: they are gone when a body runs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, Pat, Path, Token};

/// No more arms than this: each one makes the type of the outcome deeper.
const MOST: usize = 32;

struct Arm {
    pattern: Pat,
    operand: Expr,
    guard: Option<Expr>,
    body: Expr,
}

#[derive(Default)]
struct Select {
    biased: bool,
    arms: Vec<Arm>,
    default: Option<Expr>,
    otherwise: Option<Expr>,
}

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let parser = |input: ParseStream<'_>| {
        let root: Path = input.call(Path::parse_mod_style)?;
        input.parse::<Token![;]>()?;
        Ok((root, input.parse::<Select>()?))
    };
    match parser.parse2(input) {
        Ok((root, select)) => select.write(&root),
        Err(error) => error.to_compile_error(),
    }
}

mod words {
    syn::custom_keyword!(biased);
    syn::custom_keyword!(default);
}

impl Parse for Select {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut select = Self::default();
        if input.peek(words::biased) && input.peek2(Token![;]) {
            input.parse::<words::biased>()?;
            input.parse::<Token![;]>()?;
            select.biased = true;
        }
        while !input.is_empty() {
            if input.peek(words::default) && input.peek2(Token![=>]) {
                let word: words::default = input.parse()?;
                let body = body(input)?;
                if select.default.replace(body).is_some() {
                    return Err(Error::new(word.span, "a select has one `default` arm"));
                }
            } else if input.peek(Token![else]) {
                let word: Token![else] = input.parse()?;
                if !input.peek(Token![=>]) {
                    return Err(Error::new(word.span, "`else` is followed by `=> body`"));
                }
                let body = body(input)?;
                if select.otherwise.replace(body).is_some() {
                    return Err(Error::new(word.span, "a select has one `else` arm"));
                }
            } else {
                let arm: Arm = input.parse()?;
                if select.arms.len() == MOST {
                    let message = "a select has at most 32 arms; use `gaggle::Select` for more";
                    return Err(Error::new(arm.pattern.span(), message));
                }
                select.arms.push(arm);
            }
        }
        Ok(select)
    }
}

impl Parse for Arm {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let start = input.span();
        if input.peek(Token![#]) {
            let message = "attributes on arms are not supported; put the select into a function that has them";
            return Err(Error::new(start, message));
        }
        let pattern = Pat::parse_multi_with_leading_vert(input)?;
        if input.peek(Token![=>]) {
            let message = "an arm is `pattern = operation => body`; the `= operation` is missing";
            return Err(Error::new(start, message));
        }
        if !input.peek(Token![=]) {
            let message = "expected `=` and an operation, as in `job = jobs.recv() => ..`";
            return Err(Error::new(input.span(), message));
        }
        input.parse::<Token![=]>()?;
        let operand: Expr = input.parse()?;
        let guard = if input.peek(Token![,]) {
            let comma: Token![,] = input.parse()?;
            if !input.peek(Token![if]) {
                let message = "expected `if condition` or `=> body` after the operation";
                return Err(Error::new(comma.span, message));
            }
            input.parse::<Token![if]>()?;
            Some(input.parse()?)
        } else {
            None
        };
        if !input.peek(Token![=>]) {
            let message = "expected `=> body` after the operation";
            // At the end of the input there is no token to point at.
            let at = if input.is_empty() {
                operand.span()
            } else {
                input.span()
            };
            return Err(Error::new(at, message));
        }
        Ok(Self {
            pattern,
            operand,
            guard,
            body: body(input)?,
        })
    }
}

/// `=> body`, with the comma that a body needs that is no block, as in `match`.
fn body(input: ParseStream<'_>) -> syn::Result<Expr> {
    input.parse::<Token![=>]>()?;
    let body = Expr::parse_with_earlier_boundary_rule(input)?;
    if input.is_empty() || input.peek(Token![,]) {
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        return Ok(body);
    }
    let is_block = matches!(
        body,
        Expr::Block(_)
            | Expr::If(_)
            | Expr::Match(_)
            | Expr::While(_)
            | Expr::Loop(_)
            | Expr::ForLoop(_)
            | Expr::Unsafe(_)
    );
    if is_block {
        return Ok(body);
    }
    Err(Error::new(input.span(), "expected `,` before the next arm"))
}

impl Select {
    fn write(self, root: &Path) -> TokenStream {
        let span = Span::mixed_site();
        let out = Ident::new("__out", span);
        let s = quote!(#root::__private::select);
        let count = self.arms.len();
        let (biased, default) = (self.biased, self.default.is_some());
        let otherwise = self.otherwise.is_some();

        let nest = |i: usize, inner: TokenStream| {
            (0..i).fold(
                quote!(#s::Here(#inner)),
                |inner, _| quote!(#s::There(#inner)),
            )
        };
        let checks = self.arms.iter().enumerate().filter_map(|(i, arm)| {
            let shape = shape(&arm.pattern);
            if is_wild(&shape) {
                return None;
            }
            let (yes, no) = (nest(i, quote!(#shape)), nest(i, quote!(_)));
            Some(quote!(#yes => true, #no => false,))
        });
        let checks: TokenStream = checks.collect();
        let bodies: TokenStream = self
            .arms
            .iter()
            .enumerate()
            .map(|(i, Arm { pattern, body, .. })| {
                // `(..)` for `_`: a lint would ask for `()` where the user wrote `_`.
                let pattern = if is_wild(pattern) {
                    quote!(..)
                } else {
                    quote!(#pattern)
                };
                let pattern = nest(i, pattern);
                quote!(#s::Outcome::Arm(#pattern) => #body,)
            })
            .collect();
        let default_arm = self
            .default
            .map(|body| quote!(#s::Outcome::Default => #body,));
        let else_arm = self
            .otherwise
            .map(|body| quote!(#s::Outcome::Otherwise => #body,));

        let names: Vec<_> = (0..count)
            .map(|i| Ident::new(&format!("__arm{i}"), span))
            .collect();
        let list = names
            .iter()
            .rev()
            .fold(quote!(()), |rest, arm| quote!((#arm.as_mut(), #rest)));
        let select = quote_spanned!(span=> {
            #(let mut #names = ::core::pin::pin!(#names);)*
            // Not the block's last expression: what it borrows would outlive the block in older editions.
            let #out = #s::select::<#count, _, _>(
                #s::Mode { biased: #biased, default: #default, otherwise: #otherwise },
                #list,
                |#out: &_| match *#out { #checks _ => true },
            )
            .await;
            #out
        });
        // An operand's temporaries live until the select is over: it is matched. A condition's go at once.
        let (on, operand) = (Ident::new("__on", span), Ident::new("__operand", span));
        let wait = self.arms.iter().zip(&names).rev().fold(select, |inner, (arm, name)| {
            let expression = &arm.operand;
            let guard = arm.guard.as_ref().map_or_else(|| quote!(true), |g| quote!(#g));
            let at = expression.span().resolved_at(span);
            let made = quote_spanned!(at=>
                (&&&&&#s::Operand::of(&#operand)).gaggle_operand_kind().gaggle_arm(#operand, #on)
            );
            quote_spanned!(span=> {
                let #on: ::core::primitive::bool = #guard;
                match #expression {
                    #operand => match #made { #name => #inner },
                }
            })
        });

        let import = (count > 0).then(|| quote_spanned!(span=> use #s::kinds::*;));
        quote_spanned!(span=> {
            #import
            let #out = #wait;
            // A value that is moved, so that patterns may say `ref mut`.
            match #s::moved(#out) {
                #bodies
                #default_arm
                #else_arm
                _ => ::core::unreachable!("a pattern that is a constant has a name in capitals"),
            }
        })
    }
}

/// What a pattern asks of a value: the pattern without bindings, so that it moves nothing.
fn shape(pattern: &Pat) -> Pat {
    let wild = || {
        Pat::Wild(syn::PatWild {
            attrs: Vec::new(),
            underscore_token: Token![_](Span::mixed_site()),
        })
    };
    match pattern.clone() {
        Pat::Ident(ident) => match ident.subpat {
            Some((_, inner)) => shape(&inner),
            None if ident.by_ref.is_none()
                && ident.mutability.is_none()
                && is_constant(&ident.ident) =>
            {
                Pat::Ident(ident)
            }
            None => wild(),
        },
        Pat::Reference(mut reference) => {
            *reference.pat = shape(&reference.pat);
            if is_wild(&reference.pat) {
                wild()
            } else {
                Pat::Reference(reference)
            }
        }
        Pat::Paren(paren) => shape(&paren.pat),
        Pat::Or(mut or) => {
            or.cases.iter_mut().for_each(|case| *case = shape(case));
            if or.cases.iter().any(is_wild) {
                wild()
            } else {
                Pat::Or(or)
            }
        }
        Pat::Tuple(mut tuple) => {
            tuple.elems.iter_mut().for_each(|elem| *elem = shape(elem));
            let all = tuple
                .elems
                .iter()
                .all(|p| is_wild(p) || matches!(p, Pat::Rest(_)));
            if all { wild() } else { Pat::Tuple(tuple) }
        }
        Pat::TupleStruct(mut tuple) => {
            tuple.elems.iter_mut().for_each(|elem| *elem = shape(elem));
            Pat::TupleStruct(tuple)
        }
        Pat::Slice(mut slice) => {
            slice.elems.iter_mut().for_each(|elem| {
                // `rest @ ..` keeps its dots.
                *elem = match &*elem {
                    Pat::Ident(i)
                        if matches!(i.subpat.as_ref().map(|s| &*s.1), Some(Pat::Rest(_))) =>
                    {
                        i.subpat.as_ref().map_or_else(wild, |s| (*s.1).clone())
                    }
                    other => shape(other),
                };
            });
            Pat::Slice(slice)
        }
        Pat::Struct(mut fields) => {
            for field in &mut fields.fields {
                *field.pat = shape(&field.pat);
                if field.colon_token.is_none() {
                    field.colon_token = Some(Token![:](Span::mixed_site()));
                }
            }
            Pat::Struct(fields)
        }
        other => other,
    }
}

/// A constant or a unit struct, not a binding: its first letter is a capital.
fn is_constant(name: &Ident) -> bool {
    let name = name.unraw().to_string();
    name.trim_start_matches('_').starts_with(char::is_uppercase)
}

fn is_wild(pattern: &Pat) -> bool {
    matches!(pattern, Pat::Wild(_))
}
