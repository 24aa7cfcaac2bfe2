//! get_platform_metrics: hundreds of samples, added up to something that can be read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::METRICS;
use super::prometheus::{self, Metric, Sample};
use crate::failure::{Code, Failure};
use crate::nearest::nearest;
use crate::tools::ids::Word;
use crate::tools::invocation::Invocation;
use crate::tools::list::List;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPlatformMetrics {
    /// Only this metric, part by part, largest first.
    metric: Option<Word>,
}

#[derive(Serialize, JsonSchema)]
pub struct Reading {
    metric: String,
    /// The number, or the sum of its parts.
    reading: f64,
    /// How many parts were added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<usize>,
    /// Of one part.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl List for GetPlatformMetrics {
    type Item = Reading;

    fn mark(reading: &Reading) -> String {
        // A cursor has no room for every label.
        let labels: Vec<&str> = reading.labels.values().map(String::as_str).collect();
        format!("{} {}", reading.metric, labels.join(" ")).chars().take(200).collect()
    }

    async fn list(self, call: &Invocation) -> Result<Vec<Reading>, Failure> {
        let mut metrics = prometheus::read(&call.tenant.ask(&METRICS).text().await?);
        let Some(wanted) = self.metric else {
            return Ok(metrics.into_iter().map(|(name, metric)| whole(name, metric)).collect());
        };
        match metrics.remove_entry(wanted.as_str()) {
            Some((name, metric)) => Ok(parts(&name, metric)),
            None => Err(unknown(wanted.as_str(), metrics.keys().map(String::as_str))),
        }
    }
}

fn whole(name: String, metric: Metric) -> Reading {
    let parts = metric.samples.len();
    Reading {
        metric: name,
        reading: metric.samples.iter().map(|sample| sample.reading).sum(),
        parts: (parts > 1).then_some(parts),
        labels: BTreeMap::new(),
        kind: metric.kind,
        help: metric.help,
    }
}

fn parts(name: &str, mut metric: Metric) -> Vec<Reading> {
    metric.samples.sort_by(|a, b| b.reading.total_cmp(&a.reading).then_with(|| a.labels.cmp(&b.labels)));
    let part = |Sample { labels, reading }| Reading {
        metric: name.to_owned(),
        reading,
        parts: None,
        labels,
        kind: None,
        help: None,
    };
    metric.samples.into_iter().map(part).collect()
}

fn unknown<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Failure {
    let hint = nearest(wanted, names).map(|near| format!("Did you mean `{near}`? ")).unwrap_or_default();
    Failure::new(Code::NotFound, "the server has no metric of that name")
        .next(format!("{hint}Without `metric` all are listed."))
}
