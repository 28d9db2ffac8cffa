//! The command line: the contracts of `docs/windows.md` and `docs/headless.md`.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use session::{Pin, ProxyChoice, ScriptPlace, VisitId};
use ui::Language;
use units::PictureSize;

use crate::audit_arguments::AuditArguments;
use crate::day_arguments::DayArguments;
use crate::keys_arguments::KeysArguments;
use crate::language::Languages;

/// With a word that tells a build for development from one that is shipped: what one measures is not what the other does.
pub(crate) const VERSION: &str = if cfg!(debug_assertions) {
    concat!(env!("CARGO_PKG_VERSION"), " (development build)")
} else {
    env!("CARGO_PKG_VERSION")
};

/// Video visits between a clinician and a patient: peer to peer, encrypted between the two apps.
#[derive(Debug, Parser)]
#[command(name = "housecall", version = VERSION, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// Log more.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) window: WindowArguments,
}

/// The window: the contract of `docs/windows.md`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("visit").args(["link", "server"]))]
pub(crate) struct WindowArguments {
    /// The link of a visit, https://… or housecall:…; without it the window asks.
    pub(crate) link: Option<LinkText>,
    /// Show the preview so long, then join without a click.
    #[arg(long, value_name = "SPAN", requires = "link", conflicts_with = "server")]
    pub(crate) join_after: Option<Span>,
    /// The clinician's window, for this server: https://HOST[:PORT].
    #[arg(long, value_name = "URL", conflicts_with = "link")]
    pub(crate) server: Option<String>,
    /// The server's certificate, as it prints it: sha256:…. Without it the system's roots decide.
    #[arg(long, value_name = "sha256:…", requires = "server", conflicts_with = "link")]
    pub(crate) pin: Option<Pin>,
    /// The account's name.
    #[arg(long, value_name = "NAME", requires = "server", conflicts_with = "link")]
    pub(crate) user: Option<String>,
    /// A file whose first line is the password: sign in and start a visit without a click.
    #[arg(long, value_name = "F", requires = "user", conflicts_with = "link")]
    pub(crate) password_file: Option<PathBuf>,
    /// A file with the TOTP secret, as `user add --totp-out` wrote it.
    #[arg(long, value_name = "F", requires = "password_file", conflicts_with = "link")]
    pub(crate) totp_file: Option<PathBuf>,
    /// A folder with the one secret of a clinic of one, made when it is not there: for demonstrations and tests. Without it
    /// the device is enrolled at the clinic, and its keys are in the system's keyring.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["link", "device_key_file"])]
    pub(crate) identity: Option<PathBuf>,
    /// The clinic's time zone, such as Europe/Berlin; without it that of this machine.
    #[arg(long, value_name = "ZONE", conflicts_with = "link")]
    pub(crate) time_zone: Option<String>,
    /// Where the link of the first visit is written once it is good.
    #[arg(long, value_name = "F", requires = "server", conflicts_with = "link")]
    pub(crate) invite_out: Option<PathBuf>,
    /// Admit whoever knocks after this time, without a click.
    #[arg(long, value_name = "SPAN", requires = "server", conflicts_with = "link")]
    pub(crate) admit_after: Option<Span>,
    #[command(flatten)]
    pub(crate) spoken: LanguageArguments,
    #[command(flatten)]
    pub(crate) devices: DeviceArguments,
    /// Echo cancelling, noise suppression and gain control of the microphone; without it, of real microphones alone.
    #[arg(long, value_enum)]
    pub(crate) processing: Option<Switch>,
    #[command(flatten)]
    pub(crate) preferences: PreferenceArguments,
    #[command(flatten)]
    pub(crate) network: NetworkArguments,
    #[command(flatten)]
    pub(crate) trust: TrustArguments,
    /// Hang up after so long of live call; the window closes when the visit is over.
    #[arg(long, value_name = "SPAN", requires = "visit")]
    pub(crate) duration: Option<Span>,
    /// How long to wait for the visit to be live, or live again, before giving up [60s with --duration]; the window closes
    /// when the visit is over.
    #[arg(long, value_name = "SPAN", requires = "visit")]
    pub(crate) give_up: Option<Span>,
    /// Where the report of the first visit is written when the window is closed.
    #[arg(long, value_name = "X.json", requires = "visit")]
    pub(crate) report: Option<PathBuf>,
}

