//! Taking a colleague's visit over, and what follows: who can read its card lets the new clinician read it, and where nobody
//! is there who could, a new link is made.

use std::collections::BTreeMap;

use clinic::{BoxSecret, StaffBoxError};
use desk::TakeOvers;
use desk::day::{CardLink, TakeOverNote, TakeOverWish, VISIT_KIND, VisitCard};
use signaling_client::{ClientError, SignalingClient};
use signaling_protocol::{
    Base64, Code, ListedVisit, ObjectId, ReviewOutcome, StaffId, TakeOver, TakeOverId, TakeOverRequest, VisitId,
    VisitsReply,
};
use trust::{DeviceIdentity, UnixTime};
use units::Phi;

use crate::headless::{InputError, random_bytes};
use crate::identity;
use crate::office::Office;
use crate::visit::as_sentence;

/// How often the server is asked when it does not answer.
const TRIES: u32 = 3;

impl Office {
    /// Colleagues' visits that could be taken over.
    ///
    /// # Errors
    /// The server says no.
    pub async fn colleagues_visits(&self, span: (u64, u64)) -> Result<VisitsReply, InputError> {
        self.client.visits_of_colleagues(&self.token, span).await.map_err(InputError::Asked)
    }

    /// Takes one over. What is written about it is sealed to who reviews before it leaves this machine.
    ///
    /// # Errors
    /// The digits are wrong, nothing was written, or the server says no.
    pub async fn take_over(&self, visit: VisitId, wish: &TakeOverWish) -> Result<(), InputError> {
        let note = TakeOverNote::new(&wish.note, random_bytes()?).ok_or(InputError::NoteMissing)?;
        let now = identity::unix_now(self.clock);
        let sealed = note.seal(visit, &self.colleagues().await?, &self.device, (now, random_bytes()?));
        let request = TakeOverRequest {
            reason: wish.reason,
            totp: Phi::new(wish.totp.expose().split_whitespace().collect()),
            commitment: note.commitment(visit),
            sealed: Base64(sealed.map_err(InputError::Card)?),
        };
        // The same again when the answer got lost: it is done once.
        let mut answer = self.client.take_over(&self.token, visit, &request).await;
        for _ in 1..TRIES {
            if answer != Err(ClientError::Unreachable) {
                break;
            }
            answer = self.client.take_over(&self.token, visit, &request).await;
        }
        match answer {
            Ok(_) => Ok(()),
            Err(ClientError::Refused(refusal)) if refusal.code == Code::SignInRefused => Err(InputError::WrongDigits),
            Err(error) => Err(InputError::Asked(error)),
        }
    }

    /// Lets the clinician who took a visit over read its card, if this device can and theirs perhaps cannot. Where they have
    /// made a link anew meanwhile, what colleagues knew is put beside it. Answers whether there was anything to do.
    ///
    /// # Errors
    /// The server says no: a colleague was quicker, for example.
    pub async fn share_taken_over(&self, listed: &ListedVisit) -> Result<bool, InputError> {
        let (boxes, revision) = self.boxes_of(listed.visit).await?;
        let mut cards = boxes.iter().filter_map(|(by, card)| card.as_ref().map(|card| (*by, card)));
        let Some((newest_by, newest)) = cards.next() else { return Ok(false) };
        let mut card = newest.clone();
        if Some(newest_by) == listed.clinician {
            let Some((_, before)) = cards.find(|(by, _)| Some(*by) != listed.clinician) else { return Ok(false) };
            complete(&mut card, before);
            if card == *newest {
                return Ok(false);
            }
        }
        let is_good = |link: &CardLink| listed.invites.iter().any(|one| one.invite == link.invite);
        card.links.retain(is_good);
        self.keep(listed.visit, &card, revision + 1, listed.clinician).await?;
        Ok(true)
    }

