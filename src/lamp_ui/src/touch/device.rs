// SPDX-License-Identifier: GPL-3.0-or-later
//! An open touch screen, or what stands in for one.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use evdev::raw_stream::RawDevice;
use evdev::{AbsInfo, AbsoluteAxisCode, KeyCode};

use super::decoder::{Decoder, Touch};

/// Where the kernel puts input devices.
const INPUT_FOLDER: &str = "/dev/input";

/// Size of one `struct input_event`: a time stamp, whose size depends on the machine, then type, code and value.
const EVENT_SIZE: usize = size_of::<libc::input_event>();

/// A touch screen that is open.
pub struct TouchScreen {
    path: PathBuf,
    source: Source,
    decoder: Decoder,
    /// Range of x and y in the device's units; `None` when they are pixels of the screen.
    range: Option<(Range, Range)>,
}

enum Source {
    Device(RawDevice),
    /// Raw events from a FIFO, with what was read of the next one.
    Fifo(File, Vec<u8>),
}

/// Smallest and largest value of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Range {
    smallest: i32,
    largest: i32,
}

impl Range {
    fn of(axis: AbsInfo) -> anyhow::Result<Self> {
        let (smallest, largest) = (axis.minimum(), axis.maximum());
        if smallest >= largest {
            bail!("its axis goes from {smallest} to {largest}, which cannot be mapped to the screen");
        }
        Ok(Self { smallest, largest })
    }

    /// Where `value` lies, from 0 to 1, taking each unit at its middle as a pixel is.
    fn position(self, value: i32) -> f32 {
        let (smallest, largest) = (f64::from(self.smallest), f64::from(self.largest));
        let position = (f64::from(value) - smallest + 0.5) / (largest - smallest + 1.0);
        position.clamp(0.0, 1.0) as f32
    }
}

impl TouchScreen {
    /// Opens `path`, or the first touch screen of the machine. `Ok(None)`: there is none (yet).
    pub fn open(path: Option<&Path>) -> anyhow::Result<Option<Self>> {
        match path {
            Some(path) => match Self::open_path(path) {
                Err(error) if is_not_found(&error) => Ok(None),
                opened => opened
                    .with_context(|| {
                        format!("cannot use {} as touch screen, name another with --touch", path.display())
                    })
                    .map(Some),
            },
            None => Self::find(Path::new(INPUT_FOLDER)),
        }
    }

    /// Where it was opened, with the name that the device gives itself.
    pub fn description(&self) -> String {
        match &self.source {
            Source::Device(device) => {
                format!("{} ({})", self.path.display(), device.name().unwrap_or("a device without a name"))
            }
            Source::Fifo(..) => format!("{} (raw events)", self.path.display()),
        }
    }

    /// Takes all events that are there. `x` and `y` of the touches are pixels of a screen of `width` and `height`.
    /// An error means that the device is gone.
    pub fn read(&mut self, size: (u32, u32), mut on_touch: impl FnMut(Pointer)) -> io::Result<()> {
        let Self { source, decoder, range, .. } = self;
        let mut on_event = |decoder: &mut Decoder, kind, code, value| {
            for touch in decoder.event(kind, code, value).into_iter().flatten() {
                on_touch(Pointer::of(touch, *range, size));
            }
        };
        loop {
            match source {
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

    fn find(folder: &Path) -> anyhow::Result<Option<Self>> {
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
                Ok(device) if is_touch_screen(&device) => return Self::from_device(path, device).map(Some),
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

    fn open_path(path: &Path) -> anyhow::Result<Self> {
        if path.metadata()?.file_type().is_fifo() {
            // Open for writing too: a FIFO without a writer would be ready all the time with nothing to read.
            let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open(path)?;
            let source = Source::Fifo(file, Vec::new());
            return Ok(Self { path: path.into(), source, decoder: Decoder::default(), range: None });
        }
        let device = open_device(path)?;
        if !is_touch_screen(&device) {
            bail!("it has neither the multi-touch axes nor the single-touch ones with BTN_TOUCH");
        }
        Self::from_device(path.into(), device)
    }

    fn from_device(path: PathBuf, device: RawDevice) -> anyhow::Result<Self> {
        let (x, y) = if has_multi_touch(&device) {
            (AbsoluteAxisCode::ABS_MT_POSITION_X, AbsoluteAxisCode::ABS_MT_POSITION_Y)
        } else {
            (AbsoluteAxisCode::ABS_X, AbsoluteAxisCode::ABS_Y)
        };
        let range = |wanted| {
            let (_, axis) = device
                .get_absinfo()?
                .find(|(axis, _)| *axis == wanted)
                .with_context(|| format!("it has no axis {wanted:?}"))?;
            Range::of(axis)
        };
        let range = Some((range(x)?, range(y)?));
        let decoder = Decoder::starting_at(current_slot(&device)?);
        Ok(Self { path, source: Source::Device(device), decoder, range })
    }
}

impl AsFd for TouchScreen {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.source {
            Source::Device(device) => device.as_fd(),
            Source::Fifo(file, _) => file.as_fd(),
        }
    }
}

/// What the finger did, in pixels of the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pointer {
    /// Went down, at x and y.
    Down(f32, f32),
    /// Moved to x and y.
    Moved(f32, f32),
    /// Was lifted.
    Up,
}

impl Pointer {
    fn of(touch: Touch, range: Option<(Range, Range)>, (width, height): (u32, u32)) -> Self {
        let pixel = |x, y| {
            let whole_screen = |pixels: u32| Range { smallest: 0, largest: pixels.saturating_sub(1) as i32 };
            let (x_range, y_range) = range.unwrap_or((whole_screen(width), whole_screen(height)));
            (x_range.position(x) * width as f32, y_range.position(y) * height as f32)
        };
        match touch {
            Touch::Down(x, y) => {
                let (x, y) = pixel(x, y);
                Self::Down(x, y)
            }
            Touch::Moved(x, y) => {
                let (x, y) = pixel(x, y);
                Self::Moved(x, y)
            }
            Touch::Up => Self::Up,
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
    fn device_units_become_pixels_at_their_middle() {
        let device = |largest| Some((Range { smallest: 0, largest }, Range { smallest: 0, largest }));
        let screen = (240, 320);
        assert_eq!(Pointer::of(Touch::Down(0, 319), None, screen), Pointer::Down(0.5, 319.5));
        assert_eq!(Pointer::of(Touch::Moved(4095, 0), device(4095), screen), {
            let half = 0.5 / 4096.0;
            Pointer::Moved((1.0 - half) * 240.0, half * 320.0)
        });
        assert_eq!(Pointer::of(Touch::Moved(-5, 9999), None, screen), Pointer::Moved(0.0, 320.0));
        assert_eq!(Pointer::of(Touch::Up, None, screen), Pointer::Up);
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
        assert!(TouchScreen::open(Some(Path::new("/nonexistent/event0"))).unwrap().is_none());
        let error = TouchScreen::open(Some(Path::new("/dev/null"))).err().unwrap();
        assert!(format!("{error:#}").contains("/dev/null"), "{error:#}");
    }

    #[test]
    fn a_machine_without_input_devices_is_no_failure() {
        assert!(TouchScreen::find(Path::new("/nonexistent")).unwrap().is_none());
    }
}
