// SPDX-License-Identifier: GPL-3.0-or-later
//! The definition of `lampi`'s command line, help, man pages and completions.

#![allow(clippy::doc_markdown, reason = "the help prints these comments as they are")]

pub(crate) mod manuals;

use std::path::PathBuf;

use runtime::address::{self, Address};

use crate::Program;
use crate::login::LoginArgs;

/// Show, set and repair a LAMPI lamp and its programs.
///
/// Supervisor runs the four programs of the lamp: fbcp, pigpiod, lamp_service and lamp_ui. lampi shows the
/// status of these programs and of the MQTT broker, sets the light, starts and stops programs, shows their
/// logs, finds and fixes problems, and connects the lamp's broker to another broker.
#[derive(Debug, clap::Parser)]
#[command(name = "lampi", version, after_long_help = manuals::LAMPI.help())]
pub struct Cli {
    /// The subcommand.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The subcommands. One with a type of its own has its help there: a comment here would hide most of it.
#[derive(Debug, clap::Subcommand)]
#[allow(missing_docs, reason = "as above")]
pub enum Verb {
    Status(StatusArgs),
    Set(SetArgs),
    Get(GetArgs),
    Doctor(DoctorArgs),
    /// Start stopped programs.
    ///
    /// lampi waits until the programs run. To start a disabled program, run `lampi enable`.
    #[command(after_long_help = manuals::START.help())]
    Start(ProgramArgs),
    /// Stop programs until the next boot.
    ///
    /// `lampi start` starts them earlier. To keep programs stopped, run `lampi disable`.
    #[command(after_long_help = manuals::STOP.help())]
    Stop(ProgramArgs),
    /// Restart programs.
    #[command(after_long_help = manuals::RESTART.help())]
    Restart(ProgramArgs),
    /// Apply changes of the files in /etc/supervisor/conf.d to programs.
    ///
    /// Supervisor reads its files only on request. lampi restarts a program if its file has changed, and no
    /// other program.
    #[command(after_long_help = manuals::UPDATE.help())]
    Update(ProgramArgs),
    /// Stop programs and keep them stopped.
    ///
    /// lampi renames the file of each program in /etc/supervisor/conf.d to a name that ends in .disabled,
    /// which Supervisor does not read, and removes the program from Supervisor. The other programs keep
    /// running. The programs stay disabled after a reboot, an upgrade and a new installation.
    #[command(after_long_help = manuals::DISABLE.help())]
    Disable(ProgramArgs),
    /// Enable and start disabled programs.
    ///
    /// lampi gives the file of each program its name back. If the file is missing, lampi restores the
    /// packaged one.
    #[command(after_long_help = manuals::ENABLE.help())]
    Enable(ProgramArgs),
    User(UserArgs),
    Logs(LogsArgs),
    Bridge(BridgeArgs),
    Pwm(PwmArgs),
    TakeOver(TakeOverArgs),
}

/// Show the lamp's status.
///
/// The report covers the four programs, the broker, pigpiod, the framebuffers, the touch screen and the
/// light. An unknown item is reported as unknown and is not a failure; `lampi doctor` checks the lamp. Only
/// root can query Supervisor.
#[derive(Debug, clap::Args)]
#[command(after_long_help = manuals::STATUS.help())]
pub struct StatusArgs {
    /// Print the status as JSON
    #[arg(long)]
    pub json: bool,

    /// MQTT broker of the lamp [default: that of lamp_service]
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: Option<Address>,

    #[allow(missing_docs, reason = "it would be help")]
    #[command(flatten)]
    pub login: LoginArgs,

    /// GPIO daemon of the lamp [default: that of lamp_service]
    #[arg(long, value_name = "HOST:PORT")]
    pub pigpiod: Option<Address>,

    /// Root directory of the lamp's files
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Show or set the user of lamp_service and lamp_ui.
///
/// lampi leaves the programs' files in /etc/supervisor/conf.d unchanged. It generates the file
/// lampi-user.conf there, which sets the user and the variables HOME and KIVY_HOME, and keeps all other
/// variables. For the packaged user, lampi removes the generated file. The user gets the groups that screen,
/// touch screen and pins require, and becomes the owner of the lamp's state.
///
/// Before Supervisor starts, lampi updates the generated file. It follows a renamed user. If the user does
/// not exist, lamp_service and lamp_ui do not start, so that Supervisor can still start other programs.
#[derive(Debug, clap::Args)]
#[command(after_long_help = manuals::USER.help())]
pub struct UserArgs {
    /// The new user of the programs
    #[arg(conflicts_with = "refresh")]
    pub name: Option<String>,

