// SPDX-License-Identifier: GPL-3.0-or-later
//! The settings of a build: one table with their types, defaults and meanings.
//!
//! Every value is written to a Supervisor file. Some characters cut a line short there or stop Supervisor, so
//! each value is checked here, by name, before the build makes anything.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};

use programs::{PROGRAMS, user};

/// The form of a value.
#[derive(Debug, Clone, Copy)]
enum ValueKind {
    /// Name of a user that adduser accepts.
    User,
    /// Absolute path.
    Path,
    /// Number from the first to the second, inclusive.
    Number(u32, u32),
    /// Size as Supervisor reads it: 500KB, 1MB.
    Size,
    /// Value of an option of this program, which must accept it.
    Option(&'static str, &'static str),
    /// Further arguments of this program, which must accept them.
    Arguments(&'static str),
    /// Command that runs pigpiod.
    Pigpiod,
}

/// A row of the table.
#[derive(Debug)]
struct Setting {
    key: &'static str,
    kind: ValueKind,
    default: &'static str,
    help: &'static str,
}

const TABLE: &[Setting] = &[
    Setting {
        key: "user",
        kind: ValueKind::User,
        default: user::NAME,
        help: "user that runs lamp_service and lamp_ui; installation creates a missing one",
    },
    Setting { key: "home", kind: ValueKind::Path, default: user::HOME, help: "HOME of that user" },
    Setting {
        key: "kivy_home",
        kind: ValueKind::Path,
        default: user::KIVY_HOME,
        help: "directory of that user's Kivy configuration",
    },
    Setting {
        key: "pigpiod_command",
        kind: ValueKind::Pigpiod,
        default: "/usr/libexec/lampi/pigpiod -g -l",
        help: "command that runs the GPIO daemon in the foreground (-g)",
    },
    Setting {
        key: "fbcp_fps",
        kind: ValueKind::Option("fbcp", "fps"),
        default: "30",
        help: "frames per second that fbcp copies at most",
    },
    Setting {
        key: "fbcp_rotate",
        kind: ValueKind::Option("fbcp", "rotate"),
        default: "0",
        help: "degrees by which fbcp rotates the frame, clockwise",
    },
    Setting {
        key: "fbcp_fit",
        kind: ValueKind::Option("fbcp", "fit"),
        default: "contain",
        help: "how fbcp scales a frame of another aspect ratio: contain, cover or stretch",
    },
    Setting {
        key: "fbcp_dither",
        kind: ValueKind::Option("fbcp", "dither"),
        default: "none",
        help: "ordered: smooth gradients on a panel with 16 bits per pixel",
    },
    Setting {
        key: "fbcp_console",
        kind: ValueKind::Option("fbcp", "console"),
        default: "silence",
        help: "keep: the text console may draw on the lamp's screen; silence: it may not",
    },
    Setting {
        key: "fbcp_at_end",
        kind: ValueKind::Option("fbcp", "at-end"),
        default: "keep",
        help: "blank: fbcp clears the panel when it ends; keep: the last frame stays",
    },
    Setting {
        key: "lamp_service_restore",
        kind: ValueKind::Option("lamp_service", "restore"),
        default: "last",
        help: "state of the lamp after a start: last, on or off",
    },
    Setting {
        key: "lamp_service_transition",
        kind: ValueKind::Option("lamp_service", "transition"),
        default: "0",
        help: "seconds that a change of colour takes",
    },
    Setting {
        key: "lamp_service_gamma",
        kind: ValueKind::Option("lamp_service", "gamma"),
        default: "1",
        help: "exponent that corrects dim light for the eye, 1 to 3; 2.2 is usual",
    },
    Setting {
        key: "lamp_service_frequency",
        kind: ValueKind::Option("lamp_service", "frequency"),
        default: "1000",
        help: "PWM frequency of the LEDs in Hz; a lower one has more levels of dim light",
    },
    Setting {
        key: "lamp_service_home_assistant",
        kind: ValueKind::Option("lamp_service", "home-assistant"),
        default: "",
        help: "Home Assistant's discovery prefix; none: no discovery",
    },
    Setting {
        key: "lamp_service_backlight",
        kind: ValueKind::Option("lamp_service", "backlight"),
        default: "no",
        help: "yes: messages on lamp/backlight set the panel's backlight on GPIO 18",
    },
    Setting {
        key: "lamp_ui_blank_after",
        kind: ValueKind::Option("lamp_ui", "blank-after"),
        default: "0",
        help: "seconds without use before the screen goes black; 0: never",
    },
    Setting {
        key: "fbcp_args",
        kind: ValueKind::Arguments("fbcp"),
        default: "",
        help: "further arguments of fbcp",
    },
    Setting {
        key: "lamp_service_args",
        kind: ValueKind::Arguments("lamp_service"),
        default: "",
        help: "further arguments of lamp_service",
    },
    Setting {
        key: "lamp_ui_args",
        kind: ValueKind::Arguments("lamp_ui"),
        default: "",
        help: "further arguments of lamp_ui",
    },
    Setting {
        key: "fbcp_priority",
        kind: ValueKind::Number(0, 999),
        default: "100",
        help: "Supervisor's priority of fbcp, which starts first",
    },
    Setting {
        key: "pigpiod_priority",
        kind: ValueKind::Number(0, 999),
        default: "200",
        help: "Supervisor's priority of pigpiod",
    },
    Setting {
        key: "lamp_service_priority",
        kind: ValueKind::Number(0, 999),
        default: "300",
        help: "Supervisor's priority of lamp_service",
    },
    Setting {
        key: "lamp_ui_priority",
        kind: ValueKind::Number(0, 999),
        default: "400",
        help: "Supervisor's priority of lamp_ui, which starts last",
    },
    Setting {
        key: "start_retries",
        kind: ValueKind::Number(3, 1_000_000_000),
        default: "1000000",
        help: "attempts to start a program before Supervisor stops trying",
    },
    Setting {
        key: "log_maxbytes",
        kind: ValueKind::Size,
        default: "1MB",
        help: "size at which Supervisor rotates a log",
    },
    Setting {
        key: "log_backups",
        kind: ValueKind::Number(0, 100),
        default: "2",
        help: "rotated logs that Supervisor keeps of each program",
    },
];

/// The settings of one package: every key of the table with a checked value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    values: BTreeMap<&'static str, String>,
}

