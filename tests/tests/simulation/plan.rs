//! A day as data: who does what when, and what the network does meanwhile.

use std::ops::Range;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use units::Timestamp;

/// Somebody of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Host,
    Guest,
    /// Came by another link of the same visit; nobody admits them.
    SecondGuest,
}

/// What a hostile server or network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// The host's bundle is another clinic's.
    AnotherClinic,
    /// The guest hears `admitted` although nobody admitted it.
    Admitted,
    /// Somebody sits between the two and shows a certificate of their own.
    AnotherCertificate,
}

/// When something does not work.
pub(crate) type Outage = Range<Timestamp>;

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) joins: [(Who, Timestamp); 2],
    /// How long the clinician looks at the waiting room; never admits, if none.
    pub(crate) admits_after: Option<Duration>,
    pub(crate) hangs_up: Option<Who>,
    pub(crate) hangs_up_at: Timestamp,
    /// Nothing goes wrong any more for a good while before that.
    pub(crate) calm_before_the_end: bool,
    pub(crate) second_guest: bool,
    /// The clinician turns the second guest away instead of letting them wait, after a look.
    pub(crate) denies_second: bool,
    /// The clinician also presses "admit" for the second guest.
    pub(crate) admits_second: bool,
    /// Somebody starts a second app of theirs, and the first lives on.
    pub(crate) second_app: Option<(Who, Timestamp)>,

    /// One way between an app and the server, or between two apps.
    pub(crate) delay: Range<Duration>,
    /// The share of requests that do not arrive, and of answers.
    pub(crate) loss: f64,
    /// The share of requests that arrive twice.
    pub(crate) twice: f64,
    /// Whether messages overtake each other.
    pub(crate) overtakes: bool,
    /// The mean time between two breaks of an event stream.
    pub(crate) stream_breaks: Option<Duration>,
    /// Streams break no more from then on.
    pub(crate) calm_at: Timestamp,
    /// No server; at the end of each it has forgotten its mailboxes.
    pub(crate) server_down: Vec<Outage>,
    /// No way to the server from here.
    pub(crate) offline: Vec<(Who, Outage)>,
    /// No way between the two apps.
    pub(crate) path_down: Vec<Outage>,
    /// The guest gets another address: the old path is dead for good.
    pub(crate) network_changes: Vec<Timestamp>,
    /// Somebody leaves their network, notices, and has another after so long.
    pub(crate) moves: Vec<(Who, Timestamp, Duration)>,
    /// Somebody's machine sleeps for so long.
    pub(crate) sleeps: Vec<(Who, Timestamp, Duration)>,
    pub(crate) control_opens: bool,
    /// How long the handshake takes once there is a path.
    pub(crate) handshake: Duration,
    /// The share of connections that cannot be made, and of descriptions that fail.
    pub(crate) faults: f64,
    /// Killed, and started again after so long.
    pub(crate) kills: Vec<(Who, Timestamp, Option<Duration>)>,
    pub(crate) lie: Option<Lie>,
}

pub(crate) fn at(secs: f64) -> Timestamp {
    Timestamp::ZERO + Duration::from_secs_f64(secs)
}

/// Draws a day's troubles.
struct Dice(StdRng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed ^ 0x9e37_79b9))
    }

    fn secs(&mut self, range: Range<f64>) -> f64 {
        self.0.random_range(range)
    }

    fn outages(&mut self, count: usize, within: Range<f64>, length: Range<f64>) -> Vec<Outage> {
        (0..count)
            .map(|_| {
                let start = self.secs(within.clone());
                at(start)..at(start + self.secs(length.clone()))
            })
            .collect()
    }
}

/// Troubles begin after the start and are over by then.
const TROUBLE: Range<f64> = 1.0..90.0;
const HANG_UP: f64 = 200.0;

