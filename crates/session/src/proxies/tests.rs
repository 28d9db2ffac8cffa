use std::fs;

use signaling_client::{Hop, Uri};
use tempfile::TempDir;

use super::desktop::{of_gsettings, of_kde, of_reg, of_scutil};
use super::*;

fn uri(host: &str) -> Uri {
    format!("https://{host}:443/").parse().unwrap()
}

/// By way of what a host is reached, in short.
fn by(named: Option<Named>, host: &str) -> String {
    match named {
        None => "nothing".to_owned(),
        Some(Named::Script(place)) => format!("{place:?}"),
        Some(Named::Rules(rules)) => format!("{:?}", rules.hop(&uri(host))),
    }
}

#[test]
fn a_script_is_a_file_or_a_page() {
    let read = |text: &str| text.parse::<ScriptPlace>();
    let file = |path: &str| Ok(ScriptPlace::File(path.into()));
    assert_eq!(read("http://a.example/proxy.pac"), Ok(ScriptPlace::Url("http://a.example/proxy.pac".to_owned())));
    assert_eq!(read("proxy.pac"), file("proxy.pac"));
    assert_eq!(read("file:///etc/proxy.pac"), file("/etc/proxy.pac"));
    assert_eq!(read("file:///C:/proxy.pac"), file("C:/proxy.pac"));
    assert!(read("ftp://a.example/proxy.pac").is_err() && read("").is_err() && read("file://").is_err());
}

#[test]
fn gnomes_settings_are_read_as_its_program_prints_them() {
    let said = |mode: &str, url: &str| {
        format!(
            "org.gnome.system.proxy autoconfig-url '{url}'\norg.gnome.system.proxy ignore-hosts ['localhost', \
             '10.0.0.0/8', 'spared.example']\norg.gnome.system.proxy mode '{mode}'\norg.gnome.system.proxy.http host \
             'plain.example'\norg.gnome.system.proxy.http port 80\norg.gnome.system.proxy.https host 'proxy.example'\n\
             org.gnome.system.proxy.https port 3128\n"
        )
    };
    let manual = |host| by(of_gsettings(&said("manual", "")), host);
    assert_eq!(manual("clinic.example"), "Proxy(proxy.example:3128)");
    assert_eq!((manual("spared.example").as_str(), manual("10.1.2.3").as_str()), ("Straight", "Straight"));
    assert_eq!(by(of_gsettings(&said("auto", "http://a.example/p")), ""), r#"Url("http://a.example/p")"#);
    for none in [said("none", "http://a.example/p"), said("auto", ""), said("auto", "data:,x://"), String::new()] {
        assert!(of_gsettings(&none).is_none(), "{none}");
    }
    let http = "org.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy.https host ''\n\
                org.gnome.system.proxy.http host 'p.example'\norg.gnome.system.proxy.http port 8080\n";
    assert_eq!(by(of_gsettings(http), "clinic.example"), "Proxy(p.example:8080)");
}

#[test]
fn kdes_settings_are_read_from_its_file() {
    let file = |rest: &str| format!("[Other]\nProxyType=1\n\n[Proxy Settings]\n{rest}\n[Next]\nProxyType=2\n");
    let script = file("Proxy Config Script[$e]=file:///etc/p.pac\nProxyType=2");
    assert_eq!(by(of_kde(&script), ""), r#"File("/etc/p.pac")"#);
    for proxy in ["http://p.example 3128", "p.example:3128", "http://p.example:3128/"] {
        let manual = file(&format!("ProxyType=1\nNoProxyFor=a.example, b.example\nhttpsProxy={proxy}"));
        assert_eq!(by(of_kde(&manual), "clinic.example"), "Proxy(p.example:3128)", "{proxy}");
        assert_eq!(by(of_kde(&manual), "b.example"), "Straight");
    }
    for none in [file("ProxyType=0"), file("ProxyType=3"), file("ProxyType=1"), String::new()] {
        assert!(of_kde(&none).is_none(), "{none}");
    }
}

#[test]
fn the_script_of_macos_and_windows_is_read_as_their_programs_print_it() {
    let scutil = |on: u8| {
        format!(
            "<dictionary> {{\n  ExceptionsList : <array> {{\n    0 : *.local\n  }}\n  ProxyAutoConfigEnable : {on}\n  \
             ProxyAutoConfigURLString : http://a.example:8080/proxy.pac\n  ProxyAutoDiscoveryEnable : 0\n}}\n"
        )
    };
    assert_eq!(by(of_scutil(&scutil(1)), ""), r#"Url("http://a.example:8080/proxy.pac")"#);
    assert!(of_scutil(&scutil(0)).is_none() && of_scutil("").is_none());
    let reg =
        "\r\nHKEY_CURRENT_USER\\Software\\Internet Settings\r\n    AutoConfigURL    REG_SZ    http://a.example/p\r\n";
    assert_eq!(by(of_reg(reg), ""), r#"Url("http://a.example/p")"#);
    assert!(of_reg("ERROR: The system was unable to find the specified registry key or value.").is_none());
}

/// A finder by a script of this text.
fn finder(folder: &TempDir, script: &str) -> Arc<ProxyFinder> {
    let path = folder.path().join("proxy.pac");
    fs::write(&path, script).unwrap();
    ProxyFinder::new(ProxyChoice::Script(ScriptPlace::File(path)))
}

#[tokio::test]
async fn a_script_is_asked_for_each_host_and_read_again_in_another_network() {
    let folder = tempfile::tempdir().unwrap();
    let script = "function FindProxyForURL(url, host) { return host === 'clinic.example' && url === \
                  'https://clinic.example:443/' ? 'PROXY p.example:3128; DIRECT' : 'DIRECT' }";
    let finder = finder(&folder, script);
    let found = finder.find(uri("clinic.example")).await.unwrap();
    assert_eq!(format!("{found:?}"), "[Proxy(p.example:3128), Straight]");
    assert!(finder.find(uri("other.example")).await == Ok(vec![Hop::Straight]));
    fs::write(folder.path().join("proxy.pac"), "function FindProxyForURL() { return 'SOCKS a:1' }").unwrap();
    assert!(finder.find(uri("other.example")).await == Ok(vec![Hop::Straight]), "what is known is known");
    finder.network_changed();
    assert!(finder.find(uri("other.example")).await == Err(ScriptFault::NoWay));
}

#[tokio::test]
async fn a_script_that_cannot_be_used_is_told_from_others_and_one_that_never_ends_is_run_once() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = ProxyChoice::Script(ScriptPlace::File(folder.path().join("no such file")));
    assert!(ProxyFinder::new(nowhere).find(uri("a")).await == Err(ScriptFault::Missing));
    assert!(finder(&folder, "<html>").find(uri("a")).await == Err(ScriptFault::Broken));
    let endless = finder(&folder, "for (;;) {}");
    assert!(endless.find(uri("a")).await == Err(ScriptFault::Endless));
    let What::Script(script) = endless.known().await else { panic!("the script was there") };
    assert!(script.endless.get().is_some(), "and is not run again");
    assert!(endless.find(uri("a")).await == Err(ScriptFault::Endless));
}
