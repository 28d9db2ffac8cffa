use proptest::prelude::*;

use super::*;

const SECOND: usize = 48_000;

/// Numbers that look random, the same ones each time.
pub(super) fn noise(seed: u32) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 2.0 - 1.0
    }
}

/// Somebody who babbles: vowels of three formants over a gliding pitch, four syllables a second and a breath after each
/// two seconds.
fn voice(pitch: f32, seed: u32, seconds: usize) -> Vec<f32> {
    const VOWELS: [[f32; 3]; 4] =
        [[730.0, 1_090.0, 2_440.0], [270.0, 2_290.0, 3_010.0], [570.0, 840.0, 2_410.0], [530.0, 1_840.0, 2_480.0]];
    let mut random = noise(seed);
    let mut formants = [[0.0_f32; 2]; 3];
    let (mut phase, mut vowel, mut glide) = (0.0_f32, 0, 1.0);
    let spoken: Vec<f32> = (0..seconds * SECOND)
        .map(|n| {
            let syllable = (n % 12_000) as f32 / 12_000.0;
            if n % 12_000 == 0 {
                vowel = (random().abs() * 3.99) as usize;
                glide = 1.0 + 0.2 * random();
            }
            let breath = if n % (5 * SECOND / 2) >= 2 * SECOND { 0.0 } else { 1.0 };
            let loud = (std::f32::consts::PI * syllable).sin().powi(2) * breath;
            phase += pitch * (glide - 0.2 * syllable) / SECOND as f32;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase -= pulse;
            let source = loud * (pulse + 0.02 * random());
            // Two poles a formant, 90 Hz wide.
            let radius = (-std::f32::consts::PI * 90.0 / SECOND as f32).exp();
            VOWELS[vowel].iter().zip(&mut formants).zip([1.0, 0.6, 0.3]).fold(0.0, |sum, ((hz, memory), weight)| {
                let turn = (std::f32::consts::TAU * hz / SECOND as f32).cos();
                let out = source + 2.0 * radius * turn * memory[0] - radius * radius * memory[1];
                *memory = [out, memory[0]];
                sum + weight * out
            })
        })
        .collect();
    let peak = spoken.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
    spoken.iter().map(|sample| 0.3 * sample / peak).collect()
}

/// What a microphone hears of `far`: 100 ms later, bent a little by the loudspeaker, with sixty reflections that die away.
fn echo(far: &[f32]) -> Vec<f32> {
    let mut random = noise(77);
    let taps: Vec<(usize, f32)> = std::iter::once((4_800, 0.5))
        .chain((0..60).map(|_| {
            let at = random().abs() * 9_600.0;
            (4_800 + at as usize, 0.2 * random() * (-at / 2_000.0).exp())
        }))
        .collect();
    let bent: Vec<f32> = far.iter().map(|sample| (1.5 * sample).tanh() / 1.5).collect();
    let reflected = |n: usize| taps.iter().filter_map(|(at, gain)| Some(gain * bent.get(n.checked_sub(*at)?)?)).sum();
    (0..far.len()).map(reflected).collect()
}

fn with_noise(mut sound: Vec<f32>, level: f32) -> Vec<f32> {
    let mut random = noise(5);
    sound.iter_mut().for_each(|sample| *sample += level * random());
    sound
}

/// Runs both through, frame by frame.
fn run(near: &mut NearEnd, far: &[f32], microphone: &[f32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(microphone.len());
    for (far, heard) in far.chunks_exact(FRAME).zip(microphone.chunks_exact(FRAME)) {
        near.render(far.try_into().unwrap());
        let mut frame: SoundFrame = heard.try_into().unwrap();
        near.capture(&mut frame);
        out.extend(frame);
    }
    out
}

fn power(sound: &[f32]) -> f64 {
    sound.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / sound.len() as f64
}

fn decibels(a: &[f32], b: &[f32]) -> f64 {
    10.0 * (power(a) / power(b)).log10()
}

/// The best correlation of `b` with an earlier `a`, up to 30 ms, of what makes words: each is bent upwards by 6 dB an
/// octave first, so that the phase of a high-pass filter at 100 Hz does not count.
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let bend = |sound: &[f32]| sound.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
    let (a, b) = (&bend(a)[..], &bend(b)[..]);
    let energy = (power(a) * power(b)).sqrt() * a.len() as f64;
    let at = |lag: usize| a.iter().zip(&b[lag..]).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() / energy;
    (0..1_440).map(at).fold(0.0, f64::max)
}

