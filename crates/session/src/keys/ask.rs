//! What the keys ask of the server, request by request.

use desk::{KeysAnswer, KeysRequest};
use signaling_client::{ClientError, SignalingClient};
use signaling_protocol::DevicesReply;
use units::Phi;

/// Puts what the keys want to know or to have done to the server, once.
///
/// # Errors
/// As the client says; what the server refuses is among it.
pub async fn ask_server(
    client: &SignalingClient,
    token: &Phi<String>,
    request: &KeysRequest,
) -> Result<KeysAnswer, ClientError> {
    match request {
        KeysRequest::SetUp(clinic) => client.set_up_clinic(token, clinic).await?,
        KeysRequest::Publish(notice) => client.revoke(token, notice).await?,
        KeysRequest::Enrol(request) => return Ok(KeysAnswer::Waits(client.enrol_device(token, request).await?)),
        KeysRequest::Devices => return Ok(KeysAnswer::Devices(devices(client, token).await?)),
        KeysRequest::Certify(device, request) => client.certify_device(token, *device, request).await?,
        KeysRequest::Forget(device) => client.forget_device(token, *device).await?,
        KeysRequest::Say(device, message) => client.say_in_check(token, *device, message).await?,
        KeysRequest::Heard(device) => return Ok(KeysAnswer::Said(client.heard_in_check(token, *device).await?)),
        KeysRequest::ReadBox { kind, object, below } => {
            return Ok(KeysAnswer::Box(client.read_box(token, *kind, *object, *below).await?));
        }
        KeysRequest::WriteBox { kind, object, request } => client.write_box(token, *kind, *object, request).await?,
    }
    Ok(KeysAnswer::Done)
}

/// All pages of the devices.
async fn devices(client: &SignalingClient, token: &Phi<String>) -> Result<DevicesReply, ClientError> {
    let mut all = client.devices(token, None).await?;
    while all.more && all.devices.len() < MOST_DEVICES {
        let Some(last) = all.devices.last().map(|device| device.device) else { break };
        let next = client.devices(token, Some(last)).await?;
        // A server whose pages do not go on has no more.
        all.more = next.more && next.devices.last().is_some_and(|device| device.device > last);
        all.devices.extend(next.devices);
    }
    Ok(all)
}

/// More than any clinic has; a server that lies must not fill this machine's memory.
const MOST_DEVICES: usize = 4_096;
