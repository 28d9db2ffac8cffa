//! Notes of a clinician.

use desk::{KeptNote, NotesView, OpenNote};
use signaling_protocol::VisitId;
use units::Phi;

use super::Moment;

/// With notes: of this visit if `open`, and of one before.
pub fn noted(moment: Moment, open: bool) -> Moment {
    let about = |number, began: &str, patient: Option<&str>| KeptNote {
        visit: VisitId::from_random([number; 16]),
        began: began.to_owned(),
        patient: patient.map(|patient| Phi::new(patient.to_owned())),
    };
    let (before, now) = (about(1, "2026-11-23 09:00", None), about(2, "2026-11-24 14:30", Some("Rosa Alvarez")));
    let text = Phi::new("Sleeps badly since the move.\nAgain in two weeks.".to_owned());
    let open = open.then(|| OpenNote { about: now.clone(), text });
    Moment { notes: Some(NotesView { open, kept: vec![before, now], of_others: 1, news: None }), ..moment }
}
