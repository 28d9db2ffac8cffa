#![no_main]
use libfuzzer_sys::fuzz_target;
use clinic::RecoverySecret;
use trust::{DtlsFingerprint, Link, ServerAddress, TlsPin};

fuzz_target!(|text: &str| {
    if let Ok(link) = text.parse::<Link>() {
        assert_eq!(link.to_string().parse::<Link>().as_ref(), Ok(&link));
    }
    let _ = text.parse::<ServerAddress>();
    let _ = text.parse::<TlsPin>();
    let _ = text.parse::<DtlsFingerprint>();
    if let Ok(secret) = RecoverySecret::from_sheet(text) {
        assert_eq!(RecoverySecret::from_sheet(&secret.to_sheet()), Ok(secret));
    }
});
