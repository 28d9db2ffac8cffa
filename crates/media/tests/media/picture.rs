//! The picture codec on both sides, and what it costs.

use media::h264::{DecodeError, Decoder, EncodeError, EncodedPicture, Encoder};
use proptest::prelude::*;
use units::{DataRate, PictureSize};

use crate::signals::{picture, ssim};

const SIZE: PictureSize = PictureSize::new(640, 360);
/// The smallest in three temporal layers.
const LARGE: PictureSize = PictureSize::new(656, 368);

/// Codes pictures `from..to`; the bytes of the whole and what came out.
fn code(encoder: &mut Encoder, from: u32, to: u32) -> (u64, Vec<Option<EncodedPicture>>) {
    let coded: Vec<_> =
        (from..to).map(|index| encoder.encode(&picture(encoder.size(), index)).expect("a coded picture")).collect();
    (coded.iter().flatten().map(|coded| coded.data.len() as u64).sum(), coded)
}

/// Kilobits a second of `pictures` pictures at 30 a second.
fn kbps(bytes: u64, pictures: u32) -> f64 {
    bytes as f64 * 8.0 * 30.0 / f64::from(pictures) / 1e3
}

#[test]
fn a_picture_at_1500_kbps_is_nearly_what_it_was() {
    let mut encoder = Encoder::new(SIZE, 30, DataRate::from_kbps(1_500)).expect("an encoder");
    let mut decoder = Decoder::new().expect("a decoder");
    let (mut bytes, mut worst, mut sum, mut shown) = (0, 1.0_f64, 0.0, 0);
    for index in 0..90 {
        let source = picture(SIZE, index);
        let Some(coded) = encoder.encode(&source).expect("a coded picture") else { continue };
        assert_eq!(coded.key, index == 0);
        bytes += coded.data.len() as u64;
        let decoded = decoder.decode(&coded.data).expect("decodable").expect("a picture");
        let alike = ssim(&source, &decoded);
        (worst, sum, shown) = (worst.min(alike), sum + alike, shown + 1);
    }
    let mean = sum / f64::from(shown);
    assert!(mean >= 0.95 && worst >= 0.9, "SSIM {mean:.3} in the mean, {worst:.3} at worst");
    assert!(shown >= 85, "only {shown} of 90 pictures");
    assert!(kbps(bytes, 90) < 1_650.0, "{:.0} kbps", kbps(bytes, 90));
}

#[test]
fn the_rate_follows_up_and_down_and_stays_through_a_change_of_size() {
    let mut encoder = Encoder::new(SIZE, 30, DataRate::from_kbps(1_500)).expect("an encoder");
    code(&mut encoder, 0, 30);
    let mut from = 30;
    for (rate, size) in [(300, SIZE), (1_000, SIZE), (150, PictureSize::new(320, 180)), (400, SIZE), (250, SIZE)] {
        encoder.set_rate(DataRate::from_kbps(rate)).expect("a rate");
        encoder.set_size(size).expect("a size");
        code(&mut encoder, from, from + 20);
        let (bytes, _) = code(&mut encoder, from + 20, from + 80);
        let reached = kbps(bytes, 60);
        assert!(reached < rate as f64 * 1.25, "{reached:.0} instead of {rate} kbps at {size}");
        assert!(reached > rate as f64 * 0.4, "{reached:.0} instead of {rate} kbps at {size}");
        from += 80;
    }
}

#[test]
fn half_the_pictures_may_have_twice_the_bytes_each() {
    let mut encoder = Encoder::new(SIZE, 30, DataRate::from_kbps(240)).expect("an encoder");
    code(&mut encoder, 0, 30);
    encoder.set_frame_rate(15).expect("a frame rate");
    code(&mut encoder, 30, 45);
    let (bytes, _) = code(&mut encoder, 45, 105);
    let reached = kbps(bytes, 60) / 2.0;
    assert!((160.0..290.0).contains(&reached), "{reached:.0} kbps");
}

#[test]
fn a_key_frame_comes_when_asked_for_and_does_not_swallow_a_slow_link() {
    let mut encoder = Encoder::new(SIZE, 30, DataRate::from_kbps(300)).expect("an encoder");
    let (_, first) = code(&mut encoder, 0, 60);
    assert!(first[0].as_ref().is_some_and(|coded| coded.key));
    assert!(first[1..].iter().flatten().all(|coded| !coded.key));
    encoder.force_key_frame();
    let (bytes, after) = code(&mut encoder, 60, 120);
    let key = after.iter().flatten().next().expect("a picture");
    assert!(key.key);
    // 0.6 s of the link: longer would be a freeze.
    assert!(key.data.len() < 22_500, "{} bytes", key.data.len());
    assert!(kbps(bytes, 60) < 420.0, "{:.0} kbps", kbps(bytes, 60));
    assert_eq!(after.iter().flatten().filter(|coded| coded.key).count(), 1);
}

#[test]
fn small_pictures_are_in_two_layers() {
    let size = PictureSize::new(640, 360);
    let mut encoder = Encoder::new(size, 20, DataRate::from_kbps(600)).expect("an encoder");
    let mut layers = |from: u32| -> Vec<u8> {
        let coded =
            (from..from + 6).filter_map(|index| encoder.encode(&picture(size, index)).expect("a coded picture"));
        coded.map(|coded| coded.layer).collect()
    };
    assert_eq!(layers(0), [0, 2, 0, 2, 0, 2], "the lowest, and one that nobody needs");
}

