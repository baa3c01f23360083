// SPDX-License-Identifier: GPL-3.0-or-later
//! Which of the lamp's programs a command starts. Programs that run another command, such as `sudo`, `env`
//! and `timeout`, are parsed as they parse their own words.

mod interpreter;
mod launcher;
mod wrapper;

use super::words::{is_assignment, joined};
use super::{DEEPEST, Runs, shell};
use crate::program;

use interpreter::{SHELLS, TERMINALS, is_python};
use launcher::{Command, env_split, flock, script_of, tmux};
use wrapper::WRAPPERS;

/// Commands that serve others: they wait, test, change the directory, print something, or end what ran
/// before.
const HELPERS: [&str; 36] = [
    ".",
    ":",
    "[",
    "[[",
    "cd",
    "chmod",
    "chown",
    "con2fbmap",
    "declare",
    "echo",
    "exit",
    "export",
    "false",
    "kill",
    "killall",
    "local",
    "logger",
    "pgrep",
    "pidof",
    "pkill",
    "popd",
    "printf",
    "pushd",
    "readonly",
    "renice",
    "return",
    "set",
    "sleep",
    "source",
    "test",
    "trap",
    "true",
    "ulimit",
    "umask",
    "unset",
    "wait",
];

/// What a command of these words runs in `directory`, which is empty if it is not known.
pub(crate) fn runs<S: AsRef<str>>(words: &[S], directory: &str) -> Runs {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    Reader { directory: directory.to_owned(), depth: DEEPEST }.read(&words)
}

/// [`runs`], in a command that is `DEEPEST - depth` commands deep.
pub(crate) fn runs_at(words: &[String], directory: &str, depth: usize) -> Runs {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Reader { directory: directory.to_owned(), depth }.read(&words)
}

/// The lamp's program that a process with this command line itself is. This includes a script that an
/// interpreter runs, but not a command that runs another program.
pub(crate) fn direct(words: &[String], directory: &str) -> Option<&'static str> {
    let (first, rest) = words.split_first()?;
    let name = first.rsplit('/').next().unwrap_or(first);
    let reader = Reader { directory: directory.to_owned(), depth: 0 };
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    if is_python(name) {
        reader.python(&rest)
    } else if SHELLS.contains(&name) {
        // Without depth, scripts in the command line are not parsed.
        reader.shell(&rest).programs.first().copied()
    } else {
        program::of_file(&joined(directory, first))
    }
}

struct Reader {
    directory: String,
    depth: usize,
}

