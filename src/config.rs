//! What the operator chose, checked once: flags beat the environment, the environment beats the file,
//! the file beats the defaults. A name or value that isn't known is an error that names the nearest
//! right one; nothing is switched on or off by a typo.

mod environment;
mod file;
mod guarded;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::backend::{Base, KeyFile};
use crate::grants::credential;
use crate::policy::Rules;
use crate::policy::origin::Origin;
use crate::secrets::held;
use crate::secrets::place::{is_guarded, read_text};
use crate::tools::surface::Surface;
use crate::tools::toolset::Toolset;

/// Bytes of a file with a key or a grant, which is far shorter.
const LONGEST: u64 = 4096;

/// One place where choices are made: the flags, the environment, or the file.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    pub data: Option<PathBuf>,
    pub url: Option<String>,
    pub slug: Option<String>,
    pub org_id: Option<String>,
    pub token: Option<Arc<SecretString>>,
    pub token_file: Option<PathBuf>,
    pub grant: Option<Arc<SecretString>>,
    pub grant_file: Option<PathBuf>,
    pub toolsets: Option<Vec<Toolset>>,
    pub surface: Option<Surface>,
    pub output_schemas: Option<bool>,
    pub read_only: Option<bool>,
    pub policy: Option<PathBuf>,
    pub listen: Option<SocketAddr>,
    pub log: Option<String>,
    pub credential_dirs: Option<Vec<PathBuf>>,
    pub template_dirs: Option<Vec<PathBuf>>,
    pub allowed_hosts: Option<Vec<String>>,
    pub allowed_origins: Option<Vec<String>>,
}

/// Everything, checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub data: PathBuf,
    /// Absent with `--embedded`.
    pub tenant: Option<TenantConfig>,
    /// The credential that this process acts under; without one it is the operator's.
    pub grant: Option<Arc<SecretString>>,
    /// Where the rules come from, and what they were at the start.
    pub origin: Origin,
    pub rules: Rules,
    pub surface: Surface,
    /// Whether listings say what tools answer.
    pub output_schemas: bool,
    pub listen: SocketAddr,
    pub log: String,
    /// Directories for credentials besides `credentials/` in the data directory.
    pub credential_dirs: Vec<PathBuf>,
    /// Directories with copies of organisation templates, a folder each.
    pub template_dirs: Vec<PathBuf>,
    pub allowed_hosts: Vec<String>,
    pub allowed_origins: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct TenantConfig {
    pub base: Base,
    pub token: Arc<SecretString>,
    /// Where the token was read from, where that was a file.
    pub key_file: Option<KeyFile>,
    pub org_id: Option<String>,
}

