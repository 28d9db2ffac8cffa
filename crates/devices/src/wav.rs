//! WAV: any one is read into a loop of 48 kHz mono, and 48 kHz mono of 16 bit is written.

mod reader;
mod resample;
mod writer;

pub use reader::{Defect, read};
pub use writer::Writer;