#[test]
fn the_echo_of_a_room_falls_by_more_than_thirty_decibels_after_five_seconds() {
    let far = voice(200.0, 1, 10);
    let microphone = with_noise(echo(&far), 0.000_5);
    let out = run(&mut NearEnd::new(NearEndSettings::ON), &far, &microphone);
    let after = 5 * SECOND;
    let fall = decibels(&microphone[after..], &out[after..]);
    assert!(fall >= 30.0, "{fall:.1} dB");
    let through = run(&mut NearEnd::new(NearEndSettings::OFF), &far, &microphone);
    assert_eq!(through, microphone, "without processing, all of it is there");
}

#[test]
fn clocks_that_run_apart_do_not_bring_the_echo_back() {
    let far = voice(200.0, 1, 15);
    let together = echo(&far);
    for ppm in [-120.0, 120.0] {
        let drifting = |n: usize| {
            let at = n as f64 / (1.0 + ppm * 1e-6);
            let (whole, part) = (at as usize, at.fract() as f32);
            // Four points: a straight line between two would cost the treble, now more and now less.
            let around: [f32; 4] =
                std::array::from_fn(|k| together.get((whole + k).wrapping_sub(1)).copied().unwrap_or(0.0));
            let [a, b, c, d] = around;
            let bend = [c - a, 2.0 * a - 5.0 * b + 4.0 * c - d, 3.0 * (b - c) + d - a];
            b + 0.5 * part * (bend[0] + part * (bend[1] + part * bend[2]))
        };
        let microphone = with_noise((0..far.len()).map(drifting).collect(), 0.000_5);
        let out = run(&mut NearEnd::new(NearEndSettings::ON), &far, &microphone);
        let fall = decibels(&microphone[6 * SECOND..], &out[6 * SECOND..]);
        assert!(fall >= 30.0, "{fall:.1} dB at {ppm} ppm");
    }
}

#[test]
fn frames_that_come_in_pairs_do_not_bring_the_echo_back() {
    let far = voice(200.0, 1, 10);
    let microphone = with_noise(echo(&far), 0.000_5);
    let mut near = NearEnd::new(NearEndSettings::ON);
    let mut out = Vec::new();
    let mut heard = microphone.chunks_exact(FRAME);
    for (index, far) in far.chunks_exact(FRAME).enumerate() {
        near.render(far.try_into().unwrap());
        // Two frames of the microphone after two of the loudspeaker, and now and then three after three.
        let due = if index % 100 < 30 { index % 3 == 2 } else { index % 2 == 1 };
        let frames = if !due {
            0
        } else if index % 100 < 30 {
            3
        } else {
            2
        };
        for frame in heard.by_ref().take(frames) {
            let mut frame: SoundFrame = frame.try_into().unwrap();
            near.capture(&mut frame);
            out.extend(frame);
        }
    }
    let fall = decibels(&microphone[5 * SECOND..out.len()], &out[5 * SECOND..]);
    assert!(out.len() > 9 * SECOND && fall >= 30.0, "{fall:.1} dB of {} samples", out.len());
}

#[test]
fn a_voice_that_is_alone_passes_unharmed() {
    let spoken = voice(120.0, 2, 8);
    let microphone = with_noise(spoken.clone(), 0.000_5);
    let silence = vec![0.0; spoken.len()];
    for echo_cancelling in [EchoMode::On, EchoMode::Off] {
        let settings = NearEndSettings { echo_cancelling, gain_control: false, ..NearEndSettings::ON };
        let out = run(&mut NearEnd::new(settings), &silence, &microphone);
        let (spoken, out) = (&spoken[3 * SECOND..7 * SECOND], &out[3 * SECOND..8 * SECOND]);
        let change = decibels(&out[..spoken.len()], spoken);
        assert!(change.abs() < 3.0, "{echo_cancelling:?}: {change:.1} dB");
        let alike = correlation(spoken, out);
        assert!(alike > 0.85, "{echo_cancelling:?}: {alike:.2}");
    }
}

#[test]
fn gain_control_makes_a_voice_from_afar_louder_and_keeps_a_loud_one_whole() {
    let spoken = voice(120.0, 2, 12);
    let silence = vec![0.0; spoken.len()];
    let after = 9 * SECOND;
    let gain = |factor: f32| {
        let heard: Vec<f32> = spoken.iter().map(|sample| factor * sample).collect();
        let out = run(&mut NearEnd::new(NearEndSettings::ON), &silence, &heard);
        decibels(&out[after..], &heard[after..])
    };
    let (far, close) = (gain(0.08), gain(3.0));
    assert!((6.0..=20.5).contains(&far), "{far:.1} dB");
    assert!((-6.0..=2.0).contains(&close), "{close:.1} dB");
}