/// Wrong usage or configuration: exit code 2.
#[derive(Debug)]
pub struct ConfigError(pub String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn wrong(message: impl Into<String>) -> ConfigError {
    ConfigError(message.into())
}

/// What was chosen, before it is checked part by part: one mistake needn't hide the others.
#[derive(Debug)]
pub struct Gathered {
    choices: Layer,
    /// Which choices stand in which place, in words.
    places: Vec<(String, Vec<&'static str>)>,
    file: Option<PathBuf>,
    embedded: bool,
}

impl Gathered {
    /// `embedded` says that no tenant is wanted from the configuration.
    pub fn from(flags: Layer, file: Option<&Path>, embedded: bool) -> Result<Self, ConfigError> {
        let environment = environment::layer(std::env::vars_os())?;
        let layer = file.map(file::layer).transpose()?.unwrap_or_default();
        let named = file.map_or_else(|| "file".to_owned(), |path| path.display().to_string());
        let places = [("flags".to_owned(), &flags), ("environment".to_owned(), &environment), (named, &layer)];
        let places = places.map(|(place, layer)| (place, layer.says())).into_iter();
        let places = places.filter(|(_, said)| !said.is_empty()).collect();
        Ok(Self { choices: flags.over(environment).over(layer), places, file: file.map(ToOwned::to_owned), embedded })
    }

    pub fn places(&self) -> &[(String, Vec<&'static str>)] {
        &self.places
    }

    pub fn data(&self) -> Result<PathBuf, ConfigError> {
        data_directory(self.choices.data.clone())
    }

    /// None with `--embedded`.
    pub fn tenant(&self) -> Result<Option<TenantConfig>, ConfigError> {
        if self.embedded { Ok(None) } else { tenant(&self.choices).map(Some) }
    }

    pub fn grant(&self) -> Result<Option<Arc<SecretString>>, ConfigError> {
        grant(self.choices.grant.clone(), self.choices.grant_file.as_deref())
    }

    pub fn origin(&self) -> Origin {
        let Layer { policy, read_only, toolsets, .. } = self.choices.clone();
        Origin {
            file: policy,
            read_only: read_only.unwrap_or(false),
            toolsets: toolsets.map_or_else(|| Toolset::ALL.into(), |chosen| chosen.into_iter().collect()),
        }
    }

    pub fn surface(&self) -> (Surface, bool) {
        (self.choices.surface.unwrap_or_default(), self.choices.output_schemas.unwrap_or(false))
    }

    pub fn credential_dirs(&self) -> &[PathBuf] {
        self.choices.credential_dirs.as_deref().unwrap_or_default()
    }

    /// Whether directories for credentials are apart from what this server lives by.
    pub fn guarded(&self) -> Result<(), ConfigError> {
        let rules = self.file.iter().chain(&self.choices.policy).map(PathBuf::as_path);
        guarded::check(self.credential_dirs(), &self.data()?, rules)
    }

    fn config(self) -> Result<Config, ConfigError> {
        let (origin, (surface, output_schemas)) = (self.origin(), self.surface());
        let config = Config {
            tenant: self.tenant()?,
            data: self.data()?,
            grant: self.grant()?,
            rules: origin.rules().map_err(wrong)?,
            origin,
            surface,
            output_schemas,
            listen: self.choices.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8787))),
            log: self.choices.log.clone().unwrap_or_else(|| "warn".to_owned()),
            credential_dirs: self.credential_dirs().to_vec(),
            template_dirs: self.choices.template_dirs.clone().unwrap_or_default(),
            allowed_hosts: self.choices.allowed_hosts.clone().unwrap_or_default(),
            allowed_origins: self.choices.allowed_origins.clone().unwrap_or_default(),
        };
        self.guarded()?;
        Ok(config)
    }
}

impl Config {
    /// The data directory, where it isn't the one that commands use by themselves.
    pub fn elsewhere(&self) -> Option<PathBuf> {
        let usual = data_directory(None).is_ok_and(|usual| usual == self.data);
        (!usual).then(|| self.data.clone())
    }

    /// `embedded` says that no tenant is wanted from the configuration.
    pub fn load(flags: Layer, file: Option<&Path>, embedded: bool) -> Result<Self, ConfigError> {
        Gathered::from(flags, file, embedded)?.config()
    }
}

/// What the flags and the environment say, the file apart.
pub fn chosen(flags: Layer) -> Result<Layer, ConfigError> {
    Ok(flags.over(environment::layer(std::env::vars_os())?))
}

/// What a configuration file says.
pub fn of_file(path: &Path) -> Result<Layer, ConfigError> {
    file::layer(path)
}

