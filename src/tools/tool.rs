//! The entry type: everything about a tool in one place.
//!
//! A toolset's file holds a constant table of these. List, annotations, schemas, docs, command-line
//! help, policy and journal are all computed from the entry; nothing about a tool stands elsewhere.
//! A `Draft` becomes a `Tool` only by naming its types, so an untyped entry doesn't compile.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::act::{prepare_act, prepare_send};
use super::effect::Effect;
use super::list::{self, List};
use super::schema::{self, Schema};
use super::surface::{Through, Way};
use crate::backend::Route;
use crate::failure::Failure;
use crate::policy::target::Reach;

pub use super::act::{Act, Earlier, Prepared};

/// How near at hand a tool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Found by search, unless the whole catalogue is listed.
    Found,
    Everyday,
    AlwaysLoaded,
}

/// One tool.
#[derive(Clone, Copy)]
pub struct Tool {
    pub name: &'static str,
    pub about: &'static str,
    /// The least it does, and the most; they differ where the arguments decide.
    pub least: Effect,
    pub most: Effect,
    /// The routes it may use; the backend sends nothing else for it.
    pub routes: &'static [Route],
    /// Names from elsewhere that are accepted and never listed.
    pub aliases: &'static [&'static str],
    /// Calling it again with the same arguments changes nothing more.
    pub idempotent: bool,
    /// It reaches beyond the tenant.
    pub open_world: bool,
    /// Other words that people have for it, for whoever searches.
    pub said: &'static str,
    /// Arguments as one might give them, as JSON.
    pub example: &'static str,
    /// How near at hand it is.
    pub place: Place,
    /// How far it reaches, for callers who are bound to some workspaces.
    pub reach: Reach,
    /// Whoever runs in a workspace may not do it to that one: where it can give power, only where it does.
    pub not_to_oneself: bool,
    /// What it gives out may do everything: for those alone who may do everything.
    pub gives_everything: bool,
    /// Arguments besides ids that the journal keeps as they are.
    pub kept: &'static [&'static str],
    /// It makes something new each time, unless an idempotency key says which time it is.
    pub creates: bool,
    /// Whoever agrees to it types the name of what is lost.
    pub by_name: bool,
    /// What its look saw is shown to whoever agrees, and their yes holds for that alone.
    pub on_sight: bool,
    /// It may take long: a client that knows tasks gets one instead of an answer that doesn't come.
    pub long: bool,
    /// It gives out what another call answered, and the tenant's words with it.
    pub relays: bool,
    /// It calls the tool that its arguments name.
    pub calls: Option<Way>,
    input: fn() -> Schema,
    output: fn() -> Schema,
    prepare: Prepare,
}

/// An argument of every tool that creates; the road takes it out before the tool sees it.
pub const IDEMPOTENCY_KEY: &str = "idempotency_key";

fn idempotency_key() -> Value {
    json!({ "type": "string", "maxLength": 200, "description": "Same key within 24 h: done once." })
}

type Prepare = fn(&Tool, Map<String, Value>) -> Result<Prepared, Failure>;

impl Tool {
    pub fn input_schema(&self) -> Schema {
        let schema = (self.input)();
        if self.creates { schema::with(schema, IDEMPOTENCY_KEY, &idempotency_key()) } else { schema }
    }

    pub fn output_schema(&self) -> Schema {
        (self.output)()
    }

    /// `list_org_keys` is shown as "List org keys".
    pub fn title(&self) -> String {
        let mut title = self.name.replace('_', " ");
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        title
    }

    /// Arguments in, a checked call out; the words about a mistake never repeat a value.
    pub fn prepare(&self, arguments: Map<String, Value>) -> Result<Prepared, Failure> {
        (self.prepare)(self, arguments)
    }
}

/// A tool whose types aren't named yet.
#[derive(Clone, Copy)]
pub struct Draft {
    name: &'static str,
    about: &'static str,
    least: Effect,
    most: Effect,
    routes: &'static [Route],
    aliases: &'static [&'static str],
    idempotent: bool,
    open_world: bool,
    said: &'static str,
    example: &'static str,
    place: Place,
    reach: Reach,
    not_to_oneself: bool,
    gives_everything: bool,
    kept: &'static [&'static str],
    creates: bool,
    by_name: bool,
    on_sight: bool,
    long: bool,
    relays: bool,
}

impl Draft {
    const fn new(name: &'static str, effect: Effect, routes: &'static [Route]) -> Self {
        Self {
            name,
            about: "",
            least: effect,
            most: effect,
            routes,
            aliases: &[],
            idempotent: false,
            open_world: false,
            said: "",
            example: "{}",
            place: Place::Found,
            reach: Reach::Named,
            not_to_oneself: false,
            gives_everything: false,
            kept: &[],
            creates: false,
            by_name: false,
            on_sight: false,
            long: false,
            relays: false,
        }
    }

    /// A route that changes something doesn't compile here.
    pub const fn read(name: &'static str, routes: &'static [Route]) -> Self {
        let mut left = routes;
        while let [route, rest @ ..] = left {
            assert!(!route.acts(), "a read may only use routes that change nothing");
            left = rest;
        }
        let mut draft = Self::new(name, Effect::Read, routes);
        draft.idempotent = true;
        draft
    }

    pub const fn write(name: &'static str, routes: &'static [Route]) -> Self {
        Self::new(name, Effect::Write, routes)
    }

