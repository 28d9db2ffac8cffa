//! What the desk asks the server, question by question.

use desk::{ColleagueChange, DeskAnswer, DeskRequest};
use signaling_client::{ClientError, SignalingClient};
use signaling_protocol::{AddStaffRequest, Code, CodeReply, SignInReply, SignInRequest};
use trust::{DeviceIdentity, UnixTime};
use units::Phi;

use crate::auditor::Auditor;
use crate::headless::LABEL;
use crate::keys::{Kept, Vault, keys_place};
use crate::take_over;

/// Asks the server what the desk wants to know of it.
pub(crate) async fn ask(
    client: &SignalingClient,
    vault: &Vault,
    (device, auditor): (Option<(DeviceIdentity, UnixTime)>, Option<Auditor>),
    request: DeskRequest,
) -> Result<DeskAnswer, ClientError> {
    let place = place_of(&request);
    match request {
        DeskRequest::SignIn { request, .. } => sign_in(client, Kept::load(vault, &place).await, request).await,
        DeskRequest::SignUp { mut request, .. } => {
            LABEL.clone_into(&mut request.label);
            client.sign_up(&request).await.map(|reply| DeskAnswer::SignedUp(Box::new(reply)))
        }
        DeskRequest::Sessions { token, staff } => client.sessions(&token, staff).await.map(DeskAnswer::Sessions),
        DeskRequest::EndSession { token, staff, session } => {
            client.end_session(&token, session).await?;
            client.sessions(&token, staff).await.map(DeskAnswer::Sessions)
        }
        DeskRequest::Colleagues { token, change } => {
            let code = match change {
                Some(change) => change_colleague(client, &token, change).await?,
                None => None,
            };
            client.staff(&token).await.map(|all| DeskAnswer::Colleagues(all, code))
        }
        DeskRequest::ChangePassword { token, request } => {
            client.change_password(&token, &request).await.map(|()| DeskAnswer::PasswordChanged)
        }
        DeskRequest::RenewRecoveryCodes { token, totp } => {
            let reply = client.renew_recovery_codes(&token, totp).await;
            reply.map(|reply| DeskAnswer::RecoveryCodes(reply.recovery_codes))
        }
        DeskRequest::TakeOvers { token, review } => {
            let device = device.as_ref().map(|(device, now)| (device, *now));
            let answer = take_over::take_overs(client, &token, review, device).await;
            answer.map(|take_overs| DeskAnswer::TakeOvers(Box::new(take_overs)))
        }
        DeskRequest::Audit { ask, .. } => match auditor {
            Some(auditor) => auditor.ask(ask).await.map(|answer| DeskAnswer::Audit(Box::new(answer))),
            None => Err(ClientError::BadAddress),
        },
        DeskRequest::CreateVisit { token } => {
            client.create_visit(&token).await.map(|reply| DeskAnswer::VisitMade(reply.visit))
        }
        DeskRequest::CreateInvite { token, visit, request } => {
            client.create_invite(&token, visit, &request).await.map(|reply| DeskAnswer::InviteMade(reply.invite))
        }
    }
}

async fn change_colleague(
    client: &SignalingClient,
    token: &Phi<String>,
    change: ColleagueChange,
) -> Result<Option<CodeReply>, ClientError> {
    match change {
        ColleagueChange::Add { name, role } => client.add_staff(token, &AddStaffRequest { name, role }).await.map(Some),
        ColleagueChange::BeginAnew(whom) => client.begin_anew(token, whom).await.map(Some),
        ColleagueChange::SetRole(whom, role) => client.set_role(token, whom, role).await.map(|()| None),
        ColleagueChange::SetDisabled(whom, disabled) => client.set_disabled(token, whom, disabled).await.map(|()| None),
    }
}

/// Signs in with a second factor; without one, the session that was kept goes on.
async fn sign_in(client: &SignalingClient, kept: Kept, request: SignInRequest) -> Result<DeskAnswer, ClientError> {
    let has_factor = request.totp.is_some() || request.recovery_code.is_some();
    if has_factor {
        let request = SignInRequest { device_token: kept.device_token, label: LABEL.to_owned(), ..request };
        return client.sign_in(&request).await.map(DeskAnswer::SignedIn);
    }
    let Some(session) = kept.session else { return Ok(DeskAnswer::CodeNeeded) };
    match client.unlock(&session, &request.password).await {
        Ok(reply) => Ok(DeskAnswer::SignedIn(SignInReply { device_token: kept.device_token, ..reply })),
        Err(ClientError::Refused(refusal)) if refusal.code == Code::NotSignedIn => Ok(DeskAnswer::CodeNeeded),
        Err(error) => Err(error),
    }
}

/// Under which name the keyring has what is kept of who signs in; nothing for other questions.
pub(crate) fn place_of(request: &DeskRequest) -> String {
    match request {
        DeskRequest::SignIn { server, request, .. } => keys_place(&request.name, server),
        DeskRequest::SignUp { server, request, .. } => keys_place(&request.name, server),
        _ => String::new(),
    }
}
