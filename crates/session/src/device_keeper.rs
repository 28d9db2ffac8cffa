//! Keeps one kind of device of a visit in a window as it is wished: opened, changed, and a camera that is off let go of.

use std::sync::Arc;

use call::{DeviceInput, Snapshot};
use devices::camera::CameraFormat;
use tokio::sync::{mpsc, watch};
use units::{DeviceKind, DeviceTrouble};

use crate::MicrophoneChoice;
use crate::board::DeviceBoard;
use crate::headless::call_format;
use crate::media::{MediaChoices, Shared};
use crate::pictures::Repaint;

/// One for each kind, beside everything else that goes on: a device that takes its time keeps neither the window nor the
/// call nor another device waiting.
pub(crate) struct DeviceKeeper {
    pub(crate) kind: DeviceKind,
    pub(crate) shared: Arc<Shared>,
    pub(crate) board: Arc<DeviceBoard>,
    /// What is used while nothing is chosen.
    pub(crate) started_with: MediaChoices,
    pub(crate) repaint: Repaint,
    pub(crate) engine: mpsc::Sender<DeviceInput>,
}

impl DeviceKeeper {
    /// Opens the device, again with each wish, and lets go of it when the visit has ended: its last words may take a while.
    pub(crate) async fn run(self, mut wishes: mpsc::Receiver<()>, mut snapshots: watch::Receiver<Snapshot>) {
        let mut off = false;
        self.open().await;
        loop {
            tokio::select! {
                // One that is off is opened with what is chosen then. Who left the visit wishes nothing any more.
                Some(()) = wishes.recv() => if !off { self.open().await },
                changed = snapshots.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let (ended, camera_off) = {
                        let seen = snapshots.borrow_and_update();
                        (seen.phase.is_ended(), seen.camera_off)
                    };
                    if ended {
                        return self.let_go().await;
                    }
                    let is_off = self.kind == DeviceKind::Camera && camera_off;
                    if std::mem::replace(&mut off, is_off) != is_off {
                        if is_off { self.switch_camera_off().await } else { self.open().await }
                    }
                }
            }
        }
    }

    async fn open(&self) {
        let (shared, kind, choices) = (self.shared.clone(), self.kind, self.choices());
        let opened = tokio::task::spawn_blocking(move || -> Result<Option<CameraFormat>, _> {
            match kind {
                DeviceKind::Camera => shared.choose_camera(&choices.camera),
                DeviceKind::Microphone => {
                    shared.choose_microphone(&choices.microphone, choices.processing).map(|()| None)
                }
                DeviceKind::Speaker => shared.choose_speaker(&choices.speaker).map(|()| None),
            }
        });
        let input = match opened.await {
            // No microphone was wanted, and the engine knows it from the beginning.
            Ok(Ok(_)) if self.kind == DeviceKind::Microphone && self.is_without_microphone() => None,
            Ok(Ok(format)) => self.board.works(self.kind, format.map(call_format)),
            Ok(Err(error)) => {
                // Without its words: a device may bear its owner's name.
                tracing::info!(kind = ?self.kind, "a device did not open");
                self.board.complain(&error).or_else(|| Some(self.board.lost(self.kind, DeviceTrouble::Failed)))
            }
            Err(_fault) => Some(self.board.lost(self.kind, DeviceTrouble::Failed)),
        };
        if let Some(input) = input {
            // The visit may be over.
            let _ = self.engine.send(input).await;
        }
        (self.repaint)();
    }

    async fn switch_camera_off(&self) {
        self.let_go().await;
        self.board.forgive(DeviceKind::Camera);
        (self.repaint)();
    }

    /// What hears or sees is closed; a loudspeaker does neither, and may still be sounding.
    async fn let_go(&self) {
        let (shared, kind) = (self.shared.clone(), self.kind);
        let close = move || match kind {
            DeviceKind::Camera => shared.close_camera(),
            DeviceKind::Microphone => shared.close_microphone(),
            DeviceKind::Speaker => {}
        };
        let _ = tokio::task::spawn_blocking(close).await;
    }

    /// What to open now.
    fn choices(&self) -> MediaChoices {
        self.board.choices(&self.started_with)
    }

    fn is_without_microphone(&self) -> bool {
        self.choices().microphone == MicrophoneChoice::None
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use call::{EndReason, Phase};
    use units::Clock;

    use super::*;
    use crate::media::MediaThreads;
    use crate::person::tests::snapshot;
    use crate::{CameraChoice, PatternKind, ToneKind};

    /// A keeper of this kind that runs, and what goes in and comes out.
    struct Scene {
        media: MediaThreads,
        board: Arc<DeviceBoard>,
        wishes: mpsc::Sender<()>,
        snapshots: watch::Sender<Snapshot>,
        heard: mpsc::Receiver<DeviceInput>,
    }

    fn scene(kind: DeviceKind, started_with: MediaChoices) -> Scene {
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let runtime = tokio::runtime::Handle::current();
        let media = MediaThreads::start_without_devices(clock, runtime, Arc::default()).unwrap();
        let board = Arc::new(DeviceBoard::default());
        let (engine, heard) = mpsc::channel(8);
        let (wishes, wished) = mpsc::channel(1);
        let (snapshots, seen) = watch::channel(snapshot(Phase::Lobby));
        let keeper = DeviceKeeper {
            kind,
            shared: media.shared().clone(),
            board: board.clone(),
            started_with,
            repaint: Arc::new(|| {}),
            engine,
        };
        tokio::spawn(keeper.run(wished, seen));
        Scene { media, board, wishes, snapshots, heard }
    }

    fn made_up() -> MediaChoices {
        MediaChoices {
            camera: CameraChoice::Pattern(PatternKind::Patient),
            microphone: MicrophoneChoice::Tone(ToneKind::Patient),
            ..MediaChoices::without_devices()
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_camera_that_is_off_is_let_go_of_and_opened_again_when_it_is_on() {
        let mut scene = scene(DeviceKind::Camera, made_up());
        let Some(DeviceInput::CameraBack(first)) = scene.heard.recv().await else { panic!("no camera") };
        assert_eq!(first.size.height, 360, "the engine hears what the camera really gives");
        scene.snapshots.send_modify(|snapshot| snapshot.camera_off = true);
        while scene.media.shared().camera_format().is_some() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        scene.wishes.send(()).await.unwrap();
        scene.snapshots.send_modify(|snapshot| snapshot.camera_off = false);
        assert_eq!(scene.heard.recv().await, Some(DeviceInput::CameraBack(first)));
        // The wish may have been heard last, and then it is opened anew.
        while scene.media.shared().camera_format().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_camera_is_let_go_of_when_the_visit_has_ended_though_its_threads_still_run() {
        let mut scene = scene(DeviceKind::Camera, made_up());
        assert!(matches!(scene.heard.recv().await, Some(DeviceInput::CameraBack(_))));
        drop(scene.wishes);
        scene.snapshots.send_modify(|snapshot| snapshot.phase = Phase::Ended(EndReason::HungUp));
        assert_eq!(scene.heard.recv().await, None, "the keeper is done");
        assert!(scene.media.shared().camera_format().is_none());
        assert!(!scene.media.shared().stopping());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_camera_that_is_missing_is_a_trouble_and_another_choice_mends_it() {
        let missing = MediaChoices { camera: CameraChoice::Device(Some("no such camera".to_owned())), ..made_up() };
        let mut scene = scene(DeviceKind::Camera, missing);
        assert_eq!(scene.heard.recv().await, Some(DeviceInput::CameraLost));
        assert_eq!(scene.board.read().cameras.trouble, Some(DeviceTrouble::Missing));
        scene.wishes.send(()).await.unwrap();
        assert_eq!(scene.heard.recv().await, Some(DeviceInput::CameraLost), "it was tried again");
        scene.board.choose(DeviceKind::Camera, None);
        assert_eq!(scene.board.read().cameras.trouble, None);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_wants_no_device_hears_of_no_trouble() {
        let none = MediaChoices { camera: CameraChoice::None, microphone: MicrophoneChoice::None, ..made_up() };
        for kind in [DeviceKind::Camera, DeviceKind::Microphone] {
            let mut scene = scene(kind, none.clone());
            drop(scene.snapshots);
            assert_eq!(scene.heard.recv().await, None, "{kind}");
            assert_eq!(scene.board.read(), units::Devices::default());
        }
    }
}
