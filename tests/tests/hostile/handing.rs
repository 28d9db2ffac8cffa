//! Whoever was let in hands over what nobody should take: paths for names, more than was offered, something else, without end, and
//! ten thousand at once. The other side takes all that it is offered, as a person who clicks on everything would.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use session::headless::{self, Config, Handing, Host, Party};
use session::report::HandedReport;
use session::{Comparing, Link, MediaChoices, Memory, MicrophoneChoice, Preferences, ProxyChoice, ToneKind};
use sha2::{Digest, Sha256};

use crate::apps::{LOOK, PATIENCE, account, identity};
use crate::clinic::Clinic;
use crate::crook::{self, Conduct, Hands};
use crate::script::Script;

const CALL: Duration = Duration::from_secs(25);
const GIBIBYTE: u64 = 1 << 30;
/// So long that it does not come within the call, and no disk is too small for sixteen of them.
const ENDLESS: u64 = 64 << 20;
/// What one side takes at once.
const MOST_OPEN: usize = 16;

fn said(transfer: Value) -> Vec<u8> {
    json!({ "kind": "transfer", "transfer": transfer }).to_string().into_bytes()
}

fn offer(id: u32, name: &str, bytes: u64, content: &[u8]) -> Vec<u8> {
    let sha256: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    said(json!({ "say": "offer", "id": id, "of": "file", "name": name, "bytes": bytes, "sha256": sha256 }))
}

/// A piece of a file, as docs/handing.md has it.
fn piece(id: u32, first: u32, data: &[u8]) -> Vec<u8> {
    [&[1][..], &id.to_be_bytes(), &first.to_be_bytes(), data].concat()
}

/// A clinician's app without a window, which takes everything, and a crook with the link: what was handed over, and the folder.
fn meets(clinic: &Clinic, files: &Path, hands: Hands, call: Duration) -> HandedReport {
    let (proxy, folder) = (clinic.proxy(Script::honest()), clinic.folder());
    let link = folder.join("link");
    let config = Config {
        party: Party::Host(Host {
            account: account(&proxy.url(), Some(clinic.identity.pin()), &folder),
            identity: Some(identity(&folder)),
            device: None,
            invite_out: Some(link.clone()),
            visit: None,
            claims: false,
            admit_after: Duration::ZERO,
        }),
        media: MediaChoices {
            microphone: MicrophoneChoice::Tone(ToneKind::Clinician),
            ..MediaChoices::without_devices()
        },
        preferences: Preferences::default(),
        duration: call,
        give_up: PATIENCE,
        memory: Memory::of_this_run().unwrap(),
        proxies: ProxyChoice::default(),
        comparing: Comparing::default(),
        handing: Handing { accept: Some(files.to_owned()), ..Handing::default() },
    };
    let host = std::thread::spawn(move || headless::run(config, &mut |_| {}));
    let deadline = std::time::Instant::now() + PATIENCE;
    while !link.exists() && std::time::Instant::now() < deadline {
        std::thread::sleep(LOOK);
    }
    let link: Link = fs::read_to_string(&link).expect("a link").trim().parse().unwrap();
    let conduct = Conduct { hands: Some(hands), ..Conduct::default() };
    let crook = clinic.runtime.block_on(crook::patient(clinic, &proxy, link, conduct));
    let crook = clinic.runtime.spawn(crook);
    let outcome = host.join().expect("no panic").expect("a visit");
    crook.abort();
    assert_eq!(outcome.report.end, "hung_up", "it lasted as long as it should: {:?}", outcome.problem);
    outcome.report.handed
}

