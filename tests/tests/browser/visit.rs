//! Both sides of one call, and what passes between them outside of it.

use std::time::{Duration, Instant, SystemTime};

use media::I420;
use peer::PeerEvent;
use serde_json::{Value, json};
use tokio::time::timeout_at;
use trust::{ConnectionParameters, InnerMessage};
use units::{Clock, PictureSize};

use crate::caller::Caller;
use crate::footage::Footage;
use crate::link::Link;
use crate::page::Page;
use crate::stats::Stats;

/// Who makes the offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offers {
    App,
    Browser,
}

/// A Chromium, one of our apps, and the test as the messenger between them.
pub(crate) struct Visit {
    pub(crate) page: Page,
    pub(crate) app: Caller,
    pub(crate) told: Told,
    pub(crate) clock: Clock,
    pub(crate) footage: Footage,
    /// What lies between the two, if anything.
    link: Option<Link>,
    generation: u32,
}

/// What both have said so far, but for candidates.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// By our peer.
    pub(crate) app: Vec<PeerEvent>,
    /// By the page.
    pub(crate) page: Vec<Value>,
}

impl Told {
    /// Whether the page has said this.
    pub(crate) fn page_said(&self, key: &str, value: &str) -> bool {
        self.page.iter().any(|event| event[key] == value)
    }

    fn both_channels_are_open(&self) -> bool {
        self.app.contains(&PeerEvent::ControlOpened) && self.page_said("channel", "open")
    }
}

impl Visit {
    /// A Chromium with the page open and its camera on, and an app; nothing between them yet.
    pub(crate) async fn new(link: Option<Link>) -> Self {
        let clock = Clock::starting_at(Instant::now(), SystemTime::now());
        let footage = tokio::task::spawn_blocking(move || Footage::write(clock)).await.expect("the footage is written");
        let page = Page::open(&footage).await;
        let app = Caller::open(clock).await;
        let visit = Self { page, app, told: Told::default(), clock, footage, link, generation: 0 };
        visit.page.run("open", Value::Null).await;
        let devices = visit.page.run("takeDevices", Value::Null).await;
        assert_eq!(devices.as_array().map(Vec::len), Some(2), "camera and microphone: {devices}");
        visit
    }

    /// Another app and another connection of the page, in the same Chromium.
    pub(crate) async fn begin_anew(&mut self) {
        self.app.hang_up().await;
        self.app = Caller::open(self.clock).await;
        self.page.run("open", Value::Null).await;
        self.page.run("takeDevices", Value::Null).await;
        // What the page said of the connection before is said by now.
        while timeout_at((Instant::now() + BREATH).into(), self.page.event()).await.is_ok() {}
        self.told = Told::default();
    }

    /// Offer and answer, and then candidates, until both control channels are open.
    pub(crate) async fn connect(&mut self, offers: Offers) {
        self.negotiate(offers, |_, _| {}).await;
        self.until_connected().await;
    }

    /// Carries candidates across until both control channels are open.
    pub(crate) async fn until_connected(&mut self) {
        self.until("both control channels open", Told::both_channels_are_open).await;
    }

    /// Offer and answer; `change` may alter what each is told of the other.
    pub(crate) async fn negotiate(&mut self, offers: Offers, change: impl Fn(Offers, &mut ConnectionParameters)) {
        let changed = |of, mut parameters: ConnectionParameters| {
            change(of, &mut parameters);
            parameters
        };
        match offers {
            Offers::App => {
                self.generation += 1;
                let parameters =
                    changed(Offers::App, self.app.peer.create_offer(self.generation > 1).await.expect("we can offer"));
                let offer = InnerMessage::Offer { generation: self.generation, parameters };
                let answer = self.page.run("acceptOffer", to_json(&offer)).await;
                let InnerMessage::Answer { parameters, .. } = from_json(&answer) else {
                    panic!("an answer was expected, not {answer}")
                };
                self.app.peer.accept_answer(changed(Offers::Browser, parameters)).await.expect("we take the answer");
            }
            Offers::Browser => {
                let offer = self.page.run("offer", json!({ "restart": self.generation > 0 })).await;
                self.generation += 1;
                let InnerMessage::Offer { generation, parameters } = from_json(&offer) else {
                    panic!("an offer was expected, not {offer}")
                };
                let taken = self.app.peer.accept_offer(changed(Offers::Browser, parameters)).await;
                let parameters = changed(Offers::App, taken.expect("we take the offer"));
                let answer = InnerMessage::Answer { generation, parameters };
                self.page.run("acceptAnswer", to_json(&answer)).await;
            }
        }
    }

