//! The first line of a y4m film.

use units::PictureSize;

use crate::FrameRate;

/// What the first line says that we use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The size of every picture.
    pub size: PictureSize,
    /// Pictures in a second.
    pub fps: FrameRate,
}

/// Why a file is not a y4m film that can be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// It does not begin as every y4m film does.
    #[error("it is not a y4m film, its first word is not YUV4MPEG2; convert it with ffmpeg to a .y4m file")]
    NotY4m,
    /// The first line does not end.
    #[error("its header does not end within {MAX_HEADER_LENGTH} bytes; convert it again")]
    HeaderTooLong,
    /// The header lacks something.
    #[error("its header does not tell the {0}; convert it again")]
    Lacks(&'static str),
    /// The header says something that cannot be.
    #[error("its header says \"{tag}\", which is no {what}; convert it again")]
    Nonsense {
        /// What it should be.
        what: &'static str,
        /// The tag as it stands there, shortened.
        tag: String,
    },
    /// The pictures are too small or too large.
    #[error(
        "its header says that pictures are {width}x{height}; from {MIN_SIDE}x{MIN_SIDE} to {MAX_LONG}x{MAX_SHORT} can be sent; scale it with ffmpeg -vf scale"
    )]
    Size {
        /// As the header says.
        width: u64,
        /// As the header says.
        height: u64,
    },
    /// A side is odd.
    #[error(
        "its pictures are {0}, but both sides must be even; convert it with ffmpeg -vf crop=trunc(iw/2)*2:trunc(ih/2)*2"
    )]
    OddSize(PictureSize),
    /// The colours are not 8 bit 4:2:0.
    #[error("its colours are stored as {0}, but only 8 bit 4:2:0 can be used; convert it with ffmpeg -pix_fmt yuv420p")]
    Colours(String),
    /// It is made of half pictures.
    #[error("its pictures are interlaced; convert it with ffmpeg -vf yadif")]
    Interlaced,
    /// After the header there is nothing.
    #[error("there is no picture in it; choose another")]
    NoPicture,
    /// Where a picture should begin there is something else.
    #[error(
        "picture {0} does not begin with FRAME; the size in its header is wrong, or the file is damaged; convert it again"
    )]
    Marker(u64),
    /// The last picture is not whole.
    #[error("it ends early, {missing} bytes before the end of picture {picture}; copy or convert it again")]
    EndsEarly {
        /// Counting from 0.
        picture: u64,
        /// How much is not there.
        missing: u64,
    },
}

impl Header {
    /// Reads the header from the first bytes of a film; also tells how long it is, the line's end included.
    ///
    /// # Errors
    /// If the line does not describe a film that can be shown.
    pub fn parse(start: &[u8]) -> Result<(Self, usize), Defect> {
        let rest = start.strip_prefix(MAGIC).ok_or(Defect::NotY4m)?;
        if !matches!(rest.first(), Some(b' ' | b'\n')) {
            return Err(Defect::NotY4m);
        }
        let line_length =
            rest.iter().take(MAX_HEADER_LENGTH).position(|&byte| byte == b'\n').ok_or(Defect::HeaderTooLong)?;
        let line = String::from_utf8_lossy(&rest[..line_length]);

        let (mut width, mut height, mut fps) = (None, None, None);
        for tag in line.split(' ').filter(|tag| !tag.is_empty()) {
            let mut letters = tag.chars();
            let letter = letters.next();
            let value = letters.as_str();
            match letter {
                Some('W') => width = Some(side(tag, value, "width")?),
                Some('H') => height = Some(side(tag, value, "height")?),
                Some('F') => fps = Some(rate(tag, value)?),
                Some('C') if !COLOURS.contains(&value) => return Err(Defect::Colours(shortened(value))),
                Some('I') if !matches!(value, "p" | "?") => return Err(Defect::Interlaced),
                // Pixel shape, comments and what may come later change nothing for us.
                _ => {}
            }
        }
        let width = width.ok_or(Defect::Lacks("width"))?;
        let height = height.ok_or(Defect::Lacks("height"))?;
        let fps = fps.ok_or(Defect::Lacks("frame rate"))?;
        let (long, short) = (width.max(height), width.min(height));
        if !(MIN_SIDE..=MAX_SHORT).contains(&short) || long > MAX_LONG {
            return Err(Defect::Size { width, height });
        }
        let size = PictureSize::new(width as u32, height as u32);
        if !size.width.is_multiple_of(2) || !size.height.is_multiple_of(2) {
            return Err(Defect::OddSize(size));
        }
        Ok((Self { size, fps }, MAGIC.len() + line_length + 1))
    }

    /// The header as a line of a film.
    pub fn to_line(self) -> String {
        let Self { size, fps } = self;
        format!(
            "YUV4MPEG2 W{} H{} F{}:{} Ip A1:1 C420jpeg\n",
            size.width,
            size.height,
            fps.numerator(),
            fps.denominator()
        )
    }
}

