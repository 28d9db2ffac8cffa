//! What the two hand each other: what they write, files, photographs.

use call::transfer::{Ending, Kind, OfferError, Reason, State, Still, TextError, TransferView, Trouble};
use call::{HandingNews, NotSaved};
use signaling_protocol::Role;

use super::clock;

words! {
    handing,
    handing_close,
    handing_short,
    handing_messages,
    handing_files,
    handing_show,

    // What is written.
    handing_nothing_written,
    handing_message,
    handing_send,
    handing_save_chat,
    handing_chat_file,
    handing_save_messages,

    // Files.
    handing_path,
    handing_path_hint,
    handing_offer,
    handing_do_not_send,
    handing_reading,
    handing_folder,
    handing_accept,
    handing_decline,
    handing_stop,
    handing_progress,

    // Photographs.
    handing_ask,
    handing_ask_help,
    handing_asks,
    handing_answer,
    handing_agree,
    handing_refuse,
    handing_photograph_file,
    handing_zoom_in,
    handing_zoom_out,
    handing_whole,
    handing_whole_short,
    handing_close_short,
    handing_close_photographs,
}

/// What the button for all of it does, and what is new there.
pub(crate) fn handing_button(is_open: bool, new: usize) -> String {
    match (is_open, new) {
        (true, _) => handing_close().to_owned(),
        (false, 0) => handing().to_owned(),
        (false, new) => say!(handing_new, new = new),
    }
}

/// New lines of theirs.
pub(crate) fn new_messages(new: usize) -> String {
    say!(handing_new_messages, new = new)
}

/// Files of theirs that wait to be taken.
pub(crate) fn files_offered(count: usize) -> String {
    say!(handing_offered_now, count = count)
}

/// What becomes of what is written.
pub(crate) fn gone_at_the_end(role: Role) -> &'static str {
    match role {
        Role::Host => say!(handing_gone_host),
        Role::Guest => say!(handing_gone_guest),
    }
}

/// A line with who wrote it; `role` is ours.
pub(crate) fn written(role: Role, is_ours: bool, text: &str) -> String {
    match (is_ours, role) {
        (true, _) => say!(handing_line_ours, text = text),
        (false, Role::Host) => say!(handing_line_of_patient, text = text),
        (false, Role::Guest) => say!(handing_line_of_clinician, text = text),
    }
}

/// What is known of a line of ours.
pub(crate) fn delivery(is_there: bool) -> &'static str {
    if is_there { say!(handing_delivered) } else { say!(handing_sending) }
}

/// Who has saved what was written.
pub(crate) fn saved_by(by_us: bool, by_them: bool) -> Option<&'static str> {
    match (by_us, by_them) {
        (true, _) => Some(say!(handing_saved_by_us)),
        (false, true) => Some(say!(handing_saved_by_them)),
        (false, false) => None,
    }
}

/// Why a line is not sent, and the next step.
pub(crate) fn not_sent(error: TextError) -> &'static str {
    match error {
        TextError::Empty => say!(handing_empty),
        TextError::TooLong => say!(handing_too_long),
        TextError::TooManyWaiting => say!(handing_too_many_waiting),
    }
}

/// Why a file is not offered, and the next step.
pub(crate) fn not_offered(error: OfferError) -> &'static str {
    match error {
        OfferError::TooLarge => say!(handing_file_too_large),
        OfferError::TooMany => say!(handing_too_many_files),
    }
}

fn not_saved(why: NotSaved) -> &'static str {
    match why {
        NotSaved::NameTaken => say!(handing_name_taken),
        NotSaved::NotWritten => say!(handing_not_saved),
    }
}

/// What became of what was wanted last, and whether that was done.
pub(crate) fn handing_news(news: &HandingNews) -> (bool, String) {
    match news {
        HandingNews::NotRead => (false, say!(handing_not_read).to_owned()),
        HandingNews::ChatSaved(file) | HandingNews::PhotographSaved(_, file) => {
            (true, say!(handing_saved_in, place = file.expose().as_str()))
        }
        HandingNews::ChatNotSaved(why) | HandingNews::PhotographNotSaved(_, why) => (false, not_saved(*why).to_owned()),
    }
}

/// A file that was dropped and is not sent yet.
pub(crate) fn to_be_sent(name: &str) -> String {
    say!(handing_to_be_sent, name = name)
}

pub(crate) fn send_dropped(count: usize) -> String {
    say!(handing_send_dropped, count = count)
}

pub(crate) fn accept_file(name: &str) -> String {
    say!(handing_accept_file, name = name)
}

pub(crate) fn decline_file(name: &str) -> String {
    say!(handing_decline_file, name = name)
}

pub(crate) fn stop_file(name: &str) -> String {
    say!(handing_stop_file, name = name)
}

/// Offers that nobody was asked about.
pub(crate) fn offers_turned_away(count: u32) -> String {
    say!(handing_turned_away, count = count)
}

/// What it is, and how large.
pub(crate) fn handed_thing(view: &TransferView) -> String {
    let size = size(view.bytes);
    match view.kind {
        Kind::File => say!(handing_file, name = view.name.expose().as_str(), size = size),
        Kind::Still => say!(handing_still, size = size),
    }
}

