//! The media threads: microphone and loudspeaker, picture out, picture in.
//!
//! Media runs one way through here. What runs back is one value each, the latest wins: the plans from `Call`, the
//! request for a key frame, the meters. **Invariant:** the engine never sees a sample or a pixel, and nothing here
//! decides what to send: `Call` does, by [`Plans`].

mod audio;
mod chime;
mod far_end;
mod heard_back;
mod level;
mod lip_meter;
mod lips;
mod meters;
mod muted_speech;
mod near_end;
mod route;
mod slides;
mod slot;
mod test_sound;
mod video_receive;
mod video_send;
mod volume;

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use call::{PictureOff, PicturePlan, VoicePlan};
use devices::DeviceError;
use devices::camera::{Camera, CameraChoice, CameraFormat, StillTaker};
use devices::microphone::{Microphone, MicrophoneChoice};
use devices::screen::ScreenChoice;
use devices::speaker::{Speaker, SpeakerChoice};
use peer::Peer;
use tokio::runtime::Handle;
use tokio::sync::watch;
use units::{Clock, DataRate, DeviceKind, DeviceMove, Listening, Timestamp, VoiceRedundancy};

use crate::pictures::Pictures;

pub use self::heard_back::HeardBack;
pub(crate) use self::heard_back::HeardBackState;
pub(crate) use self::meters::{Meters, PictureTotals};
pub(crate) use self::route::{PacketReceiver, Route, Routes};
pub(crate) use self::slot::Slot;
pub(crate) use self::test_sound::play_test_sound;

/// Which devices a visit uses.
#[derive(Debug, Clone)]
pub struct MediaChoices {
    /// Where the picture comes from.
    pub camera: CameraChoice,
    /// Where the voice comes from.
    pub microphone: MicrophoneChoice,
    /// Where the other's voice goes.
    pub speaker: SpeakerChoice,
    /// Where the other's picture goes.
    pub screen: ScreenChoice,
    /// Whether the voice is cleaned.
    pub processing: Processing,
}

impl MediaChoices {
    /// Nothing is seen, heard, shown or played: for who is there without devices.
    #[must_use]
    pub fn without_devices() -> Self {
        Self {
            camera: CameraChoice::None,
            microphone: MicrophoneChoice::None,
            speaker: SpeakerChoice::None,
            screen: ScreenChoice::None,
            processing: Processing::OfDevices,
        }
    }
}

/// Whether echo and noise are taken out of the microphone's sound, and its loudness is levelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processing {
    /// Always.
    On,
    /// Where it comes from a real microphone: what is in a file is clean.
    OfDevices,
    /// Never.
    Off,
}

impl Processing {
    fn of(self, microphone: &MicrophoneChoice) -> bool {
        match self {
            Self::On => true,
            Self::OfDevices => matches!(microphone, MicrophoneChoice::Device(_)),
            Self::Off => false,
        }
    }
}

/// What the encoders are told, by `Call` alone. Latest wins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plans {
    /// For the voice.
    pub(crate) voice: VoicePlan,
    /// For the picture.
    pub(crate) picture: PicturePlan,
    /// Whether the microphone is off.
    pub(crate) muted: bool,
    /// Whether the camera is off.
    pub(crate) camera_off: bool,
}

impl Plans {
    /// What holds until `Call` has said its first word; nothing is sent before that.
    const BEFORE_THE_FIRST_WORD: Self = Self {
        voice: VoicePlan {
            rate: DataRate::from_kbps(24),
            packet_ms: 20,
            redundancy: VoiceRedundancy::None,
            expected_loss: 0.0,
        },
        picture: PicturePlan::Off(PictureOff::NotWanted),
        muted: false,
        camera_off: false,
    };
}

/// The running media threads; dropping it stops them.
pub(crate) struct MediaThreads {
    shared: Arc<Shared>,
    plans: watch::Sender<Plans>,
    threads: Vec<JoinHandle<()>>,
}

/// What the threads share: flags and meters, no media.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) stop: AtomicBool,
    pub(crate) routes: Routes,
    pub(crate) meters: Meters,
    /// The other side asked for a key frame.
    pub(crate) key_frame_wanted: AtomicBool,
    /// What devices said, until the driver has read it. Devices complain of each trouble once.
    news: Mutex<Vec<DeviceNews>>,
    /// The newest pictures, for a window.
    pub(crate) pictures: Arc<Pictures>,
    /// Somebody is to be called to the window.
    pub(crate) chime: AtomicBool,
    /// The next loudspeaker that is opened is tried by the chime.
    pub(crate) tries_speaker: AtomicBool,
    /// Whether our microphone heard it.
    pub(crate) heard_back: HeardBackState,
    /// How loud the other side is played, in percent.
    pub(crate) volume_percent: AtomicU8,
    /// Another microphone or loudspeaker, until the audio thread has taken it.
    new_microphone: Slot<OpenMicrophone>,
    new_speaker: Slot<Box<dyn Speaker>>,
    /// How the person hears the other side, until the audio thread has taken it.
    pub(crate) listening: Slot<Listening>,
    /// The camera that runs.
    camera: Slot<Camera>,
    latest: video_send::LatestFrame,
    lips: lips::Lips,
}

