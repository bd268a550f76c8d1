//! The order of movements, judged from times, landmarks and poses alone.

use super::track::Followed;
use super::{Challenge, LivenessFault, LivenessPolicy, Movement};
use crate::detect::DetectedFace;
use crate::pose::Pose;

/// What one frame shows.
#[derive(Clone, Copy)]
pub(crate) struct Observation {
    pub(crate) at_ms: u32,
    pub(crate) face: DetectedFace,
    /// How far the head has turned since the first frame, and how surely that is known.
    pub(crate) followed: Followed,
}

impl Observation {
    /// The first frame, which every other one is relative to.
    pub(crate) fn first(at_ms: u32, face: DetectedFace) -> Self {
        Self {
            at_ms,
            face,
            followed: Followed {
                pose: Pose {
                    yaw: 0.0,
                    pitch: 0.0,
                    roll: 0.0,
                },
                likeness: 1.0,
                astray: 0.0,
            },
        }
    }
}

/// Holds the observations against the challenge.
///
/// # Errors
/// The first [`LivenessFault`] met, in the order: count and times, continuous motion, movements.
pub(crate) fn judge(
    seen: &[Observation],
    challenge: &Challenge,
    policy: &LivenessPolicy,
) -> Result<(), LivenessFault> {
    times(seen, challenge, policy)?;
    for pair in seen.windows(2) {
        if let [before, after] = pair {
            continuous(before, after, policy)?;
        }
    }
    movements(seen, challenge, policy)
}

fn times(
    seen: &[Observation],
    challenge: &Challenge,
    policy: &LivenessPolicy,
) -> Result<(), LivenessFault> {
    let fewest = policy
        .frames_per_movement
        .saturating_mul(challenge.movements().len())
        .max(2);
    if seen.len() < fewest || seen.len() > policy.most_frames {
        return Err(LivenessFault::Frames);
    }
    for pair in seen.windows(2) {
        let gap = match pair {
            [before, after] => after.at_ms.checked_sub(before.at_ms),
            _ => None,
        };
        if !gap.is_some_and(|gap| gap > 0 && gap <= policy.longest_gap_ms) {
            return Err(LivenessFault::Frames);
        }
    }
    let span = match (seen.first(), seen.last()) {
        (Some(first), Some(last)) => last.at_ms.saturating_sub(first.at_ms),
        _ => 0,
    };
    if span > policy.total_ms {
        return Err(LivenessFault::TooSlow);
    }
    Ok(())
}

/// A head does not leave its place between two frames: neither its angles nor its landmarks nor its size.
fn continuous(
    before: &Observation,
    after: &Observation,
    policy: &LivenessPolicy,
) -> Result<(), LivenessFault> {
    let size = |seen: &Observation| (seen.face.width * seen.face.height).max(1.0).sqrt();
    let (was, is) = (size(before), size(after));
    let (from, to) = (before.followed.pose, after.followed.pose);
    let apart = [
        to.yaw - from.yaw,
        to.pitch - from.pitch,
        to.roll - from.roll,
    ];
    let small = apart
        .iter()
        .all(|degrees| degrees.abs() <= policy.most_step);
    let points = before.face.landmarks.iter().zip(&after.face.landmarks);
    let shifted = points
        .map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1]))
        .fold(0.0, f32::max);
    // Written so that what is not a number is a jump.
    let steady = small
        && after.followed.likeness >= policy.least_likeness
        && after.followed.astray <= policy.most_astray
        && shifted <= policy.most_shift * was
        && is.max(was) <= 1.35 * is.min(was);
    if steady {
        Ok(())
    } else {
        Err(LivenessFault::Jump)
    }
}

/// Where the head points.
#[derive(Clone, Copy, PartialEq)]
enum Direction {
    /// Into the camera.
    Rest,
    /// Far enough to count as this movement.
    At(Movement),
    /// On the way, or somewhere nobody asked for.
    Between,
}

