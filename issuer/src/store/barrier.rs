//! The durability barrier: group commit.
//!
//! sled's `flush` on Linux ends in `sync_file_range`, which neither writes metadata nor empties the drive's cache. So
//! after it the log file is `fdatasync`ed. One thread does this for everybody: all who ask while one barrier runs are
//! covered by the next, so the disk is asked once per group and not once per request.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::StoreError;

type Waiter = oneshot::Sender<Result<(), StoreError>>;

#[derive(Default)]
struct Queue {
    waiters: Vec<Waiter>,
    closed: bool,
    /// After a failed flush the kernel may have dropped the pages: no later success means anything.
    broken: Option<StoreError>,
}

/// A handle to the barrier thread, which ends when the handle is dropped.
pub(super) struct Barrier {
    shared: Arc<(Mutex<Queue>, Condvar)>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Barrier {
    /// Starts the thread over `db`, whose log file lies in `directory`.
    pub(super) fn start(db: sled::Db, directory: &Path) -> Result<Self, StoreError> {
        let log = File::open(directory.join("db")).map_err(engine)?;
        // The directory entry of a new log file must be on disk as well, once.
        File::open(directory)
            .and_then(|d| d.sync_all())
            .map_err(engine)?;
        Self::over(move || {
            db.flush().map_err(engine)?;
            log.sync_data().map_err(engine)
        })
    }

    /// Starts the thread over whatever makes everything written so far durable.
    fn over(
        flush: impl FnMut() -> Result<(), StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new((Mutex::new(Queue::default()), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("durability".to_owned())
            .spawn(move || serve(&theirs, flush))
            .map_err(engine)?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Returns once everything written before the call is on disk.
    pub(super) async fn wait(&self) -> Result<(), StoreError> {
        let (send, receive) = oneshot::channel();
        {
            let mut queue = lock(&self.shared.0);
            if let Some(error) = &queue.broken {
                return Err(error.clone());
            }
            queue.waiters.push(send);
        }
        self.shared.1.notify_one();
        receive
            .await
            .unwrap_or_else(|_| Err(StoreError::Engine("the durability thread ended".to_owned())))
    }

    /// The error that broke the promise, if one did.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match &lock(&self.shared.0).broken {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        lock(&self.shared.0).closed = true;
        self.shared.1.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn serve(shared: &(Mutex<Queue>, Condvar), mut flush: impl FnMut() -> Result<(), StoreError>) {
    loop {
        let (group, broken) = {
            let mut queue = lock(&shared.0);
            while queue.waiters.is_empty() && !queue.closed {
                queue = shared.1.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            if queue.waiters.is_empty() {
                return;
            }
            (std::mem::take(&mut queue.waiters), queue.broken.clone())
        };
        let outcome = match broken {
            // These asked before the failure was known; a flush that succeeds now says nothing about their pages.
            Some(error) => Err(error),
            None => flush(),
        };
        if let Err(error) = &outcome {
            lock(&shared.0).broken = Some(error.clone());
        }
        for waiter in group {
            let _gone = waiter.send(outcome.clone());
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> std::sync::MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn engine(error: impl std::fmt::Display) -> StoreError {
    StoreError::Engine(error.to_string())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn after_a_failed_flush_nothing_is_promised_any_more() {
        let flushed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&flushed);
        // The disk fails once and then works again, as a disk whose pages the kernel has dropped does.
        let barrier = Barrier::over(move || match count.fetch_add(1, Ordering::SeqCst) {
            1 => Err(StoreError::Engine("no space".to_owned())),
            _ => Ok(()),
        })
        .unwrap();
        assert_eq!(barrier.wait().await, Ok(()));
        assert_eq!(barrier.check(), Ok(()));
        let failed = Err(StoreError::Engine("no space".to_owned()));
        assert_eq!(barrier.wait().await, failed);
        for _ in 0..3 {
            assert_eq!(barrier.wait().await, failed);
            assert_eq!(barrier.check(), failed);
        }
        assert_eq!(flushed.load(Ordering::SeqCst), 2, "not asked again");
    }
}
