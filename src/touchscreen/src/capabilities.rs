// SPDX-License-Identifier: GPL-3.0-or-later
//! The capabilities of an input device, and whether they make it a touch screen.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::codes::{
    ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_SLOT, ABS_PRESSURE, ABS_RESERVED, ABS_X, ABS_Y,
    BTN_JOYSTICK, BTN_LEFT, BTN_STYLUS, BTN_TASK, BTN_TOOL_FINGER, BTN_TOOL_PEN, BTN_TOUCH,
    INPUT_PROP_ACCELEROMETER, INPUT_PROP_DIRECT, INPUT_PROP_POINTER,
};

/// The properties, keys and axes of an input device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    properties: Bits,
    keys: Bits,
    axes: Bits,
}

/// The protocol of a touch screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Multi-touch protocol B: a slot per finger; only changes are reported.
    Slots,
    /// Multi-touch protocol A: each packet lists all contacts.
    Packets,
    /// One finger.
    Single(Down),
}

/// How a single-touch screen reports a touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// By this button: `BTN_TOUCH` or `BTN_LEFT`.
    Button(u16),
    /// By its pressure alone.
    Pressure,
}

/// Why a device is not a touch screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It has no axes for a position, like a keyboard.
    NoPosition,
    /// It moves a pointer on another screen.
    Touchpad,
    /// It is used with a pen.
    Pen,
    /// It is a mouse with absolute positions, like that of a virtual machine.
    Mouse,
    /// It has a joystick's buttons, or axes that are not positions.
    Joystick,
    /// It reports positions but no touches.
    NoTouch,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoPosition => "it reports no positions",
            Self::Touchpad => "it is a touchpad",
            Self::Pen => "it is a pen tablet",
            Self::Mouse => "it is a mouse",
            Self::Joystick => "it is a joystick",
            Self::NoTouch => "it reports neither BTN_TOUCH nor pressure",
        })
    }
}

impl Capabilities {
    /// Creates capabilities from lists of codes of [`crate::codes`].
    #[must_use]
    pub fn new(properties: &[u16], keys: &[u16], axes: &[u16]) -> Self {
        Self { properties: Bits::of(properties), keys: Bits::of(keys), axes: Bits::of(axes) }
    }

    /// Creates capabilities from bits as an ioctl returns them: bit n of byte m is code 8 * m + n.
    #[must_use]
    pub fn from_bytes(properties: &[u8], keys: &[u8], axes: &[u8]) -> Self {
        Self { properties: Bits(properties.into()), keys: Bits(keys.into()), axes: Bits(axes.into()) }
    }

    /// Reads the capabilities from a device's directory in sysfs, such as /sys/class/input/event0/device.
    #[must_use]
    pub fn from_sysfs(device: &Path) -> Self {
        let read = |file: &str| {
            fs::read_to_string(device.join(file))
                .map_or_else(|_| Bits::default(), |words| Bits::from_words(&words))
        };
        Self {
            properties: read("properties"),
            keys: read("capabilities/key"),
            axes: read("capabilities/abs"),
        }
    }

    /// Whether it has this key or button.
    #[must_use]
    pub fn has_key(&self, key: u16) -> bool {
        self.keys.has(key)
    }

