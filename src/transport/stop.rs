//! The operator's wish that we end: SIGTERM or SIGINT, ctrl-C elsewhere. Both doors wait for it.

use std::io;

use tokio_util::sync::CancellationToken;

/// Fires once the process is asked to end.
pub fn token() -> CancellationToken {
    let end = CancellationToken::new();
    let fired = end.clone();
    tokio::spawn(async move {
        // No signals to be had on this platform: then nobody can ask.
        if asked().await.is_ok() {
            fired.cancel();
        }
    });
    end
}

/// Waits until the process is asked to end.
pub async fn asked() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
