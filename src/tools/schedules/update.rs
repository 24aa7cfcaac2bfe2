//! update_schedule. The tenant answers `updated` for whatever it took, so the change is read back.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::UPDATE;
use super::create::Written;
use super::times::checked;
use super::wire::{Schedule, fetch, find, refuse_taken};
use crate::failure::{Changed, Code, Failure};
use crate::tools::bounds::Text;
use crate::tools::ids::{CronExpr, ScheduleId, ScheduleName, WorkspaceId, ZoneName};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSchedule {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// From list_schedules.
    schedule_id: ScheduleId,
    /// A new name.
    name: Option<ScheduleName>,
    /// Five fields: minute, hour, day, month, weekday (0-6, Sunday 0).
    cron_expr: Option<CronExpr>,
    /// What the agent is told from now on.
    prompt: Option<Text<32_768>>,
    /// IANA zone.
    timezone: Option<ZoneName>,
    /// Whether it runs.
    enabled: Option<bool>,
}

impl Act for UpdateSchedule {
    type Answer = Written;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let there = fetch(&self.workspace_id, call).await?;
        let before = find(&there, &self.schedule_id)?;
        if let Some(name) = &self.name {
            refuse_taken(name, &there, Some(&self.schedule_id))?;
        }
        let wanted = self.wanted(before, call.now)?;
        let ask = call.tenant.ask(&UPDATE).part("workspace_id", &self.workspace_id);
        ask.part("schedule_id", &self.schedule_id).body(&wanted).received().await?;
        let now = self
            .read_back(call)
            .await
            .map_err(|failure| failure.changed(Changed::Yes).next("It was changed; look at it with list_schedules."))?;
        let ignored = differing(&wanted, &now);
        if !ignored.is_empty() {
            let message = format!("the tenant answered `updated`, but {} did not change", ignored.join(", "));
            return Err(Failure::new(Code::UnexpectedAnswer, message)
                .changed(Changed::Unknown)
                .next("Look at it with list_schedules."));
        }
        Ok(Written::of(now, call.now))
    }
}

impl UpdateSchedule {
    fn wanted(&self, before: &Schedule, now: DateTime<Utc>) -> Result<Map<String, Value>, Failure> {
        let fields = [
            ("name", self.name.as_ref().map(|name| json!(name))),
            ("cron_expr", self.cron_expr.as_ref().map(|cron| json!(cron))),
            ("prompt", self.prompt.as_ref().map(|prompt| json!(without_returns(prompt.as_str())))),
            ("timezone", self.timezone.as_ref().map(|zone| json!(zone))),
            ("enabled", self.enabled.map(|enabled| json!(enabled))),
        ];
        let mut wanted: Map<String, Value> =
            fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        if wanted.is_empty() {
            return Err(Failure::invalid("there is nothing to change").next("Give at least one field besides the ids."));
        }
        let starts = self.enabled == Some(true) && !before.enabled;
        if starts || self.cron_expr.is_some() || self.timezone.is_some() {
            let cron = self.cron_expr.as_ref().map_or(before.cron_expr.as_str(), CronExpr::as_str);
            let zone = self.timezone.as_ref().map_or(before.timezone.as_str(), ZoneName::as_str);
            checked(cron, zone, now)?;
            // The tenant works out the next run only when it is given a time: one that is merely
            // switched on again would run at once for the time it missed.
            wanted.insert("cron_expr".into(), json!(cron));
        }
        Ok(wanted)
    }

    async fn read_back(&self, call: &Invocation) -> Result<Schedule, Failure> {
        find(&fetch(&self.workspace_id, call).await?, &self.schedule_id).cloned()
    }
}

/// The tenant takes them out.
fn without_returns(prompt: &str) -> String {
    prompt.replace('\r', "")
}

fn differing<'a>(wanted: &'a Map<String, Value>, now: &Schedule) -> Vec<&'a str> {
    let now = json!({
        "name": now.name, "cron_expr": now.cron_expr, "prompt": now.prompt.as_str(), "timezone": now.timezone,
        "enabled": now.enabled,
    });
    let differs = |(field, value): &(&String, &Value)| now.get(field.as_str()) != Some(*value);
    wanted.iter().filter(differs).map(|(field, _)| field.as_str()).collect()
}
