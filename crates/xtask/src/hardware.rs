//! What this machine has to show and to sound, as far as its kernel tells. This crate names no library of devices, so
//! that it is built before anything that those need.

use std::env;
use std::fs;

/// Which devices there are.
#[derive(Debug, Clone, Copy)]
pub struct Hardware {
    /// A camera.
    pub camera: bool,
    /// A microphone.
    pub microphone: bool,
    /// A loudspeaker.
    pub speaker: bool,
}

impl Hardware {
    /// What this machine has. Elsewhere than on Linux all of it is taken to be there: a window says what is missing.
    #[must_use]
    pub fn of_this_machine() -> Self {
        if !cfg!(target_os = "linux") {
            return Self { camera: true, microphone: true, speaker: true };
        }
        let cameras = fs::read_dir("/sys/class/video4linux").is_ok_and(|mut nodes| nodes.next().is_some());
        let sound = fs::read_to_string("/proc/asound/pcm").unwrap_or_default();
        // A sound server that is named is meant to be used, though the kernel has no card.
        let named = is_set("PULSE_SERVER");
        Self {
            camera: cameras,
            microphone: named || has_pcm(&sound, "capture"),
            speaker: named || has_pcm(&sound, "playback"),
        }
    }
}

/// Whether windows can open.
#[must_use]
pub fn has_display() -> bool {
    cfg!(any(target_os = "macos", target_os = "windows")) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Whether ALSA's list (`00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1`) has a device of this direction.
fn has_pcm(list: &str, direction: &str) -> bool {
    list.lines().flat_map(|line| line.split(" : ")).any(|part| part.trim_start().starts_with(direction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_that_only_plays_is_no_microphone() {
        let list = "00-03: HDMI 0 : HDMI 0 : playback 1\n";
        assert!(has_pcm(list, "playback") && !has_pcm(list, "capture"));
        assert!(has_pcm("00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1\n", "capture"));
        assert!(!has_pcm("", "playback"));
    }
}
