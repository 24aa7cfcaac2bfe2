//! The step of the road where a person agrees: after the policy has said yes, before the intent. Nothing
//! here fails open: without a person's yes to exactly this call there is a failure.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::Utc;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::{Stop, shape};
use crate::backend::Tenant;
use crate::consent::asks::Brought;
use crate::consent::form::Form;
use crate::consent::observe::{Observation, observe};
use crate::consent::preview::{Preview, row};
use crate::consent::{Agreer, Answered, Asks, Bond, HOLDS, Question, Said, Standing};
use crate::failure::{Code, Failure};
use crate::fence;
use crate::journal::entry::Agreement;
use crate::policy::Rules;
use crate::policy::binding::Tree;
use crate::policy::consent::Way;
use crate::shell;
use crate::tools::effect::Effect;
use crate::tools::ids::WorkspaceId;
use crate::tools::invocation::Server;
use crate::transport::caller::Caller;

/// A call that needs a person.
pub(super) struct Petition {
    pub server: Arc<Server>,
    pub rules: Arc<Rules>,
    /// Along routes that only look.
    pub tenant: Tenant,
    pub caller: Caller,
    pub tree: Tree,
    pub asks: Asks,
    pub tool: &'static str,
    pub effect: Effect,
    pub arguments: Map<String, Value>,
    pub digest: String,
    pub targets: BTreeMap<String, String>,
    pub cancel: CancellationToken,
    pub closing: CancellationToken,
    /// What the tool looked at.
    pub saw: Option<Value>,
}

impl Petition {
    /// Whether the client brought an answer along.
    pub(super) fn is_answered(&self) -> bool {
        matches!(self.asks, Asks::Later(Some(_)))
    }

    /// A yes that nobody can use again, or why there is none.
    pub(super) async fn settle(mut self) -> Result<Agreement, Stop> {
        let bond = self.bond();
        let targets = std::mem::take(&mut self.targets);
        let mut put_aside = false;
        if let Asks::Later(brought) = &mut self.asks
            && let Some(brought) = brought.take()
            && self.is_open(Way::Elicitation)
        {
            match self.take(&bond, brought).await? {
                Said::Nothing => put_aside = true,
                _ => return Ok(self.use_up(&bond).await?),
            }
        }
        let preview = self.look().await?;
        match self.server.consents.find(&bond, Utc::now()).await? {
            Some((question, Standing::Agreed(agreement))) => {
                return Ok(self.use_up_seeing(&bond, &question, agreement, &preview).await?);
            }
            Some((_, Standing::Refused)) => return Err(said_no().into()),
            _ => {}
        }
        let ways: Vec<Way> = self.rules.consent.ways.clone();
        let open = |way: &Way| *way == Way::Terminal || (self.is_open(*way) && !put_aside);
        if !ways.iter().any(open) {
            return Err(self.no_way().into());
        }
        let grants = self.caller.grants().map(|grant| grant.id.clone()).collect();
        let question = self.server.consents.ask(bond.clone(), grants, targets, preview, Utc::now()).await?;
        for way in ways.into_iter().filter(open) {
            match (&self.asks, way) {
                (Asks::Now(person), way) if person.way() == way => match self.wait(person.ask(&question)).await? {
                    Said::Nothing => {}
                    said => {
                        self.answered(&question, &said).await?;
                        return Ok(self.use_up(&bond).await?);
                    }
                },
                (Asks::Later(_), Way::Elicitation) => {
                    let state = self.server.consents.seal().await?.state(&question, Utc::now());
                    let form = Form::of(&question, state);
                    return Err(Stop { failure: self.required(&question), form: Some(Box::new(form)) });
                }
                (_, Way::Terminal) => return Err(self.required(&question).into()),
                (_, Way::Elicitation) => {}
            }
        }
        Err(self.unanswered(&question).into())
    }

    fn bond(&self) -> Bond {
        Bond {
            tenant: self.server.tenant.clone(),
            caller: self.caller.identity(),
            tool: self.tool.to_owned(),
            arguments: self.digest.clone(),
        }
    }

