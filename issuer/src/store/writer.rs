//! The one thread that writes.
//!
//! Transactions are executed one after another, so what one has read is still true when its batch is applied. They wait
//! in a queue and not on a lock: a request costs one hand-over, and the store as many threads as it has, however many
//! requests there are. What must be durable goes on to the [`Barrier`] group by group and is answered from there, while
//! the next transactions are executed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::StoreError;
use super::barrier::{Barrier, Waiter};
use super::sled_tx::engine;

/// A transaction to execute. What it returns wants to hear of the barrier; who needs none was answered already.
pub(super) type Job = Box<dyn FnOnce(&sled::Tree) -> Option<Waiter> + Send>;

/// Most transactions executed before those that must be durable are handed on.
const GROUP_MAX: usize = 64;

/// A handle to the writing thread, which ends when the handle is dropped, with everything done that was in the queue.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(tree: sled::Tree, barrier: Arc<Barrier>) -> Result<Self, StoreError> {
        let (jobs, queue) = channel();
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || serve(&queue, &tree, &barrier))
            .map_err(engine)?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Puts a transaction in the queue. One that cannot be is dropped, and its sender hears of that.
    pub(super) fn execute(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let _ended = jobs.send(job);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn serve(queue: &Receiver<Job>, tree: &sled::Tree, barrier: &Barrier) {
    while let Ok(first) = queue.recv() {
        let waiters: Vec<Waiter> = std::iter::once(first)
            .chain(queue.try_iter())
            .take(GROUP_MAX)
            // A transaction that panics was not applied, and ends nobody else's.
            .filter_map(|job| catch_unwind(AssertUnwindSafe(|| job(tree))).ok().flatten())
            .collect();
        barrier.promise(waiters);
    }
}
