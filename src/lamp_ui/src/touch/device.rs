// SPDX-License-Identifier: GPL-3.0-or-later
//! An open touch screen or its replacement.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, anyhow, bail};
use kivy_conf::Kivy;
use kivy_conf::input::Device as Wanted;
use touchscreen::codes::ABS_PRESSURE;
use touchscreen::{Decoder, Device, EVENT_SIZE, Event, Protocol, Refusal, Snapshot, Touch, is_loss};

use super::choice::{Candidate, Choice, Found, choose};
use super::mapping::Mapping;
use super::pointer::Pointer;
use crate::window::Window;

/// The directory of input devices.
pub(super) const INPUT_FOLDER: &str = "/dev/input";

/// An open touch screen.
pub(crate) struct TouchScreen {
    path: PathBuf,
    source: Source,
    decoder: Decoder,
    mapping: Mapping,
    /// Whether the finger went down beside the picture.
    is_beside: bool,
}

enum Source {
    Device(Device),
    /// Raw events from a FIFO, with the part of the next event read so far.
    Fifo(File, Vec<u8>),
    /// The mouse in a window.
    Window(Rc<Window>),
}

/// An opened device that may be a touch screen.
pub(super) enum Opened {
    Device(Device),
    Fifo(File),
}

impl Candidate for Opened {
    fn name(&self) -> &str {
        match self {
            Self::Device(device) => device.name(),
            Self::Fifo(_) => "raw events",
        }
    }

    fn protocol(&self) -> Result<Option<Protocol>, Refusal> {
        match self {
            Self::Device(device) => device.capabilities().protocol().map(Some),
            Self::Fifo(_) => Ok(None),
        }
    }
}

impl TouchScreen {
    /// Opens the touch screen at `path` with the calibration of the first rule for it. `Ok(None)` if it does
    /// not exist.
    pub(super) fn at(path: &Path, kivy: &Kivy) -> anyhow::Result<Option<Self>> {
        let device = match open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened,
        };
        let open = || {
            let device = device?;
            let protocol = match device.protocol() {
                Ok(protocol) => protocol,
                Err(refusal) => bail!("{refusal}"),
            };
            let at_path = kivy.rules.iter().position(|rule| rule.device == Wanted::Path(path.into()));
            let rule =
                at_path.or_else(|| kivy.rules.iter().position(|rule| rule.device.is_named(device.name())));
            let choice =
                Choice { path: path.to_owned(), device, protocol, rule, failed: 0, in_place_of: None };
            Self::of_choice(choice, kivy)
        };
        open().map(Some).with_context(|| {
            format!("cannot use {} as a touch screen; name another with --touch", path.display())
        })
    }

    /// Searches by the first `limit` rules of the Kivy configuration, or by all and, if they fail, among all
    /// devices.
    pub(super) fn look(kivy: &Kivy, limit: Option<usize>) -> anyhow::Result<Found<Opened>> {
        Ok(choose(&kivy.rules, limit, &nodes(Path::new(INPUT_FOLDER))?, open))
    }

    /// Starts reading touches from the chosen device.
    pub(super) fn of_choice(choice: Choice<Opened>, kivy: &Kivy) -> anyhow::Result<Self> {
        let Choice { path, device, protocol, rule, .. } = choice;
        let rule = rule.and_then(|index| kivy.rules.get(index));
        // A link ends at the device node with its name.
        let node = path.canonicalize().unwrap_or_else(|_| path.clone());
        let node = node.file_name().unwrap_or_default().to_string_lossy();
        let calibration = rule.map(|rule| rule.calibration).unwrap_or_default();
        let recalibration = rule.and_then(|rule| kivy.recalibration(rule, &node));
        let mut snapshot = Snapshot::default();
        if let Opened::Device(device) = &device {
            snapshot = device.snapshot()?;
            if let Some(pressure) = snapshot.axes.get_mut(&ABS_PRESSURE) {
                pressure.minimum = calibration.pressure.0.unwrap_or(pressure.minimum);
                pressure.maximum = calibration.pressure.1.unwrap_or(pressure.maximum);
            }
        }
        let mapping = Mapping::new(protocol, &snapshot.axes, calibration, recalibration);
        let decoder = protocol.map_or_else(Decoder::of_unknown, |protocol| Decoder::new(protocol, &snapshot));
        let source = match device {
            Opened::Device(device) => Source::Device(device),
            Opened::Fifo(file) => Source::Fifo(file, Vec::new()),
        };
        Ok(Self { path, source, decoder, mapping, is_beside: false })
    }

    /// Uses the mouse in a window as the touch screen.
    pub(crate) fn of_window(window: Rc<Window>) -> Self {
        Self {
            path: PathBuf::new(),
            source: Source::Window(window),
            decoder: Decoder::of_unknown(),
            mapping: Mapping::default(),
            is_beside: false,
        }
    }

    /// Whether events are available that the file descriptor does not report.
    pub(crate) fn has_waiting(&self) -> bool {
        matches!(&self.source, Source::Window(window) if window.has_waiting())
    }

    /// The path that it was opened with; empty for the mouse.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Grabs the touches for this process, or releases them. Does nothing for a FIFO or window.
    pub(super) fn grab(&self, is_grabbed: bool) -> io::Result<()> {
        match &self.source {
            Source::Device(device) => device.grab(is_grabbed),
            Source::Fifo(..) | Source::Window(_) => Ok(()),
        }
    }

    /// Whether another process has grabbed the device.
    pub(crate) fn is_grabbed(&self) -> bool {
        matches!(&self.source, Source::Device(device) if device.is_grabbed())
    }

    /// Path and name of the device.
    pub(crate) fn description(&self) -> String {
        match &self.source {
            Source::Device(device) => {
                let name = if device.name().is_empty() { "a device without a name" } else { device.name() };
                format!("{} ({name})", self.path.display())
            }
            Source::Fifo(..) => format!("{} (raw events)", self.path.display()),
            Source::Window(_) => "the mouse".into(),
        }
    }

    /// Reads all available events: what the finger did, in the device's units if it has any, and on a screen
    /// of `size` pixels. An error means that the device was removed.
    pub(crate) fn read(
        &mut self,
        size: (u32, u32),
        mut on_touch: impl FnMut(Option<Touch>, Pointer),
    ) -> io::Result<()> {
        loop {
            let events = match &mut self.source {
                Source::Window(window) => {
                    window.read(|pointer| on_touch(None, pointer));
                    return Ok(());
                }
                Source::Device(device) => {
                    let events = device.read()?;
                    if let Some(loss) = events.iter().position(is_loss) {
                        // The kernel's state includes the lost events and those still queued.
                        while !device.read()?.is_empty() {}
                        let snapshot = device.snapshot()?;
                        for event in &events[..loss] {
                            let touches = self.decoder.event(event.0, event.1, event.2);
                            map(&self.mapping, &mut self.is_beside, touches, size, &mut on_touch);
                        }
                        let touches = self.decoder.take_over(&snapshot);
                        map(&self.mapping, &mut self.is_beside, touches, size, &mut on_touch);
                        continue;
                    }
                    events
                }
                Source::Fifo(file, rest) => read_fifo(file, rest)?,
            };
            if events.is_empty() {
                return Ok(());
            }
            for (kind, code, value) in events {
                let touches = self.decoder.event(kind, code, value);
                map(&self.mapping, &mut self.is_beside, touches, size, &mut on_touch);
            }
        }
    }
}

