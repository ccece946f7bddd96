//! Promises of the reactor, below any runtime.
#![allow(unsafe_code, reason = "a sandbox")]

use heist_io::{Variant, reactor::Reactor};
use std::{
    fs::File,
    os::{fd::AsFd as _, unix::net::UnixStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Wake, Waker},
    time::Duration,
};

struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// The first descriptor is refused, and the runtime never hears of the birth.
#[test]
fn a_refused_first_source_does_not_hide_the_birth() {
    let kicks = Arc::new(Counts(AtomicUsize::new(0)));
    let reactor = Reactor::new(Variant::default(), Waker::from(kicks.clone()));
    let file = File::open("/proc/self/exe").unwrap();
    assert!(reactor.register(file.as_fd(), |_| ()).is_err());
    let (one, _other) = UnixStream::pair().unwrap();
    let _key = reactor.register(one.as_fd(), |_| ()).unwrap();
    assert!(reactor.is_live());
    assert_eq!(kicks.0.load(SeqCst), 1);
}

/// A sandbox that knows no `epoll_pwait2` says EPERM (old Docker, libseccomp).
#[test]
fn a_sandbox_that_forbids_the_fine_wait_gets_the_coarse_one() {
    let reactor = Reactor::new(Variant::Epoll, Waker::noop().clone());
    let (one, other) = UnixStream::pair().unwrap();
    let _key = reactor.register(one.as_fd(), |_| ()).unwrap();
    drop(other);
    let filter = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut program = [
        filter(0x20, 0, 0, 0), // load the number
        filter(0x15, 0, 1, libc::SYS_epoll_pwait2 as u32),
        filter(0x06, 0, 0, 0x0005_0000 | libc::EPERM as u32),
        filter(0x06, 0, 0, 0x7fff_0000),
    ];
    let program = libc::sock_fprog {
        len: 4,
        filter: program.as_mut_ptr(),
    };
    // SAFETY: it only forgoes privileges.
    let forgone = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(forgone, 0);
    // SAFETY: a filter of four instructions.
    let filtered = unsafe { libc::prctl(libc::PR_SET_SECCOMP, 2, &raw const program) };
    assert_eq!(filtered, 0);
    reactor
        .wait(Some(Duration::from_micros(1500)), &mut Vec::new())
        .unwrap();
}
