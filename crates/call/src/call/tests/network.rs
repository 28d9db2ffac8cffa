//! Live, and this device's network changes.

use signaling_protocol::Code;

use super::*;
use crate::{NetworkInput, RequestKind};

impl Scene {
    fn network(&mut self, input: NetworkInput) {
        self.input(Input::Network(input));
    }

    /// The driver's words when the address of the path is gone.
    fn lose_address(&mut self) {
        self.network(NetworkInput::Changed);
        self.peer(PeerInput::AddressLost);
    }

    /// What it wants since it was last asked: so many offers of another path, and so many requests for one.
    fn wants(&mut self) -> (usize, usize) {
        let outputs = self.outputs();
        let offers = |output: &&Output| matches!(output, Output::Peer(_, PeerCommand::CreateOffer { restart: true }));
        let envelopes = outputs.iter().filter_map(|output| match output {
            Output::Signaling(SignalingRequest::Send(envelopes)) => Some(envelopes),
            _ => None,
        });
        let said = envelopes.flatten().filter_map(|envelope| self.heard.get(&envelope.id));
        let asks = said.filter(|message| **message == InnerMessage::IceRestartRequest).count();
        (outputs.iter().filter(offers).count(), asks)
    }
}

#[test]
fn a_host_whose_address_is_gone_says_so_and_offers_another_path_at_once() {
    let mut scene = Scene::host_live();
    scene.lose_address();
    assert!(matches!(scene.phase(), Phase::Reconnecting { .. }));
    scene.wait(millis(0));
    assert_eq!(scene.wants(), (1, 1));
    scene.peer(PeerInput::Offer(offer(1, 1)));
    assert_eq!(scene.said(), [InnerMessage::Offer { generation: 1, parameters: offer(1, 1) }]);
    scene.say(InnerMessage::Answer { generation: 1, parameters: answer(2, 1) });
    scene.peer(PeerInput::IceConnected);
    assert!(matches!(scene.phase(), Phase::Live { .. }));
    scene.wait(secs(60));
    assert_eq!(scene.wants().0, 0);
}

#[test]
fn a_guest_takes_the_first_offer_of_a_host_who_said_that_its_path_is_gone() {
    let mut scene = Scene::guest_live();
    let takes = |scene: &mut Scene, generation| {
        scene.say(InnerMessage::Offer { generation, parameters: offer(1, generation as u8) });
        scene.commands().iter().any(|(_, command)| matches!(command, PeerCommand::AcceptOffer(_)))
    };
    assert!(!takes(&mut scene, 1), "whoever is heard needs no other path");
    scene.say(InnerMessage::IceRestartRequest);
    assert!(matches!(scene.phase(), Phase::Reconnecting { .. }));
    assert!(takes(&mut scene, 2));
}

#[test]
fn a_guest_whose_address_is_gone_asks_for_another_path_as_soon_as_it_can() {
    let mut scene = Scene::guest_live();
    scene.lose_address();
    scene.signaling(SignalingInput::StreamDown);
    scene.wait(secs(30));
    assert_eq!(scene.wants().1, 0, "nobody can be told");
    scene.signaling(SignalingInput::StreamUp);
    scene.wait(millis(0));
    assert_eq!(scene.wants().1, 1);
    scene.say(InnerMessage::Offer { generation: 1, parameters: offer(1, 1) });
    assert!(scene.commands().iter().any(|(_, command)| matches!(command, PeerCommand::AcceptOffer(_))));
}

#[test]
fn a_path_that_was_only_silent_is_listened_to_before_it_is_given_up_for_a_changed_network() {
    let mut scene = Scene::host_live();
    scene.peer(PeerInput::Disconnected);
    scene.wait(millis(200));
    scene.network(NetworkInput::Changed);
    scene.wait(millis(499));
    assert_eq!(scene.wants().0, 0);
    scene.wait(millis(1));
    assert_eq!(scene.wants().0, 1);
}

#[test]
fn a_network_that_changes_beside_a_path_that_is_heard_changes_nothing() {
    for mut scene in [Scene::host_live(), Scene::guest_live()] {
        scene.network(NetworkInput::Changed);
        scene.wait(secs(60));
        assert!(matches!(scene.phase(), Phase::Live { .. }));
        assert_eq!(scene.wants(), (0, 0));
    }
}

#[test]
fn after_a_sleep_a_path_that_still_works_goes_on_and_another_is_replaced() {
    let mut scene = Scene::host_live();
    scene.network(NetworkInput::Woke);
    assert!(matches!(scene.phase(), Phase::Reconnecting { .. }));
    scene.wait(millis(400));
    scene.peer(PeerInput::HeardAgain);
    assert!(matches!(scene.phase(), Phase::Live { .. }));
    scene.wait(secs(60));
    assert_eq!(scene.wants().0, 0);
    scene.network(NetworkInput::Woke);
    scene.wait(millis(500));
    assert_eq!(scene.wants().0, 1);
}

#[test]
fn an_address_that_comes_and_goes_is_no_storm_of_requests() {
    let mut scene = Scene::guest_live();
    for _ in 0..100 {
        scene.lose_address();
        scene.wait(millis(100));
    }
    let (_, asks) = scene.wants();
    assert!((5..=11).contains(&asks), "{asks} in ten seconds");
}

#[test]
fn somebody_who_waits_is_found_again_as_well() {
    let mut scene = Scene::host_warm();
    scene.lose_address();
    scene.wait(millis(0));
    assert_eq!(scene.wants().0, 1);
}

#[test]
fn a_connection_that_is_still_being_made_has_its_time() {
    let mut scene = Scene::host_with(&[THEM]);
    scene.outputs();
    scene.lose_address();
    scene.wait(millis(500));
    assert!(scene.commands().is_empty());
}

#[test]
fn a_call_that_is_over_hears_nothing_of_networks() {
    let mut scene = Scene::host_live();
    scene.signaling(SignalingInput::Refused { request: RequestKind::Events, code: Code::VisitEnded });
    scene.outputs();
    scene.lose_address();
    scene.network(NetworkInput::Woke);
    assert!(scene.phase().is_ended());
    assert_eq!(scene.wants().0, 0);
}
