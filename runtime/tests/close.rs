//! Promises of `with`.

mod common;

use common::{
    child::{drop_at_every_poll, poll_once},
    over_every_executor, over_every_spawner, yield_now,
};
use heist::{Close, with};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, Mutex},
};

/// Writes down what is done to it.
struct Resource {
    log: Arc<Mutex<Vec<&'static str>>>,
    refuses: bool,
}

impl Resource {
    fn says(&self, what: &'static str) {
        self.log.lock().unwrap().push(what);
    }
}

impl Close for Resource {
    type Error = &'static str;

    async fn close(self) -> Result<(), &'static str> {
        self.says("closing");
        yield_now().await;
        self.says("closed");
        if self.refuses { Err("refused") } else { Ok(()) }
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        self.says("dropped");
    }
}

fn resource(refuses: bool) -> (Resource, impl Fn() -> Vec<&'static str>) {
    let log = Arc::default();
    let resource = Resource { log, refuses };
    let log = Arc::clone(&resource.log);
    (resource, move || log.lock().unwrap().clone())
}

const CLOSED: [&str; 4] = ["used", "closing", "closed", "dropped"];

over_every_executor! {
    fn after_ok_it_is_closed(executor) {
        let (resource, log) = resource(false);
        let body = async |r: &mut Resource| { r.says("used"); yield_now().await; Ok::<_, &str>(7) };
        assert_eq!(executor.block_on(with(resource, body)), Ok(7));
        assert_eq!(log(), CLOSED);
    }

    fn after_err_it_is_closed_and_the_bodys_error_wins(executor) {
        let (resource, log) = resource(true);
        let body = async |r: &mut Resource| { r.says("used"); Err::<(), _>("mine") };
        assert_eq!(executor.block_on(with(resource, body)), Err("mine"));
        assert_eq!(log(), CLOSED);
    }

    fn an_error_of_closing_is_returned_when_the_body_had_none(executor) {
        let (resource, log) = resource(true);
        let body = async |r: &mut Resource| { r.says("used"); Ok::<_, &str>(()) };
        assert_eq!(executor.block_on(with(resource, body)), Err("refused"));
        assert_eq!(log(), CLOSED);
    }

    fn after_a_panic_it_is_dropped_and_the_panic_goes_on(executor) {
        let (resource, log) = resource(false);
        let body = async |_: &mut Resource| -> Result<(), &str> { panic!("mine") };
        let caught = catch_unwind(AssertUnwindSafe(|| executor.block_on(with(resource, body))));
        assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"mine"));
        assert_eq!(log(), ["dropped"]);
    }
}

over_every_spawner! {
    fn it_may_run_in_a_task_and_the_body_may_borrow(executor) {
        let (resource, log) = resource(false);
        let task = executor.spawn(async {
            let text = String::from("text");
            with(resource, async |r| {
                yield_now().await;
                r.says("used");
                Ok::<_, &str>(text.len())
            }).await
        });
        assert_eq!(executor.block_on(task).unwrap(), Ok(4));
        assert_eq!(log(), CLOSED);
    }
}

#[test]
fn dropped_it_drops_the_resource_without_closing_it() {
    let (resource, log) = resource(false);
    {
        let mut using = pin!(with(resource, async |_| {
            yield_now().await;
            Ok::<_, &str>(())
        }));
        assert!(poll_once(using.as_mut()).is_pending());
    }
    assert_eq!(log(), ["dropped"]);
}

#[test]
fn dropped_at_any_poll_it_leaves_nothing_behind() {
    drop_at_every_poll(|| {
        with(resource(false).0, async |_| {
            yield_now().await;
            Ok::<_, &str>(vec![1])
        })
    });
}
