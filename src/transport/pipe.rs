//! rmcp's transport over two channels of lines. It knows which requests wait for an answer, so the
//! end of the input can wait for them, and it answers itself what isn't a message. `stdio` puts
//! threads or tasks at the other ends of the channels.

use std::collections::HashSet;
use std::io;

use rmcp::model::{ClientJsonRpcMessage, ClientNotification, JsonRpcMessage, RequestId, ServerJsonRpcMessage};
use rmcp::service::{RoleServer, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::lines::{LONGEST, Line};
use super::message::{self, Fault, INVALID_REQUEST};
use crate::secrets::held;

/// Requests that may wait at once; a client with more of them has lost count.
const MOST_WAITING: usize = 256;

pub(super) struct Pipe {
    input: mpsc::Receiver<Line>,
    output: mpsc::Sender<Vec<u8>>,
    /// An answer of our own that is still to be queued. Kept here because rmcp drops `receive`
    /// whenever something else happens.
    owed: Option<Vec<u8>>,
    waiting: HashSet<RequestId>,
    count: watch::Sender<usize>,
    ended: CancellationToken,
}

impl Pipe {
    /// `ended` fires when the input is over; `count` says how many requests wait for an answer.
    pub(super) fn new(
        input: mpsc::Receiver<Line>,
        output: mpsc::Sender<Vec<u8>>,
        count: watch::Sender<usize>,
        ended: CancellationToken,
    ) -> Self {
        Self { input, output, owed: None, waiting: HashSet::new(), count, ended }
    }

    /// The message, if it may go on.
    fn admit(&mut self, line: Line) -> Result<Option<ClientJsonRpcMessage>, Fault> {
        let Line::Text(text) = line else {
            let text = format!("The message is longer than {} MiB.", LONGEST >> 20);
            return Err(Fault::new(INVALID_REQUEST, text));
        };
        let read = message::read(&text)?;
        match &read {
            Some(JsonRpcMessage::Request(request)) => {
                let refuse = |why: &str| Err(Fault::new(INVALID_REQUEST, why).to(request.id.clone().into_json_value()));
                if self.waiting.len() >= MOST_WAITING {
                    return refuse("Too many requests wait for an answer already.");
                }
                if !self.waiting.insert(request.id.clone()) {
                    return refuse("A request with this id waits for its answer already.");
                }
                self.count.send_replace(self.waiting.len());
            }
            Some(JsonRpcMessage::Notification(notification)) => {
                if let ClientNotification::CancelledNotification(cancelled) = &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.done(id);
                }
            }
            _ => {}
        }
        Ok(read)
    }

    fn done(&mut self, id: &RequestId) {
        if self.waiting.remove(id) {
            self.count.send_replace(self.waiting.len());
        }
    }
}

impl Transport<RoleServer> for Pipe {
    type Error = io::Error;

    fn send(
        &mut self,
        item: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), io::Error>> + Send + 'static {
        // Queued before the future runs: rmcp spawns it, and the order would be left to chance.
        let queued = serde_json::to_vec(&item).map_err(io::Error::from).map(|body| self.output.try_send(as_line(body)));
        if let Some(id) = answered(&item) {
            self.done(id);
        }
        let output = self.output.clone();
        async move {
            match queued? {
                Ok(()) => Ok(()),
                Err(TrySendError::Full(line)) => output.send(line).await.map_err(|_| gone()),
                Err(TrySendError::Closed(_)) => Err(gone()),
            }
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if self.owed.is_some()
                && let Ok(place) = self.output.reserve().await
                && let Some(line) = self.owed.take()
            {
                place.send(line);
            }
            let Some(line) = self.input.recv().await else {
                self.ended.cancel();
                // Telling rmcp would start five seconds of its own waiting.
                return std::future::pending().await;
            };
            match self.admit(line) {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                Err(fault) => self.owed = Some(as_line(fault.body())),
            }
        }
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        Ok(())
    }
}

/// As it leaves: whatever it says, no secret that we hold.
fn as_line(message: Vec<u8>) -> Vec<u8> {
    let mut line = held::clean(message);
    line.push(b'\n');
    line
}

fn answered(message: &ServerJsonRpcMessage) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Response(response) => Some(&response.id),
        JsonRpcMessage::Error(error) => error.id.as_ref(),
        _ => None,
    }
}

fn gone() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}