impl Reader {
    fn read(&mut self, mut words: &[&str]) -> Runs {
        loop {
            while let [word, rest @ ..] = words
                && is_assignment(word)
            {
                words = rest;
            }
            let [first, rest @ ..] = words else { return Runs::nothing() };
            let name = first.rsplit('/').next().unwrap_or(first);
            if SHELLS.contains(&name) {
                return self.shell(rest);
            }
            if is_python(name) {
                return Runs::one(self.python(rest));
            }
            if TERMINALS.contains(&name) {
                return self.terminal(rest);
            }
            let script = |script: Option<&str>| script.map(|script| self.script(script)).unwrap_or_default();
            match name {
                // With -u it runs a command that has options of its own.
                "runuser" if rest.iter().any(|word| word.starts_with("-u") || word.starts_with("--user")) => {
                }
                "su" | "runuser" | "script" => return script(script_of(rest)),
                "sg" => return script(script_of(rest).or_else(|| rest.get(1).copied())),
                "eval" => return self.script(&rest.join(" ")),
                "start-stop-daemon" => return self.start_stop_daemon(rest),
                "flock" => match flock(rest) {
                    Command::Script(text) => return self.script(text),
                    Command::Words(command) => {
                        words = command;
                        continue;
                    }
                },
                "tmux" => return script(tmux(rest).as_deref()),
                _ => {}
            }
            let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.names.contains(&name)) else {
                if HELPERS.contains(&name) {
                    return Runs::nothing();
                }
                return Runs::one(program::of_file(&joined(&self.directory, first)));
            };
            if name == "env"
                && let Some(line) = env_split(rest)
            {
                return self.script(&line);
            }
            let Some(command) = self.unwrapped(wrapper, rest) else { return Runs::nothing() };
            words = command;
        }
    }

    fn enter(&mut self, directory: &str) {
        self.directory = joined(&self.directory, directory);
    }

    fn script(&self, script: &str) -> Runs {
        let mut all = Runs::nothing();
        if let Some(depth) = self.depth.checked_sub(1) {
            for command in shell::commands_at(script, &self.directory, depth) {
                all.and(command.runs);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::runs;

    fn programs<S: AsRef<str>>(words: &[S], directory: &str) -> Vec<&'static str> {
        runs(words, directory).programs
    }

    #[test]
    fn skips_wrappers() {
        for (line, program) in [
            ("/usr/bin/fbcp --fps 30", "fbcp"),
            ("sudo fbcp", "fbcp"),
            ("sudo -u pi -E HOME=/home/pi /opt/lampi/lamp_ui.py", "lamp_ui"),
            ("sudo -iu pi -- fbcp", "fbcp"),
            ("sudo --user pi fbcp", "fbcp"),
            ("sudo --user=pi fbcp", "fbcp"),
            ("env -u DISPLAY A=b /usr/bin/env fbcp", "fbcp"),
            ("env -C /home/pi/Lampi python3 main.py", "lamp_ui"),
            ("env --chdir=/home/pi/Lampi python3 main.py", "lamp_ui"),
            ("env -i pigpiod -l", "pigpiod"),
            ("nice -n 5 fbcp", "fbcp"),
            ("nice -5 fbcp", "fbcp"),
            ("nice --adjustment=-5 fbcp", "fbcp"),
            ("ionice -c2 -n 7 fbcp", "fbcp"),
            ("timeout -k 5 60 fbcp", "fbcp"),
            ("timeout --signal KILL 1h fbcp", "fbcp"),
            ("flock -n /run/lock/lamp pigpiod -l", "pigpiod"),
            ("flock /run/lock/lamp sh /usr/bin/fbcp", "fbcp"),
            ("chrt -f 50 pigpiod", "pigpiod"),
            ("chrt --rr 50 pigpiod", "pigpiod"),
            ("taskset -c 3 pigpiod", "pigpiod"),
            ("screen -dmS lamp python3 lamp_service.py", "lamp_service"),
            ("screen -d -m fbcp", "fbcp"),
            ("xvfb-run -a -s '-screen' lamp_ui", "lamp_ui"),
            ("xvfb-run --server-args=-screen lamp_ui", "lamp_ui"),
            ("authbind --deep pigpiod", "pigpiod"),
            ("command -p pigpiod", "pigpiod"),
            ("nohup setsid -f fbcp", "fbcp"),
            ("exec -a lamp fbcp", "fbcp"),
            ("busybox nohup fbcp", "fbcp"),
            ("stdbuf -oL fbcp", "fbcp"),
            ("systemd-run --unit=lamp --uid pi fbcp", "fbcp"),
            ("runuser -u pi -- fbcp", "fbcp"),
            ("tmux new-session -d -s lamp fbcp", "fbcp"),
            ("start-stop-daemon --start --exec /usr/bin/pigpiod -- -l", "pigpiod"),
            ("start-stop-daemon -S -x /usr/bin/python3 -- /home/pi/lamp_service.py", "lamp_service"),
            ("python3 -u -W ignore /home/pi/Lampi/lamp_service.py", "lamp_service"),
            ("python3.11 -m lampi.lampi_app", "lamp_ui"),
            ("bash -x /usr/local/bin/pigpiod", "pigpiod"),
            ("sh -o errexit fbcp", "fbcp"),
            ("runuser -u pi -- python3 /home/pi/lamp_service.py -c /home/pi/c.json", "lamp_service"),
            ("start-stop-daemon -bmSx /usr/bin/pigpiod", "pigpiod"),
            ("lxterminal -e fbcp", "fbcp"),
            ("xterm -e python3 /home/pi/Lampi/main.py", "lamp_ui"),
            ("daemon fbcp", "fbcp"),
            ("python3 -m Lampi.main", "lamp_ui"),
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(programs(&words, ""), [program], "{line}");
        }
    }

    #[test]
    fn parses_scripts_in_words() {
        for (words, program) in [
            (&["sh", "-c", "cd /opt/lampi && exec python3 main.py"][..], "lamp_ui"),
            (&["bash", "-lc", "fbcp &"], "fbcp"),
            (&["su", "-", "pi", "-c", "exec ./lamp_service.py"], "lamp_service"),
            (&["su", "pi", "--command=fbcp"], "fbcp"),
            (&["runuser", "pi", "-c", "fbcp"], "fbcp"),
            (&["sg", "video", "-c", "fbcp"], "fbcp"),
            (&["sg", "video", "fbcp -v"], "fbcp"),
            (&["flock", "/run/x", "-c", "pigpiod -l"], "pigpiod"),
            (&["env", "-S", "python3 -u lamp_service.py"], "lamp_service"),
            (&["env", "-Spython3", "lamp_service.py"], "lamp_service"),
            (&["eval", "fbcp"], "fbcp"),
            (&["lxterminal", "--command=python3 /home/pi/Lampi/main.py"], "lamp_ui"),
            (&["lxterminal", "-t", "Lamp", "-e", "sh -c fbcp"], "fbcp"),
            (&["sudo", "sh", "-c", "sh -c 'sh -c fbcp'"], "fbcp"),
        ] {
            assert_eq!(programs(words, ""), [program], "{words:?}");
        }
        // The depth is limited.
        let mut line = "fbcp".to_owned();
        for _ in 0..20 {
            line = format!("eval {line}");
        }
        assert_eq!(programs(&line.split(' ').collect::<Vec<_>>(), ""), [] as [&str; 0]);
    }

    #[test]
    fn ignores_commands_that_start_nothing_of_the_lamp() {
        for line in [
            "",
            "command -v pigpiod",
            "sudo -l fbcp",
            "sudo -v",
            "echo fbcp",
            "man fbcp",
            "lampshade --fbcp /usr/local/bin/fbcp",
            "systemctl restart pigpiod",
            "supervisorctl -c supervisord.conf restart lamp_ui",
            "killall -HUP pigpiod",
            "tail -f lamp_ui.log",
            "timeout 5",
            "flock 9",
            "ionice -p 5 fbcp",
            "screen -X fbcp",
            "taskset -p 3 pigpiod",
            "start-stop-daemon --stop --exec /usr/bin/pigpiod",
            "python3 -c fbcp",
            "python3 -m http.server",
            "python3 tool.py lamp_service.py",
            "sh -c true fbcp",
            "su pi",
            "sudo",
            "env",
            "tmux attach",
            "sh /home/pi/Lampi/main.py",
            "xterm fbcp",
            "cp /usr/bin/fbcp /srv",
        ] {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(programs(&words, ""), [] as [&str; 0], "{line}");
        }
        assert_eq!(programs(&["python3", "main.py"], "/home/pi/photos"), [] as [&str; 0]);
        assert_eq!(programs(&["/usr/bin/python"], ""), [] as [&str; 0]);
        assert_eq!(programs(&["python3", "main.py"], "/home/pi/Lampi/"), ["lamp_ui"]);
    }

    #[test]
    fn ignores_wrappers_of_a_process() {
        for (line, directory, program) in [
            ("/usr/bin/fbcp --fps 30", "/", Some("fbcp")),
            ("python3 -u /home/pi/Lampi/lamp_service.py", "/", Some("lamp_service")),
            ("/usr/bin/python3 main.py", "/home/pi/Lampi", Some("lamp_ui")),
            ("/usr/bin/python3 main.py", "/home/pi/clock", None),
            ("/bin/sh /usr/local/bin/pigpiod -g", "/", Some("pigpiod")),
            ("sh -c fbcp", "/", None),
            ("sudo fbcp", "/", None),
            ("man fbcp", "/", None),
            ("python3", "/", None),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(super::direct(&words, directory), program, "{line}");
        }
    }

    #[test]
    fn detects_other_commands() {
        for (words, others) in [
            (&["fbcp"][..], false),
            (&["sh", "-c", "sleep 5; cd /x && exec fbcp"], false),
            (&["sh", "-c", "pgrep fbcp || fbcp"], false),
            (&["sh", "-c", "fbcp & exec kodi"], true),
            (&["sudo", "weather"], true),
            (&["python3", "clock.py"], true),
        ] {
            assert_eq!(runs(words, "").others, others, "{words:?}");
        }
    }
}
