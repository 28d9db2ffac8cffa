//! What would work and must not: settings that leave a door open. `check` says them, and a server does not start with the bad ones.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use crate::data_lock::DataLock;
use crate::doctor::{Check, Checkup, certificate_check};
use crate::front::TrustedProxies;
use crate::relaying::RelayChoice;
use crate::retention::{LEAST_LOG, LEAST_NAMES, LONG_NAMES, Retention, USUAL_LOG, days, years};
use crate::serve::Config;
use crate::storage_key::{KeyError, Place, made_beside};

/// Looks at the settings and the files that they name; opens nothing, makes nothing, asks nobody.
pub fn check(config: &Config, name: Option<&str>) -> Checkup {
    let place = Place { directory: config.data.clone(), key: config.key.clone() };
    let mut checks = vec![folder(&config.data), storage_key(&place), certificate_check(config, name)];
    checks.extend(private_key(config));
    checks.push(relay(config));
    checks.extend(config.metrics.map(|metrics| numbers(metrics, config.listen)));
    checks.extend(proxies(&config.proxies));
    checks.extend([log_is_kept(&config.retention), names_are_kept(&config.retention)]);
    Checkup { running: DataLock::is_held(&config.data), checks }
}

const FOLDER: &str = "data folder";

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    Some(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(path).ok()?) & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}

fn folder(data: &Path) -> Check {
    let shown = data.display();
    match mode(data) {
        None => Check::good(FOLDER, format!("{shown} will be made for its owner alone.")),
        Some(mode) if mode & 0o002 != 0 => Check::bad(
            FOLDER,
            format!("Everybody may write in {shown} (mode {mode:03o}), and so put another database there."),
            format!("Make it its owner's alone: chmod 700 {shown}."),
        ),
        Some(mode) if mode & 0o075 != 0 => Check::warning(
            FOLDER,
            format!("Others have rights in {shown} (mode {mode:03o})."),
            format!("Make it its owner's alone: chmod 700 {shown}."),
        ),
        Some(_) => Check::good(FOLDER, format!("{shown} is its owner's alone.")),
    }
}

fn storage_key(place: &Place) -> Check {
    const WHAT: &str = "storage key";
    match place.keys() {
        Ok(_) if made_beside(place) => Check::warning(
            WHAT,
            "The storage key lies in the data directory: a copy of the directory is a copy of the key.",
            "Move it to another disk, or to systemd's credentials, and name it by --storage-key-file; keep a copy of it where no \
             backup lies.",
        ),
        Ok(_) => Check::good(WHAT, "The storage key lies outside of the data directory."),
        Err(KeyError::Missing(path)) if !place.directory.join(crate::store::FILE).exists() => {
            Check::good(WHAT, format!("A storage key will be made: {}.", path.display()))
        }
        Err(error) => Check::bad(WHAT, capital(&error.to_string()), ""),
    }
}

fn private_key(config: &Config) -> Option<Check> {
    const WHAT: &str = "certificate's key";
    let path = &config.certificate.as_ref()?.key;
    let mode = mode(path)?;
    let shown = path.display();
    Some(if mode & 0o007 == 0 {
        Check::good(WHAT, format!("{shown} is not for everybody on this machine."))
    } else {
        Check::bad(
            WHAT,
            format!("Everybody on this machine may read {shown} (mode {mode:03o}), and could pose as this server."),
            format!("Take that right away: chmod 640 {shown}, with the server's group."),
        )
    })
}

/// A secret that stands in coturn's own example and in a hundred tutorials is none.
const WELL_KNOWN: [&str; 9] =
    ["north", "secret", "mysecret", "coturn", "turn", "logen", "password", "changeme", "static-auth-secret"];

/// coturn's documentation draws sixteen letters; fewer are found by trying against one credential.
const SHORTEST_SECRET: usize = 16;

