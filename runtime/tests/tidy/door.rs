//! Do atomics, locks, cells, threads and deques come through one door?
//!
//! `heist_core::primitive` is that door: models can look behind it, and nowhere else. The same
//! holds for the clock, whose door is `timer/src/clock.rs`. Tests may use what they like.

use crate::{exceptions, paths, report, text, tree};

/// The folder that may name what stands behind it.
const DOOR: &str = "runtime/core/src/primitive/";

/// What only the door names, by the beginning of its path.
const BEHIND: &[&str] = &[
    "std::sync",
    "core::sync",
    "alloc::sync",
    "std::thread",
    "std::thread_local",
    "std::cell::UnsafeCell",
    "core::cell::UnsafeCell",
    "std::hint::spin_loop",
    "std::task::Wake",
    "crossbeam_deque",
    "crossbeam_utils",
    "parking_lot",
    "loom",
];

/// What loom cannot model, so that nobody names it: the last words of a path or a method.
const NOBODY: &[&str] = &["try_lock", "Weak", "SeqCst"];

/// Where the real clock is read.
const CLOCK: &str = "timer/src/clock.rs";

fn past_the_door(path: &str, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for named in paths::named(code) {
        let full = named.segments.join("::");
        let behind = BEHIND.iter().any(|known| {
            let rest = full.strip_prefix(known);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        });
        let bare_local = full == "thread_local" && is_macro(code, named.line, "thread_local");
        if behind || bare_local {
            found.push(format!(
                "{path}:{}: `{full}` is behind the door",
                named.line
            ));
        }
    }
    for (at, line) in code.lines().enumerate() {
        let fence = line.contains("fence(Ordering::SeqCst)");
        for word in NOBODY.iter().filter(|word| text::has_word(line, word)) {
            if *word != "SeqCst" || !fence {
                found.push(format!("{path}:{}: no model sees `{word}`", at + 1));
            }
        }
        let clock = line.contains("std::time::Instant::now") || line.contains("SystemTime::now");
        if clock && path != CLOCK {
            found.push(format!("{path}:{}: the clock is read in {CLOCK}", at + 1));
        }
    }
    found
}

fn is_macro(code: &str, line: usize, name: &str) -> bool {
    let line = code.lines().nth(line - 1).unwrap_or_default();
    line.trim_start().starts_with(&format!("{name}!"))
}

#[test]
fn the_tree_goes_through_the_door() {
    let sources = tree::sources().into_iter();
    let found = sources
        .filter(|file| !file.path.starts_with(DOOR))
        .flat_map(|file| {
            let code = text::without_tests(&text::code(&file.text));
            past_the_door(&file.path, &code)
        })
        .filter(|line| !exceptions::allowed(exceptions::DOOR, line));
    report("past the one door", found.collect());
}

#[test]
fn the_door_is_passed_in_any_spelling() {
    let bad = [
        "use std::sync::Arc;",
        "use std::{fmt, sync::atomic::AtomicU8};",
        "fn f() { std::thread::yield_now() }",
        "thread_local! { static A: u8 = 1; }",
        "use parking_lot::Mutex;",
        "a.load(Ordering::SeqCst)",
        "if let Some(guard) = lock.try_lock() {}",
        "std::time::Instant::now()",
    ];
    for text in bad {
        assert_eq!(past_the_door("f", text).len(), 1, "{text}");
    }
    let good = [
        "use std::{fmt, cell::Cell, sync_like::A};",
        "use heist_core::primitive::{Arc, atomic::AtomicU8, thread};",
        "primitive::thread_local! { static A: u8 = 1; }",
        "fence(Ordering::SeqCst);",
        "Instant::now()",
    ];
    for text in good {
        assert_eq!(past_the_door("f", text), Vec::<String>::new(), "{text}");
    }
}
