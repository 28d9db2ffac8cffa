//! Devices that go from one network to another, lose their only one for a while, or sleep; their monitors notice.

use std::time::Duration;

use call::{Input, NetworkInput, PeerInput, SignalingInput};

use crate::connection::Stage;
use crate::plan::Who;
use crate::world::World;

impl World {
    /// This one's address is gone: its paths are dead for good, and its stream.
    pub(crate) fn leave_network(&mut self, who: Who) {
        let Some(app) = self.newest(who) else { return };
        let attempt = self.apps[app].stream.attempt;
        self.stream_breaks(app, attempt);
        self.tell(app, Input::Network(NetworkInput::Changed));
        for number in 0..self.connections.len() {
            let connection = &mut self.connections[number];
            if connection.app == app && connection.open {
                connection.stale = true;
                if connection.stage >= Stage::Ice {
                    self.says(number, PeerInput::AddressLost);
                }
            }
        }
        // After what was said of it, which goes out as soon as there is any way.
        self.ask_anew(app);
    }

    /// It has an address again: what waits for the server does not wait any longer.
    pub(crate) fn find_network(&mut self, who: Who) {
        let Some(app) = self.newest(who) else { return };
        self.ask_anew(app);
        self.tell(app, Input::Network(NetworkInput::Changed));
    }

    /// The machine sleeps: no timer runs, and what comes is read when it wakes.
    pub(crate) fn fall_asleep(&mut self, who: Who) {
        let Some(app) = self.newest(who) else { return };
        let attempt = self.apps[app].stream.attempt;
        self.stream_breaks(app, attempt);
        self.apps[app].asleep = true;
    }

    pub(crate) fn wake_up(&mut self, who: Who) {
        let Some(app) = self.newest(who) else { return };
        self.apps[app].asleep = false;
        for input in std::mem::take(&mut self.apps[app].unread) {
            self.tell(app, input);
        }
        self.ask_anew(app);
        self.tell(app, Input::Network(NetworkInput::Woke));
    }

    fn ask_anew(&mut self, app: usize) {
        self.tell(app, Input::Signaling(SignalingInput::StreamDown));
        if self.apps[app].stream.wanted && self.apps[app].stream.open.is_none() {
            self.open_stream(app, Duration::ZERO);
        }
        // Of messages only the first is under way.
        let behind: Vec<_> = self.apps[app].posts.iter().skip(1).copied().collect();
        let waiting: Vec<_> = self.apps[app].requests.keys().copied().filter(|id| !behind.contains(id)).collect();
        for id in waiting {
            self.try_request(app, id);
        }
    }
}
