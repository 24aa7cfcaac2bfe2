//! A tenant that misbehaves on purpose: raw TCP, one script, every request that it saw. Used
//! wherever it matters what we do when the other side is slow, broken or gone.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Counted from 0 over all connections.
    pub(crate) nth: usize,
    pub(crate) method: String,
    /// Path and query, byte for byte.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// By its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// What goes back, and how.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    bytes: Vec<u8>,
    first: Duration,
    manner: Manner,
}

#[derive(Clone, Copy, Debug)]
enum Manner {
    Whole,
    Close,
    Cut,
    Stall,
    Trickle { bytes: usize, every: Duration },
}

impl Reply {
    /// These bytes, and the connection stays open for the next request.
    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), first: Duration::ZERO, manner: Manner::Whole }
    }

    pub(crate) fn with(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len()).into_bytes();
        for (name, value) in headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(body);
        Self::raw(bytes)
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::with(status, &[("content-type", "application/json; charset=utf-8")], body.to_string())
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::with(status, &[("content-type", "text/plain")], body)
    }

    /// Nothing at all, until the other side goes away.
    pub(crate) fn stall() -> Self {
        Self { manner: Manner::Stall, ..Self::raw([]) }
    }

    /// Closed without a byte.
    pub(crate) fn hang_up() -> Self {
        Self::raw([]).close()
    }

    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.first = wait;
        self
    }

    /// Closes in an orderly way afterwards.
    pub(crate) fn close(mut self) -> Self {
        self.manner = Manner::Close;
        self
    }

    /// Sends all but the last `missing` bytes, then resets the connection.
    pub(crate) fn cut(mut self, missing: usize) -> Self {
        let kept = self.bytes.len().saturating_sub(missing);
        self.bytes.truncate(kept);
        self.manner = Manner::Cut;
        self
    }

    pub(crate) fn trickle(mut self, bytes: usize, every: Duration) -> Self {
        self.manner = Manner::Trickle { bytes, every };
        self
    }
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

/// Gone, with all its connections, when dropped.
pub(crate) struct FaultyTenant {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
    over: CancellationToken,
}

struct Shared {
    script: Box<Script>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    gone: watch::Sender<usize>,
}

impl FaultyTenant {
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            script: Box::new(script),
            seen: Mutex::default(),
            connections: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
            gone: watch::channel(0).0,
        });
        let over = CancellationToken::new();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared), over.clone()));
        Self { address, shared, accepting, over }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen_after(0)
    }

    /// Without the first so many.
    pub(crate) fn seen_after(&self, first: usize) -> Vec<Seen> {
        self.shared.seen.lock().expect("no panic while held").iter().skip(first).cloned().collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.shared.seen.lock().expect("no panic while held").len()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Most requests at one time between being read and being answered.
    pub(crate) fn most_under_way(&self) -> usize {
        self.shared.most_under_way.load(Ordering::SeqCst)
    }

    /// Until so many requests have arrived.
    pub(crate) async fn reached(&self, count: usize) {
        while self.count() < count {
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// Until so many clients have gone away while a reply was owed to them.
    pub(crate) async fn deserted(&self, count: usize) {
        let mut gone = self.shared.gone.subscribe();
        gone.wait_for(|n| *n >= count).await.expect("the tenant is there");
    }
}

impl Drop for FaultyTenant {
    fn drop(&mut self) {
        self.over.cancel();
        self.accepting.abort();
    }
}

/// An address where nobody listens.
pub(crate) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, over: CancellationToken) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let (shared, over) = (Arc::clone(&shared), over.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = over.cancelled() => {}
                _ = serve(stream, &shared) => {}
            }
        });
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut pending = Vec::new();
    while let Some(seen) = read(&mut stream, &mut pending, shared).await? {
        let reply = (shared.script)(&seen);
        let now = shared.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_under_way.fetch_max(now, Ordering::SeqCst);
        let more = tokio::select! {
            biased;
            () = left(&stream) => None,
            more = answer(&stream, &reply) => Some(more),
        };
        shared.under_way.fetch_sub(1, Ordering::SeqCst);
        match more {
            Some(Ok(true)) => {}
            Some(Ok(false)) => {
                if matches!(reply.manner, Manner::Cut) {
                    // A reset and not an orderly end.
                    socket_reset(&stream);
                }
                return Ok(());
            }
            Some(Err(_)) | None => {
                shared.gone.send_modify(|n| *n += 1);
                return Ok(());
            }
        }
    }
    Ok(())
}

fn socket_reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

/// Until the other side closes. Its next request, sent early, isn't leaving.
async fn left(stream: &TcpStream) {
    let mut byte = [0];
    match stream.peek(&mut byte).await {
        Ok(0) | Err(_) => {}
        Ok(_) => std::future::pending().await,
    }
}

/// Whether the connection is for further use.
async fn answer(stream: &TcpStream, reply: &Reply) -> std::io::Result<bool> {
    sleep(reply.first).await;
    match reply.manner {
        Manner::Stall => {
            write(stream, &reply.bytes).await?;
            std::future::pending().await
        }
        Manner::Trickle { bytes, every } => {
            for piece in reply.bytes.chunks(bytes.max(1)) {
                write(stream, piece).await?;
                sleep(every).await;
            }
            Ok(true)
        }
        Manner::Whole => write(stream, &reply.bytes).await.map(|()| true),
        Manner::Close => write(stream, &reply.bytes).await.map(|()| false),
        Manner::Cut => {
            write(stream, &reply.bytes).await?;
            // A reset overtakes what is still on the way.
            sleep(Duration::from_millis(20)).await;
            Ok(false)
        }
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

async fn read(stream: &mut TcpStream, pending: &mut Vec<u8>, shared: &Shared) -> std::io::Result<Option<Seen>> {
    let end = loop {
        if let Some(at) = pending.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(pending).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(pending.get(..end).unwrap_or_default()).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(n, _)| n == "content-length").and_then(|(_, v)| v.parse().ok());
    let all = end + 4 + length.unwrap_or(0);
    while pending.len() < all {
        if stream.read_buf(pending).await? == 0 {
            return Ok(None);
        }
    }
    let body = pending.get(end + 4..all).unwrap_or_default().to_vec();
    pending.drain(..all);
    let mut list = shared.seen.lock().expect("no panic while held");
    let seen = Seen { nth: list.len(), method: method.to_owned(), path: path.to_owned(), headers, body };
    list.push(seen.clone());
    Ok(Some(seen))
}
