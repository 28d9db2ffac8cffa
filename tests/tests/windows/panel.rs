//! A desktop's panel with a place for signs, as far as a program can tell: the watcher of StatusNotifierItem.

use std::sync::{Arc, Mutex};

use zbus::blocking::{Connection, Proxy};
use zbus::zvariant::OwnedValue;

/// Whose signs there are, by their names on the bus.
#[derive(Debug, Clone, Default)]
struct Watcher(Arc<Mutex<Vec<String>>>);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String) {
        self.0.lock().expect("nobody panics with it").push(service);
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics with it").clone()
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// Icon, pictures, title, sentence.
type ToolTip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);

/// The panel of somebody's desktop.
pub(crate) struct Panel {
    session: Connection,
    signs: Watcher,
}

impl Panel {
    /// Puts one there, for as long as the session lasts.
    pub(crate) fn put_up(session: &Connection) -> Self {
        let signs = Watcher::default();
        session.object_server().at("/StatusNotifierWatcher", signs.clone()).expect("a place on the bus");
        session.request_name("org.kde.StatusNotifierWatcher").expect("its name");
        Self { session: session.clone(), signs }
    }

    /// What the newest sign says: its status, and the sentence of its tool tip.
    pub(crate) fn reads(&self) -> Option<(String, String)> {
        let service = self.signs.0.lock().expect("nobody panics with it").last()?.clone();
        let sign = Proxy::new(&self.session, service, "/StatusNotifierItem", "org.kde.StatusNotifierItem").ok()?;
        let status = sign.get_property::<String>("Status").ok()?;
        let (_, _, _, sentence): ToolTip = sign.get_property::<OwnedValue>("ToolTip").ok()?.try_into().ok()?;
        Some((status, sentence))
    }

    /// Somebody presses it.
    pub(crate) fn presses(&self) {
        let service = self.signs.0.lock().expect("nobody panics with it").last().expect("a sign").clone();
        let sign = Proxy::new(&self.session, service, "/StatusNotifierItem", "org.kde.StatusNotifierItem");
        sign.and_then(|sign| sign.call_method("Activate", &(0, 0)).map(drop)).expect("it can be pressed");
    }
}
