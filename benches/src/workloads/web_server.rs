//! What does a request cost that asks a database?
//!
//! A model of a web server, without any I/O: its shape and its sizes are those of async-executor's
//! own benchmark of the name. Half of the requests find what they want in a cache; the others ask
//! one database task, which yields now and then. The dice are the same in every pass and for every
//! runtime.

use super::{Workload, countdown::Countdown};
use crate::{
    meter::{Meter, Sample},
    rt::Rt,
};
use async_channel::{Receiver, Sender};
use fastrand::Rng;

const REQUESTS: usize = 25_000;
/// Requests that may wait for the database.
const QUEUE: usize = REQUESTS / 5;
const SEED: u64 = 25_000;

pub fn all<R: Rt>() -> Vec<Workload<R>> {
    vec![Workload::new("web_server", "request", web_server::<R>)]
}

/// A question: where to send the answer.
type Question = Sender<usize>;

async fn web_server<R: Rt>() -> Sample {
    let mut meter = Meter::new(REQUESTS as u64);
    while meter.again() {
        let mut dice = Rng::with_seed(SEED);
        let (ask, questions) = async_channel::bounded(QUEUE);
        let database = R::spawn(database::<R>(questions, dice.fork()));
        let (countdown, all_answered) = Countdown::new(REQUESTS);
        let server = R::spawn(async move {
            for number in 0..REQUESTS {
                if dice.usize(..17) == 0 {
                    R::yield_now().await;
                }
                let request = request::<R>(ask.clone(), dice.fork());
                let countdown = countdown.clone();
                R::spawn_detached(async move {
                    request.await;
                    countdown.arrive();
                });
                if number & 16 == 0 {
                    R::yield_now().await;
                }
            }
        });
        server.await;
        all_answered.await.expect("the countdown ends");
        database.await;
    }
    meter.finish()
}

/// Answers until nobody is left who could ask.
async fn database<R: Rt>(questions: Receiver<Question>, mut dice: Rng) {
    while let Ok(question) = questions.recv().await {
        yields::<R>(dice.usize(..10)).await;
        let answer = dice.usize(..);
        question.send(answer).await.expect("the request waits");
    }
}

async fn request<R: Rt>(ask: Sender<Question>, mut dice: Rng) {
    if dice.bool() {
        // It is in the cache.
        return R::yield_now().await;
    }
    let (question, answer) = async_channel::bounded(1);
    ask.send(question).await.expect("the database listens");
    answer.recv().await.expect("the database answers");
    yields::<R>(dice.usize(3..16)).await;
}

async fn yields<R: Rt>(times: usize) {
    for _ in 0..times {
        R::yield_now().await;
    }
}
