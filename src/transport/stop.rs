//! The operator's wish that we end: SIGTERM or SIGINT, ctrl-C elsewhere. Both doors wait for it.

use std::io;

use tokio_util::sync::CancellationToken;

/// Fires once the process is asked to end. From here on a signal doesn't end it any other way, so whoever says that it
/// is ready has this first.
pub fn token() -> CancellationToken {
    let end = CancellationToken::new();
    let fired = end.clone();
    // No signals to be had on this platform: then nobody can ask.
    if let Ok(wish) = wish() {
        tokio::spawn(async move {
            if wish.await.is_ok() {
                fired.cancel();
            }
        });
    }
    end
}

/// Waits until the process is asked to end.
pub async fn asked() -> io::Result<()> {
    wish()?.await
}

#[cfg(unix)]
fn wish() -> io::Result<impl Future<Output = io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}

#[cfg(not(unix))]
fn wish() -> io::Result<impl Future<Output = io::Result<()>>> {
    Ok(tokio::signal::ctrl_c())
}
