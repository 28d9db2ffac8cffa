//! The windows in other languages: driven by what their controls are called there, and with sentences that are longer.

use std::collections::BTreeSet;
use std::thread;

use call::{EndReason, Intent as CallIntent, Phase};
use desk::auditing::Touched;
use desk::{DeskIntent, DeskPhase};
use egui::accesskit::Role;
use egui::{Theme, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{By, NodeT, Queryable};
use ui::{Intent, Language, Settings};
use units::{DeviceTrouble, Phi, Timestamp};

use house::window::{Window, choose, open_at, press, says, type_into};
use house::{Moment, waiting};

mod house;

const SIZE: Vec2 = vec2(1000.0, 700.0);
const SINCE: Timestamp = Timestamp::from_millis(60_000);
const LIVE: Phase = Phase::Live { since: SINCE };

fn open(language: Language, moment: Moment) -> Harness<'static, Window> {
    open_at(Moment { language, ..moment }, SIZE, Theme::Light)
}

fn spanish(moment: Moment) -> Harness<'static, Window> {
    open(Language::Spanish, moment)
}

#[test]
fn a_patient_finds_the_way_in_in_spanish() {
    let mut window = spanish(Moment::start());
    type_into(&mut window, "El enlace de su visita", Role::TextInput, house::LINK);
    assert_eq!(press(&mut window, "Abrir la visita"), [Intent::OpenLink(Phi::new(house::LINK.to_owned()))]);
    let mut window = spanish(Moment::patient(Phase::Lobby));
    assert_eq!(press(&mut window, "Unirse a la visita"), [Intent::Call(CallIntent::Join)]);
    let window = spanish(Moment::patient(Phase::WaitingRoom { since: SINCE }));
    assert!(says(&window, "Está en la sala de espera"));
}

#[test]
fn a_screen_reader_is_told_the_language() {
    for (language, tag) in [(Language::English, "en"), (Language::Spanish, "es")] {
        let window = open(language, Moment::start());
        assert_eq!(window.root().accesskit_node().data().language(), Some(tag));
    }
}

#[test]
fn a_clinician_signs_in_and_lets_in_in_spanish() {
    let mut window = spanish(Moment::desk(DeskPhase::SignedOut { problem: None }));
    type_into(&mut window, "Servidor de la clínica", Role::TextInput, "clinic.example");
    type_into(&mut window, "Nombre", Role::TextInput, "doctor");
    type_into(&mut window, "Contraseña", Role::PasswordInput, "secret");
    let wanted = press(&mut window, "Iniciar sesión");
    assert!(matches!(wanted[..], [Intent::Desk(DeskIntent::SignIn { .. })]), "{wanted:?}");
    let moment = Moment::clinician(Phase::WaitingRoom { since: SINCE }).with_call(|call| call.waiting = waiting(2));
    let mut window = spanish(moment);
    assert!(says(&window, "Esperan 2 personas"));
    let wanted = press(&mut window, "Dejar pasar 1");
    assert!(matches!(wanted[..], [Intent::Call(CallIntent::Admit(_))]), "{wanted:?}");
}

#[test]
fn a_failure_is_told_in_spanish_with_its_next_step_and_the_clinics_number() {
    let mut moment = Moment::patient(Phase::Ended(EndReason::ConnectionLost));
    moment.phone = Some("555 0100".to_owned());
    let mut window = spanish(moment);
    assert!(says(&window, "abra de nuevo su enlace, o llame a la clínica") && says(&window, "555 0100"));
    assert_eq!(press(&mut window, "Cerrar Housecall"), [Intent::Quit]);
    let mut moment = Moment::patient(Phase::Lobby);
    moment.devices.cameras.trouble = Some(DeviceTrouble::Busy);
    assert!(says(&spanish(moment), "Otro programa usa la cámara."));
}

