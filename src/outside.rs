//! HTTP to places that the operator named besides the tenant: the journal's anchor, webhooks. No redirects,
//! no cookies, no proxy, nothing repeated behind our back.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder};
use rustls::crypto::ring;

pub const PATIENCE: Duration = Duration::from_secs(10);

pub fn client() -> Result<Client, String> {
    // Whoever was first has installed the same one.
    let _ = ring::default_provider().install_default();
    let built = Client::builder()
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .retry(reqwest::retry::never())
        .timeout(PATIENCE)
        .build();
    built.map_err(|error| error.to_string())
}

/// Whether it was taken: any 2xx takes it. The error never repeats the address, which may be secret.
pub async fn taken(request: RequestBuilder) -> Result<(), String> {
    let answer = request.send().await.map_err(|error| error.without_url().to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(format!("it answered {}", answer.status())) }
}
