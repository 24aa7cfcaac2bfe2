//! The second half of the road: a person agrees, where one has to, the intent is written down, the tool
//! runs, the outcome is written down.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use futures_util::FutureExt;
use rusqlite::Connection;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::admit::{Admitted, Asked};
use super::consent::Petition;
use super::keys::KeyChanges;
use super::record::Record;
use super::{Books, Stop, keys, once, shape, veil};
use crate::events::Change;
use crate::failure::{Changed, Code, Failure};
use crate::journal::Journal;
use crate::journal::entry::{Intent, Outcome};
use crate::policy::target::Target;
use crate::policy::{Decision, Rule};
use crate::repeats::Once;
use crate::results::Kept;
use crate::tools::effect::Effect;
use crate::tools::invocation::Invocation;
use crate::tools::tool::Prepared;

/// Nothing is done before a person agreed, where one has to, and the intent is written down; that is `told`.
pub(super) async fn set_out(
    mut invocation: Invocation,
    admitted: Admitted,
    petition: Option<Petition>,
    mut record: Record,
    books: Books,
    begun: Instant,
    told: oneshot::Sender<()>,
) -> Result<Value, Stop> {
    let server = Arc::clone(&invocation.server);
    let journal = &server.journal;
    if let Err(stop) = clear(&mut invocation, &admitted, petition, &mut record, &books).await {
        journal.note(record.intent(), record.outcome_of_refusal(&stop.failure));
        return Err(stop);
    }
    if let Err(failure) = intend(journal, record.intent(), &invocation, admitted.once.clone()).await {
        // It may get there late, and must not look as if something were under way.
        journal.conclude_later(record.outcome_of_refusal(&failure));
        return Err(failure.into());
    }
    // Nobody need listen.
    let _ = told.send(());
    Ok(carry_out(invocation, admitted, record, begun).await?)
}

/// All that can still be in the way, while nothing has left a trace.
async fn clear(
    invocation: &mut Invocation,
    admitted: &Admitted,
    petition: Option<Petition>,
    record: &mut Record,
    books: &Books,
) -> Result<(), Stop> {
    // Nobody is asked to agree to what can't be done; what they answered comes first.
    let looked = look(invocation, admitted, record).await;
    if !petition.as_ref().is_some_and(Petition::is_answered) {
        looked.clone()?;
    }
    if let Some(mut petition) = petition {
        petition.saw = invocation.seen.clone();
        agree(petition, admitted.effect, record).await?;
        decide_again(invocation, admitted, record)?;
    }
    looked?;
    Ok(count_mint(invocation, admitted, books).await?)
}

async fn look(invocation: &mut Invocation, admitted: &Admitted, record: &mut Record) -> Result<(), Failure> {
    invocation.seen = admitted.prepared.look(invocation).await?;
    record.seen(invocation.seen.clone());
    Ok(())
}

async fn agree(petition: Petition, effect: Effect, record: &mut Record) -> Result<(), Stop> {
    let looked = petition.tenant.clone();
    let settled = petition.settle().await;
    record.looked(&looked);
    let agreement = settled.inspect_err(|stop| {
        if matches!(stop.failure.code(), Code::ConsentRequired | Code::ConsentInvalid) {
            record.decided(Decision::Refused(Rule::Consent), effect);
        }
    })?;
    record.agreed(agreement);
    Ok(())
}

/// A person takes minutes: what was revoked or forbidden meanwhile counts.
fn decide_again(invocation: &mut Invocation, admitted: &Admitted, record: &mut Record) -> Result<(), Failure> {
    let (server, now) = (Arc::clone(&invocation.server), Utc::now());
    server.grants.renew(&mut invocation.caller, now)?;
    invocation.rules = server.policy.now();
    let Some(entry) = server.catalogue.find(admitted.entry) else { return Ok(()) };
    let asked = Asked {
        id: invocation.id,
        rules: &invocation.rules,
        caller: &invocation.caller,
        cancel: &CancellationToken::new(),
        now,
    };
    asked.permit(entry, admitted.effect, Some(&admitted.target), record)
}

async fn count_mint(invocation: &Invocation, admitted: &Admitted, books: &Books) -> Result<(), Failure> {
    let Some(most) = admitted.minting else { return Ok(()) };
    let taken = books.minted.take(&invocation.server.tenant, most, invocation.now).await?;
    taken.map_err(|wait| {
        Failure::new(Code::RateLimited, format!("{most} org keys were minted within the last hour")).retry_after(wait)
    })
}

