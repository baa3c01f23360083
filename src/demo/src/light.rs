// SPDX-License-Identifier: GPL-3.0-or-later
//! The LEDs, in the terminal.

use std::io::{self, IsTerminal, Write};

use pigpiod::simulated::Pwm;

/// Shows the light: in one line that changes, or in a line per change if standard output is not a terminal.
pub(crate) struct Light {
    on_terminal: bool,
}

impl Light {
    /// Shows the light on standard output.
    pub(crate) fn on_stdout() -> Self {
        Self { on_terminal: io::stdout().is_terminal() }
    }

    /// Shows the duty cycles of red, green and blue.
    pub(crate) fn show(&mut self, leds: &[Pwm; 3]) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(line(leds, self.on_terminal).as_bytes())?;
        out.flush()
    }
}

impl Drop for Light {
    /// Ends the line.
    fn drop(&mut self) {
        if self.on_terminal {
            let _ = writeln!(io::stdout());
        }
    }
}

fn line(leds: &[Pwm; 3], on_terminal: bool) -> String {
    let [red, green, blue] = leds.map(|led| led.duty);
    let duties = format!("red {red:4}  green {green:4}  blue {blue:4}  of {}", leds[0].range);
    if on_terminal {
        let [red, green, blue] = leds.map(|led| led.duty * 255 / led.range);
        // Overwrites the line with a patch of the colour; all current terminals support this.
        format!("\r\x1b[K  \x1b[48;2;{red};{green};{blue}m            \x1b[0m  LEDs  {duties}")
    } else {
        format!("LEDs  {duties}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patch_has_the_colour_of_the_leds() {
        let leds = [1000, 500, 0].map(|duty| Pwm { duty, range: 1000 });
        assert_eq!(line(&leds, false), "LEDs  red 1000  green  500  blue    0  of 1000\n");
        let line = line(&leds, true);
        assert!(line.contains("\x1b[48;2;255;127;0m") && !line.contains('\n'), "{line:?}");
    }
}
