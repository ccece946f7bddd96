//! Would the models notice a weaker ordering?
//!
//! Each ordering is weakened by one step, and the models that pass its site run until one fails,
//! the smallest first. A model that goes on for ever has not caught anything; one that never
//! reaches the mutant proves nothing.

use super::Reports;
use heist_models::check::{ENDLESS, UNREACHED};
use std::{
    collections::BTreeMap,
    env,
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

/// As long as one model may take with a mutant, in seconds. The slowest takes a third of it
/// without.
const SECONDS: &str = "60";

/// One operation with an ordering.
#[derive(Debug)]
pub struct Site {
    /// From the project's root.
    pub file: String,
    pub line: usize,
    /// Column, operation, and ordering as written.
    pub what: String,
    /// The steps down, as the environment names them.
    mutants: Vec<String>,
    /// The models that caught the steps, if all were caught.
    pub caught_by: Option<String>,
}

impl Site {
    pub fn name(&self) -> String {
        format!("{}:{} {}", self.file, self.line, self.what)
    }
}

/// Runs every mutant.
pub fn judge(reports: &Reports) -> Result<Vec<Site>, String> {
    let mut sites = sites(reports)?;
    let next = AtomicUsize::new(0);
    let caught = Mutex::new(BTreeMap::new());
    let work = || -> Result<(), String> {
        while let Some(site) = sites.get(next.fetch_add(1, Relaxed)) {
            let by = catch(site, reports)?;
            let says = by.as_deref().map_or("NOT caught", |_| "caught");
            println!("{says}: {}", site.name());
            caught.lock().expect("no panic").insert(site.name(), by);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().expect("no panic"))
    })?;
    let mut caught = caught.into_inner().expect("no panic");
    for site in &mut sites {
        site.caught_by = caught.remove(&site.name()).flatten();
    }
    Ok(sites)
}

/// The sites that any model has passed.
fn sites(reports: &Reports) -> Result<Vec<Site>, String> {
    let mut sites = BTreeMap::<_, Vec<String>>::new();
    // The models have orderings of their own, which are not heist's.
    let all = reports.values().flat_map(|report| &report.mutants);
    for mutant in all.filter(|mutant| !mutant.starts_with("src/")) {
        let (site, _) = mutant
            .rsplit_once('>')
            .ok_or(format!("no step in `{mutant}`"))?;
        let mutants = sites.entry(site.to_owned()).or_default();
        if !mutants.contains(mutant) {
            mutants.push(mutant.clone());
        }
    }
    let site = |(site, mutants): (String, Vec<String>)| {
        let (place, what) = site.split_once(' ')?;
        let mut place = place.splitn(3, ':');
        let (file, line, column) = (place.next()?, place.next()?, place.next()?);
        // The twins' sources are written from their manifests' folders.
        let file = file
            .rsplit_once("../")
            .map_or(file, |(_, file)| file)
            .to_owned();
        let what = format!("{column} {what}");
        let line = line.parse().ok()?;
        Some(Site {
            file,
            line,
            what,
            mutants,
            caught_by: None,
        })
    };
    sites
        .into_iter()
        .map(|each| site(each).ok_or("a site has another form".into()))
        .collect()
}

/// The models that catch every step of the site; `None` when one survives.
fn catch(site: &Site, reports: &Reports) -> Result<Option<String>, String> {
    let mut by = Vec::new();
    for mutant in &site.mutants {
        let mut models: Vec<_> = reports
            .iter()
            .filter(|(_, report)| report.mutants.contains(mutant))
            .collect();
        models.sort_by_key(|(name, report)| (report.permutations, **name));
        let mut caught = None;
        for (model, _) in models {
            if fails(model, mutant)? {
                caught = Some(*model);
                break;
            }
        }
        match caught {
            Some(model) if !by.contains(&model) => by.push(model),
            Some(_) => {}
            None => return Ok(None),
        }
    }
    Ok(Some(by.join(", ")))
}

/// Whether the model fails with the mutant.
fn fails(model: &str, mutant: &str) -> Result<bool, String> {
    let itself = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("timeout")
        .arg(SECONDS)
        .arg(itself)
        .args(["--run", model])
        .env("MODEL_MUTANT", mutant)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("timeout: {error}"))?;
    match output.status.code() {
        Some(0 | 124) => Ok(false),
        Some(UNREACHED) => Err(format!("`{model}` never reaches `{mutant}`")),
        // `timeout` itself: the program was built anew meanwhile, and is not there any more.
        Some(125..=127) => Err(format!("`{model}` did not run with `{mutant}`")),
        _ => Ok(!String::from_utf8_lossy(&output.stderr).contains(ENDLESS)),
    }
}
