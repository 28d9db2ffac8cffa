//! What the two hand each other, as a screen reader finds it: messages, files, photographs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use call::transfer::{Ending, Kind, Line, LineState, Place, Reason, State, Still, TransferId, TransferView, Trouble};
use call::{Handed, HandingIntent, HandingNews, Intent as CallIntent, NotSaved, Phase, Problem};
use egui::accesskit::{Live, Role};
use egui::{Event, Key, Modifiers, TextureId, Theme, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use ui::{HandingWish, Intent, Language, Photograph};
use units::{DataRate, Phi, PictureSize, Timestamp};

use house::window::{Window, open_at, press, says, type_into};
use house::{Handing, Moment, file, written};

mod house;

const SIZES: [Vec2; 3] = [vec2(1000.0, 700.0), vec2(360.0, 640.0), vec2(360.0, 480.0)];
const LIVE: Phase = Phase::Live { since: Timestamp::from_millis(60_000) };
const BUTTON: &str = "Messages and files";
const FILES: &str = "Files and photos";
const CLOSE: &str = "Close messages and files";

fn both() -> [Moment; 2] {
    [Moment::clinician(LIVE), Moment::patient(LIVE)]
}

fn open(moment: Moment) -> Harness<'static, Window> {
    open_at(moment, SIZES[0], Theme::Light)
}

fn has(window: &Harness<'_, Window>, button: &str) -> bool {
    window.query_by_role_and_label(Role::Button, button).is_some()
}

fn keys(window: &mut Harness<'_, Window>, modifiers: Modifiers, key: Key) -> Vec<Intent> {
    window.key_press_modifiers(modifiers, key);
    window.run_ok();
    std::mem::take(&mut window.state_mut().intents)
}

fn phi(text: &str) -> Phi<String> {
    Phi::new(text.to_owned())
}

fn wants(wish: HandingWish) -> [Intent; 1] {
    [Intent::Hand(wish)]
}

fn hands(intent: HandingIntent) -> [Intent; 1] {
    [Intent::Call(CallIntent::Hand(intent))]
}

fn line(ours: bool, text: &str, at: u64, state: LineState) -> Line {
    Line { ours, text: phi(text), at: Timestamp::from_millis(at), state }
}

fn with(moment: Moment, change: impl FnOnce(&mut Handed)) -> Moment {
    moment.with_call(|call| change(&mut call.around.handed))
}

fn offered(moment: Moment) -> Moment {
    with(moment, |handed| handed.transfers = vec![file(true, 7, State::Offered)])
}

/// Another moment in the same window.
fn then(window: &mut Harness<'_, Window>, moment: Moment) {
    window.state_mut().moment = moment;
    window.run_ok();
}

fn photographed() -> Moment {
    let photograph = |id, shown| Photograph { id: TransferId(id), shown };
    let size = PictureSize::new(4_000, 3_000);
    let photographs = vec![
        photograph(1, Some((TextureId::Managed(0), size))),
        photograph(2, Some((TextureId::Managed(0), size))),
        photograph(3, None),
    ];
    let mut moment = with(Moment::clinician(LIVE), |handed| {
        let still = |id| TransferView { kind: Kind::Still, ..file(true, id, State::Arrived) };
        handed.transfers = vec![still(1), still(2), still(3)];
    });
    moment.handing.photographs = photographs;
    moment
}

#[test]
fn the_drawer_opens_and_closes_by_its_button_and_by_keys_in_every_size() {
    for (moment, size) in both().into_iter().flat_map(|moment| SIZES.map(|size| (moment.clone(), size))) {
        let mut window = open_at(moment, size, Theme::Light);
        press(&mut window, BUTTON);
        assert!(says(&window, "Nothing has been written yet."));
        let by = window.get_all_by_role_and_label(Role::Button, CLOSE).count();
        assert_eq!(by, 2, "in the row and at the drawer's end");
        keys(&mut window, Modifiers::NONE, Key::Escape);
        assert!(has(&window, BUTTON) && !says(&window, "Nothing has been written yet."));
        keys(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::M);
        press(&mut window, FILES);
        assert!(has(&window, "Send the file"));
        let chosen = window.get_by_role_and_label(Role::Button, FILES).accesskit_node().is_selected();
        assert_eq!(chosen, Some(true));
        press(&mut window, "Devices");
        assert!(!has(&window, "Send the file"), "one drawer at a time");
        keys(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::M);
        assert!(has(&window, "Send the file") && has(&window, "Devices"));
        keys(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::M);
        assert!(!has(&window, "Send the file"));
    }
}

