//! A visit between the two implementations, each in each role.

use serde_json::{Value, json};
use signaling_protocol::Role;
use trust::{CheckMessage, InnerMessage, OpenError, Opened, PatientDevice, SealedChannel, SpokenCheck};

use crate::clinic::{Clinic, NAME, NOW, fresh};
use crate::node::{Node, bytes_of, hex};
use crate::visit::{answer, candidates, offer};

/// Our side and theirs, who have met.
struct Pair {
    ours: SealedChannel,
    theirs: Node,
    role: Role,
}

/// We are the clinician; Node is the patient, known by a device if it has this secret.
fn we_host(clinic: &Clinic, patient: Option<[u8; 32]>) -> Pair {
    let mut theirs = Node::start();
    let link = clinic.link.to_string();
    let bundle = bytes_of(&theirs.ask("join_as_guest", json!({"link": link})), "bundle");
    let own = clinic.host();
    let (peer, psk) = (clinic.guest_seen(&bundle), clinic.link.secret.psk());
    let ours = SealedChannel::new(clinic.visit, &own, &peer, &psk, None, fresh()).expect("they fit");
    let mut meet = json!({
        "link": link,
        "bundle": hex(own.bytes()),
        "visit": hex(clinic.visit.as_bytes()),
        "now": NOW.0,
        "patient_secret": patient.map(|secret| hex(&secret)),
    });
    let good = meet["bundle"].take();
    meet["bundle"] = hex(&turned(own.bytes())).into();
    assert_eq!(theirs.refusal_of("meet_host", meet.clone()), "WrongSignature");
    meet["bundle"] = good;
    theirs.ask("meet_host", meet);
    Pair { ours, theirs, role: Role::Host }
}

/// Node is the clinician; we are the patient.
fn they_host(clinic: &Clinic, patient: Option<[u8; 32]>) -> Pair {
    let mut theirs = Node::start();
    let join = json!({
        "device_secret": hex(&clinic.device_secret),
        "chain": hex(&clinic.chain),
        "visit": hex(clinic.visit.as_bytes()),
    });
    let bundle = bytes_of(&theirs.ask("join_as_host", join), "bundle");
    let own = clinic.guest();
    let (peer, psk) = (clinic.host_seen(&bundle), clinic.link.secret.psk());
    let device = patient.map(|secret| PatientDevice::for_clinic(&secret, &clinic.link.clinic_key));
    let ours = SealedChannel::new(clinic.visit, &own, &peer, &psk, device.as_ref(), fresh()).expect("they fit");
    let mut meet = json!({
        "secret": hex(&clinic.invite_secret),
        "invite": hex(clinic.link.invite.as_bytes()),
        "visit": hex(clinic.visit.as_bytes()),
        "name": NAME,
        "salt": hex(&clinic.salt),
    });
    meet["bundle"] = hex(&turned(own.bytes())).into();
    assert_eq!(theirs.refusal_of("meet_guest", meet.clone()), "WrongSignature");
    meet["bundle"] = hex(own.bytes()).into();
    theirs.ask("meet_guest", meet);
    Pair { ours, theirs, role: Role::Guest }
}

impl Pair {
    /// We say something; the answer of who opened it. A twin with a fault is refused before.
    fn say(&mut self, message: &InnerMessage) -> Value {
        let sealed = self.ours.seal(message).expect("it fits");
        assert_eq!(self.theirs.refusal_of("open", json!({"box": hex(&turned(&sealed.bytes))})), "NotSealedForUs");
        let opened = self.theirs.open(&sealed.bytes);
        assert_eq!(opened["json"].as_str().expect("a message").as_bytes(), message.to_bytes());
        assert_eq!(opened["epoch"], sealed.epoch);
        assert_eq!(self.theirs.refusal_of("open", json!({"box": hex(&sealed.bytes)})), "Replayed");
        opened
    }

    /// They say something, and we open it, after a twin with a fault.
    fn hear(&mut self, message: &InnerMessage, epoch: u32) {
        let sealed = self.theirs.seal(&message.to_bytes());
        assert_eq!(self.ours.open(&turned(&sealed)), Err(OpenError::NotSealedForUs));
        assert_eq!(self.ours.open(&sealed), Ok(Opened::Message { epoch, message: message.clone() }));
        assert_eq!(self.ours.open(&sealed), Err(OpenError::Replayed));
    }

    /// By what a patient's device with this secret is known to the clinic, as they derive it.
    fn device_of(&mut self, clinic: &Clinic, secret: [u8; 32]) -> Vec<u8> {
        let ask = json!({"secret": hex(&secret), "clinic": hex(&clinic.link.clinic_key.0)});
        bytes_of(&self.theirs.ask("patient_device", ask), "device")
    }

