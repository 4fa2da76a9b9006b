//! Pictures made of characters: text in, text out.
//!
//! | file | what it draws |
//! |---|---|
//! | [`lanes`] | one lane per goroutine, time from left to right |
//! | [`orders`] | which order came up how often |
//! | [`table`] | figures in columns |
//! | [`checks`] | what is guaranteed, what is not, and what was so in these runs |
//!
//! Nothing in this folder knows the tour's programs, runs anything or writes to standard output.

pub(crate) mod checks;
pub(crate) mod lanes;
pub(crate) mod orders;
pub(crate) mod table;

/// Every picture is moved in by this much, so that only lines of programs stand at the left margin.
pub(crate) const INDENT: usize = 2;

/// `text` cut to `width` columns; two dots stand for what is missing.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(2)).collect();
    short.push_str("..");
    short
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn long_text_is_cut_with_two_dots() {
        assert_eq!(cut("geese", 5), "geese");
        assert_eq!(cut("goslings", 5), "gos..");
    }
}
