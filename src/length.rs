//! Lengths of time as people write them: `90s`, `30m`, `12h`, `7d`, `4w`. For grants, which end by
//! themselves, and for leases of org keys.

use chrono::TimeDelta;

/// Nobody means more.
const MOST: i64 = 10 * 366 * 24 * 60 * 60;

/// Why a text is no length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    Form,
    /// More than ten years.
    Long,
}

pub fn parse(text: &str) -> Result<TimeDelta, Wrong> {
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(Wrong::Form)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return Err(Wrong::Form),
    };
    let number: i64 = number.parse().ok().filter(|_| !number.starts_with('+')).ok_or(Wrong::Form)?;
    match number.checked_mul(seconds) {
        Some(length @ 1..) if length <= MOST => Ok(TimeDelta::seconds(length)),
        Some(1..) | None => Err(Wrong::Long),
        Some(_) => Err(Wrong::Form),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_understood_and_nothing_else() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("12h", 43_200), ("7d", 604_800), ("4w", 2_419_200)] {
            assert_eq!(parse(text), Ok(TimeDelta::seconds(seconds)), "{text}");
        }
        let long = "9".repeat(30);
        for wrong in ["", "d", "7", "7x", "0d", "-1d", "+1d", "1.5h", "7 d", "é", &long] {
            assert_eq!(parse(wrong), Err(Wrong::Form), "{wrong}");
        }
        for much in ["999999999999w", "11000d", "9223372036854775807s"] {
            assert_eq!(parse(much), Err(Wrong::Long), "{much}");
        }
    }
}
