//! The three places, what is refused, and what is weak.

use std::path::PathBuf;

use super::*;
use crate::doctor::State;

fn read(text: &str) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.toml");
    std::fs::write(&path, text).unwrap();
    Settings::read(&path).map_err(|error| error.to_string())
}

#[test]
fn the_example_names_every_setting_and_is_as_without_it() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packaging/server.toml");
    let text = std::fs::read_to_string(path).unwrap();
    // Commented out stands what is not set; with all of it in force it must be understood still.
    let all: String = text.lines().map(|line| line.strip_prefix("#= ").unwrap_or(line).to_owned() + "\n").collect();
    let settings = read(&all).unwrap();
    let Settings { data, storage_key_file, listen, name, phone, tls, relay, proxy, metrics, log, retention } = settings;
    assert!(data.is_some() && storage_key_file.is_some() && listen.is_some() && name.is_some() && phone.is_some());
    assert!(tls.certificate.is_some() && tls.key.is_some() && metrics.listen.is_some() && log.format.is_some());
    assert!(!proxy.trusted.is_empty() && !relay.relay_address.is_empty() && !relay.relay_listen.is_empty());
    assert!(relay.relay_ports.is_some() && !relay.coturn.is_empty() && relay.coturn_secret_file.is_some());
    assert!(retention.log_years.is_some() && retention.names_days.is_some());
    for word in ["off", "private-peers", "only"] {
        assert!(all.contains(&format!("\n{word} = ")), "{word}");
    }
    assert!(read(&text).is_ok(), "as it is shipped");
}

#[test]
fn what_is_no_setting_is_refused_by_its_line() {
    for (text, words) in [
        ("data = \"d\"\nlisen = \"127.0.0.1:443\"", "line 2: unknown field `lisen`"),
        ("[relay]\nport = \"50000-51000\"", "line 2: unknown field `port`"),
        ("[relays]", "line 1: unknown field `relays`"),
        ("listen = \"443\"", "line 1: invalid socket address"),
        ("[relay]\nports = \"1-2\"", "write ports as 49152-65535"),
        ("[relay]\nonly = \"yes\"", "line 2: invalid type"),
        ("data = ", "line 1"),
    ] {
        let sentence = read(text).unwrap_err();
        assert!(sentence.contains(words) && sentence.contains("packaging/server.toml says"), "{sentence}");
    }
    let names = ["HOME", "HOUSECALL_LOG", "HOUSECALL_SERVER_DATA", "HOUSECALL_SERVER_STORAGE_KEY"];
    let known = |name: &str| name == "HOUSECALL_SERVER_DATA";
    assert!(refuse_unknown(names.map(str::to_owned), known).is_ok());
    let error = refuse_unknown(["HOUSECALL_SERVER_DATE".to_owned()], known).unwrap_err();
    assert!(error.to_string().contains("HOUSECALL_SERVER_DATE is no setting"), "{error}");
}

#[test]
fn what_is_said_above_goes_before_what_is_said_below() {
    let below = read(
        "data = \"below\"\nlisten = \"127.0.0.1:1\"\nphone = \"1\"\n[relay]\naddress = [\"192.0.2.1\"]\nonly = true\n\
         [tls]\ncertificate = \"c\"\nkey = \"k\"",
    )
    .unwrap();
    let above = Settings { data: Some("above".into()), ..Settings::default() };
    let both = above.over(below.clone());
    assert_eq!((both.data, both.phone), (Some("above".into()), Some("1".to_owned())));
    assert_eq!((&both.tls, &both.relay), (&below.tls, &below.relay));
    let relay = RelaySettings { coturn: vec!["turn:a:1".into()], ..RelaySettings::default() };
    let both = Settings { relay, ..Settings::default() }.over(below);
    assert!(both.relay.relay_address.is_empty() && both.relay.relay_only, "another kind of relay, all of it");
}

#[test]
fn a_relay_that_no_app_can_read_and_no_way_at_all_are_refused() {
    let refused = |text: &str| read(text).unwrap().relay.choice().unwrap_err().to_string();
    for url in [
        "turn:a.example:70000",
        "turn:",
        "turns:a.example?transport=udp",
        "turn://a.example",
        "turns:[2001:db8::1",
        "stun:a.example",
        "a.example:3478",
    ] {
        let said = refused(&format!("[relay]\ncoturn = [\"turn:a:1\", \"{url}\"]\ncoturn-secret-file = \"none\""));
        assert!(said.starts_with(&format!("{url} is no relay")) && said.contains("turns:HOST:PORT"), "{said}");
    }
    assert!(refused("[relay]\noff = true\nonly = true").contains("leave one of them out"));
    assert!(read("[relay]\nonly = true").unwrap().relay.choice().is_ok());
    assert!(read("[relay]\noff = true").unwrap().relay.choice().is_ok());
}

