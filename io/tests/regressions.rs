//! What was wrong once, below the runtime. A broken promise is a hang, or a panic.
#![allow(unsafe_code, reason = "handlers, and a sandbox")]

use heist_io::{Variant, disposition, reactor::Reactor};
use std::{
    fs::File,
    os::{fd::AsFd as _, unix::net::UnixStream},
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Wake, Waker},
    thread,
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

/// The second of two that come together has its handler before the first looks.
#[test]
fn two_first_subscriptions_leave_the_signal_fatal() {
    let mut bad = Vec::new();
    for signal in 35..=64 {
        let both = Arc::new(Barrier::new(2));
        let gate = Arc::new(AtomicUsize::new(0));
        let subscribe = move || {
            both.wait();
            gate.fetch_add(1, SeqCst);
            while gate.load(SeqCst) < 2 {}
            // SAFETY: it does nothing.
            unsafe { disposition::subscribe(signal, || ()) }.unwrap()
        };
        let other = thread::spawn(subscribe.clone());
        let one = subscribe();
        let other = other.join().unwrap();
        drop((one, other));
        // SAFETY: it does nothing.
        if unsafe { disposition::hear_rest(signal, || ()) }
            .unwrap()
            .is_none()
        {
            bad.push(signal);
        }
    }
    assert!(bad.is_empty(), "these end the process no more: {bad:?}");
}

/// The same, with `hear_rest` in between.
#[test]
fn who_hears_the_rest_is_not_told_that_nothing_is_left() {
    let mut bad = Vec::new();
    for signal in 35..=64 {
        let both = Arc::new(Barrier::new(2));
        let b = both.clone();
        let gate = Arc::new(AtomicUsize::new(0));
        let g = gate.clone();
        let other = thread::spawn(move || {
            b.wait();
            g.fetch_add(1, SeqCst);
            while g.load(SeqCst) < 2 {}
            // SAFETY: it does nothing.
            unsafe { disposition::subscribe(signal, || ()) }.unwrap()
        });
        both.wait();
        gate.fetch_add(1, SeqCst);
        while gate.load(SeqCst) < 2 {}
        // SAFETY: it does nothing.
        if unsafe { disposition::hear_rest(signal, || ()) }
            .unwrap()
            .is_none()
        {
            bad.push(signal);
        }
        drop(other.join().unwrap());
    }
    assert!(bad.is_empty(), "nobody hears these: {bad:?}");
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

/// A thread that goes is off the idle list and counted still, until its hook
/// has returned; a job that comes meanwhile queues for it.
#[test]
fn a_job_that_comes_while_the_last_thread_goes_is_run() {
    use heist_core::job::Job;
    use heist_io::blocking::Pool;
    use std::sync::{Mutex, mpsc};
    let (going, gone) = mpsc::channel();
    let (let_go, may_go) = mpsc::channel::<()>();
    let (going, may_go) = (Mutex::new(going), Mutex::new(may_go));
    let on_stop = move || {
        let _ = going.lock().unwrap().send(());
        let _ = may_go.lock().unwrap().recv();
    };
    let pool = Pool::new(
        1,
        String::from("test"),
        Box::new(|| ()),
        Box::new(on_stop),
        Box::new(Job::run),
    );
    let (tell, told) = mpsc::channel();
    let tell_2 = tell.clone();
    assert!(Pool::push(&pool, Job::call(move || tell.send(1).unwrap())).is_ok());
    assert_eq!(told.recv(), Ok(1));
    gone.recv().unwrap(); // after ten idle seconds
    assert!(Pool::push(&pool, Job::call(move || tell_2.send(2).unwrap())).is_ok());
    drop(let_go);
    assert_eq!(told.recv(), Ok(2));
}

/// Not every default ends the process, and `end` leaves the handler off.
#[test]
fn a_signal_whose_default_is_nothing_is_heard_again() {
    let heard = Arc::new(AtomicUsize::new(0));
    for round in 1..=2 {
        let count = heard.clone();
        let tell = move || _ = count.fetch_add(1, SeqCst);
        // SAFETY: an atomic.
        let hearing = unsafe { disposition::subscribe(libc::SIGWINCH, tell) }.unwrap();
        // SAFETY: no pointers.
        unsafe { libc::raise(libc::SIGWINCH) };
        assert_eq!(heard.load(SeqCst), round);
        drop(hearing);
        // SAFETY: no pointers.
        unsafe { libc::raise(libc::SIGWINCH) };
    }
}
