// SPDX-License-Identifier: GPL-3.0-or-later
//! The panel's backlight on GPIO 18, set by the topic lamp/backlight: a thread that keeps the pin at the
//! newest level and reconnects to pigpiod. The pin does not change before the first request.

use std::convert::Infallible;
use std::fs;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Context;
use lamp::state::PWM_RANGE;
use lamp::topic;
use log::info;
use pigpio::{Client, Command, Error, ErrorCode, Mode};
use programs::pins::BACKLIGHT;
use runtime::Waker;
use runtime::address::Address;
use runtime::backoff::Backoff;
use runtime::logging::{OnChangeLog, RateLimitedLog};
use serde::Deserialize;

use crate::leds::PATIENCE;

/// The PWM frequency in Hz, as for the LEDs by default.
const FREQUENCY: u32 = 1000;

/// The backlights that the kernel drives.
const KERNELS: &str = "sys/class/backlight";

/// A request. Other fields are ignored.
#[derive(Debug, Deserialize)]
struct Request {
    /// 0 (dark) to 1.
    backlight: f64,
}

/// A handle for setting the backlight.
pub(crate) struct Backlight {
    thread: Arc<Thread>,
    is_started: bool,
    refused: RateLimitedLog,
}

struct Thread {
    /// The GPIO daemon.
    address: Address,
    /// The newest duty cycle.
    duty: AtomicU32,
    /// Woken for each new duty cycle.
    waker: Waker,
}

/// Why the pin is not changed.
enum Obstacle {
    /// Something else uses it.
    Claimed(String),
    /// The daemon does not permit changes.
    Forbidden,
}

impl Backlight {
    /// Creates the backlight of the lamp with the GPIO daemon at `address`.
    pub(crate) fn new(address: Address) -> anyhow::Result<Self> {
        let waker = Waker::new().context("cannot create an event counter")?;
        let thread = Arc::new(Thread { address, duty: AtomicU32::new(0), waker });
        Ok(Self { thread, is_started: false, refused: RateLimitedLog::default() })
    }

    /// Applies a request from the topic. Never blocks.
    pub(crate) fn take(&mut self, payload: &[u8]) {
        match duty(payload) {
            Ok(duty) => {
                self.thread.duty.store(duty, Ordering::Release);
                self.thread.waker.wake();
                if !self.is_started {
                    let thread = Arc::clone(&self.thread);
                    let started =
                        std::thread::Builder::new().name("backlight".into()).spawn(move || thread.run());
                    self.is_started = started.is_ok();
                }
            }
            Err(error) => {
                self.refused.warn(&format!("rejected a message on {}: {error}", topic::BACKLIGHT));
            }
        }
    }
}

/// The duty cycle of a request.
fn duty(payload: &[u8]) -> Result<u32, String> {
    let Request { backlight } = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    if !(0.0..=1.0).contains(&backlight) {
        return Err(format!("backlight is {backlight}; it must be a number from 0.0 to 1.0"));
    }
    Ok((backlight * f64::from(PWM_RANGE)).round() as u32)
}

impl Thread {
    fn run(&self) {
        let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
        let mut log = OnChangeLog::default();
        loop {
            let Err(error) = self.drive(&mut log);
            log.warn(&format!("{error}; the backlight keeps its level until pigpiod answers"));
            std::thread::sleep(backoff.wait());
        }
    }

