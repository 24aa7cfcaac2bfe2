//! MCP over standard input and output: what a client that starts us as its own process speaks.
//! Pipes and sockets are waited for like any connection; for a terminal or a file reading and writing
//! have a thread each, because tokio's own stdin and stdout would hand every message through a pool.
//! Closed input ends the door within a second, whatever hangs; within six where a job runs.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rmcp::service::serve_directly_with_ct;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::caller::{Caller, Door};
use super::lines::{Line, Lines};
use super::mcp::Mcp;
use super::pipe::Pipe;
use super::stop;
use crate::dispatch::Dispatch;

/// After the input has ended: how long running calls may still answer, how long the road may take
/// to come to rest, and how long what is left may take to be written.
const LAST_ANSWERS: Duration = Duration::from_millis(400);
const LAST_MOMENT: Duration = Duration::from_millis(700);
const LAST_WRITES: Duration = Duration::from_millis(100);
/// How long running calls may take to finish once the operator asks us to end.
const ORDERLY_END: Duration = Duration::from_secs(5);
/// Lines that may queue. Few, because a line may be megabytes.
const QUEUE: usize = 8;

/// The far ends of the pipe, and the news that one of them is gone.
struct Ends {
    input: mpsc::Receiver<Line>,
    output: mpsc::Sender<Vec<u8>>,
    written: oneshot::Receiver<()>,
    ended: CancellationToken,
}

/// Serves this process's stdin and stdout until the client or the operator ends it. The caller must
/// not wait for the reading thread: it sits in a read that nothing can interrupt.
pub async fn serve(dispatch: Arc<Dispatch>, caller: Caller) -> io::Result<()> {
    let ends = process_ends()?;
    converse(dispatch, caller, ends).await;
    Ok(())
}

/// The same over any reader and writer, for the operator.
pub async fn serve_on<R, W>(dispatch: Arc<Dispatch>, reader: R, writer: W)
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    converse(dispatch, Caller::operator("local", Door::Stdio), task_ends(reader, writer)).await;
}

async fn converse(dispatch: Arc<Dispatch>, caller: Caller, ends: Ends) {
    let Ends { input, output, written, ended } = ends;
    let (count, mut waiting) = watch::channel(0);
    let stop = CancellationToken::new();
    let service = serve_directly_with_ct(
        Mcp::new(Arc::clone(&dispatch), caller),
        Pipe::new(input, output, count, ended.clone()),
        None,
        stop.clone(),
    );
    tokio::select! {
        () = ended.cancelled() => {}
        asked = stop::asked() => match asked {
            Ok(()) => orderly_end(&dispatch, &ended).await,
            // No signals to be had on this platform: the end of the input remains.
            Err(_) => ended.cancelled().await,
        }
    }
    // Streams of changes have no answer to wait for.
    dispatch.server().events.end();
    let mut last_moment = Instant::now() + LAST_MOMENT;
    let _ = timeout(LAST_ANSWERS, waiting.wait_for(|count| *count == 0)).await;
    stop.cancel();
    last_moment += rest_of_jobs(&dispatch).await;
    let left = last_moment.saturating_duration_since(Instant::now());
    // The flush at the end of it may hang as well.
    let _ = timeout_at(last_moment, dispatch.drain(left.saturating_sub(LAST_WRITES))).await;
    let _ = timeout_at(last_moment + LAST_WRITES, async {
        let _ = service.waiting().await;
        let _ = written.await;
    })
    .await;
}

/// Running calls finish, unless the client goes or the operator asks again.
async fn orderly_end(dispatch: &Dispatch, ended: &CancellationToken) {
    tokio::select! {
        () = dispatch.drain(ORDERLY_END) => {}
        () = ended.cancelled() => {}
        _ = stop::asked() => {}
    }
}

/// Jobs aren't the client's that began them: they get as long as the operator would give them. Says how long it took.
async fn rest_of_jobs(dispatch: &Dispatch) -> Duration {
    let begun = Instant::now();
    tokio::select! {
        biased;
        _ = timeout(ORDERLY_END, dispatch.server().jobs.at_rest()) => {}
        _ = stop::asked() => {}
    }
    dispatch.server().jobs.cancel_all();
    begun.elapsed()
}

fn process_ends() -> io::Result<Ends> {
    #[cfg(unix)]
    if let Some((reader, writer)) = super::descriptors::open() {
        return Ok(task_ends(reader, writer));
    }
    thread_ends()
}

fn thread_ends() -> io::Result<Ends> {
    let (lines, input) = mpsc::channel(QUEUE);
    let (output, mut messages) = mpsc::channel::<Vec<u8>>(QUEUE);
    let (finished, written) = oneshot::channel();
    let ended = CancellationToken::new();
    let lost = ended.clone();

    std::thread::Builder::new().name("stdin".into()).spawn(move || {
        read_lines(io::stdin().lock(), |line| lines.blocking_send(line).is_ok());
    })?;
    std::thread::Builder::new().name("stdout".into()).spawn(move || {
        let mut stdout = io::stdout().lock();
        while let Some(message) = messages.blocking_recv() {
            if stdout.write_all(&message).and_then(|()| stdout.flush()).is_err() {
                lost.cancel();
                break;
            }
        }
        let _ = finished.send(());
    })?;
    Ok(Ends { input, output, written, ended })
}

fn read_lines(mut input: impl Read, mut wanted: impl FnMut(Line) -> bool) {
    let mut splitter = Lines::default();
    let mut buffer = vec![0; 64 * 1024];
    let mut open = true;
    while open {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                let chunk = buffer.get(..length).unwrap_or_default();
                splitter.feed(chunk, |line| open = open && wanted(line));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    if let Some(line) = splitter.finish() {
        wanted(line);
    }
}

fn task_ends<R, W>(mut reader: R, mut writer: W) -> Ends
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (lines, input) = mpsc::channel(QUEUE);
    let (output, mut messages) = mpsc::channel::<Vec<u8>>(QUEUE);
    let (finished, written) = oneshot::channel();
    let ended = CancellationToken::new();
    let lost = ended.clone();

    tokio::spawn(async move {
        let mut splitter = Lines::default();
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = reader.read(&mut buffer).await {
            let mut found = Vec::new();
            splitter.feed(buffer.get(..length).unwrap_or_default(), |line| found.push(line));
            for line in found {
                if lines.send(line).await.is_err() {
                    return;
                }
            }
        }
        if let Some(line) = splitter.finish() {
            let _ = lines.send(line).await;
        }
    });
    tokio::spawn(async move {
        while let Some(message) = messages.recv().await {
            let wrote = async {
                writer.write_all(&message).await?;
                writer.flush().await
            };
            if wrote.await.is_err() {
                lost.cancel();
                break;
            }
        }
        let _ = finished.send(());
    });
    Ends { input, output, written, ended }
}
