//! The text that Prometheus scrapes, read: metrics with their samples. Lines that aren't any are passed
//! over, because other servers before the tenant may add their own.

use std::collections::BTreeMap;

/// All samples of one name.
#[derive(Debug, Default, PartialEq)]
pub struct Metric {
    /// `counter`, `gauge` or another word of the server's.
    pub kind: Option<String>,
    pub help: Option<String>,
    pub samples: Vec<Sample>,
}

#[derive(Debug, PartialEq)]
pub struct Sample {
    pub labels: BTreeMap<String, String>,
    pub reading: f64,
}

/// By name.
pub fn read(text: &str) -> BTreeMap<String, Metric> {
    let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("# ") {
            described(comment, &mut metrics);
        } else if let Some((name, sample)) = sample(line) {
            metrics.entry(name.to_owned()).or_default().samples.push(sample);
        }
    }
    metrics.retain(|_, metric| !metric.samples.is_empty());
    metrics
}

/// `HELP name words` and `TYPE name kind`.
fn described(comment: &str, metrics: &mut BTreeMap<String, Metric>) {
    let mut words = comment.splitn(3, ' ');
    let (Some(what), Some(name), Some(rest)) = (words.next(), words.next(), words.next()) else { return };
    match what {
        "HELP" => metrics.entry(name.to_owned()).or_default().help = Some(rest.to_owned()),
        "TYPE" => metrics.entry(name.to_owned()).or_default().kind = Some(rest.to_owned()),
        _ => {}
    }
}

/// `name 1`, `name{a="b"} 1`, with a time after it or not.
fn sample(line: &str) -> Option<(&str, Sample)> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at_checked(end)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => labels(inner)?,
        None => (BTreeMap::new(), rest),
    };
    let reading: f64 = rest.split_whitespace().next()?.parse().ok()?;
    // What isn't a number has no place in JSON.
    (!name.is_empty() && reading.is_finite()).then_some((name, Sample { labels, reading }))
}

/// Up to the closing brace, and what follows it.
fn labels(text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once("=\"")?;
        let (text, after) = quoted(after)?;
        labels.insert(name.trim().to_owned(), text);
        rest = after;
    }
}

/// Up to the closing quote, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut read = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((read, text.get(at + 1..)?)),
            '\\' => match letters.next()?.1 {
                'n' => read.push('\n'),
                other => read.push(other),
            },
            _ => read.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_platform_writes() {
        let text = "# HELP go_goroutines Number of goroutines currently running.\n# TYPE go_goroutines gauge\n\
                    go_goroutines 24\n# TYPE none counter\n\
                    hits{method=\"GET\",path=\"/a \\\"b\\\" \\\\ {x}\",status=\"200\"} 1.5e3 1700000000\nhits{} 2\n";
        let metrics = read(text);
        assert_eq!(metrics.keys().collect::<Vec<_>>(), ["go_goroutines", "hits"]);
        let first = &metrics["go_goroutines"];
        assert_eq!(first.kind.as_deref(), Some("gauge"));
        assert_eq!(first.help.as_deref(), Some("Number of goroutines currently running."));
        let hits = &metrics["hits"].samples;
        assert_eq!((hits[0].reading, hits[1].reading), (1500.0, 2.0));
        assert_eq!(hits[0].labels["path"], "/a \"b\" \\ {x}");
        assert_eq!(hits[0].labels.len(), 3);
    }

    #[test]
    fn passes_over_what_isnt_a_sample() {
        for line in ["", "#", "# HELP x", "x", "x y", "x{", "x{a=\"b} 1", "x{a} 1", "x NaN", "x +Inf", "{a=\"b\"} 1"] {
            assert_eq!(read(line), BTreeMap::new(), "{line}");
        }
    }
}
