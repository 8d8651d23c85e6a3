//! The wish to end a run early, heard wherever a run can end cleanly.

use tokio::sync::watch;

/// Hears whether the run is to end.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

/// Tells that the run is to end.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stop {
    /// A run that can be ended, and who ends it.
    #[must_use]
    pub fn new() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(false);
        (Stopper(sender), Self(receiver))
    }

    /// A run that nobody ends early.
    #[must_use]
    pub fn never() -> Self {
        Self::new().1
    }

    /// Waits until the run is to end; for ever if nobody can say so any more.
    pub async fn requested(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the run is to end.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }
}

impl Stopper {
    /// Ends the run.
    pub fn stop(&self) {
        // Nobody hears it when the run has ended already.
        _ = self.0.send(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_is_heard_and_silence_is_none() {
        let (stopper, stop) = Stop::new();
        assert!(!stop.is_requested());
        stopper.stop();
        stop.requested().await;
        assert!(stop.is_requested());
        let silence = Stop::never();
        let soon = std::time::Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, silence.requested()).await.is_err());
    }
}
