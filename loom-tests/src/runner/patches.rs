//! Would the models notice a step left out?
//!
//! Each file in `patches/` takes one step out of a protocol, in a copy of the project. Its first
//! line, `models: a b`, names the models of which one must fail.

use super::here;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Applies each patch, and runs its models. How many there are.
pub fn judge() -> Result<usize, String> {
    let copy = here().join("target/patched");
    let mut patches: Vec<_> = fs::read_dir(here().join("patches"))
        .map_err(|error| error.to_string())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    patches.sort();
    let mut changed = Vec::new();
    for patch in &patches {
        changed.extend(files(patch, &copy)?);
    }
    for patch in &patches {
        let name = patch
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(patch).map_err(|error| error.to_string())?;
        let models = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("models: "));
        let models = models.ok_or(format!("{name}: the first line is `models: …`"))?;
        apply(patch, &copy)?;
        // They are what they were before the last patch, and the last build has not seen that. Of
        // an earlier run's last patch nothing is known, so at first it may be any.
        run(Command::new("touch").args(&changed).status(), "touch")?;
        changed = files(patch, &copy)?;
        build(&copy, &name)?;
        if !models.split(' ').any(|model| fails(&copy, model)) {
            return Err(format!("no model notices the patch {name}"));
        }
        println!("caught: patch {name}");
    }
    Ok(patches.len())
}

/// What the patch changes in the copy.
fn files(patch: &Path, copy: &Path) -> Result<Vec<PathBuf>, String> {
    let text = fs::read_to_string(patch).map_err(|error| error.to_string())?;
    let names = text.lines().filter_map(|line| line.strip_prefix("+++ b/"));
    Ok(names.map(|name| copy.join("sources").join(name)).collect())
}

/// A fresh copy of the sources, and the patch on it.
fn apply(patch: &Path, copy: &Path) -> Result<(), String> {
    let _ = fs::remove_dir_all(copy.join("sources"));
    let sources = copy.join("sources");
    fs::create_dir_all(&sources).map_err(|error| error.to_string())?;
    let root = here().join("..");
    // The macros' manifest takes its settings from the root's, which names every member.
    let parts = ["runtime", "timer", "io", ".ci", "Cargo.toml"].map(|part| root.join(part));
    copy_into(&parts, &sources)?;
    let tests = sources.join("loom-tests");
    fs::create_dir_all(&tests).map_err(|error| error.to_string())?;
    let parts = ["Cargo.toml", "Cargo.lock", "src", "twins", "tests"];
    copy_into(&parts.map(|part| here().join(part)), &tests)?;
    let applied = Command::new("patch")
        .args(["--quiet", "--strip=1", "--input"])
        .arg(patch)
        .current_dir(&sources)
        .status();
    run(applied, &format!("patch {}", patch.display()))
}

fn copy_into(parts: &[PathBuf], to: &Path) -> Result<(), String> {
    run(
        // With their times, so that a build begins with what the patch has changed.
        Command::new("cp").arg("-rp").args(parts).arg(to).status(),
        "cp",
    )
}

fn build(copy: &Path, name: &str) -> Result<(), String> {
    let built = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--bin", "model"])
        .env("CARGO_TARGET_DIR", copy.join("target"))
        .current_dir(copy.join("sources/loom-tests"))
        .stderr(Stdio::null())
        .status();
    run(built, &format!("the build with {name}"))
}

fn fails(copy: &Path, model: &str) -> bool {
    let ran = Command::new("timeout")
        .arg("60")
        .arg(copy.join("target/release/model"))
        .args(["--run", model])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ran.is_ok_and(|status| !matches!(status.code(), Some(0 | 124..=127)))
}

fn run(status: std::io::Result<std::process::ExitStatus>, what: &str) -> Result<(), String> {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{what}: {status}")),
        Err(error) => Err(format!("{what}: {error}")),
    }
}
