//! Asking the person in front of a client: the newest revision shows a form, or a page of ours, between two
//! calls, the older ones while a call waits. Who declared no forms or pages isn't asked.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rmcp::model::*;
use rmcp::service::{Peer, PeerRequestOptions, RequestContext, RoleServer};
use serde_json::{Map, Value};

use crate::consent::asks::Brought;
use crate::consent::form::Form;
use crate::consent::{Asks, HOLDS, Person, Question, Said};
use crate::drops::Link;
use crate::failure::Failure;
use crate::policy::consent::Way;

/// The question's name among what a client is asked.
const CONSENT: &str = "consent";

/// The page's name there.
const PAGE: &str = "page";

/// How this call's person can be reached.
pub(super) fn asks(request: &mut CallToolRequestParams, context: &RequestContext<RoleServer>) -> Asks {
    reached(context, || brought(request))
}

/// The same once more, when what the request brought has been used.
pub(super) fn asks_anew(context: &RequestContext<RoleServer>) -> Asks {
    reached(context, || None)
}

fn reached(context: &RequestContext<RoleServer>, brought: impl FnOnce() -> Option<Brought>) -> Asks {
    let capability = context.client_capabilities().and_then(|all| all.elicitation);
    // Whoever declares no mode means forms, as it was before there were others.
    let shows_forms = capability.is_some_and(|modes| modes.form.is_some() || modes.url.is_none());
    match (shows_forms, is_modern(context)) {
        (false, _) => Asks::Nobody,
        (true, false) => Asks::Now(Box::new(Waiting(context.peer.clone()))),
        (true, true) => Asks::Later(brought()),
    }
}

fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| !version.has_initialize())
}

/// How a client opens a page for its person: the older ones while the call waits, the newest between two.
pub(super) enum Pages {
    Now(Peer<RoleServer>),
    Later,
    /// It was shown between two, and this is whether the person went there.
    Shown(bool),
}

/// What came of showing one.
pub(super) enum Shown {
    /// The person is there; the page's id.
    Opened(String),
    Later(InputRequiredResult),
    Refused,
}

/// None: this client opens no pages.
pub(super) fn pages(request: &CallToolRequestParams, context: &RequestContext<RoleServer>) -> Option<Pages> {
    context.client_capabilities().and_then(|all| all.elicitation)?.url?;
    if !is_modern(context) {
        return Some(Pages::Now(context.peer.clone()));
    }
    let answer = request.input_responses.as_ref().and_then(|answers| answers.get(PAGE));
    let action = answer.and_then(|answer| answer.get("action")).and_then(Value::as_str);
    Some(action.map_or(Pages::Later, |action| Pages::Shown(action == "accept")))
}

impl Pages {
    pub(super) async fn show(self, failure: &Failure) -> Shown {
        let Some(url) = failure.on_page() else { return Shown::Refused };
        let id = Link::id_in(url).to_owned();
        let request = ElicitRequest::new(ElicitRequestParams::UrlElicitationParams {
            meta: None,
            message: "A value is typed in on a page of this server, not here.".to_owned(),
            url: url.to_owned(),
            elicitation_id: id.clone(),
        });
        match self {
            Self::Shown(true) => Shown::Opened(id),
            Self::Shown(false) => Shown::Refused,
            Self::Now(peer) => match accepted(&peer, request).await {
                Some(true) => Shown::Opened(id),
                _ => Shown::Refused,
            },
            Self::Later => {
                let asked = BTreeMap::from([(PAGE.to_owned(), InputRequest::Elicitation(request))]);
                Shown::Later(InputRequiredResult::new(Some(asked), None))
            }
        }
    }
}

async fn accepted(peer: &Peer<RoleServer>, request: ElicitRequest) -> Option<bool> {
    let patience = PeerRequestOptions::with_timeout(HOLDS.to_std().ok()?);
    let asked = peer.send_cancellable_request(ServerRequest::ElicitRequest(request), patience).await.ok()?;
    match asked.await_response().await.ok()? {
        ClientResult::ElicitResult(answer) => Some(answer.action == ElicitationAction::Accept),
        _ => None,
    }
}

fn brought(request: &mut CallToolRequestParams) -> Option<Brought> {
    let state = request.request_state.take()?;
    let answers = request.input_responses.take().unwrap_or_default();
    Some(Brought { state, said: answers.get(CONSENT).and_then(Said::of_form) })
}

/// The answer that makes a client show the form and call again. None: the form has no shape that the
/// protocol knows.
pub(super) fn input_required(form: Form, meta: Map<String, Value>) -> Option<InputRequiredResult> {
    let asked = InputRequest::Elicitation(ElicitRequest::new(elicitation(form.message, form.schema)?));
    let asked = BTreeMap::from([(CONSENT.to_owned(), asked)]);
    Some(InputRequiredResult::new(Some(asked), Some(form.state)).with_meta(MetaObject(meta)))
}

fn elicitation(message: String, schema: Map<String, Value>) -> Option<ElicitRequestParams> {
    let requested_schema = ElicitationSchema::from_json_schema(schema).ok()?;
    Some(ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema })
}

/// A client of an older revision.
struct Waiting(Peer<RoleServer>);

impl Person for Waiting {
    fn way(&self) -> Way {
        Way::Elicitation
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Said, Failure>> {
        // A client that breaks off, or answers with something else, has said nothing.
        async { Ok(self.answer(question).await.unwrap_or(Said::Nothing)) }.boxed()
    }
}

impl Waiting {
    async fn answer(&self, question: &Question) -> Option<Said> {
        let form = Form::of(question, String::new());
        let request = ServerRequest::ElicitRequest(ElicitRequest::new(elicitation(form.message, form.schema)?));
        let patience = PeerRequestOptions::with_timeout(HOLDS.to_std().ok()?);
        let asked = self.0.send_cancellable_request(request, patience).await.ok()?;
        match asked.await_response().await.ok()? {
            ClientResult::ElicitResult(answer) => Said::of_form(&serde_json::to_value(answer).ok()?),
            _ => None,
        }
    }
}
