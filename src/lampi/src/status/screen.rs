// SPDX-License-Identifier: GPL-3.0-or-later
//! The status as text.

use std::fmt::Write;

use crate::take_over::COMMAND;

use super::{BrokerStatus, Light, PigpiodStatus, ProgramStatus, Status};

/// Width of the label of a line.
const LABEL: usize = 14;

/// The text, with a line for each part. With `colored`, it shows the light in its colour.
pub(super) fn shown(status: &Status, colored: bool) -> String {
    let up = status.uptime.map(|seconds| format!(", machine up {}", duration(seconds))).unwrap_or_default();
    let mut lines = vec![format!("LAMPI {}{up}", status.version), String::new()];
    let mut line =
        |label: &str, text: &str| lines.push(format!("{label:LABEL$}{text}").trim_end().to_owned());
    for program in &status.programs {
        line(program.name, &of_program(program));
    }
    if let Some(reason) = &status.supervisor {
        line("", reason);
    }
    for path in &status.also_started_by {
        line("also started", &format!("by {}; to disable it, run: sudo {COMMAND}", path.escape_debug()));
    }
    line("", "");
    for text in of_broker(&status.broker) {
        line("broker", &text);
    }
    for (name, up) in &status.broker.bridges {
        line("bridge", &format!("{name}, {}", if *up { "connected" } else { "not connected" }));
    }
    line("GPIO daemon", &of_pigpiod(&status.pigpiod));
    line("LEDs", &of_leds(&status.pigpiod));
    for fb in &status.framebuffers {
        let (width, height, bits) = (fb.width, fb.height, fb.bits_per_pixel);
        line("framebuffer", &format!("{}, {}, {width}x{height}, {bits} bits per pixel", fb.device, fb.name));
    }
    if status.framebuffers.is_empty() {
        line("framebuffer", "none");
    }
    for screen in &status.touch_screens {
        line("touch screen", &format!("{}, {}", screen.device, screen.name));
    }
    if status.touch_screens.is_empty() {
        line("touch screen", "none");
    }
    line("light", &status.light.as_ref().map_or_else(|| "unknown".into(), |light| of_light(light, colored)));
    lines.join("\n") + "\n"
}

fn of_program(program: &ProgramStatus) -> String {
    let mut text = format!("{:10}", program.state);
    if let Some(pid) = program.pid {
        let _ = write!(text, "pid {pid:<8}");
    }
    if let Some(uptime) = program.uptime {
        let _ = write!(text, "up {}", duration(uptime.unsigned_abs()));
    }
    if let Some(reason) = &program.reason {
        text.push_str(reason);
    }
    match program.state.as_str() {
        "disabled" => {
            let _ = write!(text, "to start it, run: sudo lampi enable {}", program.name);
        }
        "missing" => text.push_str("Supervisor has not loaded it; run: sudo lampi doctor"),
        _ => {}
    }
    text
}

fn of_broker(broker: &BrokerStatus) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(address) = broker.address.as_ref().filter(|_| broker.reachable) {
        lines.push(format!("{address}, accepts connections"));
    }
    lines.extend(broker.error.clone());
    lines
}

fn of_pigpiod(pigpiod: &PigpiodStatus) -> String {
    match (&pigpiod.error, &pigpiod.address, pigpiod.version) {
        (Some(error), _, _) => error.clone(),
        (None, Some(address), Some(version)) => format!("{address}, pigpiod {version}"),
        _ => "unknown".into(),
    }
}

fn of_leds(pigpiod: &PigpiodStatus) -> String {
    match (pigpiod.leds, &pigpiod.dark) {
        (Some(true), _) => "driven by the GPIO daemon".into(),
        (Some(false), Some(reason)) => format!("dark: {reason}"),
        _ => "unknown".into(),
    }
}

fn of_light(light: &Light, colored: bool) -> String {
    let Light { hue, saturation, brightness, .. } = light;
    let [red, green, blue] = light.rgb;
    let state = if light.on { "on" } else { "off" };
    let block = if colored && light.on {
        format!("\x1b[48;2;{red};{green};{blue}m      \x1b[0m ")
    } else {
        String::new()
    };
    let client = if light.client.is_empty() {
        String::new()
    } else {
        // Any client may have sent it.
        format!(", set by {}", light.client.escape_debug())
    };
    format!(
        "{block}{state}, #{red:02x}{green:02x}{blue:02x}: \
         hue {hue:?}, saturation {saturation:?}, brightness {brightness:?}{client}"
    )
}

/// The two largest units.
fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (1, _, _) => format!("1 day {hours} h"),
        _ => format!("{days} days {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_its_two_largest_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (3599, "59 min 59 s"),
            (3600, "1 h 0 min"),
            (86_399, "23 h 59 min"),
            (86_400, "1 day 0 h"),
            (200_000, "2 days 7 h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn shows_the_light_in_its_colour() {
        let mut light = Light {
            hue: 0.0,
            saturation: 1.0,
            brightness: 0.5,
            on: true,
            client: "a\x1b[2J".into(),
            rgb: [127, 0, 0],
        };
        let text = r"on, #7f0000: hue 0.0, saturation 1.0, brightness 0.5, set by a\u{1b}[2J";
        assert_eq!(of_light(&light, false), text);
        assert_eq!(of_light(&light, true), format!("\x1b[48;2;127;0;0m      \x1b[0m {text}"));
        light.on = false;
        assert!(of_light(&light, true).starts_with("off, "));
    }
}