impl Settings {
    /// Defaults, then the TOML file, then the assignments KEY=VALUE.
    pub(crate) fn load(file: Option<&Path>, assignments: &[String]) -> anyhow::Result<Self> {
        let mut settings =
            Self { values: TABLE.iter().map(|row| (row.key, row.default.to_owned())).collect() };
        if let Some(file) = file {
            settings.read(file)?;
        }
        for assignment in assignments {
            let Some((key, value)) = assignment.split_once('=') else {
                bail!("--set {assignment}: it must have the form KEY=VALUE");
            };
            settings.put(key, value).with_context(|| format!("--set {assignment}"))?;
        }
        settings.check_order()?;
        Ok(settings)
    }

    /// Value of a key, which must be in the table.
    pub(crate) fn get(&self, key: &str) -> &str {
        &self.values[key]
    }

    /// All keys and values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// The arguments of a program, with a blank before each. An option with its default value is left out.
    pub(crate) fn arguments(&self, program: &str) -> String {
        let mut arguments = String::new();
        for row in TABLE {
            let value = self.get(row.key);
            match row.kind {
                ValueKind::Option(owner, option) if owner == program && value != row.default => {
                    let _ = write!(arguments, " --{option}={value}");
                }
                ValueKind::Arguments(owner) if owner == program && !value.is_empty() => {
                    let _ = write!(arguments, " {value}");
                }
                _ => {}
            }
        }
        arguments
    }

    /// Whether a setting that takes free text differs from its default. Free text may contain a password.
    pub(crate) fn have_free_text(&self) -> bool {
        TABLE.iter().any(|row| {
            matches!(row.kind, ValueKind::Arguments(_) | ValueKind::Pigpiod)
                && self.get(row.key) != row.default
        })
    }

