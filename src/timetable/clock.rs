//! A moment by the clock of its zone, as croner wants to look at it.

use std::cmp::Ordering;

use chrono::{DateTime, Datelike, MappedLocalTime, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::Tz;
use croner::errors::CronError;
use croner::{CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday};

#[derive(Clone)]
pub(super) struct Moment(pub(super) DateTime<Tz>);

impl CronDateTime for Moment {
    fn to_civil(&self) -> CivilDateTime {
        let shown = self.0.naive_local();
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(shown.year(), shown.month(), shown.day()),
            CivilTime::from_parts_unchecked(shown.hour(), shown.minute(), shown.second()),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(self.0.weekday().num_days_from_sunday())
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let shown = naive(civil).ok_or(CronError::InvalidDate)?;
        Ok(match self.0.timezone().from_local_datetime(&shown) {
            MappedLocalTime::Single(moment) => Resolution::Single(Self(moment)),
            MappedLocalTime::Ambiguous(earlier, later) => Resolution::Ambiguous(Self(earlier), Self(later)),
            MappedLocalTime::None => Resolution::Gap,
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add_signed(TimeDelta::try_seconds(seconds)?).map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

fn naive(civil: CivilDateTime) -> Option<NaiveDateTime> {
    let day = NaiveDate::from_ymd_opt(civil.year(), civil.month(), civil.day())?;
    day.and_hms_opt(civil.hour(), civil.minute(), civil.second())
}
