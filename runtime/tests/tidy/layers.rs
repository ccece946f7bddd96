//! Do imports point down?
//!
//! A crate's `lib.rs` lists its modules from the user inwards, a folder's `mod.rs` its files. A
//! module names only modules further down its list; what `lib.rs` itself defines, nobody below
//! names. A `mod.rs` may hold a type that its files share. Crates point down as `tree::CRATES`
//! lists them, and the scheduler moves jobs: it does not know what a future is.

use crate::{
    dependencies, exceptions,
    modules::{Module, Read},
    paths::{self, Named},
    report, text, tree,
};

/// What is wrong in the crate `root`, whose files `read` reads.
fn upward(root: &Module) -> Vec<String> {
    let mut found = Vec::new();
    root.visit(&mut Vec::new(), &mut |here, module| {
        for source in &module.files {
            for named in paths::named(&source.code) {
                // `crate` and `super` alone are visibilities.
                let Some(path) = absolute(&named, here).filter(|_| named.segments.len() > 1) else {
                    continue;
                };
                if let Some(why) = wrong(root, here, &path) {
                    let named = named_text(&named);
                    found.push(format!("{}:{named} {why}", source.path));
                }
            }
        }
    });
    found
}

fn named_text(named: &Named) -> String {
    format!("{}: `{}`", named.line, named.segments.join("::"))
}

/// The path from the crate's root, if `named` is a path within the crate.
fn absolute(named: &Named, here: &[String]) -> Option<Vec<String>> {
    let first = named.segments.first()?;
    if first == "crate" {
        return Some(named.segments[1..].to_vec());
    }
    let supers = named.segments.iter().take_while(|s| *s == "super").count();
    let up = supers.checked_sub(named.inline).filter(|up| *up > 0)?;
    let base = &here[..here.len().checked_sub(up)?];
    Some([base, &named.segments[supers..]].concat())
}

/// Why the module `here` may not name `path`.
fn wrong(root: &Module, here: &[String], path: &[String]) -> Option<String> {
    if here.is_empty() {
        return None;
    }
    let (target, mut item) = root.resolve(path);
    let mut target = target;
    if let (true, Some(name)) = (target.is_empty(), &item)
        && let Some(home) = home_of_macro(root, name)
    {
        target = home;
        item = None;
    }
    let common = here.iter().zip(&target).take_while(|(a, b)| a == b).count();
    if common == here.len() {
        return None;
    }
    if common == target.len() {
        return match item.as_deref() {
            Some("*") => Some("takes everything from above: name what is used".to_owned()),
            _ if common == 0 => Some("is of the crate's root: name the module it lives in".into()),
            _ => None,
        };
    }
    let mut parent = root;
    for name in &here[..common] {
        parent = parent.child(name).expect("a module on the way to this one");
    }
    let up = parent.place(&target[common]) < parent.place(&here[common]);
    up.then(|| {
        let (mine, other) = (&here[common], &target[common]);
        format!("points up: `{other}` is listed above `{mine}`")
    })
}

/// The module whose file defines the exported macro `name`.
fn home_of_macro(root: &Module, name: &str) -> Option<Vec<String>> {
    let mut home = None;
    root.visit(&mut Vec::new(), &mut |here, module| {
        let mut codes = module.files.iter().map(|source| &source.code);
        if codes.any(|code| code.contains(&format!("macro_rules! {name} "))) {
            home = Some(here.to_vec());
        }
    });
    home
}

/// Dependencies of a crate on a crate that is not further down.
fn upward_crates(folder: &str, manifest: &str) -> Vec<String> {
    let place = tree::CRATES.iter().position(|(_, known)| *known == folder);
    let below = &tree::CRATES[place.expect("a known crate") + 1..];
    let ours = |name: &str| tree::CRATES.iter().any(|(known, _)| *known == name);
    let normal = dependencies::listed(manifest)
        .into_iter()
        .filter(|(section, name)| section == "dependencies" && ours(name));
    normal
        .filter(|(_, name)| below.iter().all(|(known, _)| known != name))
        .map(|(_, name)| format!("{folder}/Cargo.toml: `{name}` is not below this crate"))
        .collect()
}

/// Words of the task layer in the text of a scheduler's file.
fn futures(path: &str, code: &str) -> Vec<String> {
    let words = ["Future", "Poll", "Context"];
    let lines = code.lines().enumerate();
    lines
        .flat_map(|(at, line)| words.map(|word| (at + 1, line, word)))
        .filter(|(_, line, word)| text::has_word(line, word))
        .map(|(number, _, word)| format!("{path}:{number}: `{word}`"))
        .collect()
}

