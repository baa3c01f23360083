// SPDX-License-Identifier: GPL-3.0-or-later
//! The status as a person reads it.

use std::fmt::Write;

use crate::take_over::COMMAND;

use super::{BrokerStatus, Light, PigpiodStatus, ProgramStatus, Status};

/// Columns of what a line is about.
const LABEL: usize = 14;

/// The text, a line for each part. With `colored`, the light is shown as it is.
pub(super) fn shown(status: &Status, colored: bool) -> String {
    let up = status.uptime.map(|seconds| format!(", machine up {}", duration(seconds))).unwrap_or_default();
    let mut lines = vec![format!("LAMPI {}{up}", status.version), String::new()];
    let mut say = |label: &str, text: &str| lines.push(format!("{label:LABEL$}{text}").trim_end().to_owned());
    for program in &status.programs {
        say(program.name, &of_program(program));
    }
    if let Some(reason) = &status.supervisor {
        say("", reason);
    }
    for path in &status.also_started_by {
        say("also started", &format!("by {}; sudo {COMMAND} ends that", path.escape_debug()));
    }
    say("", "");
    for text in of_broker(&status.broker) {
        say("broker", &text);
    }
    for (name, up) in &status.broker.bridges {
        say("bridge", &format!("{name}, {}", if *up { "up" } else { "down" }));
    }
    say("GPIO daemon", &of_pigpiod(&status.pigpiod));
    say("LEDs", &of_leds(&status.pigpiod));
    for fb in &status.framebuffers {
        let (width, height, bits) = (fb.width, fb.height, fb.bits_per_pixel);
        say("framebuffer", &format!("{}, {}, {width}x{height}, {bits} bits a pixel", fb.device, fb.name));
    }
    if status.framebuffers.is_empty() {
        say("framebuffer", "none");
    }
    for screen in &status.touch_screens {
        say("touch screen", &format!("{}, {}", screen.device, screen.name));
    }
    if status.touch_screens.is_empty() {
        say("touch screen", "none");
    }
    say("light", &status.light.as_ref().map_or_else(|| "unknown".into(), |light| of_light(light, colored)));
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
            let _ = write!(text, "sudo lampi enable {} starts it", program.name);
        }
        "missing" => text.push_str("Supervisor does not know it; sudo lampi doctor tells why"),
        _ => {}
    }
    text
}

fn of_broker(broker: &BrokerStatus) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(address) = broker.address.as_ref().filter(|_| broker.reachable) {
        lines.push(format!("{address}, takes clients"));
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
        // Anybody may have sent it.
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
    fn durations_have_two_units() {
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
    fn the_light_is_shown_as_it_is() {
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
