//! From facts to likely causes: pure rules, the most telling first.

/// What the rules look at.
pub(super) struct Facts<'a> {
    pub(super) status: &'a str,
    pub(super) external: bool,
    pub(super) has_address: bool,
    pub(super) active_tasks: u32,
    pub(super) most_tasks: u32,
    pub(super) silent_minutes: Option<i64>,
    pub(super) error_rate: f64,
    pub(super) has_sample_error: bool,
    pub(super) waiting_approvals: usize,
    pub(super) missing_secrets: &'a [String],
    pub(super) monthly_spend: i64,
    pub(super) budget_limit: Option<i64>,
    pub(super) failing_schedules: usize,
    pub(super) recent_errors: usize,
    pub(super) paused_above: Option<String>,
}

/// A task that nothing was heard of for so long may hang.
const LONG_SILENCE: i64 = 30;
const NAMED: usize = 5;

pub(super) fn likely(facts: &Facts) -> Vec<String> {
    let rules: [fn(&Facts) -> Option<String>; 10] =
        [paused_above, status, no_address, secrets, approvals, budget, tasks, errors, schedules, silence];
    let found: Vec<String> = rules.iter().filter_map(|rule| rule(facts)).collect();
    if found.is_empty() { vec!["Nothing was found that would hold it up.".to_owned()] } else { found }
}

impl Facts<'_> {
    fn runs(&self) -> bool {
        matches!(self.status, "online" | "degraded")
    }
}

fn paused_above(facts: &Facts) -> Option<String> {
    let above = facts.paused_above.as_ref()?;
    (!facts.runs()).then(|| format!("{above} above it is paused: it can't start before that one is resumed."))
}

fn status(facts: &Facts) -> Option<String> {
    let cause = match facts.status {
        "removed" => "It was removed; restore what is wanted from its capsule, or create it anew.".to_owned(),
        "paused" => "It is paused: resume_workspace starts it.".to_owned(),
        "hibernated" => "It hibernates: the next message wakes it.".to_owned(),
        "failed" if facts.has_sample_error => "It failed to start; last_sample_error says why.".to_owned(),
        "failed" => "It failed to start, and the tenant doesn't say why; get_console may.".to_owned(),
        "offline" if facts.external => {
            "Its agent, which runs elsewhere, stopped sending heartbeats: look on its machine.".to_owned()
        }
        "offline" => "Its container stopped answering: restart_workspace.".to_owned(),
        "provisioning" if facts.has_sample_error => {
            "It is starting, and its last start failed: see last_sample_error.".to_owned()
        }
        "provisioning" => "It is starting; or, if its agent runs elsewhere, that one hasn't registered \
             (get_remote_agent_setup_command)."
            .to_owned(),
        "degraded" if facts.error_rate >= 0.5 => {
            format!("{:.0} % of its agent's work fails; see last_sample_error.", facts.error_rate * 100.0)
        }
        "degraded" => "Its agent reports that it is wedged: restart_workspace.".to_owned(),
        _ => return None,
    };
    Some(cause)
}

fn no_address(facts: &Facts) -> Option<String> {
    let lost = facts.external && !facts.has_address && facts.status != "paused" && facts.status != "removed";
    lost.then(|| {
        "It is external without an address, so no message reaches it: its agent must register again.".to_owned()
    })
}

fn secrets(facts: &Facts) -> Option<String> {
    let (first, more) = (facts.missing_secrets.get(..NAMED), facts.missing_secrets.len() > NAMED);
    let names = first.unwrap_or(facts.missing_secrets).join(", ");
    let more = if more { ", …" } else { "" };
    (!names.is_empty()).then(|| format!("It lacks secrets that it requires: {names}{more} (set_secret)."))
}

fn approvals(facts: &Facts) -> Option<String> {
    let count = facts.waiting_approvals;
    (count > 0).then(|| format!("It waits for a person's decision on {count} request(s)."))
}

fn budget(facts: &Facts) -> Option<String> {
    let used_up = facts.budget_limit.is_some_and(|limit| facts.monthly_spend >= limit);
    used_up.then(|| "Its monthly budget is used up: messages to it are refused until the limit is raised.".to_owned())
}

