// SPDX-License-Identifier: GPL-3.0-or-later
//! Which of the lamp's programs a command starts: its words are read as the programs before it read them, `sudo`, `env`,
//! `timeout` and the like, until the one that is meant.

use crate::{program, shell};

/// How deep commands in commands are followed, such as `sh -c "sh -c ..."`.
pub(crate) const DEEPEST: usize = 8;

/// A program that runs the command behind its own options.
struct Wrapper {
    names: &'static [&'static str],
    /// Letters of the options that have a value.
    with_value: &'static str,
    /// Long options whose value is a word of its own.
    long_with_value: &'static [&'static str],
    /// Words of its own before the command.
    positionals: usize,
    /// Letters of options with which it runs no command.
    runs_nothing: &'static str,
}

const PLAIN: Wrapper =
    Wrapper { names: &[], with_value: "", long_with_value: &[], positionals: 0, runs_nothing: "" };

/// By their man pages in Debian 12 and 13.
const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        // daemon is a function of init's scripts.
        names: &[
            "builtin",
            "busybox",
            "coproc",
            "daemon",
            "dbus-launch",
            "dbus-run-session",
            "nohup",
            "setsid",
            "startx",
            "unbuffer",
            "xinit",
        ],
        ..PLAIN
    },
    Wrapper { names: &["strace"], with_value: "abeEIoOpPsSuUX", ..PLAIN },
    Wrapper { names: &["watch"], with_value: "nq", long_with_value: &["interval"], ..PLAIN },
    Wrapper { names: &["command"], runs_nothing: "vV", ..PLAIN },
    Wrapper { names: &["exec"], with_value: "a", ..PLAIN },
    Wrapper {
        names: &["sudo"],
        with_value: "CDRTUghprtu",
        long_with_value: &[
            "chdir",
            "chroot",
            "close-from",
            "group",
            "host",
            "prompt",
            "role",
            "type",
            "user",
        ],
        runs_nothing: "elvVK",
        ..PLAIN
    },
    Wrapper { names: &["doas"], with_value: "uC", runs_nothing: "CL", ..PLAIN },
    Wrapper { names: &["env"], with_value: "uC", long_with_value: &["unset", "chdir", "argv0"], ..PLAIN },
    Wrapper { names: &["time"], with_value: "fo", long_with_value: &["format", "output"], ..PLAIN },
    Wrapper { names: &["nice"], with_value: "n", long_with_value: &["adjustment"], ..PLAIN },
    Wrapper {
        names: &["ionice"],
        with_value: "cnpPu",
        long_with_value: &["class", "classdata"],
        runs_nothing: "pPu",
        ..PLAIN
    },
    Wrapper {
        names: &["timeout"],
        with_value: "ks",
        long_with_value: &["kill-after", "signal"],
        positionals: 1,
        ..PLAIN
    },
    Wrapper {
        names: &["chrt"],
        with_value: "TPD",
        long_with_value: &["sched-runtime", "sched-period", "sched-deadline"],
        positionals: 1,
        runs_nothing: "pm",
    },
    Wrapper { names: &["taskset"], positionals: 1, runs_nothing: "p", ..PLAIN },
    Wrapper {
        names: &["stdbuf"],
        with_value: "ioe",
        long_with_value: &["input", "output", "error"],
        ..PLAIN
    },
    Wrapper { names: &["chpst"], with_value: "uUbednmlpoftcr/", ..PLAIN },
    Wrapper {
        names: &["screen"],
        with_value: "cehpsSTt",
        long_with_value: &[],
        runs_nothing: "XrRxlQ",
        ..PLAIN
    },
    Wrapper {
        names: &["xvfb-run"],
        with_value: "efnpsw",
        long_with_value: &["auth-file", "error-file", "server-args", "server-num", "wait", "xauth-protocol"],
        ..PLAIN
    },
    Wrapper { names: &["authbind"], long_with_value: &["depth"], ..PLAIN },
    Wrapper {
        names: &["systemd-run"],
        with_value: "upHMEC",
        long_with_value: &[
            "unit",
            "property",
            "description",
            "slice",
            "setenv",
            "uid",
            "gid",
            "nice",
            "working-directory",
            "host",
            "machine",
            "on-active",
            "on-boot",
            "on-calendar",
            "on-startup",
            "timer-property",
        ],
        ..PLAIN
    },
    Wrapper {
        names: &["systemd-cat"],
        with_value: "tp",
        long_with_value: &["identifier", "priority"],
        ..PLAIN
    },
    Wrapper {
        names: &["setpriv"],
        long_with_value: &[
            "reuid",
            "ruid",
            "euid",
            "regid",
            "rgid",
            "egid",
            "groups",
            "inh-caps",
            "ambient-caps",
            "bounding-set",
            "securebits",
            "pdeathsig",
        ],
        ..PLAIN
    },
    Wrapper { names: &["runuser"], with_value: "uGgTw", ..PLAIN },
];

