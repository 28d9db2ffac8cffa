//! What a person does to a window: moves the mouse, presses buttons and keys, copies and pastes. Real events of the X
//! server (XTEST), which the program cannot tell from a mouse's and a keyboard's.

use std::collections::HashMap;
use std::thread;

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConnectionExt as _, CreateWindowAux,
    EventMask, ImageFormat, InputFocus, KEY_PRESS_EVENT, KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT, MapState, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::picture::{Area, Picture};

/// A key by its keysym (X11/keysymdef.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(u32);

impl Key {
    pub(crate) const TAB: Self = Self(0xff09);
    pub(crate) const ENTER: Self = Self(0xff0d);
    pub(crate) const CONTROL: Self = Self(0xffe3);
    pub(crate) const SHIFT: Self = Self(0xffe1);
    pub(crate) const SPACE: Self = Self(0x20);

    /// The key with this letter or sign of Latin-1, whose keysyms are its codes.
    pub(crate) fn of(sign: char) -> Self {
        assert!((' '..='~').contains(&sign), "no key for {sign:?}");
        Self(u32::from(sign))
    }
}

/// Mouse, keyboard and clipboard of one display.
pub(crate) struct Hands {
    connection: RustConnection,
    display: String,
    root: Window,
    size: (u16, u16),
    /// Which key has it, and whether with Shift.
    keys: HashMap<Key, (u8, bool)>,
}

impl Hands {
    pub(crate) fn on(display: &str) -> Self {
        let (connection, screen) = x11rb::connect(Some(display)).expect("a display");
        let screen = &connection.setup().roots[screen];
        let (root, size) = (screen.root, (screen.width_in_pixels, screen.height_in_pixels));
        let (first, last) = (connection.setup().min_keycode, connection.setup().max_keycode);
        let map = connection.get_keyboard_mapping(first, last - first + 1).expect("a request");
        let map = map.reply().expect("a keyboard");
        let mut keys = HashMap::new();
        for (code, signs) in (first..=last).zip(map.keysyms.chunks(map.keysyms_per_keycode.into())) {
            for (shifted, sign) in signs.iter().take(2).enumerate().filter(|(_, sign)| **sign != 0) {
                keys.entry(Key(*sign)).or_insert((code, shifted == 1));
            }
        }
        Self { connection, display: display.to_owned(), root, size, keys }
    }

    /// Clicks with the left button.
    pub(crate) fn click(&self, (x, y): (i32, i32)) {
        self.point_at((x, y));
        self.fake(BUTTON_PRESS_EVENT, 1, (0, 0));
        self.fake(BUTTON_RELEASE_EVENT, 1, (0, 0));
    }

    /// Moves the mouse there.
    pub(crate) fn point_at(&self, at: (i32, i32)) {
        self.fake(MOTION_NOTIFY_EVENT, 0, at);
    }

    /// Turns the wheel by one notch.
    pub(crate) fn scroll(&self, down: bool) {
        let wheel = if down { 5 } else { 4 };
        self.fake(BUTTON_PRESS_EVENT, wheel, (0, 0));
        self.fake(BUTTON_RELEASE_EVENT, wheel, (0, 0));
    }

    /// Presses keys together, the last while the others are held.
    pub(crate) fn press(&self, keys: &[Key]) {
        let codes: Vec<u8> = keys.iter().map(|key| self.code(*key).0).collect();
        codes.iter().for_each(|code| self.fake(KEY_PRESS_EVENT, *code, (0, 0)));
        codes.iter().rev().for_each(|code| self.fake(KEY_RELEASE_EVENT, *code, (0, 0)));
    }

    /// Types a text.
    pub(crate) fn type_text(&self, text: &str) {
        for sign in text.chars() {
            let key = Key::of(sign);
            if self.code(key).1 { self.press(&[Key::SHIFT, key]) } else { self.press(&[key]) }
        }
    }

    fn code(&self, key: Key) -> (u8, bool) {
        *self.keys.get(&key).unwrap_or_else(|| panic!("the keyboard of the display has no {key:?}"))
    }

    fn fake(&self, kind: u8, detail: u8, (x, y): (i32, i32)) {
        let event = self.connection.xtest_fake_input(kind, detail, 0, self.root, x as i16, y as i16, 0);
        event.expect("a request").check().expect("XTEST");
    }

    /// The program's window and where it stands, once it is shown.
    pub(crate) fn window(&self) -> Option<(Window, Area)> {
        let children = self.connection.query_tree(self.root).ok()?.reply().ok()?.children;
        children.into_iter().find_map(|window| {
            let shown = self.connection.get_window_attributes(window).ok()?.reply().ok()?.map_state;
            let place = self.connection.get_geometry(window).ok()?.reply().ok()?;
            let area =
                Area { x: place.x.into(), y: place.y.into(), width: place.width.into(), height: place.height.into() };
            (shown == MapState::VIEWABLE && self.title(window)?.starts_with(b"Housecall")).then_some((window, area))
        })
    }

