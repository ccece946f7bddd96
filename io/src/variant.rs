//! Which ways of waiting for the operating system are there?

use std::{fmt, str::FromStr};

/// Which way of waiting a runtime's reactor uses. They differ in speed, not in what they do.
///
/// ```
/// use heist_io::Variant;
///
/// assert_eq!("polling-oneshot".parse(), Ok(Variant::PollingOneshot));
/// assert!("kqueue".parse::<Variant>().is_err());
/// let default = Variant::default(); // the fastest that the system has
/// assert!(cfg!(not(target_os = "linux")) || default == Variant::Epoll);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Variant {
    /// Linux's epoll, edge-triggered: one system call a wait. Elsewhere the same as `Polling`.
    Epoll,
    /// The `polling` crate, edge-triggered where the system has edges, else as `PollingOneshot`.
    Polling,
    /// The `polling` crate, armed anew for each wait: what every system can do.
    PollingOneshot,
}

const NAMES: [(&str, Variant); 3] = [
    ("epoll", Variant::Epoll),
    ("polling", Variant::Polling),
    ("polling-oneshot", Variant::PollingOneshot),
];

impl Default for Variant {
    fn default() -> Self {
        if cfg!(target_os = "linux") {
            Self::Epoll
        } else {
            Self::Polling
        }
    }
}

impl FromStr for Variant {
    type Err = UnknownVariant;

    fn from_str(name: &str) -> Result<Self, UnknownVariant> {
        let known = NAMES.into_iter().find(|(known, _)| *known == name);
        known
            .map(|(_, variant)| variant)
            .ok_or_else(|| UnknownVariant(name.to_owned()))
    }
}

/// There is no reactor of this name. See [`Variant`] for those there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownVariant(String);

impl fmt::Display for UnknownVariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no reactor `{}`; there are", self.0)?;
        NAMES
            .into_iter()
            .try_for_each(|(name, _)| write!(f, " `{name}`"))
    }
}

impl std::error::Error for UnknownVariant {}
