//! The face step: a bounded pool around `tessera-face`.
//!
//! Photo and templates live as long as one check. Nothing of them is stored, logged or returned: the outcome is a
//! [`FacePassed`] or a code.

use std::sync::Arc;

use tessera_face::{Challenge, FaceEngine, FaceError, FacePolicy, LivenessAnswer, LivenessFrame};
use tessera_verifier::liveness::{Answer, Movement};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use crate::failure::{Code, Failure, code_of};
use crate::liveness::as_judged;
use crate::proofing::FacePassed;
use crate::replay::HASH_BYTES;

/// Judges whether two pictures show the same face. Blocking.
pub trait FaceCheck: Send + Sync {
    /// `Ok` where they do.
    ///
    /// # Errors
    /// The reason why not; `face_mismatch` where the pictures are good and the faces differ.
    fn compare(&self, photo: &[u8], reference: &[u8]) -> Result<(), Code>;

    /// Judges the answer to a liveness challenge, and compares its first frame. A check that cannot refuses.
    fn compare_live(
        &self,
        _answer: &Answer<'_>,
        _movements: &[Movement],
        _reference: &[u8],
    ) -> Live {
        Live::refused(Code::LivenessUnavailable)
    }
}

/// How the answer to a liveness challenge was judged.
pub struct Live {
    /// `Ok` where a live person moved as asked and is the person of the reference.
    pub outcome: Result<(), Code>,
    /// Perceptual hashes of the frames that were looked at.
    pub hashes: Vec<[u8; HASH_BYTES]>,
}

impl Live {
    /// Refused before a frame was looked at.
    #[must_use]
    pub fn refused(code: Code) -> Self {
        Self {
            outcome: Err(code),
            hashes: Vec::new(),
        }
    }
}

/// The real check: YuNet and SFace.
pub struct TractFaceCheck {
    engine: FaceEngine,
    policy: FacePolicy,
}

impl TractFaceCheck {
    /// Wraps a loaded engine.
    #[must_use]
    pub fn new(engine: FaceEngine, policy: FacePolicy) -> Self {
        Self { engine, policy }
    }
}

impl FaceCheck for TractFaceCheck {
    fn compare(&self, photo: &[u8], reference: &[u8]) -> Result<(), Code> {
        match self.engine.compare(photo, reference, &self.policy) {
            Ok(_verdict) => Ok(()),
            Err(error) => Err(ours(&error)),
        }
    }

    fn compare_live(&self, answer: &Answer<'_>, movements: &[Movement], reference: &[u8]) -> Live {
        let asked = movements.iter().copied().map(as_judged).collect();
        let Some(challenge) = Challenge::of(asked) else {
            return Live::refused(Code::LivenessUnavailable);
        };
        let frames: Vec<_> = answer
            .frames
            .iter()
            .map(|frame| LivenessFrame {
                at_ms: frame.at_ms,
                image: frame.image,
            })
            .collect();
        let answer = LivenessAnswer {
            challenge: &challenge,
            frames: &frames,
        };
        let judged = self.engine.compare_live(&answer, reference, &self.policy);
        Live {
            outcome: judged.outcome.map(|_verdict| ()).map_err(|e| ours(&e)),
            hashes: judged.hashes.iter().map(|hash| *hash.bytes()).collect(),
        }
    }
}

fn ours(error: &FaceError) -> Code {
    match error.code() {
        "reference_unusable" => {
            tracing::warn!("a reference portrait cannot be used");
            // Towards the client as any mismatch: it must not learn what the register holds.
            Code::FaceMismatch
        }
        "pad_required" => Code::LivenessUnavailable,
        other => code_of(other, Code::Internal),
    }
}

/// No face check at all: refuses every picture. For administration without the service.
#[derive(Debug, Clone, Copy)]
pub struct AbsentFaceCheck;

impl FaceCheck for AbsentFaceCheck {
    fn compare(&self, _photo: &[u8], _reference: &[u8]) -> Result<(), Code> {
        Err(Code::LivenessUnavailable)
    }
}

/// Runs checks a few at a time, lets a few more wait, and turns the rest away.
pub struct FacePool {
    check: Arc<dyn FaceCheck>,
    running: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

/// A place among the checks that run or wait.
pub struct Admission {
    _place: OwnedSemaphorePermit,
}

impl FacePool {
    /// A pool of `workers` (0: one per processor) with room for `queue` waiting checks.
    #[must_use]
    pub fn new(check: Arc<dyn FaceCheck>, workers: usize, queue: usize) -> Self {
        let workers = match workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        Self {
            check,
            running: Arc::new(Semaphore::new(workers)),
            admitted: Arc::new(Semaphore::new(workers + queue)),
        }
    }

    /// A place for one check: taken before anything is counted or consumed, so that `busy` costs the applicant nothing.
    ///
    /// # Errors
    /// `busy` where too many wait.
    pub fn admit(&self) -> Result<Admission, Failure> {
        Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map(|permit| Admission { _place: permit })
            .map_err(|_| Code::Busy.into())
    }

    /// Compares a photo with the reference of the person, if there is one.
    ///
    /// Without a person the same work is done (the photo against itself), so that neither answer nor time tells whether
    /// a number is in the register.
    ///
    /// # Errors
    /// The face codes.
    pub async fn check(
        &self,
        admission: Admission,
        photo: Zeroizing<Vec<u8>>,
        reference: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<FacePassed, Failure> {
        self.run(admission, move |check| {
            let against = reference.as_deref().unwrap_or(&photo);
            verdict(check.compare(&photo, against), reference.is_some(), false)
        })
        .await?
    }

    /// Judges an answer to a liveness challenge; the same work is done without a person. The inner result is the
    /// verdict, beside the hashes of the frames.
    ///
    /// # Errors
    /// `internal`.
    pub async fn check_live(
        &self,
        admission: Admission,
        movements: Vec<Movement>,
        answer: Zeroizing<Vec<u8>>,
        reference: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<(Result<FacePassed, Failure>, Vec<[u8; HASH_BYTES]>), Failure> {
        self.run(admission, move |check| {
            let Ok(answer) = Answer::parse(&answer) else {
                return (Err(Code::Malformed.into()), Vec::new());
            };
            let first = answer.frames.first().map_or(&[][..], |frame| frame.image);
            let against = reference
                .as_ref()
                .map_or(first, |portrait| portrait.as_slice());
            let live = check.compare_live(&answer, &movements, against);
            (
                verdict(live.outcome, reference.is_some(), true),
                live.hashes,
            )
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        admission: Admission,
        work: impl FnOnce(&dyn FaceCheck) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|error| Failure::internal(&error))?;
        let check = Arc::clone(&self.check);
        tokio::task::spawn_blocking(move || {
            // The permits go with the work: a client that hangs up does not free a place that is still in use.
            let _places = (admission, running);
            work(&*check)
        })
        .await
        .map_err(|error| Failure::internal(&error))
    }
}

/// Whoever is not in the register is nobody the face could match.
fn verdict(compared: Result<(), Code>, known: bool, liveness: bool) -> Result<FacePassed, Failure> {
    match compared {
        Ok(()) if known => Ok(FacePassed { liveness }),
        Ok(()) => Err(Code::FaceMismatch.into()),
        Err(code) => Err(code.into()),
    }
}