    fn read(&mut self, file: &Path) -> anyhow::Result<()> {
        let shown = file.display();
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the settings file {shown}"))?;
        let table: toml::Table = toml::from_str(&text).map_err(|error| {
            anyhow::anyhow!("{shown} is not TOML: {}", error.to_string().trim_end().replace('\n', " "))
        })?;
        for (key, value) in table {
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Float(number) => number.to_string(),
                other => bail!("{shown}: {key} is {other}; it must be a string or a number"),
            };
            self.put(&key, &value).with_context(|| shown.to_string())?;
        }
        Ok(())
    }

    fn put(&mut self, key: &str, value: &str) -> anyhow::Result<()> {
        let Some(row) = TABLE.iter().find(|row| row.key == key) else {
            let keys: Vec<_> = TABLE.iter().map(|row| row.key).collect();
            bail!("unknown setting '{key}'; the settings are {}", keys.join(", "));
        };
        // Some defaults are empty, which their kind does not allow.
        let check = || if value == row.default { Ok(()) } else { row.kind.check(value) };
        if let Err(reason) = reject_special_characters(value).and_then(|()| check()) {
            bail!("{key} is '{}'; {reason}", value.escape_debug());
        }
        self.values.insert(row.key, value.to_owned());
        Ok(())
    }

    /// Supervisor starts programs in the order of their priorities, and the package guarantees that order.
    fn check_order(&self) -> anyhow::Result<()> {
        let keys: Vec<String> = programs::supervised().map(|program| format!("{program}_priority")).collect();
        let number = |key: &str| self.get(key).parse::<u32>().expect("it was checked");
        for pair in keys.windows(2) {
            if number(&pair[0]) >= number(&pair[1]) {
                bail!("{} must be less than {}, because the programs start in this order", pair[0], pair[1]);
            }
        }
        Ok(())
    }
}

/// Rejects characters that Supervisor interprets anywhere in a value.
fn reject_special_characters(value: &str) -> Result<(), String> {
    let special = [
        ("\"", "a quote"),
        ("'", "a quote"),
        ("%", "a % (Supervisor would expand it)"),
        (" ;", "' ;' (Supervisor would cut the value there)"),
        (" #", "' #' (Supervisor would cut the value there)"),
    ];
    if let Some((_, name)) = special.iter().find(|(text, _)| value.contains(text)) {
        return Err(format!("it must not contain {name}"));
    }
    if value.chars().any(char::is_control) {
        return Err("it must be one line of printable characters".into());
    }
    if value.trim() != value {
        return Err("it must not begin or end with a blank".into());
    }
    Ok(())
}

impl ValueKind {
    fn check(self, value: &str) -> Result<(), String> {
        match self {
            Self::User => {
                let fits = value.len() <= 32
                    && value.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
                    && value
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c));
                require(fits, "it must be a user name: at most 32 lower-case letters, digits, _ and -")
            }
            Self::Path => require(
                value.starts_with('/')
                    && !value.contains([' ', ',', ';', '\\'])
                    && !value.split('/').any(|part| part == ".."),
                "it must be an absolute path without blanks, commas, semicolons, backslashes and ..",
            ),
            Self::Number(least, most) => require(
                value
                    .parse()
                    .is_ok_and(|number: u32| (least..=most).contains(&number) && number.to_string() == value),
                &format!("it must be a number from {least} to {most}"),
            ),
            Self::Size => {
                let digits = value.trim_end_matches("KB").trim_end_matches("MB");
                let suffix = &value[digits.len()..];
                require(
                    matches!(suffix, "" | "KB" | "MB")
                        && digits.parse::<u32>().is_ok_and(|number| number > 0),
                    "it must be a number of bytes, KB or MB above 0, such as 500KB",
                )
            }
            Self::Option(program, option) => {
                require(!value.contains(' '), "it must be one word")?;
                accepted(program, &format!("--{option}={value}"))
            }
            Self::Arguments(program) => {
                accepted(program, value)?;
                let exits = |word: &str| EXITING.contains(&word.split('=').next().unwrap_or_default());
                match value.split(' ').find(|word| exits(word)) {
                    Some(word) => Err(format!(
                        "it must not contain {word}: {program} exits with it, and \
                         Supervisor would restart it forever"
                    )),
                    None => Ok(()),
                }
            }
            Self::Pigpiod => {
                let words: Vec<&str> = value.split(' ').collect();
                require(
                    words[0] == "pigpiod" || (words[0].starts_with('/') && words[0].ends_with("/pigpiod")),
                    "it must run pigpiod, by that name or by an absolute path",
                )?;
                require(
                    words.contains(&"-g"),
                    "it must contain -g: without it pigpiod leaves the foreground, where \
                     Supervisor cannot stop it",
                )?;
                require(
                    !words.iter().any(|word| word.eq_ignore_ascii_case("-v")),
                    "it must not contain -v: with it pigpiod prints its version and exits",
                )
            }
        }
    }
}

