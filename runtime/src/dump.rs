//! What is every task waiting for?

use crate::{scheduler::Shared, task::reference};
use heist_core::{task::TaskInfo, wait::Reason};
use std::fmt;

/// A picture of a runtime's tasks. Its `Display` is a table for people, one task a line.
///
/// ```
/// heist::run(async {
///     let (_sender, receiver) = heist::sync::channel::<u8>(1);
///     let reader = heist::task::Builder::new().name("reader").eager();
///     let reader = reader.spawn(async move { receiver.recv().await });
///
///     let dump = heist::Handle::current().dump();
///     assert_eq!(dump.tasks.len(), 2); // this one, and the reader
///     assert_eq!(dump.tasks[1].task.id, reader.id());
///     assert_eq!(dump.tasks[1].state, "waiting");
///     assert!(dump.tasks[1].reason.to_string().starts_with("receive at "));
///     assert!(dump.to_string().contains("`reader`"));
/// });
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Dump {
    /// How many workers there are.
    pub workers: usize,
    /// The tasks that were not at their end, by number: roughly as they were spawned.
    pub tasks: Vec<TaskDump>,
}

/// One task in a [`Dump`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TaskDump {
    /// Which task: number, name, where it was spawned.
    pub task: TaskInfo,
    /// The type of its future.
    pub type_name: &'static str,
    /// `waiting`, `runnable` (queued, or being polled now), or `being aborted`.
    pub state: &'static str,
    /// What the last leaf that returned `Pending` waits for.
    pub reason: Reason,
}

/// Looks at every task, from any thread.
pub(crate) fn take(shared: &Shared) -> Dump {
    let mut tasks = Vec::new();
    reference::visit(&shared.slab, |task| {
        let header = task.header();
        tasks.push(TaskDump {
            task: header.info(),
            type_name: header.type_name(),
            state: header.state().describe(),
            reason: header.wait.get(),
        });
    });
    tasks.sort_by_key(|dump| dump.task.id);
    Dump {
        workers: shared.workers(),
        tasks,
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} tasks on {} workers", self.tasks.len(), self.workers)?;
        self.tasks
            .iter()
            .try_for_each(|task| writeln!(f, "  {task}"))
    }
}

impl fmt::Display for TaskDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.task, self.state)?;
        if self.state == "waiting" {
            write!(f, " for {}", self.reason)?;
        }
        write!(f, "  [{}]", self.type_name)
    }
}
