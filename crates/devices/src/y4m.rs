//! YUV4MPEG2, the plainest of films: one line of header, then `FRAME` and the bytes of each picture
//! (<https://wiki.multimedia.cx/index.php/YUV4MPEG2>).

mod header;
mod reader;
mod writer;

pub use header::{Defect, Header};
pub use reader::Reader;
pub use writer::Writer;
