//! The options of OpenH264 that its wrapper does not offer: rate, frame rate and temporal layers of a running encoder,
//! and its silence.
#![allow(unsafe_code, reason = "the options are set through a C function that takes an untyped pointer")]

use std::ffi::c_void;
use std::ptr::from_mut;

use openh264::encoder::Encoder;
use openh264_sys2::{
    ENCODER_OPTION, ENCODER_OPTION_BITRATE, ENCODER_OPTION_FRAME_RATE, ENCODER_OPTION_MAX_BITRATE,
    ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, ENCODER_OPTION_TRACE_LEVEL, SBitrateInfo, SEncParamExt, SPATIAL_LAYER_0,
    SPATIAL_LAYER_ALL, WELS_LOG_QUIET,
};
use units::DataRate;

use super::EncodeError;

/// Sets the rate of an encoder that has coded at least one picture.
pub(super) fn set_rate(encoder: &mut Encoder, rate: DataRate) -> Result<(), EncodeError> {
    let bps = i32::try_from(rate.as_bps()).unwrap_or(i32::MAX);
    // OpenH264 refuses a target above its maximum and keeps the broken pair: first lift the maximum out of the way.
    let mut lifted = SBitrateInfo { iLayer: SPATIAL_LAYER_0, iBitrate: LIFTED_MAXIMUM };
    let mut target = SBitrateInfo { iLayer: SPATIAL_LAYER_ALL, iBitrate: bps };
    let mut maximum = SBitrateInfo { iLayer: SPATIAL_LAYER_0, iBitrate: bps };
    // SAFETY: each option reads one `SBitrateInfo` through the pointer, during the call only
    // (`CWelsH264SVCEncoder::SetOption`); an encoder without state answers `cmInitExpected` and reads nothing.
    unsafe {
        set_option(encoder, ENCODER_OPTION_MAX_BITRATE, &mut lifted)?;
        set_option(encoder, ENCODER_OPTION_BITRATE, &mut target)?;
        set_option(encoder, ENCODER_OPTION_MAX_BITRATE, &mut maximum)
    }
}

/// Sets the frame rate of an encoder that has coded at least one picture.
pub(super) fn set_frame_rate(encoder: &mut Encoder, frame_rate: u32) -> Result<(), EncodeError> {
    let mut hertz = frame_rate as f32;
    // SAFETY: the option reads one `float` through the pointer, during the call only.
    unsafe { set_option(encoder, ENCODER_OPTION_FRAME_RATE, &mut hertz) }
}

/// Sets how many temporal layers an encoder has that has coded at least one picture; the next one is a key frame.
pub(super) fn set_temporal_layers(encoder: &mut Encoder, layers: u8) -> Result<(), EncodeError> {
    let mut parameters = SEncParamExt::default();
    // SAFETY: the option writes one `SEncParamExt` through the pointer, during the call only.
    let code = unsafe {
        encoder.raw_api().get_option(ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, from_mut(&mut parameters).cast::<c_void>())
    };
    if code != 0 {
        return Err(EncodeError::Codec(i64::from(code)));
    }
    parameters.iTemporalLayerNum = i32::from(layers);
    parameters.iNumRefFrame = AUTO_REF_PIC_COUNT;
    // SAFETY: the option reads one `SEncParamExt` through the pointer, during the call only; all but two of its fields
    // are what the encoder itself has just said.
    unsafe { set_option(encoder, ENCODER_OPTION_SVC_ENCODE_PARAM_EXT, &mut parameters) }
}

/// Keeps OpenH264 from writing to standard error, from before its first picture on: the wrapper does it only then.
pub(super) fn silence(encoder: &mut Encoder) -> Result<(), EncodeError> {
    let mut level = WELS_LOG_QUIET;
    // SAFETY: the option reads one 32-bit integer through the pointer, during the call only.
    unsafe { set_option(encoder, ENCODER_OPTION_TRACE_LEVEL, &mut level) }
}

/// # Safety
/// `option` must read exactly a `T` through its pointer, and only during the call.
unsafe fn set_option<T>(encoder: &mut Encoder, option: ENCODER_OPTION, value: &mut T) -> Result<(), EncodeError> {
    // SAFETY: `raw_api` asks not to set what the wrapper relies on: it relies on none of the options used here. The
    // pointer is valid and unique for the call; the caller answers for its type.
    let code = unsafe { encoder.raw_api().set_option(option, from_mut(value).cast::<c_void>()) };
    if code == 0 { Ok(()) } else { Err(EncodeError::Codec(i64::from(code))) }
}

/// As many references as the layers need (`AUTO_REF_PIC_COUNT` in OpenH264's `codec_app_def.h`).
const AUTO_REF_PIC_COUNT: i32 = -1;
/// Above any rate that is set here, below the limit of level 5.2.
const LIFTED_MAXIMUM: i32 = 20_000_000;
