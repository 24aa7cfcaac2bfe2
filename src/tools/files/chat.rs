//! upload_chat_file and download_chat_file: text between a conversation and a workspace's running container.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::place::refuse_credentials;
use super::read::{Shown, too_large};
use super::{DOWNLOAD, UPLOAD};
use crate::failure::{Changed, Code, Failure};
use crate::media;
use crate::tools::bounds::Text;
use crate::tools::container::not_running;
use crate::tools::ids::{ContainerPath, FileName, WorkspaceId};
use crate::tools::invocation::Invocation;
use crate::tools::range::{From, Length, Passage};
use crate::tools::tool::Act;
use crate::tools::workspaces::fetch_one;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadChatFile {
    /// From list_workspaces; it must be running.
    workspace_id: WorkspaceId,
    /// Plain name; its ending says what it is.
    name: FileName,
    /// Text.
    content: Text<262_144>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Uploaded {
    /// Name it in the message; download_chat_file takes it as `path`.
    uri: String,
    name: String,
    /// Bytes.
    size: u64,
    #[serde(rename = "mimeType", default)]
    mime_type: String,
}

#[derive(Deserialize)]
struct Uploads {
    files: Vec<Uploaded>,
}

impl Act for UploadChatFile {
    type Answer = Uploaded;

    async fn act(self, call: &Invocation) -> Result<Uploaded, Failure> {
        let workspace = fetch_one(&self.workspace_id, call).await?;
        let content = self.content.as_str().as_bytes();
        let ask = call.tenant.ask(&UPLOAD).part("workspace_id", &self.workspace_id).expecting(&[503]);
        let answer =
            ask.file("files", self.name.as_str(), media::of_text(self.name.as_str()), content).received().await?;
        if answer.status == 503 {
            return Err(not_running(&workspace).confirmed(Changed::No));
        }
        let stored = answer.decode::<Uploads>()?.files.into_iter().next();
        stored.filter(|file| usize::try_from(file.size) == Ok(content.len())).ok_or_else(|| {
            Failure::new(Code::UnexpectedAnswer, "the tenant took the file and doesn't say that it kept all of it")
                .changed(Changed::Unknown)
                .next("Look with list_files, root /workspace, path .molecule/chat-uploads.")
        })
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DownloadChatFile {
    /// From list_workspaces; it must be running.
    workspace_id: WorkspaceId,
    /// Whole path, below /workspace, /configs, /home or /plugins, or an upload's `uri`.
    path: ContainerPath,
    /// Where to begin, in characters; default 0.
    from: Option<From>,
    /// Characters, default 8000.
    length: Option<Length>,
}

impl Act for DownloadChatFile {
    type Answer = Shown;

    async fn act(self, call: &Invocation) -> Result<Shown, Failure> {
        refuse_credentials(self.path.as_str())?;
        let ask = call.tenant.ask(&DOWNLOAD).part("workspace_id", &self.workspace_id).query("path", &self.path);
        let bytes = match ask.bytes().await {
            Ok(bytes) => bytes,
            Err(failure) => return Err(self.why(failure, call).await),
        };
        let (path, size) = (self.path.to_string(), bytes.len() as u64);
        match std::str::from_utf8(&bytes) {
            Ok(text) if !text.contains('\0') => Ok(Shown::text(path, size, Passage::of(text, self.from, self.length)?)),
            _ => {
                let uri = call.beside.file(self.workspace_id.as_str(), &path, size);
                call.beside.bytes(bytes);
                Ok(Shown::binary(path, size, uri))
            }
        }
    }
}

impl DownloadChatFile {
    /// The tenant says that no container runs, also for a workspace that isn't there.
    async fn why(&self, failure: Failure, call: &Invocation) -> Failure {
        if failure.code() != Code::TenantError {
            return too_large(failure);
        }
        match fetch_one(&self.workspace_id, call).await {
            Ok(workspace) if failure.message().contains("not running") => not_running(&workspace),
            Ok(_) => failure,
            Err(missing) => missing,
        }
    }
}
