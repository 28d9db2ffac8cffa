//! What the system says that its person wants: dark windows, high contrast, nothing that moves.
//!
//! On Linux by the desktop's settings portal (`org.freedesktop.portal.Settings`), on a thread of its own: a bus may be slow, and
//! no window waits for it. Elsewhere the window itself says whether it is dark, and the rest is chosen in the settings.

use std::sync::{Arc, Mutex, PoisonError};

use ui::SystemWishes;

/// The newest that the system said.
#[derive(Clone, Default)]
pub(crate) struct Wishes(Arc<Mutex<SystemWishes>>);

impl Wishes {
    /// Asks, and goes on asking; `repaint` is called from another thread when something changed.
    pub(crate) fn follow(repaint: impl Fn() + Send + 'static) -> Self {
        let wishes = Self::default();
        #[cfg(target_os = "linux")]
        {
            let ours = wishes.clone();
            let follow = move || {
                if let Err(error) = portal::follow(&ours, &repaint) {
                    tracing::debug!(%error, "the desktop does not say what its person wants");
                }
            };
            if let Err(error) = std::thread::Builder::new().name("wishes".to_owned()).spawn(follow) {
                tracing::debug!(%error, "the desktop is not asked what its person wants");
            }
        }
        #[cfg(not(target_os = "linux"))]
        drop(repaint);
        wishes
    }

    pub(crate) fn read(&self) -> SystemWishes {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(target_os = "linux")]
mod portal {
    use std::collections::HashMap;
    use std::sync::PoisonError;

    use ui::SystemWishes;
    use zbus::blocking::{Connection, Proxy};
    use zbus::zvariant::OwnedValue;

    use super::Wishes;

    /// What is standard, and what GNOME has had for longer.
    const APPEARANCE: &str = "org.freedesktop.appearance";
    const GNOME: &str = "org.gnome.desktop.interface";

    /// The portal's answer: by namespace, by key.
    type Answer = HashMap<String, HashMap<String, OwnedValue>>;

    pub(super) fn follow(wishes: &Wishes, repaint: &impl Fn()) -> zbus::Result<()> {
        let connection = Connection::session()?;
        let (name, path) = ("org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop");
        let portal = Proxy::new(&connection, name, path, "org.freedesktop.portal.Settings")?;
        // Listened to before it is asked: what changes between is not missed.
        let mut changes = portal.receive_signal("SettingChanged")?;
        loop {
            let answer: Answer = portal.call("ReadAll", &([APPEARANCE, GNOME].as_slice(),))?;
            let new = understand(&answer);
            let old = std::mem::replace(&mut *wishes.0.lock().unwrap_or_else(PoisonError::into_inner), new);
            if old != new {
                repaint();
            }
            if changes.next().is_none() {
                return Ok(());
            }
        }
    }

    fn understand(answer: &Answer) -> SystemWishes {
        let value = |namespace: &str, key: &str| answer.get(namespace)?.get(key);
        let number = |key| value(APPEARANCE, key).and_then(|value| u32::try_from(value).ok());
        let animations = value(GNOME, "enable-animations").and_then(|value| bool::try_from(value).ok());
        SystemWishes {
            dark: number("color-scheme") == Some(1),
            high_contrast: number("contrast") == Some(1),
            reduced_motion: number("reduced-motion") == Some(1) || animations == Some(false),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn answer(namespace: &str, keys: &[(&str, OwnedValue)]) -> Answer {
            let keys = keys.iter().map(|(key, value)| ((*key).to_owned(), value.try_clone().unwrap())).collect();
            Answer::from([(namespace.to_owned(), keys)])
        }

        #[test]
        fn what_the_portal_says_is_understood_and_anything_else_is_no_wish() {
            assert_eq!(understand(&Answer::new()), SystemWishes::default());
            let all = answer(
                APPEARANCE,
                &[
                    ("color-scheme", OwnedValue::from(1_u32)),
                    ("contrast", OwnedValue::from(1_u32)),
                    ("reduced-motion", OwnedValue::from(1_u32)),
                ],
            );
            assert_eq!(understand(&all), SystemWishes { dark: true, high_contrast: true, reduced_motion: true });
            let light =
                answer(APPEARANCE, &[("color-scheme", OwnedValue::from(2_u32)), ("contrast", OwnedValue::from(true))]);
            assert_eq!(understand(&light), SystemWishes::default());
            let still = answer(GNOME, &[("enable-animations", OwnedValue::from(false))]);
            assert!(understand(&still).reduced_motion);
        }
    }
}