/// Terminals of desktops.
const TERMINALS: [&str; 14] = [
    "alacritty",
    "foot",
    "gnome-terminal",
    "konsole",
    "lxterm",
    "lxterminal",
    "mate-terminal",
    "qterminal",
    "rxvt",
    "urxvt",
    "uxterm",
    "x-terminal-emulator",
    "xfce4-terminal",
    "xterm",
];

const SHELLS: [&str; 7] = ["ash", "bash", "dash", "ksh", "rbash", "sh", "zsh"];

/// What a command of these words runs in `folder`, which is empty where it is not known.
pub(crate) fn runs<S: AsRef<str>>(words: &[S], folder: &str) -> Runs {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    Reader { folder: folder.to_owned(), depth: DEEPEST }.read(&words)
}

/// [`runs`], in a command that is `DEEPEST - depth` commands deep.
pub(crate) fn runs_at(words: &[String], folder: &str, depth: usize) -> Runs {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Reader { folder: folder.to_owned(), depth }.read(&words)
}

/// The lamp's program that a process called by these words is itself: what is called by an interpreter counts, what runs
/// another program does not.
pub(crate) fn direct(words: &[String], folder: &str) -> Option<&'static str> {
    let (first, rest) = words.split_first()?;
    let name = first.rsplit('/').next().unwrap_or(first);
    let reader = Reader { folder: folder.to_owned(), depth: 0 };
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    if is_python(name) {
        reader.python(&rest)
    } else if SHELLS.contains(&name) {
        // Without depth no script in the call is looked into.
        reader.shell(&rest).programs.first().copied()
    } else {
        program::of_file(&joined(folder, first))
    }
}

/// What a command runs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Runs {
    /// Programs of the lamp.
    pub programs: Vec<&'static str>,
    /// Whether it runs something else too, that is not there for them alone.
    pub others: bool,
}

impl Runs {
    /// Nothing.
    fn nothing() -> Self {
        Self::default()
    }

    /// A program of the lamp, or another one.
    fn one(program: Option<&'static str>) -> Self {
        Self { programs: program.into_iter().collect(), others: program.is_none() }
    }

    /// Both.
    pub(crate) fn and(&mut self, more: Self) {
        self.programs.extend(more.programs);
        self.others |= more.others;
    }
}

/// Commands that help others to run: they wait, look, change the folder, say something, or end what ran before.
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

struct Reader {
    folder: String,
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
                // With -u it runs a command, whose own options are none of its own.
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
                return Runs::one(program::of_file(&joined(&self.folder, first)));
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

