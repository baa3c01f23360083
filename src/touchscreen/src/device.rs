// SPDX-License-Identifier: GPL-3.0-or-later
//! An open device in /dev/input.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use input_linux::{AbsoluteAxis, EvdevHandle};

use crate::AxisInfo;
use crate::capabilities::Capabilities;
use crate::codes::{
    ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_PRESSURE, ABS_MT_SLOT, ABS_MT_TOUCH_MAJOR,
    ABS_MT_TRACKING_ID, ABS_PRESSURE, ABS_X, ABS_Y, BTN_LEFT, BTN_TOUCH, EV_SYN, SYN_DROPPED,
};
use crate::decoder::Snapshot;
use crate::slots::SLOTS;

/// The size of a `struct input_event`: a time stamp of machine-dependent size, then type, code and value.
pub const EVENT_SIZE: usize = size_of::<libc::input_event>();

/// Bytes for all keys (`KEY_CNT` bits).
const KEY_BYTES: usize = 0x300 / 8;

/// The axes of touches.
const AXES: [u16; 8] = [
    ABS_X,
    ABS_Y,
    ABS_PRESSURE,
    ABS_MT_POSITION_X,
    ABS_MT_POSITION_Y,
    ABS_MT_TRACKING_ID,
    ABS_MT_TOUCH_MAJOR,
    ABS_MT_PRESSURE,
];

/// Type, code and value of an event.
pub type Event = (u16, u16, i32);

/// An open input device of any kind.
pub struct Device {
    handle: EvdevHandle<File>,
    name: String,
    capabilities: Capabilities,
    axes: Vec<u16>,
    slots: usize,
}

impl fmt::Debug for Device {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Device").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Device {
    /// Opens the device at `path`, such as /dev/input/event0, for non-blocking reads.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
        let handle = EvdevHandle::new(file);
        let properties = handle.device_properties()?;
        let (keys, axes) = (handle.key_bits()?, handle.absolute_bits()?);
        let capabilities = Capabilities::from_bytes(properties.data(), keys.data(), axes.data());
        let has = |code: u16| AbsoluteAxis::from_code(code).is_ok_and(|axis| axes.get(axis));
        let slots = if has(ABS_MT_SLOT) {
            let most = handle.absolute_info(axis(ABS_MT_SLOT)?)?.maximum;
            usize::try_from(most.clamp(0, SLOTS - 1)).unwrap_or_default() + 1
        } else {
            0
        };
        let mut name = handle.device_name().unwrap_or_default();
        name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
        let name = String::from_utf8_lossy(&name).into_owned();
        Ok(Self {
            name,
            capabilities,
            axes: AXES.into_iter().filter(|axis| has(*axis)).collect(),
            slots,
            handle,
        })
    }

    /// The name from its driver; may be empty.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The device's capabilities.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Reads the current state of axes, slots and buttons from the kernel.
    pub fn snapshot(&self) -> io::Result<Snapshot> {
        let mut axes = BTreeMap::new();
        for code in &self.axes {
            let info = self.handle.absolute_info(axis(*code)?)?;
            let (value, minimum, maximum, fuzz) = (info.value, info.minimum, info.maximum, info.fuzz);
            axes.insert(*code, AxisInfo { value, minimum, maximum, fuzz });
        }
        let mut snapshot = Snapshot { axes, ..Snapshot::default() };
        if self.slots > 0 {
            snapshot.slot = self.handle.absolute_info(axis(ABS_MT_SLOT)?)?.value;
            let values = |code: u16| -> io::Result<Vec<i32>> {
                let mut values = vec![0; self.slots];
                self.handle.multi_touch_slots(axis(code)?, &mut values)?;
                Ok(values)
            };
            let (xs, ys) = (values(ABS_MT_POSITION_X)?, values(ABS_MT_POSITION_Y)?);
            let ids = values(ABS_MT_TRACKING_ID)?;
            snapshot.slots = ids.into_iter().zip(xs).zip(ys).map(|((id, x), y)| (id, x, y)).collect();
        }
        let mut keys = [0; KEY_BYTES];
        self.handle.key_state(&mut keys)?;
        let is_set = |code: u16| keys[usize::from(code) / 8] >> (code % 8) & 1 == 1;
        snapshot.keys =
            [BTN_TOUCH, BTN_LEFT].into_iter().filter(|code| is_set(*code)).collect::<BTreeSet<_>>();
        snapshot.has_touch_button = self.capabilities.has_key(BTN_TOUCH);
        Ok(snapshot)
    }

    /// Reads the available events, at most one read; empty if there are none. An error means that the device
    /// was removed.
    pub fn read(&self) -> io::Result<Vec<Event>> {
        let nothing =
            libc::input_event { time: libc::timeval { tv_sec: 0, tv_usec: 0 }, type_: 0, code: 0, value: 0 };
        let mut events = [nothing; 64];
        loop {
            match self.handle.read(&mut events) {
                Ok(count) => {
                    return Ok(events[..count]
                        .iter()
                        .map(|event| (event.type_, event.code, event.value))
                        .collect());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Vec::new()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Grabs the device for this handle, or releases it. Fails if another process has grabbed it. Dropping
    /// the handle releases it.
    pub fn grab(&self, is_grabbed: bool) -> io::Result<()> {
        self.handle.grab(is_grabbed)
    }

    /// Whether another process has grabbed the device.
    #[must_use]
    pub fn is_grabbed(&self) -> bool {
        match self.handle.grab(true) {
            Ok(()) => {
                // Fails only if the device was removed.
                let _ = self.handle.grab(false);
                false
            }
            Err(error) => error.raw_os_error() == Some(libc::EBUSY),
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.as_inner().as_fd()
    }
}

/// Whether an event reports lost events.
#[must_use]
pub fn is_loss((kind, code, _): &Event) -> bool {
    (*kind, *code) == (EV_SYN, SYN_DROPPED)
}

fn axis(code: u16) -> io::Result<AbsoluteAxis> {
    AbsoluteAxis::from_code(code).map_err(io::Error::other)
}
