// SPDX-License-Identifier: GPL-3.0-or-later
//! Recognises the lamp's programs, the package's and the course's, by their file names.

/// The lamp's program that the file at `path` is. A relative `path` includes the working directory if it is
/// known.
pub(crate) fn of_file(path: &str) -> Option<&'static str> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.strip_suffix(".py").unwrap_or(name);
    match name {
        "fbcp" => return Some("fbcp"),
        "pigpiod" => return Some("pigpiod"),
        // The course's screen program has the common name main.py, so its directory decides.
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

/// What follows `lamp` or `lampi` in a name such as `lamp_service` or `lampiservice`.
fn after_lamp(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("lamp")?;
    let rest = rest.strip_prefix('i').unwrap_or(rest);
    Some(rest.strip_prefix('_').unwrap_or(rest))
}

/// Whether a directory with this name contains only the lamp's programs.
fn is_of_the_lamp(directory: &str) -> bool {
    let directory = directory.to_ascii_lowercase();
    directory == "lampi" || matches!(after_lamp(&directory), Some("ui" | "app"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_files_by_their_names() {
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
