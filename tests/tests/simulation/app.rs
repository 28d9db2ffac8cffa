//! One app: its engine, and what the driver around it keeps.

use std::collections::{BTreeMap, VecDeque};

use call::{Call, CallConfig, CameraFormat, HostInvite, Input, MediaConfig, Party, SignalingRequest};
use rand::SeedableRng;
use rand::rngs::StdRng;
use server::visits::StreamId;
use signaling_protocol::{EndpointId, GuestRole};
use trust::{DeviceIdentity, Epoch, InviteSecret, Link, UnixTime};
use units::{PictureSize, Timestamp};

use crate::clinic::Clinic;
use crate::plan::Who;

pub(crate) struct App {
    pub(crate) who: Who,
    /// In which of the day's visits.
    pub(crate) room: usize,
    pub(crate) call: Call,
    pub(crate) alive: bool,
    pub(crate) asleep: bool,
    /// What came while it slept.
    pub(crate) unread: Vec<Input>,
    /// Who it is in the visit; stands for its token.
    pub(crate) me: Option<EndpointId>,
    /// Requests without a definite answer yet, with the number of the attempt.
    pub(crate) requests: BTreeMap<u64, (SignalingRequest, u32)>,
    /// Messages go one request after the other.
    pub(crate) posts: VecDeque<u64>,
    pub(crate) next_request: u64,
    pub(crate) stream: Stream,
    /// The connection to each endpoint, by its number in the world.
    pub(crate) connections: BTreeMap<EndpointId, usize>,
    /// When the clinician first saw this one wait.
    pub(crate) seen_waiting: BTreeMap<EndpointId, Timestamp>,
    pub(crate) woken_for: Option<Timestamp>,
}

/// The event stream as the app and the server see it.
#[derive(Default)]
pub(crate) struct Stream {
    pub(crate) wanted: bool,
    /// Counts attempts; what belongs to an older one does not arrive.
    pub(crate) attempt: u32,
    /// The server's end, while it stands.
    pub(crate) open: Option<StreamId>,
    /// The last event that the app took.
    pub(crate) cursor: Option<u64>,
    /// The last event that the server sent on this attempt.
    pub(crate) sent: Option<u64>,
    /// When the last event arrives: a stream keeps its order.
    pub(crate) last_arrival: Timestamp,
}

/// The clinic's key, and that of somebody who would like to be the clinic.
pub(crate) fn identity() -> DeviceIdentity {
    clinic::clinic_of_one(&[7; 32], "Dr Grace Hopper", DAY).expect("a name")
}

pub(crate) fn another_identity() -> DeviceIdentity {
    clinic::clinic_of_one(&[66; 32], "Dr Grace Hopper", DAY).expect("a name")
}

/// When the day began, by everybody's clock.
const DAY: UnixTime = UnixTime(crate::clinic::UNIX_MICROS / 1_000_000);

/// The secrets of the two links of a visit.
pub(crate) fn secrets(room: usize) -> [InviteSecret; 2] {
    let first = 8 + 2 * room as u8;
    [InviteSecret::from_random([first; 32]), InviteSecret::from_random([first + 1; 32])]
}

fn guest(link: Link) -> Party {
    Party::Guest { link, device: None, least_epoch: Epoch::default() }
}

impl App {
    pub(crate) fn new(who: Who, room: usize, clinic: &Clinic, seed: u64) -> Self {
        let link = |index: usize| {
            let [first, second] = secrets(room);
            Link {
                server: "clinic.example".parse().unwrap(),
                app_only: false,
                invite: clinic.rooms[room].invites[index].0,
                secret: if index == 0 { first } else { second },
                clinic_key: identity().clinic(),
                epoch: Some(identity().epoch().0),
                pin: None,
            }
        };
        let party = match who {
            Who::Host => {
                let visit = clinic.rooms[room].visit;
                let given_out = clinic.rooms[room].invites.iter().zip(secrets(room));
                let invites = given_out.map(|((invite, _), secret)| HostInvite {
                    invite: *invite,
                    secret,
                    visit,
                    not_after: DAY.plus(3 * 3_600),
                    patient: None,
                    code: None,
                    role: GuestRole::Patient,
                });
                Party::Host { device: identity(), visit, invites: invites.collect() }
            }
            Who::Guest => guest(link(0)),
            Who::SecondGuest => guest(link(1)),
        };
        let media = MediaConfig {
            sends_voice: true,
            camera: Some(CameraFormat { size: PictureSize::new(640, 360), fps: 30 }),
            receives_picture: true,
        };
        Self {
            who,
            room,
            call: Call::new(CallConfig::new(party, media, DAY), Box::new(StdRng::seed_from_u64(seed))),
            alive: true,
            asleep: false,
            unread: Vec::new(),
            me: None,
            requests: BTreeMap::new(),
            posts: VecDeque::new(),
            next_request: 0,
            stream: Stream::default(),
            connections: BTreeMap::new(),
            seen_waiting: BTreeMap::new(),
            woken_for: None,
        }
    }
}
