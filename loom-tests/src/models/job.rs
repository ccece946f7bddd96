//! Does the slot of one job give it once, and complete?

use crate::{
    check::{join, spawn},
    work::Jobs,
};
use heist_core::job::JobSlot;
use std::sync::Arc as Plain;

/// The owner puts and takes, a thief takes.
pub fn a_slot_gives_each_job_once() {
    let jobs = Jobs::new(2);
    let slot = Plain::new(JobSlot::default());
    let theirs = slot.clone();
    let thief = spawn(move || {
        if let Some(job) = theirs.take() {
            job.run();
        }
    });
    for number in 0..2 {
        if let Some(displaced) = slot.put(jobs.job(number)) {
            displaced.run();
        }
    }
    if let Some(job) = slot.take() {
        job.run();
    }
    join([thief]);
    jobs.assert_all_run();
}