    /// Whether the client of this call can show a form, and its word for the answer counts.
    fn is_open(&self, way: Way) -> bool {
        let reached = match &self.asks {
            Asks::Nobody => false,
            Asks::Now(person) => person.way() == way,
            Asks::Later(_) => way == Way::Elicitation,
        };
        let believed = way != Way::Elicitation || self.rules.consent.trusts(self.caller.door);
        reached && believed && self.rules.consent.ways.contains(&way)
    }

    /// An answer that the client brought: to a question of ours, about this very call.
    async fn take(&self, bond: &Bond, brought: Brought) -> Result<Said, Failure> {
        let id = self.server.consents.seal().await?.open(bond, &brought.state, Utc::now());
        let id = id.ok_or_else(|| invalid("this `requestState` isn't one that was given for this call"))?;
        let said = brought.said.ok_or_else(|| invalid("`inputResponses` holds no answer to `consent`"))?;
        let found = self.server.consents.get(&id, Utc::now()).await?;
        match found {
            Some((_, Standing::Waiting)) if said == Said::Nothing => {}
            Some((question, Standing::Waiting)) => self.answered(&question, &said).await?,
            // Somebody agreed elsewhere while the form was open. Of two answers a no counts.
            Some((question, Standing::Agreed(_))) if said == Said::No => {
                self.server.consents.spend(&question.id).await?;
                return Err(said_no());
            }
            Some((_, Standing::Agreed(_))) => return Ok(Said::Yes),
            Some((_, Standing::Refused)) => return Err(said_no()),
            _ => return Err(invalid("this question was answered already, or is over")),
        }
        Ok(said)
    }

    async fn answered(&self, question: &Question, said: &Said) -> Result<(), Failure> {
        match self.server.consents.answer(question, said, &self.agreer(), Utc::now()).await? {
            Answered::Agreed => Ok(()),
            Answered::Refused if *said == Said::No => Err(said_no()),
            Answered::Refused => Err(invalid("the name was typed wrong twice")),
            Answered::WrongName => Err(invalid("the name that was typed isn't the one that was asked for")
                .next("Call again for one more try.")),
            Answered::NotWaiting => Err(invalid("this question was answered already, or is over")),
        }
    }

    fn agreer(&self) -> Agreer {
        match &self.asks {
            Asks::Now(person) if person.way() == Way::Terminal => Agreer::here(),
            _ => {
                let client = self.caller.client.as_ref();
                let client = client.map(|client| format!("{} {}", client.name, client.version));
                Agreer::Elicitation { client: client.unwrap_or_else(|| "unknown".to_owned()) }
            }
        }
    }

    /// A person has just agreed; the tenant may have changed while they thought.
    async fn use_up(&self, bond: &Bond) -> Result<Agreement, Failure> {
        match self.server.consents.find(bond, Utc::now()).await? {
            Some((question, Standing::Agreed(agreement))) => {
                let preview = self.look().await?;
                self.use_up_seeing(bond, &question, agreement, &preview).await
            }
            _ => Err(used()),
        }
    }

    async fn use_up_seeing(
        &self,
        bond: &Bond,
        question: &Question,
        agreement: Agreement,
        now: &Preview,
    ) -> Result<Agreement, Failure> {
        let consents = &self.server.consents;
        let changed = question.preview.seen.changed(&now.seen);
        if !changed.is_empty() {
            consents.spend(&question.id).await?;
            let message = format!("a person agreed, but since then this changed: {}", changed.join(", "));
            return Err(invalid(message).next("Call again: a person is asked about what is true now."));
        }
        // Only a way that the policy names now.
        if !self.rules.consent.ways.iter().any(|way| way.as_str() == agreement.way) {
            return Err(invalid("a person agreed in a way that the policy no longer names"));
        }
        if consents.consume(&question.id, bond, &now.seen, Utc::now()).await? { Ok(agreement) } else { Err(used()) }
    }

