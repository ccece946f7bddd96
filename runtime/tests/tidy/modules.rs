//! Which modules does a crate have, in which order?

use crate::{paths, paths::Named, text, tree};
use std::collections::BTreeMap;

/// A module, from its file or files: a `#[path]` under a cfg gives it more than one.
#[derive(Default)]
pub struct Module {
    pub files: Vec<Source>,
    /// In the order of their declarations.
    pub children: Vec<(String, Module)>,
    /// Names that the module's own file takes from a child: name → path from here.
    exports: BTreeMap<String, Vec<String>>,
}

pub struct Source {
    pub path: String,
    /// Without comments, strings and tests.
    pub code: String,
}

/// How the files of a crate are read: by path from the top of the repository.
pub type Read<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Module {
    /// The modules of the crate whose root is `path`.
    pub fn of_crate(path: &str, read: Read) -> Module {
        let (folder, _) = path.rsplit_once('/').expect("a root in a folder");
        let mut root = Module::default();
        root.add(path, folder, read);
        root
    }

    /// The crates that are there, as they stand in the tree.
    pub fn of_tree() -> Vec<(&'static str, Module)> {
        let read = |path: &str| tree::file(path).map(|file| file.text);
        let roots = tree::CRATES.iter().map(|(_, folder)| *folder);
        roots
            .map(|folder| (folder, format!("{folder}/src/lib.rs")))
            .filter(|(_, root)| read(root).is_some())
            .map(|(folder, root)| (folder, Module::of_crate(&root, &read)))
            .collect()
    }

    /// Adds the file `path`, whose children live in `folder`.
    fn add(&mut self, path: &str, folder: &str, read: Read) {
        let Some(raw) = read(path) else { return };
        let code = text::without_tests(&text::code(&raw));
        let named = paths::named(&code);
        for declared in declared(&named) {
            let name = &declared.segments[0];
            let mut child = Module::default();
            let below = format!("{folder}/{name}");
            let (here, _) = path.rsplit_once('/').expect("a file in a folder");
            for other in other_paths(&raw, declared.line) {
                child.add(&format!("{here}/{other}"), &below, read);
            }
            child.add(&format!("{folder}/{name}.rs"), &below, read);
            child.add(&format!("{below}/mod.rs"), &below, read);
            if !child.files.is_empty() && self.child(name).is_none() {
                self.children.push((name.clone(), child));
            }
        }
        for used in named
            .iter()
            .filter(|n| n.keyword == Some("use") && n.depth == 0)
        {
            let path = used.segments.strip_prefix(&["self".to_owned()]);
            let path = path.unwrap_or(&used.segments);
            if path.len() > 1 && self.child(&path[0]).is_some() {
                self.exports
                    .insert(path[path.len() - 1].clone(), path.to_vec());
            }
        }
        let path = path.to_owned();
        self.files.push(Source { path, code });
    }

    pub fn child(&self, name: &str) -> Option<&Module> {
        let mut children = self.children.iter();
        children
            .find(|(known, _)| known == name)
            .map(|(_, child)| child)
    }

    /// Where a child stands in the list.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.children.iter().position(|(known, _)| known == name)
    }

    /// The module that `path`, from the crate's root, leads to, through what modules take from
    /// their children; and whether something of that module is named.
    pub fn resolve(&self, path: &[String]) -> (Vec<String>, Option<String>) {
        let mut module = self;
        let mut at = Vec::new();
        let mut rest = path.to_vec();
        while let Some(first) = rest.first().cloned() {
            if let Some(child) = module.child(&first) {
                at.push(first);
                module = child;
                rest.remove(0);
            } else if let Some(export) = module.exports.get(&first) {
                rest.splice(0..1, export.iter().cloned());
            } else {
                return (at, Some(first));
            }
        }
        (at, None)
    }

    /// Calls `visit` for this module and all below it, parents first.
    pub fn visit<'a>(&'a self, path: &mut Vec<String>, visit: &mut dyn FnMut(&[String], &'a Self)) {
        visit(path, self);
        for (name, child) in &self.children {
            path.push(name.clone());
            child.visit(path, visit);
            path.pop();
        }
    }
}

/// The `mod name;` of a file: a module that begins here, with no block of its own.
fn declared(named: &[Named]) -> impl Iterator<Item = &Named> {
    let modules = named.iter().filter(|n| n.keyword == Some("mod"));
    modules.filter(|n| n.depth == 0 && n.segments.len() == 1)
}

/// What the attributes above line `number` say in `path = "…"`.
fn other_paths(raw: &str, number: usize) -> Vec<String> {
    let above: Vec<&str> = raw.lines().take(number - 1).collect();
    let attributes = above
        .iter()
        .rev()
        .take_while(|line| line.trim().starts_with("#["));
    attributes
        .filter_map(|line| line.split_once("path = \"")?.1.split_once('"'))
        .map(|(path, _)| path.to_owned())
        .collect()
}
