//! What an app of the staff asks about what colleagues keep: the clinic, devices, revocations, boxes.

use hyper::Method;
use serde::Serialize;
use signaling_protocol::{
    BoxReply, BoxesReply, CertifyRequest, CheckMessage, CheckReply, Clinic, ClinicReply, DeviceId, DeviceReply,
    DevicesReply, EnrolRequest, NoticeRequest, ObjectId, WriteBoxRequest,
};
use units::Phi;

use crate::requests::{Empty, error};
use crate::{ClientError, SignalingClient};

/// `staff` is the token of [`SignInReply`](signaling_protocol::SignInReply). All of these may be asked again when the answer
/// got lost. Nothing here is to be believed: keys and boxes prove themselves, or do not.
impl SignalingClient {
    /// Asks which clinic the server says it is, for its newest revocations, and for what it takes at most.
    ///
    /// # Errors
    /// Not signed in; or no answer.
    pub async fn clinic(&self, staff: &Phi<String>) -> Result<ClinicReply, ClientError> {
        self.ask(Method::GET, "/v1/clinic", Some(staff), &()).await.map_err(error)
    }

    /// Sets the clinic up: once, by the first admin's app; and again with the next generation when it is recovered.
    ///
    /// # Errors
    /// Not an admin, or another clinic is set up there; or no answer.
    pub async fn set_up_clinic(&self, staff: &Phi<String>, clinic: &Clinic) -> Result<(), ClientError> {
        self.tell(staff, "/v1/clinic", clinic).await
    }

    /// Gives later revocations, which everybody in a visit and at work hears of at once.
    ///
    /// # Errors
    /// Not an admin, or the epoch is not later; or no answer.
    pub async fn revoke(&self, staff: &Phi<String>, request: &NoticeRequest) -> Result<(), ClientError> {
        self.tell(staff, "/v1/clinic/notice", request).await
    }

    /// Asks for a device to be certified.
    ///
    /// # Errors
    /// Too many of this account wait already; or no answer.
    pub async fn enrol_device(&self, staff: &Phi<String>, request: &EnrolRequest) -> Result<DeviceReply, ClientError> {
        self.ask(Method::POST, "/v1/devices", Some(staff), request).await.map_err(error)
    }

    /// The devices after `after`; from the first without it.
    ///
    /// # Errors
    /// Not signed in; or no answer.
    pub async fn devices(&self, staff: &Phi<String>, after: Option<DeviceId>) -> Result<DevicesReply, ClientError> {
        let path = after.map_or("/v1/devices".to_owned(), |after| format!("/v1/devices?after={after}"));
        self.ask(Method::GET, &path, Some(staff), &()).await.map_err(error)
    }

    /// Certifies a device, for the first time or anew.
    ///
    /// # Errors
    /// Not an admin, no such device, or another revision stands there; or no answer.
    pub async fn certify_device(
        &self,
        staff: &Phi<String>,
        device: DeviceId,
        request: &CertifyRequest,
    ) -> Result<(), ClientError> {
        self.tell(staff, &format!("/v1/devices/{device}/certificate"), request).await
    }

    /// Takes a device off the list: one's own that waits, or any by an admin.
    ///
    /// # Errors
    /// Not one's own; or no answer.
    pub async fn forget_device(&self, staff: &Phi<String>, device: DeviceId) -> Result<(), ClientError> {
        self.delete(staff, &format!("/v1/devices/{device}")).await
    }

    /// Says one message of the spoken check of a device that waits.
    ///
    /// # Errors
    /// Not one's side, or not the next; or no answer.
    pub async fn say_in_check(
        &self,
        staff: &Phi<String>,
        device: DeviceId,
        message: &CheckMessage,
    ) -> Result<(), ClientError> {
        self.tell(staff, &format!("/v1/devices/{device}/check"), message).await
    }

    /// What was said in the spoken check of a device that waits.
    ///
    /// # Errors
    /// No such device, or it waits no more; or no answer.
    pub async fn heard_in_check(&self, staff: &Phi<String>, device: DeviceId) -> Result<CheckReply, ClientError> {
        self.ask(Method::GET, &format!("/v1/devices/{device}/check"), Some(staff), &()).await.map_err(error)
    }

    /// What boxes of a kind there are after the object `after`; from the first without it.
    ///
    /// # Errors
    /// Not allowed; or no answer.
    pub async fn boxes(
        &self,
        staff: &Phi<String>,
        kind: u8,
        after: Option<ObjectId>,
    ) -> Result<BoxesReply, ClientError> {
        let query = after.map_or(String::new(), |after| format!("?after={after}"));
        self.ask(Method::GET, &format!("/v1/boxes/{kind}{query}"), Some(staff), &()).await.map_err(error)
    }

    /// The newest revision of a box, or the newest lower than `below`: by another hand, if the newest cannot be opened.
    ///
    /// # Errors
    /// There is none; or no answer.
    pub async fn read_box(
        &self,
        staff: &Phi<String>,
        kind: u8,
        object: ObjectId,
        below: Option<u32>,
    ) -> Result<BoxReply, ClientError> {
        let query = below.map_or(String::new(), |below| format!("?below={below}"));
        let path = format!("/v1/boxes/{kind}/{object}{query}");
        self.ask(Method::GET, &path, Some(staff), &()).await.map_err(error)
    }

    /// Keeps a box.
    ///
    /// # Errors
    /// A revision that is as high stands there, the object does not exist, or this account's share is used up; or no answer.
    pub async fn write_box(
        &self,
        staff: &Phi<String>,
        kind: u8,
        object: ObjectId,
        request: &WriteBoxRequest,
    ) -> Result<(), ClientError> {
        self.tell(staff, &format!("/v1/boxes/{kind}/{object}"), request).await
    }

    /// Takes a box away, with all its revisions.
    ///
    /// # Errors
    /// Made by somebody else, and not an admin; or no answer.
    pub async fn remove_box(&self, staff: &Phi<String>, kind: u8, object: ObjectId) -> Result<(), ClientError> {
        self.delete(staff, &format!("/v1/boxes/{kind}/{object}")).await
    }

    pub(crate) async fn tell(
        &self,
        staff: &Phi<String>,
        path: &str,
        request: &(impl Serialize + Sync),
    ) -> Result<(), ClientError> {
        let Empty {} = self.ask(Method::POST, path, Some(staff), request).await.map_err(error)?;
        Ok(())
    }

    pub(crate) async fn delete(&self, staff: &Phi<String>, path: &str) -> Result<(), ClientError> {
        let Empty {} = self.ask(Method::DELETE, path, Some(staff), &()).await.map_err(error)?;
        Ok(())
    }
}