#[test]
fn modules_point_down() {
    let crates = Module::of_tree();
    let found = crates.iter().flat_map(|(_, root)| upward(root));
    let found = found.filter(|line| !exceptions::allowed(exceptions::LAYERS, line));
    report("a module names what is above it", found.collect());
}

#[test]
fn every_source_is_reached_from_its_crate_root() {
    let mut reached = Vec::new();
    for (_, root) in &Module::of_tree() {
        root.visit(&mut Vec::new(), &mut |_, module| {
            reached.extend(module.files.iter().map(|source| source.path.clone()));
        });
    }
    let dead = tree::sources().into_iter().map(|file| file.path);
    let dead = dead.filter(|path| !reached.contains(path));
    report("no `mod` line leads to these files", dead.collect());
}

#[test]
fn crates_point_down() {
    let manifests = tree::CRATES.iter().filter_map(|(_, folder)| {
        let manifest = tree::file(&format!("{folder}/Cargo.toml"))?;
        Some(upward_crates(folder, &manifest.text))
    });
    report(
        "a crate depends on one above it",
        manifests.flatten().collect(),
    );
}

#[test]
fn the_scheduler_moves_jobs_and_knows_no_futures() {
    let files = tree::files("runtime/src/scheduler", ".rs");
    let found = files
        .iter()
        .flat_map(|f| futures(&f.path, &text::code(&f.text)));
    let found = found.filter(|line| !exceptions::allowed(exceptions::LAYERS, line));
    report("the scheduler names the task layer", found.collect());
}

mod tests {
    use super::*;

    fn check(files: &[(&str, &str)]) -> Vec<String> {
        let read: Read = &|path| {
            let file = files.iter().find(|(known, _)| *known == path);
            file.map(|(_, text)| (*text).to_owned())
        };
        upward(&Module::of_crate("c/lib.rs", read))
    }

    const ROOT: (&str, &str) = (
        "c/lib.rs",
        "mod a; mod b; mod c; pub use b::B; use c::x::X;",
    );

    #[test]
    fn downward_names_pass() {
        let files = [
            ROOT,
            (
                "c/a.rs",
                "use crate::{b::B, c}; fn f() { crate::c::x::f() }",
            ),
            ("c/b.rs", "use super::c::X; mod inner { use super::B; }"),
            ("c/c/mod.rs", "mod x; mod y; pub use x::X; pub struct Own;"),
            (
                "c/c/x.rs",
                "use super::{Own, y::Y}; crate::m!(); pub(crate) fn f() {}",
            ),
            (
                "c/c/y.rs",
                "#[cfg(test)] mod t { use crate::a::A; }\nmacro_rules! m { () => {} }",
            ),
        ];
        assert_eq!(check(&files), Vec::<String>::new());
    }

    #[test]
    fn upward_names_do_not() {
        let bad = |name: &str, text: &str| {
            let mut files = vec![
                ROOT,
                ("c/a.rs", ""),
                ("c/b.rs", ""),
                ("c/c/mod.rs", "mod x; mod y; pub use x::X;"),
                ("c/c/x.rs", ""),
                ("c/c/y.rs", ""),
            ];
            files.retain(|(known, _)| *known != name);
            files.push((name, text));
            check(&files).len()
        };
        assert_eq!(bad("c/b.rs", "use crate::a::A;"), 1);
        assert_eq!(bad("c/b.rs", "fn f() { super::a::f() }"), 1);
        assert_eq!(
            bad("c/c/mod.rs", "mod x; mod y; use crate::B;"),
            1,
            "through an export"
        );
        assert_eq!(
            bad("c/c/y.rs", "use super::X;"),
            1,
            "through an export of a folder"
        );
        assert_eq!(bad("c/c/x.rs", "use super::*;"), 1, "everything");
        assert_eq!(bad("c/b.rs", "use crate::Own;"), 1, "of the root itself");
        assert_eq!(
            bad("c/a.rs", "use super::super::a;"),
            0,
            "does not compile anyway"
        );
    }

    #[test]
    fn crates_are_checked_by_their_manifests() {
        let timer = |text| upward_crates("timer", text).len();
        assert_eq!(timer("[dependencies]\nheist-core.workspace = true"), 0);
        assert_eq!(timer("[dependencies]\nheist-io.workspace = true"), 1);
        assert_eq!(timer("[dev-dependencies]\nheist = { path = \"..\" }"), 0);
    }

    #[test]
    fn futures_are_words() {
        assert_eq!(futures("f", "struct FutureJob; // fine").len(), 0);
        assert_eq!(
            futures("f", "fn poll(cx: &mut Context<'_>) -> Poll<()>").len(),
            2
        );
    }
}
