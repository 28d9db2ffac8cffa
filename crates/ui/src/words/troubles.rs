//! What went wrong before there was a visit: with the link, and with reaching the clinic's server.

use signaling_protocol::Code;
use units::ServerTrouble;

use super::{Language, of_code, script};

/// What is wrong with the text that should have been a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTrouble {
    /// It is something else.
    NotALink,
    /// It is one, and some of it was changed on its way.
    Damaged,
    /// Its end is missing: some programs cut it off.
    NotWhole,
    /// It is of a later version.
    Newer,
    /// It is for the app and was made for a browser.
    ForBrowser,
}

/// What is wrong with a link, and the next step.
pub fn link_trouble(language: Language, trouble: LinkTrouble) -> &'static str {
    language.speaks(|| match trouble {
        LinkTrouble::NotALink => say!(link_is_none),
        LinkTrouble::Damaged => say!(link_is_damaged),
        LinkTrouble::NotWhole => say!(link_is_not_whole),
        LinkTrouble::Newer => say!(link_is_newer),
        LinkTrouble::ForBrowser => say!(link_is_for_browser),
    })
}

/// Why the server cannot be asked, and the next step.
pub fn server_trouble(language: Language, trouble: ServerTrouble) -> String {
    language.speaks(|| server_in_words(trouble))
}

/// What the server's no means, and the next step.
pub fn server_refused(language: Language, code: Code) -> &'static str {
    language.speaks(|| of_code(code))
}

pub(crate) fn server_in_words(trouble: ServerTrouble) -> String {
    match trouble {
        ServerTrouble::Address => say!(server_address),
        ServerTrouble::NoAuthorities => say!(server_no_authorities),
        ServerTrouble::Unreachable => say!(server_unreachable),
        ServerTrouble::ProxyScript(fault) => return say!(server_proxy_script, fault = script(fault)),
        ServerTrouble::OtherCertificate => say!(server_other_certificate),
        ServerTrouble::Untrusted => say!(server_untrusted),
        ServerTrouble::TooOldTls => say!(server_too_old_tls),
        ServerTrouble::Stranger => say!(server_stranger),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use units::ScriptFault;

    use super::*;

    #[test]
    fn every_trouble_says_what_is_wrong_and_the_next_step() {
        let links = [
            LinkTrouble::NotALink,
            LinkTrouble::Damaged,
            LinkTrouble::NotWhole,
            LinkTrouble::Newer,
            LinkTrouble::ForBrowser,
        ];
        let servers = [
            ServerTrouble::Address,
            ServerTrouble::NoAuthorities,
            ServerTrouble::Unreachable,
            ServerTrouble::ProxyScript(ScriptFault::Endless),
            ServerTrouble::OtherCertificate,
            ServerTrouble::Untrusted,
            ServerTrouble::TooOldTls,
            ServerTrouble::Stranger,
        ];
        for language in [Language::English, Language::Spanish] {
            let links = links.map(|trouble| link_trouble(language, trouble).to_owned());
            let servers = servers.map(|trouble| server_trouble(language, trouble));
            let all: Vec<&String> = links.iter().chain(&servers).collect();
            let different: std::collections::BTreeSet<_> = all.iter().collect();
            assert_eq!(different.len(), all.len());
            for words in all {
                assert!(words.contains(". ") && words.ends_with('.'), "{words}");
            }
        }
    }
}
