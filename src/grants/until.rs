//! How long a grant lasts: `30m`, `12h`, `7d`, `4w`, a time, or `never`.

use chrono::{DateTime, TimeDelta, Utc};

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
        let wrong = || format!("`{text}` isn't 30m, 12h, 7d, 4w, a time like 2026-01-31T08:00:00Z, or never");
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
        let minutes = match unit {
            "m" => 1,
            "h" => 60,
            "d" => 24 * 60,
            "w" => 7 * 24 * 60,
            _ => return Err(wrong()),
        };
        // Ten years of minutes fit; nobody means more.
        let most = 10 * 366 * 24 * 60;
        let number: i64 = number.parse().ok().filter(|_| !number.starts_with('+')).ok_or_else(wrong)?;
        match number.checked_mul(minutes) {
            Some(length @ 1..) if length <= most => Ok(Self::After(TimeDelta::minutes(length))),
            Some(1..) | None => Err(format!("`{text}` is more than ten years; say `never` if that is meant")),
            Some(_) => Err(wrong()),
        }
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
        for (text, minutes) in [("30m", 30), ("12h", 720), ("7d", 10_080), ("4w", 40_320)] {
            assert_eq!(Until::parse(text), Ok(Until::After(TimeDelta::minutes(minutes))), "{text}");
        }
        assert_eq!(Until::parse("never"), Ok(Until::Never));
        let at = Until::parse("2026-01-31T09:00:00+01:00").unwrap();
        assert_eq!(at.at(Utc::now()).unwrap().to_rfc3339(), "2026-01-31T08:00:00+00:00");
        let long = "9".repeat(30);
        for wrong in
            ["", "d", "7", "7x", "0d", "-1d", "+1d", "1.5h", "7 d", "é", "Never", &long, "999999999999w", "11000d"]
        {
            assert!(Until::parse(wrong).is_err(), "{wrong}");
        }
    }
}
