//! The check that begins by itself when a patient's window opens a link, against the real server.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use session::call::Intent;
use session::doctor::{Checked, Note, Reason, Works};
use session::{DeviceSecret, MediaChoices, Memory, Session, Unattended, Visit, WindowConfig};
use trust::Link;
use units::Clock;

use crate::clinic::Clinic;
use crate::network::{Network, Passes};

/// How long one look may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A patient's window without pixels and devices, in which a link was opened.
struct Window {
    session: Option<Session>,
    visit: Visit,
}

impl Window {
    fn opens(link: Link, hides: bool) -> Self {
        session::install_crypto_provider();
        let media = MediaChoices::without_devices();
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let config = WindowConfig {
            // No keyring is asked.
            device: Some(DeviceSecret::new([5; 32])),
            ..WindowConfig::new(clock, media, Memory::of_this_run().unwrap())
        };
        let session = Session::start(config, Unattended::default(), None, Arc::new(|| {})).unwrap();
        session.hide_address(hides, None);
        let visit = session.open_link(link).unwrap();
        Self { session: Some(session), visit }
    }

    /// What is found in the end that this is true of.
    async fn finds(&self, what: impl Fn(&Checked) -> bool) -> Checked {
        let look = async {
            loop {
                if let Some(checked) = self.visit.network_check().filter(|checked| what(checked)) {
                    return checked;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("{:?}", self.visit.network_check()))
    }

    async fn closes(mut self) {
        let session = self.session.take().expect("it is closed once");
        let visits = [self.visit.clone()];
        tokio::task::spawn_blocking(move || session.close(&visits)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_that_is_known_and_nobody_in_the_visit_hears_of_it() {
    let clinic = Clinic::opens().await;
    let window = Window::opens(clinic.link().await, false);
    let Checked { verdict, port } = window.finds(|_| true).await;
    assert_eq!((verdict.works, verdict.before_joining()), (Works::PictureAndVoice, None), "{verdict:?}");
    assert!(!verdict.notes.contains(&Note::RateUnknown), "the rate was measured: {verdict:?}");
    assert_eq!(port, clinic.address().port());
    assert_eq!(clinic.guests().await, 0, "a check joins nothing");
    window.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_lets_only_web_pages_through_is_told_before_anybody_joins() {
    let clinic = Clinic::opens().await;
    let network = Network::before(clinic.address(), Passes::WebPages).await;
    let window = Window::opens(clinic.link_by(network.port).await, false);
    let Checked { verdict, port } = window.finds(|_| true).await;
    assert_eq!((verdict.works, verdict.before_joining()), (Works::Nothing, Some(Reason::MediaBlocked)), "{verdict:?}");
    assert_eq!(port, network.port, "this is the port to ask for");
    window.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thin_link_is_told_by_a_few_kilobytes() {
    let clinic = Clinic::opens().await;
    let network = Network::before(clinic.address(), Passes::ThinUp { bytes_a_second: 5_000 }).await;
    let window = Window::opens(clinic.link_by(network.port).await, false);
    let verdict = window.finds(|_| true).await.verdict;
    assert!(verdict.works < Works::PictureAndVoice, "{verdict:?}");
    assert!(matches!(verdict.before_joining(), Some(Reason::ThinUp(1..=80))), "{verdict:?}");
    window.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hides_their_address_where_nothing_relays_is_told_and_it_changes_with_their_mind() {
    let clinic = Clinic::without_a_relay().await;
    let window = Window::opens(clinic.link().await, true);
    let hidden = window.finds(|_| true).await.verdict;
    assert_eq!((hidden.works, &hidden.reasons[..]), (Works::Nothing, &[Reason::NothingHides][..]));
    let session = window.session.as_ref().expect("it is open");
    session.hide_address(false, Some(&window.visit));
    let shown = window.finds(|checked| checked.verdict != hidden).await.verdict;
    assert_eq!((shown.works, &shown.reasons[..]), (Works::PictureAndVoice, &[Reason::NoRelay][..]));
    window.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_whose_visit_is_over_is_told_before_anybody_waits_in_vain() {
    let clinic = Clinic::opens().await;
    let link = clinic.link().await;
    clinic.end_the_visit().await;
    let window = Window::opens(link, false);
    assert_eq!(window.finds(|_| true).await.verdict.reasons, [Reason::VisitOver], "and nothing of the network");
    window.closes().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_at_once_is_not_checked_any_more() {
    let clinic = Clinic::opens().await;
    let window = Window::opens(clinic.link().await, false);
    window.visit.intend(Intent::Join);
    tokio::time::timeout(PATIENCE, async {
        while window.visit.snapshot().phase == session::call::Phase::Lobby {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("they come into the waiting room");
    assert_eq!(window.visit.network_check(), None);
    window.closes().await;
}