/// The words after the program's name: a link, or one that was damaged on its way.
#[derive(Debug, Clone)]
pub(crate) struct LinkText(pub(crate) String);

impl FromStr for LinkText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A damaged link is shown in the window, where whoever clicked on it looks; a mistyped command is not.
        match text.trim() {
            link if link.contains(':') => Ok(Self(link.to_owned())),
            _ => Err("this is neither a command nor a link; a link begins with https:// or housecall:".to_owned()),
        }
    }
}

/// In which language sentences for people are.
#[derive(Debug, Args)]
pub(crate) struct LanguageArguments {
    /// en | es | pseudo: the language of every sentence; without it the one that was chosen in the window, or the system's, or English.
    #[arg(long, value_name = "TAG", value_parser = language)]
    language: Option<Language>,
}

impl LanguageArguments {
    /// By what the language is chosen.
    pub(crate) fn languages(&self) -> Languages {
        Languages::find(self.language)
    }
}

fn language(tag: &str) -> Result<Language, String> {
    let known = Language::ALL.map(Language::tag).join(", ");
    Language::from_tag(tag).ok_or_else(|| format!("there are sentences in {known}"))
}

/// What a person sees, hears and speaks by: real devices, if nothing else is said.
#[derive(Debug, Args)]
pub(crate) struct DeviceArguments {
    /// device | file:X.y4m | pattern | none
    #[arg(long, value_name = "SOURCE", default_value = "device")]
    pub(crate) camera: Camera,
    /// device | file:X.wav | tone | none
    #[arg(long, value_name = "SOURCE", default_value = "device")]
    pub(crate) microphone: Microphone,
    /// device | file:X.wav | none
    #[arg(long, value_name = "SINK", default_value = "device")]
    pub(crate) speaker: Speaker,
}

/// What to keep when there is not enough of everything.
#[derive(Debug, Args)]
pub(crate) struct PreferenceArguments {
    /// What to keep when the link is thin: motion or sharpness.
    #[arg(long, value_enum, default_value_t = Mode::Smooth)]
    pub(crate) mode: Mode,
    /// Spend less of a metered link.
    #[arg(long)]
    pub(crate) save_data: bool,
    /// Reach the other side by the clinic's relay alone: it learns no address of this machine and its network.
    #[arg(long)]
    pub(crate) relay_only: bool,
    /// Likewise, and reach the relay by this way alone: for finding out what a network lets through.
    #[arg(long, value_enum, value_name = "WAY")]
    pub(crate) relay_by: Option<RelayWay>,
    /// Never send more than this.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(10..=100_000))]
    pub(crate) max_kbps: Option<u64>,
}

/// By way of what servers are reached.
#[derive(Debug, Args)]
pub(crate) struct NetworkArguments {
    /// The network's proxy script (PAC), a file or http(s)://…: in the place of what the environment and the system name.
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) pac: Option<ScriptPlace>,
}

impl NetworkArguments {
    pub(crate) fn proxies(&self) -> ProxyChoice {
        self.pac.clone().map_or(ProxyChoice::System, ProxyChoice::Script)
    }
}

/// Who the other side is, and how that is found out.
#[derive(Debug, Args)]
pub(crate) struct TrustArguments {
    /// The 32 secret bytes by which this device is known again; made when they are not there. A host's are those of
    /// --identity.
    #[arg(long, value_name = "F")]
    pub(crate) device_key_file: Option<PathBuf>,
    /// Whom this app has met before; made when it is not there. A window has a file of its own without it.
    #[arg(long, value_name = "F")]
    pub(crate) known_file: Option<PathBuf>,
    /// Ask the other side to compare digits after so long of live call.
    #[arg(long, value_name = "SPAN")]
    pub(crate) compare_after: Option<Span>,
    /// Where the digits are written when they are shown.
    #[arg(long, value_name = "F")]
    pub(crate) digits_out: Option<PathBuf>,
    /// Where the digits are read that the other side reads out; then they are the same, or they are not.
    #[arg(long, value_name = "F")]
    pub(crate) digits_in: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One side of a visit without a window.
    #[command(subcommand)]
    Headless(Box<Headless>),
    /// Checks the network, the microphone, the camera and the loudspeaker, and says what will work.
    Doctor(Box<DoctorArguments>),
}