impl Direction {
    fn of(Pose { yaw, pitch, .. }: Pose, policy: &LivenessPolicy) -> Self {
        if yaw.abs() <= policy.rest && pitch.abs() <= policy.rest {
            return Self::Rest;
        }
        // As shares of what is asked: a lifted chin sways to the sides, and a turned head nods.
        let (aside, lifted) = (yaw.abs() / policy.turn, pitch / policy.lift);
        if lifted >= 1.0 && lifted >= aside {
            Self::At(Movement::Up)
        } else if aside < 1.0 {
            Self::Between
        } else if yaw > 0.0 {
            Self::At(Movement::Left)
        } else {
            Self::At(Movement::Right)
        }
    }
}

fn movements(
    seen: &[Observation],
    challenge: &Challenge,
    policy: &LivenessPolicy,
) -> Result<(), LivenessFault> {
    let Some(first) = seen.first() else {
        return Err(LivenessFault::Frames);
    };
    let mut asked = challenge.movements().iter().copied();
    let mut expected = asked.next();
    let mut reached = false;
    let mut began = first.at_ms;
    for frame in seen {
        let Some(wanted) = expected else {
            // All done: how the person moves afterwards is nobody's business.
            break;
        };
        match Direction::of(frame.followed.pose, policy) {
            Direction::At(movement) if movement == wanted => reached = true,
            Direction::At(_) => return Err(LivenessFault::WrongMovement),
            Direction::Rest if reached => {
                if frame.at_ms.saturating_sub(began) > policy.movement_ms {
                    return Err(LivenessFault::TooSlow);
                }
                (reached, began) = (false, frame.at_ms);
                expected = asked.next();
            }
            Direction::Rest | Direction::Between => {}
        }
    }
    match expected {
        None => Ok(()),
        Some(_) => Err(LivenessFault::Incomplete),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::LivenessFault::{Frames, Incomplete, Jump, TooSlow, WrongMovement};
    use super::*;

    const POLICY: fn() -> LivenessPolicy = LivenessPolicy::default;

    /// Frames every 150 ms with these angles.
    fn seen(angles: &[(f32, f32)]) -> Vec<Observation> {
        let mut at_ms = 0;
        angles
            .iter()
            .map(|&(yaw, pitch)| {
                at_ms += 150;
                Observation {
                    at_ms,
                    face: DetectedFace::at([
                        [100.0, 100.0],
                        [140.0, 100.0],
                        [120.0 + yaw / 4.0, 120.0 - pitch / 4.0],
                        [105.0, 145.0],
                        [135.0, 145.0],
                    ]),
                    followed: Followed {
                        pose: Pose {
                            yaw,
                            pitch,
                            roll: 0.0,
                        },
                        likeness: 0.9,
                        astray: 0.1,
                    },
                }
            })
            .collect()
    }

    const LEFT: [(f32, f32); 6] = [
        (0.0, 0.0),
        (8.0, 0.0),
        (17.0, 1.0),
        (20.0, 0.0),
        (10.0, 0.0),
        (1.0, 0.0),
    ];
    const UP: [(f32, f32); 5] = [(0.0, 1.0), (0.0, 6.0), (1.0, 12.0), (0.0, 7.5), (0.0, 0.0)];

    fn asked(movements: &[Movement]) -> Challenge {
        Challenge::of(movements.to_vec()).unwrap()
    }

    fn verdict(angles: &[(f32, f32)], movements: &[Movement]) -> Result<(), LivenessFault> {
        judge(&seen(angles), &asked(movements), &POLICY())
    }

    #[test]
    fn movements_count_in_the_order_asked_only() {
        use Movement::{Left, Right, Up};
        let right = LEFT.map(|(yaw, pitch)| (-yaw, pitch));
        let take = [&LEFT[..], &UP, &right].concat();
        assert_eq!(verdict(&take, &[Left, Up, Right]), Ok(()));
        for other in [[Up, Left, Right], [Left, Right, Up], [Right, Up, Left]] {
            assert_eq!(verdict(&take, &other), Err(WrongMovement), "{other:?}");
        }
        // What was asked before cannot be shown twice for two.
        assert_eq!(verdict(&take, &[Left, Left, Up]), Err(WrongMovement));
        assert_eq!(verdict(&LEFT, &[Left]), Ok(()));
        let still = [(0.5, 0.0); 12];
        assert_eq!(verdict(&still, &[Left, Up, Right]), Err(Incomplete));
        let twice = [&LEFT[..], &UP].concat();
        assert_eq!(verdict(&twice, &[Left, Up]), Ok(()));
        assert_eq!(verdict(&twice[..8], &[Left, Up]), Err(Incomplete));
        // Without the way back a movement is not complete.
        assert_eq!(verdict(&LEFT[..5], &[Left]), Err(Incomplete));
        // A small turn is none.
        let small = LEFT.map(|(yaw, pitch)| (yaw * 0.38, pitch));
        assert_eq!(verdict(&small, &[Left]), Err(Incomplete));
    }

    #[test]
    fn a_movement_is_the_one_that_is_mostly_made() {
        use Movement::{Left, Right, Up};
        // A lifted chin sways to a side, a turned head nods.
        let swaying = UP.map(|(_, pitch)| (0.75 * pitch, pitch));
        assert_eq!(verdict(&swaying, &[Up]), Ok(()));
        assert_eq!(verdict(&swaying, &[Left]), Err(WrongMovement));
        let nodding = LEFT.map(|(yaw, _)| (yaw, 0.45 * yaw));
        assert_eq!(verdict(&nodding, &[Left]), Ok(()));
        for wrong in [Up, Right] {
            assert_eq!(verdict(&nodding, &[wrong]), Err(WrongMovement));
        }
        // A lowered chin is nothing anybody asks for.
        let lowered = UP.map(|(yaw, pitch)| (yaw, -pitch));
        assert_eq!(verdict(&lowered, &[Up]), Err(Incomplete));
    }

    #[test]
    fn counts_times_and_gaps_have_bounds() {
        let challenge = asked(&[Movement::Left]);
        let judged = |frames: &[Observation]| judge(frames, &challenge, &POLICY());
        let take = seen(&LEFT);
        assert_eq!(judged(&[]), Err(Frames));
        assert_eq!(judged(&take[..3]), Err(Frames));
        let many = seen(&vec![(0.0, 0.0); 49]);
        assert_eq!(judged(&many), Err(Frames));
        let mut same_time = take.clone();
        same_time[2].at_ms = same_time[1].at_ms;
        assert_eq!(judged(&same_time), Err(Frames));
        let mut gap = take.clone();
        for frame in &mut gap[3..] {
            frame.at_ms += 1000;
        }
        assert_eq!(judged(&gap), Err(Frames));
        let mut slow = LivenessPolicy {
            movement_ms: 700,
            ..POLICY()
        };
        assert_eq!(judge(&take, &challenge, &slow), Err(TooSlow));
        slow = LivenessPolicy {
            total_ms: 700,
            ..POLICY()
        };
        assert_eq!(judge(&take, &challenge, &slow), Err(TooSlow));
    }

    #[test]
    fn a_head_does_not_jump() {
        let challenge = asked(&[Movement::Left]);
        let mut turned = seen(&LEFT);
        turned.remove(1);
        turned[1].followed.pose.yaw = 30.0;
        let mut moved = seen(&LEFT);
        for point in &mut moved[3].face.landmarks {
            point[0] += 60.0;
        }
        let mut grown = seen(&LEFT);
        grown[3].face.width *= 1.5;
        grown[3].face.height *= 1.5;
        let mut unreal = seen(&LEFT);
        unreal[3].followed.pose.yaw = f32::NAN;
        let mut unlike = seen(&LEFT);
        unlike[3].followed.likeness = 0.4;
        let mut astray = seen(&LEFT);
        astray[3].followed.astray = 0.5;
        for frames in [turned, moved, grown, unreal, unlike, astray] {
            assert_eq!(judge(&frames, &challenge, &POLICY()), Err(Jump));
        }
    }
}
