//! Running a script.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rquickjs::context::intrinsic::{Date, Eval, Json, MapSet, RegExp, RegExpCompiler};
use rquickjs::{CatchResultExt as _, CaughtError, Context, Ctx, Exception, Function, Runtime};

use crate::answer::{Hop, read_answer};

/// What a script may ask, and when its time is over.
pub trait World: Send + Sync {
    /// The addresses of a name; none if nobody knows it. May wait.
    fn resolve(&self, name: &str) -> Vec<IpAddr>;

    /// The addresses by which this machine reaches others.
    fn own_addresses(&self) -> Vec<IpAddr>;

    /// Whether the script has had all the time that it gets. Asked again and again while it runs.
    fn time_is_over(&self) -> bool;
}

/// Why a script gave no way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Trouble {
    /// It is no script, has no `FindProxyForURL`, or fails with an error of its own.
    #[error("the script fails with an error")]
    Broken,
    /// It did not come to an end.
    #[error("the script does not come to an end")]
    Endless,
    /// It wants more memory, or calls itself more deeply, than a script may.
    #[error("the script wants more memory than it gets")]
    Greedy,
    /// It answers nothing that can be used.
    #[error("the script names no way that this app can go")]
    NoWay,
}

/// A proxy script. Anybody's: it may hold whatever it likes.
#[derive(Clone)]
pub struct Script {
    source: String,
}

impl Script {
    /// From the bytes of a file. They are looked at when the script is asked, in UTF-8 or else as ISO 8859-1, which some
    /// editors still write.
    ///
    /// # Errors
    /// [`Trouble::Greedy`] if it is larger than any script is.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Trouble> {
        if bytes.len() > LONGEST {
            return Err(Trouble::Greedy);
        }
        let source =
            String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect());
        Ok(Self { source: source.trim_start_matches('\u{feff}').to_owned() })
    }

    /// By way of what this URL is reached, the best way first; `host` is the one in it, without brackets. Takes as long as
    /// [`World`] lets it: on a thread that may wait.
    ///
    /// # Errors
    /// [`Trouble`]; never an empty list.
    pub fn find(&self, url: &str, host: &str, world: &Arc<dyn World>) -> Result<Vec<Hop>, Trouble> {
        let stopped = Arc::new(AtomicBool::new(false));
        let answer = self.run(url, host, world, &stopped);
        // A script can catch errors of its own, but not that it was stopped.
        if stopped.load(Ordering::Relaxed) {
            return Err(Trouble::Endless);
        }
        let hops = read_answer(&answer?);
        if hops.is_empty() { Err(Trouble::NoWay) } else { Ok(hops) }
    }

    fn run(&self, url: &str, host: &str, world: &Arc<dyn World>, stopped: &Arc<AtomicBool>) -> Result<String, Trouble> {
        // There is no room for an engine: nothing that the script did, but the same for who wants an answer.
        let runtime = Runtime::new().map_err(|_| Trouble::Greedy)?;
        runtime.set_memory_limit(MEMORY);
        runtime.set_max_stack_size(STACK);
        let (timekeeper, stopped) = (world.clone(), stopped.clone());
        runtime.set_interrupt_handler(Some(Box::new(move || {
            let over = timekeeper.time_is_over();
            stopped.fetch_or(over, Ordering::Relaxed);
            over
        })));
        // No typed arrays, promises, proxies, weak references: what no script of this kind uses cannot be used against us.
        let context = Context::builder()
            .with::<Eval>()
            .with::<Date>()
            .with::<RegExpCompiler>()
            .with::<RegExp>()
            .with::<Json>()
            .with::<MapSet>()
            .build(&runtime)
            .map_err(|_| Trouble::Greedy)?;
        context.with(|ctx| {
            install(&ctx, world).map_err(|_| Trouble::Greedy)?;
            let run = || -> rquickjs::Result<String> {
                ctx.eval::<(), _>(self.source.as_str())?;
                let find: Function<'_> = ctx.globals().get("FindProxyForURL")?;
                let answer: Option<String> = find.call((url, host))?;
                // Nothing is how some say DIRECT (so does Chromium read it).
                Ok(answer.unwrap_or_else(|| "DIRECT".to_owned()))
            };
            run().catch(&ctx).map_err(|error| trouble(&error))
        })
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({} bytes)", self.source.len())
    }
}

/// The functions of the format: those that ask the world are ours, the others are written in the script's own language.
fn install(ctx: &Ctx<'_>, world: &Arc<dyn World>) -> rquickjs::Result<()> {
    let globals = ctx.globals();
    let asked = world.clone();
    let resolve = move |name: String| asked.resolve(unbracketed(&name));
    let first = resolve.clone();
    globals.set("dnsResolve", Function::new(ctx.clone(), move |name: String| first_v4(&first(name)))?)?;
    globals.set("dnsResolveEx", Function::new(ctx.clone(), move |name: String| joined(&resolve(name)))?)?;
    let own = world.clone();
    let my_address = move || first_v4(&own.own_addresses()).unwrap_or_else(|| Ipv4Addr::LOCALHOST.to_string());
    globals.set("myIpAddress", Function::new(ctx.clone(), my_address)?)?;
    let own = world.clone();
    globals.set("myIpAddressEx", Function::new(ctx.clone(), move || joined(&own.own_addresses()))?)?;
    globals.set("isInNetEx", Function::new(ctx.clone(), |address: String, net: String| is_in_net(&address, &net))?)?;
    ctx.eval::<(), _>(FUNCTIONS)
}

fn unbracketed(name: &str) -> &str {
    name.trim_start_matches('[').trim_end_matches(']')
}

fn first_v4(addresses: &[IpAddr]) -> Option<String> {
    addresses.iter().find(|address| address.is_ipv4()).map(ToString::to_string)
}

fn joined(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

/// Whether an address lies in a network like `2001:db8::/32`.
fn is_in_net(address: &str, net: &str) -> bool {
    let read = || -> Option<(IpAddr, IpAddr, u32)> {
        let (net, length) = net.split_once('/')?;
        Some((unbracketed(address).parse().ok()?, net.parse().ok()?, length.parse().ok()?))
    };
    match read() {
        Some((IpAddr::V4(address), IpAddr::V4(net), length @ 0..=32)) => {
            let differs = u32::from(address) ^ u32::from(net);
            differs.checked_shr(32 - length).unwrap_or(0) == 0
        }
        Some((IpAddr::V6(address), IpAddr::V6(net), length @ 0..=128)) => {
            let differs = u128::from(address) ^ u128::from(net);
            differs.checked_shr(128 - length).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// What went wrong. The script's own words are not passed on: they are a stranger's.
fn trouble(error: &CaughtError<'_>) -> Trouble {
    let message = match error {
        CaughtError::Exception(exception) => Exception::message(exception).unwrap_or_default(),
        CaughtError::Error(rquickjs::Error::Allocation) => return Trouble::Greedy,
        CaughtError::Error(_) | CaughtError::Value(_) => String::new(),
    };
    match message.as_str() {
        "out of memory" | "Maximum call stack size exceeded" | "stack overflow" => Trouble::Greedy,
        _ => Trouble::Broken,
    }
}

/// The functions that ask nobody.
const FUNCTIONS: &str = include_str!("script/functions.js");
/// Chromium's limit. Scripts of large networks have some hundred kilobytes.
const LONGEST: usize = 1024 * 1024;
/// A script of a megabyte, its program and its lists.
const MEMORY: usize = 32 * 1024 * 1024;
/// Less than the stack of the thread that it runs on.
const STACK: usize = 256 * 1024;

#[cfg(test)]
mod tests;
