// SPDX-License-Identifier: GPL-3.0-or-later
//! An open touch screen, or what stands in for one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, anyhow, bail};
use evdev::raw_stream::RawDevice;
use evdev::{AbsoluteAxisCode, KeyCode};
use kivy_conf::input::{Calibration, Device, Ends, Rule};

use super::decoder::{Decoder, Touch};
use crate::window::Window;

/// Where the kernel puts input devices.
const INPUT_FOLDER: &str = "/dev/input";

/// Size of one `struct input_event`: a time stamp, whose size depends on the machine, then type, code and value.
const EVENT_SIZE: usize = size_of::<libc::input_event>();

/// A touch screen that is open.
pub(crate) struct TouchScreen {
    path: PathBuf,
    source: Source,
    decoder: Decoder,
    /// Smallest and largest value of x and y, as far as they are known. The rest is pixels of the screen.
    range: [Ends; 2],
    calibration: Calibration,
}

enum Source {
    Device(RawDevice),
    /// Raw events from a FIFO, with what was read of the next one.
    Fifo(File, Vec<u8>),
    /// The mouse in a window.
    Window(Rc<Window>),
}

/// Where `value` lies between the ends of its axis, from 0 to 1, taking each unit at its middle as a pixel is.
fn position(value: i32, (smallest, largest): Ends, pixels: u32) -> f32 {
    let smallest = f64::from(smallest.unwrap_or(0));
    let largest = largest.map_or(f64::from(pixels) - 1.0, f64::from);
    // An axis without extent cannot be mapped: its only place is the screen's middle.
    if smallest >= largest {
        return 0.5;
    }
    let position = (f64::from(value) - smallest + 0.5) / (largest - smallest + 1.0);
    position.clamp(0.0, 1.0) as f32
}

impl TouchScreen {
    /// Opens `path`, or the first touch screen that the rules of the Kivy configuration mean, or without rules the first
    /// of the machine. `Ok(None)`: there is none (yet).
    pub(crate) fn open(path: Option<&Path>, rules: &[Rule]) -> anyhow::Result<Option<Self>> {
        if let Some(path) = path {
            return Self::open_path(path, rules);
        }
        if rules.is_empty() {
            return Self::find(
                Path::new(INPUT_FOLDER),
                &Device::Named(String::new()),
                Calibration::default(),
            );
        }
        for rule in rules {
            let opened = match &rule.device {
                Device::Path(path) => Self::open_path(path, rules),
                device => Self::find(Path::new(INPUT_FOLDER), device, rule.calibration),
            };
            if let Some(touch) = opened? {
                return Ok(Some(touch));
            }
        }
        Ok(None)
    }

    /// The mouse in a window in place of a touch screen.
    pub(crate) fn of_window(window: Rc<Window>) -> Self {
        Self {
            path: PathBuf::new(),
            source: Source::Window(window),
            decoder: Decoder::default(),
            range: Default::default(),
            calibration: Calibration::default(),
        }
    }

    /// Whether events wait that waiting for the file descriptor does not tell of.
    pub(crate) fn has_waiting(&self) -> bool {
        matches!(&self.source, Source::Window(window) if window.has_waiting())
    }

    /// Where it was opened, with the name that the device gives itself.
    pub(crate) fn description(&self) -> String {
        match &self.source {
            Source::Device(device) => {
                format!("{} ({})", self.path.display(), device.name().unwrap_or("a device without a name"))
            }
            Source::Fifo(..) => format!("{} (raw events)", self.path.display()),
            Source::Window(_) => "the mouse".into(),
        }
    }