    /// A whole talk: offer and answer, addresses of all lengths, both begin epochs and ask for what they miss.
    fn talk(&mut self) {
        let (said, heard) = if self.role == Role::Host { (offer(), answer()) } else { (answer(), offer()) };
        self.say(&said);
        self.hear(&heard, 0);
        // From an empty list to the longest.
        for count in [0, 1, 2, 5, 9, 14, 20, 27, 32] {
            self.say(&candidates(count));
            self.hear(&candidates(count), 0);
        }
        self.compare_digits(true);

        // Another certificate needs another epoch, on either side.
        let (said, heard) = if self.role == Role::Host { (offer(), answer()) } else { (answer(), offer()) };
        self.ours.begin_epoch(fresh());
        let opened = self.say(&said);
        assert_eq!(opened["epoch"], 1);
        let refusal = self.theirs.refusal_of("seal", json!({"json": String::from_utf8_lossy(&heard.to_bytes())}));
        assert_eq!(refusal, "FingerprintChanged");
        self.theirs.ask("begin_epoch", json!({}));
        self.hear(&heard, 1);
        self.compare_digits(false);

        // Each misses the other's next box and asks for it.
        let lost = self.ours.seal(&candidates(3)).expect("it fits");
        let later = self.ours.seal(&candidates(4)).expect("it fits");
        assert_eq!(self.theirs.refusal_of("open", json!({"box": hex(&later.bytes)})), "Gap");
        let asked = bytes_of(&self.theirs.ask("ask_again", json!({})), "box");
        let Ok(Opened::SendAgain(again)) = self.ours.open(&asked) else { panic!("not the question that it is") };
        assert_eq!(again, [lost, later]);
        for sealed in again {
            assert_eq!(self.theirs.open(&sealed.bytes)["kind"], "message");
        }
        let asked = self.ours.ask_again().expect("it fits");
        let opened = self.theirs.open(&asked.bytes);
        assert_eq!((&opened["kind"], &opened["epoch"], &opened["next"]), (&"askAgain".into(), &1.into(), &2.into()));
    }

    /// The spoken check, begun by us or by them: the digits are the same only if the transcripts are.
    fn compare_digits(&mut self, we_begin: bool) {
        let mut ours = SpokenCheck::new(self.role, self.ours.transcript().expect("after the talk"));
        let role = if self.role == Role::Host { "guest" } else { "host" };
        let begun = self.theirs.ask("check_start", json!({"role": role, "begins": !we_begin}));
        let mut for_them = we_begin.then(|| ours.start(fresh()).expect("nothing is under way"));
        let mut for_us = said(&begun);
        let mut shown = Value::Null;
        while for_them.is_some() || for_us.is_some() {
            if let Some(message) = for_them.take() {
                let text = serde_json::to_string(&message).expect("plain");
                let answer = self.theirs.ask("check", json!({"said": text}));
                for_us = said(&answer);
                shown = answer["digits"].clone();
            } else if let Some(message) = for_us.take() {
                for_them = ours.handle(&message, fresh()).expect("in turn");
            }
        }
        assert_eq!(shown.as_str(), Some(ours.digits().expect("the run is over").to_string().as_str()));
    }
}

#[test]
fn the_second_implementation_is_a_patient() {
    let (clinic, patient) = (Clinic::open(), fresh());
    let mut pair = we_host(&clinic, Some(patient));
    pair.talk();
    let opened = pair.say(&candidates(1));
    assert_eq!(opened["name"], NAME);
    let device = pair.ours.peer_facts().expect("of its first box").device.expect("proved");
    assert_eq!(device.0.to_vec(), pair.device_of(&clinic, patient));
}

#[test]
fn the_second_implementation_is_a_clinician() {
    let (clinic, patient) = (Clinic::open(), fresh());
    let mut pair = they_host(&clinic, Some(patient));
    pair.talk();
    let opened = pair.say(&candidates(1));
    assert_eq!(bytes_of(&opened, "device"), pair.device_of(&clinic, patient));
    let facts = pair.ours.peer_facts().expect("of its first box");
    assert_eq!(facts.name.as_ref().expect("certified").expose(), NAME);
}

#[test]
fn a_patient_whose_device_is_not_to_be_known_again_says_nothing_of_it() {
    let clinic = Clinic::open();
    let mut pair = they_host(&clinic, None);
    assert_eq!(pair.say(&candidates(1))["device"], Value::Null);
    let mut pair = we_host(&clinic, None);
    pair.hear(&candidates(1), 0);
    assert_eq!(pair.ours.peer_facts().expect("of its first box").device, None);
}

fn said(answer: &Value) -> Option<CheckMessage> {
    answer["said"].as_str().map(|text| serde_json::from_str(text).expect("a message of the check"))
}

/// With one bit of its last byte turned.
fn turned(bytes: &[u8]) -> Vec<u8> {
    let mut turned = bytes.to_vec();
    *turned.last_mut().expect("not empty") ^= 1;
    turned
}
