//! What a server makes of boxes: changed, cut, invented, stripped, forged with the link's secret.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use call::Refusal;
use ed25519_dalek::SigningKey;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use session::Link;
use signaling_protocol::{Base64, Event, MessageId, Role, SCHEME_OPEN};

use crate::apps::Habit;
use crate::fixtures::secret_bytes;
use crate::hand::Hand;
use crate::script::{Script, now};
use crate::verdict::{goes_on, honest, refused, refused_as};

#[test]
fn a_box_with_one_bit_changed_on_its_way_to_the_patient() {
    refused(Role::Guest, Refusal::Tampered, || Script::boxes(Role::Guest, |envelope| envelope.sealed.0[200] ^= 1));
}

#[test]
fn a_box_with_one_bit_changed_on_its_way_to_the_clinician() {
    refused(Role::Host, Refusal::Tampered, || Script::boxes(Role::Host, |envelope| envelope.sealed.0[200] ^= 1));
}

#[test]
fn a_first_box_with_another_key_in_front() {
    // Any point of full order.
    refused(Role::Guest, Refusal::Tampered, || {
        Script::boxes(Role::Guest, |envelope| {
            if envelope.seq == 0 {
                envelope.sealed.0[9..41].fill(9);
            }
        })
    });
}

#[test]
fn a_box_that_says_to_be_of_a_later_epoch() {
    refused(Role::Host, Refusal::Tampered, || Script::boxes(Role::Host, |envelope| envelope.sealed.0[4] += 1));
}

#[test]
fn a_truncated_box() {
    refused(Role::Guest, Refusal::Tampered, || Script::boxes(Role::Guest, |envelope| envelope.sealed.0.truncate(100)));
}

#[test]
fn a_box_cut_to_the_size_of_a_smaller_one() {
    refused(Role::Host, Refusal::Tampered, || Script::boxes(Role::Host, |envelope| envelope.sealed.0.truncate(256)));
}

#[test]
fn an_empty_box() {
    refused(Role::Guest, Refusal::Tampered, || Script::boxes(Role::Guest, |envelope| envelope.sealed.0.clear()));
}

#[test]
fn a_box_with_something_behind_it() {
    refused(Role::Guest, Refusal::Tampered, || {
        Script::boxes(Role::Guest, |envelope| {
            let size = crate::hand::padded(envelope.sealed.len() + 1);
            envelope.sealed.0.resize(size, 0);
        })
    });
}

#[test]
fn an_oversized_box() {
    refused(Role::Host, Refusal::Tampered, || {
        Script::boxes(Role::Host, |envelope| envelope.sealed.0.resize(17 * 1_024, 0))
    });
}

#[test]
fn boxes_of_noise() {
    let mut dice = StdRng::seed_from_u64(5);
    refused(Role::Guest, Refusal::Tampered, || {
        Script::boxes(Role::Guest, move |envelope| {
            let mut noise = vec![0; 64 * dice.random_range(4..16_usize)];
            dice.fill_bytes(&mut noise);
            noise[0] = 1;
            noise[1..9].fill(0);
            envelope.sealed = Base64(noise);
        })
    });
}

#[test]
fn candidates_that_the_server_made_up() {
    goes_on(
        || {
            Script::honest().events(|_, event| {
                let Event::Message { envelope } = &event else { return now(event) };
                let mut forged = envelope.clone();
                forged.id = MessageId::from_random(rand::random());
                // A later number, and other words.
                forged.sealed.0[8] += 3;
                forged.sealed.0[100] ^= 1;
                [now(event), now(Event::Message { envelope: forged })].concat()
            })
        },
        |_| {},
    );
}

#[test]
fn candidates_changed_on_their_way() {
    goes_on(
        || {
            let mut changed = BTreeSet::new();
            Script::boxes(Role::Guest, move |envelope| {
                if envelope.seq > 0 && changed.insert((envelope.epoch, envelope.seq)) {
                    envelope.sealed.0[100] ^= 1;
                }
            })
        },
        |_| {},
    );
}

#[test]
fn a_seal_taken_off_on_the_way_to_the_patient() {
    refused(Role::Guest, Refusal::NotSealed, || Script::boxes(Role::Guest, |envelope| envelope.scheme = SCHEME_OPEN));
}

#[test]
fn a_seal_taken_off_on_the_way_to_the_clinician() {
    refused(Role::Host, Refusal::NotSealed, || Script::boxes(Role::Host, |envelope| envelope.scheme = SCHEME_OPEN));
}

#[test]
fn an_offer_in_the_open_that_the_server_made_up() {
    refused(Role::Guest, Refusal::NotSealed, || {
        Script::boxes(Role::Guest, |envelope| {
            envelope.scheme = SCHEME_OPEN;
            envelope.sealed = Base64(br#"{"kind":"offer","generation":0,"parameters":{}}"#.to_vec());
        })
    });
}

#[test]
fn a_point_of_low_order_in_a_box_to_the_patient() {
    refused(Role::Guest, Refusal::UnsafeKeys, || Script::boxes(Role::Guest, low_order));
}

#[test]
fn a_point_of_low_order_in_a_box_to_the_clinician() {
    refused(Role::Host, Refusal::UnsafeKeys, || Script::boxes(Role::Host, low_order));
}

fn low_order(envelope: &mut signaling_protocol::Envelope) {
    if envelope.seq == 0 {
        envelope.sealed.0[9..41].fill(0);
    }
}

#[test]
fn a_clinicians_box_forged_by_a_holder_of_the_links_secret() {
    forged_by_a_holder_of_the_secret(Role::Guest, Refusal::Impostor);
}

#[test]
fn a_patients_box_forged_by_a_holder_of_the_links_secret() {
    forged_by_a_holder_of_the_secret(Role::Host, Refusal::Impostor);
}

/// Who has the link and the server can seal to either side; only who made the bundle can sign.
#[track_caller]
fn forged_by_a_holder_of_the_secret(victim: Role, refusal: Refusal) {
    refused_as(victim, refusal, |lies| {
        if !lies {
            return honest();
        }
        let stolen = Arc::new(OnceLock::<Link>::new());
        let thief = stolen.clone();
        let mut bundles = [Vec::new(), Vec::new()];
        let script = Script::honest().events(move |seat, event| {
            if let Event::Joined { participant } = &event {
                bundles[participant.role as usize].clone_from(&participant.bundle.0);
            }
            if let Event::Hello { participants, .. } = &event {
                for participant in participants {
                    bundles[participant.role as usize].clone_from(&participant.bundle.0);
                }
            }
            let (Event::Message { mut envelope }, true) = (event.clone(), seat.role == victim) else {
                return now(event);
            };
            let link = thief.get().expect("it was given out");
            let mut hand = Hand {
                visit: seat.visit,
                invite: link.invite,
                secret: secret_bytes(link),
                role: if victim == Role::Guest { Role::Host } else { Role::Guest },
                bundles: bundles.clone(),
                signing: SigningKey::from_bytes(&[66; 32]),
                facts: Box::new(|_, _| vec![0]),
                epoch: 0,
                next: 0,
                context: None,
            };
            envelope.sealed = Base64(hand.say(&serde_json::json!({ "kind": "bye", "reason": "hung_up" })));
            now(Event::Message { envelope })
        });
        (script, Habit { stolen, ..Habit::default() })
    });
}
