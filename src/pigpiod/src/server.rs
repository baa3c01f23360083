// SPDX-License-Identifier: GPL-3.0-or-later
//! The sockets and their event loop.

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

/// Maximum number of clients; further ones wait. Far more than a lamp has, and below the limit of open files.
const MOST_CLIENTS: usize = 200;

/// Listens on 127.0.0.1, and on `::1` if the machine has it.
pub fn listen(port: u16) -> io::Result<Vec<TcpListener>> {
    let mut listeners = vec![TcpListener::bind((Ipv4Addr::LOCALHOST, port))?];
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Ok(listener) => listeners.push(listener),
        // No IPv6 on this machine or its loopback interface.
        Err(error) if is_without_ipv6(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(listeners)
}

fn is_without_ipv6(error: &io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL))
}

/// Serves clients.
#[derive(Debug)]
pub struct Server<H> {
    listeners: Vec<TcpListener>,
    dispatcher: Dispatcher<H>,
    clients: BTreeMap<Client, Connection>,
    next: Client,
    /// Whether new clients must wait.
    is_full: bool,
}

/// A ready event source.
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

    /// The addresses on which it listens.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Serves clients until one of `ends` becomes readable. Returns its index.
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

    /// Waits for events.
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
                // A connection that cannot be set up is closed.
                if let Ok(connection) = Connection::new(stream) {
                    self.clients.insert(self.next, connection);
                    self.next += 1;
                }
                self.is_full = self.clients.len() >= MOST_CLIENTS;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionAborted) => {}
            // Out of file descriptors: wait until a client disconnects.
            Err(_) => self.is_full = !self.clients.is_empty(),
        }
    }

    /// Sends waiting bytes to a client, or reads and runs its requests.
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
            // Requests before an invalid one are still answered.
            let sent = connection.send();
            answered.and(sent)
        };
        // There is no one to report a lost client to.
        if attended.is_err() {
            self.close(client);
        }
    }

    /// Processes hardware events.
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
            // Refused clients connect again and repeat their commands.
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
