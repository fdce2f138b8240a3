//! One keep-alive connection of the load: a non-blocking socket and its current request.
//!
//! It is registered once with an edge-triggered epoll for reading and writing, so a request in the
//! steady state costs one send, one receive and a share of one wait. Invariants: a ticket is held
//! from when an entry is taken until it is answered or given up; bytes are buffered here only when
//! a request or an answer does not fit into one system call.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType};

use crate::poll::Poll;

/// An entry on its way.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    /// Which entry.
    pub number: u64,
    /// Whether the entry was sent before under another ticket.
    pub repeat: bool,
    /// When it was due to be sent; latency counts from here.
    pub intended: Instant,
}

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for the TCP handshake.
    Connecting,
    /// Free for the next entry.
    Idle,
    /// Waiting for the answer to a request sent at this time.
    InFlight(Instant),
    /// Waiting for a retry or a reconnect; the driver's timer knows until when.
    Asleep,
}

/// One slot of the load, whose socket can be replaced.
pub struct Connection {
    /// What it is doing.
    pub phase: Phase,
    /// The entry it carries.
    pub ticket: Option<Ticket>,
    stream: Option<TcpStream>,
    unsent: Vec<u8>,
    received: Vec<u8>,
}

impl Connection {
    /// A slot without a socket.
    pub fn new() -> Self {
        let (unsent, received) = (Vec::new(), Vec::new());
        Self { phase: Phase::Asleep, ticket: None, stream: None, unsent, received }
    }

    /// Whether there is a socket.
    pub fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Starts connecting; epoll reports `token` when that is over.
    pub fn connect(&mut self, to: SocketAddr, poll: &Poll, token: usize) -> io::Result<()> {
        self.close();
        let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
        let stream = TcpStream::from(socket);
        // A request is sent in one piece; waiting for more would only add latency.
        stream.set_nodelay(true)?;
        match rustix::net::connect(&stream, &to) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(error) => return Err(error.into()),
        }
        // Only after connecting: epoll reports a socket that was never connected as closed.
        poll.add(&stream, token)?;
        self.stream = Some(stream);
        self.phase = Phase::Connecting;
        Ok(())
    }

    /// The outcome of connecting; call this only after epoll has reported the socket.
    pub fn connected(&self) -> io::Result<()> {
        match self.open()?.take_error()? {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Drops the socket, and with it everything half sent or half received.
    pub fn close(&mut self) {
        self.stream = None;
        self.unsent.clear();
        self.received.clear();
    }

    /// Sends a request; whatever the socket does not accept now waits for [`Self::flush`].
    pub fn send(&mut self, request: &[u8]) -> io::Result<()> {
        let sent = write_some(self.open()?, request)?;
        self.unsent.extend_from_slice(&request[sent..]);
        Ok(())
    }

    /// Sends more of an unfinished request.
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.unsent.is_empty() {
            let sent = write_some(self.open()?, &self.unsent)?;
            self.unsent.drain(..sent);
        }
        Ok(())
    }

    /// Receives once into `scratch`; 0 means that the server closed its side.
    pub fn receive(&mut self, scratch: &mut [u8]) -> io::Result<usize> {
        self.open()?.read(scratch)
    }

    /// All bytes of the current answer, of which `piece` is the newest; not copied if the answer
    /// has only that piece.
    pub fn answer_bytes<'a>(&'a mut self, piece: &'a [u8]) -> &'a [u8] {
        if self.received.is_empty() {
            return piece;
        }
        self.received.extend_from_slice(piece);
        &self.received
    }

    /// Keeps the first piece of an unfinished answer; later pieces were kept already.
    pub fn keep(&mut self, piece: &[u8]) {
        if self.received.is_empty() {
            self.received.extend_from_slice(piece);
        }
    }

    /// Whether part of an answer has arrived.
    pub fn has_part(&self) -> bool {
        !self.received.is_empty()
    }

    /// Forgets the bytes of a finished answer.
    pub fn answer_done(&mut self) {
        self.received.clear();
    }

    fn open(&self) -> io::Result<&TcpStream> {
        self.stream.as_ref().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

/// Writes until the socket would block; returns how many of `bytes` it accepted.
fn write_some(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
