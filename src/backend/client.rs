//! One tenant of the operator's: its address, its key, and what is shared by all calls to it. Made
//! once per tenant when the process starts, which costs next to nothing; connections come with the
//! first request.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use secrecy::ExposeSecret as _;
use sha2::{Digest, Sha512};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::adopt;
use super::breaker::Breaker;
use super::keyring::Keyring;
use super::retry::Budget;
use super::route::Route;
use super::settings::{Limits, Settings};
use super::tenant::Tenant;
use super::wire::Wire;
use crate::failure::{Code, Failure};
use crate::pace::Window;

const AGENT: &str = concat!("molecule-org-mcp/", env!("CARGO_PKG_VERSION"));
const ORG_ID: HeaderName = HeaderName::from_static("x-molecule-org-id");
/// Large answers that are read at one time.
const PARSERS: usize = 2;

pub(super) static ORG_KEYS: Route = Route::get("/org/tokens");

#[derive(Clone)]
pub struct Client(Arc<Shared>);

pub(super) struct Shared {
    pub(super) address: String,
    pub(super) limits: Limits,
    pub(super) wire: Wire,
    pub(super) headers: HeaderMap,
    pub(super) places: Arc<Semaphore>,
    pub(super) parsers: Semaphore,
    pub(super) keys: Keyring,
    breaker: Mutex<Breaker>,
    budget: Mutex<Budget>,
    /// Requests a minute; the most there is for no limit.
    most: AtomicU32,
    sent: Mutex<Window>,
}

impl Client {
    pub fn new(settings: Settings) -> Result<Self, Failure> {
        let wire = Wire::new(&settings);
        let keys = Keyring::new(settings.token)?;
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(id) = &settings.org_id {
            let id = HeaderValue::from_str(id)
                .map_err(|_| Failure::invalid("MOLECULE_ORG_ID holds characters that no header can"))?;
            headers.insert(ORG_ID, id);
        }
        Ok(Self(Arc::new(Shared {
            address: settings.base.as_str().to_owned(),
            wire,
            headers,
            places: Arc::new(Semaphore::new(settings.limits.in_flight.clamp(1, Semaphore::MAX_PERMITS))),
            parsers: Semaphore::new(PARSERS),
            limits: settings.limits,
            keys,
            breaker: Mutex::new(Breaker::new()),
            budget: Mutex::new(Budget::new()),
            most: AtomicU32::new(u32::MAX),
            sent: Mutex::default(),
        })))
    }

    /// So many requests a minute from now on, whoever makes them.
    pub fn allow(&self, requests: Option<u32>) {
        self.0.most.store(requests.unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// The keys that requests went, and go, out with.
    pub fn keys(&self) -> &Keyring {
        &self.0.keys
    }

    /// Takes another key from the file that ours was read from, if one is there that the tenant accepts.
    pub async fn look_for_key(&self) {
        adopt::look(&self.0, false).await;
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }

    /// A secret of whoever holds the key of this moment, for `purpose` alone.
    pub fn derived_secret(&self, purpose: &str) -> [u8; 64] {
        let key = self.0.keys.now_secret();
        Sha512::new().chain_update(purpose).chain_update([0]).chain_update(key.expose_secret()).finalize().into()
    }

    /// The tenant as one invocation sees it: along these routes only, until it is cancelled.
    pub fn invocation(&self, id: Uuid, allowed: &'static [Route], cancel: CancellationToken) -> Tenant {
        Tenant::new(Arc::clone(&self.0), id, allowed, cancel)
    }

    /// Whether a key that nobody issued opens the list of org keys.
    pub async fn lets_everybody_in(&self) -> Result<bool, Failure> {
        let allowed = std::slice::from_ref(&ORG_KEYS);
        self.invocation(Uuid::now_v7(), allowed, CancellationToken::new()).lets_everybody_in().await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("address", &self.0.address)
            .field("key", &self.0.keys.tag())
            .finish_non_exhaustive()
    }
}

pub(super) fn bearer(key: &str) -> Result<HeaderValue, Failure> {
    let visible = !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic());
    let value = HeaderValue::from_str(&format!("Bearer {key}")).ok().filter(|_| visible);
    let Some(mut value) = value else {
        return Err(Failure::new(
            Code::Unauthenticated,
            "the tenant's key is empty or holds blanks, line ends or other characters that no key has",
        )
        .next("Ask the operator to check MOLECULE_ORG_TOKEN."));
    };
    value.set_sensitive(true);
    Ok(value)
}

impl Shared {
    /// For one attempt. How it went must be told; a pass that is dropped was a call given up.
    pub(super) fn pass(&self) -> Result<Pass<'_>, Duration> {
        lock(&self.breaker).pass(Instant::now())?;
        Ok(Pass { breaker: &self.breaker, told: false })
    }

    /// Counts a request, or says how long until one may leave.
    pub(super) fn pace(&self) -> Result<(), Duration> {
        match self.most.load(Ordering::Relaxed) {
            u32::MAX => Ok(()),
            most => lock(&self.sent).take(most, Instant::now()),
        }
    }

    pub(super) fn budget(&self) -> MutexGuard<'_, Budget> {
        lock(&self.budget)
    }

    /// Our key was refused. Whether another is in use than at that `turn`, now that the file was looked at.
    /// Boxed: to look is to send a request.
    pub(super) fn has_another_key(self: &Arc<Self>, turn: usize) -> BoxFuture<'_, bool> {
        async move {
            if self.keys.turn() == turn {
                adopt::look(self, true).await;
            }
            self.keys.turn() != turn
        }
        .boxed()
    }
}

pub(super) struct Pass<'a> {
    breaker: &'a Mutex<Breaker>,
    told: bool,
}

impl Pass<'_> {
    pub(super) fn answered(mut self) {
        self.told = true;
        lock(self.breaker).answered();
    }

    pub(super) fn failed(mut self) {
        self.told = true;
        lock(self.breaker).failed(Instant::now());
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.told {
            lock(self.breaker).abandoned(Instant::now());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
