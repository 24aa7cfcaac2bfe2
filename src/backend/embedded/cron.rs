//! Cron expressions as the platform's scheduler reads them: five fields, names, ranges, steps and `?`;
//! no seconds, no `@daily`, no day 7, no step of 0. Schedules ask for the next time.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use super::zone::Zone;

/// How far ahead a date is looked for: `0 0 30 2 *` never comes.
const DAYS_AHEAD: u64 = 5 * 366;
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

pub(crate) struct Cron {
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

/// The values that a field allows, one bit each.
struct Field {
    bits: u64,
    /// `*` or `?`: where one of day and weekday is, the other decides; else either does.
    any: bool,
}

impl Cron {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else { return None };
        Some(Self {
            minutes: Field::parse(minutes, 0, 59, &[])?,
            hours: Field::parse(hours, 0, 23, &[])?,
            days: Field::parse(days, 1, 31, &[])?,
            months: Field::parse(months, 1, 12, &MONTHS)?,
            weekdays: Field::parse(weekdays, 0, 6, &WEEKDAYS)?,
        })
    }

    /// The first time after that moment, if one comes.
    pub(crate) fn next(&self, after: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let today = zone.shown(after).date();
        (0..DAYS_AHEAD).find_map(|ahead| {
            let day = today.checked_add_days(Days::new(ahead)).filter(|day| self.allows(*day))?;
            self.times(day).filter_map(|time| zone.moment(time)).find(|moment| *moment > after)
        })
    }

    /// From one time to the one after it.
    pub(crate) fn interval(&self, zone: &Zone) -> Option<TimeDelta> {
        let first = self.next(Utc::now(), zone)?;
        Some(self.next(first, zone)? - first)
    }

    fn allows(&self, day: NaiveDate) -> bool {
        let by_day = self.days.has(day.day());
        let by_weekday = self.weekdays.has(day.weekday().num_days_from_sunday());
        let decided = match self.days.any || self.weekdays.any {
            true => by_day && by_weekday,
            false => by_day || by_weekday,
        };
        decided && self.months.has(day.month())
    }

    fn times(&self, day: NaiveDate) -> impl Iterator<Item = NaiveDateTime> {
        let hours = (0..24).filter(|hour| self.hours.has(*hour));
        hours.flat_map(move |hour| {
            let minutes = (0..60).filter(|minute| self.minutes.has(*minute));
            minutes.filter_map(move |minute| day.and_hms_opt(hour, minute, 0))
        })
    }
}

impl Field {
    fn has(&self, value: u32) -> bool {
        self.bits & (1 << value) != 0
    }

    fn parse(text: &str, least: u32, most: u32, names: &[&str]) -> Option<Self> {
        let mut field = Self { bits: 0, any: false };
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0)?)),
                None => (part, None),
            };
            let (from, to) = match range {
                "*" | "?" => (least, most),
                _ => bounds(range, step.is_some(), most, least, names)?,
            };
            if from < least || to > most || from > to {
                return None;
            }
            field.any |= matches!(range, "*" | "?") && step.is_none_or(|step| step == 1);
            let steps = (from..=to).step_by(step.unwrap_or(1) as usize);
            field.bits |= steps.fold(0, |bits, value| bits | 1 << value);
        }
        Some(field)
    }
}

/// `a-b`, or `a` alone, which with a step goes to the end.
fn bounds(range: &str, stepped: bool, most: u32, least: u32, names: &[&str]) -> Option<(u32, u32)> {
    let value = |text: &str| -> Option<u32> {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        named.and_then(|index| u32::try_from(index).ok()).map(|index| index + least).or_else(|| text.parse().ok())
    };
    match range.split_once('-') {
        Some((from, to)) => Some((value(from)?, value(to)?)),
        None => value(range).map(|from| (from, if stepped { most } else { from })),
    }
}

#[cfg(test)]
mod tests {
    use super::super::clock;
    use super::{Cron, Zone};

    fn next(expression: &str, zone: &str, after: &str) -> Option<String> {
        let zone = Zone::named(zone).unwrap();
        let next = Cron::parse(expression).unwrap().next(clock::parse(after).unwrap(), &zone)?;
        Some(next.format("%FT%RZ").to_string())
    }

    #[test]
    fn refuses_what_the_platform_refuses() {
        for text in [
            "",
            "* * * *",
            "* * * * * *",
            "@daily",
            "0 0 * * 7",
            "*/0 * * * *",
            "60 * * * *",
            "a * * * *",
            "5-1 * * * *",
        ] {
            assert!(Cron::parse(text).is_none(), "{text:?} was accepted");
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
            ("0 0 1 jan *", "2027-01-01T00:00Z"),
            ("0 0 29 2 *", "2028-02-29T00:00Z"),
            // the thirteenth, or any Friday
            ("0 0 13 * 5", "2026-11-27T00:00Z"),
        ] {
            assert_eq!(next(expression, "UTC", friday).as_deref(), Some(wanted), "{expression}");
        }
        assert_eq!(next("0 0 30 2 *", "UTC", friday), None);
    }

    #[test]
    fn goes_by_the_clock_of_the_zone() {
        assert_eq!(next("0 2 * * *", "Europe/Berlin", "2026-11-21T03:00:00Z").unwrap(), "2026-11-22T01:00Z");
        assert_eq!(next("0 2 * * *", "Europe/Berlin", "2026-07-01T03:00:00Z").unwrap(), "2026-07-02T00:00Z");
        // that night's clock goes from two to three
        assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z").unwrap(), "2026-03-30T00:30Z");
        assert_eq!(next("0 12 * * *", "Australia/Sydney", "2026-01-01T02:00:00Z").unwrap(), "2026-01-02T01:00Z");
        assert_eq!(next("0 12 * * *", "America/New_York", "2040-07-01T00:00:00Z").unwrap(), "2040-07-01T16:00Z");
        for unknown in ["europe/berlin", "Mars/Base", "../zoneinfo/UTC", "/etc/localtime"] {
            assert!(Zone::named(unknown).is_none(), "{unknown}");
        }
    }
}
