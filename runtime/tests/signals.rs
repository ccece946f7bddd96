//! What a signal does to a program (semantics: Running). Real processes, real signals.
//!
//! A program is this test's own executable, told by a variable which one to be.

#[path = "support/program.rs"]
mod program;

use heist::{__private, Builder, signal::ctrl_c};
use program::{Program, say};
use std::{
    future::pending, io::Read as _, os::unix::process::ExitStatusExt as _, process::Command,
    time::Duration,
};

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

struct SaysWhenDropped(&'static str);

impl Drop for SaysWhenDropped {
    fn drop(&mut self) {
        say(self.0);
    }
}

#[heist::main(workers = 2)]
async fn sleeps() {
    let _root = SaysWhenDropped("root dropped");
    heist::spawn(async {
        let _child = SaysWhenDropped("child dropped");
        say("ready");
        pending::<()>().await;
    });
    pending::<()>().await;
}

#[heist::main(local)]
async fn sleeps_locally() {
    let _root = std::rc::Rc::new(SaysWhenDropped("root dropped"));
    say("ready");
    pending::<()>().await;
}

#[heist::main(workers = 2, signals = false)]
async fn is_deaf() {
    let _root = SaysWhenDropped("root dropped");
    say("ready");
    pending::<()>().await;
}

#[heist::main(workers = 2)]
async fn hears_one() {
    let first = ctrl_c();
    heist::gather!(first, async { say("ready") })
        .await
        .0
        .unwrap();
    say("heard");
    // Nobody hears the next one.
    pending::<()>().await;
}

#[heist::main(workers = 2)]
async fn decides() -> std::process::ExitCode {
    heist::gather!(ctrl_c(), async { say("ready") })
        .await
        .0
        .unwrap();
    std::process::ExitCode::from(7)
}

/// Blocks the worker, and with it any shutdown.
fn park() -> ! {
    say("ready");
    loop {
        std::thread::park();
    }
}

async fn is_stuck() {
    park();
}

fn is_stuck_for(grace: Duration) -> std::process::ExitCode {
    __private::main(
        Builder::new().workers(2).shutdown_timeout(grace),
        true,
        is_stuck(),
    )
}

fn for_ever() -> Builder {
    Builder::new()
        .workers(2)
        .shutdown_timeout(Duration::from_secs(3600))
}

/// The same, while it keeps stderr from others.
fn is_stuck_with_stderr() -> std::process::ExitCode {
    __private::main(for_ever(), true, async {
        let _err = std::io::stderr().lock();
        park();
    })
}

/// The root returns, and what another task owns does not let the runtime end.
fn ends_slowly() -> std::process::ExitCode {
    struct Parks;
    impl Drop for Parks {
        fn drop(&mut self) {
            park();
        }
    }
    __private::main(for_ever(), true, async {
        let (tell, told) = heist::sync::oneshot();
        heist::spawn(async move {
            let _parks = Parks;
            tell.send(()).unwrap();
            pending::<()>().await;
        });
        told.await.unwrap();
    })
}

/// Without the attribute: a signal that was heard once ends the program again.
fn runs() {
    heist::run(async {
        heist::gather!(ctrl_c(), async { say("ready") })
            .await
            .0
            .unwrap();
        say("heard");
        pending::<()>().await;
    });
}

/// Hears signals, and never comes to see what it has heard.
fn is_stuck_itself() -> std::process::ExitCode {
    let _heard = heist_io::termination::Termination::new().unwrap();
    park();
}

/// Ends when its standard input does.
#[heist::main(workers = 2)]
async fn reads() {
    say("ready");
    heist::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()))
        .await
        .unwrap()
        .unwrap();
}

/// The program of this process, if it is one.
#[test]
fn program() {
    let Some(name) = program::name() else {
        return;
    };
    let code = match name.as_str() {
        "sleeps" => sleeps(),
        "sleeps_locally" => sleeps_locally(),
        "is_deaf" => is_deaf(),
        "hears_one" => hears_one(),
        "decides" => decides(),
        "is_stuck" => is_stuck_for(Duration::from_secs(3600)),
        "is_stuck_for_100_ms" => is_stuck_for(Duration::from_millis(100)),
        "is_stuck_with_stderr" => is_stuck_with_stderr(),
        "is_stuck_itself" => is_stuck_itself(),
        "ends_slowly" => ends_slowly(),
        "runs" => return runs(),
        "reads" => reads(),
        other => panic!("no program `{other}`"),
    };
    say(&format!("returned {code:?}"));
}

