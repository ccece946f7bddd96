//! Where does heist say what nobody has asked for?
//!
//! On stderr, if it can be written: it may be closed, and what is said is never worth a panic.

use std::{fmt, io::Write as _};

/// Says a line.
pub fn say(what: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "heist: {what}");
}
