//! Devices: what they are called, what is wrong with them, and what to do about it.

use std::time::Duration;

use units::{DeviceKind, DeviceMove, DeviceTrouble, Listening, MoveCause};

pub(crate) fn device_kind(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Camera => say!(device_kind_camera),
        DeviceKind::Microphone => say!(device_kind_microphone),
        DeviceKind::Speaker => say!(device_kind_speaker),
    }
}

pub(crate) fn device_default(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Camera => say!(device_default_camera),
        DeviceKind::Microphone => say!(device_default_microphone),
        DeviceKind::Speaker => say!(device_default_speaker),
    }
}

words! {
    /// How the person hears the other side.
    listening_with,
}

/// A way to hear the other side.
pub(crate) fn listening(listening: Listening) -> &'static str {
    match listening {
        Listening::Automatic => say!(listening_automatic),
        Listening::Loudspeaker => say!(listening_loudspeaker),
        Listening::Headphones => say!(listening_headphones),
    }
}

/// By which of them the files choose: languages call them by he, she or it.
pub(super) const fn device_key(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Camera => "camera",
        DeviceKind::Microphone => "microphone",
        DeviceKind::Speaker => "speaker",
    }
}

/// What is wrong with a device, what it means, and the next step.
pub(crate) fn device_trouble(kind: DeviceKind, trouble: DeviceTrouble) -> String {
    let device = device_key(kind);
    let what_and_next = match trouble {
        DeviceTrouble::Missing => say!(device_missing, device = device),
        DeviceTrouble::Denied => say!(device_denied, device = device),
        DeviceTrouble::Busy => say!(device_busy, device = device),
        DeviceTrouble::Unplugged => say!(device_unplugged, device = device),
        DeviceTrouble::Stalled => say!(device_stalled, device = device),
        DeviceTrouble::Failed => say!(device_failed, device = device),
    };
    let without = match kind {
        DeviceKind::Camera => say!(without_camera),
        DeviceKind::Microphone => say!(without_microphone),
        DeviceKind::Speaker => say!(without_speaker),
    };
    format!("{what_and_next} {without}")
}

/// Where the sound went by itself, and why.
pub(crate) fn device_moved(kind: DeviceKind, moved: &DeviceMove) -> String {
    let DeviceMove { to, cause } = moved;
    let now = match kind {
        DeviceKind::Speaker => say!(device_moved_speaker, to = to.as_str()),
        DeviceKind::Microphone => say!(device_moved_microphone, to = to.as_str()),
        DeviceKind::Camera => say!(device_moved_camera, to = to.as_str()),
    };
    match cause {
        MoveCause::SystemChanged => now,
        MoveCause::ChosenAway { chosen, why } => {
            let chosen = chosen.as_str();
            let why = match why {
                DeviceTrouble::Missing | DeviceTrouble::Unplugged => say!(moved_gone, chosen = chosen),
                DeviceTrouble::Busy => say!(moved_busy, chosen = chosen),
                DeviceTrouble::Denied => say!(moved_denied, chosen = chosen),
                DeviceTrouble::Stalled | DeviceTrouble::Failed => say!(moved_silent, chosen = chosen),
            };
            format!("{why} {now} {}", say!(moved_returns, chosen = chosen))
        }
        MoveCause::ChosenBack => format!("{} {now}", say!(moved_back, to = to.as_str())),
    }
}

/// How long that is said: time enough to look up from a patient.
pub(crate) const MOVED_FOR: Duration = Duration::from_secs(15);

/// Which devices do not work, where there is no room to say why.
pub(crate) fn several_troubles(kinds: &[DeviceKind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| device_in_list(*kind)).collect();
    say!(several_troubles, devices = names.join(", "))
}

/// A device in the midst of a sentence.
pub(super) fn device_in_list(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Camera => say!(in_list_camera),
        DeviceKind::Microphone => say!(in_list_microphone),
        DeviceKind::Speaker => say!(in_list_speaker),
    }
}

/// Opens a device again that did not work.
pub(crate) fn try_again(kind: DeviceKind) -> String {
    say!(try_again, device = device_key(kind))
}

/// What the microphone's bar says in words.
pub(crate) fn microphone_heard(muted: bool, trouble: bool, loud: f32) -> &'static str {
    match (muted, trouble) {
        (true, _) => say!(microphone_is_off),
        (_, true) => say!(microphone_is_broken),
        _ if loud > 0.35 => say!(microphone_hears),
        _ => say!(microphone_say_something),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_sound_goes_is_said_by_name_with_the_reason() {
        let moved = |cause| DeviceMove { to: "Built-in".to_owned(), cause };
        let away = |why| MoveCause::ChosenAway { chosen: "Headset".to_owned(), why };
        assert_eq!(
            device_moved(DeviceKind::Speaker, &moved(MoveCause::SystemChanged)),
            "The sound now goes to \u{201c}Built-in\u{201d}."
        );
        for kind in DeviceKind::ALL {
            let words = device_moved(kind, &moved(away(DeviceTrouble::Unplugged)));
            assert!(words.contains("Built-in") && words.contains("Headset\u{201d} is gone."), "{words}");
            let words = device_moved(kind, &moved(away(DeviceTrouble::Busy)));
            assert!(words.contains("Headset\u{201d} is used by another program."), "{words}");
            assert!(device_moved(kind, &moved(MoveCause::ChosenBack)).contains("Built-in\u{201d} is back."));
        }
    }

    #[test]
    fn every_trouble_has_a_sentence_and_a_next_step() {
        use DeviceTrouble::{Busy, Denied, Failed, Missing, Stalled, Unplugged};
        for kind in DeviceKind::ALL {
            for trouble in [Missing, Denied, Busy, Unplugged, Stalled, Failed] {
                let words = device_trouble(kind, trouble);
                assert!(words.matches(". ").count() >= 2, "{words}");
            }
        }
    }
}
