//! The five fields of an expression as the platform reads them: values or names, ranges, lists, steps,
//! `*` and `?`. Whatever passes is written anew in the plainest form, so that croner's own dialect (day
//! 7, `L`, `W`, `#`) never comes into play.

use std::fmt;

use super::Wrong;

#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    pub(super) name: &'static str,
    least: u32,
    most: u32,
    /// From the least value on.
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

pub(super) static ALL: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day of the month", least: 1, most: 31, names: &[] },
    Field { name: "month", least: 1, most: 12, names: &MONTHS },
    Field { name: "day of the week", least: 0, most: 6, names: &WEEKDAYS },
];

impl Field {
    /// `*` where any value is allowed, which then leaves the day to the other field of the two; else
    /// ranges with their steps.
    pub(super) fn plain(&'static self, text: &str) -> Result<String, Wrong> {
        let parts: Result<Vec<String>, Wrong> = text.split(',').map(|part| self.part(part)).collect();
        let parts = parts?;
        Ok(if parts.iter().any(|part| part == "*") { "*".to_owned() } else { parts.join(",") })
    }

    fn part(&'static self, part: &str) -> Result<String, Wrong> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (part, None),
        };
        let (from, to) = match (range, step) {
            ("*" | "?", None | Some(1)) => return Ok("*".to_owned()),
            ("*" | "?", _) => (self.least, self.most),
            _ => self.bounds(range, step.is_some())?,
        };
        Ok(format!("{from}-{to}/{}", step.unwrap_or(1)))
    }

    /// One beyond the field's end leads nowhere, whatever its size.
    fn step(&'static self, text: &str) -> Result<u32, Wrong> {
        let step = text.parse().ok().filter(|step| *step > 0);
        step.map(|step: u32| step.min(self.most + 1)).ok_or(Wrong::Step(self))
    }

    /// `a-b`, or `a` alone, which with a step goes to the end.
    fn bounds(&'static self, range: &str, stepped: bool) -> Result<(u32, u32), Wrong> {
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (self.value(from)?, self.value(to)?),
            None => {
                let from = self.value(range)?;
                (from, if stepped { self.most } else { from })
            }
        };
        if from > to { Err(Wrong::Range(self)) } else { Ok((from, to)) }
    }

    fn value(&'static self, text: &str) -> Result<u32, Wrong> {
        let named = (self.least..).zip(self.names).find(|(_, name)| name.eq_ignore_ascii_case(text));
        let value = named.map(|(value, _)| value).or_else(|| text.parse().ok());
        value.filter(|value| (self.least..=self.most).contains(value)).ok_or(Wrong::Value(self))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, least, most, names } = self;
        let first = if *names == WEEKDAYS { " (Sunday)" } else { "" };
        write!(out, "{name} is a number from {least}{first} to {most}")?;
        match (names.first(), names.last()) {
            (Some(first), Some(last)) => write!(out, " or a name from {first} to {last}"),
            _ => Ok(()),
        }
    }
}