    pub const fn destroy(name: &'static str, routes: &'static [Route]) -> Self {
        Self::new(name, Effect::Destroy, routes)
    }

    pub const fn escalate(name: &'static str, routes: &'static [Route]) -> Self {
        Self::new(name, Effect::Escalate, routes)
    }

    /// What it returns and when to use it: product text, read by an agent.
    #[must_use]
    pub const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// With some arguments it does this much.
    #[must_use]
    pub const fn up_to(mut self, most: Effect) -> Self {
        self.most = most;
        self
    }

    #[must_use]
    pub const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// It reaches beyond the tenant: agents, channels.
    #[must_use]
    pub const fn open_world(mut self) -> Self {
        self.open_world = true;
        self
    }

    /// Words that people have for it besides those of its name and description.
    #[must_use]
    pub const fn said(mut self, said: &'static str) -> Self {
        self.said = said;
        self
    }

    /// Arguments as one might give them, as JSON.
    #[must_use]
    pub const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// Listed in the compact surface.
    #[must_use]
    pub const fn everyday(mut self) -> Self {
        self.place = Place::Everyday;
        self
    }

    /// Listed in the compact surface, and kept in view by clients that put tools aside.
    #[must_use]
    pub const fn always_loaded(mut self) -> Self {
        self.place = Place::AlwaysLoaded;
        self
    }

    /// What it does to a workspace it does to all below.
    #[must_use]
    pub const fn reaching_below(mut self) -> Self {
        self.reach = Reach::NamedAndBelow;
        self
    }

    /// About many workspaces, of which a bound caller sees only their own.
    #[must_use]
    pub const fn filtered(mut self) -> Self {
        self.reach = Reach::Filtered;
        self
    }

    /// About nothing that belongs to a workspace.
    #[must_use]
    pub const fn common(mut self) -> Self {
        self.reach = Reach::Common;
        self
    }

    /// About the organisation: not for callers who are bound to some workspaces.
    #[must_use]
    pub const fn org_wide(mut self) -> Self {
        self.reach = Reach::Organisation;
        self
    }

    #[must_use]
    pub const fn not_to_oneself(mut self) -> Self {
        self.not_to_oneself = true;
        self
    }

    #[must_use]
    pub const fn giving_everything(mut self) -> Self {
        self.gives_everything = true;
        self
    }

    /// Arguments, none of which can be a secret, that the journal keeps.
    #[must_use]
    pub const fn keeping(mut self, kept: &'static [&'static str]) -> Self {
        self.kept = kept;
        self
    }

    /// Calling it twice makes two; with an idempotency key it doesn't.
    #[must_use]
    pub const fn creates(mut self) -> Self {
        self.creates = true;
        self
    }

    #[must_use]
    pub const fn by_name(mut self) -> Self {
        self.by_name = true;
        self
    }

    /// What its look sees, people are shown, and agree to.
    #[must_use]
    pub const fn on_sight(mut self) -> Self {
        self.on_sight = true;
        self
    }

    /// It may take more than a few seconds.
    #[must_use]
    pub const fn long(mut self) -> Self {
        self.long = true;
        self
    }

    #[must_use]
    pub const fn relays(mut self) -> Self {
        self.relays = true;
        self
    }

    const fn tool(self, input: fn() -> Schema, output: fn() -> Schema, prepare: Prepare) -> Tool {
        Tool {
            name: self.name,
            about: self.about,
            least: self.least,
            most: self.most,
            routes: self.routes,
            aliases: self.aliases,
            idempotent: self.idempotent,
            open_world: self.open_world,
            said: self.said,
            example: self.example,
            place: self.place,
            reach: self.reach,
            not_to_oneself: self.not_to_oneself,
            gives_everything: self.gives_everything,
            kept: self.kept,
            creates: self.creates,
            by_name: self.by_name,
            on_sight: self.on_sight,
            long: self.long,
            relays: self.relays,
            calls: None,
            input,
            output,
            prepare,
        }
    }

    /// The input type carries it out.
    pub const fn acts<I: Act>(self) -> Tool {
        self.tool(schema::of::<I>, schema::of_answer::<I::Answer>, prepare_act::<I>)
    }

    /// It carries a call of another tool; the road opens it.
    pub const fn calls(self, way: Way) -> Tool {
        let mut tool = self.tool(schema::of::<Through>, schema::any_object, prepare_nothing);
        tool.calls = Some(way);
        tool
    }

    /// The input type says what is in the list; paging and columns are the same for all.
    pub const fn lists<I: List>(self) -> Tool {
        self.tool(list::input::<I>, list::output::<I>, list::prepare::<I>)
    }

    /// One request: input fields fill the route's placeholders, the rest goes into query or body,
    /// and the answer is decoded into `O`.
    pub const fn sends<I, O>(self) -> Tool
    where
        I: DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static,
        O: DeserializeOwned + Serialize + JsonSchema + Send + 'static,
    {
        assert!(self.routes.len() == 1, "a tool that sends has exactly one route");
        self.tool(schema::of::<I>, schema::of_answer::<O>, prepare_send::<I, O>)
    }
}

fn prepare_nothing(tool: &Tool, _: Map<String, Value>) -> Result<Prepared, Failure> {
    Err(Failure::invalid(format!("{} can't be called by itself", tool.name)).next("Name the tool that you mean."))
}
