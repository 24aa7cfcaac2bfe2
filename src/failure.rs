//! What can go wrong on the road, as values.
//!
//! A `Failure` is one kind (a stable code), what the agent reads (what happened, whether anything
//! changed, what to do next) and what only the operator reads. Every room returns it; the transports
//! turn it into a tool result with `isError`, the command line into an exit code.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// The stable codes. Scripts and agents match on them: a name, once published, keeps its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    InvalidInput,
    NotFound,
    Conflict,
    Unauthenticated,
    ForbiddenByPolicy,
    ForbiddenByTenant,
    BudgetExceeded,
    PreconditionFailed,
    NotSupported,
    ConsentRequired,
    ConsentInvalid,
    RateLimited,
    TenantUnreachable,
    TenantTimeout,
    TenantError,
    UnexpectedAnswer,
    OutcomeUnknown,
    JournalUnavailable,
    TooLarge,
    Cancelled,
    Internal,
}

impl Code {
    pub const ALL: [Self; 19] = [
        Self::InvalidInput,
        Self::NotFound,
        Self::Conflict,
        Self::Unauthenticated,
        Self::ForbiddenByPolicy,
        Self::ForbiddenByTenant,
        Self::BudgetExceeded,
        Self::PreconditionFailed,
        Self::NotSupported,
        Self::RateLimited,
        Self::TenantUnreachable,
        Self::TenantTimeout,
        Self::TenantError,
        Self::UnexpectedAnswer,
        Self::OutcomeUnknown,
        Self::JournalUnavailable,
        Self::TooLarge,
        Self::Cancelled,
        Self::Internal,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "INVALID_INPUT",
            Self::NotFound => "NOT_FOUND",
            Self::Conflict => "CONFLICT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::ForbiddenByPolicy => "FORBIDDEN_BY_POLICY",
            Self::ForbiddenByTenant => "FORBIDDEN_BY_TENANT",
            Self::BudgetExceeded => "BUDGET_EXCEEDED",
            Self::PreconditionFailed => "PRECONDITION_FAILED",
            Self::NotSupported => "NOT_SUPPORTED",
            Self::ConsentRequired => "CONSENT_REQUIRED",
            Self::ConsentInvalid => "CONSENT_INVALID",
            Self::RateLimited => "RATE_LIMITED",
            Self::TenantUnreachable => "TENANT_UNREACHABLE",
            Self::TenantTimeout => "TENANT_TIMEOUT",
            Self::TenantError => "TENANT_ERROR",
            Self::UnexpectedAnswer => "UNEXPECTED_ANSWER",
            Self::OutcomeUnknown => "OUTCOME_UNKNOWN",
            Self::JournalUnavailable => "JOURNAL_UNAVAILABLE",
            Self::TooLarge => "TOO_LARGE",
            Self::Cancelled => "CANCELLED",
            Self::Internal => "INTERNAL",
        }
    }

    /// What to do next when nobody on the way knew better.
    fn usual_next(self) -> &'static str {
        match self {
            Self::InvalidInput => "Correct the arguments and call again.",
            Self::NotFound => "List what exists and use an id from there.",
            Self::Conflict => "Look at the present state, then decide again.",
            Self::Unauthenticated => {
                "Ask the operator to check the org key (MOLECULE_ORG_TOKEN, or its file); don't retry with the same key."
            }
            Self::ForbiddenByPolicy => "Ask the operator; retrying won't help.",
            Self::ForbiddenByTenant => "The tenant refuses this key here; ask the operator. Retrying won't help.",
            Self::BudgetExceeded => "Look at the workspace's budget with its owner.",
            Self::PreconditionFailed => "Set what is missing, then call again.",
            Self::NotSupported => "This tenant doesn't offer it; retrying won't help.",
            Self::ConsentRequired => "Ask the operator; a person has to agree to this.",
            Self::ConsentInvalid => "Call again if it is still wanted: a person is asked anew.",
            Self::RateLimited => "Wait, then call again.",
            Self::TenantUnreachable => "Try again in a minute; if it stays so, ask the operator to check MOLECULE_URL.",
            Self::TenantTimeout => "Try again in a minute.",
            Self::TenantError => "Look at the present state before trying again.",
            Self::UnexpectedAnswer => "Don't rely on it; ask the operator whether MOLECULE_URL points at a tenant.",
            Self::OutcomeUnknown => "Don't repeat it blindly: list what exists and see whether it took effect.",
            Self::JournalUnavailable => {
                "Nothing was sent. Ask the operator to look at the data directory; reads still work."
            }
            Self::TooLarge => "Ask for less: filter, or use a smaller limit.",
            Self::Cancelled => "Call again if it is still wanted.",
            Self::Internal => "Report it with the invocation id in the journal.",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether anything at the tenant is different now. Ordered by how much a caller must worry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    No,
    Unknown,
    Yes,
}