    /// The protocol of the touch screen, or why the device is not one.
    ///
    /// This follows udev (`udev-builtin-input_id.c`) in separating touch screens from touchpads, pens and
    /// mice. It also accepts devices that udev does not: multi-touch devices of old drivers that set neither
    /// `INPUT_PROP_DIRECT` nor `BTN_TOUCH`, single-touch ones with `BTN_LEFT` and `INPUT_PROP_DIRECT`, and
    /// those with pressure and no buttons.
    pub fn protocol(&self) -> Result<Protocol, Refusal> {
        let Self { properties, keys, axes } = self;
        let is_direct = properties.has(INPUT_PROP_DIRECT);
        // Game pads of old kernels report all axes, including the reserved one.
        let has_all_axes = axes.has(ABS_MT_SLOT) && axes.has(ABS_RESERVED);
        let is_multi_touch = axes.has(ABS_MT_POSITION_X) && axes.has(ABS_MT_POSITION_Y) && !has_all_axes;
        let has_position = is_multi_touch || axes.has(ABS_X) && axes.has(ABS_Y);
        if !has_position {
            return Err(Refusal::NoPosition);
        }
        if properties.has(INPUT_PROP_POINTER) {
            return Err(Refusal::Touchpad);
        }
        if properties.has(INPUT_PROP_ACCELEROMETER) {
            return Err(Refusal::Joystick);
        }
        if keys.has(BTN_STYLUS) || keys.has(BTN_TOOL_PEN) {
            return Err(Refusal::Pen);
        }
        if keys.has(BTN_TOOL_FINGER) && !is_direct {
            return Err(Refusal::Touchpad);
        }
        if is_multi_touch && axes.has(ABS_MT_SLOT) {
            return Ok(Protocol::Slots);
        }
        if is_multi_touch {
            return Ok(Protocol::Packets);
        }
        if keys.has(BTN_TOUCH) {
            return Ok(Protocol::Single(Down::Button(BTN_TOUCH)));
        }
        if keys.has(BTN_LEFT) && is_direct {
            return Ok(Protocol::Single(Down::Button(BTN_LEFT)));
        }
        if keys.has_any(BTN_LEFT, BTN_TASK) {
            return Err(Refusal::Mouse);
        }
        if keys.has_any(BTN_JOYSTICK, BTN_TOOL_PEN) {
            return Err(Refusal::Joystick);
        }
        if axes.has(ABS_PRESSURE) {
            return Ok(Protocol::Single(Down::Pressure));
        }
        Err(if is_direct { Refusal::NoTouch } else { Refusal::Joystick })
    }
}

/// A set of codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Bits(Vec<u8>);

impl Bits {
    fn of(codes: &[u16]) -> Self {
        let mut bytes = vec![0; codes.iter().max().map_or(0, |most| usize::from(*most) / 8 + 1)];
        for code in codes {
            bytes[usize::from(*code) / 8] |= 1 << (code % 8);
        }
        Self(bytes)
    }

    /// Parses the kernel's list of hexadecimal words, the lowest bits last. A word has the size of a long in
    /// the reading program.
    fn from_words(words: &str) -> Self {
        let words: Option<Vec<usize>> =
            words.split_whitespace().rev().map(|word| usize::from_str_radix(word, 16).ok()).collect();
        Self(words.unwrap_or_default().into_iter().flat_map(usize::to_le_bytes).collect())
    }

    fn has(&self, code: u16) -> bool {
        self.0.get(usize::from(code) / 8).is_some_and(|byte| byte >> (code % 8) & 1 == 1)
    }

