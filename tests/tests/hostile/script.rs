//! What a proxy that lies does with what it carries.

use std::time::Duration;

use signaling_protocol::{EndpointId, Envelope, Event, Participant, Role, VisitId};

/// Whose token a request bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) role: Role,
    pub(crate) visit: VisitId,
    pub(crate) endpoint: EndpointId,
}

/// What becomes of a request.
pub(crate) enum Passed {
    /// It goes to the server, with what now stands in the body.
    On,
    /// The server never hears of it; this is the answer.
    Answered(Vec<u8>),
}

/// Events in the place of one, each after so long.
pub(crate) type Told = Vec<(Duration, Event)>;

type OnEvent = Box<dyn FnMut(&Seat, Event) -> Told + Send>;
type OnRequest = Box<dyn FnMut(&str, Option<&Seat>, &mut Vec<u8>) -> Passed + Send>;
type OnAnswer = Box<dyn FnMut(&str, Option<&Seat>, &mut Vec<u8>) + Send>;

/// The lies of one proxy. Each is asked about everything that passes.
pub(crate) struct Script {
    pub(crate) event: OnEvent,
    pub(crate) request: OnRequest,
    pub(crate) answer: OnAnswer,
}

impl Script {
    /// Carries everything as it is.
    pub(crate) fn honest() -> Self {
        Self {
            event: Box::new(|_, event| now(event)),
            request: Box::new(|_, _, _| Passed::On),
            answer: Box::new(|_, _, _| {}),
        }
    }

    /// Tells other events than the server did.
    pub(crate) fn events(mut self, lie: impl FnMut(&Seat, Event) -> Told + Send + 'static) -> Self {
        self.event = Box::new(lie);
        self
    }

    /// Tampers with what is asked of the server; the path comes first.
    pub(crate) fn requests(
        mut self,
        lie: impl FnMut(&str, Option<&Seat>, &mut Vec<u8>) -> Passed + Send + 'static,
    ) -> Self {
        self.request = Box::new(lie);
        self
    }

    /// Tampers with what the server answers; the path comes first.
    pub(crate) fn answers(mut self, lie: impl FnMut(&str, Option<&Seat>, &mut Vec<u8>) + Send + 'static) -> Self {
        self.answer = Box::new(lie);
        self
    }

    /// Changes every box that comes to this side.
    pub(crate) fn boxes(to: Role, mut change: impl FnMut(&mut Envelope) + Send + 'static) -> Self {
        Self::honest().events(move |seat, mut event| {
            if let Event::Message { envelope } = &mut event
                && seat.role == to
            {
                change(envelope);
            }
            now(event)
        })
    }

    /// Says that everybody of this role has another bundle: what this makes of the true one.
    pub(crate) fn bundles(of: Role, mut forge: impl FnMut(&Seat, &[u8]) -> Vec<u8> + Send + 'static) -> Self {
        Self::honest().events(move |seat, event| {
            now(with_participants(event, |mut participant| {
                if participant.role == of {
                    participant.bundle.0 = forge(seat, &participant.bundle.0);
                }
                participant
            }))
        })
    }
}

/// One event, at once.
pub(crate) fn now(event: Event) -> Told {
    vec![(Duration::ZERO, event)]
}

/// The event with other words about who is there.
pub(crate) fn with_participants(event: Event, mut change: impl FnMut(Participant) -> Participant) -> Event {
    match event {
        Event::Joined { participant } => Event::Joined { participant: change(participant) },
        Event::Hello { endpoint, admission, state, participants } => {
            let participants = participants.into_iter().map(change).collect();
            Event::Hello { endpoint, admission, state, participants }
        }
        event => event,
    }
}