/// What is checked: the contract of `docs/network.md`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("clinic").args(["link", "link_file", "server"]).required(true))]
pub(crate) struct DoctorArguments {
    /// A visit's link.
    pub(crate) link: Option<LinkText>,
    /// A file whose first line is the link.
    #[arg(long, value_name = "F")]
    pub(crate) link_file: Option<PathBuf>,
    /// The clinic's server, https://HOST[:PORT]: without a link, and without the rate unless an account is named.
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The server's certificate, as it prints it: sha256:…. Without it the system's roots decide.
    #[arg(long, value_name = "sha256:…", requires = "server", conflicts_with_all = ["link", "link_file"])]
    pub(crate) pin: Option<Pin>,
    /// An account of the clinic's staff.
    #[arg(long, value_name = "NAME", requires_all = ["server", "password_file"], conflicts_with_all = ["link", "link_file"])]
    pub(crate) user: Option<String>,
    /// A file whose first line is the password.
    #[arg(long, value_name = "F", requires = "user")]
    pub(crate) password_file: Option<PathBuf>,
    /// A file with the TOTP secret, as `user add --totp-out` wrote it.
    #[arg(long, value_name = "F", requires = "user")]
    pub(crate) totp_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) network: NetworkArguments,
    #[command(flatten)]
    pub(crate) devices: DeviceArguments,
    /// The clinic's telephone number, to be named where nothing works; without it, what its server says to who has a link.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) phone: Option<String>,
    #[command(flatten)]
    pub(crate) spoken: LanguageArguments,
    /// Prints what was found as JSON, and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which side.
#[derive(Debug, Subcommand)]
pub(crate) enum Headless {
    /// The clinician: signs in, makes a visit and its link, admits whoever knocks.
    Host(HostArguments),
    /// The patient: joins by a link.
    Join(JoinArguments),
    /// The front desk or a clinician: plans visits, lists them, calls them off, hands them over. Answers with JSON.
    Day(DayArguments),
    /// Staff: makes the clinic's key, or has a device certified by it. Answers with JSON.
    Keys(KeysArguments),
    /// An auditor: reads the audit log, and takes evidence of a visit away. Answers with JSON.
    Audit(AuditArguments),
}

