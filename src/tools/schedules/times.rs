//! The times of a schedule: checked before they are sent, and worked out for whoever reads them.

use chrono::{DateTime, Utc};

use super::wire::Schedule;
use crate::failure::Failure;
use crate::timetable::{Timetable, Wrong};

/// So many runs show whether a schedule means what was meant.
const SHOWN: usize = 3;

/// The next runs of a schedule that is to be sent. What the tenant would refuse, or run for ever, is
/// refused here, with the field and what it takes.
pub fn checked(cron_expr: &str, zone: &str, now: DateTime<Utc>) -> Result<Vec<DateTime<Utc>>, Failure> {
    let timetable = Timetable::parse(cron_expr, zone).map_err(|wrong| {
        let field = if wrong == Wrong::Zone { "timezone" } else { "cron_expr" };
        Failure::invalid(format!("`{field}`: {wrong}"))
    })?;
    let runs = timetable.upcoming(now, SHOWN);
    if runs.is_empty() {
        return Err(Failure::invalid("`cron_expr`: that date never comes")
            .next("Choose a day that its month has: the tenant would run this one again and again."));
    }
    Ok(runs)
}

/// The next runs of a schedule as it stands; none where it never comes or can't be read.
pub fn upcoming(one: &Schedule, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    Timetable::parse(&one.cron_expr, &one.timezone).map(|times| times.upcoming(now, SHOWN)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_field() {
        let now = "2026-11-20T17:00:00Z".parse().unwrap();
        for (cron, zone, told) in [
            ("61 * * * *", "UTC", "`cron_expr`: the minute is a number from 0 to 59"),
            ("@daily", "UTC", "`cron_expr`: a cron expression has exactly five fields"),
            ("0 9 * * *", "Mars/Base", "`timezone`: not an IANA time zone"),
            ("0 0 30 2 *", "UTC", "`cron_expr`: that date never comes"),
        ] {
            let text = checked(cron, zone, now).unwrap_err().text();
            assert!(text.contains(told), "{text}");
        }
        assert_eq!(checked("0 9 * * *", "UTC", now).unwrap().len(), 3);
    }
}