impl Plan {
    /// Nothing goes wrong.
    pub(crate) fn quiet(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let first = dice.secs(0.0..10.0);
        let second = dice.secs(0.0..10.0);
        let least = Duration::from_secs_f64(dice.secs(0.005..0.2));
        Self {
            seed,
            joins: [(Who::Host, at(first)), (Who::Guest, at(second))],
            admits_after: Some(Duration::from_secs_f64(dice.secs(0.1..6.0))),
            hangs_up: Some(if seed.is_multiple_of(2) { Who::Host } else { Who::Guest }),
            hangs_up_at: at(60.0),
            calm_before_the_end: true,
            second_guest: false,
            denies_second: false,
            admits_second: false,
            second_app: None,
            delay: least..least + Duration::from_secs_f64(dice.secs(0.001..0.1)),
            loss: 0.0,
            twice: 0.0,
            overtakes: false,
            stream_breaks: None,
            calm_at: at(95.0),
            server_down: Vec::new(),
            offline: Vec::new(),
            path_down: Vec::new(),
            network_changes: Vec::new(),
            moves: Vec::new(),
            sleeps: Vec::new(),
            control_opens: true,
            handshake: Duration::ZERO,
            faults: 0.0,
            kills: Vec::new(),
            lie: None,
        }
    }

    /// Requests and answers get lost, come late, twice and out of order.
    pub(crate) fn lossy(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let delay = Duration::from_millis(20)..Duration::from_secs_f64(dice.secs(0.05..0.6));
        let (loss, twice) = (dice.secs(0.0..0.3), dice.secs(0.0..0.3));
        Self { delay, loss, twice, overtakes: true, hangs_up_at: at(120.0), ..Self::quiet(seed) }
    }

    /// Streams break, the server is started again, an app loses it for a while.
    pub(crate) fn broken_server(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let restarts = 1 + seed as usize % 4;
        let offline = dice.outages(seed as usize % 3, TROUBLE, 1.0..30.0);
        let who = [Who::Host, Who::Guest];
        Self {
            loss: dice.secs(0.0..0.1),
            stream_breaks: Some(Duration::from_secs_f64(dice.secs(4.0..40.0))),
            server_down: dice.outages(restarts, TROUBLE, 0.2..15.0),
            offline: offline.into_iter().enumerate().map(|(index, outage)| (who[index % 2], outage)).collect(),
            hangs_up_at: at(HANG_UP),
            ..Self::quiet(seed)
        }
    }

    /// The path between the two goes away and comes back, or has to be found anew.
    pub(crate) fn lost_paths(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let changes = (0..seed % 3).map(|_| at(dice.secs(TROUBLE))).collect();
        Self {
            path_down: dice.outages(1 + seed as usize % 3, TROUBLE, 0.3..25.0),
            network_changes: changes,
            hangs_up_at: at(HANG_UP),
            ..Self::lossy(seed)
        }
    }

    /// Apps die and are started again.
    pub(crate) fn killed_apps(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let who = if seed.is_multiple_of(2) { Who::Guest } else { Who::Host };
        let mut kills = vec![(who, at(dice.secs(15.0..60.0)), Some(Duration::from_secs_f64(dice.secs(2.0..20.0))))];
        if seed.is_multiple_of(5) {
            let other = if who == Who::Guest { Who::Host } else { Who::Guest };
            kills.push((other, at(dice.secs(60.0..90.0)), Some(Duration::from_secs_f64(dice.secs(2.0..20.0)))));
        }
        let quiet = Self::quiet(seed);
        let lossy = Self::lossy(seed);
        let base = if seed.is_multiple_of(3) { quiet } else { lossy };
        Self { kills, hangs_up_at: at(HANG_UP), ..base }
    }