#[test]
fn the_key_is_looked_for_where_it_was_said_first() {
    let credentials = tempfile::tempdir().unwrap();
    let settings = |file: Option<&str>| Settings {
        data: Some("d".into()),
        storage_key_file: file.map(PathBuf::from),
        ..Settings::default()
    };
    let key = |file: Option<&str>, variables: &[(&str, &str)]| {
        let variable =
            |name: &str| variables.iter().find(|(its, _)| *its == name).map(|(_, value)| (*value).to_owned());
        settings(file).place(variable).unwrap().key
    };
    let folder = credentials.path().to_str().unwrap();
    assert_eq!(key(None, &[]), KeySource::Beside);
    assert_eq!(key(None, &[("CREDENTIALS_DIRECTORY", folder)]), KeySource::Beside, "a credential of another kind");
    std::fs::write(credentials.path().join(CREDENTIAL), "k").unwrap();
    assert_eq!(key(None, &[("CREDENTIALS_DIRECTORY", folder)]), KeySource::Given(Phi::new("k".to_owned())));
    let both = [(KEY_VARIABLE, "v"), ("CREDENTIALS_DIRECTORY", folder)];
    assert_eq!(key(None, &both), KeySource::Given(Phi::new("v".to_owned())));
    assert_eq!(key(Some("f"), &both), KeySource::File("f".into()));
    assert!(Settings::default().place(|_| None).unwrap_err().to_string().contains("HOUSECALL_SERVER_DATA"));
}

/// What is found about these settings, over those of a well-kept server.
fn found(text: &str) -> Vec<(&'static str, State, String)> {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    crate::store::make_private(&data).unwrap();
    let fill = |text: &str| text.replace("HERE", folder.path().to_str().unwrap());
    std::fs::write(folder.path().join("weak"), "north").unwrap();
    std::fs::write(folder.path().join("strong"), "q8Zt4mW1xYvB7nKd").unwrap();
    let settings =
        read(&fill(text)).unwrap().over(read(&fill("data = \"HERE/data\"\nlisten = \"0.0.0.0:443\"")).unwrap());
    let key = folder.path().join("key");
    let place = Place { directory: data, key: KeySource::File(key) };
    place.keys_or_new().unwrap();
    let config = settings.config(place).unwrap();
    let checkup = check(&config, None);
    checkup.checks.into_iter().map(|check| (check.what, check.state, check.says + " " + &check.next)).collect()
}

#[test]
fn weak_settings_are_found_and_their_twins_are_not() {
    for (weak, twin, what, state, words) in [
        (
            "[metrics]\nlisten = \"0.0.0.0:9464\"",
            "[metrics]\nlisten = \"127.0.0.1:9464\"",
            "numbers",
            State::Bad,
            "everybody",
        ),
        (
            "[metrics]\nlisten = \"127.0.0.1:443\"",
            "[metrics]\nlisten = \"127.0.0.1:444\"",
            "numbers",
            State::Bad,
            "another port",
        ),
        (
            "[proxy]\ntrusted = [\"0.0.0.0\"]",
            "[proxy]\ntrusted = [\"10.0.0.1\"]",
            "reverse proxy",
            State::Bad,
            "believed",
        ),
        ("[relay]\noff = true", "[relay]\nonly = true", "relay", State::Warning, "one visit in ten"),
        (
            "[relay]\ncoturn = [\"turn:a:1\"]\ncoturn-secret-file = \"HERE/weak\"",
            "[relay]\ncoturn = [\"turn:a:1\"]\ncoturn-secret-file = \"HERE/strong\"",
            "relay",
            State::Bad,
            "openssl rand",
        ),
        (
            "[retention]\nlog-years = 0",
            "[retention]\nlog-years = 10",
            "audit log",
            State::Bad,
            "nothing left to look at",
        ),
        ("[retention]\nlog-years = 5", "[retention]\nlog-years = 6", "audit log", State::Warning, "164.316"),
        (
            "[retention]\nnames-days = 6",
            "[retention]\nnames-days = 7",
            "patients' names",
            State::Bad,
            "reviewed in time",
        ),
        ("[retention]\nnames-days = 900", "", "patients' names", State::Warning, "clinic's own records"),
        ("[relay]\nprivate-peers = true", "", "relay", State::Warning, "private-peers out"),
    ] {
        let of = |text: &str| found(text).into_iter().find(|(found, ..)| *found == what);
        let (_, its, says) = of(weak).unwrap();
        assert!(its == state && says.contains(words), "{weak}: {its:?} {says}");
        assert!(of(twin).is_none_or(|(_, its, _)| its == State::Good), "{twin}");
    }
}

#[cfg(unix)]
#[test]
fn files_that_others_can_read_are_found() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &Path, mode: u32| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    let data = folder.path().join("data");
    crate::store::make_private(&data).unwrap();
    let place = Place::from(&data);
    place.keys_or_new().unwrap();
    let state_of = |what: &str| {
        let config = Config::new(data.clone(), "127.0.0.1:443".parse().unwrap());
        check(&config, None).checks.into_iter().find(|check| check.what == what).unwrap().state
    };
    assert_eq!((state_of("data folder"), state_of("storage key")), (State::Good, State::Warning), "the key is beside");
    for (its, state) in [(0o755, State::Warning), (0o777, State::Bad), (0o700, State::Good)] {
        mode(&data, its);
        assert_eq!(state_of("data folder"), state, "{its:o}");
    }
    mode(&place.key_file().unwrap(), 0o644);
    assert_eq!(state_of("storage key"), State::Bad);
}