impl Layer {
    /// What is chosen here, in the operator's words.
    fn says(&self) -> Vec<&'static str> {
        let said = [
            ("address", self.url.is_some() || self.slug.is_some()),
            ("organisation id", self.org_id.is_some()),
            ("key", self.token.is_some()),
            ("key file", self.token_file.is_some()),
            ("grant", self.grant.is_some() || self.grant_file.is_some()),
            ("data", self.data.is_some()),
            ("toolsets", self.toolsets.is_some()),
            ("surface", self.surface.is_some()),
            ("output schemas", self.output_schemas.is_some()),
            ("read-only", self.read_only.is_some()),
            ("policy", self.policy.is_some()),
            ("listen", self.listen.is_some()),
            ("log", self.log.is_some()),
            ("credential_dirs", self.credential_dirs.is_some()),
            ("template_dirs", self.template_dirs.is_some()),
            ("allowed_hosts", self.allowed_hosts.is_some()),
            ("allowed_origins", self.allowed_origins.is_some()),
        ];
        said.into_iter().filter_map(|(name, chosen)| chosen.then_some(name)).collect()
    }

    /// This layer's choices, and below them the other's. An address is one choice however it is
    /// written, and so is a credential: a slug in the flags hides a URL in the environment.
    fn over(self, below: Self) -> Self {
        let (address, token) =
            (self.url.is_some() || self.slug.is_some(), self.token.is_some() || self.token_file.is_some());
        Self {
            data: self.data.or(below.data),
            url: if address { self.url } else { below.url },
            slug: if address { self.slug } else { below.slug },
            org_id: self.org_id.or(below.org_id),
            token: if token { self.token } else { below.token },
            token_file: if token { self.token_file } else { below.token_file },
            // The environment's alone.
            grant: self.grant.or(below.grant),
            grant_file: self.grant_file.or(below.grant_file),
            toolsets: self.toolsets.or(below.toolsets),
            surface: self.surface.or(below.surface),
            output_schemas: self.output_schemas.or(below.output_schemas),
            read_only: self.read_only.or(below.read_only),
            policy: self.policy.or(below.policy),
            listen: self.listen.or(below.listen),
            log: self.log.or(below.log),
            credential_dirs: self.credential_dirs.or(below.credential_dirs),
            template_dirs: self.template_dirs.or(below.template_dirs),
            allowed_hosts: self.allowed_hosts.or(below.allowed_hosts),
            allowed_origins: self.allowed_origins.or(below.allowed_origins),
        }
    }
}

fn tenant(choices: &Layer) -> Result<TenantConfig, ConfigError> {
    let base = match (&choices.url, &choices.slug) {
        (Some(_), Some(_)) => return Err(wrong("MOLECULE_URL and MOLECULE_ORG are both set; give one")),
        (Some(url), None) => Base::parse(url).map_err(|error| wrong(format!("MOLECULE_URL: {error}")))?,
        (None, Some(slug)) => Base::of_slug(slug).map_err(|error| wrong(format!("MOLECULE_ORG: {error}")))?,
        (None, None) => {
            return Err(wrong(
                "no tenant: set MOLECULE_ORG to your organisation's slug (or MOLECULE_URL) and MOLECULE_ORG_TOKEN, \
                 or try the embedded one with --embedded",
            ));
        }
    };
    let (token, key_file) = match (&choices.token, &choices.token_file) {
        (Some(_), Some(_)) => {
            return Err(wrong("MOLECULE_ORG_TOKEN and MOLECULE_ORG_TOKEN_FILE are both set; give one"));
        }
        (Some(token), None) => (Arc::clone(token), None),
        (None, Some(path)) => (token_from(path)?, Some(KeyFile::new(path))),
        (None, None) => {
            return Err(wrong(
                "no org key: set MOLECULE_ORG_TOKEN, or MOLECULE_ORG_TOKEN_FILE to a file that holds it",
            ));
        }
    };
    Ok(TenantConfig { base, token, key_file, org_id: choices.org_id.clone() })
}

fn token_from(path: &Path) -> Result<Arc<SecretString>, ConfigError> {
    let text = read_text(path, LONGEST)
        .map_err(|error| wrong(format!("MOLECULE_ORG_TOKEN_FILE: {}: {error}", path.display())))?;
    checked_token(text.trim(), "MOLECULE_ORG_TOKEN_FILE")
}

/// The tenant's break-glass token, from a file that nobody else may read.
pub fn admin_token_from(path: &Path, name: &str) -> Result<Arc<SecretString>, ConfigError> {
    checked_token(private_text(path, name)?.trim(), name)
}

