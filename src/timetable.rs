//! When a schedule comes: a checked cron expression in a checked time zone, restricted to what the
//! platform takes. The schedule tools say with it what is wrong before anything is sent, and the
//! embedded tenant asks it what is due. croner counts; `field` knows the platform's dialect.

mod field;

use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::CronParser;

use field::Field;

#[derive(Debug, Clone)]
pub struct Timetable {
    cron: Cron,
    zone: Tz,
}

/// What is wrong, and what was expected. It never repeats the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// The zone that was given beside the expression.
    Zone,
    /// The zone that the expression begins with.
    Prefix,
    /// Their number.
    Fields,
    Value(&'static Field),
    Range(&'static Field),
    Step(&'static Field),
}

impl Timetable {
    pub fn parse(expression: &str, zone: &str) -> Result<Self, Wrong> {
        let beside = named(zone).ok_or(Wrong::Zone)?;
        let (zone, fields) = match zone_before(expression)? {
            Some((zone, fields)) => (zone, fields),
            None => (beside, expression),
        };
        let texts: Vec<&str> = fields.split_whitespace().collect();
        if texts.len() != field::ALL.len() {
            return Err(Wrong::Fields);
        }
        let fields: Result<Vec<String>, Wrong> =
            field::ALL.iter().zip(texts).map(|(field, text)| field.plain(text)).collect();
        let cron = CronParser::new().parse(&format!("{SECONDS} {}", fields?.join(" ")));
        Ok(Self { cron: cron.map_err(|_| Wrong::Fields)?, zone })
    }

    /// The first time after that moment; None for a date that never comes, like the 30th of February.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = self.cron.find_next_occurrence(&after.with_timezone(&self.zone), false).ok()?;
        Some(next.to_utc())
    }

    /// The first `n` times after that moment, or as many as come.
    pub fn upcoming(&self, after: DateTime<Utc>, n: usize) -> Vec<DateTime<Utc>> {
        std::iter::successors(self.next(after), |last| self.next(*last)).take(n).collect()
    }
}

/// Only second 0. The step that leads nowhere is for croner: a plain time that a night's turned clock
/// leaves out would be moved to the next hour, and the platform leaves it out.
const SECONDS: &str = "0-0/60";

/// Names are case-sensitive. `Local` is where the platform's machines are, and that is UTC, as is none.
fn named(zone: &str) -> Option<Tz> {
    match zone {
        "" | "Local" => Some(Tz::UTC),
        name => name.parse().ok(),
    }
}

/// `CRON_TZ=Europe/Berlin 0 9 * * *`: it wins over the zone that was given beside it.
fn zone_before(expression: &str) -> Result<Option<(Tz, &str)>, Wrong> {
    let after = ["CRON_TZ=", "TZ="].into_iter().find_map(|prefix| expression.strip_prefix(prefix));
    let Some(after) = after else { return Ok(None) };
    let (zone, fields) = after.split_once(' ').ok_or(Wrong::Prefix)?;
    Ok(Some((named(zone).ok_or(Wrong::Prefix)?, fields)))
}

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zone => out.write_str("not an IANA time zone like Europe/Berlin (upper and lower case count)"),
            Self::Prefix => out.write_str("CRON_TZ= is followed by an IANA time zone like Europe/Berlin and a blank"),
            Self::Fields => out.write_str(
                "a cron expression has exactly five fields (minute, hour, day of the month, month, day of the \
                 week): no seconds, no @daily",
            ),
            Self::Value(field) => write!(out, "the {field}, or a list, a range, * or */2"),
            Self::Range(field) => write!(out, "a range begins with the smaller value: the {field}"),
            Self::Step(field) => write!(out, "the step of the {} is a whole number from 1", field.name),
        }
    }
}

impl std::error::Error for Wrong {}

#[cfg(test)]
mod tests {
    use super::{Timetable, Wrong};
    use chrono::{DateTime, Utc};

    fn at(moment: &str) -> DateTime<Utc> {
        moment.parse().unwrap()
    }

    fn next(expression: &str, zone: &str, after: &str) -> Option<String> {
        let next = Timetable::parse(expression, zone).unwrap().next(at(after))?;
        Some(next.format("%FT%RZ").to_string())
    }

    fn wrong(expression: &str, zone: &str) -> Wrong {
        Timetable::parse(expression, zone).expect_err(expression)
    }