    /// Takes all events that are there. `size` is width and height of the screen in pixels. An error means that the
    /// device is gone.
    pub(crate) fn read(&mut self, size: (u32, u32), mut on_touch: impl FnMut(Pointer)) -> io::Result<()> {
        let Self { source, decoder, range, calibration, .. } = self;
        let mut on_event = |decoder: &mut Decoder, kind, code, value| {
            for touch in decoder.event(kind, code, value).into_iter().flatten() {
                on_touch(Pointer::of(touch, range, calibration, size));
            }
        };
        loop {
            match source {
                Source::Window(window) => {
                    window.read(on_touch);
                    return Ok(());
                }
                Source::Device(device) => {
                    let mut lost = false;
                    match device.fetch_events() {
                        Ok(events) => {
                            for event in events {
                                let (kind, code) = (event.event_type().0, event.code());
                                lost |= (kind, code) == SYN_DROPPED;
                                on_event(decoder, kind, code, event.value());
                            }
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                    if lost {
                        decoder.resume_at(current_slot(device)?);
                    }
                }
                Source::Fifo(file, rest) => {
                    let mut buffer = [0; EVENT_SIZE * 64];
                    match file.read(&mut buffer) {
                        Ok(length) => rest.extend_from_slice(&buffer[..length]),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                    let whole = rest.len() / EVENT_SIZE * EVENT_SIZE;
                    for event in rest.drain(..whole).as_slice().chunks_exact(EVENT_SIZE) {
                        let (kind, code, value) = fields(event);
                        on_event(decoder, kind, code, value);
                    }
                }
            }
        }
    }

    fn find(folder: &Path, wanted: &Device, calibration: Calibration) -> anyhow::Result<Option<Self>> {
        let mut names: Vec<PathBuf> = match folder.read_dir() {
            Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot look into {}", folder.display()));
            }
        };
        names.retain(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("event"))
        });
        // In the order of their numbers.
        names.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
        let mut refused = None;
        for path in names {
            match open_device(&path) {
                Ok(device)
                    if is_touch_screen(&device) && wanted.is_named(device.name().unwrap_or_default()) =>
                {
                    return Self::from_device(path, device, calibration).map(Some);
                }
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    refused = Some((path, error));
                }
                // A keyboard, a device that is gone since the folder was read, or no input device.
                Ok(_) | Err(_) => {}
            }
        }
        match refused {
            Some((path, error)) => Err(error).with_context(|| {
                format!("cannot open {}, the user who runs this needs the group `input`", path.display())
            }),
            None => Ok(None),
        }
    }

    /// Opens what is at `path`, with the calibration of the rule that is about it.
    fn open_path(path: &Path, rules: &[Rule]) -> anyhow::Result<Option<Self>> {
        match Self::try_path(path, rules) {
            Err(error) if is_not_found(&error) => Ok(None),
            opened => opened
                .with_context(|| {
                    format!("cannot use {} as touch screen, name another with --touch", path.display())
                })
                .map(Some),
        }
    }

    fn try_path(path: &Path, rules: &[Rule]) -> anyhow::Result<Self> {
        let at_path = rules.iter().find(|rule| rule.device == Device::Path(path.into()));
        if path.metadata()?.file_type().is_fifo() {
            // Open for writing too: a FIFO without a writer would be ready all the time with nothing to read.
            let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path)?;
            let source = Source::Fifo(file, Vec::new());
            let calibration = at_path.map(|rule| rule.calibration).unwrap_or_default();
            let range = calibration.position;
            return Ok(Self { path: path.into(), source, decoder: Decoder::default(), range, calibration });
        }
        let device = open_device(path)?;
        if !is_touch_screen(&device) {
            bail!("it has neither the multi-touch axes nor the single-touch ones with BTN_TOUCH");
        }
        let name = device.name().unwrap_or_default();
        let rule = at_path.or_else(|| rules.iter().find(|rule| rule.device.is_named(name)));
        let calibration = rule.map(|rule| rule.calibration).unwrap_or_default();
        Self::from_device(path.into(), device, calibration)
    }

    fn from_device(path: PathBuf, device: RawDevice, calibration: Calibration) -> anyhow::Result<Self> {
        let (axes, given) = if has_multi_touch(&device) {
            let axes = [AbsoluteAxisCode::ABS_MT_POSITION_X, AbsoluteAxisCode::ABS_MT_POSITION_Y];
            (axes, calibration.position)
        } else {
            ([AbsoluteAxisCode::ABS_X, AbsoluteAxisCode::ABS_Y], calibration.single)
        };
        let mut range = given;
        for (wanted, (smallest, largest)) in axes.into_iter().zip(&mut range) {
            let (_, extent) = device
                .get_absinfo()?
                .find(|(axis, _)| *axis == wanted)
                .ok_or_else(|| anyhow!("it has no axis {wanted:?}"))?;
            *smallest = smallest.or(Some(extent.minimum()));
            *largest = largest.or(Some(extent.maximum()));
            if smallest >= largest {
                bail!("its axis {wanted:?} has no extent, which cannot be mapped to the screen");
            }
        }
        let decoder = Decoder::starting_at(current_slot(&device)?);
        Ok(Self { path, source: Source::Device(device), decoder, range, calibration })
    }
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

/// What the finger did, with places from 0 to 1 from the upper left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pointer {
    /// Went down, at x and y.
    Down(f32, f32),
    /// Moved to x and y.
    Moved(f32, f32),
    /// Was lifted.
    Up,
}

