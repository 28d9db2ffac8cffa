//! A store that forgets with the process: for running visits in virtual time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use signaling_protocol::{EndpointId, InviteId, VisitId};

use super::{Change, EndpointRow, InviteRow, Rows, Store, StoreError, TakeOverRow, TokenHash, VisitRow};

/// Rows in memory. Clones share them: keep one, drop the visits, and open visits again from it: that is a restart.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Rc<RefCell<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    challenge_key: Option<[u8; 32]>,
    visits: BTreeMap<VisitId, VisitRow>,
    invites: BTreeMap<InviteId, InviteRow>,
    endpoints: BTreeMap<EndpointId, EndpointRow>,
    tokens: BTreeMap<TokenHash, EndpointId>,
    take_overs: Vec<TakeOverRow>,
    full: bool,
}

impl MemoryStore {
    /// From now on nothing can be written (`true`), or everything again (`false`).
    pub fn set_full(&self, full: bool) {
        self.0.borrow_mut().full = full;
    }
}

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Rows, StoreError> {
        let tables = self.0.borrow();
        Ok(Rows {
            challenge_key: tables.challenge_key,
            visits: tables.visits.values().cloned().collect(),
            invites: tables.invites.values().cloned().collect(),
            endpoints: tables.endpoints.values().cloned().collect(),
            tokens: tables.tokens.iter().map(|(hash, endpoint)| (*hash, *endpoint)).collect(),
            take_overs: tables.take_overs.clone(),
        })
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let mut tables = self.0.borrow_mut();
        if tables.full {
            return Err(StoreError::passing("no space is left".to_owned()));
        }
        for change in changes {
            match change.clone() {
                Change::By(_) => {}
                Change::ChallengeKey(key) => tables.challenge_key = Some(key),
                Change::Visit(row) => drop(tables.visits.insert(row.visit, row)),
                Change::Invite(row) => drop(tables.invites.insert(row.invite, row)),
                Change::Endpoint(row) => drop(tables.endpoints.insert(row.endpoint, row)),
                Change::TakeOver(row, _) => tables.take_overs.push(row),
                Change::Token(hash, endpoint) => {
                    tables.tokens.retain(|_, owner| *owner != endpoint);
                    tables.tokens.insert(hash, endpoint);
                }
                Change::ForgetEndpoint(endpoint) => {
                    tables.tokens.retain(|_, owner| *owner != endpoint);
                    tables.endpoints.remove(&endpoint);
                }
                Change::ForgetVisit(visit) => {
                    let Tables { visits, invites, endpoints, tokens, take_overs, .. } = &mut *tables;
                    take_overs.retain(|row| row.visit != visit);
                    tokens.retain(|_, owner| endpoints.get(owner).is_none_or(|row| row.visit != visit));
                    endpoints.retain(|_, row| row.visit != visit);
                    invites.retain(|_, row| row.visit != visit);
                    visits.remove(&visit);
                }
            }
        }
        Ok(())
    }
}