    /// The command behind a wrapper's own words; none if it runs none.
    fn unwrapped<'w, 'a>(&mut self, wrapper: &Wrapper, mut words: &'w [&'a str]) -> Option<&'w [&'a str]> {
        let mut positionals = wrapper.positionals;
        while let [word, rest @ ..] = words {
            if *word == "--" {
                words = rest;
                break;
            }
            if let Some(long) = word.strip_prefix("--") {
                let separate = wrapper.long_with_value.contains(&long);
                match (long.split_once('='), rest) {
                    (Some(("chdir" | "working-directory", folder)), _) => self.enter(folder),
                    (None, [folder, ..]) if matches!(long, "chdir" | "working-directory") => {
                        self.enter(folder);
                    }
                    _ => {}
                }
                words = rest.get(usize::from(separate)..)?;
            } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                // screen has one long option with one hyphen.
                if letters == "Logfile" {
                    words = rest.get(1..)?;
                    continue;
                }
                let mut taken = 0;
                for (at, letter) in letters.char_indices() {
                    if wrapper.runs_nothing.contains(letter) {
                        return None;
                    }
                    if wrapper.with_value.contains(letter) {
                        let inline = &letters[at + letter.len_utf8()..];
                        taken = usize::from(inline.is_empty());
                        let value = if inline.is_empty() { rest.first().copied() } else { Some(inline) };
                        if matches!((wrapper.names[0], letter), ("env", 'C') | ("sudo", 'D'))
                            && let Some(folder) = value
                        {
                            self.enter(folder);
                        }
                        break;
                    }
                }
                words = rest.get(taken..)?;
            } else if *word == "-" {
                words = rest;
            } else if positionals > 0 {
                positionals -= 1;
                words = rest;
            } else {
                break;
            }
        }
        words.get(positionals..)
    }

    fn enter(&mut self, folder: &str) {
        self.folder = joined(&self.folder, folder);
    }

    fn script(&self, script: &str) -> Runs {
        let mut all = Runs::nothing();
        if let Some(depth) = self.depth.checked_sub(1) {
            for command in shell::commands_at(script, &self.folder, depth) {
                all.and(command.runs);
            }
        }
        all
    }

    /// A shell runs the value of -c, or a file.
    fn shell(&self, words: &[&str]) -> Runs {
        let mut words = words.iter();
        let file = loop {
            let Some(word) = words.next() else { return Runs::nothing() };
            match word.strip_prefix(['-', '+']) {
                Some("" | "-") => match words.next() {
                    Some(file) => break file,
                    None => return Runs::nothing(),
                },
                Some(long) if long.starts_with('-') => {
                    if matches!(long, "-rcfile" | "-init-file") {
                        words.next();
                    }
                }
                Some(letters) if letters.contains('c') => {
                    let script = words.find(|word| !word.starts_with('-'));
                    return script.map(|script| self.script(script)).unwrap_or_default();
                }
                Some("o" | "O") => {
                    words.next();
                }
                Some(_) => {}
                None => break word,
            }
        };
        // What is Python's a shell cannot run.
        let program =
            program::of_file(&joined(&self.folder, file)).filter(|_| file.strip_suffix(".py").is_none());
        Runs::one(program)
    }

    /// A terminal runs what stands behind -e: a line, or words.
    fn terminal(&mut self, words: &[&str]) -> Runs {
        for (at, word) in words.iter().enumerate() {
            if let Some(line) = word.strip_prefix("--command=").or_else(|| word.strip_prefix("--execute=")) {
                return self.script(line);
            }
            if matches!(*word, "-e" | "-x" | "--execute" | "--command" | "--") {
                return match &words[at + 1..] {
                    [line] => self.script(line),
                    command => self.read(command),
                };
            }
        }
        Runs { others: true, ..Runs::default() }
    }

    /// Python runs a module, a file, or a program that is in the call and is nothing of ours.
    fn python(&self, words: &[&str]) -> Option<&'static str> {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
                return program::of_file(&joined(&self.folder, word));
            };
            if letters.starts_with('-') {
                continue;
            }
            for (at, letter) in letters.char_indices() {
                let inline = &letters[at + letter.len_utf8()..];
                match letter {
                    'c' => return None,
                    'm' => {
                        let module = if inline.is_empty() { words.next().copied()? } else { inline };
                        let file = format!("{}.py", module.replace('.', "/"));
                        return program::of_file(&joined(&self.folder, &file));
                    }
                    'W' | 'X' => {
                        if inline.is_empty() {
                            words.next();
                        }
                        break;
                    }
                    _ => {}
                }
            }
        }
        None
    }

    fn start_stop_daemon(&mut self, words: &[&str]) -> Runs {
        let (own, arguments) = match words.iter().position(|word| *word == "--") {
            Some(at) => (&words[..at], &words[at + 1..]),
            None => (words, &[][..]),
        };
        let letters = |word: &str| {
            word.strip_prefix('-').filter(|letters| !letters.starts_with('-')).map(str::to_owned)
        };
        let starts =
            |word: &&str| *word == "--start" || letters(word).is_some_and(|letters| letters.contains('S'));
        if !own.iter().any(starts) {
            return Runs::nothing();
        }
        // Of letters in one word the last one can have a value.
        let value = |letter: char, long: &str| {
            own.iter().enumerate().find_map(|(at, word)| {
                if *word == long || letters(word).is_some_and(|letters| letters.ends_with(letter)) {
                    return own.get(at + 1).copied();
                }
                word.strip_prefix(long)?.strip_prefix('=')
            })
        };
        if let Some(folder) = value('d', "--chdir") {
            self.enter(folder);
        }
        let Some(program) = value('a', "--startas").or_else(|| value('x', "--exec")) else {
            return Runs::nothing();
        };
        let command: Vec<&str> = [program].into_iter().chain(arguments.iter().copied()).collect();
        self.read(&command)
    }
}

