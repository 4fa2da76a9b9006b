//! The environment variable `GAGGLE_SIM`: settings with commas between them.
//!
//! | setting | what it does |
//! |---|---|
//! | `off` | tests run on real workers |
//! | `seed:N` | all schedules come from this seed |
//! | `schedules:N` | so many schedules, without a limit of time |
//! | `replay:TEXT` | one run, with the schedule that a report has printed; or the name of a file that holds it |

use std::env;

/// What `GAGGLE_SIM` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Tests run on real workers.
    pub off: bool,
    /// All schedules come from this seed.
    pub seed: Option<u64>,
    /// So many schedules.
    pub schedules: Option<u64>,
    /// One run, with this schedule.
    pub replay: Option<String>,
}

impl Settings {
    /// What the variable says now.
    ///
    /// # Panics
    /// When it cannot be understood, with the reason.
    #[must_use]
    pub fn of_environment() -> Self {
        match env::var("GAGGLE_SIM") {
            Err(env::VarError::NotPresent) => Self::default(),
            Err(env::VarError::NotUnicode(_)) => panic!("GAGGLE_SIM is no text"),
            Ok(text) => match Self::read(&text) {
                Ok(settings) => settings,
                Err(why) => panic!("GAGGLE_SIM is `{text}`: {why}"),
            },
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let mut settings = Self::default();
        let parts = text.split(',').map(str::trim);
        for part in parts.filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once(':').unwrap_or((part, ""));
            let number =
                || parse(value).ok_or_else(|| format!("`{value}` is no number; `{key}:N`"));
            match key {
                "off" if value.is_empty() => settings.off = true,
                "seed" => settings.seed = Some(number()?),
                "schedules" => match number()? {
                    0 => return Err("there must be at least one schedule".to_owned()),
                    n => settings.schedules = Some(n),
                },
                "replay" if !value.is_empty() => settings.replay = Some(value.to_owned()),
                _ => {
                    return Err(format!(
                        "`{part}` is unknown; there are `off`, `seed:N`, `schedules:N` and `replay:SCHEDULE`"
                    ));
                }
            }
        }
        Ok(settings)
    }
}

fn parse(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_what_is_wrong_is_named() {
        let read = Settings::read("seed:0x1f, schedules:300,off").unwrap();
        assert_eq!(
            (read.seed, read.schedules, read.off),
            (Some(31), Some(300), true)
        );
        assert_eq!(Settings::read(""), Ok(Settings::default()));
        let token = Settings::read("replay:g1-AA").unwrap().replay;
        assert_eq!(token.as_deref(), Some("g1-AA"));
        for (text, why) in [
            ("seed:x", "`x` is no number"),
            ("schedules:0", "at least one"),
            ("replay:", "is unknown"),
            ("fast", "`fast` is unknown"),
        ] {
            let error = Settings::read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
