//! The durability barrier: group commit.
//!
//! sled's `flush` on Linux ends in `sync_file_range`, which neither writes metadata nor empties the drive's cache. So
//! after it the log file is `fdatasync`ed. One thread does this for everybody: all who ask while one barrier runs are
//! covered by the next, so the disk is asked once per group and not once per request.

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::StoreError;

/// Is told once everything written before it was handed in is on disk, or that this cannot be promised.
pub(super) type Waiter = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

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

    /// Tells these once everything written before the call is on disk.
    pub(super) fn promise(&self, mut waiters: Vec<Waiter>) {
        if waiters.is_empty() {
            return;
        }
        let broken = {
            let mut queue = lock(&self.shared.0);
            if queue.broken.is_none() {
                queue.waiters.append(&mut waiters);
            }
            queue.broken.clone()
        };
        match broken {
            Some(error) => waiters
                .into_iter()
                .for_each(|waiter| waiter(Err(error.clone()))),
            None => self.shared.1.notify_one(),
        }
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
            waiter(outcome.clone());
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

    fn asked(barrier: &Barrier) -> Result<(), StoreError> {
        let (tell, told) = std::sync::mpsc::channel();
        let tell_too = tell.clone();
        barrier.promise(vec![
            Box::new(move |outcome| tell.send(outcome).unwrap()),
            Box::new(move |outcome| tell_too.send(outcome).unwrap()),
        ]);
        let first = told.recv().unwrap();
        assert_eq!(told.recv().unwrap(), first, "a group has one outcome");
        first
    }

    #[test]
    fn after_a_failed_flush_nothing_is_promised_any_more() {
        let flushed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&flushed);
        // The disk fails once and then works again, as a disk whose pages the kernel has dropped does.
        let barrier = Barrier::over(move || match count.fetch_add(1, Ordering::SeqCst) {
            1 => Err(StoreError::Engine("no space".to_owned())),
            _ => Ok(()),
        })
        .unwrap();
        assert_eq!(asked(&barrier), Ok(()));
        assert_eq!(barrier.check(), Ok(()));
        let failed = Err(StoreError::Engine("no space".to_owned()));
        assert_eq!(asked(&barrier), failed);
        for _ in 0..3 {
            assert_eq!(asked(&barrier), failed);
            assert_eq!(barrier.check(), failed);
        }
        assert_eq!(flushed.load(Ordering::SeqCst), 2, "not asked again");
    }
}
