//! What an app can do, said in its bundle and so under its signature: nobody between the two can take any of it away.

use crate::codec::Reader;

/// One thing that an app can do. Numbers are never used again for something else; those of later versions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability(pub u16);

impl Capability {
    /// Sealing by HPKE: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Every app has it.
    pub const SUITE_1: Self = Self(1);
    /// Voice with copies of what was said just before (RFC 2198).
    pub const VOICE_RED: Self = Self(2);
    /// SRTP by `AEAD_AES_256_GCM`.
    pub const SRTP_AES_256: Self = Self(3);
    /// The spoken check, version 1.
    pub const SPOKEN_CHECK: Self = Self(4);
    /// It says of itself that it is a page and no app. A page that lies does not say so: this is for people, no proof.
    pub const PAGE: Self = Self(5);
}

/// All that an app can do, and the versions of the sealed messages that it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Ascending, each once.
    ids: Vec<Capability>,
    versions: (u16, u16),
}

impl Capabilities {
    /// What this app can do.
    pub fn app() -> Self {
        use Capability as C;
        Self { ids: vec![C::SUITE_1, C::VOICE_RED, C::SRTP_AES_256, C::SPOKEN_CHECK], versions: (1, 1) }
    }

    #[cfg(test)]
    pub(crate) fn of_versions(min: u16, max: u16) -> Self {
        Self { versions: (min, max), ..Self::app() }
    }

    /// With this too.
    #[must_use]
    pub fn with(mut self, capability: Capability) -> Self {
        if let Err(place) = self.ids.binary_search(&capability) {
            self.ids.insert(place, capability);
        }
        self
    }

    /// Without this.
    #[must_use]
    pub fn without(mut self, capability: Capability) -> Self {
        self.ids.retain(|id| *id != capability);
        self
    }

    /// Whether the app can do this.
    pub fn has(&self, capability: Capability) -> bool {
        self.ids.binary_search(&capability).is_ok()
    }

    /// The newest version of the sealed messages that both speak.
    pub fn common_version(&self, other: &Self) -> Option<u16> {
        let newest = self.versions.1.min(other.versions.1);
        (newest >= self.versions.0 && newest >= other.versions.0).then_some(newest)
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.versions.0.to_be_bytes());
        bytes.extend_from_slice(&self.versions.1.to_be_bytes());
        bytes.push(self.ids.len() as u8);
        for id in &self.ids {
            bytes.extend_from_slice(&id.0.to_be_bytes());
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let versions = (reader.u16()?, reader.u16()?);
        let count = usize::from(reader.u8()?);
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.push(Capability(reader.u16()?));
        }
        (count <= MOST && ids.is_sorted_by(|a, b| a < b) && versions.0 <= versions.1).then_some(Self { ids, versions })
    }
}

/// More than a dozen versions will need; bounds what a bundle can hold.
const MOST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_one_form() {
        let ours = Capabilities::app().with(Capability::PAGE).with(Capability(900)).without(Capability::VOICE_RED);
        let mut bytes = Vec::new();
        ours.write(&mut bytes);
        let mut reader = Reader(&bytes);
        assert_eq!(Capabilities::read(&mut reader), Some(ours.clone()));
        assert!(reader.end().is_some());
        assert!(ours.has(Capability::PAGE) && ours.has(Capability(900)) && !ours.has(Capability::VOICE_RED));
        assert_eq!(ours.clone().with(Capability::PAGE), ours);
        for at in 0..bytes.len() {
            assert_eq!(Capabilities::read(&mut Reader(&bytes[..at])), None, "cut at {at}");
        }
        let twice = [0, 1, 0, 1, 2, 0, 1, 0, 1];
        assert_eq!(Capabilities::read(&mut Reader(&twice)), None);
        let falling = [0, 1, 0, 1, 2, 0, 2, 0, 1];
        assert_eq!(Capabilities::read(&mut Reader(&falling)), None);
        let backwards = [0, 2, 0, 1, 0];
        assert_eq!(Capabilities::read(&mut Reader(&backwards)), None);
    }

    #[test]
    fn a_list_is_bounded() {
        for (count, fits) in [(32, true), (33, false)] {
            let many =
                (0..count).fold(Capabilities { ids: vec![], versions: (1, 1) }, |list, id| list.with(Capability(id)));
            let mut bytes = Vec::new();
            many.write(&mut bytes);
            assert_eq!(Capabilities::read(&mut Reader(&bytes)).is_some(), fits);
        }
    }

    #[test]
    fn two_apps_settle_on_the_newest_version_that_both_speak() {
        let of = |versions| Capabilities { ids: vec![], versions };
        assert_eq!(of((1, 3)).common_version(&of((2, 5))), Some(3));
        assert_eq!(of((1, 1)).common_version(&of((2, 2))), None);
        assert_eq!(of((4, 5)).common_version(&of((1, 3))), None);
    }
}
