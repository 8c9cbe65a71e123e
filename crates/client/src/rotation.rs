//! Where somebody asks for another key and hears what came of it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::failure::{Failure, Fault};

/// Between those who ask and the connection, which does it.
#[derive(Debug, Default)]
pub(crate) struct RotationDesk {
    bell: Notify,
    waiting: Mutex<Vec<oneshot::Sender<Result<(), Failure>>>>,
}

impl RotationDesk {
    /// Asks for another key and waits for what comes of it; a session that is not open yet is waited for.
    pub(crate) async fn ask(&self) -> Result<(), Failure> {
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
        self.bell.notify_one();
        answered.await.unwrap_or_else(|_| Err(Fault::Locked.failure()))
    }

    /// Waits until somebody asks.
    pub(crate) async fn asked(&self) {
        self.bell.notified().await;
    }

    /// Tells all who asked.
    pub(crate) fn answer(&self, result: Result<(), Failure>) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for answer in waiting {
            // Who asked may have left.
            drop(answer.send(result.clone()));
        }
    }
}