    /// Networks that are left, by those who notice, and machines that sleep.
    pub(crate) fn roaming(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let whos = [Who::Host, Who::Guest];
        let mut some = |most: u64, longest: f64| -> Vec<_> {
            let one = |dice: &mut Dice, index: u64| {
                let span = Duration::from_secs_f64(dice.secs(0.0..longest));
                (whos[((seed + index) % 2) as usize], at(dice.secs(TROUBLE)), span)
            };
            (0..seed % most).map(|index| one(&mut dice, index)).collect()
        };
        let (moves, sleeps) = (some(5, 12.0), some(3, 40.0));
        Self { moves, sleeps, ..Self::lossy(seed) }.nowhere_in_between(HANG_UP)
    }

    /// All of it.
    pub(crate) fn everything(seed: u64) -> Self {
        let paths = Self::lost_paths(seed);
        let kills = if seed.is_multiple_of(3) { Self::killed_apps(seed).kills } else { Vec::new() };
        Self {
            stream_breaks: Self::broken_server(seed).stream_breaks,
            server_down: Self::broken_server(seed + 1).server_down,
            offline: Self::broken_server(seed + 2).offline,
            second_guest: seed.is_multiple_of(4),
            kills,
            hangs_up_at: at(HANG_UP + 50.0),
            ..paths
        }
    }

    /// Somebody hangs up while all of it goes on.
    pub(crate) fn hung_up_in_between(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        Self { hangs_up_at: at(dice.secs(2.0..80.0)), calm_before_the_end: false, ..Self::everything(seed) }
    }

    /// Connections that cannot be made, offers and answers that fail.
    pub(crate) fn faulty_connections(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let base = if seed.is_multiple_of(2) { Self::quiet(seed) } else { Self::lost_paths(seed) };
        Self { faults: dice.secs(0.03..0.12), hangs_up_at: at(HANG_UP), ..base }
    }

    /// A handshake that takes longer than the first try allows.
    pub(crate) fn slow_handshake(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let handshake = Duration::from_secs_f64(dice.secs(8.0..15.0));
        Self { handshake, hangs_up_at: at(120.0), ..Self::quiet(seed) }
    }

    /// Somebody with another link, whom the clinician turns away.
    pub(crate) fn denied_second(seed: u64) -> Self {
        let restless = Self { hangs_up_at: at(HANG_UP), ..Self::broken_server(seed) };
        let base = if seed.is_multiple_of(2) { Self::lossy(seed) } else { restless };
        Self { second_guest: true, denies_second: true, ..base }
    }

    /// The clinician presses "admit" for two.
    pub(crate) fn admits_two(seed: u64) -> Self {
        Self { second_guest: true, admits_second: true, ..Self::lossy(seed) }
    }

    /// The server is away for twelve minutes of the call, and then the path is lost, too.
    pub(crate) fn long_server_outage(seed: u64) -> Self {
        let outage = at(40.0)..at(760.0);
        let away = if seed.is_multiple_of(2) { Vec::new() } else { vec![(Who::Guest, outage.clone())] };
        let down = if seed.is_multiple_of(2) { vec![outage] } else { Vec::new() };
        Self {
            server_down: down,
            offline: away,
            path_down: vec![at(800.0)..at(812.0)],
            hangs_up_at: at(960.0),
            ..Self::quiet(seed)
        }
    }

    /// Somebody starts a second app while the first is in the call.
    pub(crate) fn second_living_app(seed: u64, who: Who) -> Self {
        Self { second_app: Some((who, at(35.0))), hangs_up_at: at(100.0), ..Self::quiet(seed) }
    }

    /// The control channel never opens: the server's event is all the guest has.
    pub(crate) fn without_control_channel(seed: u64) -> Self {
        Self { control_opens: false, ..Self::quiet(seed) }
    }

    /// The server dies in the call and does not come back before the end.
    pub(crate) fn server_dies_in_the_call(seed: u64) -> Self {
        Self { server_down: vec![at(30.0)..at(10_000.0)], ..Self::quiet(seed) }
    }

    /// One outage of everything between the two, for so long.
    pub(crate) fn one_outage(seed: u64, length: Duration) -> Self {
        let outage = at(40.0)..at(40.0) + length;
        Self {
            path_down: vec![outage.clone()],
            offline: vec![(Who::Guest, outage)],
            network_changes: if seed.is_multiple_of(2) { Vec::new() } else { vec![at(60.0)] },
            hangs_up_at: at(140.0),
            ..Self::quiet(seed)
        }
    }

