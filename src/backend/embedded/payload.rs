//! What a request brings, read as leniently as the platform does: the content type isn't looked at,
//! the first JSON value counts and anything after it doesn't, unknown fields are ignored, null is
//! absent. Every handler with a body or a query reads it through here.

use std::collections::HashMap;
use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::Value;

/// A request's body. One that can't be read is an empty one.
pub(crate) struct Payload(pub(crate) Bytes);

impl Payload {
    /// The first JSON value, if it has this shape.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::Deserializer::from_slice(&self.0).into_iter().next()?.ok()
    }

    /// The fields of a form, written as in a query.
    pub(crate) fn form(&self) -> Params {
        let uri = format!("/?{}", String::from_utf8_lossy(&self.0)).parse();
        Params(uri.ok().and_then(|uri| Query::try_from_uri(&uri).ok()).map(|Query(map)| map).unwrap_or_default())
    }
}

impl<S: Send + Sync> FromRequest<S> for Payload {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let body = Bytes::from_request(request, state).await;
        Ok(Self(body.unwrap_or_default()))
    }
}

/// A request's query; one that can't be read is empty.
pub(crate) struct Params(HashMap<String, String>);

impl Params {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Exactly `true`: `1` and `yes` aren't.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Query::try_from_uri(&parts.uri).map(|Query(map)| map).unwrap_or_default()))
    }
}

/// For a field where null counts as absent.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// For a field where null counts as given.
pub(crate) fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Text that isn't empty: what the platform's `required` means.
pub(crate) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