    /// Update the generated file after a change of the files or the user
    #[arg(long)]
    pub refresh: bool,

    /// Root directory of the lamp's files
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Set the light.
///
/// lampi changes only what the options set, and waits until lamp_service reports the change. A new colour or
/// brightness does not turn the lamp on.
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("change").required(true).multiple(true),
    after_long_help = manuals::SET.help()
)]
pub struct SetArgs {
    /// Hue, the position on the colour circle, 0 to 1; 0 and 1 are red
    #[arg(
        short = 'u',
        long,
        value_name = "NUMBER",
        group = "change",
        value_parser = unit,
        allow_negative_numbers = true
    )]
    pub hue: Option<f64>,

    /// Saturation, 0 (white) to 1
    #[arg(
        short,
        long,
        value_name = "NUMBER",
        group = "change",
        value_parser = unit,
        allow_negative_numbers = true
    )]
    pub saturation: Option<f64>,

    /// Brightness, 0 (dark) to 1
    #[arg(
        short,
        long,
        value_name = "NUMBER",
        group = "change",
        value_parser = unit,
        allow_negative_numbers = true
    )]
    pub brightness: Option<f64>,

    /// Hue and saturation, as a name or as hexadecimal #RRGGBB
    ///
    /// The colour does not include the brightness: #800000 is the same red as #ff0000. The names are red,
    /// orange, amber, yellow, lime, green, mint, cyan, azure, blue, violet, magenta, pink, rose, warmwhite
    /// and white.
    #[arg(
        long,
        value_name = "COLOR",
        group = "change",
        value_parser = color,
        conflicts_with_all = ["hue", "saturation"]
    )]
    pub color: Option<[f64; 2]>,

    /// Turn the lamp on
    #[arg(long = "on", group = "change", conflicts_with = "dark")]
    pub lit: bool,

    /// Turn the lamp off
    #[arg(long = "off", group = "change")]
    pub dark: bool,

    /// MQTT broker of the lamp [default: that of lamp_service]
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: Option<Address>,

    #[allow(missing_docs, reason = "it would be help")]
    #[command(flatten)]
    pub login: LoginArgs,
}

/// Show the state of the light.
#[derive(Debug, clap::Args)]
#[command(after_long_help = manuals::GET.help())]
pub struct GetArgs {
    /// Print the state as JSON, in the format of lamp/changed
    #[arg(long)]
    pub json: bool,

    /// MQTT broker of the lamp [default: that of lamp_service]
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: Option<Address>,

    #[allow(missing_docs, reason = "it would be help")]
    #[command(flatten)]
    pub login: LoginArgs,
}

/// Find and fix problems of the lamp.
///
/// doctor checks the package, Supervisor's files and the programs in them, everything that starts a program a
/// second time, pigpiod, the broker, the user, the devices, Kivy's configuration, the state, the disk, the
/// logs and the clock. It reports each check as ok, as a warning if the lamp still works, or as a problem. A
/// warning and a problem come with a fix. doctor skips a check if something that it requires is missing, or
/// if it requires root.
///
/// Without --fix, doctor changes nothing. With --fix, it asks before each change that it can make, reports
/// the change and the backup of the file, and then checks again. It does not change files of other packages
/// or weaken a protection, and does not follow a symbolic link that another user could have made.
#[derive(Debug, clap::Args)]
#[command(after_long_help = manuals::DOCTOR.help())]
pub struct DoctorArgs {
    /// Print the report as JSON, in the format that docs/doctor.md describes
    #[arg(long, conflicts_with = "fix")]
    pub json: bool,

    /// Fix problems, each after a question
    #[arg(long)]
    pub fix: bool,

    /// Fix problems without questions
    #[arg(long, requires = "fix")]
    pub yes: bool,

    /// Root directory of the lamp's files
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Programs of the lamp.
#[derive(Debug, clap::Args)]
pub struct ProgramArgs {
    /// One or more programs
    #[arg(value_enum, required = true, value_name = "PROGRAM")]
    pub programs: Vec<Program>,

    /// Root directory of the lamp's files; only / has a Supervisor
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Show the logs of the programs.
///
/// Without a program, lampi shows the logs of all programs; each line begins with the name of its program.
#[derive(Debug, clap::Args)]
#[command(after_long_help = manuals::LOGS.help())]
pub struct LogsArgs {
    /// The program [default: all]
    #[arg(value_enum)]
    pub program: Option<Program>,

