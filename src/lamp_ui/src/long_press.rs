// SPDX-License-Identifier: GPL-3.0-or-later
//! Detects a finger that rests on the screen.

use std::time::{Duration, Instant};

use crate::touch::Pointer;

/// How long it must rest.
const LONG: Duration = Duration::from_millis(800);

/// The maximum movement in x or y, as a fraction of the screen.
const TREMBLE: f32 = 0.04;

/// Distinguishes a resting finger from a tap or a drag.
#[derive(Debug, Default)]
pub(crate) struct LongPress {
    began: Option<(Instant, (f32, f32))>,
}

impl LongPress {
    /// Handles a pointer event.
    pub(crate) fn pointer(&mut self, now: Instant, pointer: Pointer) {
        match (pointer, self.began) {
            (Pointer::Down(x, y), _) => self.began = Some((now, (x, y))),
            (Pointer::Moved(x, y), Some((_, (from_x, from_y))))
                if (x - from_x).abs() <= TREMBLE && (y - from_y).abs() <= TREMBLE => {}
            (Pointer::Moved(..) | Pointer::Up | Pointer::Lost, _) => self.began = None,
        }
    }

    /// Stops waiting: the finger does something else.
    pub(crate) fn cancel(&mut self) {
        self.began = None;
    }

    /// The time when the press becomes long.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.began.map(|(since, _)| since + LONG)
    }

    /// Whether the press has become long; true once.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let long = self.due().is_some_and(|due| due <= now);
        if long {
            self.began = None;
        }
        long
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_resting_finger_is_a_long_press() {
        let (start, later) = (Instant::now(), Instant::now() + 2 * LONG);
        let then = |pointers: &[Pointer]| {
            let mut press = LongPress::default();
            press.pointer(start, Pointer::Down(0.5, 0.5));
            assert!(!press.take(start));
            for pointer in pointers {
                press.pointer(start, *pointer);
            }
            (press.take(later), press.take(later))
        };
        assert_eq!(then(&[]), (true, false), "it is reported once");
        assert_eq!(then(&[Pointer::Moved(0.51, 0.49)]), (true, false));
        assert_eq!(then(&[Pointer::Up]), (false, false));
        assert_eq!(then(&[Pointer::Moved(0.6, 0.5), Pointer::Moved(0.5, 0.5)]), (false, false));
    }
}
