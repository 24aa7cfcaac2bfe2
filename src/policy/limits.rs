//! How often: what the policy says of it. Counting is somebody else's.

use crate::tools::effect::Effect;

/// Calls a minute of one caller by effect, and of keys an hour of everybody. None: no limit of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub read: Option<u32>,
    pub write: Option<u32>,
    pub destroy: Option<u32>,
    pub escalate: Option<u32>,
    /// Org keys minted an hour.
    pub minting: Option<u32>,
    /// Requests a minute to the tenant, of this process.
    pub tenant: Option<u32>,
}

impl Default for Limits {
    /// Under the tenant's own: 600 requests a minute, 10 keys an hour.
    fn default() -> Self {
        Self {
            read: Some(300),
            write: Some(120),
            destroy: Some(30),
            escalate: Some(30),
            minting: Some(9),
            tenant: Some(570),
        }
    }
}

impl Limits {
    pub const NONE: Self = Self { read: None, write: None, destroy: None, escalate: None, minting: None, tenant: None };

    pub fn at(&self, effect: Effect) -> Option<u32> {
        match effect {
            Effect::Read => self.read,
            Effect::Write => self.write,
            Effect::Destroy => self.destroy,
            Effect::Escalate => self.escalate,
        }
    }
}