/// Where it stands; `saved` is where it lies once it has arrived.
pub(crate) fn handed_state(view: &TransferView, saved: Option<&str>) -> String {
    let incoming = view.place.incoming;
    match view.state {
        State::Offered if incoming => say!(handing_is_offered).to_owned(),
        State::Offered => say!(handing_waits_for_answer).to_owned(),
        State::Opening => say!(handing_opening).to_owned(),
        State::Moving => moving(view),
        State::Waiting => say!(handing_waits).to_owned(),
        State::Checking => say!(handing_checking).to_owned(),
        State::Arrived => match saved {
            Some(place) => say!(handing_arrived_in, place = place),
            None => say!(handing_arrived).to_owned(),
        },
        State::Ended(ending) => ended(ending, incoming).to_owned(),
    }
}

fn moving(view: &TransferView) -> String {
    let (done, whole) = (size(view.moved), size(view.bytes));
    match (view.rate, view.time_left) {
        (Some(rate), Some(left)) => {
            let speed = size(rate.as_bps() / 8);
            say!(handing_moving_left, done = done, whole = whole, speed = speed, left = clock(left))
        }
        _ => say!(handing_moving, done = done, whole = whole),
    }
}

/// Why it is over, and the next step.
fn ended(ending: Ending, incoming: bool) -> &'static str {
    match ending {
        Ending::Declined if incoming => say!(handing_declined_by_us),
        Ending::Declined => say!(handing_declined_by_them),
        Ending::CancelledByUs => say!(handing_stopped_by_us),
        Ending::CancelledByThem => say!(handing_stopped_by_them),
        Ending::NotTaken(Reason::TooMany) => say!(handing_too_many_there),
        Ending::NotTaken(_) => say!(handing_too_large_there),
        Ending::WrongHash => say!(handing_wrong_hash),
        Ending::Over => say!(handing_over),
        Ending::Broken(Trouble::Unreadable) => say!(handing_unreadable),
        Ending::Broken(Trouble::Unwritable) => say!(handing_unwritable),
        Ending::Broken(Trouble::UnwritableThere) => say!(handing_unwritable_there),
    }
}

/// How it stands with a photograph that was asked for.
pub(crate) fn still_state(still: Still) -> Option<&'static str> {
    match still {
        Still::None | Still::AskedByThem => None,
        Still::AskedByUs => Some(say!(handing_asked)),
        Still::Taking => Some(say!(handing_taking)),
        Still::Refused => Some(say!(handing_refused)),
    }
}

pub(crate) fn photograph(number: usize) -> String {
    say!(handing_photograph, number = number)
}

pub(crate) fn look_at(number: usize) -> String {
    say!(handing_look_at, number = number)
}

/// Beside the one that is looked at.
pub(crate) fn put_beside(number: usize) -> String {
    say!(handing_put_beside, number = number)
}

pub(crate) fn save_photograph(number: usize) -> String {
    say!(handing_save_photograph, number = number)
}

pub(crate) fn photograph_not_shown(number: usize) -> String {
    say!(handing_photograph_not_shown, number = number)
}

pub(crate) fn zoom_of_photographs(percent: u32) -> String {
    say!(handing_zoom, percent = percent)
}

/// How much that is, in the units of the system's own windows: thousands. The same in all languages.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1e3;
    let mut unit = UNITS[0];
    for next in &UNITS[1..] {
        // 999.5 and more is written with the next one.
        if value < 999.5 {
            break;
        }
        value /= 1e3;
        unit = next;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use call::transfer::{Place, TransferId};
    use units::{DataRate, Phi};

    use super::*;

    fn view(incoming: bool, state: State) -> TransferView {
        TransferView {
            place: Place { incoming, id: TransferId(1) },
            kind: Kind::File,
            name: Phi::new("a.pdf".to_owned()),
            bytes: 50_000_000,
            moved: 12_300_000,
            rate: None,
            time_left: None,
            state,
        }
    }

    #[test]
    fn sizes_read_as_people_say_them() {
        let all = [0, 999, 1_000, 1_250, 9_949, 9_950, 999_499, 999_500, 50_000_000, 2_147_483_648].map(size);
        assert_eq!(all, ["0 B", "999 B", "1.0 kB", "1.2 kB", "9.9 kB", "10 kB", "999 kB", "1.0 MB", "50 MB", "2.1 GB"]);
        assert!(size(u64::MAX).ends_with("TB"));
    }

    #[test]
    fn what_moves_says_how_far_how_fast_and_how_long() {
        let mut moving = view(true, State::Moving);
        assert_eq!(handed_state(&moving, None), "12 MB of 50 MB");
        (moving.rate, moving.time_left) = (Some(DataRate::from_kbps(2_000)), Some(Duration::from_secs(151)));
        assert_eq!(handed_state(&moving, None), "12 MB of 50 MB, 250 kB a second, 2:31 left");
    }

    #[test]
    fn every_refusal_has_a_sentence_and_a_next_step() {
        let endings = [
            Ending::NotTaken(Reason::TooMany),
            Ending::NotTaken(Reason::TooLarge),
            Ending::WrongHash,
            Ending::Over,
            Ending::Broken(Trouble::Unreadable),
            Ending::Broken(Trouble::Unwritable),
            Ending::Broken(Trouble::UnwritableThere),
        ];
        for (ending, incoming) in endings.into_iter().flat_map(|ending| [(ending, true), (ending, false)]) {
            let sentence = handed_state(&view(incoming, State::Ended(ending)), None);
            assert!(sentence.contains(". ") && sentence.ends_with('.'), "{sentence}");
        }
        for news in [
            HandingNews::NotRead,
            HandingNews::ChatNotSaved(NotSaved::NameTaken),
            HandingNews::ChatNotSaved(NotSaved::NotWritten),
        ] {
            let (done, sentence) = handing_news(&news);
            assert!(!done && sentence.contains(". ") && sentence.ends_with('.'), "{sentence}");
        }
    }
}