    /// What a person is shown, and what their yes is bound to.
    async fn look(&self) -> Result<Preview, Failure> {
        let entry = self.server.catalogue.find(self.tool);
        let entry = entry.ok_or_else(|| Failure::new(Code::Internal, "the tool is gone"))?;
        let sees = |id: &WorkspaceId| self.caller.knows(id, &self.tree);
        let found = self.wait(observe(&self.tenant, entry, self.effect, &self.arguments, sees)).await;
        let found: Observation = found.map_err(|failure| self.told(failure))?;
        let mut preview = Preview::of(&entry.tool, self.effect, &self.arguments, &found);
        self.look_into_capsule(&mut preview).await?;
        if let (true, Some(seen)) = (entry.tool.on_sight, &self.saw) {
            preview.saw(seen);
        }
        preview.lines.push(format!("In the organisation {}.", fence::name(&self.server.tenant)));
        preview.lines.push(format!("Asked by {}.", self.asker()));
        let shown = self.tenant.without_key(Ok(json!(preview.lines)))?;
        preview.lines = serde_json::from_value(shown).unwrap_or_default();
        Ok(preview)
    }

    /// Whose names stand on a capsule that the arguments name.
    async fn look_into_capsule(&self, preview: &mut Preview) -> Result<(), Failure> {
        let Some(id) = self.arguments.get("capsule").and_then(Value::as_str) else { return Ok(()) };
        let Some(label) = self.server.capsules.find(id, Utc::now()).await? else { return Ok(()) };
        let made = label.made.format("%F %R UTC");
        let names = label.workspaces.iter().map(|one| one.name.as_str());
        preview.lines.push(format!("In the capsule of {made}: {}: {}.", label.workspaces.len(), row(names)));
        Ok(())
    }

    fn asker(&self) -> String {
        let client = self.caller.client.as_ref();
        let client = client.map(|client| format!(", client {}", fence::quoted(&client.name)));
        format!("{} at {}{}", fence::name(&self.caller.name), self.caller.door.as_str(), client.unwrap_or_default())
    }

    fn told(&self, failure: Failure) -> Failure {
        let told = shape::told(failure);
        self.tenant.without_key(Err(told.clone())).err().unwrap_or(told)
    }

    /// Until the call is cancelled, this server shuts down, or ten minutes are over.
    async fn wait<T>(&self, answer: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let patience = HOLDS.to_std().unwrap_or_default();
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Failure::new(Code::Cancelled, "the caller cancelled")),
            () = self.closing.cancelled() => {
                Err(Failure::new(Code::Cancelled, "this server is shutting down").next("Call again in a moment."))
            }
            answer = tokio::time::timeout(patience, answer) => {
                answer.unwrap_or_else(|_| Err(invalid("nobody answered within 10 minutes")))
            }
        }
    }

    /// Somebody may agree elsewhere.
    fn required(&self, question: &Question) -> Failure {
        if !self.rules.consent.ways.contains(&Way::Terminal) {
            return self.unanswered(question);
        }
        let id = &question.id;
        let place = self.server.elsewhere.as_deref().map(named).unwrap_or_default();
        Failure::new(Code::ConsentRequired, format!("a person has to agree to this call of {}", self.tool))
            .consent(id)
            .next(format!(
                "Ask the operator to run `molecule-org-mcp consents agree {id}{place}` in a terminal, which shows what would \
                 happen. After that, call again with exactly the same arguments, within 10 minutes."
            ))
    }

    fn unanswered(&self, question: &Question) -> Failure {
        Failure::new(Code::ConsentRequired, format!("nobody has agreed to this call of {}", self.tool))
            .consent(&question.id)
            .next("A form in the client is the only way to agree that the policy names. Call again to show it.")
    }

    fn no_way(&self) -> Failure {
        let message = format!("a person has to agree to this call of {}, and no way to ask is open", self.tool);
        Failure::new(Code::ConsentRequired, message).next(
            "The policy names none but a form in the client, which this client doesn't show or isn't trusted with. \
             Ask the operator.",
        )
    }
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(Code::ConsentInvalid, message)
}

fn said_no() -> Failure {
    invalid("a person said no").next("Don't ask again; do without it, or talk to the person.")
}

fn used() -> Failure {
    invalid("this agreement was used already").next("Each works once. Call again to ask a person anew.")
}

/// A data directory as a flag, for a shell.
fn named(directory: &Path) -> String {
    let path = directory.to_string_lossy();
    let is_plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if is_plain { format!(" --data {path}") } else { format!(" --data {}", shell::word(&path)) }
}
