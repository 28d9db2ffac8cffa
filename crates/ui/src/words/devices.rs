//! Devices: what they are called, what is wrong with them, and what to do about it.

use units::{DeviceKind, DeviceTrouble, Listening};

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
