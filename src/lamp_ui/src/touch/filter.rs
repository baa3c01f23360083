// SPDX-License-Identifier: GPL-3.0-or-later
//! Touches that are not meant: those that begin where none are taken, and the trembling of a finger that rests.

use super::Pointer;

/// What is left out of a stream of touches, by `[postproc]` of the Kivy configuration.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// How far a finger must move in x or y to be seen moving, in parts of the screen.
    jitter: f32,
    /// Left, bottom, right and top in parts of the screen, from its lower left corner.
    ignored: Vec<[f32; 4]>,
    /// Where the finger was last seen; `None` while there is none or it is not seen.
    last: Option<(f32, f32)>,
}

impl Filter {
    /// A filter with these limits.
    pub(crate) fn new(jitter: f32, ignored: Vec<[f32; 4]>) -> Self {
        Self { jitter, ignored, last: None }
    }

    /// What is left of a touch.
    pub(crate) fn pass(&mut self, pointer: Pointer) -> Option<Pointer> {
        match pointer {
            Pointer::Down(x, y) => {
                self.last = (!self.is_ignored(x, 1.0 - y)).then_some((x, y));
                self.last.map(|_| pointer)
            }
            Pointer::Moved(x, y) => {
                let (last_x, last_y) = self.last?;
                if (x - last_x).abs() < self.jitter && (y - last_y).abs() < self.jitter {
                    return None;
                }
                self.last = Some((x, y));
                Some(pointer)
            }
            Pointer::Up => self.last.take().map(|_| pointer),
        }
    }

    fn is_ignored(&self, x: f32, y: f32) -> bool {
        self.ignored
            .iter()
            .any(|[left, bottom, right, top]| (*left..=*right).contains(&x) && (*bottom..=*top).contains(&y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_touch_that_begins_in_an_ignored_place_is_not_seen_at_all() {
        // The lowest tenth of the screen.
        let mut filter = Filter::new(0.0, vec![[0.0, 0.0, 1.0, 0.1]]);
        for pointer in [Pointer::Down(0.5, 0.95), Pointer::Moved(0.5, 0.5), Pointer::Up] {
            assert_eq!(filter.pass(pointer), None);
        }
        for pointer in [Pointer::Down(0.5, 0.5), Pointer::Moved(0.5, 0.95), Pointer::Up] {
            assert_eq!(filter.pass(pointer), Some(pointer));
        }
    }

    #[test]
    fn a_finger_that_trembles_rests() {
        let mut filter = Filter::new(0.02, Vec::new());
        assert!(filter.pass(Pointer::Down(0.5, 0.5)).is_some());
        assert_eq!(filter.pass(Pointer::Moved(0.51, 0.49)), None);
        assert!(filter.pass(Pointer::Moved(0.53, 0.5)).is_some());
        assert_eq!(filter.pass(Pointer::Moved(0.52, 0.5)), None, "seen from where it was last seen");
        assert_eq!(filter.pass(Pointer::Up), Some(Pointer::Up));
    }
}
