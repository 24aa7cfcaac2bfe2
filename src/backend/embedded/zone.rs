//! Time zones by their IANA names, from the operating system's database: enough of the TZif format
//! (RFC 9636) to say what the clock shows at a moment, and at which moment the clock shows a time.

use std::fs;
use std::path::{Component, Path};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc, Weekday};

const DATABASE: &str = "/usr/share/zoneinfo";

pub(crate) struct Zone {
    /// From that second on, that many seconds east.
    changes: Vec<(i64, i32)>,
    first: i32,
    /// After the last change.
    rule: Rule,
}

enum Rule {
    Fixed(i32),
    Summer { winter: i32, summer: i32, from: Turn, to: Turn },
}

/// The n-th weekday of a month, at a second of that day; the fifth is the last.
#[derive(Clone, Copy)]
struct Turn {
    month: u32,
    week: u8,
    weekday: Weekday,
    second: i64,
}

impl Zone {
    /// Names are case-sensitive; none at all is UTC.
    pub(crate) fn named(name: &str) -> Option<Self> {
        if matches!(name, "" | "UTC" | "Local") {
            return Some(Self { changes: Vec::new(), first: 0, rule: Rule::Fixed(0) });
        }
        let path = Path::new(name);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        plain.then(|| fs::read(Path::new(DATABASE).join(path)).ok()).flatten().and_then(|file| Self::parse(&file))
    }

    /// The moment at which the clock shows that; the earlier of two, none in the gap of a spring night.
    pub(crate) fn moment(&self, shown: NaiveDateTime) -> Option<DateTime<Utc>> {
        let around = [-1, 1].map(|day| self.offset(shown.and_utc() + TimeDelta::days(day)));
        let mut moments: Vec<_> = around
            .into_iter()
            .map(|offset| shown.and_utc() - TimeDelta::seconds(offset.into()))
            .filter(|moment| self.shown(*moment) == shown)
            .collect();
        moments.sort();
        moments.first().copied()
    }

    pub(crate) fn shown(&self, moment: DateTime<Utc>) -> NaiveDateTime {
        moment.naive_utc() + TimeDelta::seconds(self.offset(moment).into())
    }

    fn offset(&self, moment: DateTime<Utc>) -> i32 {
        let second = moment.timestamp();
        match self.changes.last() {
            Some((last, _)) if second < *last => {
                let before = self.changes.iter().take_while(|(from, _)| *from <= second).last();
                before.map_or(self.first, |(_, offset)| *offset)
            }
            _ => self.rule.offset(moment),
        }
    }

    fn parse(file: &[u8]) -> Option<Self> {
        // the first half repeats the second with times of 32 bits
        let (_, second) = file.split_at_checked(Header::read(file)?.length(4))?;
        let header = Header::read(second)?;
        let mut body = second.get(44..)?;
        let mut take = |bytes: usize| -> Option<&[u8]> {
            let (head, rest) = body.split_at_checked(bytes)?;
            body = rest;
            Some(head)
        };
        let times: Vec<i64> = take(header.times * 8)?.as_chunks().0.iter().copied().map(i64::from_be_bytes).collect();
        let kinds = take(header.times)?;
        // of each kind only the offset counts, its first four bytes
        let offsets = take(header.kinds * 6)?.as_chunks::<6>().0.iter();
        let offsets: Vec<i32> = offsets.map(|&[a, b, c, d, ..]| i32::from_be_bytes([a, b, c, d])).collect();
        let (_, footer) = second.split_at_checked(header.length(8))?;
        let first = *offsets.first()?;
        let changes: Option<Vec<_>> =
            times.into_iter().zip(kinds).map(|(time, kind)| Some((time, *offsets.get(usize::from(*kind))?))).collect();
        let changes = changes?;
        let last = changes.last().map_or(first, |(_, offset)| *offset);
        let rule = Rule::parse(std::str::from_utf8(footer).ok()?.trim()).unwrap_or(Rule::Fixed(last));
        Some(Self { changes, first, rule })
    }
}

