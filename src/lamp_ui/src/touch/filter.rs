// SPDX-License-Identifier: GPL-3.0-or-later
//! Removes unintended touches: those that begin in ignored areas, and the jitter of a resting finger.

use super::Pointer;

/// The filter of `[postproc]` of the Kivy configuration.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// The maximum sum of the movements in x and y that is ignored, as a fraction of the screen.
    jitter: f32,
    /// Left, bottom, right and top as fractions of the screen, from its lower left corner.
    ignored: Vec<[f32; 4]>,
    /// The last reported position; `None` without a finger or for an ignored one.
    last: Option<(f32, f32)>,
}

impl Filter {
    /// Creates a filter with these limits.
    pub(crate) fn new(jitter: f32, ignored: Vec<[f32; 4]>) -> Self {
        Self { jitter, ignored, last: None }
    }

    /// The filtered touch.
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
    fn ignores_a_touch_that_begins_in_an_ignored_area() {
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
    fn ignores_jitter() {
        let mut filter = Filter::new(0.02, Vec::new());
        assert!(filter.pass(Pointer::Down(0.5, 0.5)).is_some());
        assert_eq!(filter.pass(Pointer::Moved(0.509, 0.491)), None);
        assert!(filter.pass(Pointer::Moved(0.515, 0.51)).is_some(), "both ways together");
        assert_eq!(filter.pass(Pointer::Moved(0.51, 0.505)), None, "seen from where it was last seen");
        assert_eq!(filter.pass(Pointer::Up), Some(Pointer::Up));
    }
}
