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
    /// What two people write to each other.
    Chat,
}

impl Icon {
    /// All of them, so that a test can ask for each whether the font has it.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 9] = [
        Self::Microphone,
        Self::MicrophoneOff,
        Self::Camera,
        Self::CameraOff,
        Self::Settings,
        Self::HangUp,
        Self::Person,
        Self::Shield,
        Self::Chat,
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
            Self::Chat => symbols::ICON_CHAT,
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
