//! Reads SPDX licence expressions: `MIT OR Apache-2.0 WITH LLVM-exception AND (ISC OR Zlib)`.
//!
//! `AND` binds tighter than `OR`, `WITH` tighter than both; the slash of old manifests (`MIT/Apache-2.0`) is an `OR`.
//! An expression is evaluated while it is read: it is allowed if some choice of its `OR`s needs only allowed licences.

/// A licence, with its exception if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Licence {
    name: String,
    exception: Option<String>,
}

impl Licence {
    /// Reads one licence of the policy.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (name, exception) = match words.as_slice() {
            [name] => (name, None),
            [name, "WITH", exception] => (name, Some((*exception).to_owned())),
            _ => return None,
        };
        Some(Self {
            name: (*name).to_owned(),
            exception,
        })
    }
}

/// Says whether `expression` can be satisfied with the `policy`, or why it cannot be read.
pub(super) fn allowed(expression: &str, policy: &[Licence]) -> Result<bool, String> {
    let mut reader = Reader {
        tokens: tokens(expression),
        next: 0,
        policy,
    };
    let result = reader.any()?;
    match reader.take() {
        None => Ok(result),
        Some(token) => Err(format!("`{token}` is one too many")),
    }
}

/// Words, parentheses and slashes.
fn tokens(expression: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (at, character) in expression.char_indices() {
        let single = matches!(character, '(' | ')' | '/');
        if single || character.is_whitespace() {
            tokens.extend(start.take().map(|start| &expression[start..at]));
        } else if start.is_none() {
            start = Some(at);
        }
        if single {
            tokens.push(&expression[at..=at]);
        }
    }
    tokens.extend(start.map(|start| &expression[start..]));
    tokens
}

/// One function per level of binding, the loosest first.
struct Reader<'a> {
    tokens: Vec<&'a str>,
    next: usize,
    policy: &'a [Licence],
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> Result<bool, String> {
        let mut result = self.all()?;
        while self.take_if(&["OR", "/"]) {
            result |= self.all()?;
        }
        Ok(result)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut result = self.one()?;
        while self.take_if(&["AND"]) {
            result &= self.one()?;
        }
        Ok(result)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.take_if(&["("]) {
            let result = self.any()?;
            return if self.take_if(&[")"]) {
                Ok(result)
            } else {
                Err("a `)` is missing".to_owned())
            };
        }
        let name = self.word("a licence")?.to_owned();
        let exception = if self.take_if(&["WITH"]) {
            Some(self.word("an exception")?.to_owned())
        } else {
            None
        };
        Ok(self.policy.contains(&Licence { name, exception }))
    }

    fn word(&mut self, what: &str) -> Result<&'a str, String> {
        match self.take() {
            None => Err(format!("it ends where {what} should be")),
            Some(token @ ("AND" | "OR" | "WITH" | "(" | ")" | "/")) => {
                Err(format!("`{token}` stands where {what} should be"))
            }
            Some(token) => Ok(token),
        }
    }

    fn take(&mut self) -> Option<&'a str> {
        let token = self.tokens.get(self.next).copied();
        self.next += 1;
        token
    }

    fn take_if(&mut self, wanted: &[&str]) -> bool {
        let found = self
            .tokens
            .get(self.next)
            .is_some_and(|token| wanted.contains(token));
        self.next += usize::from(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Licence, allowed};

    fn check(expression: &str) -> Result<bool, String> {
        let policy: Vec<Licence> = [
            "MIT",
            "Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
            "Unicode-3.0",
        ]
        .into_iter()
        .filter_map(Licence::parse)
        .collect();
        allowed(expression, &policy)
    }

    #[test]
    fn one_allowed_side_of_an_or_is_enough() {
        assert_eq!(check("MIT"), Ok(true));
        assert_eq!(check("GPL-3.0-only OR MIT"), Ok(true));
        assert_eq!(check("MIT/GPL-2.0"), Ok(true));
        assert_eq!(check("GPL-2.0 / LGPL-2.1"), Ok(false));
    }

    #[test]
    fn an_and_needs_both_sides() {
        assert_eq!(check("(MIT OR Apache-2.0) AND Unicode-3.0"), Ok(true));
        assert_eq!(check("(MIT OR Apache-2.0) AND GPL-3.0-only"), Ok(false));
    }

    #[test]
    fn and_binds_tighter_than_or() {
        assert_eq!(check("MIT OR GPL-3.0-only AND LGPL-2.1"), Ok(true));
        assert_eq!(check("(MIT OR GPL-3.0-only) AND LGPL-2.1"), Ok(false));
        assert_eq!(check("GPL-3.0-only AND LGPL-2.1 OR MIT"), Ok(true));
    }

    #[test]
    fn an_exception_is_part_of_the_licence() {
        assert_eq!(check("Apache-2.0 WITH LLVM-exception"), Ok(true));
        assert_eq!(check("Apache-2.0 WITH other-exception"), Ok(false));
        assert_eq!(check("MIT WITH LLVM-exception OR GPL-2.0"), Ok(false));
    }

    #[test]
    fn parentheses_nest() {
        assert_eq!(check("((MIT))"), Ok(true));
        assert_eq!(check("(GPL-2.0 OR (MIT AND (Apache-2.0)))"), Ok(true));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (expression, part) in [
            ("", "ends where a licence"),
            ("MIT OR", "ends where a licence"),
            ("MIT Apache-2.0", "`Apache-2.0` is one too many"),
            ("(MIT", "`)` is missing"),
            ("MIT)", "`)` is one too many"),
            ("AND MIT", "`AND` stands where a licence"),
            ("MIT WITH", "ends where an exception"),
        ] {
            let error = check(expression).unwrap_err();
            assert!(error.contains(part), "{expression:?}: {error}");
        }
    }
}