/// What runs behind a lock.
enum Command<'w, 'a> {
    Script(&'a str),
    Words(&'w [&'a str]),
}

/// `flock [options] FILE COMMAND...`, or `flock [options] FILE -c SCRIPT`.
fn flock<'w, 'a>(words: &'w [&'a str]) -> Command<'w, 'a> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        match *word {
            "-w" | "--wait" | "--timeout" | "-E" | "--conflict-exit-code" => at += 2,
            word if word.starts_with('-') => at += 1,
            _ => break,
        }
    }
    match words.get(at + 1..) {
        Some(["-c" | "--command", script, ..]) => Command::Script(script),
        command => Command::Words(command.unwrap_or_default()),
    }
}

/// The script that a new window of tmux runs.
fn tmux(words: &[&str]) -> Option<String> {
    const WITH_VALUE: &str = "cefFnstxy";
    let new = words
        .iter()
        .position(|word| matches!(*word, "new" | "new-session" | "neww" | "new-window" | "respawn-pane"))?;
    let mut words = words[new + 1..].iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some(letters) => {
                if letters.chars().last().is_some_and(|letter| WITH_VALUE.contains(letter)) {
                    words.next();
                }
            }
            None => return Some([word].into_iter().chain(words).copied().collect::<Vec<_>>().join(" ")),
        }
    }
    None
}

/// The value of -c or --command, wherever it stands.
fn script_of<'a>(words: &[&'a str]) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--") {
        Some(long) => match long.strip_prefix("command")? {
            "" => words.get(at + 1).copied(),
            rest => rest.strip_prefix('='),
        },
        None => word.strip_prefix('-')?.ends_with('c').then(|| words.get(at + 1).copied())?,
    })
}

/// The line that `env -S` splits into words.
fn env_split(words: &[&str]) -> Option<String> {
    let at = words
        .iter()
        .position(|word| *word == "-S" || word.starts_with("--split-string") || word.starts_with("-S"))?;
    // Behind a command it would be that one's.
    if words[..at].iter().any(|word| !word.starts_with('-') && !is_assignment(word)) {
        return None;
    }
    let line = match words[at] {
        "-S" | "--split-string" => String::new(),
        word => word.trim_start_matches("--split-string=").trim_start_matches("-S").to_owned() + " ",
    };
    Some(line + &words[at + 1..].join(" "))
}

fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.chars().all(|letter| letter.is_ascii_digit() || letter == '.'))
}

/// Whether a word sets a variable.
pub(crate) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

/// Whether this can be a variable's name.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// Where `path` is, seen from `folder`.
pub(crate) fn joined(folder: &str, path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    if folder.is_empty() || path.starts_with(['/', '~']) {
        path.to_owned()
    } else {
        format!("{}/{path}", folder.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::runs;

    fn programs<S: AsRef<str>>(words: &[S], folder: &str) -> Vec<&'static str> {
        runs(words, folder).programs
    }

    #[test]
    fn wrappers_are_seen_through() {
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
    fn scripts_in_words_are_read() {
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
        // However deep it is meant to go on, it comes to an end.
        let mut line = "fbcp".to_owned();
        for _ in 0..20 {
            line = format!("eval {line}");
        }
        assert_eq!(programs(&line.split(' ').collect::<Vec<_>>(), ""), [] as [&str; 0]);
    }

    #[test]
    fn what_starts_nothing_of_the_lamp_is_left_alone() {
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
    fn processes_are_what_they_run_themselves() {
        for (line, folder, program) in [
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
            assert_eq!(super::direct(&words, folder), program, "{line}");
        }
    }

    #[test]
    fn what_runs_beside_is_noticed() {
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
