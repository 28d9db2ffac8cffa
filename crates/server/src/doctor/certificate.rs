//! The certificate: whether there is one, for whom and for how long.

use std::net::IpAddr;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use webpki::EndEntityCert;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Check;
use crate::serve::Config;
use crate::tls::{self, CertificateFiles};
use crate::wall_clock::since_epoch;

const WHAT: &str = "certificate";
const DAY: i64 = 24 * 3_600;
/// Who renews by itself does so a month before; who does not needs time to.
const SOON_DAYS: i64 = 21;

/// How the certificate stands, and its pin if it can be used.
pub(super) fn check(config: &Config, name: Option<&str>) -> (Check, Option<[u8; 32]>) {
    let kept = config.data.join("tls");
    let kept = CertificateFiles { certificate: kept.join("certificate.pem"), key: kept.join("key.pem") };
    let (files, self_signed) = match &config.certificate {
        Some(files) => (files.clone(), false),
        None if kept.certificate.exists() => (kept, true),
        None => {
            let says = "A self-signed certificate will be made at the first start; links carry its pin.";
            return (Check::good(WHAT, says), None);
        }
    };
    // With these files nothing is made.
    let pin = match tls::identity(&config.data, Some(&files), config.listen.ip()) {
        Ok(identity) => identity.pin,
        Err(error) => return (Check::bad(WHAT, capital(&error.to_string()), ""), None),
    };
    let check = match (self_signed, CertificateDer::from_pem_file(&files.certificate)) {
        (true, _) => Check::good(WHAT, "A self-signed certificate; links carry its pin."),
        (false, Ok(certificate)) => {
            of_certificate(&certificate, name, i64::try_from(since_epoch().as_secs()).unwrap_or(i64::MAX))
        }
        // It was read a moment ago.
        (false, Err(error)) => Check::bad(WHAT, format!("The certificate cannot be read: {error}."), ""),
    };
    (check, Some(pin))
}

/// How a certificate of the operator's stands for who comes by `name`, at this second of Unix time.
pub(super) fn of_certificate(certificate: &CertificateDer<'_>, name: Option<&str>, now: i64) -> Check {
    let der = certificate;
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return Check::bad(WHAT, "The certificate cannot be understood.", "Have a new one made.");
    };
    let (from, until) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let days = (until - now).div_euclid(DAY);
    let names = names(&certificate);
    let listed = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
    if now < from {
        let next = "Look at the machine's clock; if it is right, use the certificate from then on.";
        return Check::bad(
            WHAT,
            format!("The certificate is not valid yet, for {} days.", (from - now) / DAY + 1),
            next,
        );
    }
    if until < now {
        return Check::bad(
            WHAT,
            format!("The certificate ran out {} days ago.", -days),
            "Renew it, and tell the server to read it (SIGHUP).",
        );
    }
    if let Some(name) = name
        && !is_for(der, name)
    {
        let says = format!("The certificate is for {listed}, and not for {name}.");
        return Check::bad(WHAT, says, format!("Have one made for {name}."));
    }
    let says = format!("The certificate is for {listed}, and good for {days} days more.");
    if days < SOON_DAYS {
        return Check::warning(WHAT, says, "Renew it, and tell the server to read it (SIGHUP).");
    }
    Check::good(WHAT, says)
}

/// The names and addresses that a certificate is for (RFC 5280, section 4.2.1.6).
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else { return Vec::new() };
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(|ip| ip.to_string())
        }
        _ => None,
    };
    names.value.general_names.iter().filter_map(text).collect()
}

/// Whether it is for who comes by this name or address, as apps decide it.
fn is_for(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let (certificate, name) = (EndEntityCert::try_from(certificate), ServerName::try_from(name));
    let (Ok(certificate), Ok(name)) = (certificate, name) else { return false };
    certificate.verify_is_valid_for_subject_name(&name).is_ok()
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