    fn title(&self, window: Window) -> Option<Vec<u8>> {
        let title = self.connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 1024).ok()?;
        Some(title.reply().ok()?.value)
    }

    /// Gives the window the keyboard: there is no window manager here to do so.
    pub(crate) fn give_keyboard_to(&self, window: Window) {
        let focus = self.connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME);
        focus.expect("a request").check().expect("a window that is shown");
    }

    /// Presses the cross of the window's frame, as a window manager tells it.
    pub(crate) fn close(&self, window: Window) {
        let (kind, word) = (self.atom("WM_PROTOCOLS"), self.atom("WM_DELETE_WINDOW"));
        let message = ClientMessageEvent::new(32, window, kind, [word, x11rb::CURRENT_TIME, 0, 0, 0]);
        let sent = self.connection.send_event(false, window, EventMask::NO_EVENT, message);
        sent.expect("a request").check().expect("a window");
    }

    /// All that is to be seen.
    pub(crate) fn look(&self) -> Picture {
        let (width, height) = self.size;
        let image = self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, 0, 0, width, height, !0);
        let image = image.expect("a request").reply().expect("a picture of the display");
        // 24 bits in words of 32, blue first, as Xvfb has it.
        let colors = image.data.chunks_exact(4).map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect();
        Picture::new(width.into(), height.into(), colors)
    }

    /// The text on the clipboard, if any.
    pub(crate) fn clipboard(&self) -> Option<String> {
        let (clipboard, text) = (self.atom("CLIPBOARD"), self.atom("UTF8_STRING"));
        let owner = self.connection.get_selection_owner(clipboard).ok()?.reply().ok()?.owner;
        if owner == x11rb::NONE {
            return None;
        }
        let window = invisible_window(&self.connection, self.root);
        let here = self.atom("HOUSECALL_TEST");
        let asked = self.connection.convert_selection(window, clipboard, text, here, x11rb::CURRENT_TIME);
        asked.expect("a request").check().expect("a selection");
        loop {
            if let Event::SelectionNotify(answer) = self.connection.wait_for_event().expect("an event") {
                let value = self.connection.get_property(true, window, here, text, 0, 1 << 16).expect("a request");
                let value = value.reply().expect("a property").value;
                return (answer.property == here).then(|| String::from_utf8(value).expect("text"));
            }
        }
    }

    /// Puts a text on the clipboard, where it stays as long as the display is there.
    pub(crate) fn put_on_clipboard(&self, text: &str) {
        let (connection, _) = x11rb::connect(Some(&self.display)).expect("a display");
        let window = invisible_window(&connection, self.root);
        let (clipboard, kind) = (self.atom("CLIPBOARD"), self.atom("UTF8_STRING"));
        let owns = connection.set_selection_owner(window, clipboard, x11rb::CURRENT_TIME);
        owns.expect("a request").check().expect("a clipboard");
        let (kinds, text) = (self.atom("TARGETS"), text.to_owned());
        // It ends with the display.
        thread::spawn(move || {
            while let Ok(event) = connection.wait_for_event() {
                if let Event::SelectionRequest(request) = event {
                    answer(&connection, &request, kinds, kind, &text);
                }
            }
        });
    }

    fn atom(&self, name: &str) -> u32 {
        let atom = self.connection.intern_atom(false, name.as_bytes()).expect("a request");
        atom.reply().expect("an atom").atom
    }
}

fn invisible_window(connection: &RustConnection, root: Window) -> Window {
    let window = connection.generate_id().expect("an id");
    let made =
        connection.create_window(0, window, root, 0, 0, 1, 1, 0, WindowClass::INPUT_ONLY, 0, &CreateWindowAux::new());
    made.expect("a request").check().expect("a window");
    window
}

/// Hands out the text, by the rules of the ICCCM, section 2.2.
fn answer(connection: &RustConnection, request: &SelectionRequestEvent, kinds: u32, kind: u32, text: &str) {
    let (to, at) = (request.requestor, request.property);
    let known = if request.target == kinds {
        let kinds = connection.change_property32(PropMode::REPLACE, to, at, AtomEnum::ATOM, &[kinds, kind]);
        kinds.is_ok()
    } else {
        request.target == kind && connection.change_property8(PropMode::REPLACE, to, at, kind, text.as_bytes()).is_ok()
    };
    let word = SelectionNotifyEvent {
        response_type: SELECTION_NOTIFY_EVENT,
        sequence: 0,
        time: request.time,
        requestor: to,
        selection: request.selection,
        target: request.target,
        property: if known { at } else { x11rb::NONE },
    };
    let _ = connection.send_event(false, to, EventMask::NO_EVENT, word);
    let _ = connection.flush();
}