#[test]
fn what_was_written_stands_in_order_as_text_with_who_wrote_it_and_whether_it_is_there() {
    for (moment, them) in both().into_iter().zip(["Your patient", "Your clinician"]) {
        let mut window = open(written(moment));
        press(&mut window, "Messages and files: 1 new");
        let first = format!("{them}: See https://example.org");
        let theirs = window.get_by_label(&first);
        assert_eq!((theirs.accesskit_node().role(), theirs.accesskit_node().live()), (Role::Label, Live::Polite));
        let places = [first.clone(), "You: I do".into(), "Delivered".into()]
            .into_iter()
            .chain(["You: And you?".into(), "Sending…".into()])
            .map(|label| window.get_by_label(&label).rect().top());
        assert!(places.collect::<Vec<_>>().is_sorted());
        assert!(window.query_by_role(Role::Link).is_none(), "nobody is led away by a click");
    }
}

#[test]
fn a_line_is_sent_by_enter_and_by_the_button_and_the_next_is_typed_at_once() {
    for (moment, size) in both().into_iter().flat_map(|moment| SIZES.map(|size| (moment.clone(), size))) {
        let mut window = open_at(moment, size, Theme::Light);
        keys(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::M);
        let field = window.get_by_role_and_label(Role::TextInput, "Message");
        assert!(field.is_focused(), "whoever opened it by keys goes on typing");
        field.type_text("Hello");
        window.run_ok();
        assert_eq!(keys(&mut window, Modifiers::NONE, Key::Enter), wants(HandingWish::Write(phi("Hello"))));
        let field = window.get_by_role_and_label(Role::TextInput, "Message");
        assert!(field.is_focused() && field.accesskit_node().value().unwrap_or_default().is_empty());
        type_into(&mut window, "Message", Role::TextInput, "Again");
        assert_eq!(press(&mut window, "Send the message"), wants(HandingWish::Write(phi("Again"))));
        assert!(press(&mut window, "Send the message").is_empty(), "there is nothing to send");
        type_into(&mut window, "Message", Role::TextInput, &"a".repeat(1_501));
        assert!(says(&window, "The message is too long. Send it in parts."));
        assert!(press(&mut window, "Send the message").is_empty());
    }
}

#[test]
fn what_is_new_is_counted_said_and_forgotten_once_it_was_seen() {
    let lines = |count: u64| -> Moment {
        with(Moment::patient(LIVE), |handed| {
            handed.lines = (1..=count).map(|at| line(false, "Hello", at * 100, LineState::Arrived)).collect();
        })
    };
    let mut window = open(lines(2));
    assert!(has(&window, "Messages and files: 2 new ones"));
    let said = window.get_by_label("There are 2 new messages.");
    assert_eq!(said.accesskit_node().live(), Live::Polite, "a screen reader says it");
    press(&mut window, "Show");
    assert!(says(&window, "Your clinician: Hello"));
    keys(&mut window, Modifiers::NONE, Key::Escape);
    assert!(has(&window, BUTTON) && !says(&window, "new message"));
    then(&mut window, lines(3));
    assert!(has(&window, "Messages and files: 1 new") && says(&window, "There is a new message."));
    then(&mut window, offered(lines(3)));
    assert!(has(&window, "Messages and files: 2 new ones"));
    assert_eq!(window.get_by_label("A file is offered to you.").accesskit_node().live(), Live::Polite);
    press(&mut window, "Show");
    assert!(has(&window, "Accept 7.pdf"), "it leads to the file");
}

