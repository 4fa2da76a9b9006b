//! Patterns of `KEYS` and `SCAN`: `*`, `?`, `[a-c]`, `[^a]`, `\` before a mark. Nothing here takes longer than the product of the two lengths.

/// Does the whole of `text` match?
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Behind the last star, and where the text stood then: when it goes wrong, the star takes one byte more.
    let mut star = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            star = Some((p, t));
        } else if let Some(byte) = text.get(t)
            && let Some(next) = one(pattern, p, *byte)
        {
            p = next;
            t += 1;
        } else if t == text.len() && p == pattern.len() {
            return true;
        } else if let Some((after, from)) = star
            && from < text.len()
        {
            star = Some((after, from + 1));
            (p, t) = (after, from + 1);
        } else {
            return false;
        }
    }
}

/// Does what stands at `p` match the byte? Then where the pattern goes on.
fn one(pattern: &[u8], p: usize, byte: u8) -> Option<usize> {
    match *pattern.get(p)? {
        b'?' => Some(p + 1),
        b'[' => class(pattern, p + 1, byte),
        b'\\' if p + 1 < pattern.len() => (pattern[p + 1] == byte).then_some(p + 2),
        literal => (literal == byte).then_some(p + 1),
    }
}

/// A class, whose members begin at `p`. One that does not end goes to the end of the pattern.
fn class(pattern: &[u8], mut p: usize, byte: u8) -> Option<usize> {
    let negated = pattern.get(p) == Some(&b'^');
    p += usize::from(negated);
    let mut found = false;
    loop {
        match pattern.get(p..)? {
            [] => break,
            [b']', ..] => {
                p += 1;
                break;
            }
            [b'\\', escaped, ..] => {
                found |= *escaped == byte;
                p += 2;
            }
            [from, b'-', to, ..] if *to != b']' => {
                found |= (*from.min(to)..=*from.max(to)).contains(&byte);
                p += 3;
            }
            [member, ..] => {
                found |= *member == byte;
                p += 1;
            }
        }
    }
    (found != negated).then_some(p)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_in_redis() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("*", &["", "a", "abc"], &[]),
            ("a*c", &["ac", "abc", "abbc"], &["a", "ab", "bc"]),
            ("h?llo", &["hello", "hallo"], &["hllo", "heello"]),
            ("h[ae]llo", &["hello", "hallo"], &["hillo"]),
            ("h[^e]llo", &["hallo", "hbllo"], &["hello"]),
            ("h[a-b]llo", &["hallo", "hbllo"], &["hcllo"]),
            ("\\*", &["*"], &["a"]),
            ("*[0-9]", &["a1", "12"], &["1a", ""]),
            ("a**b", &["ab", "axxb"], &["a", "b"]),
            ("", &[""], &["a"]),
        ];
        for (pattern, yes, no) in cases {
            for (texts, wanted) in [(yes, true), (no, false)] {
                for text in *texts {
                    let got = matches(pattern.as_bytes(), text.as_bytes());
                    assert_eq!(got, wanted, "{pattern} {text}");
                }
            }
        }
    }

    #[test]
    fn a_pattern_of_many_stars_is_no_trap() {
        let (pattern, text) = (b"a*".repeat(50), b"a".repeat(5_000));
        assert!(matches(&pattern, &text));
        assert!(!matches(&[&pattern[..], b"b"].concat(), &text));
    }
}
