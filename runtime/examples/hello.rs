//! The smallest program: a task, and what it returns.

#[heist::main]
async fn main() {
    let hello = heist::spawn(async { "Hello" });
    let world = async { "world" };
    let (hello, world) = heist::gather!(hello, world).await;
    println!("{}, {world}!", hello.expect("the task returns"));
}
