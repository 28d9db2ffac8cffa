//! Reads what the settings of desktops and systems say of proxies, from the text of their own programs and files.
//!
//! Whatever cannot be read is not there.

#![allow(dead_code, reason = "each system has one or two of these; the tests read all")]

use std::collections::HashMap;
use std::sync::Arc;

use signaling_client::ProxyRules;

use super::{Named, ScriptPlace};

/// What `gsettings list-recursively org.gnome.system.proxy` prints: schema, key and value, with strings in quotes.
pub(super) fn of_gsettings(text: &str) -> Option<Named> {
    let rows = text.lines().filter_map(|line| {
        let (schema, rest) = line.split_once(' ')?;
        let (key, value) = rest.split_once(' ')?;
        Some((format!("{schema} {key}"), value.trim()))
    });
    let all: HashMap<String, &str> = rows.collect();
    let get = |key: &str| all.get(&format!("org.gnome.system.proxy{key}")).copied().unwrap_or_default();
    let word = |key: &str| get(key).trim_matches('\'').trim();
    match word(" mode") {
        "auto" => script(word(" autoconfig-url")),
        "manual" => {
            // `https` is what goes by TLS; some desktops fill in `http` alone and mean both.
            let of =
                |kind: &str| (word(&format!(".{kind} host")).to_owned(), get(&format!(".{kind} port")).parse::<u16>());
            let (host, port) = [of("https"), of("http")].into_iter().find(|(host, _)| !host.is_empty())?;
            let spared = get(" ignore-hosts").trim_matches(['[', ']']).replace(['\'', ' '], "");
            Some(rules(&host, port.ok()?, &spared))
        }
        _ => None,
    }
}

/// KDE's `kioslaverc`.
pub(super) fn of_kde(text: &str) -> Option<Named> {
    let section = text.lines().skip_while(|line| line.trim() != "[Proxy Settings]").skip(1);
    let rows = section.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once('='));
    // A key may carry marks: `Proxy Config Script[$e]`.
    let all: HashMap<&str, &str> =
        rows.map(|(key, value)| (key.split('[').next().unwrap_or_default().trim(), value.trim())).collect();
    let get = |key: &str| all.get(key).copied().unwrap_or_default();
    match get("ProxyType") {
        "2" => script(get("Proxy Config Script")),
        "1" => {
            // `http://proxy.example 3128`, or with a colon.
            let named = [get("httpsProxy"), get("httpProxy")].into_iter().find(|named| !named.is_empty())?;
            let (host, port) = named.trim_end_matches('/').rsplit_once([' ', ':'])?;
            let host = host.split_once("://").map_or(host, |(_, host)| host).trim_end_matches('/');
            Some(rules(host, port.parse().ok()?, &get("NoProxyFor").replace(' ', "")))
        }
        _ => None,
    }
}

/// What `scutil --proxy` prints. Its fixed proxies are read elsewhere.
pub(super) fn of_scutil(text: &str) -> Option<Named> {
    let get = |key: &str| {
        let of_key = |line: &'_ str| {
            line.trim().strip_prefix(key)?.trim_start().strip_prefix(':').map(str::trim_start).map(ToOwned::to_owned)
        };
        text.lines().find_map(of_key)
    };
    (get("ProxyAutoConfigEnable").as_deref() == Some("1")).then_some(())?;
    script(&get("ProxyAutoConfigURLString")?)
}

/// What `reg query … /v AutoConfigURL` prints. Fixed proxies are read elsewhere.
pub(super) fn of_reg(text: &str) -> Option<Named> {
    let value = text.lines().find_map(|line| line.trim().strip_prefix("AutoConfigURL"))?;
    script(
        value.trim_start().strip_prefix("REG_SZ").or_else(|| value.trim_start().strip_prefix("REG_EXPAND_SZ"))?.trim(),
    )
}

/// A setting without an address means discovery (WPAD), and that is not done.
fn script(place: &str) -> Option<Named> {
    if place.is_empty() {
        tracing::warn!("the system's settings want the proxy to be discovered (WPAD); that is not done: name it");
        return None;
    }
    match place.parse::<ScriptPlace>() {
        Ok(place) => Some(Named::Script(place)),
        Err(sentence) => {
            tracing::warn!(why = sentence, "the proxy script of the system's settings is passed over");
            None
        }
    }
}

fn rules(host: &str, port: u16, spared: &str) -> Named {
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    Named::Rules(Arc::new(ProxyRules::by(&format!("http://{host}:{port}"), spared)))
}
