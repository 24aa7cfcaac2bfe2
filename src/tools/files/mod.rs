//! Workspaces' files, and files in a conversation. While its container runs, a workspace's files are those
//! in it; without one the tenant shows the template that has the workspace's name.

mod chat;
mod list;
pub mod place;
pub mod read;
mod replace;
mod write;

use super::tool::{Draft, Tool};
use super::workspaces;
use crate::backend::Route;

pub const LIST: Route = Route::get("/workspaces/{workspace_id}/files");
pub const READ: Route = Route::get("/workspaces/{workspace_id}/files/{*path}");
pub const WRITE: Route = Route::put("/workspaces/{workspace_id}/files/{*path}");
const DELETE: Route = Route::delete("/workspaces/{workspace_id}/files/{*path}");
const REPLACE: Route = Route::put("/workspaces/{workspace_id}/files");
const UPLOAD: Route = Route::post("/workspaces/{workspace_id}/chat/uploads");
const DOWNLOAD: Route = Route::get("/workspaces/{workspace_id}/chat/download");

pub const TOOLS: &[Tool] = &[
    Draft::read("list_files", &[LIST])
        .about("List a workspace's files and folders. Without a running container these are its template's.")
        .said("directory tree, folder contents, ls, browse")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","path":"skills","depth":3}"#)
        .keeping(&["root", "path"])
        .lists::<list::ListFiles>(),
    Draft::read("read_file", &[READ])
        .about("Read a text file of a workspace, a range of it where it is long; a binary one is only described.")
        .said("open, show, cat, view a file's content, system prompt, config.yaml")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","path":"skills/seo/SKILL.md"}"#)
        .keeping(&["root", "path"])
        .acts::<read::ReadFile>(),
    Draft::write("write_file", &[WRITE, READ, workspaces::GET])
        .idempotent()
        .about("Write one file below /configs, over what is there, and read it back. The workspace isn't restarted.")
        .said("save, edit, create, upload a file, change the system prompt, save text")
        .example(
            r##"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","path":"skills/seo/SKILL.md","content":"# SEO\n"}"##,
        )
        .keeping(&["path"])
        .acts::<write::WriteFile>(),
    Draft::destroy("delete_file", &[workspaces::GET, LIST, DELETE])
        .about("Delete a file or folder below /configs. Present tenants refuse every path; then nothing is changed.")
        .said("remove a document, notes, md, rm, clean up, remove a file")
        .example(r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","path":"skills/seo/SKILL.md"}"#)
        .keeping(&["path"])
        .acts::<write::DeleteFile>(),
    Draft::destroy("replace_all_files", &[workspaces::LIST, workspaces::GET, REPLACE, LIST])
        .idempotent()
        .about("Write up to 200 files below /configs at once. Adds and overwrites, never deletes. Without a running container it may write the template that workspaces of the same name share.")
        .long()
        .said("bulk write, upload many files, sync a folder, upload a whole set of files, deploy several files at once, overwrite the folder")
        .example(
            r##"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","files":{"system-prompt.md":"You audit pages.\n","skills/seo/SKILL.md":"# SEO\n"}}"##,
        )
        .keeping(&["shared"])
        .acts::<replace::ReplaceAllFiles>(),
    Draft::write("upload_chat_file", &[workspaces::GET, UPLOAD])
        .about("Put a text file into a workspace's chat uploads; answers the address to name in a message to its agent.")
        .said("attach, send a document to an agent, send it a file")
        .example(
            r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","name":"brief.md","content":"Audit these pages.\n"}"#,
        )
        .creates()
        .keeping(&["name"])
        .acts::<chat::UploadChatFile>(),
    Draft::read("download_chat_file", &[DOWNLOAD, workspaces::GET])
        .about("Read a text file out of a workspace's running container by its whole path; a binary one is only described.")
        .said("attachment, file that an agent made, get a document, fetch the attachment, get the document it produced, retrieve")
        .example(
            r#"{"workspace_id":"613fac6b-7c79-44fa-a26f-75c6ee7e1ffc","path":"/workspace/.molecule/chat-uploads/report.md"}"#,
        )
        .keeping(&["path"])
        .acts::<chat::DownloadChatFile>(),
];
