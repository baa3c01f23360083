// SPDX-License-Identifier: GPL-3.0-or-later
//! Which of the lamp's programs a command starts, whatever file of the lamp's history it runs.

/// Words after which the program that is meant still follows.
const WRAPPERS: &[&str] =
    &["sudo", "nohup", "exec", "nice", "ionice", "env", "setsid", "time", "then", "do", "else"];

/// The lamp's program that the file at `path` is, in the form of the package or of the course.
pub fn program_of_file(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.strip_suffix(".py").unwrap_or(name) {
        "fbcp" => Some("fbcp"),
        "pigpiod" => Some("pigpiod"),
        "lamp_service" => Some("lamp_service"),
        "lamp_ui" | "lampi_ui" | "lamp_app" | "lampi_app" => Some("lamp_ui"),
        "main" if path.to_ascii_lowercase().contains("lampi/") => Some("lamp_ui"),
        _ => None,
    }
}

/// The lamp's program that the words of a command without a shell start in `folder`.
pub fn program_of_words<S: AsRef<str>>(words: &[S], folder: &str) -> Option<&'static str> {
    let mut words = words.iter().map(AsRef::as_ref).peekable();
    let first = words.next()?;
    let name = first.rsplit('/').next().unwrap_or(first);
    if name.starts_with("python") || matches!(name, "sh" | "bash" | "dash") {
        // Of an interpreter the script counts; what follows -c is none.
        let script = words.find(|word| !word.starts_with('-') || *word == "-c")?;
        return program_of_file(&joined(folder, script));
    }
    program_of_file(&joined(folder, first))
}

/// The lamp's programs that a line of shell starts.
pub fn programs_of_line(line: &str) -> Vec<&'static str> {
    let mut folder = String::new();
    let mut found = Vec::new();
    // The quotes of sh -c '...' hide commands; to find those it is enough to take them away.
    let bare = line.replace(['\'', '"'], " ");
    for command in bare.split(['&', '|', ';', '(', ')', '{', '}']) {
        let words: Vec<&str> = command
            .split_whitespace()
            .skip_while(|word| WRAPPERS.contains(word) || word.starts_with('-') || is_assignment(word))
            .collect();
        match words.as_slice() {
            ["cd", path, ..] => folder = joined(&folder, path),
            [shell, rest @ ..]
                if matches!(shell.rsplit('/').next(), Some("sh" | "bash" | "dash" | "su" | "runuser")) =>
            {
                // The first word that is a program, because options may have values.
                found.extend(rest.iter().find_map(|word| program_of_file(&joined(&folder, word))));
                if let Some(at) = rest.iter().position(|word| *word == "cd") {
                    folder = rest.get(at + 1).map_or(folder, |path| (*path).to_owned());
                }
            }
            words => found.extend(program_of_words(words, &folder)),
        }
    }
    found
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    })
}

fn joined(folder: &str, path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    if folder.is_empty() || path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", folder.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_of_the_course_are_recognised() {
        for (line, programs) in [
            ("/usr/local/bin/fbcp &", &["fbcp"][..]),
            ("/usr/local/bin/pigpiod", &["pigpiod"]),
            ("cd /home/pi/connected-devices/Lampi && /usr/bin/python lamp_service.py", &["lamp_service"]),
            ("sleep 10; cd /home/pi/connected-devices/Lampi && ./main.py", &["lamp_ui"]),
            ("sleep 10 && python3 /home/pi/connected-devices/Lampi/main.py >/dev/null 2>&1", &["lamp_ui"]),
            ("/bin/bash -c 'cd /home/pi/Lampi && ./main.py'", &["lamp_ui"]),
            ("su pi -c '/home/pi/Lampi/lampi_app.py'", &["lamp_ui"]),
            ("HOME=/home/pi sudo -E nohup /opt/lampi/lamp_ui.py &", &["lamp_ui"]),
            ("fbcp & pigpiod -l", &["fbcp", "pigpiod"]),
            ("if true; then fbcp; fi", &["fbcp"]),
            ("/bin/sh /usr/local/bin/pigpiod -g", &["pigpiod"]),
        ] {
            assert_eq!(programs_of_line(line), programs, "{line}");
        }
    }

    #[test]
    fn other_jobs_are_left_alone() {
        for line in [
            "",
            "lampi doctor --json >/var/log/lamp.json",
            "supervisorctl restart lamp_ui",
            "pkill fbcp",
            "tail -f /var/log/supervisor/lamp_ui.log",
            "cp /usr/bin/fbcp /srv/backup/",
            "python3 /home/pi/main.py",
            "mosquitto_pub -t lamp/set_config -m '{\"client\": \"fbcp\"}'",
            "echo fbcp",
        ] {
            assert_eq!(programs_of_line(line), [] as [&str; 0], "{line}");
        }
    }

    #[test]
    fn processes_are_recognised_by_their_words() {
        for (words, program) in [
            (&["/usr/bin/fbcp", "--fps", "30"][..], Some("fbcp")),
            (&["python3", "-u", "/home/pi/Lampi/lamp_service.py"], Some("lamp_service")),
            (&["/bin/sh", "/usr/local/bin/pigpiod", "-g"], Some("pigpiod")),
            (&["sh", "-c", "fbcp"], None),
            (&["sudo", "fbcp"], None),
            (&["man", "fbcp"], None),
            (&["python3"], None),
        ] {
            assert_eq!(program_of_words(words, ""), program, "{words:?}");
        }
    }
}
