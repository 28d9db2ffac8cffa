//! The sign in the desktop's tray while somebody is at the clinician's desk: how many wait, never who. By the StatusNotifierItem of KDE and
//! freedesktop; where a desktop has no place for it, there is none.

use std::sync::mpsc::{Receiver, Sender, channel};

use ksni::blocking::{Handle, TrayMethods as _};
use ksni::menu::StandardItem;
use ksni::{Category, Icon, MenuItem, OfflineReason, Status, ToolTip};
use ui::Language;

/// What it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) language: Language,
    pub(crate) waiting: usize,
}

/// Shows it from a thread of its own: a bus may be slow, and no window waits for it.
pub(crate) struct Tray {
    /// Changes are as few as arrivals.
    orders: Option<Sender<Option<Shown>>>,
    last: Option<Shown>,
}

impl Tray {
    /// `show` is called from another thread when somebody presses it.
    pub(crate) fn start(show: impl Fn() + Send + Clone + 'static) -> Self {
        let (orders, received) = channel();
        let thread = std::thread::Builder::new().name("tray".to_owned()).spawn(move || run(&received, &show));
        Self { orders: thread.is_ok().then_some(orders), last: None }
    }

    /// This is to be shown from now on, or nothing; never waits.
    pub(crate) fn tell(&mut self, shown: Option<Shown>) {
        if let (true, Some(orders)) = (shown != self.last, &self.orders) {
            self.last = shown;
            let _ = orders.send(shown);
        }
    }
}

fn run<S: Fn() + Send + Clone + 'static>(orders: &Receiver<Option<Shown>>, show: &S) {
    let mut handle: Option<Handle<Sign<S>>> = None;
    while let Ok(order) = orders.recv() {
        handle = match (order, handle) {
            (Some(shown), Some(handle)) => handle.update(|sign| sign.shown = shown).map(|()| handle),
            (Some(shown), None) => {
                let sign = Sign { shown, show: show.clone() };
                // A desktop may make room for it later than we start.
                let spawned = sign.assume_sni_available(true).spawn();
                spawned.inspect_err(|error| tracing::debug!(%error, "no sign in the tray")).ok()
            }
            (None, Some(handle)) => {
                handle.shutdown().wait();
                None
            }
            (None, None) => None,
        };
    }
    if let Some(handle) = handle {
        handle.shutdown().wait();
    }
}

struct Sign<S> {
    shown: Shown,
    show: S,
}

impl<S: Fn() + Send + 'static> ksni::Tray for Sign<S> {
    fn id(&self) -> String {
        "housecall".to_owned()
    }

    fn title(&self) -> String {
        "Housecall".to_owned()
    }

    fn category(&self) -> Category {
        Category::Communications
    }

    fn status(&self) -> Status {
        if self.shown.waiting > 0 { Status::NeedsAttention } else { Status::Active }
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        vec![icon(false)]
    }

    fn attention_icon_pixmap(&self) -> Vec<Icon> {
        vec![icon(true)]
    }

    fn tool_tip(&self) -> ToolTip {
        let description = ui::tray_sentence(self.shown.language, self.shown.waiting);
        ToolTip { title: self.title(), description, ..ToolTip::default() }
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        (self.show)();
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let label = ui::show_window(self.shown.language).to_owned();
        vec![
            StandardItem { label, activate: Box::new(|sign: &mut Self| (sign.show)()), ..StandardItem::default() }
                .into(),
        ]
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        tracing::debug!(?reason, "nothing shows the sign in the tray");
        // It comes back with the desktop's panel.
        true
    }
}

/// Pixels along each side.
const SIDE: i32 = 32;

/// A house, and for who waits a dot in its corner: the colours of `assets/theme` on both kinds of panels.
fn icon(attention: bool) -> Icon {
    const HOUSE: [u8; 4] = [255, 31, 111, 178];
    const DOOR: [u8; 4] = [255, 255, 255, 255];
    const DOT: [u8; 4] = [255, 214, 69, 43];
    let mut data = Vec::with_capacity((SIDE * SIDE * 4) as usize);
    for (y, x) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x))) {
        let (across, along) = (2 * x + 1 - SIDE, y);
        let roof = (3..15).contains(&along) && across.abs() <= 2 * (along - 2) + 4;
        let walls = (15..29).contains(&along) && across.abs() <= 20;
        let door = (19..29).contains(&along) && across.abs() <= 6;
        let dot = attention && (x - 25).pow(2) + (y - 7).pow(2) <= 36;
        data.extend(match (dot, door, roof || walls) {
            (true, ..) => DOT,
            (false, true, _) => DOOR,
            (false, false, true) => HOUSE,
            (false, false, false) => [0; 4],
        });
    }
    Icon { width: SIDE, height: SIDE, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_says_by_its_form_too_that_somebody_waits() {
        let (quiet, asking) = (icon(false), icon(true));
        assert_eq!(quiet.data.len(), (SIDE * SIDE * 4) as usize);
        let changed = quiet.data.chunks_exact(4).zip(asking.data.chunks_exact(4)).filter(|(a, b)| a != b).count();
        assert!((80..200).contains(&changed), "{changed} of {} pixels", SIDE * SIDE);
        assert!(quiet.data.chunks_exact(4).any(|pixel| pixel[0] == 0), "a panel shows through");
    }
}
