//! What does the operating system say of a descriptor, and what was it asked?

/// What the operating system said of one descriptor.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// The number it was added with.
    pub key: u64,
    /// Something may be read, or reading would fail or end.
    pub readable: bool,
    /// Something may be written, or writing would fail.
    pub writable: bool,
    /// The other side sends no more, or is gone.
    pub ended: bool,
    /// Urgent data lies among the rest, and a read stops there.
    pub urgent: bool,
}

/// The directions in which somebody waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Interest {
    /// Something to read.
    pub read: bool,
    /// Room to write.
    pub write: bool,
}
