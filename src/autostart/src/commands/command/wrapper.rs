// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs that run the command after their own words, such as sudo, env and timeout.

use super::Reader;

/// A program that runs the command after its own options.
pub(super) struct Wrapper {
    pub names: &'static [&'static str],
    /// Letters of options with a value.
    with_value: &'static str,
    /// Long options with a value in a separate word.
    long_with_value: &'static [&'static str],
    /// Number of its own words before the command.
    positionals: usize,
    /// Letters of options that make it run no command.
    runs_nothing: &'static str,
}

const PLAIN: Wrapper =
    Wrapper { names: &[], with_value: "", long_with_value: &[], positionals: 0, runs_nothing: "" };

/// From their man pages in Debian 12 and 13.
pub(super) const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        // daemon is a function in init scripts.
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
    Wrapper { names: &["time"], with_value: "of", long_with_value: &["format", "output"], ..PLAIN },
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

impl Reader {
    /// The command after a wrapper's own words; none if it runs none.
    pub(super) fn unwrapped<'w, 'a>(
        &mut self,
        wrapper: &Wrapper,
        mut words: &'w [&'a str],
    ) -> Option<&'w [&'a str]> {
        let mut positionals = wrapper.positionals;
        while let [word, rest @ ..] = words {
            if *word == "--" {
                words = rest;
                break;
            }
            if let Some(long) = word.strip_prefix("--") {
                let separate = wrapper.long_with_value.contains(&long);
                match (long.split_once('='), rest) {
                    (Some(("chdir" | "working-directory", directory)), _) => self.enter(directory),
                    (None, [directory, ..]) if matches!(long, "chdir" | "working-directory") => {
                        self.enter(directory);
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
                            && let Some(directory) = value
                        {
                            self.enter(directory);
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
}