/// Who of the staff signs in, and where.
#[derive(Debug, Args)]
pub(crate) struct AccountArguments {
    /// The clinic's server, https://HOST[:PORT].
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,
    /// The server's certificate, as it prints it: sha256:…. Without it the system's roots decide.
    #[arg(long, value_name = "sha256:…")]
    pub(crate) pin: Option<Pin>,
    /// The account's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: String,
    /// A file whose first line is the password.
    #[arg(long, value_name = "F")]
    pub(crate) password_file: PathBuf,
    /// A file with the TOTP secret, as `user add --totp-out` wrote it. Without it a session goes on that the keyring keeps, but for a
    /// visit that is made at once.
    #[arg(long, value_name = "F")]
    pub(crate) totp_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct HostArguments {
    #[command(flatten)]
    pub(crate) account: AccountArguments,
    /// The folder with the clinic's key; made when it is not there. Without it the key lives for this visit.
    #[arg(long, value_name = "DIR", conflicts_with = "device_key_file")]
    pub(crate) identity: Option<PathBuf>,
    /// Where the link is written once it is good.
    #[arg(long, value_name = "F", required_unless_present = "visit", conflicts_with = "visit")]
    pub(crate) invite_out: Option<PathBuf>,
    /// A visit that was planned before, vis_…, by this machine's device, or that of --identity.
    #[arg(long, value_name = "VISIT")]
    pub(crate) visit: Option<VisitId>,
    /// Do not take the visit over from another device.
    #[arg(long)]
    pub(crate) claim: bool,
    /// How long whoever knocks waits.
    #[arg(long, value_name = "SPAN", default_value = "0s")]
    pub(crate) admit_after: Span,
    /// Save what is written in the visit to this file; the other side is told.
    #[arg(long, value_name = "F")]
    pub(crate) save_chat: Option<PathBuf>,
    /// Ask the other side for a photograph in its camera's full size once both are connected.
    #[arg(long)]
    pub(crate) ask_still: bool,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

#[derive(Debug, Args)]
pub(crate) struct JoinArguments {
    /// The link.
    #[arg(long, value_name = "LINK", required_unless_present = "link_file", conflicts_with = "link_file")]
    pub(crate) link: Option<String>,
    /// A file whose first line is the link.
    #[arg(long, value_name = "F")]
    pub(crate) link_file: Option<PathBuf>,
    /// A file with where the patient is and whom to call, as JSON: place, call_back, emergency, beside.
    #[arg(long, value_name = "F")]
    pub(crate) facts_file: Option<PathBuf>,
    /// A file whose first line is the clinic's code, for when it is asked for.
    #[arg(long, value_name = "F")]
    pub(crate) code_file: Option<PathBuf>,
    /// Let a photograph be taken in the camera's full size when it is asked for.
    #[arg(long)]
    pub(crate) give_still: bool,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

#[derive(Debug, Args)]
pub(crate) struct CommonArguments {
    /// device | file:X.y4m | pattern | none
    #[arg(long, value_name = "SOURCE", default_value = "pattern")]
    pub(crate) camera: Camera,
    /// device | file:X.wav | tone | none
    #[arg(long, value_name = "SOURCE", default_value = "tone")]
    pub(crate) microphone: Microphone,
    /// Echo cancelling, noise suppression and gain control of the microphone.
    #[arg(long, value_enum, default_value_t = Switch::Off)]
    pub(crate) processing: Switch,
    /// device | file:X.wav | none
    #[arg(long, value_name = "SINK", default_value = "none")]
    pub(crate) speaker: Speaker,
    /// file:X.y4m | none
    #[arg(long, value_name = "SINK", default_value = "none")]
    pub(crate) screen: Screen,
    /// The size of what --screen writes.
    #[arg(long, value_name = "WxH", default_value = "640x360")]
    pub(crate) screen_size: PictureSize,
    #[command(flatten)]
    pub(crate) preferences: PreferenceArguments,
    #[command(flatten)]
    pub(crate) network: NetworkArguments,
    #[command(flatten)]
    pub(crate) trust: TrustArguments,
    /// Write this to the other side once both are connected; may be said more than once.
    #[arg(long, value_name = "TEXT")]
    pub(crate) say: Vec<String>,
    /// Offer this file to the other side once both are connected; may be said more than once.
    #[arg(long, value_name = "F")]
    pub(crate) send_file: Vec<PathBuf>,
    /// Take every file that the other side offers, and write it to this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) accept_files: Option<PathBuf>,
    /// How long the visit is live before this side hangs up.
    #[arg(long, value_name = "SPAN", default_value = "20s")]
    pub(crate) duration: Span,
    /// How long to wait for the visit to be live, or live again, before giving up.
    #[arg(long, value_name = "SPAN", default_value = "60s")]
    pub(crate) give_up: Span,
    /// Where the report is written.
    #[arg(long, value_name = "X.json")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RelayWay {
    Udp,
    Tcp,
    Tls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    Smooth,
    Sharp,
}

/// A span of time as people write it: `500ms`, `20s`, `5m`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span(pub(crate) Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let number: u64 = digits.parse().map_err(|_| "a span looks like 500ms, 20s or 5m".to_owned())?;
        match &text[digits.len()..] {
            "ms" => Ok(Self(Duration::from_millis(number))),
            "s" | "" => Ok(Self(Duration::from_secs(number))),
            "m" => {
                number.checked_mul(60).map(|secs| Self(Duration::from_secs(secs))).ok_or("that is too long".to_owned())
            }
            unit => Err(format!("there is no unit of time `{unit}`; a span looks like 500ms, 20s or 5m")),
        }
    }
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ }, $says:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) enum $name {
            $($variant,)+
            File(PathBuf),
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match (text, text.strip_prefix("file:")) {
                    $(($word, _) => Ok(Self::$variant),)+
                    (_, Some(path)) if !path.is_empty() => Ok(Self::File(path.into())),
                    _ => Err($says.to_owned()),
                }
            }
        }
    };
}

