//! The waiting room as the clinician's queue: who waits, in which order, for how long, and who has just come.

use std::collections::{BTreeMap, BTreeSet};

use signaling_protocol::{InviteId, ListedVisit, Planned, StaffId, VisitId, VisitState, VisitsReply};

use super::VisitCard;

/// The day as the server lists it, with what the cards say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue {
    list: Option<VisitsReply>,
    cards: BTreeMap<VisitId, VisitCard>,
    /// Who was seen waiting: the visit, the link, since when.
    seen: BTreeSet<(VisitId, InviteId, u64)>,
    arrivals: u64,
}

/// The queue as the person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueSnapshot {
    /// The visits of the day in the order of the list.
    pub visits: Vec<QueueRow>,
    /// Where those who wait stand in `visits`, who waits longest first.
    pub waiting: Vec<usize>,
    /// Rises with each arrival: a sound, once for each step.
    pub arrivals: u64,
    /// How many wait: what stands on the app's icon.
    pub badge: usize,
}

/// A visit of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRow {
    /// As the server lists it.
    pub listed: ListedVisit,
    /// What colleagues know of it, once its box was opened.
    pub card: Option<VisitCard>,
    /// For how many seconds somebody has waited, by the server's clock; none if nobody does.
    pub waits_secs: Option<u64>,
    /// Whether the one who waits is not heard just now.
    pub away: bool,
    /// Whose it is.
    pub whose: Whose,
}

/// Whose a visit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Ours.
    Own,
    /// A colleague's.
    Colleagues,
    /// Nobody's: whoever takes it has it.
    Nobodys,
}

impl Queue {
    /// The server lists the day anew. Who was waiting when it was listed first is no arrival: the person has just sat down.
    pub fn listed(&mut self, reply: VisitsReply) {
        let is_first = self.list.is_none();
        let waiting: BTreeSet<_> = reply
            .visits
            .iter()
            .filter(|visit| !visit.hosted)
            .flat_map(|visit| visit.waiting.iter().map(|one| (visit.visit, one.invite, one.since_unix_secs)))
            .collect();
        if !is_first {
            self.arrivals += waiting.difference(&self.seen).count() as u64;
        }
        self.seen = waiting;
        let listed: BTreeSet<_> = reply.visits.iter().map(|visit| visit.visit).collect();
        self.cards.retain(|visit, _| listed.contains(visit));
        self.list = Some(reply);
    }

    /// A visit's card was opened.
    pub fn opened(&mut self, visit: VisitId, card: VisitCard) {
        self.cards.insert(visit, card);
    }

    /// The version of the last list, to wait for the next.
    pub fn version(&self) -> Option<u64> {
        self.list.as_ref().map(|list| list.version)
    }

    /// The visits whose cards are to be read: none is known, or the visit has a link that stands on none.
    pub fn unread(&self) -> Vec<VisitId> {
        let visits = self.list.iter().flat_map(|list| &list.visits).filter(|visit| visit.state != VisitState::Ended);
        let is_unread = |visit: &&ListedVisit| match self.cards.get(&visit.visit) {
            None => true,
            Some(card) => {
                let knows = |invite| card.links.iter().any(|link| link.invite == invite);
                visit.invites.iter().any(|link| !knows(link.invite))
            }
        };
        visits.filter(is_unread).map(|visit| visit.visit).collect()
    }

    /// What is known of a visit.
    pub fn card(&self, visit: VisitId) -> Option<&VisitCard> {
        self.cards.get(&visit)
    }

    /// When a visit is to be, if it was planned.
    pub fn planned(&self, visit: VisitId) -> Option<&Planned> {
        let listed = self.list.as_ref()?.visits.iter().find(|listed| listed.visit == visit)?;
        listed.planned.as_ref()
    }

    /// As the person of this account sees it.
    pub fn snapshot(&self, own: StaffId) -> QueueSnapshot {
        let Some(list) = &self.list else { return QueueSnapshot::default() };
        let row = |listed: &ListedVisit| {
            let first = listed.waiting.iter().min_by_key(|one| one.since_unix_secs);
            QueueRow {
                card: self.cards.get(&listed.visit).cloned(),
                waits_secs: first.map(|one| list.now_unix_secs.saturating_sub(one.since_unix_secs)),
                away: first.is_some_and(|one| one.away),
                whose: match listed.clinician {
                    None => Whose::Nobodys,
                    Some(clinician) if clinician == own => Whose::Own,
                    Some(_) => Whose::Colleagues,
                },
                listed: listed.clone(),
            }
        };
        let visits: Vec<_> = list.visits.iter().map(row).collect();
        let is_waiting = |at: &usize| visits[*at].waits_secs.is_some() && !visits[*at].listed.hosted;
        let mut waiting: Vec<_> = (0..visits.len()).filter(is_waiting).collect();
        waiting.sort_by_key(|at| std::cmp::Reverse(visits[*at].waits_secs));
        let badge = waiting.len();
        QueueSnapshot { visits, waiting, arrivals: self.arrivals, badge }
    }
}

