use super::*;
use crate::fixtures::offered as parameters;

#[test]
fn credentials_can_do_no_harm_in_a_line_of_sdp() {
    let password = "0123456789abcdefghij+/";
    assert!(IceCredentials::new("ufrg", password).is_ok());
    assert!(IceCredentials::new(&"u".repeat(256), &"p".repeat(256)).is_ok());
    for (ufrag, password) in [
        ("ufr", password),
        ("ufrg", &password[1..]),
        (&"u".repeat(257), password),
        ("ufrg", &"p".repeat(257)),
        ("uf rg", password),
        ("ufrg\r\na=x", password),
        ("üfrg", password),
        ("ufrg", "0123456789abcdefghij-_"),
        ("ufrg", "0123456789abcdefghij+/\n"),
    ] {
        assert_eq!(IceCredentials::new(ufrag, password), Err(ConnectionError::IceCredentials), "{ufrag} {password}");
    }
}

#[test]
fn the_password_is_not_printed() {
    let printed = format!("{:?}", parameters());
    assert!(printed.contains("ice: IceCredentials([secret])") && !printed.contains("0123456789"), "{printed}");
}

#[test]
fn numbers_that_do_not_fit_each_other_are_refused() {
    assert_eq!(parameters().validate(), Ok(()));
    let refused = |change: fn(&mut ConnectionParameters), error| {
        let mut parameters = parameters();
        change(&mut parameters);
        assert_eq!(parameters.validate(), Err(error));
    };
    refused(|it| it.srtp.clear(), ConnectionError::NoAeadProfile);
    refused(|it| it.voice.payload_type = 95, ConnectionError::PayloadTypes);
    refused(|it| it.picture.payload_type = 128, ConnectionError::PayloadTypes);
    refused(|it| it.picture.rtx_payload_type = 0, ConnectionError::PayloadTypes);
    refused(|it| it.voice.payload_type = 102, ConnectionError::PayloadTypes);
    refused(|it| it.picture.rtx_payload_type = 102, ConnectionError::PayloadTypes);
    for red in [0, 34, 64, 95, 128, 255, 111, 102, 103] {
        let parameters = ConnectionParameters {
            voice: VoiceParameters { red_payload_type: Some(red), ..parameters().voice },
            ..parameters()
        };
        assert_eq!(parameters.validate(), Err(ConnectionError::PayloadTypes), "RED as {red}");
    }
    for red in [None, Some(35), Some(63), Some(96), Some(127)] {
        let parameters = ConnectionParameters {
            voice: VoiceParameters { red_payload_type: red, ..parameters().voice },
            ..parameters()
        };
        assert_eq!(parameters.validate(), Ok(()), "RED as {red:?}");
    }
    refused(|it| it.voice.ssrc = 0, ConnectionError::Sources);
    refused(|it| it.picture.rtx_ssrc = 2, ConnectionError::Sources);
    refused(|it| it.picture.ssrc = 1, ConnectionError::Sources);
    refused(|it| it.picture.profile_level_id = [0x64, 0xe0, 0x1f], ConnectionError::PictureProfile);
    refused(|it| it.picture.profile_level_id = [0x42, 0x00, 0x1f], ConnectionError::PictureProfile);
    refused(|it| it.extensions.mid = 0, ConnectionError::Extensions);
    refused(|it| it.extensions.transport_cc = 15, ConnectionError::Extensions);
    refused(|it| it.extensions.transport_cc = 1, ConnectionError::Extensions);
}
