//! How does Linux wait for many descriptors, in one system call?
//!
//! Descriptors are added to, and waited for on, the instance that `polling` owns, past `polling`:
//! once, edge-triggered, with the peer's end told apart (`RDHUP`). To notify is to write to a
//! counter of our own, which is edge-triggered too and never read.

use crate::report::Report;
use polling::Poller;
use rustix::event::{
    EventfdFlags,
    epoll::{self, EventData, EventFlags},
    eventfd,
};
use std::{
    fmt, io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    ptr,
    time::Duration,
};

/// How many reports one wait has room for at first; a full buffer is doubled. 12 KiB.
const REPORTS: usize = 1024;

/// `polling`'s own descriptors and our counter, under no source's key.
const NOBODY: u64 = u64::MAX;

#[derive(Debug)]
pub struct Selector {
    poller: Poller,
    counter: OwnedFd,
}

/// What the call takes on every system, also where C's `timespec` is smaller.
#[repr(C)]
struct KernelTimespec {
    seconds: i64,
    nanoseconds: i64,
}

/// What the one who waits keeps from wait to wait: room for events, and what the system lacks.
#[derive(Default)]
pub struct Buffer {
    events: Vec<libc::epoll_event>,
    /// The system has no `epoll_pwait2`: timeouts are whole milliseconds.
    is_coarse: bool,
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").finish_non_exhaustive()
    }
}

impl Selector {
    pub fn new() -> io::Result<Self> {
        let poller = Poller::new()?;
        let counter = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let flags = EventFlags::IN | EventFlags::ET;
        epoll::add(&poller, &counter, EventData::new_u64(NOBODY), flags)?;
        Ok(Self { poller, counter })
    }

    pub fn add(&self, fd: BorrowedFd<'_>, key: u64) -> io::Result<()> {
        let wanted = EventFlags::IN | EventFlags::OUT | EventFlags::PRI | EventFlags::RDHUP;
        let flags = wanted | EventFlags::ET;
        epoll::add(&self.poller, fd, EventData::new_u64(key), flags)?;
        Ok(())
    }

    pub fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        epoll::delete(&self.poller, fd)?;
        Ok(())
    }

    pub fn wait(
        &self,
        buffer: &mut Buffer,
        timeout: Option<Duration>,
        mut report: impl FnMut(Report),
    ) -> io::Result<()> {
        let filled = match self.fill(buffer, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            other => other?,
        };
        for event in &buffer.events[..filled] {
            let (key, flags) = (event.u64, EventFlags::from_bits_retain(event.events));
            if key == NOBODY {
                continue;
            }
            let has = |flag| flags.intersects(flag);
            let failed = has(EventFlags::ERR | EventFlags::HUP);
            report(Report {
                key,
                readable: failed || has(EventFlags::IN | EventFlags::PRI | EventFlags::RDHUP),
                writable: failed || has(EventFlags::OUT),
                ended: failed || has(EventFlags::RDHUP),
                urgent: has(EventFlags::PRI),
            });
        }
        if filled == buffer.events.len() {
            let more = buffer.events.len() * 2;
            buffer
                .events
                .resize(more, libc::epoll_event { events: 0, u64: 0 });
        }
        Ok(())
    }

    pub fn notify(&self) -> io::Result<()> {
        rustix::io::write(&self.counter, &1_u64.to_ne_bytes())?;
        Ok(())
    }

    /// One wait; how many events there are.
    fn fill(&self, buffer: &mut Buffer, timeout: Option<Duration>) -> io::Result<usize> {
        if buffer.events.is_empty() {
            let nothing = libc::epoll_event { events: 0, u64: 0 };
            buffer.events.resize(REPORTS, nothing);
        }
        let whole = |duration: &Duration| duration.subsec_nanos().is_multiple_of(1_000_000);
        if let Some(duration) = timeout.filter(|duration| !whole(duration))
            && !buffer.is_coarse
        {
            match self.fill_fine(&mut buffer.events, duration) {
                // An old kernel does not know the call, and an old sandbox does not allow it.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
                    buffer.is_coarse = true;
                }
                other => return other,
            }
        }
        self.fill_coarse(&mut buffer.events, timeout)
    }

    /// With a timeout in milliseconds, rounded up.
    fn fill_coarse(
        &self,
        events: &mut [libc::epoll_event],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let millis = timeout.map_or(-1, |duration| {
            libc::c_int::try_from(duration.as_nanos().div_ceil(1_000_000))
                .unwrap_or(libc::c_int::MAX)
        });
        let room = libc::c_int::try_from(events.len()).unwrap_or(libc::c_int::MAX);
        let epoll = self.poller.as_fd().as_raw_fd();
        // SAFETY: the descriptor is open, and `events` has `room` places to be written.
        let filled = unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), room, millis) };
        usize::try_from(filled).map_err(|_| io::Error::last_os_error())
    }

    /// With a timeout in nanoseconds.
    fn fill_fine(&self, events: &mut [libc::epoll_event], timeout: Duration) -> io::Result<usize> {
        let timeout = KernelTimespec {
            seconds: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: timeout.subsec_nanos().into(),
        };
        let epoll = self.poller.as_fd().as_raw_fd();
        // SAFETY: the arguments are those of `epoll_pwait2`: an open descriptor, room for so many
        // events, a timeout to be read, and no signal mask.
        let filled = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                epoll,
                events.as_mut_ptr(),
                events.len(),
                &raw const timeout,
                ptr::null::<libc::sigset_t>(),
                0,
            )
        };
        usize::try_from(filled).map_err(|_| io::Error::last_os_error())
    }
}
