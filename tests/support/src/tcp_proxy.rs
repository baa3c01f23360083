// SPDX-License-Identifier: GPL-3.0-or-later
//! A proxy between a program and its daemon that records what is written, delays it and cuts connections.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpListener, TcpStream};
use std::os::linux::net::TcpStreamExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

/// Passes connections on to a port of this machine.
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
    /// What the program wrote, one entry for each read of ours.
    written: Vec<Vec<u8>>,
    /// Bytes that still pass to the program before the connection is reset.
    cut_after: Option<usize>,
    /// How often that happened.
    cuts: usize,
    /// Nothing more is taken from the program.
    stalled: bool,
    /// How long each piece is on its way, there and back.
    delay: Duration,
}

impl TcpProxy {
    /// A proxy for `port`, on whichever loopback address somebody listens there.
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

    /// `HOST:PORT`, as the programs take it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What the program wrote so far, as it was received piece by piece.
    #[must_use]
    pub fn written(&self) -> Vec<Vec<u8>> {
        self.shared.state.lock().unwrap().written.clone()
    }

    /// Lets `bytes` more pass to the program, and then resets its connection.
    pub fn cut_after(&self, bytes: usize) {
        self.shared.state.lock().unwrap().cut_after = Some(bytes);
    }

    /// How often a connection was cut.
    #[must_use]
    pub fn cuts(&self) -> usize {
        self.shared.state.lock().unwrap().cuts
    }

    /// From now on, each piece is on its way for as long, there and back.
    pub fn slow_down(&self, delay: Duration) {
        self.shared.state.lock().unwrap().delay = delay;
    }

    /// From now on nothing that the program writes is taken; what it is sent still passes.
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

/// A connection of the program's, and the one that goes on from here. Closed when both directions have let go of it.
struct Connection {
    program: TcpStream,
    daemon: TcpStream,
    gone: AtomicBool,
}

impl Shared {
    fn pass_on(&self, connection: &Connection) {
        let mut buffer = vec![0; 1 << 16];
        // Now and then it has to be seen that the other direction has ended.
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
            // Closing it, which happens when both directions have let go, then is a reset.
            let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
            setsockopt(&connection.program, sockopt::Linger, &at_once).expect("a TCP connection");
        } else {
            let _ = connection.program.shutdown(Shutdown::Both);
        }
        connection.gone.store(true, Ordering::SeqCst);
        let _ = connection.daemon.shutdown(Shutdown::Both);
    }
}

/// Without this, who writes small pieces waits 40 ms for each other one: a delay that is not asked for.
fn acknowledge(stream: &TcpStream) {
    // One that is closed already needs none.
    let _ = stream.set_quickack(true);
}
