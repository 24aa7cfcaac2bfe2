//! Git repositories of workspaces at a service that this tenant doesn't have: it says so before it looks
//! at anything but the credential.

use axum::http::StatusCode;

use super::answer::{Answer, refused_with};
use super::guard::Access;

pub(crate) async fn unconfigured(_: Access) -> Answer {
    let told = "Cloudflare Artifacts not configured — set CF_ARTIFACTS_API_TOKEN and CF_ARTIFACTS_NAMESPACE";
    Err(refused_with(StatusCode::SERVICE_UNAVAILABLE, told))
}
