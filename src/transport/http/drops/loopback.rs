//! One-time pages of a process that has no HTTP door, `stdio` and `call`: a listener on loopback, opened with
//! the first page and closed when the last one's time is over.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::middleware::map_response;
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio::time::sleep;

use super::{Pages, router};
use crate::drops::{Drops, Shows, Wants};
use crate::failure::{Code, Failure};
use crate::transport::http::hosts::Hosts;
use crate::transport::http::outlet;

#[derive(Default)]
pub struct Loopback(Mutex<Option<Listening>>);

struct Listening {
    base: String,
    until: watch::Sender<DateTime<Utc>>,
}

impl Loopback {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }
}

impl Shows for Loopback {
    fn wants(&self) -> Wants {
        Wants::Code
    }

    fn show<'a>(&'a self, drops: &'a Drops, until: DateTime<Utc>) -> BoxFuture<'a, Result<String, Failure>> {
        async move {
            let mut open = self.0.lock().await;
            if let Some(listening) = open.as_ref().filter(|listening| listening.lasts(until)) {
                return Ok(listening.base.clone());
            }
            let listening = Listening::open(drops.clone(), until).await.map_err(|error| {
                Failure::new(Code::PreconditionFailed, "a one-time page can't be shown: loopback can't be listened on")
                    .next("Name another place; `file` always works.")
                    .operator(error.to_string())
            })?;
            let base = listening.base.clone();
            *open = Some(listening);
            Ok(base)
        }
        .boxed()
    }
}

impl Listening {
    async fn open(drops: Drops, until: DateTime<Utc>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let hosts = Arc::new(Hosts::new(address, &[], &[])?);
        let pages = router(Pages { drops, hosts, bearers: None }).layer(map_response(outlet::filtered));
        let (sender, ends) = watch::channel(until);
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, pages).with_graceful_shutdown(over(ends)).await {
                tracing::warn!(%error, "one-time pages are no longer shown");
            }
        });
        Ok(Self { base: format!("http://{address}/drops/"), until: sender })
    }

    /// False: it has closed.
    fn lasts(&self, until: DateTime<Utc>) -> bool {
        self.until.send_modify(|last| *last = until.max(*last));
        !self.until.is_closed()
    }
}

async fn over(mut ends: watch::Receiver<DateTime<Utc>>) {
    loop {
        let left = *ends.borrow_and_update() - Utc::now();
        let Ok(left) = left.to_std() else { return };
        tokio::select! {
            () = sleep(left) => {}
            // The sender lasts as long as the process.
            _ = ends.changed() => {}
        }
    }
}
