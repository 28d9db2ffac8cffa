//! Tells by the desktop's notifications what happens while the window is not looked at: never whose visit it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use notify_rust::Notification;

/// Sentences that wait to be shown. `DropNewest`: who comes back to eight reads the same of the ninth.
const WAITING: usize = 8;

/// Shows notifications on a thread of its own: a bus may be slow, and no window waits for it.
pub(crate) struct Notifier(Option<SyncSender<String>>);

impl Notifier {
    /// `show` is called from another thread when somebody presses a notification.
    pub(crate) fn start(show: impl Fn() + Send + Sync + 'static) -> Self {
        let (sentences, waiting) = sync_channel(WAITING);
        let show: Show = Arc::new(show);
        let run = move || show_all(&waiting, &show);
        let thread = std::thread::Builder::new().name("notifications".to_owned()).spawn(run);
        Self(thread.is_ok().then_some(sentences))
    }

    /// Says `sentence`; never waits.
    pub(crate) fn say(&self, sentence: String) {
        if let Some(sentences) = &self.0 {
            let _ = sentences.try_send(sentence);
        }
    }
}

type Show = Arc<dyn Fn() + Send + Sync>;

fn show_all(waiting: &Receiver<String>, show: &Show) {
    // One thread at most waits for an answer: the newest notification takes the place of the one before.
    let listening = Arc::new(AtomicBool::new(false));
    #[cfg(target_os = "linux")]
    let mut number: Option<u32> = None;
    while let Ok(sentence) = waiting.recv() {
        #[cfg_attr(not(target_os = "linux"), expect(unused_mut, reason = "its number is Linux'"))]
        let mut notification = notification(&sentence);
        #[cfg(target_os = "linux")]
        if let Some(number) = number {
            notification.id(number);
        }
        match notification.show() {
            Ok(handle) => {
                #[cfg(target_os = "linux")]
                number.replace(handle.id());
                listen(handle, &listening, show);
            }
            // The window's title and its sound say it too.
            Err(error) => tracing::debug!(%error, "no notification"),
        }
    }
}

fn notification(sentence: &str) -> Notification {
    let mut notification = Notification::new();
    notification.appname("Housecall").summary("Housecall").body(sentence).action("default", ui::show_window());
    #[cfg(target_os = "linux")]
    notification
        .icon("housecall")
        .hint(notify_rust::Hint::DesktopEntry("housecall".to_owned()))
        .hint(notify_rust::Hint::Category("presence.online".to_owned()))
        // Who was let in long ago need not be read of later.
        .hint(notify_rust::Hint::Transient(true));
    notification
}

fn listen(handle: notify_rust::NotificationHandle, listening: &Arc<AtomicBool>, show: &Show) {
    if listening.swap(true, Ordering::Relaxed) {
        return;
    }
    let (show, over) = (show.clone(), listening.clone());
    let wait = move || {
        let answered = handle.wait_for_response(move |response: &notify_rust::NotificationResponse| {
            if !matches!(response, notify_rust::NotificationResponse::Closed(_)) {
                show();
            }
        });
        if let Err(error) = answered {
            tracing::debug!(%error, "a notification's answer is not heard");
        }
        over.store(false, Ordering::Relaxed);
    };
    if std::thread::Builder::new().name("notification".to_owned()).spawn(wait).is_err() {
        listening.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_says_that_somebody_waits_and_not_who() {
        let shown = notification(&ui::waiting_notification(1));
        assert_eq!((shown.summary.as_str(), shown.body.as_str()), ("Housecall", "Somebody is in the waiting room."));
        assert_eq!(notification(&ui::waiting_notification(3)).body, "3 people are in the waiting room.");
        assert_eq!(shown.actions, ["default", "Show"]);
    }
}