    /// Keep printing new lines until Ctrl-C
    #[arg(short, long)]
    pub follow: bool,

    /// Number of earlier lines of each program to print first
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 20)]
    pub lines: usize,

    /// Root directory of the lamp's files
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Connect the lamp's broker to another broker.
///
/// Clients of the other broker can then see and set the lamp, without an open port on the lamp. There, the
/// topics of the lamp begin with devices/ID/, where ID is the address of one of the lamp's network cards, as
/// the lamp's screen shows it. A message on devices/ID/lamp/set_config reaches the lamp, and the lamp
/// publishes its state on devices/ID/lamp/changed.
///
/// lampi writes /etc/mosquitto/conf.d/lampi_bridge.conf, which mosquitto reads when it starts. `lampi status`
/// shows whether the brokers are connected. lampi-mqtt(7) lists the topics.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true), after_long_help = manuals::BRIDGE.help())]
pub struct BridgeArgs {
    /// Name or address of the other broker
    #[arg(long, group = "what")]
    pub host: Option<String>,

    /// TCP port of the other broker [default: 1883, or 8883 with --tls]
    #[arg(long, value_parser = address::port, requires = "host")]
    pub port: Option<u16>,

    /// Encrypt the connection and check the other broker's certificate
    #[arg(long, requires = "host")]
    pub tls: bool,

    /// File with trusted CA certificates [default: those of the system]
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub cafile: Option<PathBuf>,

    /// File with the lamp's client certificate
    #[arg(long, value_name = "FILE", requires_all = ["tls", "keyfile"])]
    pub certfile: Option<PathBuf>,

    /// File with the private key of the client certificate
    #[arg(long, value_name = "FILE", requires_all = ["tls", "certfile"])]
    pub keyfile: Option<PathBuf>,

    /// User name at the other broker
    #[arg(long, value_name = "NAME", requires = "host")]
    pub username: Option<String>,

    /// File with the password of that user in its first line
    ///
    /// The file must have the mode 600 and belong to root or to the user who runs sudo.
    #[arg(long, value_name = "FILE", requires = "username")]
    pub password_file: Option<PathBuf>,

    /// ID of the lamp at the other broker [default: that on its screen]
    #[arg(long, value_name = "ID", requires = "host")]
    pub device_id: Option<String>,

    /// Remove the connection
    #[arg(long, group = "what")]
    pub remove: bool,

    /// Root directory of the lamp's files
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Let the kernel drive the LEDs where pigpiod cannot.
///
/// enable adds one line, dtoverlay=pwm-gpio,gpio=NUMBER, for each of GPIO 19, 26 and 13, between two comments
/// at the end of config.txt. The lines take effect after a reboot. lampi keeps the earlier file as
/// config.txt.lampi-bak. It changes nothing if the kernel does not have this overlay, or if another line of
/// the file uses one of the pins. disable removes the lines.
///
/// status shows what drives the LEDs, or why nothing does. It does not require root.
///
/// The file is /boot/firmware/config.txt, or /boot/config.txt on systems before bookworm.
#[derive(Debug, clap::Args)]
#[command(after_long_help = manuals::PWM.help())]
pub struct PwmArgs {
    /// What to do with the lines in config.txt
    #[arg(value_enum)]
    pub action: PwmAction,

    /// Root directory of the lamp's files, such as that of a mounted image
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// What to do with the lines in config.txt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PwmAction {
    /// Add the lines
    Enable,
    /// Remove the lines
    Disable,
    /// Show whether the lines are there and whether the kernel has the PWM
    Status,
}

/// Disable a manual set-up that also starts the lamp's programs.
///
/// Programs of a manual set-up conflict with those of the package over the pins, the panel and the broker.
/// take-over finds what starts them: cron jobs, programs of Supervisor, systemd units, rc.local, init
/// scripts, sessions and udev rules. It disables these files and keeps each as FILE.dpkg-bak. If a file also
/// starts other programs, take-over removes only the lines of the lamp. Then it stops the programs that were
/// started in this way. It only reports what belongs to a user or to another package.
///
/// The installation of the package runs take-over. Run it yourself in an image that was made on a machine of
/// another architecture.
#[derive(Debug, clap::Args)]
#[command(after_long_help = manuals::TAKE_OVER.help())]
pub struct TakeOverArgs {
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Root directory of the lamp's files; take-over stops programs only with /
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,

