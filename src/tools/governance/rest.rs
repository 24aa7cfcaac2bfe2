//! read_result: the rest of a text that an answer cut.

use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use crate::failure::{Code, Failure};
use crate::tools::ids::ResultId;
use crate::tools::invocation::Invocation;
use crate::tools::range::{From, Length, Passage};
use crate::tools::tool::Act;

pub const NAME: &str = "read_result";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadResult {
    /// As the cut text gives it.
    id: ResultId,
    /// Where to begin, in characters; default 0.
    from: Option<From>,
    /// Characters, default 8000.
    length: Option<Length>,
}

impl Act for ReadResult {
    type Answer = Passage;

    async fn act(self, call: &Invocation) -> Result<Passage, Failure> {
        let id: Uuid = self.id.as_str().parse().map_err(|_| gone())?;
        let found = call.server.results.find(id, &call.caller.identity(), call.now).ok_or_else(gone)?;
        // Whoever may no longer ask for it may no longer read on.
        call.may_use(found.tool).then_some(()).ok_or_else(gone)?;
        call.beside.is_untrusted();
        Passage::of(&found.text, self.from, self.length)
    }
}

fn gone() -> Failure {
    Failure::new(Code::NotFound, "nothing is kept under this id for you; it is for 15 minutes, and not over a restart")
        .next("Call the tool whose answer was cut again.")
}
