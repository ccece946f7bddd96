//! Is each dependency used?

use crate::{exceptions, report, text, tree};

/// The dependencies that a manifest lists, each with the kind of its section.
pub fn listed(manifest: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut section = String::new();
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_end_matches(']');
            let (kind, name) = split_header(header);
            section = kind.to_owned();
            found.extend(name.map(|name| (section.clone(), name.to_owned())));
            if name.is_some() {
                section.clear();
            }
        } else if section.ends_with("dependencies")
            && let Some((key, _)) = line.split_once('=')
            && !line.starts_with('#')
        {
            let name = key.trim().split('.').next().unwrap_or_default();
            found.push((section.clone(), name.trim_matches('"').to_owned()));
        }
    }
    found
}

/// Where a workspace says which version its members share.
const SHARED: &str = "workspace.dependencies";

/// `target.'cfg(x)'.dependencies` → its kind; `dependencies.name` → its kind and the name.
fn split_header(header: &str) -> (&str, Option<&str>) {
    let header = match header.rfind("'.") {
        Some(at) if header.starts_with("target.") => &header[at + 2..],
        _ => header,
    };
    match header.split_once("dependencies.") {
        Some((kind, name)) => (&header[..kind.len() + "dependencies".len()], Some(name)),
        None => (header, None),
    }
}

/// The dependencies of `manifest` that none of `codes` names.
fn unused(manifest: &str, codes: &[String]) -> Vec<String> {
    let mut listed = listed(manifest);
    listed.retain(|(section, name)| {
        if section == SHARED {
            return false;
        }
        let word = name.replace('-', "_");
        let names = |code: &String| text::has_word(code, &word);
        !codes.iter().any(names)
    });
    listed.into_iter().map(|(_, name)| name).collect()
}

/// The code of a package: its own folders, and the folder of a library that it shares.
fn codes(folder: &str, manifest: &str) -> Vec<String> {
    let mut folders = ["src", "tests", "benches", "examples"]
        .map(str::to_owned)
        .to_vec();
    let library = manifest.lines().filter_map(|line| {
        let path = line.trim().strip_prefix("path = \"")?.strip_suffix('"')?;
        path.strip_suffix("/lib.rs").map(str::to_owned)
    });
    folders.extend(library);
    let below = |inner: &String| tree::files(&format!("{folder}{inner}"), ".rs");
    let files = folders.iter().flat_map(below);
    let files = files.chain(tree::file(&format!("{folder}build.rs")));
    files.map(|file| text::code(&file.text)).collect()
}

#[test]
fn each_package_uses_what_it_depends_on() {
    let mut found = Vec::new();
    for manifest in tree::files("", "Cargo.toml") {
        let folder = manifest.path.trim_end_matches("Cargo.toml");
        if folder.is_empty() {
            continue;
        }
        let codes = codes(folder, &manifest.text);
        let names = unused(&manifest.text, &codes).into_iter();
        found.extend(names.map(|name| format!("{}: `{name}`", manifest.path)));
    }
    found.retain(|line| !exceptions::allowed(exceptions::DEPENDENCIES, line));
    report("an unused dependency", found);
}

/// What `workspace` shares and none of its `members`, itself among them, depends on.
fn unshared(workspace: &str, members: &[&str]) -> Vec<String> {
    let all = members.iter().flat_map(|manifest| listed(manifest));
    let used: Vec<_> = all.filter(|(section, _)| section != SHARED).collect();
    let shared = listed(workspace)
        .into_iter()
        .filter(|(section, _)| section == SHARED);
    shared
        .map(|(_, name)| name)
        .filter(|name| used.iter().all(|(_, known)| known != name))
        .collect()
}

#[test]
fn what_a_workspace_shares_some_member_depends_on() {
    let mut found = Vec::new();
    for workspace in tree::files("", "Cargo.toml") {
        let folder = workspace.path.trim_end_matches("Cargo.toml");
        let members = tree::files(folder, "Cargo.toml");
        let texts: Vec<&str> = members.iter().map(|member| member.text.as_str()).collect();
        let names = unshared(&workspace.text, &texts).into_iter();
        found.extend(names.map(|name| format!("{}: `{name}`", workspace.path)));
    }
    found.retain(|line| !exceptions::allowed(exceptions::DEPENDENCIES, line));
    report("in [workspace.dependencies], and nobody's", found);
}

#[test]
fn manifests_are_read_in_each_of_their_forms() {
    let manifest = "[dependencies]\na.workspace = true\nb-c = { version = \"1\" }\n# d = \"1\"\n\
         [dependencies.e]\nversion = \"1\"\n[features]\nf = []\n\
         [target.'cfg(unix)'.dependencies]\ng = \"1\"\n[dev-dependencies]\n\"h\" = \"1\"\n\
         [workspace.dependencies]\ni = \"1\"";
    let names = listed(manifest).into_iter().map(|(_, name)| name);
    assert_eq!(names.collect::<Vec<_>>(), ["a", "b-c", "e", "g", "h", "i"]);
    let code = "use a::A; b_c::d(); h!(); fn g(i: I) {}".to_owned();
    assert_eq!(unused(manifest, &[code]), ["e"]);
    assert_eq!(unshared(manifest, &[manifest]), ["i"]);
    assert_eq!(
        unshared(manifest, &[manifest, "[dependencies]\ni.workspace = true"]).len(),
        0
    );
}
