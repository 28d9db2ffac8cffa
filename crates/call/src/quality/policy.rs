//! From the estimate of the link to what the encoders do, and not too often.

use std::time::Duration;

use units::{DataRate, Timestamp};

use super::ladder::{self, Rung};
use super::plan::{PictureOff, PicturePlan, VoicePlan};
use super::share;
use super::thin::{self, Carries, ThinLink};
use super::voice::{VoiceLink, VoicePolicy};
use crate::{CameraFormat, MediaConfig, Mode, Preferences};

/// What is known of the way to the other side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkEstimate {
    /// What it carries, headers included.
    pub target: DataRate,
    /// The share of packets that it loses.
    pub loss: f32,
    /// The share of voice packets that it loses.
    pub voice_loss: f32,
    /// How likely the voice packet after a lost one is lost as well.
    pub loss_follows_loss: f32,
    /// There and back.
    pub round_trip: Option<Duration>,
    /// Whether both sides take voice with copies (RED).
    pub takes_red: bool,
}

/// Decides who gets the bits: voice first, then picture.
///
/// Down at once, since a full queue hurts the voice; up only when the link has carried more for a while, since a
/// picture that changes its size every second is worse than a small one.
#[derive(Debug)]
pub struct Policy {
    sends_voice: bool,
    camera: Option<CameraFormat>,
    camera_lost: bool,
    camera_off: bool,
    wanted: bool,
    /// Whether files are being sent.
    files: bool,
    preferences: Preferences,

    target: DataRate,
    /// Of all packets, smoothed.
    loss: f32,
    /// As it was told last.
    link: Option<LinkEstimate>,
    updated: Timestamp,

    voice: VoicePolicy,
    voice_tier: usize,
    lossy: bool,
    thin: ThinLink,
    rung: usize,
    /// Since when each rung was possible, with room to spare.
    possible_since: [Option<Timestamp>; ladder::RUNGS],
    /// Since when the rate is less than the rung's least.
    short_since: Option<Timestamp>,
    /// When the rung was changed last.
    resized: Option<Timestamp>,
    fluent: bool,
    encoder: ladder::EncoderLoad,

    plans: (VoicePlan, PicturePlan),
}

impl Policy {
    /// A policy that knows nothing of the link yet.
    pub fn new(media: MediaConfig, preferences: Preferences) -> Self {
        let mut policy = Self {
            sends_voice: media.sends_voice,
            camera: media.camera,
            camera_lost: false,
            camera_off: false,
            wanted: true,
            files: false,
            preferences,
            target: START_TARGET,
            loss: 0.0,
            link: None,
            updated: Timestamp::ZERO,
            voice: VoicePolicy::new(),
            voice_tier: usize::MAX,
            lossy: false,
            thin: ThinLink::new(),
            rung: usize::MAX,
            possible_since: [None; ladder::RUNGS],
            short_since: None,
            resized: None,
            fluent: true,
            encoder: ladder::EncoderLoad::default(),
            plans: (VoicePolicy::new().plan(), PicturePlan::Off(PictureOff::NoCamera)),
        };
        policy.plans = policy.decide(Timestamp::ZERO);
        policy
    }

    /// What the encoders are to do.
    pub fn plans(&self) -> (VoicePlan, PicturePlan) {
        self.plans
    }

    /// The link is like that now; whether the encoders are to be told something.
    pub fn on_estimate(&mut self, now: Timestamp, link: LinkEstimate) -> bool {
        let share = |share: f32| if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let LinkEstimate { target, loss, voice_loss, loss_follows_loss, .. } = link;
        let loss = share(loss);
        if self.link.is_none() {
            // What was decided before anything was known counts no more.
            (self.thin, self.rung, self.possible_since) = (ThinLink::begin(), usize::MAX, [None; ladder::RUNGS]);
        }
        self.link = Some(LinkEstimate {
            loss,
            voice_loss: share(voice_loss),
            loss_follows_loss: share(loss_follows_loss),
            ..link
        });
        let span = if loss > self.loss { LOSS_RISES_IN } else { LOSS_FALLS_IN };
        let weight = (now.since(self.updated).as_secs_f32() / span.as_secs_f32()).clamp(0.0, 1.0);
        self.loss += (loss - self.loss) * weight;
        self.target = target;
        self.updated = now;
        self.renew(now)
    }

    /// A picture took so long to encode.
    pub(crate) fn on_encode_time(&mut self, now: Timestamp, took: Duration) -> bool {
        if let PicturePlan::On { fps, .. } = self.plans.1 {
            self.encoder.on_encode_time(now, took, fps, self.rung);
        }
        self.renew(now)
    }