    /// Somebody goes to another network, with nothing in between for so long.
    pub(crate) fn one_move(seed: u64, gap: Duration) -> Self {
        Self { moves: vec![(Self::roamer(seed), at(40.0), gap)], ..Self::quiet(seed) }.nowhere_in_between(100.0)
    }

    /// Somebody's network comes and goes three times in two seconds, for a while.
    pub(crate) fn bad_cable(seed: u64) -> Self {
        let gone = Duration::from_millis(300);
        let moves = (0..30).map(|turn| (Self::roamer(seed), at(40.0 + f64::from(turn) * 0.7), gone));
        Self { moves: moves.collect(), ..Self::quiet(seed) }.nowhere_in_between(100.0)
    }

    /// Somebody's machine sleeps, and wakes in the same network or in another.
    pub(crate) fn one_sleep(seed: u64) -> Self {
        let asleep = Duration::from_secs(60);
        let moves = if seed.is_multiple_of(4) { vec![(Self::roamer(seed), at(100.0), Duration::ZERO)] } else { vec![] };
        Self { sleeps: vec![(Self::roamer(seed), at(40.0), asleep)], moves, ..Self::quiet(seed) }
            .nowhere_in_between(130.0)
    }

    /// The guest's machine sleeps, and when it wakes the path is there before the server: what the host offered meanwhile was kept.
    pub(crate) fn path_before_server(seed: u64) -> Self {
        let (from, asleep) = (at(40.0), Duration::from_secs(30));
        Self {
            sleeps: vec![(Who::Guest, from, asleep)],
            path_down: vec![from..from + asleep],
            offline: vec![(Who::Guest, from..from + asleep + Duration::from_millis(1_500))],
            hangs_up_at: at(110.0),
            ..Self::quiet(seed)
        }
    }

    fn roamer(seed: u64) -> Who {
        if seed.is_multiple_of(2) { Who::Guest } else { Who::Host }
    }

    /// Who has no network or sleeps reaches nobody.
    fn nowhere_in_between(mut self, hangs_up_at: f64) -> Self {
        for (who, from, span) in self.moves.iter().chain(&self.sleeps) {
            let outage = *from..*from + *span;
            self.path_down.push(outage.clone());
            self.offline.push((*who, outage));
        }
        self.hangs_up_at = at(hangs_up_at);
        self
    }

    /// One app dies in the call.
    pub(crate) fn one_kill(seed: u64) -> Self {
        let who = if seed.is_multiple_of(2) { Who::Guest } else { Who::Host };
        Self { kills: vec![(who, at(40.0), None)], calm_before_the_end: false, ..Self::quiet(seed) }
    }

    /// The guest loses the server for so long that its place in the waiting room is given up.
    pub(crate) fn forgotten_while_waiting(seed: u64) -> Self {
        let quiet = Self::quiet(seed);
        Self {
            joins: [(Who::Host, at(320.0)), (Who::Guest, at(1.0))],
            offline: vec![(Who::Guest, at(10.0)..at(280.0))],
            hangs_up_at: at(400.0),
            ..quiet
        }
    }

    /// Whether there is a way between the two apps.
    pub(crate) fn path_is_up(&self, now: Timestamp) -> bool {
        !self.path_down.iter().any(|outage| outage.contains(&now))
    }

    /// Whether there is a server.
    pub(crate) fn server_is_up(&self, now: Timestamp) -> bool {
        !self.server_down.iter().any(|outage| outage.contains(&now))
    }

    /// Whether there is a way from here to the server.
    pub(crate) fn is_online(&self, who: Who, now: Timestamp) -> bool {
        !self.offline.iter().any(|(whose, outage)| *whose == who && outage.contains(&now))
    }
}
