//! Answers, written to the end of a buffer; and the few things that are read out of them again when answers of several shards become one.

use std::io::Write as _;

fn line(out: &mut Vec<u8>, mark: u8, number: i64) {
    // Most numbers have one digit.
    if let Ok(digit @ 0..=9) = u8::try_from(number) {
        out.extend_from_slice(&[mark, b'0' + digit, b'\r', b'\n']);
        return;
    }
    out.push(mark);
    // A write to memory does not fail.
    let _ = write!(out, "{number}\r\n");
}

/// A status, such as `OK`.
pub fn simple(out: &mut Vec<u8>, text: &str) {
    out.push(b'+');
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// An error: a word in capitals, then a text. An end of line in it becomes a blank.
pub fn error(out: &mut Vec<u8>, text: impl AsRef<[u8]>) {
    out.push(b'-');
    out.extend(text.as_ref().iter().map(|byte| match *byte {
        b'\r' | b'\n' => b' ',
        byte => byte,
    }));
    out.extend_from_slice(b"\r\n");
}

/// A number.
pub fn integer(out: &mut Vec<u8>, number: i64) {
    line(out, b':', number);
}

/// Bytes.
pub fn bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    line(out, b'$', bytes.len().try_into().unwrap_or(i64::MAX));
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// No bytes: what a key that is not there has.
pub fn null(out: &mut Vec<u8>) {
    out.extend_from_slice(b"$-1\r\n");
}

/// The head of an array: its elements follow.
pub fn array(out: &mut Vec<u8>, length: usize) {
    line(out, b'*', length.try_into().unwrap_or(i64::MAX));
}

/// Of an answer that is an array: how many elements it has, and what they are.
#[must_use]
pub fn array_end(answer: &[u8]) -> Option<(usize, &[u8])> {
    let rest = answer.strip_prefix(b"*")?;
    let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let length = integer_of(&rest[..end])?;
    Some((usize::try_from(length).ok()?, &rest[end + 2..]))
}

/// A whole number in decimal, as strict as Redis is: no blanks, no plus, no zeros in front.
#[must_use]
pub fn integer_of(digits: &[u8]) -> Option<i64> {
    let (negative, body) = match digits.strip_prefix(b"-") {
        Some(body) => (true, body),
        None => (false, digits),
    };
    match body {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] if body.len() <= 19 => {}
        _ => return None,
    }
    // Downwards, because there is one number more there.
    let mut value = 0_i64;
    for byte in body {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        value = value.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if negative {
        Some(value)
    } else {
        value.checked_neg()
    }
}

/// Where the answer ends that begins at the front of `bytes`; `None` if it is not there as a whole. For clients.
#[must_use]
pub fn skip(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut left) = (0_usize, 1_usize);
    while left > 0 {
        left -= 1;
        let rest = bytes.get(at..)?;
        let end = at + rest.windows(2).position(|pair| pair == b"\r\n")? + 2;
        let number = integer_of(bytes.get(at + 1..end - 2)?);
        let number = number.and_then(|number| usize::try_from(number).ok());
        at = match (bytes[at], number) {
            (b'$', Some(length)) => end.checked_add(length)?.checked_add(2)?,
            (b'*', Some(length)) => {
                left = left.checked_add(length)?;
                end
            }
            _ => end,
        };
    }
    (at <= bytes.len()).then_some(at)
}