#[cfg(test)]
mod tests {
    use signaling_protocol::{GuestRole, ListedInvite, ListedWaiting};

    use super::super::CardLink;
    use super::*;

    const ME: StaffId = StaffId::from_random([1; 16]);
    const NOW: u64 = 1_000;

    fn visit(number: u8, waits_since: Option<u64>) -> ListedVisit {
        let invite = InviteId::from_random([number; 16]);
        let waits = |since_unix_secs| ListedWaiting { invite, since_unix_secs, away: false };
        ListedVisit {
            visit: VisitId::from_random([number; 16]),
            creator: ME,
            clinician: Some(ME),
            state: VisitState::Open,
            reason: None,
            planned: None,
            created_unix_secs: u64::from(number),
            locked: false,
            taken_over_unix_secs: None,
            hosted: false,
            admitted: 0,
            waiting: waits_since.map(waits).into_iter().collect(),
            invites: vec![ListedInvite { invite, role: GuestRole::Patient, opens_unix_secs: 0, expires_unix_secs: 9 }],
        }
    }

    fn list(visits: Vec<ListedVisit>) -> VisitsReply {
        VisitsReply { version: 7, now_unix_secs: NOW, visits, more: false }
    }

    #[test]
    fn who_waits_longest_is_first_and_each_arrival_sounds_once() {
        let mut queue = Queue::default();
        queue.listed(list(vec![visit(1, Some(900)), visit(2, None)]));
        assert_eq!(queue.snapshot(ME).arrivals, 0, "who sits down hears nobody come");
        queue.listed(list(vec![visit(1, Some(900)), visit(2, Some(990)), visit(3, Some(800))]));
        let seen = queue.snapshot(ME);
        assert_eq!((seen.arrivals, seen.badge), (2, 3));
        assert_eq!(seen.waiting, [2, 0, 1]);
        assert_eq!(seen.visits[2].waits_secs, Some(200));
        queue.listed(list(vec![visit(1, Some(900)), visit(2, Some(990)), visit(3, Some(800))]));
        assert_eq!(queue.snapshot(ME).arrivals, 2);
        // Gone and come again.
        queue.listed(list(vec![visit(1, Some(900)), visit(2, None), visit(3, Some(800))]));
        queue.listed(list(vec![visit(1, Some(900)), visit(2, Some(999)), visit(3, Some(800))]));
        assert_eq!(queue.snapshot(ME).arrivals, 3);
    }

    #[test]
    fn who_waits_where_the_clinician_is_does_not_stand_in_the_queue() {
        let mut queue = Queue::default();
        queue.listed(list(vec![]));
        queue.listed(list(vec![ListedVisit { hosted: true, ..visit(1, Some(900)) }]));
        let seen = queue.snapshot(ME);
        assert_eq!((seen.arrivals, seen.badge, seen.visits.len()), (0, 0, 1));
    }

    #[test]
    fn a_card_is_read_once_and_again_when_there_is_another_link() {
        let mut queue = Queue::default();
        let (one, over) = (visit(1, None), ListedVisit { state: VisitState::Ended, ..visit(2, None) });
        queue.listed(list(vec![one.clone(), over.clone()]));
        assert_eq!(queue.unread(), [one.visit]);
        let mut card = VisitCard::default();
        card.replace(None, CardLink::new(one.invites[0].invite, &[1; 32], GuestRole::Patient, 9));
        queue.opened(one.visit, card);
        assert!(queue.unread().is_empty());
        let mut again = one.clone();
        again.invites[0].invite = InviteId::from_random([9; 16]);
        queue.listed(list(vec![again]));
        assert_eq!(queue.unread(), [one.visit]);
        queue.listed(list(vec![]));
        assert!(queue.card(one.visit).is_none(), "what is not listed any more is forgotten");
    }

    #[test]
    fn a_visit_is_ours_a_colleagues_or_nobodys() {
        let mut queue = Queue::default();
        let of = |clinician| ListedVisit { clinician, ..visit(1, None) };
        queue.listed(list(vec![of(Some(ME)), of(None), of(Some(StaffId::from_random([2; 16])))]));
        let whose: Vec<_> = queue.snapshot(ME).visits.iter().map(|row| row.whose).collect();
        assert_eq!(whose, [Whose::Own, Whose::Nobodys, Whose::Colleagues]);
    }
}