fn side(tag: &str, value: &str, what: &'static str) -> Result<u64, Defect> {
    value.parse().map_err(|_| Defect::Nonsense { what, tag: shortened(tag) })
}

fn rate(tag: &str, value: &str) -> Result<FrameRate, Defect> {
    let parsed = value
        .split_once(':')
        .and_then(|(numerator, denominator)| FrameRate::new(numerator.parse().ok()?, denominator.parse().ok()?));
    parsed.ok_or_else(|| Defect::Nonsense { what: "frame rate from 1 to 240", tag: shortened(tag) })
}

/// A damaged header may hold a page of anything; a sentence has no room for it.
fn shortened(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(20).collect()
}

const MAGIC: &[u8] = b"YUV4MPEG2";

/// Real headers have some 60 to 200 bytes.
pub(super) const MAX_HEADER_LENGTH: usize = 4_096;

/// One macroblock: the smallest that H.264 codes (ITU-T H.264 §6.3).
const MIN_SIDE: u64 = 16;

/// The largest that the encoder takes, either way up (OpenH264, level 5.2).
const MAX_LONG: u64 = 3_840;
const MAX_SHORT: u64 = 2_160;

/// The names of 8 bit 4:2:0; they differ in where chroma is sampled, by less than a pixel.
const COLOURS: [&str; 4] = ["420", "420jpeg", "420mpeg2", "420paldv"];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Header, Defect> {
        Header::parse(line.as_bytes()).map(|(header, _)| header)
    }

    #[test]
    fn the_two_usual_films_are_read() {
        const FILM: &[u8] = b"YUV4MPEG2 W640 H360 F30:1 Ip A1:1 C420jpeg XYSCSS=420JPEG\nFRAME\n";
        let (header, length) = Header::parse(FILM).expect("a header");
        assert_eq!(header, Header { size: PictureSize::new(640, 360), fps: FrameRate::THIRTY });
        assert_eq!(length, FILM.len() - "FRAME\n".len());
        let ntsc = parse("YUV4MPEG2 W176 H144 F30000:1001\n").expect("a header");
        assert_eq!((ntsc.fps.numerator(), ntsc.fps.denominator()), (30_000, 1_001));
    }

    #[test]
    fn a_header_is_read_as_it_is_written() {
        let header = Header { size: PictureSize::new(176, 144), fps: FrameRate::new(30_000, 1_001).expect("a rate") };
        assert_eq!(parse(&header.to_line()), Ok(header));
    }

    #[test]
    fn a_header_that_lies_or_lacks_is_refused_with_what_is_wrong() {
        let size = |width, height| Defect::Size { width, height };
        for (line, defect) in [
            ("", Defect::NotY4m),
            ("RIFF\n", Defect::NotY4m),
            ("YUV4MPEG21 W16\n", Defect::NotY4m),
            ("YUV4MPEG2 W640 H360 F30:1", Defect::HeaderTooLong),
            ("YUV4MPEG2\n", Defect::Lacks("width")),
            ("YUV4MPEG2 H360 F30:1\n", Defect::Lacks("width")),
            ("YUV4MPEG2 W640 F30:1\n", Defect::Lacks("height")),
            ("YUV4MPEG2 W640 H360\n", Defect::Lacks("frame rate")),
            ("YUV4MPEG2 W0 H0 F30:1\n", size(0, 0)),
            ("YUV4MPEG2 W640 H0 F30:1\n", size(640, 0)),
            ("YUV4MPEG2 W4000000000 H4000000000 F30:1\n", size(4_000_000_000, 4_000_000_000)),
            ("YUV4MPEG2 W641 H360 F30:1\n", Defect::OddSize(PictureSize::new(641, 360))),
            ("YUV4MPEG2 W640 H361 F30:1\n", Defect::OddSize(PictureSize::new(640, 361))),
            ("YUV4MPEG2 W640 H360 F30:1 C422\n", Defect::Colours("422".into())),
            ("YUV4MPEG2 W640 H360 F30:1 C420p10\n", Defect::Colours("420p10".into())),
            ("YUV4MPEG2 W640 H360 F30:1 Cmono\n", Defect::Colours("mono".into())),
            ("YUV4MPEG2 W640 H360 F30:1 It\n", Defect::Interlaced),
        ] {
            assert_eq!(parse(line), Err(defect), "{line}");
        }
        for line in [
            "YUV4MPEG2 W-1 H360 F30:1\n",
            "YUV4MPEG2 W H360 F30:1\n",
            "YUV4MPEG2 W99999999999999999999999 H360 F30:1\n",
            "YUV4MPEG2 W640 H360 F0:0\n",
            "YUV4MPEG2 W640 H360 F30\n",
            "YUV4MPEG2 W640 H360 F1000000:1\n",
        ] {
            assert!(matches!(parse(line), Err(Defect::Nonsense { .. })), "{line}");
        }
        let endless = format!("YUV4MPEG2 X{}", "a".repeat(2 * MAX_HEADER_LENGTH));
        assert_eq!(parse(&endless), Err(Defect::HeaderTooLong));
    }
}