/// Maps touches to positions, without those that begin beside the picture.
fn map(
    mapping: &Mapping,
    is_beside: &mut bool,
    touches: [Option<Touch>; 2],
    size: (u32, u32),
    on_touch: &mut impl FnMut(Option<Touch>, Pointer),
) {
    for touch in touches.into_iter().flatten() {
        let pointer = mapping.pointer(touch, size);
        if matches!(touch, Touch::Down(..)) {
            *is_beside = pointer.is_none();
        }
        if let Some(pointer) = pointer.filter(|_| !*is_beside) {
            on_touch(Some(touch), pointer);
        }
    }
}

/// Reads whole events from a FIFO; empty if there are none.
fn read_fifo(file: &mut File, rest: &mut Vec<u8>) -> io::Result<Vec<Event>> {
    let mut buffer = [0; EVENT_SIZE * 64];
    while rest.len() < EVENT_SIZE {
        match file.read(&mut buffer) {
            Ok(length) => rest.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Vec::new()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let whole = rest.len() / EVENT_SIZE * EVENT_SIZE;
    Ok(rest.drain(..whole).as_slice().chunks_exact(EVENT_SIZE).map(fields).collect())
}

/// The devices of `folder` in numeric order.
fn nodes(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut nodes: Vec<PathBuf> = match folder.read_dir() {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(anyhow!(error).context(format!("cannot read {}", folder.display()))),
    };
    nodes.retain(|path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("event"))
    });
    nodes.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    Ok(nodes)
}

fn open(path: &Path) -> io::Result<Opened> {
    if path.metadata()?.file_type().is_fifo() {
        // Also open for writing: otherwise a FIFO without a writer is always readable.
        let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        return Ok(Opened::Fifo(file));
    }
    Device::open(path).map(Opened::Device)
}

impl AsFd for TouchScreen {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.source {
            Source::Device(device) => device.as_fd(),
            Source::Fifo(file, _) => file.as_fd(),
            Source::Window(window) => window.as_fd(),
        }
    }
}

/// Type, code and value of a raw event: its last eight bytes in native byte order.
fn fields(event: &[u8]) -> Event {
    let tail = &event[EVENT_SIZE - 8..];
    let short = |at: usize| u16::from_ne_bytes([tail[at], tail[at + 1]]);
    (short(0), short(2), i32::from_ne_bytes([tail[4], tail[5], tail[6], tail[7]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_raw_event_from_its_end() {
        let mut event = vec![0xaa; EVENT_SIZE - 8];
        event.extend(3u16.to_ne_bytes());
        event.extend(0x35u16.to_ne_bytes());
        event.extend((-7i32).to_ne_bytes());
        assert_eq!(fields(&event), (3, 0x35, -7));
    }

    #[test]
    fn rejects_other_devices_by_name() {
        let kivy = Kivy::default();
        assert!(TouchScreen::at(Path::new("/nonexistent/event0"), &kivy).unwrap().is_none());
        let error = TouchScreen::at(Path::new("/dev/null"), &kivy).err().unwrap();
        assert!(format!("{error:#}").contains("/dev/null"), "{error:#}");
    }

    #[test]
    fn accepts_a_machine_without_input_devices() {
        assert!(nodes(Path::new("/nonexistent")).unwrap().is_empty());
    }
}
