//! A crawler: follows links, at most four pages at a time, and takes each page as it comes.
//!
//! The site is made up, so that the example needs no network: page n links to 2n and 2n + 1, and
//! takes a few milliseconds.

use heist::as_completed;
use std::{collections::BTreeSet, time::Duration};

const PAGES: u32 = 60;
const AT_A_TIME: usize = 4;

/// What a page links to.
async fn fetch(page: u32) -> (u32, Vec<u32>) {
    heist::sleep(Duration::from_millis(u64::from(page * 7 % 5))).await;
    let links = [2 * page, 2 * page + 1]
        .into_iter()
        .filter(|link| *link <= PAGES);
    (page, links.collect())
}

#[heist::main]
async fn main() {
    let mut seen = BTreeSet::from([1]);
    let mut level = vec![1];
    while !level.is_empty() {
        let mut pages =
            as_completed(level.drain(..).map(fetch).collect::<Vec<_>>()).limit(AT_A_TIME);
        let mut next = Vec::new();
        while let Some((page, links)) = pages.next().await {
            println!("page {page} links to {links:?}");
            next.extend(links.into_iter().filter(|link| seen.insert(*link)));
        }
        level = next;
    }
    println!("{} pages", seen.len());
    assert_eq!(seen.len(), PAGES as usize);
}
