//! What is asked of the patient at each start of a visit, and stays between the two apps.

use serde::{Deserialize, Serialize};
use signaling_protocol::GuestRole;
use units::Phi;

/// Characters of one answer: an address on two lines. Three of the longest fit a control message.
pub const MOST_FACT_CHARS: usize = 160;

/// Where the patient is and whom to call. Said by the guest's app to the host's over the verified connection of the two,
/// never by way of the server, and kept by neither longer than the call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Where the patient is now: where help would be sent.
    pub place: Phi<String>,
    /// Where to call back when the link dies.
    pub call_back: Phi<String>,
    /// Whom to call in an emergency, and where.
    pub emergency: Phi<String>,
    /// Who else is beside the patient: two at most are kept.
    pub beside: Vec<GuestRole>,
}

impl Facts {
    /// What is shown of it: without what cannot be seen on a screen, and no longer than a line or two.
    pub fn tidied(self) -> Self {
        let tidy = |text: Phi<String>| {
            let seen = text.into_exposed();
            let seen = seen.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
            Phi::new(seen.take(MOST_FACT_CHARS).collect::<String>().trim().to_owned())
        };
        let mut beside: Vec<GuestRole> =
            self.beside.into_iter().filter(|role| *role != GuestRole::Patient).take(2).collect();
        beside.dedup();
        Self { place: tidy(self.place), call_back: tidy(self.call_back), emergency: tidy(self.emergency), beside }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_can_be_seen() {
        let long = Phi::new("é".repeat(1_000));
        let facts = Facts {
            place: Phi::new(" 5 Elm\nStreet\u{7} ".to_owned()),
            call_back: long,
            beside: vec![GuestRole::Patient, GuestRole::Guardian, GuestRole::Guardian, GuestRole::Interpreter],
            ..Facts::default()
        };
        let facts = facts.tidied();
        assert_eq!(facts.place.expose(), "5 Elm Street");
        assert_eq!(facts.call_back.expose().chars().count(), MOST_FACT_CHARS);
        assert_eq!(facts.beside, [GuestRole::Guardian]);
        assert!(!format!("{facts:?}").contains("Elm"), "never in a log");
    }
}
