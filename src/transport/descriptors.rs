//! This process's stdin and stdout without threads of their own, where the system can tell when they
//! are ready: pipes and sockets, which is what every client opens. Waking a thread for each message
//! costs more than reading it. Terminals and files aren't for this; `stdio` reads those with threads.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream as StdStream;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::net::unix::pipe::{Receiver, Sender};

pub(super) type Reader = Box<dyn AsyncRead + Send + Unpin>;
pub(super) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

enum Kind {
    Pipe(OwnedFd),
    Socket(OwnedFd),
}

/// Both ends, or nothing where one of them has to be read the slow way.
pub(super) fn open() -> Option<(Reader, Writer)> {
    let input = kind(io::stdin().as_fd()).ok()??;
    let output = kind(io::stdout().as_fd()).ok()??;
    Some((reader(input).ok()?, writer(output).ok()?))
}

fn kind(descriptor: BorrowedFd<'_>) -> io::Result<Option<Kind>> {
    let file = File::from(descriptor.try_clone_to_owned()?);
    let kind = file.metadata()?.file_type();
    Ok(match (kind.is_fifo(), kind.is_socket()) {
        (true, _) => Some(Kind::Pipe(file.into())),
        (_, true) => Some(Kind::Socket(file.into())),
        _ => None,
    })
}

fn reader(kind: Kind) -> io::Result<Reader> {
    Ok(match kind {
        Kind::Pipe(pipe) => Box::new(Receiver::from_owned_fd(pipe)?),
        Kind::Socket(socket) => Box::new(stream(socket)?),
    })
}

fn writer(kind: Kind) -> io::Result<Writer> {
    Ok(match kind {
        Kind::Pipe(pipe) => Box::new(Sender::from_owned_fd(pipe)?),
        Kind::Socket(socket) => Box::new(stream(socket)?),
    })
}

fn stream(socket: OwnedFd) -> io::Result<UnixStream> {
    let stream = StdStream::from(socket);
    stream.set_nonblocking(true)?;
    UnixStream::from_std(stream)
}
