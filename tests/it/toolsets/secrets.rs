//! The toolset `secrets` against the embedded tenant.

use crate::support::House;

/// Each of its tools once, as an administrator would come by it.
pub async fn scene(_house: &House) {}
