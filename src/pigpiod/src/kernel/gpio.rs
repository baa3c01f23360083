// SPDX-License-Identifier: GPL-3.0-or-later
//! Inputs of the processor's own GPIO controller.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

use gpiocdev_uapi::v2::{
    self, Error, LineConfig, LineEdgeEvent, LineEdgeEventKind, LineFlags, LineRequest, LineValues, Name,
    Offsets, get_chip_info, read_event,
};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use pigpio::Pull;

/// Labels of the processors' own controllers: Pi 0 to 3, Pi 4, Pi 5.
const LABELS: [&str; 3] = ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"];

/// Maximum number of edges per read.
const EDGES: usize = 16;

/// The settings of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// The pull resistor; `None` for no change.
    pub pull: Option<Pull>,
    /// The time in microseconds that a level must be steady; 0 for no filter.
    pub steady: u32,
}

/// A change of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The new level.
    pub level: bool,
    /// The time in microseconds since the boot.
    pub tick: u32,
}

/// A GPIO controller.
pub trait Gpio {
    /// Its inputs.
    type Line: Line;

    /// Claims a pin as an input for this program.
    fn request(&mut self, pin: u32, settings: Settings) -> io::Result<Self::Line>;
}

/// An input, which becomes readable when it changes. Dropping it releases the pin.
pub trait Line: AsFd {
    /// Its level.
    fn level(&self) -> io::Result<bool>;

    /// Changes its settings.
    fn configure(&mut self, settings: Settings) -> io::Result<()>;

    /// Its changes since the last call, without waiting.
    fn edges(&mut self) -> io::Result<Vec<Edge>>;
}

/// The kernel's GPIO character devices.
#[derive(Debug)]
pub struct CharacterDevice {
    dev: PathBuf,
}

impl CharacterDevice {
    /// The devices of the machine with the root directory `root`.
    #[must_use]
    pub fn of_machine(root: &Path) -> Self {
        Self { dev: root.join("dev") }
    }

    /// The processor's own controller. Chip numbers depend on the order of drivers.
    fn controller(&self) -> io::Result<File> {
        let chips = std::fs::read_dir(&self.dev)?
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("gpiochip"));
        for chip in chips {
            let Ok(file) = File::options().read(true).write(true).open(chip.path()) else { continue };
            let label = get_chip_info(&file).map(|info| info.label);
            if label.is_ok_and(|label| LABELS.iter().any(|known| label.as_os_str() == *known)) {
                return Ok(file);
            }
        }
        Err(io::Error::new(
            ErrorKind::NotFound,
            format!("no {}/gpiochip* is the GPIO controller of a Raspberry Pi", self.dev.display()),
        ))
    }
}

impl Gpio for CharacterDevice {
    type Line = LineFile;

    fn request(&mut self, pin: u32, settings: Settings) -> io::Result<LineFile> {
        let request = LineRequest {
            offsets: Offsets::from_slice(&[pin]),
            consumer: Name::from_bytes(b"lampi"),
            config: configuration(settings),
            num_lines: 1,
            ..LineRequest::default()
        };
        let line = v2::get_line(&self.controller()?, request).map_err(kernels)?;
        // The kernel creates it in blocking mode, regardless of the chip's flags.
        fcntl(&line, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(LineFile(line))
    }
}

/// An input from the kernel.
#[derive(Debug)]
pub struct LineFile(File);

impl Line for LineFile {
    fn level(&self) -> io::Result<bool> {
        let mut values = LineValues { mask: 1, ..LineValues::default() };
        v2::get_line_values(&self.0, &mut values).map_err(kernels)?;
        Ok(values.get(0) == Some(true))
    }

    fn configure(&mut self, settings: Settings) -> io::Result<()> {
        v2::set_line_config(&self.0, configuration(settings)).map_err(kernels)
    }

    fn edges(&mut self) -> io::Result<Vec<Edge>> {
        let size = LineEdgeEvent::u64_size();
        let mut words = vec![0; size * EDGES];
        let count = match read_event(&self.0, &mut words).map_err(kernels) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Vec::new()),
            count => count?,
        };
        let events =
            words[..count].chunks_exact(size).filter_map(|words| LineEdgeEvent::from_slice(words).ok());
        Ok(events
            .map(|event| Edge {
                level: event.kind == LineEdgeEventKind::RisingEdge as u32,
                tick: (event.timestamp_ns / 1000) as u32,
            })
            .collect())
    }
}

impl AsFd for LineFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn configuration(settings: Settings) -> LineConfig {
    let bias = match settings.pull {
        None => LineFlags::empty(),
        Some(Pull::Down) => LineFlags::BIAS_PULL_DOWN,
        Some(Pull::Up) => LineFlags::BIAS_PULL_UP,
        Some(Pull::Off) => LineFlags::BIAS_DISABLED,
    };
    let flags = LineFlags::INPUT | LineFlags::EDGE_RISING | LineFlags::EDGE_FALLING | bias;
    let mut config = LineConfig { flags, ..LineConfig::default() };
    if settings.steady > 0 {
        config.add_debounce(settings.steady, 1);
    }
    config
}

/// The kernel's error.
fn kernels(error: Error) -> io::Error {
    match error {
        Error::Os(errno) => io::Error::from_raw_os_error(errno.0),
        Error::UnderRead(error) => io::Error::new(ErrorKind::InvalidData, error),
    }
}

#[cfg(test)]
mod tests {
    use gpiocdev_uapi::v2::LineAttributeValue;

    use super::*;

    #[test]
    fn requests_both_edges_of_an_input() {
        let both = LineFlags::INPUT | LineFlags::EDGE_RISING | LineFlags::EDGE_FALLING;
        for (pull, bias) in [
            (None, LineFlags::empty()),
            (Some(Pull::Off), LineFlags::BIAS_DISABLED),
            (Some(Pull::Down), LineFlags::BIAS_PULL_DOWN),
            (Some(Pull::Up), LineFlags::BIAS_PULL_UP),
        ] {
            let config = configuration(Settings { pull, steady: 0 });
            assert_eq!((config.flags, config.num_attrs), (both | bias, 0), "{pull:?}");
        }
        let config = configuration(Settings { pull: None, steady: 3000 });
        assert_eq!((config.num_attrs, config.attr(0).mask), (1, 1));
        assert!(matches!(config.attr(0).attr.to_value(), Some(LineAttributeValue::DebouncePeriod(3000))));
    }
}
