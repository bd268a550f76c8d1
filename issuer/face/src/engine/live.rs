//! The comparison with the answer to a liveness challenge in place of a single photo.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};

use super::{FaceEngine, FaceVerdict};
use crate::detect::DetectedFace;
use crate::error::FaceError;
use crate::liveness::{
    FrameHash, LivenessAnswer, LivenessFault, LivenessFrame, Observation, Tracker, judge,
};
use crate::photo::{Accept, Photo};
use crate::policy::{FacePolicy, reaches};
use crate::template::{FaceTemplate, similarity};

/// How the answer to a challenge was judged.
pub struct LiveVerdict {
    /// The verdict, or the reason of the refusal.
    pub outcome: Result<FaceVerdict, FaceError>,
    /// The hashes of the frames up to the one that ended the check, for a cache of what was seen before: also frames
    /// that failed must not come a second time.
    pub hashes: Vec<FrameHash>,
}

impl FaceEngine {
    /// Judges the answer to a challenge, and compares its first frame with a reference portrait (also JPEG 2000).
    ///
    /// The frames are looked at one after the other, so that memory holds the pixels of one; each costs a detection and
    /// an embedding. The comparison comes last: somebody with another's picture learns nothing before being live.
    ///
    /// The outcome's refusals are those of [`compare`](Self::compare), the face codes for a frame that cannot be
    /// judged, and [`FaceError::LivenessFailed`].
    #[must_use]
    pub fn compare_live(
        &self,
        answer: &LivenessAnswer<'_>,
        reference: &[u8],
        policy: &FacePolicy,
    ) -> LiveVerdict {
        let mut hashes = Vec::with_capacity(answer.frames.len().min(policy.liveness.most_frames));
        let outcome = self
            .live(answer, policy, &mut hashes)
            .and_then(|(taken, pad_score)| self.against(&taken, reference, policy, pad_score))
            .map(|verdict| FaceVerdict {
                liveness_checked: true,
                ..verdict
            });
        LiveVerdict { outcome, hashes }
    }

    /// Judges the frames; returns the template of the first.
    fn live(
        &self,
        answer: &LivenessAnswer<'_>,
        policy: &FacePolicy,
        hashes: &mut Vec<FrameHash>,
    ) -> Result<(FaceTemplate, Option<f32>), FaceError> {
        let failed = FaceError::LivenessFailed;
        let Some((first, others)) = answer.frames.split_first() else {
            return Err(failed(LivenessFault::Frames));
        };
        // A camera never takes the same picture twice; the count bounds the work before any of it is done.
        let pictures: BTreeSet<_> = answer
            .frames
            .iter()
            .map(|frame| digest(&SHA256, frame.image).as_ref().to_vec())
            .collect();
        if pictures.len() != answer.frames.len()
            || answer.frames.len() > policy.liveness.most_frames
        {
            return Err(failed(LivenessFault::Frames));
        }
        let photo = decode(first, policy)?;
        let face = self.frame_face(&photo, policy, hashes)?;
        let (taken, pad_score) = self.taken(&photo, policy)?;
        let mut tracker = Tracker::start(&photo, &face).ok_or(FaceError::NoFace)?;
        drop(photo);
        let mut seen = vec![Observation::first(first.at_ms, face)];
        for frame in others {
            let photo = decode(frame, policy)?;
            let face = self.frame_face(&photo, policy, hashes)?;
            let template = self.template(&photo, &face, &policy.frame)?;
            if !reaches(similarity(&taken, &template), policy.liveness.identity) {
                return Err(failed(LivenessFault::OtherFace));
            }
            let followed = tracker.follow(&photo, &face);
            seen.push(Observation {
                at_ms: frame.at_ms,
                face,
                followed: followed.ok_or(failed(LivenessFault::Jump))?,
            });
        }
        judge(&seen, answer.challenge, &policy.liveness).map_err(failed)?;
        Ok((taken, pad_score))
    }

    fn frame_face(
        &self,
        photo: &Photo,
        policy: &FacePolicy,
        hashes: &mut Vec<FrameHash>,
    ) -> Result<DetectedFace, FaceError> {
        hashes.push(FrameHash::of(photo));
        self.only_face(photo, &policy.frame)
    }
}

fn decode(frame: &LivenessFrame<'_>, policy: &FacePolicy) -> Result<Photo, FaceError> {
    let photo = Photo::decode(frame.image, Accept::Upload)?;
    if photo.width().saturating_mul(photo.height()) > policy.liveness.most_pixels {
        return Err(FaceError::TooLarge);
    }
    Ok(photo)
}
