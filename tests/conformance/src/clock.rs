//! The clock as an argument: the real one is made in `main` only.

use std::sync::Arc;

use tessera_verifier::Timestamp;

/// Where the time of each request comes from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks `time`.
    #[must_use]
    pub fn new(time: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(time))
    }

    /// A clock that stands still.
    #[must_use]
    pub fn stopped(at: Timestamp) -> Self {
        Self::new(move || at)
    }

    /// The time of this request.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}
