//! Who stands between an app and its server without the server's key, or with a key that the machine trusts.

use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use desk::{DeskPhase, DeskProblem};
use session::Link;
use signaling_protocol::Role;
use units::ServerTrouble;

use crate::apps::{Guest, Habit, Host, PATIENCE};
use crate::clinic::Clinic;
use crate::pki::Authority;
use crate::script::Script;
use crate::verdict::{connects, is_silent, same_keys};
use crate::world::{LIMIT, Seen, World};

#[test]
fn another_certificate_than_the_pinned_one_before_the_patient() {
    patient_refuses("certificate is not the one that is pinned", |_| {});
}

#[test]
fn an_authority_that_the_machine_does_not_know() {
    patient_refuses("certificate is not trusted by this machine", |link| (link.pin, link.app_only) = (None, false));
}

/// The patient's app says this and asks the server nothing, when an impostor stands at its address; its twin, whose link
/// leads to the server, joins.
#[track_caller]
fn patient_refuses(words: &str, change: impl FnOnce(&mut Link)) {
    let clinic = Clinic::open();
    let mut twin = World::open(&clinic, Script::honest(), &Habit::default());
    connects(&mut twin);
    let impostor = clinic.proxy_as(&Authority::new().server(), Script::honest());
    let folder = clinic.folder();
    let mut host = Host::open(&twin.proxy.url(), Some(clinic.identity.pin()), &folder, true);
    let mut link = host.link().expect("a visit and its link");
    link.server = impostor.url().trim_start_matches("https://").parse().unwrap();
    change(&mut link);
    let guest = Guest::open(link, &folder, Duration::ZERO);
    let over = twin.until(LIMIT, |_| guest.visit.end().is_some());
    assert!(over, "it goes on: {:?}", guest.visit.snapshot());
    let said = guest.visit.end().unwrap().problem.map(|error| error.to_string()).unwrap_or_default();
    assert!(said.contains(words), "{said:?}");
    assert!(host.visit().is_some_and(|visit| visit.snapshot().waiting.is_empty()));
    let outcome = guest.close();
    assert_eq!((outcome.report.end.as_str(), outcome.report.exit), ("refused", 4));
    is_silent(&outcome, &Seen::default());
    assert!(impostor.liar.books().seen.is_empty(), "something was said to the impostor");
    host.close();
    twin.close();
}

#[test]
fn another_certificate_than_the_pinned_one_before_the_clinician() {
    let clinic = Clinic::open();
    let mut twin = World::open(&clinic, Script::honest(), &Habit::default());
    connects(&mut twin);
    let impostor = clinic.proxy_as(&Authority::new().server(), Script::honest());
    let host = Host::open(&impostor.url(), Some(clinic.identity.pin()), &clinic.folder(), true);
    let said = |host: &Host| match host.desk.snapshot().phase {
        DeskPhase::SignedOut { problem: Some(DeskProblem::Failed(trouble)) } => Some(trouble),
        _ => None,
    };
    assert!(twin.until(PATIENCE, |_| said(&host).is_some()), "{:?}", host.desk.snapshot());
    assert_eq!(said(&host), Some(ServerTrouble::OtherCertificate));
    assert!(impostor.liar.books().seen.is_empty(), "the password was said to the impostor");
    host.close();
    twin.close();
}

#[test]
fn a_server_that_reads_all_that_passes() {
    let clinic = Clinic::open();
    let mut world = World::open(&clinic, Script::honest(), &Habit::default());
    connects(&mut world);
    same_keys(&mut world);
    learns_nothing(world);
}

/// A clinic's network that inspects TLS: its authority is one of the machine's. Run anew with that authority as the only one.
#[test]
fn a_proxy_that_decrypts_tls_with_an_authority_that_the_machine_trusts() {
    if env::var_os(AGAIN).is_none() {
        let folder = tempfile::tempdir().unwrap();
        let (file, authority) = (folder.path().join("authority.pem"), Authority::new());
        fs::write(&file, &authority.pem).unwrap();
        fs::write(folder.path().join("key.pem"), authority.key_pem()).unwrap();
        let name = "tls::a_proxy_that_decrypts_tls_with_an_authority_that_the_machine_trusts";
        let mut again = Command::new(env::current_exe().unwrap());
        again.args(["--exact", name, "--nocapture"]).env("SSL_CERT_FILE", &file).env(AGAIN, folder.path());
        let output = again.env_remove("SSL_CERT_DIR").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let folder = std::path::PathBuf::from(env::var_os(AGAIN).unwrap());
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let inspector = Authority::from_pem(&read("authority.pem"), &read("key.pem"));
    let clinic = Clinic::open();
    let proxy = clinic.proxy_as(&inspector.server(), Script::honest());
    // Without a pin: the machine's authorities decide.
    let mut world = World::open_at(&clinic, proxy, None, &Habit::default());
    connects(&mut world);
    same_keys(&mut world);
    learns_nothing(world);
}

/// All that passed, TLS taken off, holds nothing that only the two may know.
#[track_caller]
fn learns_nothing(world: World<'_>) {
    let link = world.link.to_string();
    let secret = link.split("#1.").nth(1).unwrap().split('.').next().unwrap().to_owned();
    assert_eq!(secret.len(), 43);
    let boxes = [Role::Host, Role::Guest].map(|role| {
        let seat = world.proxy.liar.seats(role)[0];
        world.proxy.liar.boxes_of(seat.visit, role)
    });
    let (_, _, proxy) = world.close();
    let books = proxy.liar.books();
    let seen = String::from_utf8_lossy(&books.seen);
    assert!(seen.len() > 10_000 && seen.contains("/messages") && seen.contains("event: message"));
    let secrets =
        ["ufrag", "fingerprint", "candidate", "srtp", "a=", "offer", "answer", "Your clinician", &secret, "#1."];
    for secret in secrets {
        // Names of routes and of limits are no secrets.
        let told = seen.replace("candidates_per_epoch", "").matches(secret).count();
        assert_eq!(told, 0, "{secret:?} was seen");
    }
    for envelope in boxes.iter().flatten() {
        assert!(signaling_protocol::is_sealed_size(envelope.sealed.len()));
        for word in [&b"offer"[..], b"answer", b"candidate", b"sha-256", b"127.0.0.1"] {
            assert!(!envelope.sealed.0.windows(word.len()).any(|bytes| bytes == word));
        }
    }
    assert!(boxes.iter().all(|boxes| !boxes.is_empty()));
}

/// The folder of the authority, for the second run.
const AGAIN: &str = "HOUSECALL_TEST_AUTHORITY";
