//! Which of the executed instructions are atomic?
//!
//! Callgrind's profile says how often the instruction at each address of an object was executed,
//! and objdump which that is. On x86-64 a read-modify-write or a full fence has a `lock` prefix, is
//! an exchange with memory, or is `mfence`; a load and a store of any other order are plain moves.

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

/// How many were executed in each object.
pub fn counts(profile: &str) -> Result<BTreeMap<String, f64>, String> {
    let mut counts = BTreeMap::new();
    for (object, executed) in executed(profile) {
        let atomics = atomics(object)?;
        let mine = executed
            .iter()
            .filter(|(address, _)| atomics.contains(address));
        let count = mine.map(|(_, count)| count).sum();
        let name = Path::new(object).file_name().unwrap_or_default();
        counts.insert(name.to_string_lossy().into_owned(), count);
    }
    Ok(counts)
}

/// How often the instruction at each address of each object was executed.
fn executed(profile: &str) -> BTreeMap<&str, Vec<(u64, f64)>> {
    let mut executed: BTreeMap<&str, Vec<(u64, f64)>> = BTreeMap::new();
    let (mut object, mut is_call) = ("", false);
    for line in profile.lines() {
        if let Some(name) = line.strip_prefix("ob=") {
            object = name;
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if let Some(line) = line.strip_prefix("0x") {
            // Behind a call stands what the callee has cost, which is counted there.
            if std::mem::take(&mut is_call) {
                continue;
            }
            let mut words = line.split(' ');
            let address = words
                .next()
                .and_then(|hex| u64::from_str_radix(hex, 16).ok());
            let count = words.next_back().and_then(|count| count.parse().ok());
            // Code that belongs to no file is valgrind's own.
            if object.starts_with('/') {
                let mine = executed.entry(object).or_default();
                mine.extend(address.zip(count));
            }
        }
    }
    executed
}

/// The addresses of an object's atomic instructions. It is taken apart once.
fn atomics(object: &str) -> Result<Arc<HashSet<u64>>, String> {
    static KNOWN: Mutex<BTreeMap<String, Arc<HashSet<u64>>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().expect("no panic while it is held");
    if let Some(atomics) = known.get(object) {
        return Ok(atomics.clone());
    }
    let output = Command::new("objdump")
        .args(["--disassemble", "--no-show-raw-insn", object])
        .output()
        .map_err(|error| format!("objdump: {error}"))?;
    if !output.status.success() {
        return Err(format!("objdump {object}: {}", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let atomics = Arc::new(text.lines().filter_map(atomic).collect::<HashSet<_>>());
    known.insert(object.to_owned(), atomics.clone());
    Ok(atomics)
}

/// The address of a line that shows an atomic instruction.
fn atomic(line: &str) -> Option<u64> {
    let (address, instruction) = line.trim_start().split_once(":\t")?;
    let is_exchange = instruction.starts_with("xchg") && instruction.contains('(');
    let is_atomic =
        is_exchange || instruction.starts_with("lock") || instruction.contains("mfence");
    is_atomic
        .then(|| u64::from_str_radix(address, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_prefix_and_an_exchange_with_memory_are_atomic() {
        assert_eq!(
            atomic("  37cb85:\tlock xadd %rax,0x10(%rdi)"),
            Some(0x37cb85)
        );
        assert_eq!(
            atomic("  385deb:\txchg   %rdx,0x18(%rax,%rdi,1)"),
            Some(0x385deb)
        );
        assert_eq!(atomic("  385df0:\tmfence"), Some(0x385df0));
        for line in ["  1:\txchg   %ax,%ax", "  1:\tmov    %rax,(%rdi)", "x:", ""] {
            assert_eq!(atomic(line), None, "{line}");
        }
    }

    #[test]
    fn what_a_callee_costs_is_counted_there() {
        let profile =
            "ob=/a\nfn=f\n0x10 1 7\ncalls=3 0x30 \n0x14 1 900\nob=/b\n0x20 2 5\nob=???\n0x1 1 1\n";
        let executed = executed(profile);
        assert_eq!(executed["/a"], [(0x10, 7.0)]);
        assert_eq!(executed["/b"], [(0x20, 5.0)]);
        assert_eq!(executed.len(), 2);
    }
}
