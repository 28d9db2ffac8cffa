//! Voices and pictures through codecs and buffers, over links made of arithmetic.

mod assembly;
mod codec_build;
mod lips;
mod picture;
mod playout;
mod signals;
mod voice;
mod voice_link;
mod voice_trajectories;
