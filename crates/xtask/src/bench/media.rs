//! What the two ends of a measured call show and say: real footage and real voices that stand beside the clone.

use std::fs;
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::lab::beside;
use crate::cargo::run;
use crate::setup;
use crate::workspace::Workspace;

/// One end's files.
#[derive(Debug, Clone)]
pub(super) struct Footage {
    /// 16:9 at 30 pictures a second, 8 s, loops without a seam; each frame carries its number along its top.
    pub(super) film: PathBuf,
    /// A voice, mono, 16 bits.
    pub(super) voice: PathBuf,
}

/// Frames of a film, after which it begins anew.
pub(super) const FRAMES: i64 = 240;

/// Makes the clinician's and the patient's footage of so many lines in the folder, unless it is there.
pub(super) fn make(workspace: &Workspace, folder: &Path, height: u32) -> Result<[Footage; 2]> {
    let source = beside(workspace, "HOUSECALL_MEDIA", "../shared/media");
    ensure!(
        source.join("talking_head.mp4").is_file(),
        "no footage at {}: set HOUSECALL_MEDIA to a folder with talking_head.mp4, clinician.wav and patient.wav",
        source.display()
    );
    setup::packages(&["ffmpeg"], "to make the footage")?;
    fs::create_dir_all(folder)?;
    let source = source.canonicalize().context("the footage cannot be found")?;
    let end = |name: &str, mirror: &str| -> Result<Footage> {
        let film = folder.join(format!("{name}-{height}.y4m"));
        if !film.is_file() {
            film_of(&source.join("talking_head.mp4"), mirror, height, &film)?;
        }
        Ok(Footage { film, voice: source.join(format!("{name}.wav")) })
    };
    // Mirrored on one side: whoever saw themselves would be found out.
    Ok([end("clinician", "hflip,")?, end("patient", "")?])
}

/// Cropped to 16:9, forwards and backwards so that it loops, enlarged, with the light noise of a webcam.
fn film_of(source: &Path, mirror: &str, height: u32, film: &Path) -> Result<()> {
    let [plain, unfinished] = ["plain", "part"].map(|kind| film.with_extension(kind));
    let width = height * 16 / 9;
    let filter = format!(
        "{mirror}crop=176:99,split[a][b];[b]reverse[r];[a][r]concat,scale={width}:{height}:flags=lanczos,noise=alls=5:allf=t,setpts=N/30/TB"
    );
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-y", "-i"]).arg(source).args(["-filter_complex", &filter]);
    ffmpeg.args(["-r", "30", "-frames:v", &FRAMES.to_string(), "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe"]);
    run(ffmpeg.arg(&plain))?;
    let mut numbered = BufWriter::new(fs::File::create(&unfinished)?);
    number(BufReader::new(fs::File::open(&plain)?), &mut numbered, width as usize, height as usize)?;
    numbered.into_inner().context("the footage cannot be written")?;
    fs::remove_file(plain)?;
    Ok(fs::rename(unfinished, film)?)
}

/// Writes its number on each frame of a film: ten blocks along its top, each a 16th of the width and of the height, white,
/// black, then 8 bits of Gray code, the highest first. In Gray code one block changes from a frame to the next, so that
/// the number costs the codec next to nothing.
fn number(mut film: impl io::BufRead, numbered: &mut impl io::Write, width: usize, height: usize) -> Result<()> {
    let mut line = Vec::new();
    film.read_until(b'\n', &mut line)?;
    numbered.write_all(&line)?;
    let mut frame = vec![0; width * height * 3 / 2];
    for index in 0..FRAMES {
        line.clear();
        film.read_until(b'\n', &mut line)?;
        film.read_exact(&mut frame).context("the footage is shorter than it should be")?;
        write_number(&mut frame, width, height, index as u8);
        numbered.write_all(&line)?;
        numbered.write_all(&frame)?;
    }
    Ok(())
}

fn write_number(frame: &mut [u8], width: usize, height: usize, number: u8) {
    let gray = number ^ (number >> 1);
    let is_white = |block: usize| block == 0 || block >= 2 && gray >> (9 - block) & 1 == 1;
    let (block_width, block_height) = (width / 16, height / 16);
    let (luma, chroma) = frame.split_at_mut(width * height);
    for row in luma.chunks_exact_mut(width).take(block_height) {
        for (block, samples) in row.chunks_exact_mut(block_width).take(BLOCKS).enumerate() {
            samples.fill(if is_white(block) { 235 } else { 16 });
        }
    }
    // No colour beneath, or the blocks' brightness would bleed.
    for plane in chroma.chunks_exact_mut(width * height / 4) {
        for row in plane.chunks_exact_mut(width / 2).take(block_height / 2) {
            row[..BLOCKS * block_width / 2].fill(128);
        }
    }
}

const BLOCKS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_a_frame_to_the_next_one_block_of_its_number_changes() {
        let (width, height) = (160, 96);
        let blocks = |number: u8| {
            let mut frame = vec![90; width * height * 3 / 2];
            write_number(&mut frame, width, height, number);
            assert_eq!(frame[width * height - 1], 90, "only the top is written on");
            (0..BLOCKS).map(|block| frame[2 * width + block * width / 16 + 3]).collect::<Vec<_>>()
        };
        assert_eq!(blocks(0)[..2], [235, 16]);
        for number in 0..239 {
            let changed = blocks(number).iter().zip(blocks(number + 1)).filter(|(a, b)| **a != *b).count();
            assert_eq!(changed, 1, "{number}");
        }
    }
}
