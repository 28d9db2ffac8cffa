//! Every word that a report can say stands in `docs/headless.md`, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use call::{
    CameraFormat, EndReason, LinkEstimate, MediaConfig, Phase, PictureOff, PicturePlan, Preferences, QualityPolicy,
    ReconnectCause, Refusal,
};
use signaling_protocol::Code;
use units::{DataRate, PictureSize, Timestamp};

type Words = BTreeSet<String>;

fn read(path: &str) -> String {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo and nextest set it");
    let root = Path::new(&here).parent().expect("tests/ stands in the root");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A file of the session without its own tests.
fn session(file: &str) -> String {
    let text = read(&format!("crates/session/src/{file}"));
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

/// The words in the first column of the table under this heading.
fn told(heading: &str) -> Words {
    let text = read("docs/headless.md");
    let section = text.split(&format!("### {heading}\n")).nth(1).unwrap_or_else(|| panic!("no section {heading}"));
    let section = section.split("\n#").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let words = rows.filter_map(|row| row.split('|').nth(1)).flat_map(quoted('`'));
    words.map(str::to_owned).collect()
}

/// What stands between two of these marks.
fn quoted(mark: char) -> impl Fn(&str) -> Vec<&str> {
    move |text| text.split(mark).skip(1).step_by(2).collect()
}

/// A variant that is added does not compile here until it is in the list.
fn end_reasons() -> [EndReason; 9] {
    use EndReason::{
        ConnectionLost, Denied, HandshakeUnfinished, HungUp, NoConnection, Refused, Removed, TheyHungUp, VisitOver,
    };
    let all = [
        HungUp,
        TheyHungUp,
        Denied,
        Removed,
        VisitOver,
        NoConnection,
        HandshakeUnfinished,
        ConnectionLost,
        Refused(Refusal::Version),
    ];
    for reason in all {
        match reason {
            HungUp | TheyHungUp | Denied | Removed | VisitOver | NoConnection | HandshakeUnfinished
            | ConnectionLost | Refused(_) => {}
        }
    }
    all
}

/// Likewise; the lobby is where every visit begins, and is no event.
fn phases() -> Vec<String> {
    let since = Timestamp::ZERO;
    let [link_lost, their_app_stopped] = [ReconnectCause::LinkLost, ReconnectCause::TheirAppStopped];
    let all = [
        Phase::Lobby,
        Phase::WaitingRoom { since },
        Phase::Connecting { since },
        Phase::Live { since },
        Phase::Reconnecting { since, cause: link_lost },
        Phase::Reconnecting { since, cause: their_app_stopped },
        Phase::Ended(EndReason::HungUp),
    ];
    let word = |phase: Phase| match phase {
        Phase::Lobby => None,
        Phase::WaitingRoom { .. } | Phase::Connecting { .. } | Phase::Live { .. } => Some(phase.name().to_owned()),
        Phase::Reconnecting { cause: cause @ (ReconnectCause::LinkLost | ReconnectCause::TheirAppStopped), .. } => {
            Some(format!("{}:{}", phase.name(), cause.name()))
        }
        Phase::Ended(_) => Some(format!("{}:…", phase.name())),
    };
    all.into_iter().filter_map(word).collect()
}

/// Likewise.
fn pictures_off() -> Vec<String> {
    use PictureOff::{CameraOff, LinkTooThin, NoCamera, NotWanted};
    let all = [NoCamera, CameraOff, NotWanted, LinkTooThin];
    for why in all {
        match why {
            NoCamera | CameraOff | NotWanted | LinkTooThin => {}
        }
    }
    all.map(|why| format!("picture_off:{}", why.name())).to_vec()
}

/// The words of `Problem`, which the recorder gives it.
fn problems() -> Vec<String> {
    let recorder = session("recorder.rs");
    let arms = recorder.lines().filter(|line| line.trim().starts_with("Problem::"));
    let words: Vec<String> =
        arms.filter_map(|arm| quoted('"')(arm).first().map(|word| format!("problem:{word}"))).collect();
    assert!(words.len() >= 6, "read too little of recorder.rs: {words:?}");
    words
}

/// The words of level, device and comparison, which the recorder gives them.
fn assurances() -> Vec<String> {
    let recorder = session("recorder.rs");
    let words = |kind: &str, of: &str| -> Vec<String> {
        let arms = recorder.lines().filter(|line| line.trim().starts_with(of) && line.contains("=> \""));
        arms.filter_map(|arm| quoted('"')(arm).first().map(|word| format!("{kind}:{word}"))).collect()
    };
    let all = [words("level", "Level::"), words("device", "Recognition::"), words("check", "Check::")];
    assert_eq!([4, 4, 5], all.each_ref().map(Vec::len), "read too little of recorder.rs: {all:?}");
    all.concat()
}

/// What the session says by itself: the literals in its calls of `event`.
fn own_words() -> Words {
    // Words that are completed by the lists above.
    let open = ["{}{detail}", ":{}", "problem:{}", "picture_off:{why}", "ended:{end}", "ended:{}", "{kind}:{word}"];
    let mut words = Words::new();
    for file in ["recorder.rs", "driver.rs", "headless.rs", "host.rs", "outcome.rs"] {
        let text = session(file);
        for call in text.split(".event(").skip(1) {
            words.extend(quoted('"')(call.split(';').next().unwrap_or_default()).into_iter().map(str::to_owned));
        }
    }
    words.retain(|word| !open.contains(&word.as_str()));
    words
}

#[test]
fn every_event_stands_in_the_document() {
    let words = phases().into_iter().chain(pictures_off()).chain(problems()).chain(assurances()).chain(own_words());
    assert_eq!(told("The words of `event`"), words.collect());
}

#[test]
fn every_end_stands_in_the_document() {
    let mut words: Words = end_reasons().iter().map(|reason| reason.name().to_owned()).collect();
    for line in session("verdict.rs").lines().filter(|line| line.contains("=> \"")) {
        words.extend(quoted('"')(line).into_iter().map(str::to_owned));
    }
    for choice in session("outcome.rs").split("(\"").skip(1).filter(|choice| choice.contains("\", EXIT_")) {
        words.extend(choice.split_once("\", EXIT_").filter(|(word, _)| !word.contains('"')).map(|(w, _)| w.to_owned()));
    }
    assert_eq!(told("The words of `end`"), words);
}

#[test]
fn every_refusal_stands_in_the_document() {
    assert_eq!(
        told("The words of `refusal`"),
        Refusal::all(Code::Internal).map(|refusal| refusal.name().to_owned()).into()
    );
}

#[test]
fn every_word_of_level_device_and_comparison_stands_beside_its_field() {
    let document = read("docs/headless.md");
    for word in assurances() {
        let (field, word) = word.split_once(':').expect("two words");
        let row = document.lines().find(|line| line.starts_with(&format!("| `{field}` |")));
        assert!(row.is_some_and(|row| row.contains(&format!("`{word}`"))), "{word} does not stand beside {field}");
    }
}

#[test]
fn every_field_of_the_report_stands_in_the_document() {
    let document = read("docs/headless.md");
    let report = session("report.rs");
    let fields: Vec<&str> = report
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(": "))
        .map(|(name, _)| name)
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        .collect();
    assert!(fields.len() >= 40, "read too little of report.rs: {fields:?}");
    let missing: Vec<_> = fields
        .iter()
        .filter(|field| !document.contains(&format!("`{field}`")) && !document.contains(&format!("`{field}[")))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What the policy gives a camera of 1280x720 on a link of `kbps`, as a row of the document.
fn rung(kbps: u64) -> String {
    let camera = CameraFormat { size: PictureSize::new(1_280, 720), fps: 30 };
    let media = MediaConfig { sends_voice: true, camera: Some(camera), receives_picture: true };
    let mut policy = QualityPolicy::new(media, Preferences::default());
    for tenth in 1..600 {
        let link = LinkEstimate {
            target: DataRate::from_kbps(kbps),
            loss: 0.0,
            voice_loss: 0.0,
            loss_follows_loss: 0.0,
            round_trip: None,
            takes_red: true,
        };
        policy.on_estimate(Timestamp::from_millis(tenth * 100), link);
    }
    let (voice, picture) = policy.plans();
    let size = |height| camera.size.fitted_to_height(height);
    let picture = match picture {
        PicturePlan::Off(_) => "none".to_owned(),
        PicturePlan::Slides { height, every, .. } => {
            format!("single ones of {:?}, one every {} s", size(height), every.as_secs_f64())
        }
        PicturePlan::On { height, fps, .. } => format!("{:?}, {fps} a second", size(height)),
    };
    format!("| {kbps} | {} kbps | {picture} |", voice.rate.as_kbps())
}

#[test]
fn the_ladder_in_the_document_is_the_one_that_is_gone() {
    let document = read("docs/weak-links.md");
    let wanted = [30, 40, 50, 64, 80, 100, 150, 200, 300, 500, 1_000, 2_000].map(rung).join("\n");
    assert!(document.contains(&wanted), "docs/weak-links.md is to have:\n{wanted}");
}
