//! What people get wrong, and what breaks around them: one clear sentence, the right exit status, nothing lost, no
//! panic.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use xtask::house::Options;

use crate::clinic::{Clinic, exit_of, here, programs, wait_until_live};
use crate::program::{BAD_INPUT, NEVER_LIVE, REFUSED, fails, with};

const CALL: Duration = Duration::from_secs(20);

fn short() -> Options {
    Options { give_up_secs: 5, duration_secs: 3, ..Options::default() }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("a file");
}

#[test]
fn a_wrong_password_is_refused_in_one_sentence() {
    let clinic = Clinic::open();
    let wrong = clinic.folder.path().join("wrong");
    write(&wrong, "not the password\n");
    let host = clinic.house.host_command(&here(), &short(), "1s");
    fails(&mut with(&host, "--password-file", &wrong), REFUSED, &["password", "wrong"]);
    fails(&mut with(&host, "--user", "nobody"), REFUSED, &["password", "wrong"]);
    let missing = clinic.folder.path().join("missing");
    fails(&mut with(&host, "--password-file", &missing), BAD_INPUT, &["missing", "password"]);
}

#[test]
fn a_pin_that_does_not_match_is_refused_before_anything_is_said() {
    let clinic = Clinic::open();
    let host = clinic.house.host_command(&here(), &short(), "1s");
    let other = format!("sha256:{}", "A".repeat(43));
    fails(&mut with(&host, "--pin", &other), REFUSED, &["certificate"]);
}

#[test]
fn a_server_that_is_not_there_is_said_to_be_so() {
    let clinic = Clinic::open();
    // A port that was free a moment ago.
    let gone = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
    let host = clinic.house.host_command(&here(), &short(), "1s");
    fails(&mut with(&host, "--server", format!("https://{gone}")), NEVER_LIVE, &["server"]);
    fails(&mut with(&host, "--server", "http://127.0.0.1:1"), BAD_INPUT, &["https://"]);
}

#[test]
fn a_link_that_does_not_work_says_so_and_no_more() {
    let clinic = Clinic::open();
    let _host = clinic.host(&clinic.clinicians(10));
    let link = fs::read_to_string(clinic.house.link_file()).unwrap().trim().to_owned();
    let join = clinic.house.join_command(&here(), &short());
    let with_link = |link: &str| {
        let file = clinic.folder.path().join("other-link");
        write(&file, link);
        with(&join, "--link-file", &file)
    };

    let (address, fragment) = link.split_once('#').unwrap();
    let swapped = |text: &str, at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    // Unknown to the server, and known but without the secret: whoever cannot prove to hold it hears the same.
    let unknown = format!("{}#{fragment}", swapped(address, address.find("inv_").unwrap() + 6));
    let unproven = format!("{address}#{}", swapped(fragment, 4));
    fails(&mut with_link(&unknown), REFUSED, &["this link does not work"]);
    fails(&mut with_link(&unproven), REFUSED, &["this link does not work"]);

    fails(&mut with_link(address), BAD_INPUT, &["link"]);
    fails(&mut with_link(&link[..link.len() - 9]), BAD_INPUT, &["link"]);
    fails(&mut with_link("https://clinic.example/"), BAD_INPUT, &["link"]);
    fails(&mut with_link(""), BAD_INPUT, &["empty"]);
}

#[test]
fn a_link_in_use_lets_no_second_device_in_and_the_call_goes_on() {
    let clinic = Clinic::open();
    let mut host = clinic.host(&clinic.clinicians(30));
    let mut guest = clinic.join(&clinic.patients(8));
    wait_until_live(&mut guest);
    let elsewhere = clinic.folder.path().join("second");
    let mut second = clinic.house.join_command(&here(), &short());
    for flag in ["--speaker", "--screen"] {
        second = with(&second, flag, "none");
    }
    fails(&mut with(&second, "--report", &elsewhere), REFUSED, &["in use"]);
    assert_eq!(exit_of(&mut guest, CALL), 0, "{}", guest.process.stderr());
    assert_eq!(exit_of(&mut host, CALL), 0, "{}", host.process.stderr());
}

