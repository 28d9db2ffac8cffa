//! `.y4m`: 4:2:0 pictures one after the other.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// Each picture begins with this line.
const FRAME: &[u8] = b"FRAME\n";

/// A film in a file, read picture by picture.
#[derive(Debug)]
pub struct Film {
    file: BufReader<File>,
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    header: u64,
    /// How many whole pictures it holds.
    pub pictures: usize,
}

impl Film {
    /// Opens a film; a last picture that is not whole is left out.
    pub fn open(path: &Path) -> Result<Self> {
        let context = || format!("{} cannot be read as a film", path.display());
        let mut file = BufReader::new(File::open(path).with_context(context)?);
        let mut header = Vec::new();
        file.read_until(b'\n', &mut header).with_context(context)?;
        let text = String::from_utf8_lossy(&header).into_owned();
        ensure!(text.starts_with("YUV4MPEG2 "), "{}: the YUV4MPEG2 header is missing", context());
        let field = |letter: char| {
            let found = text.split_whitespace().skip(1).find_map(|word| word.strip_prefix(letter));
            found.and_then(|value| value.parse::<usize>().ok())
        };
        let (width, height) = (field('W').with_context(context)?, field('H').with_context(context)?);
        let length = file.get_ref().metadata()?.len();
        let mut film = Self { file, width, height, header: header.len() as u64, pictures: 0 };
        film.pictures = ((length - film.header) / film.picture_bytes()) as usize;
        Ok(film)
    }

    fn picture_bytes(&self) -> u64 {
        (FRAME.len() + self.width * self.height + 2 * self.width.div_ceil(2) * self.height.div_ceil(2)) as u64
    }

    /// The brightness of one picture, row by row.
    pub fn luma(&mut self, index: usize) -> Result<Vec<u8>> {
        ensure!(index < self.pictures, "the film has {} pictures, none of number {index}", self.pictures);
        self.file.seek(SeekFrom::Start(self.header + index as u64 * self.picture_bytes()))?;
        let mut line = [0; FRAME.len()];
        self.file.read_exact(&mut line)?;
        ensure!(line == FRAME, "picture {index} does not begin with FRAME");
        let mut luma = vec![0; self.width * self.height];
        self.file.read_exact(&mut luma)?;
        Ok(luma)
    }

    /// Whether it shows something, and something that moves: neither one colour nor one picture for ever.
    pub fn is_lively(&mut self) -> Result<bool> {
        const LOOKS: usize = 8;
        if self.pictures < LOOKS {
            return Ok(false);
        }
        let mut moved = 0;
        let mut flat = 0;
        let mut last: Option<Vec<u8>> = None;
        for look in 0..LOOKS {
            let luma = self.luma(look * (self.pictures - 1) / (LOOKS - 1))?;
            flat += usize::from(deviation(&luma) < 5.0);
            moved += usize::from(last.is_some_and(|last| difference(&last, &luma) > 0.5));
            last = Some(luma);
        }
        Ok(flat <= 1 && moved >= LOOKS / 2)
    }
}

/// Standard deviation.
fn deviation(luma: &[u8]) -> f64 {
    let count = luma.len().max(1) as f64;
    let mean = luma.iter().map(|&y| f64::from(y)).sum::<f64>() / count;
    (luma.iter().map(|&y| (f64::from(y) - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// Mean absolute difference.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a.abs_diff(b))).sum::<f64>() / a.len().max(1) as f64
}

/// Writes a grey film: brightness only, the colour neutral.
#[derive(Debug)]
pub struct FilmWriter {
    file: BufWriter<File>,
    chroma: Vec<u8>,
}

impl FilmWriter {
    /// Begins a film of 30 pictures a second.
    pub fn create(path: &Path, width: usize, height: usize) -> Result<Self> {
        let mut file = BufWriter::new(File::create(path)?);
        writeln!(file, "YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420jpeg")?;
        Ok(Self { file, chroma: vec![128; 2 * width.div_ceil(2) * height.div_ceil(2)] })
    }

    /// Adds a picture.
    pub fn write(&mut self, luma: &[u8]) -> Result<()> {
        for bytes in [FRAME, luma, &self.chroma] {
            self.file.write_all(bytes)?;
        }
        Ok(())
    }

    /// Sees to it that all is on the disk.
    pub fn finish(mut self) -> Result<()> {
        Ok(self.file.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(pictures: usize, luma: impl Fn(usize, usize) -> u8) -> Film {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.y4m");
        let mut writer = FilmWriter::create(&path, 16, 8).unwrap();
        for number in 0..pictures {
            let picture: Vec<u8> = (0..16 * 8).map(|pixel| luma(number, pixel)).collect();
            writer.write(&picture).unwrap();
        }
        writer.finish().unwrap();
        Film::open(&path).unwrap()
    }

    #[test]
    fn a_film_that_moves_is_lively_and_a_dead_one_is_not() {
        let moving = |number: usize, pixel: usize| ((pixel * 16 + number * 40) % 256) as u8;
        assert!(film(20, moving).is_lively().unwrap());
        assert!(!film(20, |_, pixel| (pixel * 2) as u8).is_lively().unwrap(), "a still picture");
        assert!(!film(20, |number, _| (number * 10) as u8).is_lively().unwrap(), "plain colours");
        assert!(!film(3, moving).is_lively().unwrap(), "too short to tell");
    }

    #[test]
    fn pictures_come_back_as_written() {
        let mut film = film(3, |number, pixel| (number * 100 + pixel % 50) as u8);
        assert_eq!((film.pictures, film.width, film.height), (3, 16, 8));
        assert_eq!(film.luma(2).unwrap()[..3], [200, 201, 202]);
        assert!(film.luma(3).is_err());
    }
}