    /// The card of a visit and its revision; of one that we took over and cannot read, an empty one to begin anew with.
    pub(crate) async fn card_or_anew(&self, listed: &ListedVisit) -> Result<(VisitCard, u32), InputError> {
        let is_ours = listed.clinician == Some(self.staff) && listed.taken_over_unix_secs.is_some();
        match self.card(listed.visit).await {
            Err(InputError::Card(StaffBoxError::NotSealedForUs)) if is_ours => {
                Ok((VisitCard::default(), self.newest_revision(listed.visit).await?))
            }
            Err(InputError::Asked(ClientError::Refused(refusal))) if is_ours && refusal.code == Code::BoxNotFound => {
                Ok((VisitCard::default(), 0))
            }
            known => known,
        }
    }

    /// All revisions of a visit's card, the newest first: who wrote it, and what it says if it opens. With the newest's number:
    /// what follows from them is refused if a colleague has written another meanwhile.
    async fn boxes_of(&self, visit: VisitId) -> Result<(Vec<(StaffId, Option<VisitCard>)>, u32), InputError> {
        let (object, now) = (ObjectId::Visit(visit), identity::unix_now(self.clock));
        let (mut below, mut found, mut newest) = (None, Vec::new(), 0);
        loop {
            let reply = match self.client.read_box(&self.token, VISIT_KIND, object, below).await {
                Err(ClientError::Refused(refusal)) if refusal.code == Code::BoxNotFound => return Ok((found, newest)),
                reply => reply.map_err(InputError::Asked)?,
            };
            let card = VisitCard::open(&reply.sealed.0, self.own(), &self.device, visit, now).ok();
            newest = newest.max(reply.revision);
            found.push((reply.by, card));
            if reply.revision <= 1 {
                return Ok((found, newest));
            }
            below = Some(reply.revision);
        }
    }

    /// The newest revision of a visit's card, whether it opens or not.
    async fn newest_revision(&self, visit: VisitId) -> Result<u32, InputError> {
        let reply = self.client.read_box(&self.token, VISIT_KIND, ObjectId::Visit(visit), None).await;
        reply.map(|reply| reply.revision).map_err(InputError::Asked)
    }
}

/// What is missing on a card, from another.
fn complete(card: &mut VisitCard, from: &VisitCard) {
    let fill = |into: &mut Phi<String>, from: &Phi<String>| {
        if into.expose().trim().is_empty() {
            into.clone_from(from);
        }
    };
    fill(&mut card.name, &from.name);
    fill(&mut card.notes, &from.notes);
    card.code = card.code.take().or_else(|| from.code.clone());
    for link in &from.links {
        if card.links.iter().all(|known| known.invite != link.invite) {
            card.links.push(link.clone());
        }
    }
}

/// What was taken over, with the notes of those that are open as far as this device can read them.
///
/// # Errors
/// The server says no.
pub async fn take_overs(
    client: &SignalingClient,
    token: &Phi<String>,
    review: Option<(TakeOverId, ReviewOutcome)>,
    device: Option<(&DeviceIdentity, UnixTime)>,
) -> Result<TakeOvers, ClientError> {
    if let Some((which, outcome)) = review {
        client.review_take_over(token, which, outcome).await?;
    }
    let reply = client.take_overs(token, false).await?;
    let staff = client.staff(token).await?.staff;
    let mut notes = BTreeMap::new();
    for one in reply.take_overs.iter().filter(|one| one.review.is_none()) {
        let read = match device {
            Some(device) => note(client, token, one, device).await?,
            None => Err("This device is not certified yet, and notes are sealed to those that are.".to_owned()),
        };
        notes.insert(one.take_over, read);
    }
    Ok(TakeOvers { reply, staff, notes })
}

async fn note(
    client: &SignalingClient,
    token: &Phi<String>,
    one: &TakeOver,
    (device, now): (&DeviceIdentity, UnixTime),
) -> Result<Result<Phi<String>, String>, ClientError> {
    let sealed = client.take_over_note(token, one.take_over).await?.sealed;
    let own = BoxSecret::of_device(&device.keys);
    let opened = TakeOverNote::open(&sealed.0, &own, device, (one.visit, one.commitment), now);
    Ok(opened.map(|note| note.text().clone()).map_err(|error| as_sentence(&error)))
}
