//! What a side without a window hands to the other, and takes.

use std::path::PathBuf;

use call::{HandingIntent, Intent, Snapshot};
use signaling_protocol::Role;
use tokio::sync::{mpsc, watch};
use transfer::{State, Still, TransferView};
use units::Phi;

use crate::transcript;
use crate::visit::Said;

/// What a headless side hands to the other, and takes.
#[derive(Debug, Clone, Default)]
pub struct Handing {
    /// Written once the two are connected, one line each.
    pub say: Vec<Phi<String>>,
    /// Offered once the two are connected.
    pub send: Vec<PathBuf>,
    /// Everything that the other side offers is taken and written to this folder.
    pub accept: Option<PathBuf>,
    /// A clinician's side: where what is written is saved, which both see.
    pub save_chat: Option<PathBuf>,
    /// A clinician's side asks for a photograph once the two are connected; a patient's lets it be taken when it is asked.
    pub still: bool,
}

/// Writes and offers what is to be handed over once the two are connected, takes what is offered, and saves what is written.
pub(crate) async fn hand_over(
    handing: Handing,
    mut seen: watch::Receiver<Snapshot>,
    said: mpsc::Sender<Said>,
    intents: mpsc::Sender<Intent>,
) {
    let Handing { say, send, accept, save_chat, mut still } = handing;
    let mut things: Vec<_> = say.into_iter().map(Said::Written).chain(send.into_iter().map(Said::File)).collect();
    let mut saved = 0;
    loop {
        let snapshot = seen.borrow_and_update().clone();
        let handed = &snapshot.around.handed;
        let mut wishes = Vec::new();
        if matches!(snapshot.phase, call::Phase::Live { .. }) {
            for thing in std::mem::take(&mut things) {
                if said.send(thing).await.is_err() {
                    return;
                }
            }
            if still && snapshot.role == Role::Host {
                still = false;
                wishes.push(HandingIntent::AskStill);
            }
        }
        if still && handed.still == Still::AskedByThem {
            wishes.push(HandingIntent::AnswerStill(true));
        }
        let offered = |view: &&TransferView| view.place.incoming && view.state == State::Offered;
        let offered = handed.transfers.iter().filter(offered).filter(|_| accept.is_some());
        wishes.extend(offered.map(|view| HandingIntent::Accept(view.place.id)));
        if let Some(path) = &save_chat
            && handed.lines.len() != saved
        {
            let (lines, path) = (handed.lines.clone(), path.clone());
            saved = lines.len();
            match tokio::task::spawn_blocking(move || transcript::save(&lines, &path)).await {
                Ok(Ok(())) if !handed.saved_by_us => wishes.push(HandingIntent::ChatSaved),
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "what was written is not saved"),
                Err(error) => tracing::error!(%error, "what was written is not saved"),
            }
        }
        for wish in wishes {
            if intents.send(Intent::Hand(wish)).await.is_err() {
                return;
            }
        }
        if seen.changed().await.is_err() {
            return;
        }
    }
}