#[test]
fn a_fan_grows_quieter() {
    let fan = with_noise(vec![0.0; 6 * SECOND], 0.01);
    let settings = NearEndSettings { gain_control: false, ..NearEndSettings::ON };
    let out = run(&mut NearEnd::new(settings), &vec![0.0; fan.len()], &fan);
    let fall = decibels(&fan[4 * SECOND..], &out[4 * SECOND..]);
    assert!(fall > 8.0, "{fall:.1} dB");
}

#[test]
fn a_fan_grows_quieter_also_before_anything_has_been_played() {
    let fan = with_noise(vec![0.0; 6 * SECOND], 0.01);
    let mut near = NearEnd::new(NearEndSettings { gain_control: false, ..NearEndSettings::ON });
    let mut out = fan.clone();
    out.as_chunks_mut::<FRAME>().0.iter_mut().for_each(|frame| near.capture(frame));
    let fall = decibels(&fan[4 * SECOND..], &out[4 * SECOND..]);
    assert!(fall > 8.0, "{fall:.1} dB");
}

/// The other voice comes out of the loudspeaker and is heard 5 dB below.
#[test]
fn who_speaks_near_is_heard_while_the_other_side_speaks() {
    let (far, spoken) = (voice(200.0, 1, 20), voice(120.0, 2, 20));
    let mut echoed = echo(&far);
    let quieter = (0.3 * power(&spoken) / power(&echoed)).sqrt() as f32;
    echoed.iter_mut().for_each(|sample| *sample *= quieter);
    let alone = 12 * SECOND;
    let both = echoed.iter().enumerate().map(|(n, echo)| if n < alone { *echo } else { echo + spoken[n] });
    let microphone = with_noise(both.collect(), 0.000_5);
    let out = run(&mut NearEnd::new(NearEndSettings::ON), &far, &microphone);
    let near = 14 * SECOND..19 * SECOND;
    let alike = correlation(&spoken[near.clone()], &out[near.start..20 * SECOND]);
    let fall = decibels(&microphone[6 * SECOND..alone], &out[6 * SECOND..alone]);
    assert!(alike > 0.75 && fall >= 30.0, "alike {alike:.3}, the echo alone {fall:.1} dB lower");
}

#[test]
fn settings_change_without_a_click() {
    let tone: Vec<f32> = (0..8 * SECOND).map(|n| 0.3 * (n as f32 * 0.026).sin()).collect();
    let mut near = NearEnd::new(NearEndSettings::ON);
    let orders = [
        NearEndSettings::OFF,
        NearEndSettings::ON,
        NearEndSettings { echo_cancelling: EchoMode::Off, ..NearEndSettings::ON },
        NearEndSettings { noise_suppression: NoiseSuppression::Low, ..NearEndSettings::ON },
    ];
    let mut last = 0.0_f32;
    let mut steepest = 0.0_f32;
    for (index, frame) in tone.chunks_exact(FRAME).enumerate() {
        if index % 60 == 59 {
            near.set(orders[index / 60 % orders.len()]);
        }
        near.render(&[0.0; FRAME]);
        let mut frame: SoundFrame = frame.try_into().unwrap();
        near.capture(&mut frame);
        for sample in frame {
            steepest = steepest.max((sample - last).abs());
            last = sample;
        }
    }
    // The tone's own steepest step is 0.0078; twenty times that is a click.
    assert!(steepest < 0.03, "{steepest}");
}

#[test]
fn a_change_is_in_force_within_two_seconds() {
    let far = voice(200.0, 1, 6);
    let microphone = with_noise(echo(&far), 0.000_5);
    let mut near = NearEnd::new(NearEndSettings::OFF);
    run(&mut near, &far[..SECOND], &microphone[..SECOND]);
    near.set(NearEndSettings::ON);
    let out = run(&mut near, &far[SECOND..], &microphone[SECOND..]);
    let fall = decibels(&microphone[3 * SECOND..], &out[2 * SECOND..]);
    assert!(fall > 15.0, "{fall:.1} dB");
    near.set(NearEndSettings::OFF);
    run(&mut near, &far[..2 * SECOND], &microphone[..2 * SECOND]);
    let through = run(&mut near, &far[..SECOND], &microphone[..SECOND]);
    assert_eq!(through, microphone[..SECOND]);
}