#[test]
fn pictures_are_in_layers_unless_they_come_seldom() {
    let mut encoder = Encoder::new(LARGE, 30, DataRate::from_kbps(1_500)).expect("an encoder");
    let layers = |coded: &[Option<EncodedPicture>]| coded.iter().flatten().map(|it| it.layer).collect::<Vec<_>>();
    let (_, coded) = code(&mut encoder, 0, 8);
    assert_eq!(layers(&coded), [0, 2, 1, 2, 0, 2, 1, 2]);
    encoder.force_key_frame();
    let (_, coded) = code(&mut encoder, 8, 13);
    assert_eq!(layers(&coded), [0, 2, 1, 2, 0], "a key frame is of the lowest");
    encoder.set_frame_rate(2).expect("a frame rate");
    let (_, coded) = code(&mut encoder, 13, 17);
    assert!(coded[0].as_ref().is_some_and(|coded| coded.key));
    assert!(layers(&coded).iter().all(|layer| *layer == 0));
    encoder.set_frame_rate(15).expect("a frame rate");
    let (_, coded) = code(&mut encoder, 17, 21);
    assert_eq!(layers(&coded), [0, 2, 1, 2]);
}

#[test]
fn every_slice_fits_a_packet() {
    let mut encoder = Encoder::new(PictureSize::new(1280, 720), 30, DataRate::from_kbps(2_500)).expect("an encoder");
    let (_, coded) = code(&mut encoder, 0, 12);
    for unit in coded.iter().flatten().flat_map(|coded| units_of(&coded.data)) {
        assert!(unit.len() <= 1_100, "{} bytes", unit.len());
    }
}

#[test]
fn sizes_that_cannot_be_coded_are_refused_with_a_sentence() {
    let rate = DataRate::from_kbps(500);
    for size in
        [PictureSize::new(641, 360), PictureSize::new(8, 8), PictureSize::new(4096, 2160), PictureSize::new(0, 0)]
    {
        let refused = Encoder::new(size, 30, rate).err().expect("a refusal");
        assert_eq!(refused, EncodeError::Size(size));
        assert!(refused.to_string().contains("even"));
    }
    let mut encoder = Encoder::new(SIZE, 30, rate).expect("an encoder");
    let other = PictureSize::new(320, 180);
    assert_eq!(encoder.encode(&picture(other, 0)), Err(EncodeError::OtherSize { expected: SIZE, got: other }));
}

#[test]
fn after_a_lost_picture_the_decoder_freezes_until_a_key_frame() {
    let mut encoder = Encoder::new(SIZE, 30, DataRate::from_kbps(800)).expect("an encoder");
    let mut decoder = Decoder::new().expect("a decoder");
    assert!(decoder.is_frozen());
    let (_, coded) = code(&mut encoder, 0, 10);
    let coded: Vec<_> = coded.into_iter().flatten().collect();
    assert_eq!(decoder.decode(&coded[1].data), Err(DecodeError::WaitsForKeyFrame));
    for good in &coded[..4] {
        assert!(decoder.decode(&good.data).is_ok_and(|picture| picture.is_some()));
    }
    let mut damaged = coded[4].data.clone();
    damaged.truncate(damaged.len() / 2);
    let _ = decoder.decode(&damaged);
    let _ = decoder.decode(&coded[6].data);
    assert!(decoder.is_frozen());
    assert_eq!(decoder.decode(&coded[7].data), Err(DecodeError::WaitsForKeyFrame));
    encoder.force_key_frame();
    let (_, after) = code(&mut encoder, 10, 14);
    for good in after.iter().flatten() {
        assert!(decoder.decode(&good.data).is_ok_and(|picture| picture.is_some()));
    }
    assert!(!decoder.is_frozen());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn damaged_pictures_never_make_the_decoder_panic(
        hits in prop::collection::vec((0_usize..6, any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in 0_usize..6,
    ) {
        let size = PictureSize::new(160, 96);
        let mut encoder = Encoder::new(size, 30, DataRate::from_kbps(200)).expect("an encoder");
        let (_, coded) = code(&mut encoder, 0, 6);
        let mut coded: Vec<_> = coded.into_iter().flatten().map(|coded| coded.data).collect();
        for (at, place, value) in hits {
            if let Some(data) = coded.get_mut(at) {
                let place = place.index(data.len());
                data[place] ^= value;
            }
        }
        if let Some(data) = coded.get_mut(cut) {
            data.truncate(data.len() * 2 / 3);
        }
        let mut decoder = Decoder::new().expect("a decoder");
        for data in &coded {
            let _ = decoder.decode(data);
        }
        encoder.force_key_frame();
        let key = encoder.encode(&picture(size, 9)).expect("a coded picture").expect("a picture");
        prop_assert!(decoder.decode(&key.data).is_ok_and(|picture| picture.is_some()));
    }
}

/// The units of an access unit, without their start codes.
pub(crate) fn units_of(annexb: &[u8]) -> Vec<&[u8]> {
    let starts: Vec<usize> =
        (0..annexb.len().saturating_sub(2)).filter(|&at| annexb[at..at + 3] == [0, 0, 1]).collect();
    let ends = starts.iter().skip(1).copied().chain([annexb.len() + 1]);
    let bounds = starts.iter().zip(ends);
    bounds
        .map(|(&start, end)| {
            let unit = &annexb[start + 3..end.min(annexb.len())];
            unit.strip_suffix(&[0]).unwrap_or(unit)
        })
        .collect()
}
