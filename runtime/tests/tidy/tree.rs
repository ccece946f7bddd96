//! Which files are there?

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The published crates and their folders, from the user inwards: a crate may depend only on
/// crates further down.
pub const CRATES: &[(&str, &str)] = &[
    ("heist-http", "io/http"),
    ("heist", "runtime"),
    ("heist-macros", "runtime/macros"),
    ("heist-io", "io"),
    ("heist-timer", "timer"),
    ("heist-core", "runtime/core"),
];

/// Members that nobody depends on: only the ceilings and the dependency rule look at them.
pub const TOOLS: &[&str] = &["benches", ".ci/check-all"];

/// A file and what it says.
pub struct File {
    /// From the top of the repository, with `/`.
    pub path: String,
    pub text: String,
}

/// The top of the repository.
pub fn top() -> PathBuf {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR"));
    runtime.parent().expect("runtime/ has a parent").to_owned()
}

/// Each file below `folder` whose name ends in `ending`, in the order of their paths.
pub fn files(folder: &str, ending: &str) -> Vec<File> {
    let mut found = Vec::new();
    walk(&top().join(folder), &mut found);
    found.sort();
    let mine = found
        .into_iter()
        .filter(|path| name(path).ends_with(ending));
    mine.map(|path| read(&path)).collect()
}

/// The sources of the published crates.
pub fn sources() -> Vec<File> {
    let folders = CRATES.iter().map(|(_, folder)| format!("{folder}/src"));
    folders.flat_map(|folder| files(&folder, ".rs")).collect()
}

/// A file by its path from the top, if it exists.
pub fn file(path: &str) -> Option<File> {
    let path = top().join(path);
    path.is_file().then(|| read(&path))
}

fn read(path: &Path) -> File {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let path = path.strip_prefix(top()).expect("below the top");
    let path = path.to_str().expect("paths here are UTF-8");
    File {
        path: path.to_owned(),
        text,
    }
}

fn name(path: &Path) -> &str {
    let name = path.file_name().expect("a walk ends in names");
    name.to_str().expect("paths here are UTF-8")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("a readable folder").path();
        if !path.is_dir() {
            found.push(path);
        } else if !matches!(name(&path), "target" | ".git") {
            walk(&path, found);
        }
    }
}

#[test]
fn every_member_of_the_workspace_is_known_here() {
    let manifest = file("Cargo.toml").expect("a manifest at the top").text;
    let (_, members) = manifest.split_once("members = [").expect("a member list");
    let (members, _) = members.split_once(']').expect("a closed member list");
    let known = |member: &str| {
        TOOLS.contains(&member) || CRATES.iter().any(|(_, folder)| *folder == member)
    };
    let unknown = members
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|m| !known(m))
        .map(|m| format!("{m}: put it into CRATES or TOOLS"))
        .collect();
    crate::report("a member that no rule looks at", unknown);
}