impl Pointer {
    fn of(touch: Touch, range: &[Ends; 2], calibration: &Calibration, (width, height): (u32, u32)) -> Self {
        let place = |x, y| calibration.place((position(x, range[0], width), position(y, range[1], height)));
        match touch {
            Touch::Down(x, y) => {
                let (x, y) = place(x, y);
                Self::Down(x, y)
            }
            Touch::Moved(x, y) => {
                let (x, y) = place(x, y);
                Self::Moved(x, y)
            }
            Touch::Up => Self::Up,
        }
    }

    /// The same elsewhere: `place` tells where.
    pub(crate) fn mapped(self, place: impl FnOnce((f32, f32)) -> (f32, f32)) -> Self {
        match self {
            Self::Down(x, y) => {
                let (x, y) = place((x, y));
                Self::Down(x, y)
            }
            Self::Moved(x, y) => {
                let (x, y) = place((x, y));
                Self::Moved(x, y)
            }
            Self::Up => Self::Up,
        }
    }
}

/// Type and code of the event that tells of lost events.
const SYN_DROPPED: (u16, u16) =
    (evdev::EventType::SYNCHRONIZATION.0, evdev::SynchronizationCode::SYN_DROPPED.0);

fn open_device(path: &Path) -> io::Result<RawDevice> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    RawDevice::from_fd(OwnedFd::from(file))
}

fn is_touch_screen(device: &RawDevice) -> bool {
    let single_touch =
        device.supported_absolute_axes().is_some_and(|axes| axes.contains(AbsoluteAxisCode::ABS_X))
            && device.supported_keys().is_some_and(|keys| keys.contains(KeyCode::BTN_TOUCH));
    has_multi_touch(device) || single_touch
}

fn has_multi_touch(device: &RawDevice) -> bool {
    device.supported_absolute_axes().is_some_and(|axes| axes.contains(AbsoluteAxisCode::ABS_MT_POSITION_X))
}

/// The slot that the next events of the device belong to, 0 for a device without slots.
fn current_slot(device: &RawDevice) -> io::Result<i32> {
    let slot = device.get_absinfo()?.find(|(axis, _)| *axis == AbsoluteAxisCode::ABS_MT_SLOT);
    Ok(slot.map_or(0, |(_, info)| info.value()))
}

/// Type, code and value of a raw event: its last eight bytes, in the machine's byte order.
fn fields(event: &[u8]) -> (u16, u16, i32) {
    let tail = &event[EVENT_SIZE - 8..];
    let short = |at: usize| u16::from_ne_bytes([tail[at], tail[at + 1]]);
    (short(0), short(2), i32::from_ne_bytes([tail[4], tail[5], tail[6], tail[7]]))
}

fn is_not_found(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_units_become_places_at_their_middle() {
        let calibration = Calibration::default();
        let of = |touch, range: [Ends; 2]| Pointer::of(touch, &range, &calibration, (240, 320));
        let pixels = [(None, None); 2];
        let device = [(Some(0), Some(4095)); 2];
        assert_eq!(of(Touch::Down(0, 319), pixels), Pointer::Down(0.5 / 240.0, 319.5 / 320.0));
        let half = 0.5 / 4096.0;
        assert_eq!(of(Touch::Moved(4095, 0), device), Pointer::Moved(1.0 - half, half));
        assert_eq!(of(Touch::Moved(-5, 9999), pixels), Pointer::Moved(0.0, 1.0));
        assert_eq!(of(Touch::Moved(3, 3), [(Some(5), Some(5)); 2]), Pointer::Moved(0.5, 0.5));
        assert_eq!(of(Touch::Up, pixels), Pointer::Up);
    }

    #[test]
    fn a_raw_event_is_read_at_its_end() {
        let mut event = vec![0xaa; EVENT_SIZE - 8];
        event.extend(3u16.to_ne_bytes());
        event.extend(0x35u16.to_ne_bytes());
        event.extend((-7i32).to_ne_bytes());
        assert_eq!(fields(&event), (3, 0x35, -7));
    }

    #[test]
    fn what_is_no_touch_screen_is_refused_by_name() {
        assert!(TouchScreen::open(Some(Path::new("/nonexistent/event0")), &[]).unwrap().is_none());
        let error = TouchScreen::open(Some(Path::new("/dev/null")), &[]).err().unwrap();
        assert!(format!("{error:#}").contains("/dev/null"), "{error:#}");
    }

    #[test]
    fn a_machine_without_input_devices_is_no_failure() {
        let any = Device::Named(String::new());
        assert!(
            TouchScreen::find(Path::new("/nonexistent"), &any, Calibration::default()).unwrap().is_none()
        );
    }
}
