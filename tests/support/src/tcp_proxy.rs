// SPDX-License-Identifier: GPL-3.0-or-later
//! A proxy between a program and its daemon that records and delays data and cuts connections.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::os::linux::net::TcpStreamExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

/// Forwards connections to a port of this machine.
#[derive(Debug)]
pub struct TcpProxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The program's data, one entry for each read.
    written: Vec<Vec<u8>>,
    /// Number of bytes to the program before the connection is reset.
    cut_after: Option<usize>,
    /// Number of resets.
    cuts: usize,
    /// Whether the proxy no longer reads from the program.
    stalled: bool,
    /// The delay of each piece in both directions.
    delay: Duration,
}

impl TcpProxy {
    /// A proxy for `port` on either loopback address.
    #[must_use]
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let own = listener.local_addr().expect("it is bound").port();
        let shared = Arc::<Shared>::default();
        let passing = Arc::clone(&shared);
        std::thread::spawn(move || {
            for program in listener.incoming().map_while(Result::ok) {
                let daemon = TcpStream::connect((Ipv6Addr::LOCALHOST, port))
                    .or_else(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)));
                let Ok(daemon) = daemon else { continue };
                for stream in [&program, &daemon] {
                    stream.set_nodelay(true).expect("a TCP connection");
                }
                let connection = Arc::new(Connection { program, daemon, gone: AtomicBool::new(false) });
                let (there, back) = (Arc::clone(&passing), Arc::clone(&passing));
                let end = Arc::clone(&connection);
                std::thread::spawn(move || there.pass_on(&end));
                std::thread::spawn(move || back.pass_back(&connection));
            }
        });
        Self { port: own, shared }
    }

    /// `HOST:PORT`, the format of the programs' options.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The program's data so far, in the received pieces.
    #[must_use]
    pub fn written(&self) -> Vec<Vec<u8>> {
        self.shared.state.lock().unwrap().written.clone()
    }

    /// Forwards `bytes` more to the program, then resets its connection.
    pub fn cut_after(&self, bytes: usize) {
        self.shared.state.lock().unwrap().cut_after = Some(bytes);
    }

    /// Number of connections that were cut.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.shared.state.lock().unwrap().cuts
    }

    /// Delays each piece in both directions from now on.
    pub fn slow_down(&self, delay: Duration) {
        self.shared.state.lock().unwrap().delay = delay;
    }

    /// Stops reading from the program, but still forwards data to it.
    pub fn stall(&self) {
        self.shared.state.lock().unwrap().stalled = true;
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.shared.state.lock().unwrap().stalled = false;
        self.shared.changed.notify_all();
    }
}

/// A connection of the program and the connection to the daemon. Closed when both directions have dropped it.
struct Connection {
    program: TcpStream,
    daemon: TcpStream,
    gone: AtomicBool,
}

impl Shared {
    fn pass_on(&self, connection: &Connection) {
        let mut buffer = vec![0; 1 << 16];
        // Check regularly whether the other direction has ended.
        connection.program.set_read_timeout(Some(Duration::from_millis(10))).expect("a TCP connection");
        while !connection.gone.load(Ordering::SeqCst) {
            match (&connection.program).read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    acknowledge(&connection.program);
                    let mut state = self.state.lock().unwrap();
                    state.written.push(buffer[..length].to_vec());
                    let state = self.changed.wait_while(state, |state| state.stalled).unwrap();
                    let delay = state.delay;
                    drop(state);
                    std::thread::sleep(delay);
                    if (&connection.daemon).write_all(&buffer[..length]).is_err() {
                        break;
                    }
                }
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => break,
            }
        }
        let _ = connection.daemon.shutdown(Shutdown::Both);
    }

    fn pass_back(&self, connection: &Connection) {
        let mut buffer = vec![0; 1 << 16];
        let mut cut = false;
        while !cut && let Ok(length @ 1..) = (&connection.daemon).read(&mut buffer) {
            acknowledge(&connection.daemon);
            let (passing, delay) = {
                let mut state = self.state.lock().unwrap();
                let passing = state.cut_after.map_or(length, |left| length.min(left));
                state.cut_after = state.cut_after.map(|left| left - passing);
                if state.cut_after == Some(0) {
                    (cut, state.cut_after) = (true, None);
                    state.cuts += 1;
                }
                (passing, state.delay)
            };
            std::thread::sleep(delay);
            if (&connection.program).write_all(&buffer[..passing]).is_err() {
                break;
            }
        }
        if cut {
            // Then closing the connection, when both directions have dropped it, sends a reset.
            let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
            setsockopt(&connection.program, sockopt::Linger, &at_once).expect("a TCP connection");
        } else {
            let _ = connection.program.shutdown(Shutdown::Both);
        }
        connection.gone.store(true, Ordering::SeqCst);
        let _ = connection.daemon.shutdown(Shutdown::Both);
    }
}

/// Prevents an unwanted delay of 40 ms for every second small piece.
fn acknowledge(stream: &TcpStream) {
    // Fails only if the connection is already closed.
    let _ = stream.set_quickack(true);
}