fn relay(config: &Config) -> Check {
    const WHAT: &str = "relay";
    match &config.relay {
        RelayChoice::None => Check::warning(
            WHAT,
            "There is no relay: one visit in ten does not come about without.",
            "Leave --no-relay out.",
        ),
        RelayChoice::Coturn(coturn) => {
            let secret = coturn.secret.expose();
            let known = WELL_KNOWN.iter().any(|known| secret.to_lowercase().starts_with(known) && secret.len() < 24);
            if known || secret.chars().count() < SHORTEST_SECRET {
                return Check::bad(
                    WHAT,
                    "The coturn's secret is short or a well-known word: from one credential it is found by trying.",
                    "Draw one, here and there: openssl rand -hex 32.",
                );
            }
            Check::good(WHAT, "A coturn relays, by a secret that is not guessed.")
        }
        RelayChoice::Own(options) if options.private_peers && is_public(config.listen.ip()) => Check::warning(
            WHAT,
            "Whoever holds a link can send UDP into the networks that this machine reaches.",
            "Leave --relay-private-peers out unless all visits stay in the clinic's own network.",
        ),
        RelayChoice::Own(_) => Check::good(WHAT, "The server relays by itself, with passwords of minutes."),
    }
}

fn numbers(at: SocketAddr, listen: SocketAddr) -> Check {
    const WHAT: &str = "numbers";
    if at.port() == listen.port() && at.port() != 0 && (at.ip() == listen.ip() || listen.ip().is_unspecified()) {
        return Check::bad(
            WHAT,
            format!("Numbers and health are to be told at {at}, which serves visits."),
            "Choose another port by --metrics-listen.",
        );
    }
    if is_public(at.ip()) {
        return Check::bad(
            WHAT,
            format!("Numbers and health at {at} could be read by everybody: how many visits there are, and when."),
            "Name an address of this machine or of an inner network by --metrics-listen, as 127.0.0.1:9464.",
        );
    }
    Check::good(WHAT, format!("Numbers and health are told at {at}, not to everybody."))
}

fn log_is_kept(retention: &Retention) -> Check {
    const WHAT: &str = "audit log";
    let years = retention.log.as_secs() / years(1).as_secs();
    if retention.log < LEAST_LOG {
        return Check::bad(
            WHAT,
            "The audit log is kept for less than a year: who breaks in is commonly found out months later, and there would be \
             nothing left to look at.",
            "Choose at least 1 by --keep-log-years, or leave it out: then it is 6.",
        );
    }
    if retention.log < USUAL_LOG {
        return Check::warning(
            WHAT,
            format!("The audit log is kept for {years} years, and 45 CFR 164.316(b)(2)(i) asks six of whom it binds."),
            "Leave --keep-log-years out unless you know that the clinic is not bound by it.",
        );
    }
    Check::good(WHAT, format!("The audit log is kept for {years} years, and longer what is on legal hold."))
}

fn names_are_kept(retention: &Retention) -> Check {
    const WHAT: &str = "patients' names";
    let days = retention.names.as_secs() / days(1).as_secs();
    if retention.names < LEAST_NAMES {
        return Check::bad(
            WHAT,
            format!(
                "A visit is forgotten {days} days after its end: one that was taken over could not be reviewed in time, and who \
                 opens its link would not hear that it is over."
            ),
            "Choose at least 7 by --keep-names-days, or leave it out: then it is 30.",
        );
    }
    if retention.names > LONG_NAMES {
        return Check::warning(
            WHAT,
            format!("Patients' names are kept, sealed, for {days} days after a visit: nobody needs them so long."),
            "Leave --keep-names-days out: then it is 30. What is to be kept belongs into the clinic's own records.",
        );
    }
    Check::good(WHAT, format!("Patients' names are kept, sealed, for {days} days after a visit."))
}

fn proxies(trusted: &TrustedProxies) -> Option<Check> {
    const WHAT: &str = "reverse proxy";
    if trusted.is_empty() {
        return None;
    }
    let public: Vec<String> = trusted.iter().filter(|ip| is_public(*ip)).map(|ip| ip.to_string()).collect();
    Some(if public.is_empty() {
        Check::good(WHAT, "The word of the proxies that are named is taken for where somebody comes from.")
    } else {
        let all = public.join(", ");
        Check::bad(
            WHAT,
            format!(
                "{all} is no address of one machine in an inner network; what it says of itself would be believed."
            ),
            "Name the proxy's own address in your network by --trusted-proxy.",
        )
    })
}

/// Whether strangers could reach or have this address: all addresses of a machine count.
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => !(ip.is_loopback() || ip.is_private() || ip.is_link_local()),
        IpAddr::V6(ip) => !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()),
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