#[test]
fn a_film_that_is_not_what_it_says_is_refused_before_the_visit() {
    let clinic = Clinic::open();
    let good = fs::read(&clinic.patient.film).unwrap();
    let text_end = good.iter().position(|byte| *byte == b'\n').unwrap();
    let lying = [b"YUV4MPEG2 W642 H360 F30:1 Ip A1:1 C420jpeg".as_slice(), &good[text_end..]].concat();
    let films: [(&str, &[u8], &str); 4] = [
        ("ends-early", &good[..good.len() - 1000], "early"),
        ("lies", &lying, "FRAME"),
        ("is-empty", b"", "y4m"),
        ("is-text", b"this is no film", "y4m"),
    ];
    // The film is looked at first: no server, no link is needed to be told.
    write(&clinic.house.link_file(), &any_link());
    for (name, bytes, word) in films {
        let path = clinic.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let options = Options { camera: format!("file:{}", path.display()), ..short() };
        fails(&mut clinic.house.join_command(&here(), &options), BAD_INPUT, &[name, word]);
    }
    let options = Options { camera: "file:no-such-film.y4m".into(), ..short() };
    fails(&mut clinic.house.join_command(&here(), &options), BAD_INPUT, &["no-such-film.y4m"]);
    let options = Options { microphone: format!("file:{}", clinic.patient.film.display()), ..short() };
    fails(&mut clinic.house.join_command(&here(), &options), BAD_INPUT, &["patient.y4m"]);
}

/// Well-formed, to a server that is not there.
pub(crate) fn any_link() -> String {
    let id = "A".repeat(22);
    let key = "A".repeat(43);
    format!("housecall://127.0.0.1:1/j/inv_{id}#1.{key}.{key}.{key}\n")
}

/// By a link of our own: what stands at the path may be replaced, and the system's device must not be.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_the_report_and_not_the_call() {
    let clinic = Clinic::open();
    let full = clinic.folder.path().join("full-report");
    std::os::unix::fs::symlink("/dev/full", &full).expect("a link");
    let mut host = clinic.host(&clinic.clinicians(15));
    let guest = with(&clinic.house.join_command(&here(), &clinic.patients(4)), "--report", &full);
    fails(&mut { guest }, BAD_INPUT, &["report", "space"]);
    assert_eq!(exit_of(&mut host, CALL), 0, "{}", host.process.stderr());
}

fn server(arguments: &[&OsStr]) -> Command {
    let mut command = Command::new(&programs().server);
    command.args(arguments);
    command
}

#[test]
fn a_port_in_use_is_told_to_the_operator() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    let words = ["serve".as_ref(), "--data".as_ref(), data.path().as_os_str(), "--listen".as_ref(), address.as_ref()];
    let begun = Instant::now();
    fails(&mut server(&words), BAD_INPUT, &["in use", address.rsplit(':').next().unwrap()]);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_certificate_that_cannot_be_read_is_told_to_the_operator() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("certificate.pem");
    write(&file, "no certificate\n");
    // A key that others may read is refused before it is looked at.
    #[cfg(unix)]
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a file of ours");
    let serve = |certificate: &Path| {
        let mut command = server(&["serve".as_ref(), "--data".as_ref(), data.path().as_os_str()]);
        command.args(["--listen", "127.0.0.1:0", "--tls-cert"]).arg(certificate).arg("--tls-key").arg(&file);
        command
    };
    fails(&mut serve(&file), BAD_INPUT, &["certificate.pem"]);
    fails(&mut serve(&data.path().join("missing.pem")), BAD_INPUT, &["missing.pem"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_data_folder_that_cannot_be_written_is_told_to_the_operator() {
    let words = ["serve", "--data", "/proc/housecall", "--listen", "127.0.0.1:0"].map(OsStr::new);
    fails(&mut server(&words), BAD_INPUT, &["/proc/housecall"]);
}

#[test]
fn a_server_that_is_asked_to_end_says_goodbye_and_ends_well() {
    let mut clinic = Clinic::open();
    let process = &mut clinic.house.server.process;
    process.terminate().unwrap();
    let status = process.wait(Duration::from_secs(15)).unwrap();
    assert!(status.success(), "{status}: {}", process.stderr());
    assert!(!process.stderr().contains("panicked"));
}
