//! What somebody without a mouse, or without sight, finds in every window: docs/accessibility.md says it in words.

use std::collections::BTreeSet;

use call::{Phase, ReconnectCause};
use egui::accesskit::{Live, Role};
use egui::{Key, Theme, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use units::Timestamp;

use house::Moment;
use house::window::{Window, open_at};

mod house;

const SIZE: Vec2 = vec2(1000.0, 700.0);
const SINCE: Timestamp = Timestamp::from_millis(60_000);

/// What a person can do something with.
const CONTROLS: [Role; 8] = [
    Role::Button,
    Role::ComboBox,
    Role::TextInput,
    Role::PasswordInput,
    Role::CheckBox,
    Role::RadioButton,
    Role::Slider,
    Role::Link,
];

/// Whatever can be used now: its role, and its name or, of a field, what the field is called.
fn usable(window: &Harness<'_, Window>) -> BTreeSet<String> {
    let nodes = CONTROLS.iter().flat_map(|role| window.query_all_by_role(*role));
    let usable = nodes.filter(|node| !node.accesskit_node().is_disabled());
    usable.map(|node| format!("{:?} {}", node.accesskit_node().role(), name(&node.accesskit_node()))).collect()
}

fn name(node: &egui_kittest::kittest::AccessKitNode<'_>) -> String {
    node.label().or_else(|| node.value()).unwrap_or_default()
}

#[test]
fn tab_comes_to_everything_that_can_be_used_in_every_window_and_round_again() {
    for (moment_name, moment) in house::moments() {
        for size in [SIZE, vec2(360.0, 640.0)] {
            let mut window = open_at(moment.clone(), size, Theme::Light);
            let wanted = usable(&window);
            let mut reached = BTreeSet::new();
            for _ in 0..=2 * wanted.len() + 8 {
                window.key_press(Key::Tab);
                window.run_ok();
                let mut nodes = CONTROLS.iter().flat_map(|role| window.query_all_by_role(*role));
                let Some(here) = nodes.find(|node| node.accesskit_node().is_focused()) else { continue };
                let (place, node) = (here.rect(), here.accesskit_node());
                let called = format!("{:?} {}", node.role(), name(&node));
                let is_seen = place.top() > -0.5 && place.bottom() < size.y + 0.5;
                assert!(is_seen, "{moment_name} at {size}: {called} at {place} has the keyboard and is not in sight");
                reached.insert(called);
            }
            let missed: Vec<_> = wanted.difference(&reached).collect();
            assert!(missed.is_empty(), "{moment_name} at {size}: Tab never comes to {missed:?}, but to {reached:?}");
        }
    }
}

#[test]
fn whoever_has_the_keyboard_is_drawn_otherwise_than_before() {
    for (moment_name, moment) in house::moments() {
        for theme in [Theme::Light, Theme::Dark] {
            let mut window = open_at(moment.clone(), SIZE, theme);
            window.key_press(Key::Tab);
            window.run_ok();
            let Some(focused) = CONTROLS
                .iter()
                .flat_map(|role| window.query_all_by_role(*role))
                .find(|node| node.accesskit_node().is_focused())
            else {
                continue;
            };
            let place = focused.rect().expand(4.0);
            let with = strokes(&window, place);
            window.key_press(Key::Tab);
            window.run_ok();
            let without = strokes(&window, place);
            assert_ne!(with, without, "{moment_name}, {theme:?}: the keyboard is not to be seen");
        }
    }
}

/// The lines that are drawn around what stands there: a box' border says where the keyboard is.
fn strokes(window: &Harness<'_, Window>, place: egui::Rect) -> Vec<String> {
    let mut found = Vec::new();
    for clipped in &window.output().shapes {
        if let egui::Shape::Rect(shape) = &clipped.shape
            && place.contains_rect(shape.rect)
        {
            found.push(format!("{:?} {:?}", shape.rect, shape.stroke));
        }
    }
    found
}

#[test]
fn how_the_visit_stands_is_announced_in_each_of_its_phases() {
    let phases = [
        Phase::WaitingRoom { since: SINCE },
        Phase::Connecting { since: SINCE },
        Phase::Live { since: SINCE },
        Phase::Reconnecting { since: SINCE, cause: ReconnectCause::LinkLost },
    ];
    let mut said = BTreeSet::new();
    for phase in phases {
        let window = open_at(Moment::patient(phase), SIZE, Theme::Light);
        let sentences: Vec<_> = window
            .query_all(egui_kittest::kittest::By::new().predicate(|node| node.live() != Live::Off))
            .map(|node| name(&node.accesskit_node()))
            .filter(|words| !words.is_empty())
            .collect();
        assert!(!sentences.is_empty(), "{phase:?} is announced by nothing");
        said.insert(sentences.join(" "));
    }
    assert_eq!(said.len(), phases.len(), "two phases say the same: {said:?}");
}

#[test]
fn pictures_are_pictures_with_a_name_and_their_state_in_words() {
    let mut dark = Moment::patient(Phase::Live { since: SINCE });
    dark.pictures = false;
    for (moment, words) in [(Moment::patient(Phase::Live { since: SINCE }), "Their picture"), (dark, "Their picture: ")]
    {
        let window = open_at(moment, SIZE, Theme::Light);
        let pictures: Vec<_> = window.query_all_by_role(Role::Image).map(|node| name(&node.accesskit_node())).collect();
        assert!(pictures.iter().any(|name| name.starts_with(words)), "{pictures:?}");
        assert!(pictures.iter().any(|name| name.starts_with("Your picture")), "{pictures:?}");
    }
}