    #[test]
    fn refuses_what_the_platform_refuses() {
        for (expression, said) in [
            ("", "exactly five fields"),
            ("every day", "exactly five fields"),
            ("* * * *", "exactly five fields"),
            ("* * * * * *", "exactly five fields"),
            ("@daily", "no @daily"),
            ("0 0 * * 7", "the day of the week is a number from 0 (Sunday) to 6"),
            ("*/0 * * * *", "the step of the minute is a whole number from 1"),
            ("60 * * * *", "the minute is a number from 0 to 59"),
            ("0 24 * * *", "the hour is a number from 0 to 23"),
            ("0 0 0 * *", "the day of the month is a number from 1 to 31"),
            ("0 0 * 13 *", "the month is a number from 1 to 12"),
            ("a * * * *", "the minute is a number"),
            ("1, * * * *", "the minute is a number"),
            ("0 0 L * *", "the day of the month is a number"),
            ("0 0 * * mon#2", "or a name from sun to sat"),
            ("5-1 * * * *", "begins with the smaller value: the minute"),
            ("CRON_TZ=Mars/Base 0 9 * * *", "CRON_TZ="),
            ("CRON_TZ=UTC", "CRON_TZ="),
        ] {
            let text = wrong(expression, "UTC").to_string();
            assert!(text.contains(said), "{expression:?}: {text}");
        }
    }

    #[test]
    fn zones_go_by_their_exact_names() {
        for unknown in ["europe/berlin", "Mars/Base", "../zoneinfo/UTC", "/etc/localtime", "Berlin"] {
            assert_eq!(wrong("0 9 * * *", unknown), Wrong::Zone, "{unknown}");
        }
        for known in ["", "UTC", "Local", "Europe/Berlin", "Etc/GMT+5"] {
            assert!(Timetable::parse("0 9 * * *", known).is_ok(), "{known}");
        }
    }

    #[test]
    fn finds_the_next_time() {
        let friday = "2026-11-20T17:00:30Z";
        for (expression, wanted) in [
            ("* * * * *", "2026-11-20T17:01Z"),
            ("0 9 * * *", "2026-11-21T09:00Z"),
            (" 0 9 * * mon-fri ", "2026-11-23T09:00Z"),
            ("*/20 8-10 ? * ?", "2026-11-21T08:00Z"),
            ("50/4 17 * * *", "2026-11-20T17:50Z"),
            ("7/100 * * * *", "2026-11-20T17:07Z"),
            ("0 0 1 jan *", "2027-01-01T00:00Z"),
            ("0 0 29 2 *", "2028-02-29T00:00Z"),
            ("CRON_TZ=Asia/Tokyo 0 9 * * *", "2026-11-21T00:00Z"),
        ] {
            assert_eq!(next(expression, "UTC", friday).as_deref(), Some(wanted), "{expression}");
        }
        assert_eq!(next("0 0 30 2 *", "UTC", friday), None);
    }

    /// Where one of the two is `*`, the other decides; else either does.
    #[test]
    fn a_day_is_named_by_month_or_by_week() {
        let friday = "2026-11-20T17:00:30Z";
        for (expression, wanted) in [
            ("0 0 13 * 5", "2026-11-27T00:00Z"),
            ("0 0 22 * 5", "2026-11-22T00:00Z"),
            ("0 0 13 * *", "2026-12-13T00:00Z"),
            ("0 0 */1 * 5", "2026-11-27T00:00Z"),
            ("0 0 *,2 * 5", "2026-11-27T00:00Z"),
            ("0 0 */2 * 5", "2026-11-21T00:00Z"),
            ("0 0 1-31 * 5", "2026-11-21T00:00Z"),
        ] {
            assert_eq!(next(expression, "UTC", friday).as_deref(), Some(wanted), "{expression}");
        }
    }

    #[test]
    fn goes_by_the_clock_of_the_zone() {
        for (expression, zone, after, wanted) in [
            ("0 2 * * *", "Europe/Berlin", "2026-11-21T03:00:00Z", "2026-11-22T01:00Z"),
            ("0 2 * * *", "Europe/Berlin", "2026-07-01T03:00:00Z", "2026-07-02T00:00Z"),
            // that night's clock goes from two to three
            ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T00:30Z"),
            ("*/30 2-3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00Z"),
            // and that one's from three to two: both halves count
            ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30Z"),
            ("0 12 * * *", "Australia/Sydney", "2026-01-01T02:00:00Z", "2026-01-02T01:00Z"),
            ("0 12 * * *", "America/New_York", "2040-07-01T00:00:00Z", "2040-07-01T16:00Z"),
            ("0 0 * * *", "Asia/Kathmandu", "2026-11-21T00:00:00Z", "2026-11-21T18:15Z"),
        ] {
            assert_eq!(next(expression, zone, after).as_deref(), Some(wanted), "{expression} in {zone}");
        }
    }

    #[test]
    fn lists_what_is_upcoming() {
        let daily = Timetable::parse("0 9 * * 1-5", "UTC").unwrap();
        let days: Vec<String> = daily
            .upcoming(at("2026-11-20T17:00:00Z"), 3)
            .iter()
            .map(|moment| moment.format("%F").to_string())
            .collect();
        assert_eq!(days, ["2026-11-23", "2026-11-24", "2026-11-25"]);
        assert!(Timetable::parse("0 0 31 4 *", "UTC").unwrap().upcoming(at("2026-11-20T17:00:00Z"), 3).is_empty());
    }
}
