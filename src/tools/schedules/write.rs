//! create_schedule and update_schedule. The tenant answers 500 for a name that is taken and one vague
//! word for a bad time; both are found out first, and said.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::times::checked;
use super::wire::{Schedule, fetch, find};
use super::{CREATE, UPDATE};
use crate::failure::{Changed, Code, Failure};
use crate::tools::bounds::Text;
use crate::tools::ids::{CronExpr, ScheduleId, ScheduleName, WorkspaceId, ZoneName};
use crate::tools::invocation::Invocation;
use crate::tools::tool::Act;
use crate::tools::workspaces::confirm_lives;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSchedule {
    /// From list_workspaces.
    workspace_id: WorkspaceId,
    /// Its name, new in this workspace.
    name: ScheduleName,
    /// Five fields: minute, hour, day, month, weekday (0-6, Sunday 0).
    cron_expr: CronExpr,
    /// What the agent is told each time.
    prompt: Text<32_768>,
    /// IANA zone, default UTC.
    timezone: Option<ZoneName>,
    /// Default true.
    enabled: Option<bool>,
}

/// A schedule that was made or changed.
#[derive(Serialize, JsonSchema)]
pub struct Written {
    id: ScheduleId,
    name: String,
    cron_expr: String,
    timezone: String,
    enabled: bool,
    /// The next three times by its cron and zone; it only runs while it is enabled.
    next_runs: Vec<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Made {
    id: ScheduleId,
}

impl Act for CreateSchedule {
    type Answer = Written;

    async fn act(self, call: &Invocation) -> Result<Self::Answer, Failure> {
        let zone = self.timezone.as_ref().map_or("UTC", ZoneName::as_str);
        let next_runs = checked(self.cron_expr.as_str(), zone, call.now)?;
        let workspace = &self.workspace_id;
        let (there, ()) = tokio::try_join!(fetch(workspace, call), confirm_lives(workspace, call))?;
        refuse_taken(&self.name, &there, None)?;
        let enabled = self.enabled.unwrap_or(true);
        let body = json!({
            "name": self.name, "cron_expr": self.cron_expr, "timezone": zone, "prompt": self.prompt,
            "enabled": enabled,
        });
        let ask = call.tenant.ask(&CREATE).part("workspace_id", workspace).body(&body);
        let made: Made = match ask.fetch().await {
            Ok(made) => made,
            Err(failure) => return Err(self.after_refusal(failure, call).await),
        };
        Ok(Written {
            id: made.id,
            name: self.name.to_string(),
            cron_expr: self.cron_expr.to_string(),
            timezone: zone.to_owned(),
            enabled,
            next_runs,
        })
    }
}

impl CreateSchedule {
    /// Whether it was made all the same: its name says so.
    async fn after_refusal(&self, failure: Failure, call: &Invocation) -> Failure {
        match fetch(&self.workspace_id, call).await {
            Ok(now) if !now.iter().any(|one| one.name == self.name.as_str()) => failure.confirmed(Changed::No),
            _ => failure,
        }
    }
}

fn refuse_taken(name: &ScheduleName, there: &[Schedule], but: Option<&ScheduleId>) -> Result<(), Failure> {
    match there.iter().find(|one| one.name == name.as_str() && but != Some(&one.id)) {
        None => Ok(()),
        Some(taken) => Err(Failure::new(
            Code::Conflict,
            format!("this workspace has a schedule of that name already: {}", taken.id),
        )
        .next("Change that one with update_schedule, or choose another name.")),
    }
}

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
        Ok(written(now, call.now))
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

fn written(one: Schedule, now: DateTime<Utc>) -> Written {
    Written {
        next_runs: super::times::upcoming(&one, now),
        id: one.id,
        name: one.name,
        cron_expr: one.cron_expr,
        timezone: one.timezone,
        enabled: one.enabled,
    }
}
