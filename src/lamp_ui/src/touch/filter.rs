// SPDX-License-Identifier: GPL-3.0-or-later
//! Touches that are not meant: those that begin where none are taken, and the trembling of a finger that rests.

use super::Pointer;

/// What is left out of a stream of touches, by `[postproc]` of the Kivy configuration.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// The sum of the ways in x and y up to which a finger does not move, in parts of the screen.
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
                if self.jitter > 0.0 && (x - last_x).abs() + (y - last_y).abs() <= self.jitter {
                    return None;
                }
                self.last = Some((x, y));
                Some(pointer)
            }
            Pointer::Up | Pointer::Lost => self.last.take().map(|_| pointer),
        }
    }

    fn is_ignored(&self, x: f32, y: f32) -> bool {
        self.ignored
            .iter()
            .any(|[left, bottom, right, top]| *left < x && x < *right && *bottom < y && y < *top)
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
        assert_eq!(filter.pass(Pointer::Moved(0.509, 0.491)), None);
        assert!(filter.pass(Pointer::Moved(0.515, 0.51)).is_some(), "both ways together");
        assert_eq!(filter.pass(Pointer::Moved(0.51, 0.505)), None, "seen from where it was last seen");
        assert_eq!(filter.pass(Pointer::Up), Some(Pointer::Up));
    }
}