#[test]
fn a_signal_nobody_waits_for_cancels_everything_and_ends_the_process() {
    for signal in [SIGINT, SIGTERM] {
        let program = Program::start("sleeps");
        program.signal(signal);
        let (status, out, err) = program.end();
        assert_eq!(
            status.signal(),
            Some(signal),
            "its parent sees the truth (V47)"
        );
        assert!(
            out.contains("root dropped") && out.contains("child dropped"),
            "{out}"
        );
        assert_eq!(err, "", "an orderly end needs no words");
    }
}

#[test]
fn a_local_root_is_stopped_like_any_other() {
    let program = Program::start("sleeps_locally");
    program.signal(SIGINT);
    let (status, out, _) = program.end();
    assert_eq!(status.signal(), Some(SIGINT));
    assert!(out.contains("root dropped"), "{out}");
}

#[test]
fn a_program_may_leave_signals_as_they_are() {
    let program = Program::start("is_deaf");
    program.signal(SIGINT);
    let (status, out, _) = program.end();
    assert_eq!(status.signal(), Some(SIGINT));
    assert!(
        !out.contains("root dropped"),
        "the kernel does not drop: {out}"
    );
}

#[test]
fn who_waits_for_ctrl_c_decides() {
    let program = Program::start("decides");
    program.signal(SIGINT);
    let (status, out, _) = program.end();
    assert!(status.success(), "V48: {status}");
    assert!(
        out.contains("returned ExitCode(unix_exit_status(7))"),
        "{out}"
    );
}

#[test]
fn a_subscription_that_is_gone_decides_nothing() {
    for name in ["hears_one", "runs"] {
        let mut program = Program::start(name);
        program.signal(SIGINT);
        program.wait_for("heard");
        program.signal(SIGINT);
        let (status, ..) = program.end();
        assert_eq!(status.signal(), Some(SIGINT), "{name}");
    }
}

#[test]
fn a_subscription_is_for_its_own_signal() {
    let program = Program::start("decides");
    program.signal(SIGTERM);
    let (status, ..) = program.end();
    assert_eq!(status.signal(), Some(SIGTERM));
}

#[test]
fn a_second_signal_ends_a_program_that_is_stuck_and_says_where() {
    let program = Program::start("is_stuck");
    program.signal(SIGINT);
    program.signal(SIGTERM);
    let (status, _, err) = program.end();
    // Sent before the other was looked at, either may be the second.
    assert!(
        matches!(status.signal(), Some(SIGINT | SIGTERM)),
        "{status}"
    );
    assert!(
        err.contains("1 tasks on 2 workers") && err.contains("is_stuck"),
        "{err}"
    );
}

#[test]
fn a_program_that_is_stuck_ends_with_the_grace_and_says_where() {
    let program = Program::start("is_stuck_for_100_ms");
    program.signal(SIGINT);
    let (status, _, err) = program.end();
    assert_eq!(status.signal(), Some(SIGINT));
    assert!(
        err.contains("1 tasks on 2 workers") && err.contains("is_stuck"),
        "{err}"
    );
}

#[test]
fn a_signal_ends_a_shutdown_that_nobody_wants_to_wait_for() {
    for signal in [SIGINT, SIGTERM] {
        let program = Program::start("ends_slowly");
        program.signal(signal);
        let (status, _, err) = program.end();
        assert_eq!(status.signal(), Some(signal));
        assert!(err.contains("1 tasks on 2 workers"), "{err}");
    }
}

#[test]
fn a_closed_stderr_is_no_reason_to_live() {
    let mut program = Program::start("is_stuck");
    drop(program.err.take());
    program.signal(SIGINT);
    program.signal(SIGTERM);
    let (status, ..) = program.end();
    assert!(status.signal().is_some(), "{status}");
}

/// The second signal waits to say who was left; the third one ends it whatever happens.
#[test]
fn nor_is_one_that_somebody_holds_for_ever() {
    let program = Program::start("is_stuck_with_stderr");
    for signal in [SIGINT, SIGTERM, SIGTERM] {
        program.signal(signal);
    }
    let (status, ..) = program.end();
    assert!(status.signal().is_some(), "{status}");
}

/// The same, when nobody comes to the second one either.
#[test]
fn the_third_signal_needs_nobody() {
    let program = Program::start("is_stuck_itself");
    for signal in [SIGINT, SIGTERM, SIGINT] {
        program.signal(signal);
    }
    let (status, ..) = program.end();
    assert_eq!(status.signal(), Some(SIGINT));
}

#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let mut shell = Command::new("sh");
    let this = std::env::current_exe().expect("a test has a path");
    shell.args([
        "-c",
        r#"trap "" INT; exec "$0" --exact program --nocapture"#,
    ]);
    shell.arg(this);
    let mut program = Program::of(shell, "reads");
    program.signal(SIGINT);
    drop(program.child.stdin.take());
    let (status, out, _) = program.end();
    assert!(status.success(), "{status}");
    assert!(out.contains("returned"), "{out}");
}