fn states<'a>(handed: &'a HandedReport, state: &str) -> Vec<&'a session::report::TransferReport> {
    handed.transfers.iter().filter(|transfer| transfer.state == state).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_sender_that_lies_about_names_lengths_and_hashes_leaves_nothing_behind_but_what_was_as_offered() {
    let clinic = Clinic::open();
    let place = tempfile::tempdir().unwrap();
    let files = place.path().join("visits/today/files");
    fs::create_dir_all(&files).unwrap();
    let contents: Vec<Vec<u8>> = (0..6).map(|number| vec![number; 1_000]).collect();
    let good =
        [("../../../evil.sh", "evil.sh"), ("C:\\Windows\\System32\\hosts", "hosts"), ("\u{202e}gpj.exe", "gpj.exe")];
    let mut words: Vec<_> =
        (0..3).map(|at| offer(at as u32, good[at].0, contents[at].len() as u64, &contents[at])).collect();
    words.extend([
        // What comes is something else.
        offer(3, "lie.pdf", 1_000, b"something else"),
        // More comes than was offered.
        offer(4, "short.pdf", 600, &contents[4][..600]),
        // It has no end.
        offer(5, "endless.bin", ENDLESS, b"who knows"),
        // Larger than is taken, and than there are numbers for.
        offer(6, "large.bin", 3 * GIBIBYTE, b"a"),
        offer(7, "huge.bin", u64::MAX, b"b"),
        said(json!({ "say": "accept", "id": 99, "have": [[5, 1], [0, u32::MAX]] })),
        said(json!({ "say": "arrived", "id": 3 })),
        said(json!({ "say": "ask_still" })),
        b"{\"kind\":\"transfer\",\"transfer\":".to_vec(),
    ]);
    let mut pieces: Vec<_> = (0..4).map(|id| piece(id, 0, &contents[id as usize])).collect();
    pieces.extend([
        piece(4, 0, &[4; 1_024]),
        piece(4, 1, &[4; 512]),
        piece(4, 0, &[4; 100]),
        piece(4, u32::MAX, &[4; 88]),
    ]);
    pieces.extend((0..40).map(|number| piece(5, number * 3_001, &[5; 1_024])));
    pieces.extend([piece(77, 0, &[7; 512]), vec![1; 9], vec![], vec![9; 600]]);
    let handed = meets(&clinic, &files, Hands { words, pieces }, CALL);

    assert_eq!(names(&files), ["evil.sh", "gpj.exe", "hosts"], "{handed:?}");
    for ((_, name), content) in good.into_iter().zip(&contents) {
        assert_eq!(&fs::read(files.join(name)).unwrap(), content);
    }
    assert_eq!(names(place.path()), ["visits"]);
    assert_eq!(names(&place.path().join("visits")), ["today"]);
    assert_eq!(names(&place.path().join("visits/today")), ["files"]);
    assert_eq!(states(&handed, "arrived").len(), 3);
    assert_eq!(states(&handed, "wrong_hash").len(), 1, "told from what was offered: {handed:?}");
    // The one that was too short and the one without end, until the visit was over.
    assert_eq!(states(&handed, "over").len(), 2);
    assert_eq!(handed.offers_turned_away, 2, "those that were too large");
}

/// So many offers, one after the other.
fn floods(offers: u32, call: Duration) {
    let clinic = Clinic::open();
    let place = tempfile::tempdir().unwrap();
    let words = (0..offers).map(|id| offer(id, "large.bin", ENDLESS, &id.to_be_bytes())).collect();
    let pieces = (0..64).map(|id| piece(id, id * 1_000, &[1; 1_024])).collect();
    let handed = meets(&clinic, place.path(), Hands { words, pieces }, call);
    assert_eq!(handed.transfers.len(), MOST_OPEN, "no more were shown");
    assert_eq!(states(&handed, "over").len(), MOST_OPEN);
    assert_eq!(handed.offers_turned_away as usize, offers as usize - MOST_OPEN);
    assert!(handed.received_bytes - handed.received_again_bytes <= MOST_OPEN as u64 * 1_024, "{handed:?}");
    assert_eq!(names(place.path()), [""; 0], "what never came whole is not kept");
}

#[test]
fn hundreds_of_offers_are_sixteen_and_fill_no_disk() {
    floods(800, CALL);
}

#[test]
fn long_ten_thousand_offers_are_sixteen_and_fill_no_disk() {
    floods(10_000, 3 * CALL);
}
