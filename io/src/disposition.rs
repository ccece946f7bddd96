//! What does a signal do to the program, and who hears it?
//!
//! A subscription that lives wins: the program decides. Without one the signal goes to whoever
//! [hears what is left](hear_rest), and without that it does what it did before the first
//! subscription: as a rule it ends the process. The handlers decide so when the signal arrives,
//! because afterwards a subscription may be gone that has heard it.

use heist_core::primitive::{Counter, thread};
use signal_hook_registry::SigId;
use std::{ffi::c_int, io, mem::MaybeUninit, ptr};

/// The number of the signal that ctrl-c sends: the same on every Unix.
pub const SIGINT: c_int = libc::SIGINT;
/// The number of the signal that asks a program to end: what `kill` and service managers send.
pub const SIGTERM: c_int = libc::SIGTERM;

/// What the handlers of one signal look at. Numbers that order nothing: a signal is not ordered
/// with what other threads do anyway.
struct Signal {
    /// How often somebody subscribed: the first one looks at what the signal does without us.
    ever: Counter,
    /// What he has seen: 0 until then, [`SPARED`] or [`FATAL`].
    seen: Counter,
    subscribed: Counter,
    /// Those who hear what no subscription hears.
    rest: Counter,
}

/// Without us the signal does not end the process: it was ignored, or others had caught it.
const SPARED: u64 = 1;
/// Without us it ends the process.
const FATAL: u64 = 2;

/// By their number. POSIX has no signal 0, and Linux none above 64.
static SIGNALS: [Signal; 65] = [const {
    Signal {
        ever: Counter::new(0),
        seen: Counter::new(0),
        subscribed: Counter::new(0),
        rest: Counter::new(0),
    }
}; 65];

/// What these do by default does not end the process (signal(7)).
const HARMLESS: [c_int; 8] = [
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGURG,
    libc::SIGWINCH,
    libc::SIGSTOP,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
];

/// Somebody hears a signal, until this is dropped.
#[derive(Debug)]
pub struct Hearing {
    count: &'static Counter,
    handler: SigId,
}

/// Calls `tell` from the signal's handler: it may do only what is async-signal-safe, such as to
/// write to a socket.
///
/// # Errors
///
/// When there is no such signal, or it cannot be caught.
///
/// # Safety
///
/// `tell` is async-signal-safe.
pub unsafe fn subscribe(
    signal: c_int,
    tell: impl Fn() + Send + Sync + 'static,
) -> io::Result<Hearing> {
    let table = table(signal)?;
    look(signal, table);
    // SAFETY: the caller's promise.
    unsafe { hear(signal, &table.subscribed, tell) }
}

/// As [`subscribe`], for what no subscription hears. `None`: the signal is ignored, or was caught
/// by others, and stays so.
///
/// # Errors
///
/// As there.
///
/// # Safety
///
/// As there.
pub unsafe fn hear_rest(
    signal: c_int,
    tell: impl Fn() + Send + Sync + 'static,
) -> io::Result<Option<Hearing>> {
    let table = table(signal)?;
    if look(signal, table) != FATAL {
        return Ok(None);
    }
    let tell_rest = move || {
        if table.subscribed.get() == 0 {
            tell();
        }
    };
    // SAFETY: the caller's promise; a counter is an atomic.
    unsafe { hear(signal, &table.rest, tell_rest) }.map(Some)
}

/// The signal does again what it did before, whoever hears it: it ends the process.
pub fn restore(signal: c_int) {
    // SAFETY: async-signal-safe, and no pointers.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}

/// Ends the process as the signal would, so that its parent sees the truth.
pub fn die_of(signal: c_int) -> ! {
    end(signal);
    // It is blocked in this thread. What shells make of a signal:
    std::process::exit(128 + signal);
}

impl Drop for Hearing {
    fn drop(&mut self) {
        // In this order: in between, two hear the signal, and never nobody.
        self.count.sub(1);
        signal_hook_registry::unregister(self.handler);
    }
}

fn table(signal: c_int) -> io::Result<&'static Signal> {
    let number = usize::try_from(signal).ok().filter(|&number| number > 0);
    number
        .and_then(|number| SIGNALS.get(number))
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))
}

/// # Safety
///
/// `tell` is async-signal-safe.
unsafe fn hear(
    signal: c_int,
    count: &'static Counter,
    tell: impl Fn() + Send + Sync + 'static,
) -> io::Result<Hearing> {
    // SAFETY: the caller's promise; the registry keeps `errno`.
    let handler = unsafe { signal_hook_registry::register(signal, tell) }?;
    // After it: in between, two hear the signal, and never nobody.
    count.add(1);
    Ok(Hearing { count, handler })
}

/// What the signal does without us. The first time, if it ends the process, sees to it that it does
/// so again when nobody hears it. Nobody's handler is there before that: it would be taken for
/// somebody else's.
fn look(signal: c_int, table: &'static Signal) -> u64 {
    if table.ever.add(1) != 0 {
        while table.seen.get() == 0 {
            thread::yield_now(); // the first one has not looked yet
        }
        return table.seen.get();
    }
    let is_fatal = !HARMLESS.contains(&signal) && is_default(signal);
    if is_fatal {
        let fall = move || {
            if table.subscribed.get() == 0 && table.rest.get() == 0 {
                end(signal);
            }
        };
        // SAFETY: counters are atomics, `end` is async-signal-safe. Refused, so is the caller's.
        let _ = unsafe { signal_hook_registry::register(signal, fall) };
    }
    table.seen.add(if is_fatal { FATAL } else { SPARED });
    table.seen.get()
}

/// Whether nobody has changed what the signal does.
fn is_default(signal: c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: a null pointer asks and changes nothing; `action` is there to be written.
    let asked = unsafe { libc::sigaction(signal, ptr::null(), action.as_mut_ptr()) };
    // SAFETY: zeros are a `sigaction`, if nothing was written.
    let action = unsafe { action.assume_init() };
    asked == 0 && action.sa_sigaction == libc::SIG_DFL
}

/// Has the signal do what it does without us: at once, or when its handler returns. It is
/// async-signal-safe.
pub fn end(signal: c_int) {
    restore(signal);
    // SAFETY: async-signal-safe, and no pointers.
    unsafe { libc::raise(signal) };
}
