//! Does the tree keep the rules that a machine can check?
//!
//! The rest of the house style is kept by reading. Each rule lives in a file of its own, tests
//! itself with a tiny good and a tiny bad text, and then looks at the whole tree. What may break a
//! rule is named, with its reason, in `exceptions.rs` and nowhere else.

#[path = "tidy/aliases.rs"]
mod aliases; // another library's word leads to ours
#[path = "tidy/ceilings.rs"]
mod ceilings; // files of 500 lines, functions of 70, lines of 100 columns
#[path = "tidy/dependencies.rs"]
mod dependencies; // each dependency is used
#[path = "tidy/door.rs"]
mod door; // atomics, locks, cells, threads and deques come through one door
#[path = "tidy/documents.rs"]
mod documents; // what documents name exists
#[path = "tidy/layers.rs"]
mod layers; // imports point down
#[path = "tidy/orderings.rs"]
mod orderings; // an ordering says what it pairs with
#[path = "tidy/unsafe_list.rs"]
mod unsafe_list; // where `unsafe` stands, and how much of it

#[path = "tidy/exceptions.rs"]
mod exceptions; // what may break a rule, and why
#[path = "tidy/modules.rs"]
mod modules; // a crate's modules in reading order
#[path = "tidy/paths.rs"]
mod paths; // the paths that a text names
#[path = "tidy/text.rs"]
mod text; // Rust without its comments and strings
#[path = "tidy/tree.rs"]
mod tree; // which files there are

/// Fails with one line for each finding.
#[track_caller]
fn report(rule: &str, findings: Vec<String>) {
    assert!(
        findings.is_empty(),
        "\n{rule}\n  {}\n",
        findings.join("\n  ")
    );
}
