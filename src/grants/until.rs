//! How long a grant lasts: `30m`, `12h`, `7d`, `4w`, a time, or `never`.

use chrono::{DateTime, TimeDelta, Utc};

use crate::length::{self, Wrong};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    After(TimeDelta),
    At(DateTime<Utc>),
    Never,
}

impl Until {
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Never);
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(at.to_utc()));
        }
        length::parse(text).map(Self::After).map_err(|wrong| match wrong {
            Wrong::Form => format!("`{text}` isn't 30m, 12h, 7d, 4w, a time like 2026-01-31T08:00:00Z, or never"),
            Wrong::Long => format!("`{text}` is more than ten years; say `never` if that is meant"),
        })
    }

    /// None: it has no end.
    pub(super) fn at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::After(length) => Some(now + length),
            Self::At(end) => Some(end),
            Self::Never => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_times_are_understood_and_nothing_else() {
        assert_eq!(Until::parse("12h"), Ok(Until::After(TimeDelta::hours(12))));
        assert_eq!(Until::parse("never"), Ok(Until::Never));
        let at = Until::parse("2026-01-31T09:00:00+01:00").unwrap();
        assert_eq!(at.at(Utc::now()).unwrap().to_rfc3339(), "2026-01-31T08:00:00+00:00");
        for wrong in ["", "7x", "Never", "11000d"] {
            assert!(Until::parse(wrong).is_err(), "{wrong}");
        }
    }
}
