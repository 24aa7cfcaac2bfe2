//! `molecule-org-mcp org plan|import|export|diff`: the organisation as code. Each is a call of its tool on the
//! same road; a template on this machine is read here and goes along as an object, because who sits at the
//! terminal may read their own files.

mod shown;

use std::fs;
use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Ending, ask, house, log, output};
use crate::config::Config;
use crate::dispatch::Dispatch;
use crate::failure::{Code, Failure};
use crate::tools::org::template::{folder, read};
use crate::transport::caller::{Caller, Door};
use shown::Colours;

/// Entries of each list at once: each page is another look at the organisation. Where those are too much, so many.
const PAGE: u64 = 300;
const SMALL_PAGE: u64 = 50;

#[derive(Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// What importing a template would do
    Plan(Which),
    /// Import a template: show the plan, ask, and create what is missing
    Import(Importing),
    /// The live organisation as a template, to stdout or a file
    Export(Exporting),
    /// Where the live organisation differs from a template; exit code 1 if it does
    Diff(Which),
}

#[derive(Args)]
struct Which {
    /// A template's file, YAML or JSON, or a directory with an org.yaml
    #[arg(value_name = "FILE|DIR", required_unless_present = "template", conflicts_with = "template")]
    path: Option<PathBuf>,
    /// One that the tenant holds, or the operator in `template_dirs`
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Importing {
    #[command(flatten)]
    which: Which,
    /// Import although required variables are missing
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
struct Exporting {
    /// Only this workspace and what is below it
    #[arg(long, value_name = "ID")]
    workspace: Option<String>,
    /// As JSON rather than YAML
    #[arg(long)]
    json: bool,
    /// A new file to write to, rather than stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(config: Config, flags: Flags) -> Result<(), Ending> {
    log::start(&config.log);
    let dispatch = house::open(&config).await?;
    let caller = house::caller(&config, &dispatch.server().grants, Door::Cli).await?;
    let desk = Desk { dispatch, caller };
    let ended = match flags.command {
        Command::Plan(which) => desk.plan(which).await,
        Command::Import(importing) => desk.import(importing).await,
        Command::Export(exporting) => desk.export(exporting).await,
        Command::Diff(which) => desk.diff(which).await,
    };
    desk.dispatch.drain(Duration::from_secs(2)).await;
    ended
}

struct Desk {
    dispatch: Arc<Dispatch>,
    caller: Caller,
}

impl Desk {
    async fn ask(&self, tool: &str, arguments: Map<String, Value>) -> Result<Value, Failure> {
        ask::ask(&self.dispatch, self.caller.clone(), tool.to_owned(), arguments).await
    }

    async fn plan(&self, which: Which) -> Result<(), Ending> {
        let plan = self.whole("plan_org_import", which.arguments()?).await?;
        show(which.json, &plan, shown::plan)
    }

    async fn diff(&self, which: Which) -> Result<(), Ending> {
        let compared = self.whole("compare_org", which.arguments()?).await?;
        show(which.json, &compared, shown::diff)?;
        match compared.get("in_sync") {
            Some(Value::Bool(true)) => Ok(()),
            _ => Err(Ending::Failed("the organisation differs from the template".to_owned())),
        }
    }

    async fn import(&self, importing: Importing) -> Result<(), Ending> {
        let mut arguments = importing.which.arguments()?;
        let plan = self.whole("plan_org_import", arguments.clone()).await?;
        // What comes of it is the only thing on stdout where a program reads it.
        output::notice(shown::plan(&plan, Colours::of(importing.which.json)).trim_end());
        arguments.extend(plan.get("plan_id").map(|id| ("plan_id".to_owned(), id.clone())));
        if importing.force {
            arguments.insert("force".to_owned(), true.into());
        }
        let imported = self.ask("import_org", arguments).await?;
        show(importing.which.json, &imported, shown::imported)?;
        let advice = match (imported.get("status").and_then(Value::as_str), shown::is_summary(&plan)) {
            (Some("complete"), _) => return Ok(()),
            (_, false) => "run it again to import the rest",
            (_, true) => {
                "which part, only the tenant knows, and all of it again would make twins. Delete what was created \
                 first, or import the template from a file"
            }
        };
        Err(Ending::Failed(format!("only a part was imported: {advice}")))
    }

    async fn export(&self, exporting: Exporting) -> Result<(), Ending> {
        if let Some(path) = exporting.output.as_ref().filter(|path| path.symlink_metadata().is_ok()) {
            return Err(Ending::Usage(format!("{} is there already", path.display())));
        }
        // Through a file of the server's: an answer is made for a model, and cut where it is long.
        let file = format!("org-export-{}", Uuid::new_v4().simple());
        let format = if exporting.json { "json" } else { "yaml" };
        let mut arguments = json!({ "file": file, "format": format });
        if let (Some(id), Some(fields)) = (&exporting.workspace, arguments.as_object_mut()) {
            fields.insert("workspace_id".to_owned(), json!(id));
        }
        let arguments = arguments.as_object().cloned().unwrap_or_default();
        let exported = self.ask("export_org", arguments).await?;
        let location = Path::new(exported.get("location").and_then(Value::as_str).unwrap_or_default());
        let text = fs::read_to_string(location)?;
        fs::remove_file(location)?;
        for line in shown::texts(&exported, "not_carried") {
            output::notice(&format!("Not carried: {line}"));
        }
        for place in shown::texts(&exported, "masked") {
            output::notice(&format!("Masked, because it looks like a credential: {place}"));
        }
        match &exporting.output {
            None => Ok(output::line(text.trim_end())?),
            Some(path) => write_new(path, &text)
                .map_err(|error| Ending::Failed(format!("{} can't be written: {error}", path.display()))),
        }
    }

    /// With all the entries of its lists, page by page.
    async fn whole(&self, tool: &str, arguments: Map<String, Value>) -> Result<Value, Failure> {
        match self.pages(tool, arguments.clone(), PAGE).await {
            Err(failure) if failure.code() == Code::TooLarge => self.pages(tool, arguments, SMALL_PAGE).await,
            whole => whole,
        }
    }

    async fn pages(&self, tool: &str, mut arguments: Map<String, Value>, page: u64) -> Result<Value, Failure> {
        arguments.insert("limit".to_owned(), page.into());
        let mut whole = self.ask(tool, arguments.clone()).await?;
        let mut from = 0;
        loop {
            from += page;
            let is_more = shown::COUNTED.iter().any(|(count, list)| {
                let count = whole.get(*count).and_then(Value::as_u64).unwrap_or_default();
                whole.get(*list).is_some() && count > from
            });
            // What the tenant holds has no more to show.
            if !is_more || shown::is_summary(&whole) {
                return Ok(whole);
            }
            let mut arguments = arguments.clone();
            arguments.insert("from".to_owned(), from.into());
            let page = self.ask(tool, arguments).await?;
            for (_, list) in shown::COUNTED {
                let more = page.get(list).and_then(Value::as_array).cloned().unwrap_or_default();
                if let Some(Value::Array(all)) = whole.get_mut(list) {
                    all.extend(more);
                }
            }
        }
    }
}

fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    std::io::Write::write_all(&mut file, text.as_bytes())
}

fn show(json: bool, answer: &Value, words: fn(&Value, Colours) -> String) -> Result<(), Ending> {
    if json {
        return Ok(output::json(answer)?);
    }
    Ok(output::line(words(answer, Colours::of(!stdout().is_terminal())).trim_end())?)
}

impl Which {
    fn arguments(&self) -> Result<Map<String, Value>, Ending> {
        let value = match (&self.path, &self.template) {
            (Some(path), _) if path.is_dir() => folder::value(path)?,
            (Some(path), _) => {
                let text =
                    fs::read_to_string(path).map_err(|error| Ending::Usage(format!("{}: {error}", path.display())))?;
                read::value(&text)?
            }
            (None, name) => return Ok(Map::from_iter([("template".to_owned(), json!(name))])),
        };
        // What is wrong with it is said here, in the words of whoever has a file.
        read::object(value.clone(), "template")?;
        Ok(Map::from_iter([("inline".to_owned(), value)]))
    }
}