    pub(crate) fn set_camera_off(&mut self, now: Timestamp, off: bool) -> bool {
        self.camera_off = off;
        self.renew(now)
    }

    /// Another camera, or the first, gives this.
    pub(crate) fn set_camera(&mut self, now: Timestamp, format: CameraFormat) -> bool {
        self.camera = Some(format);
        self.renew(now)
    }

    pub(crate) fn set_sends_voice(&mut self, now: Timestamp, sends_voice: bool) -> bool {
        self.sends_voice = sends_voice;
        self.renew(now)
    }

    pub(crate) fn set_camera_lost(&mut self, now: Timestamp, lost: bool) -> bool {
        self.camera_lost = lost;
        self.renew(now)
    }

    /// Whether they have anything to show a picture on.
    pub(crate) fn set_wanted(&mut self, now: Timestamp, wanted: bool) -> bool {
        self.wanted = wanted;
        self.renew(now)
    }

    /// Whether files are sent: the picture leaves them room.
    pub fn set_files(&mut self, now: Timestamp, files: bool) -> bool {
        if std::mem::replace(&mut self.files, files) == files {
            return false;
        }
        self.renew(now)
    }

    pub(crate) fn set_mode(&mut self, now: Timestamp, mode: Mode) -> bool {
        if self.preferences.mode == mode {
            return false;
        }
        self.preferences.mode = mode;
        self.renew(now)
    }

    pub(crate) fn set_save_data(&mut self, now: Timestamp, save_data: bool) -> bool {
        if self.preferences.save_data == save_data {
            return false;
        }
        self.preferences.save_data = save_data;
        self.renew(now)
    }

    /// How much of a link voice and picture can use at most, headers, reports and repairs counted; in steps, so that it
    /// changes seldom.
    pub fn wanted(&self) -> DataRate {
        let all = match self.shown() {
            Err(_) => share::enough_alone(),
            Ok(camera) => {
                let most = ladder::rung(self.preferences.mode, self.highest(camera)).most;
                let picture = most * (1.0 / self.picture_payload_share());
                let media = share::most_of_voice() + picture;
                (media * (1.0 / (1.0 - CONTROL_SHARE))).min(media + MOST_CONTROL)
            }
        };
        DataRate::from_bps(self.capped(all).as_bps().next_multiple_of(WANTED_STEP_BPS))
    }

    /// Decides anew; whether the encoders are to be told.
    fn renew(&mut self, now: Timestamp) -> bool {
        let plans = self.decide(now);
        let tell = worth_telling(&self.plans, &plans);
        if tell {
            self.plans = plans;
        }
        tell
    }

    fn decide(&mut self, now: Timestamp) -> (VoicePlan, PicturePlan) {
        let total = self.total();
        let voice = self.decide_voice(now, total);
        let voice_takes = if self.sends_voice { voice.wire_rate() } else { DataRate::ZERO };
        let control = (total * CONTROL_SHARE).min(MOST_CONTROL);
        let left = total.saturating_sub(control).saturating_sub(voice_takes);
        let left = left.saturating_sub(self.room_for_files(total, left));
        // More is found for a file than for a call: that is not the picture's.
        let left = if self.files { left.min(MOST_BESIDE_FILES) } else { left };
        let rate = left * self.picture_payload_share();
        (voice, self.decide_picture(now, total, rate))
    }

    /// How much of what the voice leaves is kept for files: half of the link, which comes to more than two fifths when they leave
    /// the pacer, but never so much that the picture would stand still for them.
    fn room_for_files(&self, total: DataRate, left: DataRate) -> DataRate {
        if !self.files {
            return DataRate::ZERO;
        }
        (total * FILES_SHARE).min(left * MOST_FOR_FILES).min(left.saturating_sub(LEAST_BESIDE_FILES))
    }

    /// The camera whose picture is to be sent, if the link carries it; else why none is.
    fn shown(&self) -> Result<CameraFormat, PictureOff> {
        let camera = self.camera.filter(|_| !self.camera_lost).ok_or(PictureOff::NoCamera)?;
        match (self.camera_off, self.wanted) {
            (true, _) => Err(PictureOff::CameraOff),
            (false, false) => Err(PictureOff::NotWanted),
            (false, true) => Ok(camera),
        }
    }

    /// Whether what is lost takes long to come again.
    fn is_far(&self) -> bool {
        self.link.and_then(|link| link.round_trip).is_some_and(|round_trip| round_trip >= FAR)
    }

    /// The highest rung for this camera.
    fn highest(&self, camera: CameraFormat) -> usize {
        ladder::highest(camera, self.preferences.save_data).min(self.encoder.highest())
    }