struct Header {
    utc_marks: usize,
    standard_marks: usize,
    leaps: usize,
    times: usize,
    kinds: usize,
    letters: usize,
}

impl Header {
    fn read(file: &[u8]) -> Option<Self> {
        if file.get(..4)? != b"TZif" {
            return None;
        }
        let count = |index: usize| -> Option<usize> {
            let at = 20 + 4 * index;
            Some(u32::from_be_bytes(file.get(at..at + 4)?.try_into().ok()?) as usize)
        };
        Some(Self {
            utc_marks: count(0)?,
            standard_marks: count(1)?,
            leaps: count(2)?,
            times: count(3)?,
            kinds: count(4)?,
            letters: count(5)?,
        })
    }

    /// Header and body together, with times of that many bytes.
    fn length(&self, time: usize) -> usize {
        44 + self.times * (time + 1)
            + self.kinds * 6
            + self.letters
            + self.leaps * (time + 4)
            + self.standard_marks
            + self.utc_marks
    }
}

impl Rule {
    /// A POSIX rule: `CET-1CEST,M3.5.0,M10.5.0/3`. Other forms of its dates aren't used by any zone of
    /// today.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',');
        let names = parts.next()?;
        let (winter, rest) = named_offset(names)?;
        let (Some(from), Some(to)) = (parts.next(), parts.next()) else { return Some(Self::Fixed(winter)) };
        let summer = named_offset(rest).map_or(winter + 3600, |(offset, _)| offset);
        Some(Self::Summer { winter, summer, from: Turn::parse(from)?, to: Turn::parse(to)? })
    }

    fn offset(&self, moment: DateTime<Utc>) -> i32 {
        match *self {
            Self::Fixed(offset) => offset,
            Self::Summer { winter, summer, from, to } => {
                let year = moment.naive_utc().year();
                let begins = from.at(year).map(|turn| turn - TimeDelta::seconds(winter.into()));
                let ends = to.at(year).map(|turn| turn - TimeDelta::seconds(summer.into()));
                let Some((begins, ends)) = begins.zip(ends) else { return winter };
                let now = moment.naive_utc();
                let is_summer = if begins < ends { begins <= now && now < ends } else { now < ends || begins <= now };
                if is_summer { summer } else { winter }
            }
        }
    }
}

/// `CET-1` or `<+0330>-3:30`, and what follows; POSIX counts westwards.
fn named_offset(text: &str) -> Option<(i32, &str)> {
    let after_name = match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?.1,
        None => text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()),
    };
    let end = after_name.find(|c: char| !matches!(c, '0'..='9' | ':' | '-' | '+')).unwrap_or(after_name.len());
    let (digits, rest) = after_name.split_at_checked(end)?;
    (!digits.is_empty()).then(|| Some((-(clock_seconds(digits)? as i32), rest))).flatten()
}

/// Seconds of `h[:m[:s]]`, signed.
fn clock_seconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.trim_start_matches('+')),
    };
    let mut seconds = 0;
    for (part, unit) in digits.split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i64>().ok()? * unit;
    }
    Some(sign * seconds)
}

impl Turn {
    fn parse(text: &str) -> Option<Self> {
        let (day, time) = text.split_once('/').unwrap_or((text, "2"));
        let mut numbers = day.strip_prefix('M')?.split('.').map(|part| part.parse::<u8>().ok());
        let (month, week, weekday) = (numbers.next()??, numbers.next()??, numbers.next()??);
        // POSIX begins its week with Sunday, chrono with Monday
        let weekday = Weekday::try_from((weekday + 6) % 7).ok()?;
        Some(Self { month: month.into(), week, weekday, second: clock_seconds(time)? })
    }

    /// When it comes that year, by the clock that is about to be turned.
    fn at(&self, year: i32) -> Option<NaiveDateTime> {
        let nth = |week| NaiveDate::from_weekday_of_month_opt(year, self.month, self.weekday, week);
        let day = nth(self.week).or_else(|| nth(4))?;
        Some(day.and_hms_opt(0, 0, 0)? + TimeDelta::seconds(self.second))
    }
}
