//! Echo cancelling: WebRTC's AEC3, with a longer filter than it has by itself.
//!
//! `sonora`'s whole pipeline takes no settings for AEC3, so its parts are put together here as they are there.

use std::fmt;

use sonora_aec3::block::Block;
use sonora_aec3::block_framer::BlockFramer;
use sonora_aec3::block_processor::BlockProcessor;
use sonora_aec3::common::SUB_FRAME_LENGTH;
use sonora_aec3::config::EchoCanceller3Config;
use sonora_aec3::frame_blocker::FrameBlocker;

use super::bands::{BAND_FRAME, BANDS, Bands, FULL_SCALE};

/// Takes the loudspeaker's sound out of the microphone's; adds 4 ms.
pub(super) struct EchoCanceller {
    aec: BlockProcessor,
    render: Blocker,
    capture: Blocker,
    framer: BlockFramer,
    /// One half of a frame, by band and channel.
    half: Vec<Vec<Vec<f32>>>,
    /// What the linear filter leaves of the lowest band, before anything is muted.
    linear: Linear,
}

/// The linear filter's output, in blocks and in halves of frames.
struct Linear {
    block: Block,
    framer: BlockFramer,
    half: Vec<Vec<Vec<f32>>>,
}

impl Linear {
    fn new() -> Self {
        Self { block: Block::new(1, 1), framer: BlockFramer::new(1, 1), half: vec![vec![vec![0.0; SUB_FRAME_LENGTH]]] }
    }

    /// Gives back a block to be filled. Until the loudspeaker has played for the first time, AEC3 lets the microphone's
    /// sound pass and fills nothing: what is in it already is then what was left of that.
    fn take(&mut self, heard: &Block) -> &mut Block {
        self.block.view_mut(0, 0).copy_from_slice(heard.view(0, 0));
        &mut self.block
    }
}

impl EchoCanceller {
    pub(super) fn new() -> Self {
        Self {
            aec: BlockProcessor::new(&tuning(), 48_000, 1, 1),
            render: Blocker::new(),
            capture: Blocker::new(),
            framer: BlockFramer::new(BANDS, 1),
            half: vec![vec![vec![0.0; SUB_FRAME_LENGTH]]; BANDS],
            linear: Linear::new(),
        }
    }

    /// Takes what the loudspeaker plays.
    pub(super) fn render(&mut self, bands: &Bands) {
        for half in 0..2 {
            let block = self.render.take(bands, half);
            self.aec.buffer_render(block);
        }
        if let Some(block) = self.render.spare() {
            self.aec.buffer_render(block);
        }
    }

    /// Takes the echo out of what the microphone hears; `saturated` says that it was cut off at full scale. Answers what
    /// the linear filter alone leaves of the lowest band: nothing muted, nothing filled in.
    pub(super) fn capture(&mut self, bands: &mut Bands, saturated: bool) -> [f32; BAND_FRAME] {
        let Self { aec, capture, framer, half: cleaned, linear, .. } = self;
        let mut left = [0.0; BAND_FRAME];
        for half in 0..2 {
            let block = capture.take(bands, half);
            aec.process_capture(false, saturated, Some(linear.take(block)), block);
            framer.insert_block_and_extract_sub_frame(block, cleaned);
            for (band, cleaned) in bands.iter_mut().zip(&*cleaned) {
                band[range(half)].copy_from_slice(&cleaned[0]);
            }
            linear.framer.insert_block_and_extract_sub_frame(&linear.block, &mut linear.half);
            left[range(half)].copy_from_slice(&linear.half[0][0]);
        }
        if let Some(block) = capture.spare() {
            aec.process_capture(false, saturated, Some(linear.take(block)), block);
            framer.insert_block(block);
            linear.framer.insert_block(&linear.block);
        }
        left
    }
}

impl fmt::Debug for EchoCanceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EchoCanceller").finish_non_exhaustive()
    }
}

/// Whether AEC3 counts a frame as cut off.
pub(super) fn is_saturated(frame: &super::SoundFrame) -> bool {
    frame.iter().any(|sample| sample.abs() * FULL_SCALE >= 32_700.0)
}

