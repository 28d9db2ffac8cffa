//! What a patient reads of their network before they join.

use call::Phase;
use doctor::{Checked, Reason, Verdict, Works};
use egui::{Theme, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use house::Moment;
use house::window::{Window, open_at, says};

mod house;

fn lobby(works: Works, reasons: &[Reason]) -> Harness<'static, Window> {
    let verdict = Verdict { works, reasons: reasons.to_vec(), notes: vec![] };
    let network = Some(Checked { verdict, port: 443 });
    let moment = Moment { network, phone: Some("+1 555 0100".to_owned()), ..Moment::patient(Phase::Lobby) };
    open_at(moment, vec2(1000.0, 700.0), Theme::Light)
}

#[test]
fn a_network_that_lets_no_visit_through_is_said_with_whom_to_ask_and_whom_to_call() {
    let window = lobby(Works::Nothing, &[Reason::MediaBlocked]);
    window.get_by_label_contains("Visits are blocked by this network.");
    assert!(says(&window, "port 443") && says(&window, "+1 555 0100"));
    window.get_by_label("Join the visit");
}

#[test]
fn a_thin_link_is_said_with_what_will_work() {
    let window = lobby(Works::Voice, &[Reason::ThinUp(24)]);
    window.get_by_label_contains("Voice only: the link is too thin for a picture.");
    assert!(says(&window, "use a cable") && !says(&window, "+1 555 0100"), "it works");
}

#[test]
fn where_all_is_well_nothing_is_said() {
    for reasons in [&[][..], &[Reason::DatagramsBlocked { tls: true }]] {
        let window = lobby(Works::PictureAndVoice, reasons);
        assert!(!says(&window, "will work") && !says(&window, "network"), "{reasons:?}");
    }
}
