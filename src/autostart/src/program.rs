// SPDX-License-Identifier: GPL-3.0-or-later
//! Which of the lamp's programs a file is, in the form of the package or of the course.

/// The lamp's program that the file at `path` is. `path` is as long as it is known: with the directory it is run in, where it
/// is relative.
pub(crate) fn of_file(path: &str) -> Option<&'static str> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.strip_suffix(".py").unwrap_or(name);
    match name {
        "fbcp" => return Some("fbcp"),
        "pigpiod" => return Some("pigpiod"),
        // The course calls the screen's program main.py, as half of all projects do: its directory decides.
        "main.py" => {
            return is_of_the_lamp(directory.rsplit('/').next().unwrap_or(directory)).then_some("lamp_ui");
        }
        _ => {}
    }
    match after_lamp(stem)? {
        "service" => Some("lamp_service"),
        "ui" | "app" => Some("lamp_ui"),
        _ => None,
    }
}

/// What follows `lamp` or `lampi` in a name like `lamp_service` or `lampiservice`.
fn after_lamp(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("lamp")?;
    let rest = rest.strip_prefix('i').unwrap_or(rest);
    Some(rest.strip_prefix('_').unwrap_or(rest))
}

/// Whether a directory of this name holds the lamp's programs, and nothing else.
fn is_of_the_lamp(directory: &str) -> bool {
    let directory = directory.to_ascii_lowercase();
    directory == "lampi" || matches!(after_lamp(&directory), Some("ui" | "app"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        for (path, program) in [
            ("/usr/local/bin/fbcp", Some("fbcp")),
            ("pigpiod", Some("pigpiod")),
            ("/home/pi/Lampi/lamp_service.py", Some("lamp_service")),
            ("lampi_service", Some("lamp_service")),
            ("/opt/lampi/lamp_ui.py", Some("lamp_ui")),
            ("lampi_app.py", Some("lamp_ui")),
            ("/home/pi/connected-devices/Lampi/main.py", Some("lamp_ui")),
            ("/opt/lampi/main.py", Some("lamp_ui")),
            ("main.py", None),
            ("/home/pi/weather/main.py", None),
            ("/home/pi/lampshade/main.py", None),
            ("/home/lampi/clock/main.py", None),
            ("/home/pi/Lampi/main", None),
            ("lampshade", None),
            ("lamp", None),
            ("fbcp.py", None),
            ("pigpiod.service", None),
            ("fbcp-ili9341", None),
            ("lamp_service.pyc", None),
            ("lamp_service.log", None),
            ("", None),
        ] {
            assert_eq!(of_file(path), program, "{path}");
        }
    }
}