/// Whether the hint was ever raised, and after how many milliseconds.
fn first_speech(settings: NearEndSettings, far: &[f32], microphone: &[f32]) -> Option<usize> {
    let mut near = NearEnd::new(settings);
    near.listen_for_speech(true);
    far.chunks_exact(FRAME)
        .zip(microphone.chunks_exact(FRAME))
        .position(|(far, heard)| {
            near.render(far.try_into().unwrap());
            near.capture(&mut heard.try_into().unwrap());
            near.speaks()
        })
        .map(|frames| frames * 10)
}

#[test]
fn speech_is_noticed_within_half_a_second() {
    let silence = vec![0.0; 2 * SECOND];
    for settings in [NearEndSettings::ON, NearEndSettings::OFF] {
        for (pitch, seed) in [(120.0, 2), (200.0, 1)] {
            let spoken: Vec<f32> = silence.iter().copied().chain(voice(pitch, seed, 3)).collect();
            let microphone = with_noise(spoken, 0.000_5);
            let far = vec![0.0; microphone.len()];
            let at = first_speech(settings, &far, &microphone).expect("it is noticed at last");
            assert!((2_000..=2_600).contains(&at), "{at} ms, {pitch} Hz");
        }
    }
}

#[test]
fn neither_a_fan_nor_keys_nor_the_other_side_are_taken_for_speech() {
    let silence = vec![0.0; 12 * SECOND];
    let fan = with_noise(silence.clone(), 0.02);
    // Keys: a thud of 20 ms that rings at 300 Hz and clatters, eight a second, not quite even.
    let mut random = noise(9);
    let mut keys = with_noise(silence.clone(), 0.000_5);
    for key in 0..90 {
        let start = key * 6_000 + (random().abs() * 2_000.0) as usize;
        for n in 0..960 {
            let ring = (n as f32 * 0.04).sin() * 0.3 + random() * 0.3;
            keys[start + n] += ring * (-(n as f32) / 200.0).exp();
        }
    }
    let far = voice(200.0, 1, 12);
    let heard = with_noise(echo(&far), 0.000_5);
    for settings in [NearEndSettings::ON, NearEndSettings::OFF] {
        assert_eq!(first_speech(settings, &silence, &fan), None, "fan");
        assert_eq!(first_speech(settings, &silence, &keys), None, "keys");
    }
    let ms = first_speech(NearEndSettings::ON, &far, &heard);
    assert!(ms.is_none(), "the other side, after {ms:?} ms");
}

fn any_sample() -> impl Strategy<Value = f32> {
    prop_oneof![
        4 => -1.0_f32..1.0,
        1 => any::<f32>(),
        1 => prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY), Just(f32::MAX), Just(1e-40)],
    ]
}

fn any_settings() -> impl Strategy<Value = NearEndSettings> {
    let noise =
        prop_oneof![Just(NoiseSuppression::Off), Just(NoiseSuppression::Low), Just(NoiseSuppression::Moderate),];
    (any::<bool>(), noise, any::<bool>()).prop_map(|(echo, noise_suppression, gain_control)| NearEndSettings {
        echo_cancelling: if echo { EchoMode::On } else { EchoMode::Off },
        noise_suppression,
        gain_control,
    })
}

#[derive(Debug, Clone)]
enum Step {
    Set(NearEndSettings),
    Render(Vec<f32>),
    Capture(Vec<f32>),
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_comes_in_sound_comes_out(
        start in any_settings(),
        steps in prop::collection::vec(prop_oneof![
            1 => any_settings().prop_map(Step::Set),
            4 => prop::collection::vec(any_sample(), 1..40).prop_map(Step::Render),
            4 => prop::collection::vec(any_sample(), 1..40).prop_map(Step::Capture),
        ], 1..250),
    ) {
        let fill = |few: &[f32]| -> SoundFrame { std::array::from_fn(|index| few[index % few.len()]) };
        let mut near = NearEnd::new(start);
        for step in &steps {
            match step {
                Step::Set(settings) => near.set(*settings),
                Step::Render(few) => near.render(&fill(few)),
                Step::Capture(few) => {
                    let mut frame = fill(few);
                    near.capture(&mut frame);
                    prop_assert!(frame.iter().all(|sample| sample.is_finite() && sample.abs() <= 1.0));
                    prop_assert!((0.0..=1.0).contains(&near.level()));
                }
            }
        }
    }
}