    /// Keeps the pin at the newest level while pigpiod is reachable.
    fn drive(&self, log: &mut OnChangeLog) -> Result<Infallible, Error> {
        let mut client = Client::connect(&self.address.host, self.address.port, PATIENCE)?;
        let mut is_set_up = false;
        loop {
            let done = if is_set_up { Ok(()) } else { set_up(&mut client, Path::new("/"))? };
            match done {
                Ok(()) => {
                    let duty = self.duty.load(Ordering::Acquire);
                    client.run(&[Command::SetDutyCycle(BACKLIGHT, duty)])?;
                    if !is_set_up {
                        log.reset();
                        info!(
                            "controlling the backlight on GPIO {BACKLIGHT} through pigpiod at {}",
                            client.peer()
                        );
                    }
                    is_set_up = true;
                }
                Err(Obstacle::Claimed(by)) => log.warn(&format!(
                    "{by} uses GPIO {BACKLIGHT}, so {} has no effect; disable one of the two",
                    topic::BACKLIGHT
                )),
                Err(Obstacle::Forbidden) => log.warn(&format!(
                    "the GPIO daemon at {} does not permit changes of GPIO {BACKLIGHT}, so {} has no effect; \
                     pigpio's own daemon permits them unless its option -x forbids them",
                    client.peer(),
                    topic::BACKLIGHT
                )),
            }
            match self.waker.wait(client.as_fd(), None) {
                Ok(runtime::Wake::Readable) => {
                    return Err(Error::Lost(client.peer(), std::io::ErrorKind::UnexpectedEof.into()));
                }
                Ok(_) => {}
                Err(error) => return Err(Error::Lost(client.peer(), error)),
            }
        }
    }
}

/// Sets the pin to PWM unless something else uses it.
fn set_up(client: &mut Client, root: &Path) -> Result<Result<(), Obstacle>, Error> {
    if let Some(name) = backlight_of_kernel(root) {
        return Ok(Err(Obstacle::Claimed(format!("the kernel's backlight /{KERNELS}/{name}"))));
    }
    let commands = [
        Command::SetMode(BACKLIGHT, Mode::Output),
        Command::SetFrequency(BACKLIGHT, FREQUENCY),
        Command::SetRange(BACKLIGHT, PWM_RANGE),
    ];
    let asked = client.run(&[Command::Mode(BACKLIGHT)]).and_then(|[mode]| {
        // Modes above input and output are functions of the processor's own devices.
        if mode > Mode::Output as u32 {
            return Ok(Err(Obstacle::Claimed("a device of the processor (such as sound or PWM)".into())));
        }
        client.run(&commands).map(|_| Ok(()))
    });
    match asked {
        Err(Error::Refused(_, ErrorCode::NOT_PERMITTED | ErrorCode::NOT_HPWM_GPIO)) => {
            Ok(Err(Obstacle::Forbidden))
        }
        result => result,
    }
}

/// The kernel's backlight on a pin, if a driver has one.
fn backlight_of_kernel(root: &Path) -> Option<String> {
    let entries = fs::read_dir(root.join(KERNELS)).ok()?;
    let is_of_a_pin = |entry: &fs::DirEntry| {
        let compatible = fs::read(entry.path().join("device/of_node/compatible")).unwrap_or_default();
        compatible
            .split(|byte| *byte == 0)
            .any(|name| [&b"gpio-backlight"[..], b"pwm-backlight"].contains(&name))
    };
    let found = entries.filter_map(Result::ok).find(is_of_a_pin)?;
    Some(found.file_name().to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_numbers_from_0_to_1() {
        for (payload, wanted) in [
            (r#"{"backlight": 0}"#, Some(0)),
            (r#"{"backlight": 1}"#, Some(1000)),
            (r#"{"backlight": 0.3333, "client": "x"}"#, Some(333)),
            (r#"{"backlight": -0.1}"#, None),
            (r#"{"backlight": 1.01}"#, None),
            (r#"{"backlight": true}"#, None),
            (r#"{"backlight": "1"}"#, None),
            (r#"{"backlight": null}"#, None),
            ("{}", None),
            ("0.5", None),
            ("", None),
            ("\u{feff}{", None),
        ] {
            assert_eq!(duty(payload.as_bytes()).ok(), wanted, "{payload}");
        }
        assert!(duty(b"\xff").is_err());
        assert!(duty("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn finds_the_kernels_backlight() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(backlight_of_kernel(root.path()), None);
        let add = |name: &str, compatible: &str| {
            let node = root.path().join(KERNELS).join(name).join("device/of_node");
            fs::create_dir_all(&node).unwrap();
            fs::write(node.join("compatible"), compatible).unwrap();
        };
        add("10-0045", "raspberrypi,7inch-touchscreen-panel-regulator\0");
        assert_eq!(backlight_of_kernel(root.path()), None);
        add("backlight", "gpio-backlight\0");
        assert_eq!(backlight_of_kernel(root.path()).as_deref(), Some("backlight"));
    }
}
