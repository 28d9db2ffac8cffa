//! Signs on buttons: Material Symbols, each named by what it is about here. A screen reader hears the button's name, never
//! these.

use egui::{Align2, Color32, FontFamily, FontId, Painter, Rect};
use egui_material_icons::icons as symbols;

/// What a button is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Icon {
    /// A microphone that is on.
    Microphone,
    /// A microphone that is off.
    MicrophoneOff,
    /// A camera that is on.
    Camera,
    /// A camera that is off.
    CameraOff,
    /// Things to set.
    Settings,
    /// A handset on its hook.
    HangUp,
    /// A person.
    Person,
    /// What protects.
    Shield,
    /// A loudspeaker.
    Volume,
    /// A loudspeaker that is silent.
    Silent,
    /// Something is as it should be.
    Good,
    /// Something is to be looked at.
    Look,
    /// A telephone.
    Telephone,
    /// A clock.
    Clock,
    /// Nearer.
    ZoomIn,
    /// Farther.
    ZoomOut,
    /// Over the whole screen.
    FullScreen,
    /// In a window again.
    InWindow,
    /// Something is not to be seen.
    Hide,
    /// What two people write to each other.
    Chat,
    /// Notes.
    Notes,
    /// A small window.
    Mini,
    /// The window as it was before it was small.
    Enlarge,
}

impl Icon {
    /// All of them, so that a test can ask for each whether the font has it.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 23] = [
        Self::Microphone,
        Self::MicrophoneOff,
        Self::Camera,
        Self::CameraOff,
        Self::Settings,
        Self::HangUp,
        Self::Person,
        Self::Shield,
        Self::Volume,
        Self::Silent,
        Self::Good,
        Self::Look,
        Self::Telephone,
        Self::Clock,
        Self::ZoomIn,
        Self::ZoomOut,
        Self::FullScreen,
        Self::InWindow,
        Self::Hide,
        Self::Chat,
        Self::Notes,
        Self::Mini,
        Self::Enlarge,
    ];

    /// The letter by which the font has it.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Microphone => symbols::ICON_MIC,
            Self::MicrophoneOff => symbols::ICON_MIC_OFF,
            Self::Camera => symbols::ICON_VIDEOCAM,
            Self::CameraOff => symbols::ICON_VIDEOCAM_OFF,
            Self::Settings => symbols::ICON_SETTINGS,
            Self::HangUp => symbols::ICON_CALL_END,
            Self::Person => symbols::ICON_PERSON,
            Self::Shield => symbols::ICON_VERIFIED_USER,
            Self::Volume => symbols::ICON_VOLUME_UP,
            Self::Silent => symbols::ICON_VOLUME_OFF,
            Self::Good => symbols::ICON_CHECK_CIRCLE,
            Self::Look => symbols::ICON_ERROR,
            Self::Telephone => symbols::ICON_CALL,
            Self::Clock => symbols::ICON_SCHEDULE,
            Self::ZoomIn => symbols::ICON_ZOOM_IN,
            Self::ZoomOut => symbols::ICON_ZOOM_OUT,
            Self::FullScreen => symbols::ICON_FULLSCREEN,
            Self::InWindow => symbols::ICON_FULLSCREEN_EXIT,
            Self::Hide => symbols::ICON_VISIBILITY_OFF,
            Self::Chat => symbols::ICON_CHAT,
            Self::Notes => symbols::ICON_EDIT_NOTE,
            Self::Mini => symbols::ICON_PICTURE_IN_PICTURE_ALT,
            Self::Enlarge => symbols::ICON_OPEN_IN_FULL,
        }
        .codepoint
    }
}

/// Paints `icon` into the square `rect`.
pub(crate) fn paint(painter: &Painter, rect: Rect, icon: Icon, color: Color32) {
    // The family in which it stands behind all letters: there no letter has its place.
    let font = FontId::new(rect.height(), FontFamily::Proportional);
    painter.text(rect.center(), Align2::CENTER_CENTER, icon.sign(), font, color);
}
