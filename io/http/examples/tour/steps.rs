//! What is shown: one function for each of asyncio's first programs, in their order.

use crate::{
    Anything,
    pages::{self, Pages},
};
use heist::{JoinError, as_completed, gather, sleep, stream};
use heist_http::Client;
use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

/// A wrong result ends the tour. What a step took is shown, and never judged.
fn check<T: PartialEq + Debug>(what: &str, got: &T, expected: &T) -> Result<(), Anything> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{what}: got {got:?}, not {expected:?}").into())
}

/// Some work that takes its time: `sleep` stands for it.
async fn task(name: &str, seconds: u64) -> String {
    sleep(Duration::from_secs(seconds)).await;
    format!("{name} completed")
}

/// Three pages at once, by one client, which is closed at the end.
pub async fn fetch_pages(urls: Vec<String>) -> Result<(), Anything> {
    println!("\n# Pages, concurrently");
    let started = Instant::now();
    if urls.is_empty() {
        let Pages { client, url, .. } = &pages::start().await?;
        let started = Instant::now();
        heist::with(client.clone(), async |client| {
            let (a, b, c) = gather!(text(client, url), text(client, url), text(client, url)).await;
            check(
                "the pages",
                &[a?, b?, c?],
                &[pages::TEXT; 3].map(String::from),
            )
        })
        .await?;
        return executed(started);
    }
    heist::with(Client::new()?, async |client| {
        let fetch = |url: String| {
            let client = client.clone();
            async move { text(&client, &url).await }
        };
        for page in gather(urls.into_iter().map(fetch)).await {
            println!("{} bytes", page?.len());
        }
        Ok::<_, Anything>(())
    })
    .await?;
    executed(started)
}

async fn text(client: &Client, url: &str) -> Result<String, Anything> {
    let page = client.get(url).await?;
    if !page.status().is_success() {
        return Err(format!("{url}: {}", page.status()).into());
    }
    Ok(page.text().await?)
}

fn executed(started: Instant) -> Result<(), Anything> {
    println!(
        "{} executed in {:0.2} seconds.",
        file!(),
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Two tasks run from the moment they are spawned, whatever is awaited first.
pub async fn create_tasks() -> Result<(), Anything> {
    println!("\n# Tasks");
    let task1 = heist::task::Builder::new()
        .name("a")
        .spawn(task("Task A", 2));
    let task2 = heist::task::Builder::new()
        .name("b")
        .spawn(task("Task B", 1));
    let (result1, result2) = (task1.await?, task2.await?);
    println!("Results: {result1}, {result2}");
    check(
        "the tasks",
        &(&*result1, &*result2),
        &("Task A completed", "Task B completed"),
    )
}

/// Several futures become one, whose output is theirs in argument order.
pub async fn gather_two() -> Result<(), Anything> {
    println!("\n# gather");
    let results = gather!(task("Task A", 2), task("Task B", 1)).await;
    println!("Results: {results:?}");
    check(
        "gather",
        &(&*results.0, &*results.1),
        &("Task A completed", "Task B completed"),
    )
}

/// The outputs one by one, whichever is there first.
pub async fn take_as_completed() -> Result<(), Anything> {
    println!("\n# as_completed");
    let tasks = [task("Task A", 2), task("Task B", 1), task("Task C", 3)];
    let mut completed = as_completed(tasks);
    let mut order = Vec::new();
    while let Some(result) = completed.next().await {
        println!("{result}");
        order.push(result);
    }
    check(
        "as_completed",
        &order,
        &["B", "A", "C"]
            .map(|x| format!("Task {x} completed"))
            .to_vec(),
    )
}

/// An `async` body that gives many values.
pub async fn generate() -> Result<(), Anything> {
    println!("\n# An async generator");
    let mut items = stream::generator(async |mut y| {
        for item in 0..3 {
            sleep(Duration::from_secs(1)).await; // stands for some I/O
            y.emit(item).await;
        }
    });
    let mut received = Vec::new();
    while let Some(item) = items.next().await {
        println!("Received: {item}");
        received.push(item);
    }
    check("the generator", &received, &vec![0, 1, 2])
}

/// Futures that compute share their caller's core; spawned ones have all of them.
pub async fn compute() -> Result<(), Anything> {
    println!("\n# Computing");
    const LIMIT: u32 = 3_000_000;
    const PRIMES: u32 = 216_816;
    let count = async |limit: u32| primes_below(limit);

    let started = Instant::now();
    let (a, b) = gather!(count(LIMIT), count(LIMIT)).await;
    println!("gather!    one core: {:.2?}", started.elapsed());
    check("gather! of primes", &(a, b), &(PRIMES, PRIMES))?;

    let started = Instant::now();
    let tasks = [LIMIT; 2].map(|limit| async move { primes_below(limit) });
    let counts: Result<Vec<_>, JoinError> = heist::par_gather(tasks).await.into_iter().collect();
    println!("par_gather all cores: {:.2?}", started.elapsed());
    check("par_gather of primes", &counts?, &vec![PRIMES; 2])
}

/// How many primes there are below `limit`, by Eratosthenes' sieve.
fn primes_below(limit: u32) -> u32 {
    let mut composite = vec![false; limit as usize];
    let mut count = 0;
    for n in 2..limit as usize {
        if !composite[n] {
            count += 1;
            (n * n..limit as usize)
                .step_by(n)
                .for_each(|multiple| composite[multiple] = true);
        }
    }
    count
}
