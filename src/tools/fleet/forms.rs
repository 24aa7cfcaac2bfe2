//! What can be done to many: each form by the code of its single tool.

use std::collections::BTreeSet;
use std::future::ready;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::item::Report;
use super::run::{Form, Order, run};
use super::select::{Choice, Chosen, seen};
use crate::digest;
use crate::failure::Failure;
use crate::policy::target::Reach;
use crate::secrets::{Credential, Source};
use crate::tools::bounds::Whole;
use crate::tools::effect::Effect;
use crate::tools::ids::{InvocationId, SecretName, Sha256, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::plugins::{self, Address};
use crate::tools::tool::Act;
use crate::tools::workspaces::wire::Detail;
use crate::tools::{secrets, workspaces};

/// A tool's arguments: which workspaces, and the form's own.
macro_rules! fleet {
    ($tool:literal, $name:ident does $form:ident, $effect:expr, { $($(#[$about:meta])* $field:ident: $kind:ty,)* }) => {
        #[derive(Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// At most 500, from list_workspaces.
            workspace_ids: Option<BTreeSet<WorkspaceId>>,
            /// Or: this one and all below it.
            subtree: Option<WorkspaceId>,
            /// Or: what an earlier call left, by the `resume` it answered.
            #[schemars(with = "Option<String>")]
            resume: Option<InvocationId>,
            /// At a time; default 4.
            at_once: Option<Whole<1, 16>>,
            $($(#[$about])* $field: $kind,)*
        }

        struct $form {
            $($field: $kind,)*
        }

        impl $name {
            fn form(&self) -> $form {
                $form { $($field: self.$field.clone(),)* }
            }

            fn choice(&self) -> Choice {
                Choice {
                    workspace_ids: self.workspace_ids.clone(),
                    subtree: self.subtree.clone(),
                    resume: self.resume.clone(),
                    at_once: self.at_once.and_then(|most| usize::try_from(most.get()).ok()).unwrap_or(4),
                }
            }
        }

        impl Act for $name {
            type Answer = Report;

            fn effect(&self) -> Option<Effect> {
                let effect: fn(&Self) -> Option<Effect> = $effect;
                effect(self)
            }

            fn reach(&self) -> Option<Reach> {
                self.subtree.is_some().then_some(Reach::NamedAndBelow)
            }

            async fn look(&self, call: &Invocation) -> Result<Option<Value>, Failure> {
                let chosen = self.choice().chosen(call).await?;
                self.form().look(&chosen, call).await?;
                Ok(Some(seen(&chosen)))
            }

            async fn act(self, call: &Invocation) -> Result<Report, Failure> {
                run($tool, self.choice(), self.form(), call).await
            }
        }
    };
}

fleet!("pause_workspaces", PauseWorkspaces does Pause, |it| it.interrupting.then_some(Effect::Destroy), {
    /// Also those that run tasks; they are lost.
    #[serde(default)]
    interrupting: bool,
});

fleet!("resume_workspaces", ResumeWorkspaces does Resume, |it| it.interrupting.then_some(Effect::Destroy), {
    /// Also those that count tasks; they are lost.
    #[serde(default)]
    interrupting: bool,
});

fleet!("restart_workspaces", RestartWorkspaces does Restart, |it| it.interrupting.then_some(Effect::Destroy), {
    /// Also those that run tasks; they are lost.
    #[serde(default)]
    interrupting: bool,
});

fleet!("set_secret_everywhere", SetSecretEverywhere does SetSecret, |_| None, {
    /// The secret's name.
    key: SecretName,
    /// Where the server finds the value, as for set_secret.
    source: Source,
});

fleet!("install_plugin_everywhere", InstallPluginEverywhere does Install, |_| None, {
    /// A name in the registry, `local://NAME`, or `github://OWNER/REPO#TAG` (tag or commit).
    source: Address,
    /// Of its plugin.yaml: refused where it differs.
    sha256: Option<Sha256>,
    /// Also where tasks run; they are lost.
    #[serde(default)]
    interrupting: bool,
});

impl Form for Pause {
    // Each is then paused by itself, and none by the way.
    const ORDER: Order = Order::BottomFirst;
    type Ready = ();

    fn ready(&self, _: &[Chosen], _: &Invocation) -> impl Future<Output = Result<(), Failure>> + Send {
        ready(Ok(()))
    }

    fn needless(&self, one: &Detail) -> Option<String> {
        (one.status == "paused").then(|| "it is paused already".to_owned())
    }

    async fn apply(&self, (): &(), one: Detail, call: &Invocation) -> Result<(), Failure> {
        workspaces::pause(one, self.interrupting, call).await.map(|_| ())
    }
}

impl Form for Resume {
    // Below a paused one none can be resumed.
    const ORDER: Order = Order::TopFirst;
    type Ready = ();

    fn ready(&self, _: &[Chosen], _: &Invocation) -> impl Future<Output = Result<(), Failure>> + Send {
        ready(Ok(()))
    }

    fn needless(&self, one: &Detail) -> Option<String> {
        (one.status != "paused" && one.status != "removed").then(|| format!("it is {}, not paused", one.status))
    }

    async fn apply(&self, (): &(), one: Detail, call: &Invocation) -> Result<(), Failure> {
        workspaces::resume(one, self.interrupting, call).await.map(|_| ())
    }
}

impl Form for Restart {
    const ORDER: Order = Order::TopFirst;
    type Ready = ();

    fn ready(&self, _: &[Chosen], _: &Invocation) -> impl Future<Output = Result<(), Failure>> + Send {
        ready(Ok(()))
    }

    async fn apply(&self, (): &(), one: Detail, call: &Invocation) -> Result<(), Failure> {
        workspaces::restart(one, self.interrupting, call).await.map(|_| ())
    }
}

impl Form for SetSecret {
    const ORDER: Order = Order::Any;
    /// Read once: all of them get the same.
    type Ready = Credential;

    async fn look(&self, chosen: &[Chosen], call: &Invocation) -> Result<(), Failure> {
        self.source.ready(&call.places().about(&self.about(chosen))).await
    }

    async fn ready(&self, chosen: &[Chosen], call: &Invocation) -> Result<Credential, Failure> {
        let value = self.source.read(&call.places().about(&self.about(chosen))).await?;
        call.may_pass_on(value.expose())?;
        Ok(value)
    }

    async fn apply(&self, value: &Credential, one: Detail, call: &Invocation) -> Result<(), Failure> {
        let value = Credential::new(value.expose().to_owned());
        secrets::set(one, self.key.clone(), value, call).await.map(|_| ())
    }
}

impl SetSecret {
    /// What a person is told that the value is for: these workspaces and no others.
    fn about(&self, chosen: &[Chosen]) -> String {
        let ids: Vec<&str> = chosen.iter().map(|one| one.id.as_str()).collect();
        format!("{} of {} workspaces ({})", self.key, ids.len(), digest::sha256(ids.join(" ")))
    }
}

impl Form for Install {
    const ORDER: Order = Order::Any;
    type Ready = ();

    fn ready(&self, _: &[Chosen], _: &Invocation) -> impl Future<Output = Result<(), Failure>> + Send {
        ready(Ok(()))
    }

    async fn apply(&self, (): &(), one: Detail, call: &Invocation) -> Result<(), Failure> {
        plugins::install(one, &self.source, self.sha256.as_ref(), self.interrupting, call).await.map(|_| ())
    }
}