    /// Which part of a picture's share of the link is the encoder's: the rest is for headers and repairs.
    fn picture_payload_share(&self) -> f64 {
        PICTURE_PAYLOAD_SHARE * (1.0 - f64::from(self.loss.min(MOST_REPAIR)))
    }

    fn total(&self) -> DataRate {
        self.capped(self.target)
    }

    /// No more than the person allows.
    fn capped(&self, rate: DataRate) -> DataRate {
        let rate = self.preferences.max_rate.map_or(rate, |most| rate.min(most));
        if self.preferences.save_data { rate.min(SAVE_DATA_RATE) } else { rate }
    }

    fn decide_voice(&mut self, now: Timestamp, total: DataRate) -> VoicePlan {
        let loss = self.link.map_or(0.0, |link| link.voice_loss);
        self.lossy = if self.lossy { loss >= LOSSY_UNTIL } else { loss >= LOSSY_FROM };
        self.voice_tier = share::tier(self.voice_tier, total);
        let link = VoiceLink {
            share: share::of_voice(self.voice_tier, total, self.lossy, self.shown().is_err()),
            loss,
            loss_follows_loss: self.link.map_or(0.0, |link| link.loss_follows_loss),
            round_trip: self.link.and_then(|link| link.round_trip),
            takes_red: self.link.is_some_and(|link| link.takes_red),
            // Every app of ours that takes RED restores from outlines as well; a browser passes them over.
            takes_dred: self.link.is_some_and(|link| link.takes_red),
        };
        self.voice.decide(now, &link)
    }

    fn decide_picture(&mut self, now: Timestamp, total: DataRate, rate: DataRate) -> PicturePlan {
        let carries = self.thin.decide(now, total, rate);
        let camera = match self.shown() {
            Ok(camera) => camera,
            Err(why) => return PicturePlan::Off(why),
        };
        if carries < Carries::Moving {
            // Coming back starts small: what the link carries by then is not known yet.
            self.rung = 0;
            self.possible_since = [None; ladder::RUNGS];
            return match carries {
                Carries::Slides => thin::slides(camera, rate),
                _ => PicturePlan::Off(PictureOff::LinkTooThin),
            };
        }
        let highest = self.highest(camera);
        let rung = self.decide_rung(now, rate, highest);
        let fps = self.decide_fps(rung, rate).min(camera.fps.max(1));
        let height = rung.height.min(camera.size.height);
        PicturePlan::On { height, fps, rate: rate.min(rung.most) }
    }

    fn decide_rung(&mut self, now: Timestamp, rate: DataRate, highest: usize) -> Rung {
        let mode = self.preferences.mode;
        let holds = ladder::best(mode, rate, 1.0).min(highest);
        if self.rung == usize::MAX {
            self.rung = if self.is_far() { ladder::best(mode, rate * FIRST_FROM_FAR, 1.0).min(holds) } else { holds };
        }
        let before = self.rung;
        if holds < self.rung {
            let since = *self.short_since.get_or_insert(now);
            let settles = self.resized.is_some_and(|at| now.since(at) < SETTLES_IN);
            let borne = ladder::rung(mode, self.rung).least * if settles { BORNE_WHILE_IT_SETTLES } else { BORNE };
            if self.rung > highest || rate < borne || now.since(since) >= BORNE_FOR {
                let fell_far = rate < ladder::rung(mode, self.rung).least * BORNE;
                let rate = if fell_far { rate * SURE_AFTER_A_FALL } else { rate };
                self.rung = ladder::best(mode, rate, 1.0).min(holds);
            }
        } else {
            self.short_since = None;
        }
        let possible = ladder::best(mode, rate * (1.0 / RUNG_UP_MARGIN), 1.0).min(highest);
        for (index, since) in self.possible_since.iter_mut().enumerate() {
            *since = if index <= possible { since.or(Some(now)) } else { None };
        }
        let lasted = |since: &Option<Timestamp>, span| since.is_some_and(|since| now.since(since) >= span);
        let believed = |span| self.possible_since.iter().rposition(|since| lasted(since, span)).unwrap_or(0);
        let (far, near) = (believed(FAR_UP_AFTER), believed(RUNG_UP_AFTER));
        if far > self.rung + 1 {
            self.rung = far;
        } else if near > self.rung {
            self.rung = near;
        }
        if self.rung != before {
            (self.resized, self.short_since) = (Some(now), None);
        }
        ladder::rung(mode, self.rung)
    }