impl Changed {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Yes => "yes",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::No => "Nothing was changed.",
            Self::Unknown => "It isn't known whether anything was changed.",
            Self::Yes => "Part of it was done before this happened.",
        }
    }
}

/// One failure. Boxed inside, because it travels in every `Result` of the road.
#[derive(Clone, Debug)]
pub struct Failure(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: Code,
    message: String,
    changed: Changed,
    confirmed: bool,
    next: Option<String>,
    missing: Vec<String>,
    retry_after: Option<Duration>,
    consent_id: Option<String>,
    page: Option<String>,
    operator: Option<String>,
}

impl Failure {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            changed: Changed::No,
            confirmed: false,
            next: None,
            missing: Vec::new(),
            retry_after: None,
            consent_id: None,
            page: None,
            operator: None,
        }))
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidInput, message)
    }

    #[must_use]
    pub fn changed(mut self, changed: Changed) -> Self {
        self.0.changed = changed;
        self
    }

    /// What was looked up afterwards; nothing that was sent before can make it more or less.
    #[must_use]
    pub fn confirmed(mut self, changed: Changed) -> Self {
        self.0.changed = changed;
        self.0.confirmed = true;
        self
    }

    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.0.next = Some(next.into());
        self
    }

    /// Names that are missing, for a 412.
    #[must_use]
    pub fn missing(mut self, missing: Vec<String>) -> Self {
        self.0.missing = missing;
        self
    }

    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// The question that waits for a person.
    #[must_use]
    pub fn consent(mut self, id: impl Into<String>) -> Self {
        self.0.consent_id = Some(id.into());
        self
    }

    /// The page on which a person can mend it.
    #[must_use]
    pub fn page(mut self, url: impl Into<String>) -> Self {
        self.0.page = Some(url.into());
        self
    }

    /// Detail for the log and the journal only; never for the agent.
    #[must_use]
    pub fn operator(mut self, detail: impl Into<String>) -> Self {
        self.0.operator = Some(detail.into());
        self
    }

    /// With every text changed: for taking out what mustn't leave.
    #[must_use]
    pub fn retold(mut self, change: impl Fn(String) -> String) -> Self {
        let Inner { message, next, missing, operator, .. } = &mut *self.0;
        for text in [message].into_iter().chain(next).chain(missing).chain(operator) {
            *text = change(std::mem::take(text));
        }
        self
    }

    /// What was done before makes the whole at least this much changed.
    #[must_use]
    pub fn after(mut self, earlier: Changed) -> Self {
        if !self.0.confirmed {
            self.0.changed = self.0.changed.max(earlier);
        }
        self
    }

    pub fn code(&self) -> Code {
        self.0.code
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn has_changed(&self) -> Changed {
        self.0.changed
    }

    pub fn wait(&self) -> Option<Duration> {
        self.0.retry_after
    }

    pub fn for_operator(&self) -> Option<&str> {
        self.0.operator.as_deref()
    }

    pub fn on_page(&self) -> Option<&str> {
        self.0.page.as_deref()
    }

    fn next_step(&self) -> &str {
        self.0.next.as_deref().unwrap_or_else(|| self.0.code.usual_next())
    }

    /// The whole of it for a reader who sees nothing else.
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}\n{}", self.0.code, self.0.message, self.0.changed.sentence());
        if !self.0.missing.is_empty() {
            text.push_str(&format!("\nMissing: {}.", self.0.missing.join(", ")));
        }
        if let Some(wait) = self.0.retry_after {
            text.push_str(&format!("\nRetry after {} s.", wait.as_secs_f64().ceil()));
        }
        text.push_str("\nNext: ");
        text.push_str(self.next_step());
        text
    }

    /// The same as fields, for `_meta["molecule-org-mcp/error"]`.
    pub fn fields(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("code".into(), json!(self.0.code.as_str()));
        fields.insert("message".into(), json!(self.0.message));
        fields.insert("changed".into(), json!(self.0.changed.as_str()));
        fields.insert("next".into(), json!(self.next_step()));
        if !self.0.missing.is_empty() {
            fields.insert("missing".into(), json!(self.0.missing));
        }
        if let Some(wait) = self.0.retry_after {
            fields.insert("retry_after".into(), json!(wait.as_secs_f64().ceil()));
        }
        if let Some(id) = &self.0.consent_id {
            fields.insert("consent_id".into(), json!(id));
        }
        if let Some(page) = &self.0.page {
            fields.insert("page".into(), json!(page));
        }
        Value::Object(fields)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
    }
}

impl std::error::Error for Failure {}
