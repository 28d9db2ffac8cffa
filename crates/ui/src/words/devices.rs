//! Devices: what they are called, what is wrong with them, and what to do about it.

use std::time::Duration;

use units::{DeviceKind, DeviceMove, DeviceTrouble, Listening, MoveCause};

pub(crate) const fn device_kind(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Camera => "Camera",
        DeviceKind::Microphone => "Microphone",
        DeviceKind::Speaker => "Loudspeaker",
    }
}

pub(crate) const fn device_default(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Camera => "The first camera",
        DeviceKind::Microphone => "The system's microphone",
        DeviceKind::Speaker => "The system's loudspeaker",
    }
}

/// How the person hears the other side.
pub(crate) const LISTENING: &str = "You listen with";

/// A way to hear the other side.
pub(crate) const fn listening(listening: Listening) -> &'static str {
    match listening {
        Listening::Automatic => "Automatic",
        Listening::Loudspeaker => "Loudspeaker",
        Listening::Headphones => "Headphones",
    }
}

/// What is wrong with a device, what it means, and the next step.
pub(crate) fn device_trouble(kind: DeviceKind, trouble: DeviceTrouble) -> String {
    let without = match kind {
        DeviceKind::Camera => "You can go on without a picture of yours.",
        DeviceKind::Microphone => "Without it the other side does not hear you.",
        DeviceKind::Speaker => "Without it you do not hear the other side.",
    };
    let (what, next) = match trouble {
        DeviceTrouble::Missing => (format!("No {kind} was found."), format!("Plug one in, then try again. {without}")),
        DeviceTrouble::Denied => (
            format!("The system does not let Housecall use the {kind}."),
            format!("Allow it in the system's privacy settings, then try again. {without}"),
        ),
        DeviceTrouble::Busy => {
            (format!("Another program uses the {kind}."), format!("Close that program, then try again. {without}"))
        }
        DeviceTrouble::Unplugged => {
            (format!("The {kind} was unplugged."), format!("Plug it in, then try again, or choose another. {without}"))
        }
        DeviceTrouble::Stalled => (
            format!("The {kind} gives nothing any more."),
            format!("Unplug it, plug it in, then try again, or choose another. {without}"),
        ),
        DeviceTrouble::Failed => {
            (format!("The {kind} does not work."), format!("Try again, or choose another. {without}"))
        }
    };
    format!("{what} {next}")
}

/// Where the sound went by itself, and why.
pub(crate) fn device_moved(kind: DeviceKind, moved: &DeviceMove) -> String {
    let DeviceMove { to, cause } = moved;
    let now = match kind {
        DeviceKind::Speaker => format!("The sound now goes to \u{201c}{to}\u{201d}."),
        DeviceKind::Microphone => format!("The microphone \u{201c}{to}\u{201d} hears you now."),
        DeviceKind::Camera => format!("The camera \u{201c}{to}\u{201d} sees you now."),
    };
    match cause {
        MoveCause::SystemChanged => now,
        MoveCause::ChosenAway { chosen, why } => {
            let why = match why {
                DeviceTrouble::Missing | DeviceTrouble::Unplugged => "is gone",
                DeviceTrouble::Busy => "is used by another program",
                DeviceTrouble::Denied => "may not be used",
                DeviceTrouble::Stalled | DeviceTrouble::Failed => "does not answer",
            };
            format!("\u{201c}{chosen}\u{201d} {why}. {now} It returns when \u{201c}{chosen}\u{201d} works again.")
        }
        MoveCause::ChosenBack => format!("\u{201c}{to}\u{201d} is back. {now}"),
    }
}

/// How long that is said: time enough to look up from a patient.
pub(crate) const MOVED_FOR: Duration = Duration::from_secs(15);

/// Which devices do not work, where there is no room to say why.
pub(crate) fn several_troubles(kinds: &[DeviceKind]) -> String {
    let names: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    format!("These do not work: {}. The call goes on with what there is.", names.join(", "))
}

/// Opens a device again that did not work.
pub(crate) fn try_again(kind: DeviceKind) -> String {
    format!("Try the {kind} again")
}

/// What the microphone's bar says in words.
pub(crate) fn microphone_heard(muted: bool, trouble: bool, loud: f32) -> &'static str {
    match (muted, trouble) {
        (true, _) => "Your microphone is off.",
        (_, true) => "Your microphone does not work.",
        _ if loud > 0.35 => "Your microphone hears you.",
        _ => "Say something: the bar should move.",
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
