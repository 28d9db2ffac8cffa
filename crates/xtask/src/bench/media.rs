//! What the two ends of a measured call show and say: real footage and real voices that stand beside the clone.

use std::fs;
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
    /// 640×360 at 30 pictures a second, 8 s, loops without a seam.
    pub(super) film: PathBuf,
    /// A voice, mono, 16 bits.
    pub(super) voice: PathBuf,
}

/// Makes the clinician's and the patient's footage in the folder, unless it is there.
pub(super) fn make(workspace: &Workspace, folder: &Path) -> Result<[Footage; 2]> {
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
        let film = folder.join(format!("{name}.y4m"));
        if !film.is_file() {
            film_of(&source.join("talking_head.mp4"), mirror, &film)?;
        }
        Ok(Footage { film, voice: source.join(format!("{name}.wav")) })
    };
    // Mirrored on one side: whoever saw themselves would be found out.
    Ok([end("clinician", "hflip,")?, end("patient", "")?])
}

/// Cropped to 16:9, forwards and backwards so that it loops, enlarged, with the light noise of a webcam.
fn film_of(source: &Path, mirror: &str, film: &Path) -> Result<()> {
    let unfinished = film.with_extension("part");
    let filter = format!(
        "{mirror}crop=176:99,split[a][b];[b]reverse[r];[a][r]concat,scale=640:360:flags=lanczos,noise=alls=5:allf=t,setpts=N/30/TB"
    );
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-y", "-i"]).arg(source).args(["-filter_complex", &filter]);
    ffmpeg.args(["-r", "30", "-frames:v", "240", "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe"]).arg(&unfinished);
    run(&mut ffmpeg)?;
    Ok(fs::rename(unfinished, film)?)
}
