use proptest::prelude::*;

use super::*;

fn link() -> Link {
    Link {
        server: "clinic.example".parse().unwrap(),
        app_only: false,
        invite: InviteId::from_random([1; 16]),
        secret: InviteSecret::from_random([2; 32]),
        clinic_key: KeyFingerprint([3; 32]),
        epoch: None,
        pin: None,
    }
}

const SECRET: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";
const KEY: &str = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM";
const PIN: &str = "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ";
const INVITE: &str = "inv_AQEBAQEBAQEBAQEBAQEBAQ";

#[test]
fn links_are_written_as_the_grammar_says() {
    assert_eq!(link().to_string(), format!("https://clinic.example/j/{INVITE}#1.{SECRET}.{KEY}"));
    let app = Link { app_only: true, server: "[::1]:8443".parse().unwrap(), epoch: Some(7), ..link() };
    assert_eq!(app.to_string(), format!("housecall://[::1]:8443/j/{INVITE}#1.{SECRET}.{KEY}.7"));
    assert_eq!(app.base_url(), "https://[::1]:8443");
    let pinned = Link { app_only: true, epoch: Some(0), pin: Some(TlsPin([4; 32])), ..link() };
    assert_eq!(pinned.to_string(), format!("housecall://clinic.example/j/{INVITE}#1.{SECRET}.{KEY}.0.{PIN}"));
}

#[test]
fn a_link_with_a_pin_is_only_ever_made_for_the_app() {
    let pinned = Link { app_only: false, pin: Some(TlsPin([4; 32])), ..link() };
    assert!(pinned.to_string().starts_with("housecall://"));
    let web = pinned.to_string().replace("housecall://", "https://");
    assert_eq!(web.parse::<Link>(), Err(LinkError::PinInWebLink));
}

#[test]
fn white_space_from_a_file_or_a_mail_does_no_harm() {
    assert_eq!(format!("  {}\r\n", link()).parse(), Ok(link()));
}

#[test]
fn each_defect_has_its_own_answer() {
    let tail = format!("1.{SECRET}.{KEY}");
    for (text, error) in [
        (String::new(), LinkError::Scheme),
        (format!("http://clinic.example/j/{INVITE}#{tail}"), LinkError::Scheme),
        (format!("housecall:https://clinic.example/j/{INVITE}#{tail}"), LinkError::Scheme),
        (format!("https://clinic.example/j/{INVITE}"), LinkError::NoSecret),
        (format!("https://clinic.example/j/{INVITE}#"), LinkError::NoSecret),
        (format!("https://clinic.example/j/{INVITE}#0.{SECRET}.{KEY}"), LinkError::NoSecret),
        (format!("https://clinic.example/j/{INVITE}#2.{SECRET}.{KEY}"), LinkError::LaterVersion),
        (format!("https://clinic.example#{tail}"), LinkError::Path),
        (format!("https://clinic.example/{INVITE}#{tail}"), LinkError::Path),
        (format!("https:///j/{INVITE}#{tail}"), LinkError::Server(ServerAddressError::Host)),
        (format!("https://a@b/j/{INVITE}#{tail}"), LinkError::Server(ServerAddressError::Host)),
        (format!("https://a:b/j/{INVITE}#{tail}"), LinkError::Server(ServerAddressError::Port)),
        (format!("https://clinic.example/j/{INVITE}/#{tail}"), LinkError::Invite),
        (format!("https://clinic.example/j/{INVITE}?x=1#{tail}"), LinkError::Invite),
        (format!("https://clinic.example/j/vis_AQEBAQEBAQEBAQEBAQEBAQ#{tail}"), LinkError::Invite),
        (format!("https://clinic.example/j/{INVITE}#1"), LinkError::Secret),
        (format!("https://clinic.example/j/{INVITE}#1.{}.{KEY}", &SECRET[1..]), LinkError::Secret),
        (format!("https://clinic.example/j/{INVITE}#1.{SECRET}"), LinkError::ClinicKey),
        (format!("https://clinic.example/j/{INVITE}#1.{SECRET}.{}", &KEY[..42]), LinkError::ClinicKey),
        (format!("https://clinic.example/j/{INVITE}#{tail}."), LinkError::Tail),
        (format!("https://clinic.example/j/{INVITE}#{tail}.01"), LinkError::Tail),
        (format!("https://clinic.example/j/{INVITE}#{tail}.+1"), LinkError::Tail),
        (format!("https://clinic.example/j/{INVITE}#{tail}.4294967296"), LinkError::Tail),
        (format!("https://clinic.example/j/{INVITE}#{tail}.1.2"), LinkError::Tail),
        (format!("housecall://clinic.example/j/{INVITE}#{tail}.{PIN}.1"), LinkError::Tail),
        (format!("housecall://clinic.example/j/{INVITE}#{tail}.1.{PIN}.{PIN}"), LinkError::Tail),
        (format!("housecall://clinic.example/j/{INVITE}#{tail}.{}!", &PIN[..42]), LinkError::Tail),
        (format!("https://clinic.example/j/{INVITE}#{tail} x"), LinkError::ClinicKey),
    ] {
        assert_eq!(text.parse::<Link>(), Err(error), "{text}");
    }
}

#[test]
fn neither_debug_nor_an_error_tells_the_secret() {
    assert!(!format!("{:?}", link()).contains(SECRET));
    let damaged = format!("https://clinic.example/j/{INVITE}#1.{SECRET}.{KEY}.x");
    let error = damaged.parse::<Link>().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(SECRET));
}

fn any_link() -> impl Strategy<Value = Link> {
    let server = ("[a-z]{1,9}(\\.[a-z]{2,5}){0,2}", 1..=u16::MAX);
    let keys = (any::<[u8; 16]>(), any::<[u8; 32]>(), any::<[u8; 32]>());
    (server, keys, any::<Option<u32>>(), any::<Option<[u8; 32]>>(), any::<bool>()).prop_map(
        |((host, port), (invite, secret, key), epoch, pin, app_only)| Link {
            server: format!("{host}:{port}").parse().unwrap(),
            app_only: app_only || pin.is_some(),
            invite: InviteId::from_random(invite),
            secret: InviteSecret::from_random(secret),
            clinic_key: KeyFingerprint(key),
            epoch,
            pin: pin.map(TlsPin),
        },
    )
}

proptest! {
    #[test]
    fn every_link_is_read_as_it_is_written(link in any_link()) {
        prop_assert_eq!(link.to_string().parse(), Ok(link));
    }

    #[test]
    fn a_link_with_one_other_character_is_another_link_or_none(
        link in any_link(),
        place: prop::sample::Index,
        other in "[ -~]",
    ) {
        let text = link.to_string();
        let place = place.index(text.len());
        let mut damaged = text.clone();
        damaged.replace_range(place..place + 1, &other);
        // A host's upper-case letter is the same letter; every other text means something else.
        let same = damaged.eq_ignore_ascii_case(&text) && place < text.find("/j/").unwrap();
        if damaged != text && !same {
            prop_assert_ne!(damaged.parse(), Ok(link));
        }
    }

    #[test]
    fn no_text_panics(text in "(https://|housecall://)?.{0,40}(/j/)?.{0,40}#?(1\\.)?.{0,99}") {
        let _ = text.parse::<Link>();
    }
}
