// SPDX-License-Identifier: GPL-3.0-or-later
//! The sockets, and the one loop that waits for all of them.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use pigpio::ErrorCode;

use crate::connection::Connection;
use crate::dispatcher::Dispatcher;
use crate::subscriptions::Client;
use crate::{Hardware, Pins};

/// How many clients are served at a time; further ones wait. Far more than a lamp has, and few enough for the number of files
/// that a process may have open.
const MOST_CLIENTS: usize = 200;

/// Listens on the loopback addresses that the machine has, always on that of IPv4.
pub fn listen(port: u16) -> io::Result<Vec<TcpListener>> {
    let mut listeners = vec![TcpListener::bind((Ipv4Addr::LOCALHOST, port))?];
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Ok(listener) => listeners.push(listener),
        // A machine without IPv6, wholly or on its loopback.
        Err(error) if is_without_ipv6(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(listeners)
}

fn is_without_ipv6(error: &io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL))
}

/// Answers clients.
#[derive(Debug)]
pub struct Server<H> {
    listeners: Vec<TcpListener>,
    dispatcher: Dispatcher<H>,
    clients: BTreeMap<Client, Connection>,
    next: Client,
    /// There was no room for a client that waits.
    is_full: bool,
}

/// What is to be attended to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ready {
    End(usize),
    Hardware,
    Listener(usize),
    Client(Client),
}

impl<H: Hardware> Server<H> {
    /// A server of `pins` on `listeners`.
    pub fn new(listeners: Vec<TcpListener>, pins: Pins<H>) -> io::Result<Self> {
        for listener in &listeners {
            listener.set_nonblocking(true)?;
        }
        Ok(Self {
            listeners,
            dispatcher: Dispatcher::new(pins),
            clients: BTreeMap::new(),
            next: 0,
            is_full: false,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Answers until one of `ends` becomes readable, and returns which: its place in the list.
    pub fn run(&mut self, ends: &[BorrowedFd<'_>]) -> io::Result<usize> {
        loop {
            for ready in self.wait(ends)? {
                match ready {
                    Ready::End(index) => return Ok(index),
                    Ready::Hardware => self.handle_events(),
                    Ready::Listener(index) => self.accept(index),
                    Ready::Client(client) => self.attend(client),
                }
            }
        }
    }

    /// Sleeps until there is something to attend to.
    fn wait(&self, ends: &[BorrowedFd<'_>]) -> io::Result<Vec<Ready>> {
        let mut awaited: Vec<(Ready, PollFd)> = Vec::new();
        let input = |fd| PollFd::new(fd, PollFlags::POLLIN);
        awaited.extend(ends.iter().enumerate().map(|(index, fd)| (Ready::End(index), input(*fd))));
        awaited.extend(
            self.dispatcher.pins.hardware().sources().into_iter().map(|fd| (Ready::Hardware, input(fd))),
        );
        if !self.is_full {
            let listeners = self.listeners.iter().enumerate();
            awaited.extend(listeners.map(|(index, fd)| (Ready::Listener(index), input(fd.as_fd()))));
        }
        awaited.extend(self.clients.iter().map(|(client, connection)| {
            let flags = if connection.is_behind() { PollFlags::POLLOUT } else { PollFlags::POLLIN };
            (Ready::Client(*client), PollFd::new(connection.as_fd(), flags))
        }));
        let (ready, mut fds): (Vec<Ready>, Vec<PollFd>) = awaited.into_iter().unzip();
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(Vec::new()),
            Err(errno) => return Err(errno.into()),
        }
        let is_ready = |fd: &PollFd| fd.revents().is_some_and(|events| !events.is_empty());
        Ok(ready.into_iter().zip(&fds).filter(|(_, fd)| is_ready(fd)).map(|(ready, _)| ready).collect())
    }

    fn accept(&mut self, index: usize) {
        match self.listeners[index].accept() {
            Ok((stream, _)) => {
                // One that cannot be prepared is closed, as one that is gone already.
                if let Ok(connection) = Connection::new(stream) {
                    self.clients.insert(self.next, connection);
                    self.next += 1;
                }
                self.is_full = self.clients.len() >= MOST_CLIENTS;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionAborted) => {}
            // No file left: until a client goes, there is no use in asking again.
            Err(_) => self.is_full = !self.clients.is_empty(),
        }
    }

    /// Sends what waits for a client, or takes and carries out what it asks for.
    fn attend(&mut self, client: Client) {
        let Some(connection) = self.clients.get_mut(&client) else { return };
        let dispatcher = &mut self.dispatcher;
        let attended = if connection.is_behind() {
            connection.send()
        } else {
            let mut was_refused = false;
            let answered = connection.receive().and_then(|()| {
                connection.answer(|request, further| {
                    let result = dispatcher.answer(client, request, further);
                    was_refused |= result == Err(ErrorCode::NOT_HPWM_GPIO);
                    request.reply(result)
                })
            });
            connection.was_refused |= was_refused;
            dispatcher.pins.settle();
            // What was asked for before something that ends the connection is still answered.
            let sent = connection.send();
            answered.and(sent)
        };
        // However a client goes away, there is nobody to tell.
        if attended.is_err() {
            self.close(client);
        }
    }

    /// Reports what has happened by itself.
    fn handle_events(&mut self) {
        let changes = self.dispatcher.take_changes();
        for (client, report) in changes.reports {
            if let Some(connection) = self.clients.get_mut(&client) {
                connection.report(report);
                if connection.send().is_err() {
                    self.close(client);
                }
            }
        }
        if changes.outputs_came {
            // They connect again, and have what they want carried out.
            let refused = self.clients.iter().filter(|(_, connection)| connection.was_refused);
            for client in refused.map(|(client, _)| *client).collect::<Vec<_>>() {
                self.close(client);
            }
        }
    }

    fn close(&mut self, client: Client) {
        self.clients.remove(&client);
        self.dispatcher.forget(client);
        self.is_full = false;
    }
}
