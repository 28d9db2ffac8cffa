//! Three bands of 8 kHz each, and back.

use sonora::three_band_filter_bank::ThreeBandFilterBank;

use super::SoundFrame;

/// 10 ms as 0–8, 8–16 and 16–24 kHz, each at 16 kHz, in the scale of 16 bit samples.
pub(super) type Bands = [[f32; BAND_FRAME]; BANDS];

pub(super) const BANDS: usize = 3;
pub(super) const BAND_FRAME: usize = 160;

/// `sonora`'s parts count in the units of 16 bit samples.
pub(super) const FULL_SCALE: f32 = 32_768.0;

/// Takes one signal apart and puts it together again.
#[derive(Debug)]
pub(super) struct BandSplit(ThreeBandFilterBank);

impl BandSplit {
    pub(super) fn new() -> Self {
        Self(ThreeBandFilterBank::new())
    }

    pub(super) fn split(&mut self, frame: &SoundFrame) -> Bands {
        let mut bands = [[0.0; BAND_FRAME]; BANDS];
        self.0.analysis(&frame.map(|sample| sample * FULL_SCALE), &mut bands);
        bands
    }

    pub(super) fn join(&mut self, bands: &Bands) -> SoundFrame {
        let mut frame = [0.0; super::FRAME];
        self.0.synthesis(bands, &mut frame);
        frame.map(|sample| sample / FULL_SCALE)
    }
}