fn tasks(facts: &Facts) -> Option<String> {
    if facts.active_tasks == 0 {
        return None;
    }
    match facts.silent_minutes {
        Some(minutes) if minutes >= LONG_SILENCE => Some(format!(
            "It holds {} task(s) and has been silent for {minutes} minutes: it may hang.",
            facts.active_tasks
        )),
        _ if facts.active_tasks >= facts.most_tasks.max(1) => {
            Some(format!("It is busy with {} of {} tasks; others wait.", facts.active_tasks, facts.most_tasks.max(1)))
        }
        _ => None,
    }
}

fn errors(facts: &Facts) -> Option<String> {
    let count = facts.recent_errors;
    (count > 0).then(|| format!("Its newest activity has {count} error(s)."))
}

fn schedules(facts: &Facts) -> Option<String> {
    let count = facts.failing_schedules;
    (count > 0).then(|| format!("{count} of its schedules fail or are overdue."))
}

fn silence(facts: &Facts) -> Option<String> {
    let idle = facts.runs() && facts.active_tasks == 0 && facts.waiting_approvals == 0;
    let minutes = facts.silent_minutes.filter(|minutes| idle && *minutes >= 2 * LONG_SILENCE)?;
    Some(format!("It has nothing to do: no task, and silent for {minutes} minutes."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Facts<'static> {
        Facts {
            status: "online",
            external: false,
            has_address: true,
            active_tasks: 0,
            most_tasks: 1,
            silent_minutes: Some(1),
            error_rate: 0.0,
            has_sample_error: false,
            waiting_approvals: 0,
            missing_secrets: &[],
            monthly_spend: 10,
            budget_limit: Some(100),
            failing_schedules: 0,
            recent_errors: 0,
            paused_above: None,
        }
    }

    #[test]
    fn each_trouble_has_its_sentence() {
        let missing = ["A".to_owned(), "B".to_owned()];
        let table = [
            (well(), "Nothing was found"),
            (Facts { status: "removed", ..well() }, "It was removed"),
            (Facts { status: "paused", ..well() }, "It is paused"),
            (Facts { status: "hibernated", ..well() }, "It hibernates"),
            (Facts { status: "failed", has_sample_error: true, ..well() }, "last_sample_error says why"),
            (Facts { status: "failed", ..well() }, "doesn't say why"),
            (Facts { status: "offline", external: true, ..well() }, "on its machine"),
            (Facts { status: "offline", ..well() }, "restart_workspace"),
            (Facts { status: "provisioning", ..well() }, "hasn't registered"),
            (Facts { status: "degraded", error_rate: 0.62, ..well() }, "62 % of"),
            (Facts { status: "degraded", ..well() }, "wedged"),
            (Facts { external: true, has_address: false, ..well() }, "without an address"),
            (Facts { missing_secrets: &missing, ..well() }, "requires: A, B (set_secret)"),
            (Facts { waiting_approvals: 2, ..well() }, "decision on 2 request(s)"),
            (Facts { monthly_spend: 100, ..well() }, "budget is used up"),
            (Facts { active_tasks: 1, silent_minutes: Some(30), ..well() }, "silent for 30 minutes: it may hang"),
            (Facts { active_tasks: 2, most_tasks: 2, ..well() }, "busy with 2 of 2 tasks"),
            (Facts { recent_errors: 4, ..well() }, "4 error(s)"),
            (Facts { failing_schedules: 1, ..well() }, "1 of its schedules"),
            (Facts { silent_minutes: Some(60), ..well() }, "nothing to do"),
        ];
        for (facts, words) in table {
            let told = likely(&facts);
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].contains(words), "{words:?} in {told:?}");
        }
    }

    #[test]
    fn what_explains_the_rest_comes_first() {
        let above = Some("\"Top\" (id)".to_owned());
        let facts = Facts { status: "offline", paused_above: above, waiting_approvals: 1, recent_errors: 1, ..well() };
        let told = likely(&facts);
        assert!(told[0].starts_with("\"Top\" (id) above it is paused"), "{told:?}");
        assert_eq!(told.len(), 4, "{told:?}");
        // One that runs isn't held up by what is above it, nor one without tasks by a limit that is far.
        let above = Some("\"Top\" (id)".to_owned());
        let fine = likely(&Facts { paused_above: above, active_tasks: 1, most_tasks: 2, ..well() });
        assert_eq!(fine, ["Nothing was found that would hold it up."]);
    }
}
