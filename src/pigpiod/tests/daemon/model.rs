// SPDX-License-Identifier: GPL-3.0-or-later
//! A model of the kernel's PWM and GPIO, with rules measured on Linux 6.12, and a daemon on it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use nix::errno::Errno;
use pigpio::Client;
use pigpiod::kernel::{Edge, Gpio, Kernel, Line, Settings, Sysfs};
use pigpiod::{Pins, Server};

/// The phandle of the processor's own controller.
const CONTROLLER: u32 = 0x0c;

/// Timeout of an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The PWM files of /sys.
#[derive(Clone, Default)]
pub(crate) struct Kernels(Arc<Mutex<State>>);

#[derive(Default)]
pub(crate) struct State {
    chips: BTreeMap<String, Chip>,
    /// Each written value, with its path.
    pub writes: Vec<(String, String)>,
    pub is_read_only: bool,
}

/// A PWM chip and its one channel.
#[derive(Clone)]
pub(crate) struct Chip {
    pub compatible: &'static str,
    pub controller: u32,
    pub line: u32,
    pub is_exported: bool,
    pub period: u64,
    pub duty: u64,
    pub is_enabled: bool,
    pub is_inversed: bool,
}

impl Chip {
    /// A chip as the driver pwm-gpio creates it.
    pub(crate) fn on(line: u32) -> Self {
        Self {
            compatible: "pwm-gpio",
            controller: CONTROLLER,
            line,
            is_exported: false,
            period: 0,
            duty: 0,
            is_enabled: false,
            is_inversed: false,
        }
    }

    /// A chip that already gives light.
    pub(crate) fn lit(line: u32, duty: u64, period: u64) -> Self {
        Self { period, duty, is_enabled: true, ..Self::on(line) }
    }
}

impl Kernels {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Adds a chip.
    pub(crate) fn add(&self, name: &str, chip: Chip) {
        self.state().chips.insert(name.into(), chip);
    }

    /// The chips of a lamp, in arbitrary order.
    pub(crate) fn with_leds() -> Self {
        let kernels = Self::default();
        for (name, line) in [("pwmchip0", 13), ("pwmchip2", 26), ("pwmchip3", 19)] {
            kernels.add(name, Chip::on(line));
        }
        kernels
    }

    /// Removes a chip.
    pub(crate) fn remove(&self, name: &str) {
        self.state().chips.remove(name).expect("the chip is there");
    }

    /// The chip of a pin.
    pub(crate) fn chip(&self, line: u32) -> Chip {
        let state = self.state();
        state.chips.values().find(|chip| chip.line == line).expect("the pin has a chip").clone()
    }

    /// Duty cycle and period of an enabled chip in nanoseconds.
    pub(crate) fn light(&self, line: u32) -> Option<(u64, u64)> {
        let chip = self.chip(line);
        chip.is_enabled.then_some((chip.duty, chip.period))
    }

    /// The writes since the last call, without exports.
    pub(crate) fn take_writes(&self) -> Vec<String> {
        let writes = std::mem::take(&mut self.state().writes);
        let shown = writes.into_iter().filter(|(path, _)| !path.ends_with("export"));
        shown.map(|(path, value)| format!("{} {value}", path.trim_start_matches("class/pwm/"))).collect()
    }
}

fn error(errno: Errno) -> io::Error {
    errno.into()
}

impl Sysfs for Kernels {
    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        match directory {
            "class/pwm" => Ok(self.state().chips.keys().cloned().collect()),
            "bus/gpio/devices" => Ok(vec!["gpiochip0".into(), "gpiochip1".into()]),
            _ => Err(error(Errno::ENOENT)),
        }
    }

    fn read(&self, file: &str) -> io::Result<Vec<u8>> {
        match file {
            "bus/gpio/devices/gpiochip0/of_node/compatible" => {
                return Ok(b"raspberrypi,firmware-gpio\0".to_vec());
            }
            "bus/gpio/devices/gpiochip1/of_node/compatible" => return Ok(b"brcm,bcm2835-gpio\0".to_vec()),
            "bus/gpio/devices/gpiochip1/of_node/phandle" => return Ok(CONTROLLER.to_be_bytes().to_vec()),
            _ => {}
        }
        let state = self.state();
        let (chip, name) = file
            .strip_prefix("class/pwm/")
            .and_then(|rest| rest.split_once('/'))
            .and_then(|(chip, name)| Some((state.chips.get(chip)?, name)))
            .ok_or(error(Errno::ENOENT))?;
        match name {
            "device/of_node/compatible" => return Ok(format!("{}\0", chip.compatible).into_bytes()),
            "device/of_node/gpios" => {
                return Ok([chip.controller, chip.line, 0].into_iter().flat_map(u32::to_be_bytes).collect());
            }
            _ if !chip.is_exported => return Err(error(Errno::ENOENT)),
            _ => {}
        }
        let text = match name {
            "pwm0/period" => chip.period.to_string(),
            "pwm0/duty_cycle" => chip.duty.to_string(),
            "pwm0/enable" => u8::from(chip.is_enabled).to_string(),
            "pwm0/polarity" => if chip.is_inversed { "inversed" } else { "normal" }.into(),
            _ => return Err(error(Errno::ENOENT)),
        };
        Ok(format!("{text}\n").into_bytes())
    }

    fn write(&mut self, file: &str, value: &str) -> io::Result<()> {
        let mut state = self.state();
        if state.is_read_only {
            return Err(error(Errno::EROFS));
        }
        state.writes.push((file.into(), value.into()));
        let (chip, name) = file
            .strip_prefix("class/pwm/")
            .and_then(|rest| rest.split_once('/'))
            .and_then(|(chip, name)| Some((state.chips.get_mut(chip)?, name)))
            .ok_or(error(Errno::ENOENT))?;
        if name == "export" {
            if std::mem::replace(&mut chip.is_exported, true) {
                return Err(error(Errno::EBUSY));
            }
            return Ok(());
        }
        if !chip.is_exported {
            return Err(error(Errno::ENOENT));
        }
        let number = || value.parse::<u64>().map_err(|_| error(Errno::EINVAL));
        match name {
            "pwm0/period" if number()? < chip.duty => return Err(error(Errno::EINVAL)),
            "pwm0/period" => chip.period = number()?,
            // Accepted without a period.
            "pwm0/duty_cycle" if chip.period > 0 && number()? > chip.period => {
                return Err(error(Errno::EINVAL));
            }
            "pwm0/duty_cycle" => chip.duty = number()?,
            "pwm0/enable" if value == "1" && chip.period == 0 => return Err(error(Errno::EINVAL)),
            "pwm0/enable" => chip.is_enabled = value == "1",
            "pwm0/polarity" => chip.is_inversed = value == "inversed",
            _ => return Err(error(Errno::ENOENT)),
        }
        Ok(())
    }
}