/// The same as somebody typed it.
pub fn admin_token(given: SecretString, name: &str) -> Result<Arc<SecretString>, ConfigError> {
    checked_token(given.expose_secret().trim(), name)
}

/// A key that can't be a header's value is found now and not at the first call, and so is a client that handed on
/// its configuration's words instead of what they stand for.
fn checked_token(text: &str, name: &str) -> Result<Arc<SecretString>, ConfigError> {
    if text.starts_with("${") {
        return Err(wrong(format!("{name} refers to a variable that isn't set where this was started from")));
    }
    if text.is_empty() || text.len() > 4096 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong(format!("{name} doesn't hold a key: one line of visible ASCII characters is expected")));
    }
    Ok(kept(text))
}

fn grant(given: Option<Arc<SecretString>>, file: Option<&Path>) -> Result<Option<Arc<SecretString>>, ConfigError> {
    match (given, file) {
        (Some(_), Some(_)) => Err(wrong("MOLECULE_MCP_GRANT and MOLECULE_MCP_GRANT_FILE are both set; give one")),
        (Some(grant), None) => Ok(Some(grant)),
        (None, Some(path)) => grant_from(path, "MOLECULE_MCP_GRANT_FILE").map(Some),
        (None, None) => Ok(None),
    }
}

/// The grant in a file that nobody else may read.
pub fn grant_from(path: &Path, name: &str) -> Result<Arc<SecretString>, ConfigError> {
    checked_grant(private_text(path, name)?.trim(), name)
}

fn private_text(path: &Path, name: &str) -> Result<String, ConfigError> {
    let of = |error: std::io::Error| wrong(format!("{name}: {}: {error}", path.display()));
    let text = read_text(path, LONGEST).map_err(of)?;
    if is_guarded(path).map_err(of)? {
        return Ok(text);
    }
    Err(wrong(format!("{name}: {} can be read by others: chmod 600 it", path.display())))
}

fn checked_grant(text: &str, name: &str) -> Result<Arc<SecretString>, ConfigError> {
    if !credential::is_one(text) {
        return Err(wrong(format!(
            "{name} doesn't hold a grant: `mog_` and 43 characters, as `grants create` prints it"
        )));
    }
    Ok(kept(text))
}

fn kept(text: &str) -> Arc<SecretString> {
    let secret = Arc::new(text.to_owned().into());
    held::for_good(&secret);
    secret
}

fn data_directory(chosen: Option<PathBuf>) -> Result<PathBuf, ConfigError> {
    match chosen.or_else(|| dirs::data_dir().map(|base| base.join("molecule-org-mcp"))) {
        Some(directory) => Ok(directory),
        None => Err(wrong("this platform names no data directory; set MOLECULE_MCP_DATA")),
    }
}

/// Values that flags, environment and file share.
pub mod values {
    use std::net::SocketAddr;

    use crate::nearest;
    use crate::tools::surface::Surface;
    use crate::tools::toolset::Toolset;

    pub fn toolsets(text: &str) -> Result<Vec<Toolset>, String> {
        Toolset::parse_list(text)
    }

    pub fn surface(text: &str) -> Result<Surface, String> {
        match text {
            "compact" => Ok(Surface::Compact),
            "full" => Ok(Surface::Full),
            wrong => Err(nearest::unknown("surface", wrong, ["compact", "full"])),
        }
    }

    pub fn listen(text: &str) -> Result<SocketAddr, String> {
        text.parse().map_err(|_| format!("`{text}` isn't an address with a port, such as 127.0.0.1:8787"))
    }

    pub fn switch(text: &str) -> Result<bool, String> {
        match text {
            "1" | "true" | "yes" | "on" => Ok(true),
            "0" | "false" | "no" | "off" => Ok(false),
            wrong => Err(format!("`{wrong}` is neither true nor false")),
        }
    }

    pub fn log(text: &str) -> Result<String, String> {
        const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
        match LEVELS.contains(&text) {
            true => Ok(text.to_owned()),
            false => Err(nearest::unknown("log level", text, LEVELS)),
        }
    }
}