    /// Whether it has a code from `first` up to, but not including, `end`.
    fn has_any(&self, first: u16, end: u16) -> bool {
        (first..end).any(|code| self.has(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::ABS_MT_TRACKING_ID;

    const DIRECT: &[u16] = &[INPUT_PROP_DIRECT];
    const XY: &[u16] = &[ABS_X, ABS_Y];
    const MT: &[u16] = &[ABS_X, ABS_Y, ABS_MT_POSITION_X, ABS_MT_POSITION_Y];
    const SLOTS: &[u16] = &[ABS_MT_SLOT, ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_TRACKING_ID];

    #[test]
    fn recognises_touch_screens_of_all_protocols() {
        for (properties, keys, axes, protocol) in [
            (DIRECT, &[BTN_TOUCH][..], SLOTS, Protocol::Slots),
            (&[], &[BTN_TOUCH], SLOTS, Protocol::Slots),
            (&[], &[], SLOTS, Protocol::Slots),
            (DIRECT, &[BTN_TOUCH, BTN_TOOL_FINGER], SLOTS, Protocol::Slots),
            (&[], &[BTN_TOUCH], MT, Protocol::Packets),
            (DIRECT, &[], &SLOTS[1..], Protocol::Packets),
            (&[], &[BTN_TOUCH], XY, Protocol::Single(Down::Button(BTN_TOUCH))),
            (&[], &[BTN_TOUCH, BTN_LEFT], XY, Protocol::Single(Down::Button(BTN_TOUCH))),
            (DIRECT, &[BTN_LEFT], XY, Protocol::Single(Down::Button(BTN_LEFT))),
            (&[], &[], &[ABS_X, ABS_Y, ABS_PRESSURE], Protocol::Single(Down::Pressure)),
        ] {
            let device = Capabilities::new(properties, keys, axes);
            assert_eq!(device.protocol(), Ok(protocol), "{properties:x?} {keys:x?} {axes:x?}");
        }
    }

    #[test]
    fn rejects_other_devices() {
        let all_axes: Vec<u16> = (0..64).collect();
        for (properties, keys, axes, refusal) in [
            (&[][..], &[1, 2, 3][..], &[][..], Refusal::NoPosition),
            (&[], &[BTN_LEFT], &[ABS_X], Refusal::NoPosition),
            (&[INPUT_PROP_POINTER], &[BTN_LEFT, BTN_TOUCH, BTN_TOOL_FINGER], SLOTS, Refusal::Touchpad),
            (&[], &[BTN_LEFT, BTN_TOUCH, BTN_TOOL_FINGER], SLOTS, Refusal::Touchpad),
            (&[INPUT_PROP_POINTER], &[BTN_TOUCH], XY, Refusal::Touchpad),
            (DIRECT, &[BTN_TOUCH, BTN_TOOL_PEN, BTN_STYLUS], XY, Refusal::Pen),
            (&[], &[BTN_LEFT, BTN_LEFT + 1], XY, Refusal::Mouse),
            (&[], &[BTN_JOYSTICK], XY, Refusal::Joystick),
            (&[], &[BTN_JOYSTICK + 0x10], &all_axes, Refusal::Joystick),
            (&[INPUT_PROP_ACCELEROMETER], &[], XY, Refusal::Joystick),
            (DIRECT, &[], XY, Refusal::NoTouch),
        ] {
            let device = Capabilities::new(properties, keys, axes);
            assert_eq!(device.protocol(), Err(refusal), "{properties:x?} {keys:x?} {axes:x?}");
        }
    }

    #[test]
    fn parses_the_kernels_lists_of_words() {
        let words = if usize::BITS == 64 { "260800000000003" } else { "2608000 3" };
        let multi = Bits::from_words(words);
        assert!(multi.has(ABS_MT_POSITION_X) && multi.has(ABS_X) && !multi.has(ABS_PRESSURE));
        let touch =
            Bits::from_words(if usize::BITS == 64 { "400 0 0 0 0 0" } else { "400 0 0 0 0 0 0 0 0 0 0" });
        assert!(touch.has(BTN_TOUCH));
        assert!(!Bits::from_words("400").has(BTN_TOUCH));
        for nothing in ["", "0", "x", "\n"] {
            assert!(!Bits::from_words(nothing).has(0), "{nothing:?}");
        }
    }

    #[test]
    fn sysfs_and_ioctls_agree() {
        let folder = std::env::temp_dir().join(format!("touchscreen-{}", std::process::id()));
        fs::create_dir_all(folder.join("capabilities")).unwrap();
        fs::write(folder.join("properties"), "2\n").unwrap();
        fs::write(folder.join("capabilities/key"), "0\n").unwrap();
        fs::write(folder.join("capabilities/abs"), "3\n").unwrap();
        let found = Capabilities::from_sysfs(&folder);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.protocol(), Err(Refusal::NoTouch));
        assert_eq!(Capabilities::from_bytes(&[2], &[], &[3]).protocol(), Err(Refusal::NoTouch));
        assert_eq!(Capabilities::from_sysfs(Path::new("/nonexistent")).protocol(), Err(Refusal::NoPosition));
    }
}
