//! How much of an echo is left.

/// Echo return loss enhancement (ITU-T G.168): by how many dB `cleaned` has less power than `microphone`, while nobody
/// speaks near. The two are as long, and long against the delay between them. 200 dB where nothing is left.
pub fn erle_db(microphone: &[f32], cleaned: &[f32]) -> f64 {
    let energy = |sound: &[f32]| sound.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
    let (before, after) = (energy(microphone), energy(cleaned));
    if before <= 0.0 {
        return 0.0;
    }
    10.0 * (before / after.max(before * 1e-20)).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_amplitude_is_twenty_decibels() {
        let echo: Vec<f32> = (0..4_800).map(|n| (n as f32 * 0.1).sin()).collect();
        let tenth: Vec<f32> = echo.iter().map(|sample| 0.1 * sample).collect();
        assert!((erle_db(&echo, &tenth) - 20.0).abs() < 1e-3);
        assert!((erle_db(&tenth, &echo) + 20.0).abs() < 1e-3, "louder is a loss");
        assert!(erle_db(&echo, &echo).abs() < 1e-9);
    }

    #[test]
    fn silence_has_no_echo_to_lose() {
        assert_eq!(erle_db(&[0.0; 100], &[0.5; 100]), 0.0);
        assert!((erle_db(&[0.5; 100], &[0.0; 100]) - 200.0).abs() < 1e-9);
    }
}