/// Options with which a program does one thing and exits.
const EXITING: [&str; 3] = ["--check", "--once", "--snapshot"];

fn require(is_met: bool, otherwise: &str) -> Result<(), String> {
    if is_met { Ok(()) } else { Err(otherwise.to_owned()) }
}

/// Parses the arguments by the program's own command line definition.
fn accepted(name: &str, arguments: &str) -> Result<(), String> {
    let program = PROGRAMS
        .iter()
        .find(|program| program.name == name)
        .expect("the table names programs of the package");
    let words = std::iter::once(name).chain(arguments.split_whitespace());
    program.command_line().try_get_matches_from(words).map(|_| ()).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        format!("{name} does not accept it: {first}")
    })
}

/// The table for `--help`.
pub(crate) fn help() -> String {
    let mut text = String::from("Settings for --set and --config:\n");
    for row in TABLE {
        let default = if row.default.is_empty() { "none" } else { row.default };
        let _ = writeln!(text, "  {} [default: {default}]\n      {}", row.key, row.help);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(set: &[&str]) -> anyhow::Result<Settings> {
        let assignments: Vec<String> = set.iter().map(ToString::to_string).collect();
        Settings::load(None, &assignments)
    }

    #[test]
    fn accepts_every_default() {
        let settings = load(&[]).unwrap();
        for row in TABLE {
            let assignment = format!("{}={}", row.key, row.default);
            assert_eq!(load(&[&assignment]).unwrap(), settings, "{assignment}");
        }
    }

    /// The table of docs/settings.md, which is the end of the file.
    fn markdown() -> String {
        let mut text = String::from("| Setting | Default | Values | Meaning |\n| --- | --- | --- | --- |\n");
        for Setting { key, kind, default, help } in TABLE {
            let default = if default.is_empty() { "none".to_owned() } else { format!("`{default}`") };
            let values = match kind {
                ValueKind::User => "a user name".to_owned(),
                ValueKind::Path => "an absolute path".to_owned(),
                ValueKind::Number(least, most) => format!("{least} to {most}"),
                ValueKind::Size => "bytes, or a number with KB or MB".to_owned(),
                ValueKind::Option(program, option) => format!("those of `{program} --{option}`"),
                ValueKind::Arguments(program) => format!("options of {program}"),
                ValueKind::Pigpiod => "a pigpiod with its options".to_owned(),
            };
            let _ = writeln!(text, "| `{key}` | {default} | {values} | {help} |");
        }
        text
    }

    /// `LAMPI_TEST_RENEW=yes` writes the table.
    #[test]
    fn the_document_has_the_same_table() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/settings.md");
        let document = std::fs::read_to_string(&path).unwrap();
        let (prose, table) = document.split_at(document.find("| Setting |").unwrap_or(document.len()));
        if std::env::var_os("LAMPI_TEST_RENEW").is_some() {
            std::fs::write(&path, format!("{prose}{}", markdown())).unwrap();
        } else {
            assert_eq!(
                table,
                markdown(),
                "docs/settings.md is out of date; run this test with LAMPI_TEST_RENEW=yes"
            );
        }
    }

    #[test]
    fn accepts_good_values() {
        for assignment in [
            "user=lamp_1",
            "log_maxbytes=500KB",
            "fbcp_args=--fps 10",
            "pigpiod_command=/usr/local/bin/pigpiod -g -l -s 1",
        ] {
            load(&[assignment]).unwrap_or_else(|error| panic!("{assignment}: {error:#}"));
        }
    }

    #[test]
    fn a_file_may_contain_numbers_and_set_overrides_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("settings.toml");
        let content =
            "lamp_service_gamma = 2.2\nlamp_service_transition = 1.0\nfbcp_fps = 10\nuser = \"lamp\"\n";
        std::fs::write(&file, content).unwrap();
        let settings = Settings::load(Some(&file), &["fbcp_fps=20".into()]).unwrap();
        assert_eq!(settings.arguments("lamp_service"), " --transition=1 --gamma=2.2");
        assert_eq!(settings.arguments("fbcp"), " --fps=20");
        assert_eq!(settings.get("user"), "lamp");
    }

    #[test]
    fn defaults_are_those_of_the_programs() {
        for row in TABLE {
            let ValueKind::Option(name, option) = row.kind else { continue };
            let program = PROGRAMS.iter().find(|program| program.name == name).expect(name);
            let command = program.command_line();
            let argument = command
                .get_arguments()
                .find(|argument| argument.get_long() == Some(option))
                .unwrap_or_else(|| panic!("{name} has no --{option}"));
            let default = argument.get_default_values().first().map_or("", |value| value.to_str().unwrap());
            assert_eq!(default, row.default, "{}", row.key);
        }
    }

    #[test]
    fn passes_only_options_that_differ_from_their_defaults() {
        let settings = load(&[
            "lamp_service_gamma=2.2",
            "lamp_service_restore=last",
            "lamp_service_args=--broker box:1883",
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.arguments("lamp_service"), " --gamma=2.2 --broker box:1883");
        assert_eq!(settings.arguments("fbcp"), "");
    }

    #[test]
    fn detects_free_text() {
        for plain in [&[][..], &["user=lamp", "fbcp_fps=25", "lamp_service_home_assistant=ha"]] {
            assert!(!load(plain).unwrap().have_free_text(), "{plain:?}");
        }
        for free in ["lamp_ui_args=--broker=mqtt:1883", "pigpiod_command=/usr/bin/pigpiod -g"] {
            assert!(load(&[free]).unwrap().have_free_text(), "{free}");
        }
    }

    #[test]
    fn rejects_bad_values_by_name() {
        for (assignment, reason) in [
            ("colour=red", "unknown setting 'colour'"),
            ("user", "it must have the form KEY=VALUE"),
            ("user=Pi", "user is 'Pi'; it must be a user name"),
            ("user=", "user is ''; it must be a user name"),
            ("home=pi", "home is 'pi'; it must be an absolute path"),
            ("home=/home/\"pi\"", "it must not contain a quote"),
            ("kivy_home=/home/%(user)s", "it must not contain a %"),
            ("fbcp_args=--fps 10 ; reboot", "it must not contain ' ;'"),
            ("fbcp_args=--fps 10\nuser=root", "fbcp_args is '--fps 10\\nuser=root'; it must be one line"),
            ("fbcp_rotate=45", "fbcp does not accept it: invalid value '45' for '--rotate <DEGREES>'"),
            ("fbcp_args=--fast", "fbcp does not accept it: unexpected argument '--fast'"),
            ("lamp_service_gamma=9", "it must be a number from 1 to 3"),
            ("lamp_service_transition=", "lamp_service does not accept it"),
            ("lamp_service_home_assistant=a b", "it must be one word"),
            ("lamp_ui_args=--help", "lamp_ui does not accept it"),
            ("lamp_ui_args=--snapshot=x.png", "it must not contain --snapshot=x.png: lamp_ui exits with it"),
            (
                "lamp_service_args=--gamma 2 --check",
                "it must not contain --check: lamp_service exits with it",
            ),
            ("fbcp_args=--once", "it must not contain --once: fbcp exits with it"),
            ("pigpiod_command=pigpiod -l", "it must contain -g"),
            ("pigpiod_command=pigpiod -g -l -v", "it must not contain -v"),
            ("pigpiod_command=rgpiod -g", "it must run pigpiod"),
            ("start_retries=many", "it must be a number from 3"),
            ("start_retries=+5", "it must be a number from 3"),
            ("log_maxbytes=1GB", "it must be a number of bytes, KB or MB above 0"),
            ("log_backups=101", "from 0 to 100"),
            ("pigpiod_priority=100", "fbcp_priority must be less than pigpiod_priority"),
        ] {
            let error = format!("{:#}", load(&[assignment]).expect_err(assignment));
            assert!(error.contains(reason), "{assignment}: {error}");
        }
    }
}
