//! Who is asking, and through which door. Every transport makes one `Caller` a call; policy, the
//! journal and the audit tags know nothing else about where a call came from.

/// The door a call came through, as the journal names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Stdio,
    Http,
    Cli,
}

impl Door {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Http => "http",
            Self::Cli => "cli",
        }
    }
}

/// The program at the other end, as it names itself. A claim, good for audit and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientName {
    pub name: String,
    pub version: String,
}

#[derive(Clone, Debug)]
pub struct Caller {
    /// Whom the door recognised: `local` for a person's own process, `owner` for the HTTP bearer.
    pub name: &'static str,
    pub door: Door,
    pub client: Option<ClientName>,
    /// The W3C trace id, where the caller sent one.
    pub trace: Option<String>,
}

impl Caller {
    /// A person or script at this machine's command line.
    pub fn terminal() -> Self {
        Self { name: "local", door: Door::Cli, client: None, trace: None }
    }
}