#[test]
fn the_clinician_alone_saves_what_was_written_and_both_see_it() {
    let mut window = open(written(Moment::clinician(LIVE)));
    press(&mut window, "Messages and files: 1 new");
    assert!(says(&window, "gone when the visit ends, unless you save it"));
    window.get_by_role_and_label(Role::DisclosureTriangle, "Save what was written").click();
    window.run_ok();
    let proposed = HandingWish::SaveChat(phi("/downloads/messages.txt"));
    assert_eq!(press(&mut window, "Save the messages"), wants(proposed));
    type_into(&mut window, "File for the messages", Role::TextInput, ".old");
    let typed = HandingWish::SaveChat(phi("/downloads/messages.txt.old"));
    assert_eq!(keys(&mut window, Modifiers::NONE, Key::Enter), wants(typed));
    for (news, sentence) in [
        (HandingNews::ChatSaved(phi("/a/b.txt")), "Saved in /a/b.txt"),
        (HandingNews::ChatNotSaved(NotSaved::NameTaken), "Another file has this name"),
        (HandingNews::ChatNotSaved(NotSaved::NotWritten), "Check that the folder is there"),
    ] {
        window.state_mut().moment.handing.news = Some(news);
        window.run_ok();
        assert!(says(&window, sentence));
    }
    let saved = with(written(Moment::clinician(LIVE)), |handed| handed.saved_by_us = true);
    then(&mut window, saved);
    assert!(says(&window, "You have saved what was written. The other side sees that."));
    let saved = with(written(Moment::patient(LIVE)), |handed| handed.saved_by_them = true);
    let mut window = open(saved);
    press(&mut window, "Messages and files: 1 new");
    assert!(says(&window, "gone when the visit ends, unless your clinician saves it"));
    let said = window.get_by_label("Your clinician has saved what was written.");
    assert_eq!(said.accesskit_node().live(), Live::Polite);
    assert!(!says(&window, "Save what was written"));
}

#[test]
fn what_the_engine_refuses_is_said_with_the_next_step() {
    let refused = Problem::NotOffered(call::transfer::OfferError::TooLarge);
    let window = open(Moment::patient(LIVE).with_call(|call| call.problem = Some(refused)));
    assert!(says(&window, "The file is too large to be sent here. Hand it over another way."));
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("nobody reads it here".to_owned())
    }
}

