//! Opens and closes the devices of a visit in a window, beside everything else that goes on.

use std::sync::Arc;

use call::DeviceInput;
use tokio::sync::mpsc;

use crate::board::{DeviceBoard, DeviceKind, Trouble};
use crate::media::{MediaChoices, Shared};
use crate::pictures::Repaint;
use crate::{CameraChoice, MicrophoneChoice, SpeakerChoice};

/// Opens the devices that were chosen, one after the other: a device that hangs keeps no window waiting.
pub(crate) struct DeviceKeeper {
    pub(crate) shared: Arc<Shared>,
    pub(crate) board: Arc<DeviceBoard>,
    pub(crate) choices: MediaChoices,
    pub(crate) repaint: Repaint,
    pub(crate) engine: mpsc::Sender<DeviceInput>,
}

impl DeviceKeeper {
    pub(crate) async fn run(mut self, mut changes: mpsc::Receiver<(DeviceKind, Option<String>)>) {
        for kind in [DeviceKind::Camera, DeviceKind::Microphone, DeviceKind::Speaker] {
            if let Some(name) = self.board.chosen(kind) {
                self.point(kind, Some(name));
            }
            self = self.open(kind).await;
        }
        let (board, repaint) = (self.board.clone(), self.repaint.clone());
        tokio::task::spawn_blocking(move || {
            board.look();
            repaint();
        });
        while let Some((kind, name)) = changes.recv().await {
            self.board.choose(kind, name.clone());
            self.point(kind, name);
            self = self.open(kind).await;
        }
    }

    /// Names the device that is to be opened.
    fn point(&mut self, kind: DeviceKind, name: Option<String>) {
        match kind {
            DeviceKind::Camera => self.choices.camera = CameraChoice::Device(name),
            DeviceKind::Microphone => self.choices.microphone = MicrophoneChoice::Device(name),
            DeviceKind::Speaker => self.choices.speaker = SpeakerChoice::Device(name),
        }
    }

    async fn open(self, kind: DeviceKind) -> Self {
        let (shared, choices) = (self.shared.clone(), self.choices.clone());
        let opened = tokio::task::spawn_blocking(move || match kind {
            DeviceKind::Camera => shared.choose_camera(&choices.camera),
            DeviceKind::Microphone => shared.choose_microphone(&choices.microphone),
            DeviceKind::Speaker => shared.choose_speaker(&choices.speaker),
        });
        let input = match opened.await {
            Ok(Ok(())) => self.board.works(kind),
            Ok(Err(error)) => {
                tracing::info!(%error, "a device is missing");
                self.board.complain(&error).unwrap_or_else(|| self.board.lost(kind, Trouble::Failed))
            }
            Err(_fault) => self.board.lost(kind, Trouble::Failed),
        };
        // The visit may be over.
        let _ = self.engine.send(input).await;
        (self.repaint)();
        self
    }
}
