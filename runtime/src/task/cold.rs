//! What do only few tasks have?
//!
//! A name, and values inherited from the task that spawned them. Made at the spawn, and not
//! changed after it.

use super::locals::Locals;
use std::borrow::Cow;

/// The rarely used part of a task.
#[derive(Default)]
pub struct Cold {
    pub name: Option<Cow<'static, str>>,
    pub locals: Option<Locals>,
}

impl Cold {
    /// `None` when there is nothing to keep.
    pub fn new(name: Option<Cow<'static, str>>, locals: Option<Locals>) -> Option<Box<Self>> {
        (name.is_some() || locals.is_some()).then(|| Box::new(Self { name, locals }))
    }

    pub fn locals(&self) -> Option<&Locals> {
        self.locals.as_ref()
    }
}