/// With the idempotency key taken in the same moment, where there is one.
async fn intend(journal: &Journal, intent: Intent, invocation: &Invocation, once: Option<Once>) -> Result<(), Failure> {
    let Some(once) = once else { return journal.intend(intent).await };
    let (id, now) = (invocation.id, invocation.now);
    let ours = journal.intend_with(intent, move |connection| once.claim(id, now, connection)).await?;
    if ours { Ok(()) } else { Err(once::overtaken()) }
}

/// A read ends wherever it is once it is cancelled. What acts hears of it with its next request, and says what it did.
async fn run(prepared: Prepared, effect: Effect, invocation: &Invocation) -> Result<Value, Failure> {
    tokio::select! {
        biased;
        () = invocation.tenant.cancelled(), if effect.is_read() => {
            Err(Failure::new(Code::Cancelled, "the call was cancelled"))
        }
        result = prepared.run(invocation) => result,
    }
}

async fn carry_out(
    invocation: Invocation,
    admitted: Admitted,
    record: Record,
    begun: Instant,
) -> Result<Value, Failure> {
    let ran = run(admitted.prepared, admitted.effect, &invocation);
    let result = AssertUnwindSafe(ran).catch_unwind().await;
    let result = result.unwrap_or_else(|_| Err(Failure::new(Code::Internal, "the tool broke off")));
    let result = result.and_then(|answer| shape::shaped(answer, invocation.extent)).map_err(shape::told);
    // What was done before a failure is part of what the failure must say.
    let result = result.map_err(|failure| failure.after(invocation.tenant.changed()));
    let result = invocation.tenant.without_key(veil::over(result, &invocation));
    keep_rests(&invocation, &result);
    let mut outcome = record.outcome(&result, &invocation.tenant, begun.elapsed());
    outcome.detail.made = invocation.made.get().cloned();
    outcome.detail.revoked = keys::revoked(&invocation);
    outcome.detail.capsule = invocation.capsule.get().cloned();
    log(admitted.entry, admitted.effect, &invocation, &result);
    if let Err(error) = conclude(&invocation, outcome, admitted.once, &result).await {
        tracing::error!(%error, invocation = %invocation.id, "an outcome isn't in the journal");
    }
    let may_have_changed = result.as_ref().err().is_none_or(|failure| failure.has_changed() != Changed::No);
    if may_have_changed && !admitted.effect.is_read() {
        tell(admitted.entry, &admitted.target, &invocation);
    }
    result
}

/// Whoever watches what this call may have changed.
fn tell(tool: &str, target: &Target, invocation: &Invocation) {
    let server = &invocation.server;
    if let Some(entry) = server.catalogue.find(tool) {
        server.events.tell(Change::by_call(entry.toolset, target));
    }
}

/// The whole of what the answer shows only the start of, covered and cleaned as the answer is.
fn keep_rests(invocation: &Invocation, result: &Result<Value, Failure>) {
    let Ok(answer) = result else { return };
    for (id, text) in invocation.beside.rests_of(answer) {
        let text = invocation.tenant.without_key(veil::over(Ok(Value::String(text)), invocation));
        if let Ok(Value::String(text)) = text {
            let (tool, owner, since) = (invocation.tool, invocation.caller.identity(), invocation.now);
            invocation.server.results.keep(Kept { id, tool, owner, text: text.into(), since });
        }
    }
}

/// With what the idempotency key stands for now, where there is one, and what became of org keys.
async fn conclude(
    invocation: &Invocation,
    outcome: Outcome,
    once: Option<Once>,
    result: &Result<Value, Failure>,
) -> Result<(), Failure> {
    let journal = &invocation.server.journal;
    let keys = KeyChanges::of(invocation, &outcome, result);
    if once.is_none() && keys.is_none() {
        return journal.conclude(outcome).await;
    }
    let (id, end) = (invocation.id, once::end(result));
    let settle = move |connection: &Connection| {
        once.map_or(Ok(()), |once| once.settle(id, &end, connection))?;
        keys.map_or(Ok(()), |keys| keys.settle(connection))
    };
    journal.conclude_with(outcome, settle).await?;
    invocation.server.outbox.noticed();
    Ok(())
}

fn log(tool: &str, effect: Effect, invocation: &Invocation, result: &Result<Value, Failure>) {
    let (code, detail) = match result {
        Ok(_) => ("done", None),
        Err(failure) => (failure.code().as_str(), failure.for_operator()),
    };
    tracing::info!(
        invocation = %invocation.id,
        key_prefix = %invocation.server.keys.tag(),
        door = invocation.caller.door.as_str(),
        tool,
        effect = effect.as_str(),
        code,
        detail,
        "call"
    );
}
