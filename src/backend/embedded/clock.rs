//! Times as the tenant stores and shows them: RFC 3339, UTC. Stored with six decimals, so that text
//! order is time order; shown without trailing zeros, as the platform's JSON does.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

pub(crate) fn now() -> String {
    stored(Utc::now())
}

/// The stored form of a moment that many seconds from now; negative for the past.
pub(crate) fn from_now(seconds: f64) -> String {
    let offset = TimeDelta::milliseconds((seconds * 1000.0) as i64);
    stored(Utc::now() + offset)
}

pub(crate) fn stored(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The form that the platform gives to times of schedules.
pub(crate) fn whole_seconds(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let moment = DateTime::parse_from_rfc3339(text).ok()?;
    Some(moment.to_utc())
}

/// Whether that moment is more than `seconds` ago; an unreadable one is.
pub(crate) fn is_older(text: &str, seconds: i64) -> bool {
    parse(text).is_none_or(|moment| Utc::now() - moment > TimeDelta::seconds(seconds))
}

pub(crate) fn shown(text: &str) -> String {
    let Some((whole, fraction)) = text.trim_end_matches('Z').split_once('.') else {
        return text.to_owned();
    };
    match fraction.trim_end_matches('0') {
        "" => format!("{whole}Z"),
        digits => format!("{whole}.{digits}Z"),
    }
}

pub(crate) fn shown_or_null(text: Option<String>) -> Option<String> {
    text.map(|text| shown(&text))
}