#[test]
fn the_language_is_chosen_in_the_settings_by_the_name_that_its_speakers_give_it() {
    let mut window = spanish(Moment::start());
    press(&mut window, "Ajustes");
    for (name, tag) in [("English", Some("en")), ("Español", Some("es")), ("Como el sistema", None)] {
        // Something else is chosen now.
        window.state_mut().moment.settings.language = Some("qps-ploc".to_owned()).filter(|_| tag.is_none());
        window.run_ok();
        let wanted = choose(&mut window, "Idioma", name);
        let settings = Settings { language: tag.map(str::to_owned), ..Settings::default() };
        assert_eq!(wanted, [Intent::Settings(settings)]);
    }
    window.state_mut().moment.language = Language::English;
    window.run_ok();
    assert!(says(&window, "How it looks"), "it holds at once");
}

#[test]
fn an_auditor_reads_rows_in_spanish() {
    let mut window =
        open_at(Moment { language: Language::Spanish, ..house::audit() }, vec2(1000.0, 3000.0), Theme::Light);
    assert!(says(&window, "lee: estado de una visita de lee: en curso."));
    assert!(says(&window, "Verificado hasta la fila 812") && says(&window, "Las horas son las de Europe/Berlin."));
    let view = |window: &mut Harness<'_, Window>, sessions| {
        let desk = window.state_mut().moment.desk.as_mut().expect("a desk");
        let (device, visits) = (house::device(3).to_string(), Vec::new());
        desk.audit.as_mut().expect("the page").touched =
            Some(Touched { device, sessions, visits, is_whole: sessions == 0 });
        window.run_ok();
    };
    view(&mut window, 0);
    assert!(says(&window, "No se encontró ninguna sesión suya, y en ese tiempo no llegó a ninguna visita."));
    view(&mut window, 3);
    assert!(says(&window, "Se encontraron 3 sesiones suyas") && says(&window, "elija un tiempo más corto"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the language is a thread's, and that is what is asked here")]
fn windows_of_two_languages_are_drawn_at_once() {
    let of = |language| {
        thread::spawn(move || {
            let window = open(language, Moment::patient(LIVE));
            says(&window, "Hang up") || says(&window, "Colgar") && language == Language::Spanish
        })
    };
    for window in [Language::English, Language::Spanish].map(of) {
        assert!(window.join().expect("drawn"));
    }
}

/// Longer sentences push nothing out of a window, in no language.
#[test]
fn every_control_stands_inside_of_every_window_in_every_language() {
    let mut outside = Vec::new();
    for (name, moment) in house::moments() {
        for language in [Language::Spanish, Language::Pseudo] {
            for size in [SIZE, vec2(360.0, 640.0)] {
                let window = open_at(Moment { language, ..moment.clone() }, size, Theme::Light);
                let roles =
                    [Role::Button, Role::ComboBox, Role::TextInput, Role::PasswordInput, Role::Label, Role::Heading];
                for node in roles.into_iter().flat_map(|role| window.query_all_by_role(role)) {
                    let (rect, label) = (node.rect(), node.accesskit_node().label().unwrap_or_default());
                    if rect.left() < -0.5 || rect.right() > size.x + 0.5 {
                        outside.push(format!("{name} in {language:?} at {size}: `{label}` {rect}"));
                    }
                }
            }
        }
    }
    assert!(outside.is_empty(), "outside: {outside:#?}");
}

/// What is the same in English and in the pseudo-language comes from no file.
#[test]
fn every_word_on_the_screen_comes_from_the_files() {
    let labels = |language, moment: &Moment| -> BTreeSet<String> {
        let window = open(language, moment.clone());
        let all = window.query_all(By::new().include_labels());
        all.filter_map(|node| node.accesskit_node().label())
            .filter(|label| label.contains(char::is_alphabetic))
            .collect()
    };
    let mut same = BTreeSet::new();
    for (_, moment) in house::moments() {
        let english = labels(Language::English, &moment);
        assert!(!english.is_empty());
        same.extend(english.intersection(&labels(Language::Pseudo, &moment)).cloned());
    }
    assert_eq!(same, BTreeSet::from(["Housecall".to_owned()]), "the name alone is the same");
}