    /// Record the changes in this file, for postinst
    #[arg(long, value_name = "FILE", hide = true, requires = "part")]
    pub journal: Option<PathBuf>,

    /// Do only one part, for postinst
    #[arg(long, value_enum, hide = true, requires = "journal")]
    pub part: Option<TakeOverPart>,
}

/// A part of the take-over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TakeOverPart {
    /// Files that start programs
    Files,
    /// Running programs
    Programs,
}

/// Reads a number from 0 to 1.
pub(crate) fn unit(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or_else(|| "it must be a number from 0 to 1".into())
}

/// Colour names with hue and saturation.
const COLORS: [(&str, [f64; 2]); 16] = [
    ("red", [0.0, 1.0]),
    ("orange", [0.08, 1.0]),
    ("amber", [0.12, 1.0]),
    ("yellow", [0.17, 1.0]),
    ("lime", [0.25, 1.0]),
    ("green", [0.33, 1.0]),
    ("mint", [0.42, 0.6]),
    ("cyan", [0.5, 1.0]),
    ("azure", [0.58, 1.0]),
    ("blue", [0.67, 1.0]),
    ("violet", [0.75, 1.0]),
    ("magenta", [0.83, 1.0]),
    ("pink", [0.92, 0.5]),
    ("rose", [0.92, 1.0]),
    ("warmwhite", [0.1, 0.4]),
    ("white", [0.0, 0.0]),
];

/// Hue and saturation of a colour name or of `#RRGGBB`.
fn color(text: &str) -> Result<[f64; 2], String> {
    if let Some((_, color)) = COLORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Ok(*color);
    }
    let number = text
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let Some(number) = number else {
        let names = COLORS.map(|(name, _)| name).join(", ");
        return Err(format!("it must be # and six hexadecimal digits, or one of {names}"));
    };
    if number == 0 {
        return Err("black is not a colour of a light; --off makes the lamp dark".into());
    }
    let [_, red, green, blue] = number.to_be_bytes().map(f64::from);
    Ok(hue_and_saturation(red, green, blue))
}

/// The inverse of the lamp's HSV conversion. Only the proportions of the three primaries count, so there is
/// no value.
fn hue_and_saturation(red: f64, green: f64, blue: f64) -> [f64; 2] {
    let most = red.max(green).max(blue);
    let range = most - red.min(green).min(blue);
    if range == 0.0 {
        return [0.0, 0.0];
    }
    // Sixths of the circle, from the strongest primary towards the stronger one of the other two.
    let sixths = if red >= most {
        (green - blue) / range
    } else if green >= most {
        2.0 + (blue - red) / range
    } else {
        4.0 + (red - green) / range
    };
    [(sixths / 6.0).rem_euclid(1.0), range / most]
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{COLORS, Cli, color};

    #[test]
    fn reads_colours() {
        for (text, expected) in [
            ("red", [0.0, 1.0]),
            ("White", [0.0, 0.0]),
            ("#ff0000", [0.0, 1.0]),
            ("#800000", [0.0, 1.0]),
            ("#FFFF00", [1.0 / 6.0, 1.0]),
            ("#00ff00", [2.0 / 6.0, 1.0]),
            ("#00ffff", [3.0 / 6.0, 1.0]),
            ("#0000ff", [4.0 / 6.0, 1.0]),
            ("#ff00ff", [5.0 / 6.0, 1.0]),
            ("#ff0080", [1.0 - 128.0 / 255.0 / 6.0, 1.0]),
            ("#808080", [0.0, 0.0]),
            ("#ff8080", [0.0, 127.0 / 255.0]),
        ] {
            let read = color(text).unwrap();
            for (is, should) in read.iter().zip(expected) {
                assert!((is - should).abs() < 1e-9, "{text}: {read:?}");
            }
        }
    }

    #[test]
    fn rejects_what_is_not_a_colour() {
        for text in ["", "#", "#fff", "#ff00000", "ff0000", "#+f0000", "#ff00é", "reddish", "#000000"] {
            assert!(color(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_help_names_every_colour() {
        let help = Cli::command().find_subcommand_mut("set").unwrap().render_long_help().to_string();
        let words: Vec<&str> = help.split(|letter: char| !letter.is_ascii_alphabetic()).collect();
        for (name, _) in COLORS {
            assert!(words.contains(&name), "{name}: {help}");
        }
    }
}
