//! How fast is a server without any runtime?
//!
//! One thread, one epoll, one buffer: what a runtime's echo can at best come near to.

use rustix::{
    event::epoll::{self, CreateFlags, EventData, EventFlags},
    fd::OwnedFd,
};
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// The name of this contestant.
pub const RAW_EPOLL: &str = "raw-epoll";

/// What epoll says of the listener; connections are numbered from 0.
const LISTENER: u64 = u64::MAX;

/// Starts an echo server on a thread of its own, for the rest of the process.
pub fn start_echo() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(
        &epoll,
        &listener,
        EventData::new_u64(LISTENER),
        EventFlags::IN,
    )?;
    thread::spawn(move || serve(&listener, &epoll).expect("the clients stay to the end"));
    Ok(address)
}

fn serve(listener: &TcpListener, epoll: &OwnedFd) -> io::Result<()> {
    let mut streams: Vec<TcpStream> = Vec::new();
    let mut events = Vec::with_capacity(1024);
    let mut buffer = [0; 4096];
    loop {
        epoll::wait(epoll, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            match event.data.u64() {
                LISTENER => {
                    let (stream, _) = listener.accept()?;
                    stream.set_nodelay(true)?;
                    let number = EventData::new_u64(streams.len() as u64);
                    epoll::add(epoll, &stream, number, EventFlags::IN)?;
                    streams.push(stream);
                }
                number => {
                    let stream = &mut streams[number as usize];
                    match stream.read(&mut buffer)? {
                        0 => epoll::delete(epoll, &*stream)?,
                        read => stream.write_all(&buffer[..read])?,
                    }
                }
            }
        }
    }
}