choice!(
    /// Where the picture comes from.
    Camera { Device = "device", Pattern = "pattern", None = "none" },
    "a camera is one of: device, file:X.y4m, pattern, none"
);
choice!(
    /// Where the voice comes from.
    Microphone { Device = "device", Tone = "tone", None = "none" },
    "a microphone is one of: device, file:X.wav, tone, none"
);
choice!(
    /// Where the other's voice goes.
    Speaker { Device = "device", None = "none" },
    "a speaker is one of: device, file:X.wav, none"
);
choice!(
    /// Where the other's picture goes.
    Screen { None = "none" },
    "a screen is one of: file:X.y4m, none"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_as_people_write_it() {
        let secs = |text: &str| text.parse::<Span>().map(|span| span.0.as_secs_f64());
        assert_eq!(secs("500ms"), Ok(0.5));
        assert_eq!(secs("20s"), Ok(20.0));
        assert_eq!(secs("7"), Ok(7.0));
        assert_eq!(secs("2m"), Ok(120.0));
        for wrong in ["", "s", "-1s", "1.5s", "3h", "99999999999999999999s", "999999999999999999m"] {
            assert!(secs(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_word_of_the_contract_is_taken_and_no_other() {
        for good in ["device", "file:a.y4m", "pattern", "none"] {
            assert!(good.parse::<Camera>().is_ok(), "{good}");
        }
        for wrong in ["", "file:", "tone", "a.y4m"] {
            assert!(wrong.parse::<Camera>().is_err(), "{wrong}");
        }
        let contract = "housecall headless host --server https://c.example --user lee --password-file p --invite-out l \
            --admit-after 5s --camera file:a.y4m --microphone file:a.wav --processing off --speaker file:b.wav \
            --screen file:b.y4m --screen-size 640x360 --mode sharp --save-data --max-kbps 500 --relay-only --relay-by tls --duration 20s \
            --give-up 60s --report r.json --device-key-file k --known-file n --compare-after 5s --digits-out o --digits-in i";
        Arguments::try_parse_from(contract.split_whitespace()).expect("the contract");
        Arguments::try_parse_from("housecall headless join --link-file l".split_whitespace()).expect("the contract");
        assert!(Arguments::try_parse_from("housecall headless join".split_whitespace()).is_err());
        let two_keys = contract.replace("--device-key-file", "--identity d --device-key-file");
        assert!(Arguments::try_parse_from(two_keys.split_whitespace()).is_err());
    }

    #[test]
    fn a_doctor_is_told_by_what_the_clinic_is_known() {
        let taken = |words: &str| Arguments::try_parse_from(words.split_whitespace()).is_ok();
        for good in [
            "housecall doctor https://c.example/j/x#1.y --json --phone 5550100",
            "housecall doctor --link-file l --camera none --microphone none --speaker none",
            "housecall doctor --server https://c.example",
            "housecall doctor --server https://c.example --user lee --password-file p --totp-file t",
        ] {
            assert!(taken(good), "{good}");
        }
        for wrong in [
            "housecall doctor",
            "housecall doctor l --link-file l",
            "housecall doctor https://c.example/j/x#1.y --server https://c.example",
            "housecall doctor --server https://c.example --user lee",
            "housecall doctor --link-file l --user lee --password-file p",
            "housecall doctor --pin sha256:short --server https://c.example",
        ] {
            assert!(!taken(wrong), "{wrong}");
        }
    }

    #[test]
    fn windows_take_the_words_of_their_contract_and_no_senseless_mixture() {
        let taken = |words: &str| Arguments::try_parse_from(words.split_whitespace()).is_ok();
        for good in [
            "housecall",
            "housecall https://c.example/j/x#1.y --join-after 3s --duration 20s --give-up 60s --report r.json",
            "housecall housecall:damaged --camera pattern --microphone tone --speaker none --mode sharp --save-data",
            "housecall --server https://c.example --user lee --max-kbps 500 --relay-only",
            "housecall --server https://c.example --user lee --password-file p --totp-file t --identity d --invite-out l \
             --admit-after 1s --duration 20s --report r.json",
            "housecall --identity d",
            "housecall housecall:damaged --device-key-file k --known-file n --compare-after 5s --digits-out o --digits-in i",
        ] {
            assert!(taken(good), "{good}");
        }
        for wrong in [
            "housecall no-such-command",
            "housecall --join-after 3s",
            "housecall --server https://c.example --join-after 3s",
            "housecall https://c.example/j/x#1.y --server https://c.example",
            "housecall https://c.example/j/x#1.y --admit-after 1s",
            "housecall https://c.example/j/x#1.y --user lee",
            "housecall https://c.example/j/x#1.y --identity d",
            "housecall --server https://c.example --password-file p",
            "housecall --server https://c.example --user lee --totp-file t",
            "housecall --user lee",
            "housecall --identity d --device-key-file k",
            "housecall --invite-out l",
            "housecall --duration 20s",
            "housecall --report r.json",
            "housecall --server https://c.example --pin sha256:short",
            "housecall --report r.json headless join --link-file l",
        ] {
            assert!(!taken(wrong), "{wrong}");
        }
    }
}