/// The button of a lamp, with a pull-up resistor.
#[derive(Clone)]
pub(crate) struct Button(Arc<Mutex<ButtonState>>);

pub(crate) struct ButtonState {
    pub level: bool,
    pub settings: Option<Settings>,
    /// The error of a claim.
    pub error: Option<Errno>,
    changes: Option<UnixStream>,
}

impl Default for Button {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(ButtonState { level: true, settings: None, error: None, changes: None })))
    }
}

impl Button {
    pub(crate) fn state(&self) -> MutexGuard<'_, ButtonState> {
        self.0.lock().unwrap()
    }

    /// Changes its level at the time `tick`.
    pub(crate) fn change(&self, level: bool, tick: u32) {
        let mut state = self.state();
        state.level = level;
        let mut bytes = vec![u8::from(level)];
        bytes.extend(tick.to_le_bytes());
        state.changes.as_mut().expect("the line is claimed").write_all(&bytes).unwrap();
    }
}

impl Gpio for Button {
    type Line = ButtonLine;

    fn request(&mut self, pin: u32, settings: Settings) -> io::Result<ButtonLine> {
        assert_eq!(pin, 17, "no other pin is claimed");
        let mut state = self.state();
        if let Some(errno) = state.error {
            return Err(error(errno));
        }
        let (ours, theirs) = UnixStream::pair()?;
        theirs.set_nonblocking(true)?;
        state.settings = Some(settings);
        state.changes = Some(ours);
        Ok(ButtonLine { button: self.clone(), changes: theirs })
    }
}

pub(crate) struct ButtonLine {
    button: Button,
    changes: UnixStream,
}

impl Line for ButtonLine {
    fn level(&self) -> io::Result<bool> {
        Ok(self.button.state().level)
    }

    fn configure(&mut self, settings: Settings) -> io::Result<()> {
        self.button.state().settings = Some(settings);
        Ok(())
    }

    fn edges(&mut self) -> io::Result<Vec<Edge>> {
        let mut bytes = [0; 5];
        match self.changes.read(&mut bytes) {
            Ok(5) => {
                let [level, tick @ ..] = bytes;
                Ok(vec![Edge { level: level == 1, tick: u32::from_le_bytes(tick) }])
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Vec::new()),
            _ => Err(error(Errno::ENODEV)),
        }
    }
}

impl AsFd for ButtonLine {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.changes.as_fd()
    }
}

/// A daemon on the model.
pub(crate) struct Daemon {
    pub port: u16,
    pub kernels: Kernels,
    pub button: Button,
    uevents: UnixDatagram,
}

impl Daemon {
    pub(crate) fn start(kernels: &Kernels) -> Self {
        Self::start_with(kernels, u64::MAX)
    }

    /// Starts a daemon that changes only the pins of a mask.
    pub(crate) fn start_with(kernels: &Kernels, changeable: u64) -> Self {
        let (kernels, button) = (kernels.clone(), Button::default());
        let (uevents, theirs) = UnixDatagram::pair().unwrap();
        let hardware = Kernel::new(kernels.clone(), button.clone(), Some(OwnedFd::from(theirs)), 0x00c0_3112);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut server = Server::new(vec![listener], Pins::new(hardware, changeable)).unwrap();
        std::thread::spawn(move || server.run(&[]));
        Self { port, kernels, button, uevents }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect("127.0.0.1", self.port, PATIENCE).unwrap()
    }

    /// Sends the kernel's event for a chip.
    pub(crate) fn tell(&self, action: &str, chip: &str) {
        let event = format!("{action}@/d/{chip}\0ACTION={action}\0DEVPATH=/d/{chip}\0SUBSYSTEM=pwm\0");
        self.uevents.send(event.as_bytes()).unwrap();
    }
}
