// SPDX-License-Identifier: GPL-3.0-or-later
//! Maps device units to positions on the screen, in the order of Kivy's code: the range of each axis,
//! inversion, rotation, `[postproc:calibration]`. [`super::Filter`] follows, then the rotation of the
//! picture.
//!
//! Kivy ignores touches beyond the edges of the screen. Here they count at the edge, so that a slightly
//! narrow calibration does no harm.

use std::collections::BTreeMap;

use kivy_conf::input::{Calibration, Ends, Recalibration};
use touchscreen::codes::{ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_X, ABS_Y};
use touchscreen::{AxisInfo, Protocol, Touch};

use super::Pointer;

/// The mapping of a device's touches.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mapping {
    /// First and last value of x and y, if known; the others are pixels of the screen. The first value may be
    /// the larger one.
    range: [Ends; 2],
    calibration: Calibration,
    recalibration: Option<Recalibration>,
}

impl Mapping {
    /// Creates the mapping for a device with `protocol` and `axes`, if known.
    pub(super) fn new(
        protocol: Option<Protocol>,
        axes: &BTreeMap<u16, AxisInfo>,
        calibration: Calibration,
        recalibration: Option<Recalibration>,
    ) -> Self {
        let (codes, given) = match protocol {
            Some(Protocol::Single(_)) => ([ABS_X, ABS_Y], calibration.single),
            Some(Protocol::Slots | Protocol::Packets) | None => {
                ([ABS_MT_POSITION_X, ABS_MT_POSITION_Y], calibration.position)
            }
        };
        let mut range = given;
        for (code, (first, last)) in codes.into_iter().zip(&mut range) {
            if let Some(info) = axes.get(&code) {
                *first = first.or(Some(info.minimum));
                *last = last.or(Some(info.maximum));
            }
        }
        Self { range, calibration, recalibration }
    }

    /// Maps a touch to a screen of `size` pixels; `None` if it is beside the picture.
    pub(super) fn pointer(&self, touch: Touch, size: (u32, u32)) -> Option<Pointer> {
        Some(match touch {
            Touch::Down(x, y) => {
                let (x, y) = self.place((x, y), size)?;
                Pointer::Down(x, y)
            }
            Touch::Moved(x, y) => {
                let (x, y) = self.place((x, y), size)?;
                Pointer::Moved(x, y)
            }
            Touch::Up => Pointer::Up,
            Touch::Lost => Pointer::Lost,
        })
    }

    fn place(&self, (x, y): (i32, i32), (width, height): (u32, u32)) -> Option<(f32, f32)> {
        let parts = (part(x, self.range[0], width), part(y, self.range[1], height));
        let place = self.calibration.place(parts);
        let (x, y) = match self.recalibration {
            Some(recalibration) => recalibration.place(place, (width, height))?,
            None => place,
        };
        Some((x.clamp(0.0, 1.0), y.clamp(0.0, 1.0)))
    }
}

/// The relative position of `value` between the first and last value of its axis.
fn part(value: i32, (first, last): Ends, pixels: u32) -> f32 {
    let first = f64::from(first.unwrap_or(0));
    let last = last.map_or(f64::from(pixels) - 1.0, f64::from);
    // An axis without extent maps to the middle of the screen.
    if (last - first).abs() < 0.5 {
        return 0.5;
    }
    ((f64::from(value) - first) / (last - first)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_device_units_to_positions() {
        let of = |touch, range: [Ends; 2]| {
            Mapping { range, ..Mapping::default() }
                .pointer(touch, (240, 320))
                .expect("there is no recalibration")
        };
        let pixels = [(None, None); 2];
        let device = [(Some(0), Some(4095)); 2];
        assert_eq!(of(Touch::Down(0, 319), pixels), Pointer::Down(0.0, 1.0));
        assert_eq!(of(Touch::Moved(4095, 0), device), Pointer::Moved(1.0, 0.0));
        assert_eq!(of(Touch::Moved(4095, 0), [(Some(4095), Some(0)); 2]), Pointer::Moved(0.0, 1.0));
        assert_eq!(of(Touch::Moved(-5, 9999), pixels), Pointer::Moved(0.0, 1.0));
        assert_eq!(of(Touch::Moved(3, 3), [(Some(5), Some(5)); 2]), Pointer::Moved(0.5, 0.5));
        assert_eq!(of(Touch::Up, pixels), Pointer::Up);
    }
}
