//! Does a search for another library's word find ours?
//!
//! The names of asyncio and tokio whose counterpart exists: each is an item's name here, or a
//! `#[doc(alias)]` of one.

use crate::{report, tree};

/// asyncio's, as one writes them.
const ASYNCIO: &[&str] = &[
    "run",
    "Runner",
    "create_task",
    "ensure_future",
    "Task.cancel",
    "cancel",
    "cancelled",
    "done",
    "set_name",
    "current_task",
    "all_tasks",
    "get_running_loop",
    "get_event_loop",
    "new_event_loop",
    "run_until_complete",
    "run_coroutine_threadsafe",
    "run_in_executor",
    "to_thread",
    "gather",
    "return_exceptions",
    "as_completed",
    "wait_for",
    "FIRST_COMPLETED",
    "timeout",
    "timeout_at",
    "reschedule",
    "sleep",
    "call_later",
    "call_at",
    "loop.time",
    "TimeoutError",
    "CancelledError",
    "ExceptionGroup",
    "eager_start",
    "eager_task_factory",
    "ContextVar",
    "contextvars",
    "async_generator",
    "anext",
    "aclosing",
    "async with",
    "__aexit__",
    "Future",
    "set_result",
    "Queue",
    "put",
    "get",
    "put_nowait",
    "get_nowait",
    "qsize",
    "empty",
    "QueueEmpty",
    "QueueFull",
    "QueueShutDown",
    "open_connection",
    "start_server",
    "StreamReader",
    "StreamWriter",
    "readexactly",
    "drain",
    "write_eof",
    "get_extra_info",
    "getaddrinfo",
    "sock_connect",
    "sock_accept",
    "sock_recv",
    "sock_sendall",
    "add_signal_handler",
    "KeyboardInterrupt",
    "print_call_graph",
    "capture_call_graph",
];

/// tokio's.
const TOKIO: &[&str] = &[
    "main",
    "test",
    "Runtime",
    "Builder",
    "Handle",
    "new_current_thread",
    "new_multi_thread",
    "worker_threads",
    "max_blocking_threads",
    "thread_name",
    "on_thread_start",
    "on_thread_stop",
    "rng_seed",
    "start_paused",
    "block_on",
    "spawn",
    "spawn_local",
    "spawn_blocking",
    "shutdown_timeout",
    "JoinHandle",
    "AbortHandle",
    "JoinError",
    "JoinSet",
    "join_next",
    "LocalSet",
    "LocalKey",
    "task_local",
    "TaskLocalFuture",
    "yield_now",
    "try_id",
    "Id",
    "join",
    "try_join",
    "join_all",
    "try_join_all",
    "select",
    "Sleep",
    "sleep_until",
    "Interval",
    "interval_at",
    "MissedTickBehavior",
    "set_missed_tick_behavior",
    "Instant",
    "Elapsed",
    "pause",
    "resume",
    "advance",
    "TcpListener",
    "TcpStream",
    "ToSocketAddrs",
    "lookup_host",
    "into_split",
    "OwnedReadHalf",
    "OwnedWriteHalf",
    "ctrl_c",
    "mpsc",
    "oneshot",
    "FuturesUnordered",
    "buffer_unordered",
    "TryCurrentError",
];

/// Whether `sources` have it, as an alias or as an item.
fn is_found(sources: &str, name: &str) -> bool {
    let is_item = |kind| {
        [" ", "!", "(", "<", "{", ";"].iter().any(|end| {
            let end = if kind == "macro_rules!" { " " } else { end };
            sources.contains(&format!("{kind} {name}{end}"))
        })
    };
    sources.contains(&format!("doc(alias = \"{name}\")"))
        || [
            "pub fn",
            "pub struct",
            "pub enum",
            "pub trait",
            "macro_rules!",
        ]
        .into_iter()
        .any(is_item)
}

#[test]
fn the_words_of_other_libraries_lead_here() {
    let sources: String = tree::sources().into_iter().map(|file| file.text).collect();
    let all = ASYNCIO.iter().chain(TOKIO);
    let missing = all.filter(|name| !is_found(&sources, name));
    report(
        "no item and no alias",
        missing.map(|name| name.to_string()).collect(),
    );
}

#[test]
fn a_word_is_found_as_an_alias_or_an_item_and_not_as_a_part_of_one() {
    let sources = "#[doc(alias = \"wait_for\")]\npub fn timeout<F>(\npub struct Sleep(Alarm);";
    for name in ["wait_for", "timeout", "Sleep"] {
        assert!(is_found(sources, name), "{name}");
    }
    for name in ["wait", "time", "Slee", "Alarm"] {
        assert!(!is_found(sources, name), "{name}");
    }
}
