//! What is in a window, as a screen reader is told it: AT-SPI over a D-Bus of the test's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use atspi::proxy::accessible::AccessibleProxyBlocking;
use atspi::proxy::bus::{BusProxyBlocking, StatusProxyBlocking};
use atspi::proxy::cache::CacheProxyBlocking;
use atspi::proxy::component::ComponentProxyBlocking;
use atspi::proxy::text::TextProxyBlocking;
use atspi::proxy::value::ValueProxyBlocking;
use atspi::{CacheItem, CoordType, Role, State};
use xtask::process::{Process, wait_until};
use zbus::blocking::{Connection, connection};

use crate::picture::Area;

/// How long the daemons may take to be ready.
const START: Duration = Duration::from_secs(20);

/// A session's D-Bus with its accessibility bus, both of the test's own.
pub(crate) struct Eyes {
    // First: both connections go before the daemon does.
    accessibility: Connection,
    session: Connection,
    address: String,
    _daemon: Process,
}

impl Eyes {
    /// Starts a session's bus in the folder, with these words in the environment of what it starts, and tells all
    /// programs that somebody uses a screen reader.
    pub(crate) fn open(folder: &Path, prepare: impl FnOnce(&mut Command)) -> Self {
        let config = folder.join("session-bus.conf");
        let socket = folder.join("session-bus");
        fs::write(&config, session_config(&socket, &services_of(folder))).expect("a file");
        let mut command = Command::new("dbus-daemon");
        command.args(["--nofork", "--print-address=1", "--config-file"]).arg(&config);
        // The settings of the person at the machine are not asked.
        command.env("GSETTINGS_BACKEND", "memory");
        prepare(&mut command);
        let mut daemon = Process::spawn("dbus-daemon", &mut command, |_| {}).expect(NEEDED);
        let is_ready = wait_until(START, || Ok(daemon.stdout().contains("unix:") || !daemon.is_running()));
        assert!(is_ready.expect("no Ctrl-C"), "dbus-daemon does not start: {}", daemon.stderr());
        let address = daemon.stdout().lines().next().unwrap_or_else(|| panic!("{}", daemon.stderr())).to_owned();
        let session = connect(&address);
        let status = StatusProxyBlocking::new(&session).expect(NEEDED);
        status.set_is_enabled(true).expect(NEEDED);
        let bus = BusProxyBlocking::new(&session).expect(NEEDED).get_address().expect(NEEDED);
        Self { accessibility: connect(&bus), session, address, _daemon: daemon }
    }

    /// What `DBUS_SESSION_BUS_ADDRESS` is to be.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The session's bus, for what else speaks there.
    pub(crate) fn session(&self) -> &Connection {
        &self.session
    }

    /// All that the program shows now; nothing before it shows anything, and nothing once it has ended.
    pub(crate) fn all(&self) -> Vec<Seen<'_>> {
        let desktop = AccessibleProxyBlocking::builder(&self.accessibility).destination("org.a11y.atspi.Registry");
        let desktop = desktop.and_then(zbus::blocking::proxy::Builder::build).expect("a proxy");
        let programs = desktop.get_children().unwrap_or_default();
        let of = |program: atspi::ObjectRefOwned| -> Option<Vec<CacheItem>> {
            let cache =
                CacheProxyBlocking::builder(&self.accessibility).destination(program.name()?.to_owned()).ok()?;
            cache.build().ok()?.get_items().ok()
        };
        let items = programs.into_iter().filter_map(of).flatten();
        items.map(|item| Seen { item, accessibility: &self.accessibility }).collect()
    }
}

/// Something in the window.
pub(crate) struct Seen<'a> {
    item: CacheItem,
    accessibility: &'a Connection,
}

impl Seen<'_> {
    pub(crate) fn role(&self) -> Role {
        self.item.role
    }

    pub(crate) fn name(&self) -> &str {
        self.item.short_name.as_str()
    }

    /// What tells it from all else, as long as it is there.
    pub(crate) fn address(&self) -> &str {
        self.item.object.path_as_str()
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.item.states.contains(State::Enabled)
    }

    pub(crate) fn has_keyboard(&self) -> bool {
        self.item.states.contains(State::Focused)
    }

    /// Where it stands in its window; nothing if it has gone meanwhile.
    pub(crate) fn area(&self) -> Option<Area> {
        let builder = ComponentProxyBlocking::builder(self.accessibility);
        let component = builder.destination(self.item.object.name()?.to_owned()).ok()?;
        let component = component.path(self.item.object.path().to_owned()).ok()?.build().ok()?;
        let (x, y, width, height) = component.get_extents(CoordType::Window).ok()?;
        Some(Area { x, y, width, height })
    }

    /// What was typed into it.
    pub(crate) fn text(&self) -> Option<String> {
        let builder = TextProxyBlocking::builder(self.accessibility);
        let text = builder.destination(self.item.object.name()?.to_owned()).ok()?;
        let text = text.path(self.item.object.path().to_owned()).ok()?.build().ok()?;
        text.get_text(0, -1).ok()
    }

    /// The number that it shows, of a bar.
    pub(crate) fn value(&self) -> Option<f64> {
        let builder = ValueProxyBlocking::builder(self.accessibility);
        let value = builder.destination(self.item.object.name()?.to_owned()).ok()?;
        let value = value.path(self.item.object.path().to_owned()).ok()?.build().ok()?;
        value.current_value().ok()
    }
}

/// Where a test lays what the session's bus is to start in the place of what the system has of the same name.
pub(crate) fn services_of(folder: &Path) -> PathBuf {
    folder.join("services")
}

fn connect(address: &str) -> Connection {
    connection::Builder::address(address).and_then(connection::Builder::build).expect(NEEDED)
}

/// Starts what the system has to start for a session, and listens in the folder only.
fn session_config(socket: &Path, services: &Path) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <servicedir>{}</servicedir>
  <standard_session_servicedirs/>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        socket.display(),
        services.display()
    )
}

/// What a failing test says where the daemons are not installed.
const NEEDED: &str = "this test needs D-Bus and AT-SPI: install the packages dbus and at-spi2-core and run it again";
