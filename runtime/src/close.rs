//! How is a resource closed when closing has to be awaited?

/// A resource that wants to be closed before it is dropped.
///
/// Rust awaits nothing while it drops. What must be awaited at the end, such as a flush or a
/// farewell, stands here, and [`with`] calls it.
///
/// # Examples
///
/// ```
/// use futures::{AsyncWriteExt, io::BufWriter};
/// use std::io;
///
/// struct Log<'a>(BufWriter<&'a mut Vec<u8>>);
///
/// impl heist::Close for Log<'_> {
///     type Error = io::Error;
///
///     async fn close(mut self) -> io::Result<()> {
///         self.0.flush().await
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let mut file = Vec::new();
/// let log = Log(BufWriter::new(&mut file));
/// heist::with(log, async |log| log.0.write_all(b"started").await).await?;
/// assert_eq!(file, b"started");
/// # io::Result::Ok(()) }).unwrap();
/// ```
#[doc(alias = "AsyncDrop")]
#[doc(alias = "__aexit__")]
pub trait Close {
    /// Why closing fails. A resource whose closing cannot fail names the error that its other
    /// operations have.
    type Error;

    /// Closes the resource.
    #[doc(alias = "aclose")]
    fn close(self) -> impl Future<Output = Result<(), Self::Error>>;
}

/// Lends `resource` to `body`, and closes it when `body` has returned, be it `Ok` or `Err`.
///
/// When `body` panics, the resource is dropped without being closed, and the panic goes on: there
/// is nobody left who would await.
///
/// # Errors
///
/// `body`'s error; if it had none, that of closing.
///
/// # Cancel safety
///
/// Dropped, it drops `body` and the resource without closing it, or in the midst of closing it.
///
/// # Examples
///
/// ```
/// # use std::io;
/// # struct Connection;
/// # impl Connection {
/// #     async fn query(&mut self, _: &str) -> io::Result<u64> { Ok(7) }
/// # }
/// # impl heist::Close for Connection {
/// #     type Error = io::Error;
/// #     async fn close(self) -> io::Result<()> { Ok(()) }
/// # }
/// # async fn connect() -> io::Result<Connection> { Ok(Connection) }
/// # futures::executor::block_on(async {
/// let rows = heist::with(connect().await?, async |connection| {
///     connection.query("select count(*) from birds").await
/// });
/// assert_eq!(rows.await?, 7);
/// # io::Result::Ok(()) }).unwrap();
/// ```
#[doc(alias = "async with")]
#[doc(alias = "aclosing")]
#[doc(alias = "AsyncExitStack")]
pub async fn with<R, T, E, B>(mut resource: R, body: B) -> Result<T, E>
where
    R: Close,
    E: From<R::Error>,
    B: AsyncFnOnce(&mut R) -> Result<T, E>,
{
    let returned = body(&mut resource).await;
    let closed = resource.close().await;
    let value = returned?;
    closed?;
    Ok(value)
}
