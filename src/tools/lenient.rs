//! What users of the TypeScript server are used to pass, where it differs from what is listed.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// The empty text for an optional argument that isn't given.
pub fn filled<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<String>,
    T::Error: std::fmt::Display,
{
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    text.map(|text| T::try_from(text).map_err(D::Error::custom)).transpose()
}
