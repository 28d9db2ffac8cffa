//! The log, on standard error: what this program's own crates say, in fields of a closed list.
//!
//! A library may log what it reads, so none is heard at any level; a field that is not on the list is named and not written. So a
//! name, an address of a patient's or a token gets into the log only by a field that somebody puts on the list.

use std::fmt;
use std::io::{self, IsTerminal};

use server::settings::LogFormat;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

/// Whose words are heard.
const OURS: [&str; 2] = ["housecall_server", "server"];

/// What they may say: opaque ids, words of closed lists, counts, the server's own addresses, and errors, which quote nothing. It is
/// the list of docs/trust.md, "What its log says", and the message.
const FIELDS: [&str; 14] = [
    "message",
    "address",
    "addresses",
    "family",
    "caps",
    "staff",
    "by",
    "event",
    "visit",
    "reason",
    "generation",
    "devices",
    "error",
    "problem",
];

/// Begins the log. `usual` is how much of it there is without `HOUSECALL_LOG`.
pub(crate) fn begin(format: LogFormat, usual: &str) {
    let filter = EnvFilter::try_from_env("HOUSECALL_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let registry = tracing_subscriber::registry().with(filter).with(filter_fn(is_ours));
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Text => {
            let fields =
                debug_fn(|writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| match field.name() {
                    "message" => write!(writer, "{value:?}"),
                    name if is_listed(name) => write!(writer, "{name}={value:?}"),
                    name => write!(writer, "{name}=…"),
                });
            registry.with(layer.fmt_fields(fields.delimited(" "))).init();
        }
        LogFormat::Json => registry.with(layer.event_format(Json)).init(),
    }
}

fn is_ours(of: &Metadata<'_>) -> bool {
    let target = of.target();
    OURS.iter().any(|ours| target.strip_prefix(ours).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
}

fn is_listed(field: &str) -> bool {
    FIELDS.contains(&field)
}

/// One JSON object a line.
struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut fields = Fields::default();
        Event::record(event, &mut fields);
        let metadata = event.metadata();
        fields.0.insert("time".into(), time.into());
        fields.0.insert("level".into(), metadata.level().as_str().into());
        fields.0.insert("target".into(), metadata.target().into());
        writeln!(writer, "{}", serde_json::Value::Object(fields.0))
    }
}

/// The listed fields of an event.
#[derive(Default)]
struct Fields(serde_json::Map<String, serde_json::Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<serde_json::Value>) {
        if is_listed(field.name()) {
            self.0.insert(field.name().to_owned(), value.into());
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_that_are_written_are_those_that_the_trust_document_lists() {
        let text = include_str!("../../../../docs/trust.md");
        let (_, rows) = text.split_once("### What its log says").unwrap();
        let (rows, _) = rows.split_once("\n## ").unwrap();
        let rows = rows.lines().filter(|line| line.starts_with("| `"));
        let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2));
        assert_eq!(["message"].into_iter().chain(names).collect::<Vec<_>>(), FIELDS);
    }
}
