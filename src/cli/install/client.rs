//! The clients that can be set up, as data: where each keeps its own file, how that is written, how it refers to a
//! variable of its environment, and which surface suits it.

use std::env;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::value::Refers;
use crate::tools::surface::Surface;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Client {
    ClaudeCode,
    ClaudeDesktop,
    Cursor,
    #[value(name = "vscode")]
    VsCode,
    Codex,
    GeminiCli,
}

/// How a client's file is written.
#[derive(Clone, Copy)]
pub(super) enum Format {
    /// The object that entries stand in, and whether each says `"type": "stdio"`.
    Json { under: &'static str, typed: bool },
    /// A table `mcp_servers`.
    Toml,
}

pub(super) struct About {
    /// What people call it.
    pub title: &'static str,
    /// Its file in a project, where it reads one.
    pub project: Option<&'static str>,
    pub format: Format,
    pub refers: Refers,
    /// Full where the client searches tools itself.
    pub surface: Surface,
    /// How a person sees that it works.
    pub check: &'static str,
}

impl Client {
    pub(super) const ALL: [Self; 6] =
        [Self::ClaudeCode, Self::ClaudeDesktop, Self::Cursor, Self::VsCode, Self::Codex, Self::GeminiCli];

    pub(super) fn about(self) -> &'static About {
        match self {
            Self::ClaudeCode => &CLAUDE_CODE,
            Self::ClaudeDesktop => &CLAUDE_DESKTOP,
            Self::Cursor => &CURSOR,
            Self::VsCode => &VS_CODE,
            Self::Codex => &CODEX,
            Self::GeminiCli => &GEMINI_CLI,
        }
    }

    pub(in crate::cli) fn title(self) -> &'static str {
        self.about().title
    }

    /// How it refers to variables of its environment.
    pub(in crate::cli) fn refers(self) -> Refers {
        self.about().refers
    }

    /// What it is called on our command line.
    pub(in crate::cli) fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The file of this user, for all their projects. None on a platform that names no home.
    pub(in crate::cli) fn user_file(self) -> Option<PathBuf> {
        let home = dirs::home_dir();
        let moved = |by: &str| env::var_os(by).filter(|to| !to.is_empty()).map(PathBuf::from);
        let file = match self {
            Self::ClaudeCode => moved("CLAUDE_CONFIG_DIR").or(home)?.join(".claude.json"),
            Self::ClaudeDesktop => dirs::config_dir()?.join("Claude").join("claude_desktop_config.json"),
            Self::Cursor => home?.join(".cursor").join("mcp.json"),
            Self::VsCode => dirs::config_dir()?.join("Code").join("User").join("mcp.json"),
            Self::Codex => moved("CODEX_HOME").or(home.map(|home| home.join(".codex")))?.join("config.toml"),
            Self::GeminiCli => moved("GEMINI_CLI_HOME").or(home)?.join(".gemini").join("settings.json"),
        };
        Some(file)
    }

    /// Its file of the project in this directory.
    pub(super) fn project_file(self, directory: &Path) -> Option<PathBuf> {
        self.about().project.map(|file| directory.join(file))
    }
}

const CLAUDE_CODE: About = About {
    title: "Claude Code",
    project: Some(".mcp.json"),
    format: Format::Json { under: "mcpServers", typed: true },
    refers: Refers::Braces,
    surface: Surface::Full,
    check: "`claude mcp list`, or /mcp in a new session",
};

const CLAUDE_DESKTOP: About = About {
    title: "Claude Desktop",
    project: None,
    format: Format::Json { under: "mcpServers", typed: false },
    refers: Refers::Never,
    surface: Surface::Compact,
    check: "quit it, open it again, and look into Settings, Developer",
};

const CURSOR: About = About {
    title: "Cursor",
    project: Some(".cursor/mcp.json"),
    format: Format::Json { under: "mcpServers", typed: false },
    refers: Refers::EnvBraces,
    surface: Surface::Compact,
    check: "Cursor Settings, MCP; or `cursor-agent mcp list`",
};

const VS_CODE: About = About {
    title: "VS Code",
    project: Some(".vscode/mcp.json"),
    format: Format::Json { under: "servers", typed: true },
    refers: Refers::EnvBraces,
    surface: Surface::Compact,
    check: "`MCP: List Servers` in the command palette",
};

const CODEX: About = About {
    title: "Codex",
    project: Some(".codex/config.toml"),
    format: Format::Toml,
    refers: Refers::Listed,
    surface: Surface::Full,
    check: "`codex mcp list`, or /mcp in a new session",
};

const GEMINI_CLI: About = About {
    title: "Gemini CLI",
    project: Some(".gemini/settings.json"),
    format: Format::Json { under: "mcpServers", typed: false },
    refers: Refers::Dollar,
    surface: Surface::Compact,
    check: "`gemini mcp list`, or /mcp in a new session",
};