    /// Opens our gate and sends picture and voice.
    pub(crate) fn start_media(&mut self) {
        self.app.start_media(self.clock, &self.footage);
    }

    /// Carries candidates across and notes what both say, until it is `done`.
    pub(crate) async fn until(&mut self, what: &str, mut done: impl FnMut(&Told) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(&self.told) {
            match timeout_at(deadline.into(), self.next()).await {
                Ok(next) => self.carry(next).await,
                Err(_) => panic!("waited in vain: {what}; {:#?}\n{:#?}", self.told, self.app.peer.stats()),
            }
        }
    }

    /// Looks at Chromium's statistics, again and again, until they are as they should be.
    pub(crate) async fn until_stats(&mut self, what: &str, mut done: impl FnMut(&Caller, &Stats) -> bool) -> Stats {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.carry_for(BREATH).await;
            let stats = self.stats().await;
            if done(&self.app, &stats) {
                return stats;
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain: {what}; {:#?}\n{:#?}\n{:#?}\n{stats:#?}",
                self.told,
                self.app.peer.stats(),
                self.app.seen.so_far()
            );
        }
    }

    /// Chromium's statistics.
    pub(crate) async fn stats(&self) -> Stats {
        Stats::new(self.page.run("stats", Value::Null).await)
    }

    /// What Chromium shows, its brightness; `None` while it shows nothing.
    pub(crate) async fn look(&self) -> Option<I420> {
        let seen = self.page.run("look", json!({ "width": LOOK_WIDTH })).await;
        let luma = seen["luma"].as_array()?;
        let size = PictureSize::new(LOOK_WIDTH, seen["height"].as_u64()? as u32);
        let mut picture = I420::black(size);
        for (to, from) in picture.planes_mut()[0].iter_mut().zip(luma) {
            *to = from.as_u64()? as u8;
        }
        Some(picture)
    }

    /// The strongest frequency of what Chromium plays, in Hz, and its level, in dB of full scale.
    pub(crate) async fn listen(&self) -> Option<(f64, f64)> {
        let heard = self.page.run("listen", Value::Null).await;
        Some((heard["frequency"].as_f64()?, heard["level"].as_f64()?))
    }

    /// Carries on for so long.
    pub(crate) async fn carry_for(&mut self, span: Duration) {
        let until = Instant::now() + span;
        while let Ok(next) = timeout_at(until.into(), self.next()).await {
            self.carry(next).await;
        }
    }

    async fn next(&mut self) -> Next {
        tokio::select! {
            event = self.app.events.recv() => Next::App(event.expect("our peer is there")),
            event = self.page.event() => Next::Page(event),
        }
    }

    async fn carry(&mut self, next: Next) {
        match next {
            Next::App(PeerEvent::Candidate(candidate)) => {
                let candidate = match &self.link {
                    Some(link) => link.before(&candidate),
                    None => Some(candidate),
                };
                if let Some(candidate) = candidate {
                    let message = InnerMessage::Candidates { generation: self.generation, candidates: vec![candidate] };
                    self.page.run("addCandidates", to_json(&message)).await;
                }
            }
            Next::App(event) => self.told.app.push(event),
            Next::Page(told) => {
                assert!(told["fault"].is_null(), "a fault in the page: {told}");
                let event = &told["event"];
                if event["message"].is_null() {
                    self.told.page.push(event.clone());
                } else if self.link.is_none()
                    && let InnerMessage::Candidates { candidates, .. } = from_json(&event["message"])
                {
                    self.app.peer.add_candidates(candidates).await.expect("we take candidates");
                }
            }
        }
    }
}

/// What comes next of either.
enum Next {
    App(PeerEvent),
    Page(Value),
}

fn to_json(message: &InnerMessage) -> Value {
    serde_json::from_slice(&message.to_bytes()).expect("an inner message is JSON")
}

fn from_json(message: &Value) -> InnerMessage {
    InnerMessage::from_bytes(message.to_string().as_bytes())
        .unwrap_or_else(|error| panic!("not what apps say to each other ({error}): {message}"))
}

/// For what needs time on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const BREATH: Duration = Duration::from_millis(250);
/// Enough to read the pattern's bars.
const LOOK_WIDTH: u32 = 320;