#[test]
fn a_file_is_sent_by_its_typed_path_by_pasting_and_by_dropping_it() {
    for (moment, size) in both().into_iter().flat_map(|moment| SIZES.map(|size| (moment.clone(), size))) {
        let mut window = open_at(moment, size, Theme::Light);
        press(&mut window, BUTTON);
        press(&mut window, FILES);
        assert!(press(&mut window, "Send the file").is_empty(), "none is named");
        type_into(&mut window, "File to send", Role::TextInput, "/a/b.pdf");
        assert_eq!(press(&mut window, "Send the file"), wants(HandingWish::Offer(phi("/a/b.pdf"))));
        type_into(&mut window, "File to send", Role::TextInput, "'/a/c d.pdf'");
        let wanted = keys(&mut window, Modifiers::NONE, Key::Enter);
        assert_eq!(wanted, wants(HandingWish::Offer(phi("/a/c d.pdf"))));
        window.event(Event::Paste("file:///a/e%20f.pdf".to_owned()));
        window.run_ok();
        assert_eq!(press(&mut window, "Send the file"), wants(HandingWish::Offer(phi("/a/e f.pdf"))));
        keys(&mut window, Modifiers::NONE, Key::Escape);

        for name in ["/a/g.pdf", "/a/h.pdf"] {
            window.input_mut().dropped_files.push(Arc::new(Dropped(name.into())));
        }
        window.run_ok();
        assert!(says(&window, "To be sent: g.pdf") && says(&window, "To be sent: h.pdf"), "nothing is sent by a slip");
        let both = ["/a/g.pdf", "/a/h.pdf"].map(|path| Intent::Hand(HandingWish::Offer(phi(path))));
        assert_eq!(press(&mut window, "Send the 2 dropped files"), both);
        assert!(!says(&window, "To be sent"));
        window.input_mut().dropped_files.push(Arc::new(Dropped("/a/i.pdf".into())));
        window.run_ok();
        assert!(has(&window, "Send the dropped file"));
        assert!(press(&mut window, "Do not send").is_empty() && !says(&window, "To be sent"));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_said_so() {
    let mut moment = Moment::patient(LIVE);
    moment.handing.is_reading = true;
    let mut window = open(moment.clone());
    press(&mut window, BUTTON);
    press(&mut window, FILES);
    assert!(says(&window, "The file is being read…"));
    moment.handing = Handing { news: Some(HandingNews::NotRead), ..Handing::default() };
    then(&mut window, moment);
    assert!(says(&window, "This file cannot be read. Check where it is"));
}

#[test]
fn what_is_offered_is_taken_to_a_folder_or_declined() {
    for (moment, size) in both().into_iter().flat_map(|moment| SIZES.map(|size| (moment.clone(), size))) {
        let mut window = open_at(offered(moment), size, Theme::Light);
        press(&mut window, "Show");
        assert!(says(&window, "File: 7.pdf, 50 MB") && says(&window, "It is never opened by itself."));
        let accepted = |folder: &str| wants(HandingWish::Accept { id: TransferId(7), folder: phi(folder) });
        assert_eq!(press(&mut window, "Accept 7.pdf"), accepted("/downloads"));
        type_into(&mut window, "Folder for files that you accept", Role::TextInput, "/ada");
        assert_eq!(press(&mut window, "Accept 7.pdf"), accepted("/downloads/ada"));
        let place = Place { incoming: true, id: TransferId(7) };
        assert_eq!(press(&mut window, "Decline 7.pdf"), hands(HandingIntent::Cancel(place)));
    }
}

#[test]
fn a_file_on_its_way_says_how_far_it_is_and_can_be_stopped() {
    for incoming in [true, false] {
        let moving = TransferView {
            moved: 12_500_000,
            rate: Some(DataRate::from_kbps(2_000)),
            time_left: Some(Duration::from_secs(150)),
            ..file(incoming, 7, State::Moving)
        };
        let mut window = open(with(Moment::patient(LIVE), |handed| handed.transfers = vec![moving]));
        press(&mut window, BUTTON);
        press(&mut window, FILES);
        let said = window.get_by_label("12 MB of 50 MB, 250 kB a second, 2:30 left");
        assert_ne!(said.accesskit_node().live(), Live::Polite, "it would be said without end");
        let bar = window.get_by_role_and_label(Role::ProgressIndicator, "How much has arrived");
        assert_eq!(bar.accesskit_node().numeric_value(), Some(25.0));
        let place = Place { incoming, id: TransferId(7) };
        assert_eq!(press(&mut window, "Stop 7.pdf"), hands(HandingIntent::Cancel(place)));
    }
}

#[test]
fn every_state_of_a_file_is_said_and_what_is_over_has_no_button() {
    let ended = |ending| State::Ended(ending);
    for (incoming, state, sentence, stops) in [
        (false, State::Offered, "Waits until the other side accepts it.", true),
        (true, State::Opening, "A place for it is being made.", true),
        (true, State::Waiting, "Waits for the connection, and then goes on.", true),
        (false, State::Checking, "looks whether it is whole", true),
        (false, State::Arrived, "Arrived whole.", false),
        (true, State::Arrived, "Arrived whole. It is in /downloads/7 (2).pdf", false),
        (true, ended(Ending::Declined), "You declined it.", false),
        (false, ended(Ending::Declined), "The other side declined it.", false),
        (false, ended(Ending::NotTaken(Reason::TooLarge)), "Hand it over another way.", false),
        (true, ended(Ending::WrongHash), "it was deleted. Let it be sent again.", false),
        (true, ended(Ending::Broken(Trouble::Unwritable)), "let it be sent again", false),
    ] {
        let mut moment = with(Moment::patient(LIVE), |handed| {
            (handed.transfers, handed.turned_away) = (vec![file(incoming, 7, state)], 3);
        });
        moment.handing.saved = vec![(TransferId(7), phi("/downloads/7 (2).pdf"))];
        let mut window = open(moment);
        press(&mut window, BUTTON);
        press(&mut window, FILES);
        let said = window.query_all_by_label_contains(sentence).next().expect(sentence);
        assert_eq!(said.accesskit_node().live(), Live::Polite, "{sentence}");
        assert_eq!(has(&window, "Stop 7.pdf"), stops, "{sentence}");
        assert!(says(&window, "3 more offers of theirs were turned away"));
    }
}

#[test]
fn a_photograph_is_asked_for_by_the_clinician_and_answered_by_the_patient() {
    let asked = |still| move |handed: &mut Handed| handed.still = still;
    for size in SIZES {
        let mut patient = open_at(with(Moment::patient(LIVE), asked(Still::AskedByThem)), size, Theme::Light);
        assert!(says(&patient, "Your clinician asks for a photograph") && has(&patient, "Messages and files: 1 new"));
        press(&mut patient, "Answer");
        let answers = HandingIntent::AnswerStill;
        assert_eq!(press(&mut patient, "Take the photograph"), hands(answers(true)));
        assert_eq!(press(&mut patient, "No photograph"), hands(answers(false)));
        assert!(!has(&patient, "Ask for a photograph"), "a patient asks nobody");
        then(&mut patient, with(Moment::patient(LIVE), asked(Still::Taking)));
        assert!(says(&patient, "Hold still.") && !has(&patient, "Take the photograph"));

        let mut clinician = open_at(Moment::clinician(LIVE), size, Theme::Light);
        press(&mut clinician, BUTTON);
        press(&mut clinician, FILES);
        assert_eq!(press(&mut clinician, "Ask for a photograph"), hands(HandingIntent::AskStill));
        then(&mut clinician, with(Moment::clinician(LIVE), asked(Still::AskedByUs)));
        assert!(says(&clinician, "Your patient is asked") && !has(&clinician, "Ask for a photograph"));
        then(&mut clinician, with(Moment::clinician(LIVE), asked(Still::Refused)));
        assert!(says(&clinician, "There is no photograph") && has(&clinician, "Ask for a photograph"));
    }
}

#[test]
fn photographs_are_looked_at_near_and_beside_each_other_and_saved_one_by_one() {
    for size in SIZES {
        let narrow = size.x < 500.0;
        let mut window = open_at(photographed(), size, Theme::Light);
        press(&mut window, BUTTON);
        press(&mut window, FILES);
        assert!(!has(&window, "Put photograph 2 beside it"), "there is none yet beside which");
        press(&mut window, "Look at photograph 1");
        let image = |window: &Harness<'_, Window>, name: &str| {
            let all = window.query_all_by_role_and_label(Role::Image, name);
            all.map(|node| node.rect()).max_by(|a, b| a.area().total_cmp(&b.area())).expect("it is shown")
        };
        let alone = image(&window, "Photograph 1");
        assert!(alone.width() > 300.0 && alone.height() > 150.0, "{alone} at {size}");
        assert!(says(&window, "Zoom: 100 %"));
        press(&mut window, "Zoom in");
        press(&mut window, "Zoom in");
        assert_eq!(window.get_by_label("Zoom: 225 %").accesskit_node().live(), Live::Polite);
        press(&mut window, "Zoom out");
        assert!(says(&window, "Zoom: 150 %"));
        keys(&mut window, Modifiers::COMMAND, Key::PageUp);
        assert!(says(&window, "Zoom: 225 %"));
        keys(&mut window, Modifiers::COMMAND, Key::PageDown);
        assert!(says(&window, "Zoom: 150 %"));
        press(&mut window, "Whole photograph");
        assert!(says(&window, "Zoom: 100 %"));
        if narrow {
            assert!(!has(&window, "Save photograph 1"), "it stands in the place of the drawer");
            press(&mut window, BUTTON);
        }
        press(&mut window, "Put photograph 2 beside it");
        let pair = ["Photograph 1", "Photograph 2"].map(|name| image(&window, name));
        assert!(!pair[0].intersects(pair[1]) && pair[1].area() > 20_000.0, "{pair:?} at {size}");
        press(&mut window, "Close the photograph");
        assert!(!says(&window, "Zoom: "));
        if !has(&window, FILES) {
            press(&mut window, BUTTON);
        }
        assert!(says(&window, "Photograph 3 cannot be shown here. Save it"));
        assert!(!has(&window, "Look at photograph 3"));
        let news = HandingNews::PhotographSaved(TransferId(1), phi("/a/b.jpg"));
        window.state_mut().moment.handing.news = Some(news);
        window.run_ok();
        assert!(says(&window, "Saved in /a/b.jpg"));
        let file = phi("/downloads/photograph.jpg");
        let saved = HandingWish::SavePhotograph { id: TransferId(3), file };
        assert_eq!(press(&mut window, "Save photograph 3"), wants(saved));
    }
}

#[test]
fn a_photograph_is_closed_by_escape_and_gone_with_its_patient() {
    let mut window = open(photographed());
    press(&mut window, BUTTON);
    press(&mut window, FILES);
    press(&mut window, "Look at photograph 1");
    keys(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!has(&window, FILES) && says(&window, "Zoom: "), "first the drawer");
    keys(&mut window, Modifiers::NONE, Key::Escape);
    assert!(!says(&window, "Zoom: "));
    press(&mut window, BUTTON);
    press(&mut window, "Look at photograph 1");
    then(&mut window, Moment::clinician(LIVE));
    assert!(!says(&window, "Zoom: "));
}

#[test]
fn it_is_the_same_in_spanish() {
    let mut window = open(written(Moment { language: Language::Spanish, ..Moment::patient(LIVE) }));
    press(&mut window, "Mensajes y archivos: 1 nuevo");
    assert!(says(&window, "Su profesional: See") && says(&window, "Entregado") && says(&window, "Enviando…"));
    type_into(&mut window, "Mensaje", Role::TextInput, "Hola");
    assert_eq!(press(&mut window, "Enviar el mensaje"), wants(HandingWish::Write(phi("Hola"))));
    let mut window = open(offered(Moment { language: Language::Spanish, ..Moment::patient(LIVE) }));
    press(&mut window, "Mostrar");
    assert!(says(&window, "Archivo: 7.pdf, 50 MB"));
    assert!(matches!(press(&mut window, "Aceptar 7.pdf")[..], [Intent::Hand(HandingWish::Accept { .. })]));
    let asked = with(Moment { language: Language::Spanish, ..Moment::patient(LIVE) }, |handed| {
        handed.still = Still::AskedByThem;
    });
    let mut window = open(asked);
    press(&mut window, "Responder");
    assert_eq!(press(&mut window, "Tomar la fotografía"), hands(HandingIntent::AnswerStill(true)));
}

#[test]
fn everything_in_the_drawer_has_a_name_is_large_enough_and_inside_of_the_window() {
    let full = |moment: Moment| {
        let mut moment = with(written(moment), |handed| {
            handed.still = Still::AskedByThem;
            handed.transfers.extend([file(true, 7, State::Offered), file(false, 8, State::Moving)]);
            handed.transfers.push(file(true, 9, State::Arrived));
        });
        moment.handing.saved = vec![(TransferId(9), phi(&format!("/{}/9.pdf", "folder".repeat(20))))];
        moment
    };
    let moments = [full(Moment::patient(LIVE)), full(photographed())];
    let mut controls = 0;
    for (moment, size) in moments.into_iter().flat_map(|moment| SIZES.map(|size| (moment.clone(), size))) {
        for (language, files) in Language::ALL.into_iter().flat_map(|language| [(language, false), (language, true)]) {
            let mut window = open_at(Moment { language, ..moment.clone() }, size, Theme::Dark);
            keys(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::M);
            if files {
                let tabs = ["Files and photos", "Archivos y fotografías"];
                let tab = window.query_all_by_role(Role::Button).find(|node| {
                    let label = node.accesskit_node().label().unwrap_or_default();
                    tabs.contains(&label.as_str()) || node.accesskit_node().is_selected() == Some(false)
                });
                tab.expect("a second page").click();
                window.run_ok();
            }
            for role in [Role::Button, Role::TextInput, Role::Label, Role::Image] {
                for node in window.query_all_by_role(role) {
                    let (rect, label) = (node.rect(), node.accesskit_node().label().unwrap_or_default());
                    let context = format!("{role:?} `{label}` {rect} in {language:?} at {size}");
                    assert!(rect.left() >= -0.5 && rect.right() <= size.x + 0.5, "{context} is outside");
                    // What a label says is its value.
                    assert!(role == Role::Label || !label.is_empty(), "{context} has no name");
                    if role == Role::Button {
                        assert!(rect.height() >= 43.5 && rect.width() >= 43.5, "{context} is too small");
                        controls += 1;
                    }
                }
            }
        }
    }
    assert!(controls > 300, "{controls}");
}