/// Blocks of 4 ms out of halves of 5 ms: every fourth half leaves one to spare.
struct Blocker {
    blocker: FrameBlocker,
    block: Block,
}

impl Blocker {
    fn new() -> Self {
        Self { blocker: FrameBlocker::new(BANDS, 1), block: Block::new(BANDS, 1) }
    }

    fn take(&mut self, bands: &Bands, half: usize) -> &mut Block {
        let view: Vec<Vec<&[f32]>> = bands.iter().map(|band| vec![&band[range(half)]]).collect();
        self.blocker.insert_sub_frame_and_extract_block(&view, &mut self.block);
        &mut self.block
    }

    fn spare(&mut self) -> Option<&mut Block> {
        self.blocker.is_block_available().then(|| {
            self.blocker.extract_block(&mut self.block);
            &mut self.block
        })
    }
}

fn range(half: usize) -> std::ops::Range<usize> {
    half * BAND_FRAME / 2..(half + 1) * BAND_FRAME / 2
}

/// AEC3's own filter of 52 ms ends while a room still sounds, and what is left it takes out by muting, also of who speaks
/// near. Measured with two voices at once (echo at −5 dB, RT60 350 ms, 80 ms late): STOI 0.68 with its own settings, 0.74
/// with the longer filter, 0.79 with what is set for two voices at once too; the echo alone falls by 40 dB and more.
fn tuning() -> EchoCanceller3Config {
    let mut config = EchoCanceller3Config::default();
    let filter = &mut config.filter;
    // 120 ms. It begins with 80: a longer one does not learn fast enough.
    (filter.refined.length_blocks, filter.coarse.length_blocks) = (30, 30);
    (filter.refined_initial.length_blocks, filter.coarse_initial.length_blocks) = (20, 20);
    // Fast steps for ten seconds of sound: before, the long filter would be trusted while it still learns.
    filter.initial_state_seconds = 10.0;
    // A filter that takes out 12 dB is believed (8 dB above 2 kHz): it was 6 and 2.
    (config.erle.max_l, config.erle.max_h) = (16.0, 6.0);
    // The delay is looked for at 2 kHz instead of 4: found as well and sooner, at half of what that costs.
    config.delay.down_sampling_factor = 8;
    alone(&mut config);
    both(&mut config);
    config
}

/// While nobody speaks near, what could be echo is muted at half of what AEC3 takes by itself: nothing is lost then. What
/// was muted comes back more slowly, too.
fn alone(config: &mut EchoCanceller3Config) {
    let tuning = &mut config.suppressor.normal_tuning;
    (tuning.mask_lf.enr_transparent, tuning.mask_lf.enr_suppress) = (0.15, 0.2);
    (tuning.mask_hf.enr_transparent, tuning.mask_hf.enr_suppress) = (0.035, 0.05);
    tuning.max_inc_factor = 1.5;
}

/// While somebody speaks near.
///
/// What cost words: what had been muted came back by 3 dB every 4 ms only, from as deep as 50 dB, so the beginning of the
/// near voice's next sound was gone; and the room's tail behind the filter was muted in full, although the near voice
/// covers most of it.
fn both(config: &mut EchoCanceller3Config) {
    // What is left of the tail's power after each block of 4 ms: counted as an RT60 of 110 ms instead of 300.
    config.ep_strength.nearend_len = 0.6;
    let tuning = &mut config.suppressor.nearend_tuning;
    // 9 dB every 4 ms.
    tuning.max_inc_factor = 8.0;
    (tuning.mask_lf.enr_transparent, tuning.mask_lf.enr_suppress) = (0.7, 0.9);
    (tuning.mask_hf.enr_transparent, tuning.mask_hf.enr_suppress) = (0.2, 0.4);
    // As so much is let through then, it must not be taken for a near voice when the filter is wrong for a moment (a
    // far voice's onset, clocks not yet brought together): 88 ms instead of 48 of clear sound. It is held for 360 ms instead
    // of 200: from one word to the next.
    let detection = &mut config.suppressor.dominant_nearend_detection;
    (detection.trigger_threshold, detection.hold_duration) = (22, 90);
}
