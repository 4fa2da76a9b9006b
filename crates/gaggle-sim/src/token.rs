//! A run as a string: `g1-` and, in base64 for URLs, how it was set up and its choices.
//!
//! The choices are runs of dull ones and the others in between; trailing dull ones are left out.
//! Numbers are seven bits a byte, lowest first, with the high bit where more follow.

use crate::execute::Recipe;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gaggle_rt::stepped::Level;
use std::fmt;

const PREFIX: &str = "g1-";
const EVERY_OP: u8 = 1;
const EARLY: u8 = 2;
const CHECKED: u8 = 4;

/// What a string says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) level: Level,
    /// Timers may fire early.
    pub(crate) early: bool,
    pub(crate) recipe: Recipe,
    /// What the run's fingerprint was, cut to 32 bits, if it is known.
    pub(crate) fingerprint: Option<u32>,
}

/// Why a string cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadToken(&'static str);

impl fmt::Display for BadToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is no schedule that can be replayed: {}", self.0)
    }
}

impl Token {
    pub(crate) fn write(&self) -> String {
        let mut bytes = Vec::new();
        let mut flags = 0;
        if self.level == Level::EveryOp {
            flags |= EVERY_OP;
        }
        if self.early {
            flags |= EARLY;
        }
        if self.fingerprint.is_some() {
            flags |= CHECKED;
        }
        bytes.push(flags);
        if let Some(fingerprint) = self.fingerprint {
            bytes.extend(fingerprint.to_le_bytes());
        }
        push(&mut bytes, self.recipe.seed);
        let mut dull = 0;
        for chosen in &self.recipe.choices {
            if *chosen == 0 {
                dull += 1;
                continue;
            }
            push(&mut bytes, dull);
            push(&mut bytes, u64::from(*chosen));
            dull = 0;
        }
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(crate) fn read(text: &str) -> Result<Self, BadToken> {
        let text = text.trim();
        let Some(code) = text.strip_prefix(PREFIX) else {
            return Err(BadToken("it does not begin with `g1-`"));
        };
        let bytes = URL_SAFE_NO_PAD
            .decode(code)
            .map_err(|_| BadToken("a character is missing, or one does not belong there"))?;
        let mut bytes = bytes.as_slice();
        let ends_early = BadToken("its end is missing");
        let (flags, rest) = bytes.split_first().ok_or(ends_early.clone())?;
        if flags & !(EVERY_OP | EARLY | CHECKED) != 0 {
            return Err(BadToken("it comes from a newer version of gaggle"));
        }
        bytes = rest;
        let mut fingerprint = None;
        if flags & CHECKED != 0 {
            let (four, rest) = bytes.split_first_chunk::<4>().ok_or(ends_early.clone())?;
            fingerprint = Some(u32::from_le_bytes(*four));
            bytes = rest;
        }
        let seed = pull(&mut bytes).ok_or(ends_early.clone())?;
        let mut choices = Vec::new();
        while !bytes.is_empty() {
            let dull = pull(&mut bytes).ok_or(ends_early.clone())?;
            let chosen = pull(&mut bytes).ok_or(ends_early.clone())?;
            let room = usize::try_from(dull)
                .ok()
                .filter(|dull| choices.len() + dull < MOST);
            let room = room.ok_or(BadToken("it has more choices than a run can have"))?;
            choices.resize(choices.len() + room, 0);
            choices.push(u32::try_from(chosen).map_err(|_| BadToken("a choice is out of range"))?);
        }
        Ok(Self {
            level: if flags & EVERY_OP == 0 {
                Level::Await
            } else {
                Level::EveryOp
            },
            early: flags & EARLY != 0,
            recipe: Recipe { seed, choices },
            fingerprint,
        })
    }
}

/// So many choices are believed.
const MOST: usize = 1 << 28;

fn push(bytes: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        bytes.push(n as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
}

fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut n = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(seed: u64, choices: &[u32]) -> Token {
        Token {
            level: Level::EveryOp,
            early: false,
            recipe: Recipe {
                seed,
                choices: choices.to_vec(),
            },
            fingerprint: Some(0xfeed),
        }
    }

    #[test]
    fn what_was_written_is_what_is_read() {
        let lists: [&[u32]; 4] = [&[], &[1], &[0, 0, 0, 5, 1, 0, 300], &[u32::MAX]];
        for seed in [0, 1, u64::MAX] {
            for list in lists {
                let token = token(seed, list);
                assert_eq!(Token::read(&token.write()), Ok(token));
            }
        }
        let plain = Token {
            level: Level::Await,
            early: true,
            fingerprint: None,
            ..token(7, &[2])
        };
        assert_eq!(Token::read(&format!(" {}\n", plain.write())), Ok(plain));
    }

    #[test]
    fn a_few_switches_are_a_short_string() {
        let mut choices = vec![0; 10_000];
        choices.push(1);
        assert!(token(0, &choices).write().len() < 20);
    }

    #[test]
    fn what_is_damaged_is_refused_with_the_reason() {
        let good = token(9, &[0, 3]).write();
        let cases = [
            ("x", "does not begin with"),
            ("g1-", "end is missing"),
            ("g1-!!", "does not belong"),
            ("g1-_w", "newer version"),
            (&good[..good.len() - 4], "end is missing"),
        ];
        for (text, why) in cases {
            let error = Token::read(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
