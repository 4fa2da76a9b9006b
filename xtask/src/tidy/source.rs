//! Tells the code of a Rust file from its comments and its strings.
//!
//! This is not a parser: it knows only as much of the grammar as is needed to find where comments, strings and
//! characters begin and end.
//! Each view has the line structure of the file; what does not belong to it is blank.

/// The two views of a file.
pub(crate) struct Source {
    /// Without comments and without the contents of strings.
    pub(crate) code: String,
    /// Comments alone.
    pub(crate) comments: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Quoted,
}

impl Source {
    pub(crate) fn read(text: &str) -> Self {
        let mut source = Self {
            code: String::new(),
            comments: String::new(),
        };
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let (part, length) = piece(text, at);
            source.push(part, &text[at..at + length]);
            at += length;
        }
        source
    }

    fn push(&mut self, part: Part, text: &str) {
        for character in text.chars() {
            let keep = |wanted: Part| {
                if part == wanted || character == '\n' {
                    character
                } else {
                    ' '
                }
            };
            self.code.push(keep(Part::Code));
            self.comments.push(keep(Part::Comment));
        }
    }
}

/// What begins at `at`, and how many bytes it is long.
fn piece(text: &str, at: usize) -> (Part, usize) {
    let rest = &text[at..];
    let inside_word = text[..at].chars().next_back().is_some_and(is_word);
    if rest.starts_with("//") {
        (Part::Comment, rest.find('\n').unwrap_or(rest.len()))
    } else if rest.starts_with("/*") {
        (Part::Comment, block_comment(rest))
    } else if let Some(length) = raw_string(rest).filter(|_| !inside_word) {
        (Part::Quoted, length)
    } else if rest.starts_with('"') {
        (Part::Quoted, quoted(rest, '"'))
    } else if let Some(length) = character(rest) {
        (Part::Quoted, length)
    } else {
        (Part::Code, rest.chars().next().map_or(1, char::len_utf8))
    }
}

pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => {
                depth += 1;
                at += 2;
            }
            Some(b"*/") => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

/// `r"..."`, `r#"..."#`, also with `b` or `c` in front.
fn raw_string(rest: &str) -> Option<usize> {
    let mark = rest
        .strip_prefix(['b', 'c'])
        .unwrap_or(rest)
        .strip_prefix('r')?;
    let hashes = mark.bytes().take_while(|&byte| byte == b'#').count();
    let body = mark[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let begin = rest.len() - body.len();
    Some(
        body.find(&end)
            .map_or(rest.len(), |found| begin + found + end.len()),
    )
}

/// A string or character up to its closing mark, backslashes heeded.
fn quoted(rest: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == mark {
            return at + 1;
        }
    }
    rest.len()
}

/// `'x'` and `'\n'`, but not the lifetime `'x`.
fn character(rest: &str) -> Option<usize> {
    let mut characters = rest.strip_prefix('\'')?.chars();
    let first = characters.next()?;
    (first == '\\' || characters.next() == Some('\'')).then(|| quoted(rest, '\''))
}

#[cfg(test)]
mod tests {
    use super::Source;

    fn code(text: &str) -> String {
        let source = Source::read(text);
        assert_eq!(source.code.chars().count(), text.chars().count());
        source.code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        assert_eq!(code("a // b\nc /* d /* e */ f */ g"), "a c g");
        assert_eq!(code(r#"a("b // c \" d", e)"#), "a( , e)");
        assert_eq!(code("x(r#\"a \" b\"#, br\"c\") y"), "x( , ) y");
    }

    #[test]
    fn characters_are_quoted_and_lifetimes_are_code() {
        assert_eq!(code(r"m('{', '\'', '\u{7d}') n"), "m( , , ) n");
        assert_eq!(code("fn f<'a>(x: &'a str) {}"), "fn f<'a>(x: &'a str) {}");
    }

    #[test]
    fn a_name_that_ends_in_r_is_no_raw_string() {
        assert_eq!(code("macro_for\"text\" z"), "macro_for z");
    }

    #[test]
    fn the_comment_view_holds_comments_alone() {
        let source = Source::read("let a = \"// no\"; // yes\n/* also */ b");
        assert!(source.comments.contains("// yes") && source.comments.contains("/* also */"));
        assert!(!source.comments.contains("no") && !source.comments.contains("let"));
    }

    #[test]
    fn text_that_ends_early_is_read_to_its_end() {
        for text in ["\"open", "/* open", "r#\"open", "'", "'\\", "ä'ö'ü\"ß"] {
            code(text);
        }
    }
}