    fn decide_fps(&mut self, rung: Rung, rate: DataRate) -> u32 {
        let enough = if self.fluent { FLUENT_OFF_BELOW } else { FLUENT_ON_FROM };
        self.fluent = rate >= rung.least * enough;
        if self.fluent { rung.fluent_fps } else { rung.fps }
    }
}

/// Whether the difference is worth a change in the encoders: any change of kind, less by 2 %, more by 5 %. Less comes
/// sooner, since too much fills the queue.
fn worth_telling(old: &(VoicePlan, PicturePlan), new: &(VoicePlan, PicturePlan)) -> bool {
    if old.0 != new.0 {
        return true;
    }
    match (old.1, new.1) {
        (PicturePlan::Off(old), PicturePlan::Off(new)) => old != new,
        (PicturePlan::On { height: old_height, fps: old_fps, rate: old }, PicturePlan::On { height, fps, rate }) => {
            height != old_height || fps != old_fps || rate < old * 0.98 || rate > old * 1.05
        }
        (
            PicturePlan::Slides { height: old_height, every: old_every, rate: old },
            PicturePlan::Slides { height, every, rate },
        ) => height != old_height || every != old_every || rate < old * 0.9 || rate > old * 1.1,
        _ => true,
    }
}

/// What is believed of a link before anything is known: enough for 360 rows, little enough for most mobile links.
const START_TARGET: DataRate = DataRate::from_kbps(500);
/// "Save data": about two megabytes a minute each way.
const SAVE_DATA_RATE: DataRate = DataRate::from_kbps(250);
/// The share for reports, feedback, the control channel and path checks.
const CONTROL_SHARE: f64 = 0.05;
/// More it does not become: reports come at intervals that do not shrink any more.
const MOST_CONTROL: DataRate = DataRate::from_kbps(60);
/// The share of a link that is kept for files.
const FILES_SHARE: f64 = 0.5;
/// And of what the voice leaves.
const MOST_FOR_FILES: f64 = 0.6;
/// What a call of 4 Mbps, the most that is looked for without files, leaves its picture.
const MOST_BESIDE_FILES: DataRate = DataRate::from_kbps(3_800);
/// What the picture keeps beside them: the smallest that moves, with room.
const LEAST_BESIDE_FILES: DataRate = DataRate::from_kbps(60);
/// What is left for the encoder of a picture packet: 64 bytes of headers on 1,100, and the rate control's own error.
const PICTURE_PAYLOAD_SHARE: f64 = 0.92;
/// Room for retransmissions is kept as the loss grows, up to this share.
const MOST_REPAIR: f32 = 0.25;

/// A browser's estimate moves by about as much from one second to the next.
const WANTED_STEP_BPS: u64 = 50_000;

/// A higher rung is taken when the rate is so much above what it needs ...
const RUNG_UP_MARGIN: f64 = 1.15;
/// ... for so long. Part of the five seconds in which the picture is to follow a link that got better.
const RUNG_UP_AFTER: Duration = Duration::from_millis(1_500);
/// Two rungs are no moment's luck: a probe has found what nobody hoped for.
const FAR_UP_AFTER: Duration = Duration::from_millis(1_100);
/// A rate that is a little less than the rung needs is borne for a while, as long as a queue takes to drain or a probe to
/// find what was there before: each change of size costs a key frame.
const BORNE: f64 = 0.6;
const BORNE_FOR: Duration = Duration::from_millis(1_500);
/// Likewise, and less, right after a change: an estimate that fell falls once more while the queue drains.
const BORNE_WHILE_IT_SETTLES: f64 = 0.3;
const SETTLES_IN: Duration = Duration::from_secs(1);
/// From so far away the first picture is a small one: of few packets, each of which would have to come again before anything is
/// seen.
const FAR: Duration = Duration::from_millis(150);
/// For that, so much of the rate counts.
const FIRST_FROM_FAR: f64 = 0.4;
/// For the same reason only so much of what is left after a fall counts at first.
const SURE_AFTER_A_FALL: f64 = 0.4;

/// Full movement from half more than the rung's least, less again below a fifth more.
const FLUENT_ON_FROM: f64 = 1.5;
const FLUENT_OFF_BELOW: f64 = 1.2;

/// From so much loss on, the voice has room for redundancy, and until it is less than so much.
const LOSSY_FROM: f32 = 0.02;
const LOSSY_UNTIL: f32 = 0.005;
/// How quickly a rise and a fall of the loss are believed: a burst is answered at once and remembered for a while.
const LOSS_RISES_IN: Duration = Duration::from_secs(1);
const LOSS_FALLS_IN: Duration = Duration::from_secs(5);