/// A microphone that runs, and whether its sound is cleaned.
struct OpenMicrophone {
    device: Box<dyn Microphone>,
    processed: bool,
}

impl OpenMicrophone {
    fn open(choice: &MicrophoneChoice, processing: Processing) -> Result<Self, DeviceError> {
        Ok(Self { device: devices::microphone::open(choice)?, processed: processing.of(choice) })
    }
}

/// What a device says while it runs.
#[derive(Debug)]
pub(crate) enum DeviceNews {
    /// It does not work any more.
    Problem(DeviceError),
    /// It works again, or another in its place.
    Back(DeviceKind),
    /// The sound went to another by itself.
    Moved(DeviceKind, DeviceMove),
}

impl Shared {
    fn new(clock: Clock, pictures: Arc<Pictures>) -> Self {
        Self {
            clock,
            stop: AtomicBool::new(false),
            routes: Routes::default(),
            meters: Meters::default(),
            key_frame_wanted: AtomicBool::new(false),
            news: Mutex::default(),
            pictures,
            chime: AtomicBool::new(false),
            tries_speaker: AtomicBool::new(false),
            heard_back: HeardBackState::default(),
            volume_percent: AtomicU8::new(100),
            new_microphone: Slot::default(),
            new_speaker: Slot::default(),
            listening: Slot::default(),
            camera: Slot::default(),
            latest: video_send::LatestFrame::default(),
            lips: lips::Lips::default(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.timestamp(std::time::Instant::now())
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Opens another camera and says what it gives; the one before is closed first, because it may be the same.
    ///
    /// # Errors
    /// It cannot be opened; then there is none.
    pub(crate) fn choose_camera(self: &Arc<Self>, choice: &CameraChoice) -> Result<Option<CameraFormat>, DeviceError> {
        self.close_camera();
        let shared = Arc::downgrade(self);
        let sink = Box::new(move |frame| {
            if let Some(shared) = shared.upgrade() {
                shared.latest.put(frame, &shared);
            }
        });
        let camera = devices::camera::open(choice, self.clock, sink)?;
        let format = camera.format();
        if !self.stopping() {
            drop(self.camera.put(camera));
        }
        // Stopped between the two: nobody would close it any more.
        if self.stopping() {
            drop(self.camera.take());
        }
        Ok(format)
    }

    /// Lets go of the camera: its light goes out.
    pub(crate) fn close_camera(&self) {
        drop(self.camera.take());
        self.pictures.put_own(None);
    }

    /// What the camera gives that runs.
    pub(crate) fn camera_format(&self) -> Option<CameraFormat> {
        self.camera.with(|camera| camera.as_ref().and_then(Camera::format))
    }

    /// Who takes photographs by the camera that runs.
    pub(crate) fn still_taker(&self) -> Option<StillTaker> {
        self.camera.with(|camera| camera.as_ref().filter(|camera| camera.format().is_some()).map(Camera::still_taker))
    }

    /// Opens another microphone.
    ///
    /// # Errors
    /// It cannot be opened; then there is none.
    pub(crate) fn choose_microphone(
        &self,
        choice: &MicrophoneChoice,
        processing: Processing,
    ) -> Result<(), DeviceError> {
        let none = || OpenMicrophone::open(&MicrophoneChoice::None, Processing::Off);
        replace(&self.new_microphone, OpenMicrophone::open(choice, processing), none)
    }

    /// Lets go of the microphone.
    pub(crate) fn close_microphone(&self) {
        // No device is behind this one, so it always opens.
        let _ = self.choose_microphone(&MicrophoneChoice::None, Processing::Off);
    }

    /// Opens another loudspeaker.
    ///
    /// # Errors
    /// It cannot be opened; then there is none.
    pub(crate) fn choose_speaker(&self, choice: &SpeakerChoice) -> Result<(), DeviceError> {
        let none = || devices::speaker::open(&SpeakerChoice::None);
        replace(&self.new_speaker, devices::speaker::open(choice), none)
    }

    fn complain(&self, problem: Option<DeviceError>) {
        if let Some(problem) = problem {
            self.news().push(DeviceNews::Problem(problem));
        }
    }

    fn back(&self, kind: DeviceKind) {
        self.news().push(DeviceNews::Back(kind));
    }

    fn moved(&self, kind: DeviceKind, to: Option<DeviceMove>) {
        if let Some(to) = to {
            self.news().push(DeviceNews::Moved(kind, to));
        }
    }

    fn news(&self) -> MutexGuard<'_, Vec<DeviceNews>> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts a device that was opened into its slot; where it could not be, `none` takes the place of what stood there.
fn replace<D>(
    slot: &Slot<D>,
    opened: Result<D, DeviceError>,
    none: impl FnOnce() -> Result<D, DeviceError>,
) -> Result<(), DeviceError> {
    let (device, result) = match opened {
        Ok(device) => (Some(device), Ok(())),
        Err(error) => (none().ok(), Err(error)),
    };
    drop(device.and_then(|device| slot.put(device)));
    result
}

impl MediaThreads {
    /// Opens the devices and starts the threads; nothing is sent until a route is open.
    ///
    /// # Errors
    /// A device or file that cannot be opened.
    pub(crate) fn start(choices: &MediaChoices, clock: Clock, runtime: Handle) -> Result<Self, DeviceError> {
        let shared = Arc::new(Shared::new(clock, Arc::default()));
        let microphone = OpenMicrophone::open(&choices.microphone, choices.processing)?;
        let speaker = devices::speaker::open(&choices.speaker)?;
        let screen = devices::screen::open(&choices.screen)?;
        let format = shared.choose_camera(&choices.camera)?;
        Ok(Self::spawn(shared, runtime, microphone, speaker, screen, format.is_some()))
    }

    /// Starts the threads without a device; each is chosen later, and may be missing.
    ///
    /// # Errors
    /// None that is known.
    pub(crate) fn start_without_devices(
        clock: Clock,
        runtime: Handle,
        pictures: Arc<Pictures>,
    ) -> Result<Self, DeviceError> {
        let shared = Arc::new(Shared::new(clock, pictures));
        let microphone = OpenMicrophone::open(&MicrophoneChoice::None, Processing::Off)?;
        let speaker = devices::speaker::open(&SpeakerChoice::None)?;
        let screen = devices::screen::open(&ScreenChoice::None)?;
        Ok(Self::spawn(shared, runtime, microphone, speaker, screen, true))
    }

    fn spawn(
        shared: Arc<Shared>,
        runtime: Handle,
        microphone: OpenMicrophone,
        speaker: Box<dyn Speaker>,
        screen: Box<dyn devices::screen::Screen>,
        sends_picture: bool,
    ) -> Self {
        let (plans, plans_seen) = watch::channel(Plans::BEFORE_THE_FIRST_WORD);
        let mut threads = Vec::new();
        let mut spawn = |name: &str, body: Box<dyn FnOnce() + Send>| {
            let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
            threads.push(thread.expect("the system gives a thread at start"));
        };
        {
            let (shared, plans) = (shared.clone(), plans_seen.clone());
            spawn("audio", Box::new(move || audio::run(&shared, &plans, microphone, speaker)));
        }
        if sends_picture {
            let (shared, plans) = (shared.clone(), plans_seen);
            spawn("video-send", Box::new(move || video_send::run(&shared, &plans, &shared.latest)));
        }
        {
            let shared = shared.clone();
            spawn("video-receive", Box::new(move || video_receive::run(&shared, screen, &runtime)));
        }
        Self { shared, plans, threads }
    }

    /// What the threads share with the driver.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Gives the encoders new plans.
    pub(crate) fn set_plans(&self, change: impl FnOnce(&mut Plans)) {
        self.plans.send_modify(change);
    }

    /// Sends from now on to `peer` and hears what comes from it.
    pub(crate) fn attach(&self, peer: &Arc<Peer>, voice: PacketReceiver, picture: PacketReceiver) {
        self.shared.routes.attach(Route { peer: peer.clone() }, voice, picture);
        self.want_key_frame();
    }

    /// The other side cannot go on without a key frame.
    pub(crate) fn want_key_frame(&self) {
        self.shared.key_frame_wanted.store(true, Ordering::Relaxed);
    }

    /// Sends nowhere from now on.
    pub(crate) fn detach(&self) {
        self.shared.routes.detach();
    }

    /// What devices said since this was last asked. The call goes on without those that do not work.
    pub(crate) fn take_news(&mut self) -> Vec<DeviceNews> {
        let said = |camera: &mut Option<Camera>| camera.as_mut().map(|it| (it.take_problem(), it.came_back()));
        if let Some((problem, came_back)) = self.shared.camera.with(said) {
            self.shared.complain(problem);
            if came_back {
                self.shared.back(DeviceKind::Camera);
            }
        }
        std::mem::take(&mut *self.shared.news())
    }

    /// Stops the threads, closes the devices and says whether what they wrote is whole.
    pub(crate) fn finish(mut self) -> Vec<DeviceError> {
        self.stop();
        let problem = |news| if let DeviceNews::Problem(problem) = news { Some(problem) } else { None };
        self.take_news().into_iter().filter_map(problem).collect()
    }

    fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        drop(self.shared.camera.take());
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a media thread had a fault");
            }
        }
    }
}

impl Drop for MediaThreads {
    fn drop(&mut self) {
        self.stop();
    }
}
