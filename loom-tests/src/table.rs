//! Which models are there?

use crate::{check, models};

/// Hands every model to the macro `$then`: the file whose promise it keeps, the module, the names.
///
/// One line here makes a model known to the tests, the runner and the report.
#[macro_export]
macro_rules! for_each_model {
    ($then:ident) => {
        $then! {
            "runtime/core/src/primitive/model/atomic.rs" door:
                message_passing
                message_passing_by_fences
                store_buffering
                a_failed_exchange_acquires
                an_update_acquires_and_releases
                the_last_reference_frees;
            "runtime/core/src/primitive/model/once.rs" door:
                a_value_that_is_set_once_is_complete;
            "runtime/core/src/primitive/model/lock.rs" lock:
                a_notification_is_not_lost
                a_timeout_ends_a_wait
                an_early_timeout_is_kept;
            "runtime/core/src/primitive/model/deque" deque:
                a_place_is_reused_after_its_read
                a_place_is_reused_after_a_glance
                each_value_leaves_the_deque_once
                a_batch_moves_each_value_once
                each_value_leaves_the_injector_once
                a_batch_of_the_injector_moves_each_value_once;
            "runtime/core/src/job.rs" job:
                a_slot_gives_each_job_once;
            "runtime/core/src/waker.rs" waker:
                each_wake_arrives_and_each_reference_is_dropped;
            "runtime/core/src/waker_cell.rs" waker:
                no_wake_is_lost_between_register_and_look
                a_wake_reaches_the_newest_waker;
            "runtime/src/task/state.rs" task:
                no_wake_is_lost_during_a_poll
                a_joiner_is_woken_or_sees_the_output
                a_handle_may_go_while_the_task_ends
                a_detached_task_ends_by_itself
                a_finished_task_has_done_everything
                a_waker_may_be_the_last_to_leave
                who_comes_late_may_be_the_last_to_leave
                a_waker_may_outlive_a_detached_task
                the_last_reference_frees_a_finished_task
                an_abort_a_wake_and_a_joiner_agree
                an_abort_during_a_poll_drops_the_future_once
                a_task_may_end_while_shutdown_looks
                shutdown_drops_a_task_that_would_wait;
            "runtime/src/scheduler/sleep.rs" scheduler:
                a_worker_sleeps_through_no_push
                a_searcher_that_leaves_hides_no_push
                a_stuck_workers_slot_is_taken
                a_deputy_stays_behind_a_claim
                a_push_and_the_end_lose_no_job
                a_push_outlives_the_runtime
                the_end_reaches_a_leader_in_the_reactor;
            "runtime/src/scheduler/slab.rs" slab:
                a_slot_that_came_from_afar_is_used_again
                slots_that_came_from_two_sides_are_used_again
                a_cell_may_outlive_the_slab
                two_cells_may_outlive_the_slab
                a_look_finds_a_whole_task_or_none
                a_spawn_and_the_end_agree
                the_end_finds_a_task_that_waits;
            "runtime/src/scheduler/ending.rs" slab:
                the_end_hears_of_the_last_task;
            "runtime/src/scheduler/leader.rs" scheduler:
                the_leader_sees_a_reactor_come_to_life
                a_leader_can_be_called_after_a_reactors_birth;
            "runtime/src/scheduler/stand_in.rs" scheduler:
                a_stand_in_waits_through_no_push
                a_stand_in_without_the_lead_waits_through_no_push
                a_stand_in_waits_through_no_end
                a_stand_in_hands_the_lead_on
                a_stand_in_is_kicked_like_any_leader;
            "runtime/src/scheduler/home.rs" home:
                a_ring_reaches_a_thread_that_goes_to_rest
                a_pinned_job_reaches_its_thread
                what_was_done_outside_is_seen_when_nobody_is_there;
            "runtime/src/scheduler/driver.rs" clock:
                a_clock_waits_for_a_push
                a_clock_moves_past_no_timer;
            "runtime/src/task/kinds.rs" home:
                a_pinned_task_ends_with_its_thread;
            "runtime/src/combinators/tree.rs" children:
                a_child_in_a_root_is_polled_after_its_last_wake
                children_in_a_root_may_be_woken_together
                a_child_in_a_tree_is_polled_after_its_last_wake
                children_in_a_word_may_be_woken_together
                children_in_two_words_may_be_woken_together;
            "runtime/src/combinators/list.rs" children:
                a_child_in_a_list_is_polled_after_its_last_wake
                children_in_a_list_may_be_woken_together
                a_child_that_is_queued_already_sees_another_wake;
            "runtime/src/combinators/block.rs" children:
                a_childs_waker_may_outlive_all_children;
            "io/src/source.rs" readiness:
                two_directions_of_a_source_register_once;
            "io/src/readiness.rs" readiness:
                a_report_during_an_operation_is_not_lost
                an_old_report_is_not_for_the_new_source
                a_waiter_that_leaves_takes_no_report_along
                the_end_of_the_runtime_reaches_who_waits
                the_end_reaches_a_source_that_registers;
            "timer/src/timers.rs" timers:
                a_leader_knows_of_a_foreign_timer_or_is_kicked
                a_timer_may_be_dropped_while_it_fires
                a_timer_wakes_its_newest_waker_or_is_ready
                firing_hides_no_timer_that_is_armed_meanwhile
                the_end_reaches_a_timer_that_is_armed_meanwhile
                a_timer_that_fires_at_the_end_is_woken_once;
        }
    };
}

/// One execution, to be run in every order.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    /// The promise.
    pub name: &'static str,
    /// The file that makes it.
    pub file: &'static str,
    /// The execution.
    pub body: fn(),
}

impl Model {
    /// The model called `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        MODELS.iter().find(|model| model.name == name)
    }

    /// Runs the execution in every order; see [`check::check`].
    pub fn check(&self) {
        check::check(self.name, self.body);
    }
}

macro_rules! table {
    ($($file:literal $module:ident: $($name:ident)*;)*) => {
        /// All of them.
        pub const MODELS: &[Model] = &[$($(
            Model { name: stringify!($name), file: $file, body: models::$module::$name },
        )*)*];
    };
}

for_each_model!(table);
