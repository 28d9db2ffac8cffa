//! Opaque ids: a prefix that says of what, and 128 random bits. Never sequential, never personal.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What was given is not an id of the kind that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id that starts with `{prefix}` and goes on with 22 characters of base64url")]
pub struct IdError {
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id of these 128 bits, which the caller has drawn at random.
            pub const fn from_random(bits: [u8; 16]) -> Self {
                Self(bits)
            }

            /// The 128 bits.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let error = IdError { prefix: $prefix };
                let rest = text.strip_prefix($prefix).ok_or(error)?;
                let mut bits = [0; 16];
                match URL_SAFE_NO_PAD.decode_slice(rest, &mut bits) {
                    Ok(16) => Ok(Self(bits)),
                    _ => Err(error),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A visit: one appointment between a clinician and a patient.
    VisitId, "vis_");
id!(
    /// An invite to a visit: what a link names.
    InviteId, "inv_");
id!(
    /// An app that has joined a visit, for as long as it is in it.
    EndpointId, "end_");
id!(
    /// An account of the clinic's staff.
    StaffId, "stf_");
id!(
    /// A session of somebody of the staff: one sign-in on one device, and all the tokens that follow from it.
    SessionId, "ses_");
id!(
    /// A message between two endpoints; also its idempotency key.
    MessageId, "msg_");
id!(
    /// A device of a member of the staff, from the day on which it asks to be certified.
    DeviceId, "dev_");
id!(
    /// A visit that was taken over by breaking the glass.
    TakeOverId, "tov_");
id!(
    /// Something that colleagues share and the server knows nothing else of; drawn by the app that makes it.
    FreeId, "obj_");

/// What a staff box is about. The box goes when the object goes; of a [`FreeId`] the server knows no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectId {
    /// A visit: the box goes when the server forgets the visit.
    Visit(VisitId),
    /// An invite: the box goes with the invite's visit.
    Invite(InviteId),
    /// A staff device: the box goes when the device is taken off the list.
    Device(DeviceId),
    /// Something else.
    Free(FreeId),
}

impl ObjectId {
    /// The 128 bits: what stands in the box's own head.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        match self {
            Self::Visit(id) => id.as_bytes(),
            Self::Invite(id) => id.as_bytes(),
            Self::Device(id) => id.as_bytes(),
            Self::Free(id) => id.as_bytes(),
        }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Visit(id) => id.fmt(f),
            Self::Invite(id) => id.fmt(f),
            Self::Device(id) => id.fmt(f),
            Self::Free(id) => id.fmt(f),
        }
    }
}

impl FromStr for ObjectId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.get(..4) {
            Some("vis_") => text.parse().map(Self::Visit),
            Some("inv_") => text.parse().map(Self::Invite),
            Some("dev_") => text.parse().map(Self::Device),
            _ => text.parse().map(Self::Free),
        }
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = VisitId::from_random(*b"sixteen  letters");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::from_str::<VisitId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
    }

    #[test]
    fn an_object_is_of_the_kind_that_its_prefix_says() {
        let bits = [7; 16];
        let objects = [
            ObjectId::Visit(VisitId::from_random(bits)),
            ObjectId::Invite(InviteId::from_random(bits)),
            ObjectId::Device(DeviceId::from_random(bits)),
            ObjectId::Free(FreeId::from_random(bits)),
        ];
        for object in objects {
            assert_eq!(object.to_string().parse(), Ok(object));
            assert_eq!(object.as_bytes(), &bits);
        }
        for wrong in ["", "vis_", "stf_BwcHBwcHBwcHBwcHBwcHBw", "\u{fffd}\u{fffd}"] {
            assert!(wrong.parse::<ObjectId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn another_kind_of_id_is_not_taken() {
        let id = InviteId::from_random([7; 16]);
        assert!(id.to_string().parse::<VisitId>().is_err());
        for wrong in ["", "inv_", "inv_short", "inv_AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "inv_!!!!!!!!!!!!!!!!!!!!!!"] {
            assert!(wrong.parse::<InviteId>().is_err(), "{wrong}");
        }
    }
}
