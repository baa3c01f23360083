// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line, from which the help, the man page and the completions of shells are made too.

#![allow(clippy::doc_markdown, reason = "people see these comments as they are, in a terminal")]

use std::path::PathBuf;

use runtime::address::{self, Address};

use crate::Program;
use crate::login::LoginArgs;

/// See to a LAMPI lamp: how it is, what it shows, and what its programs do.
///
/// The lamp is four programs that Supervisor runs: fbcp, pigpiod, lamp_service and lamp_ui. lampi asks each of them
/// and the MQTT broker, sets the light, stops a program for as long as its owner wants, shows what the programs say,
/// and connects the lamp's broker with another one.
///
/// The exit status is 0 when all went well, 1 when something failed, and 2 when the call was wrong; doctor knows 3 too.
#[derive(Debug, clap::Parser)]
#[command(name = "lampi", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do. What an order of its own type does is said there: a comment here would hide most of it from the help.
#[derive(Debug, clap::Subcommand)]
#[allow(missing_docs, reason = "as above")]
pub enum Verb {
    Status(StatusArgs),
    Set(SetArgs),
    Get(GetArgs),
    Doctor(DoctorArgs),
    /// Start programs that are stopped.
    ///
    /// lampi waits until they run. One that was disabled is started by `lampi enable`.
    Start(ProgramArgs),
    /// Stop programs for a while.
    ///
    /// They start again at the next boot, or by `lampi start`. To keep them stopped, run `lampi disable`.
    Stop(ProgramArgs),
    /// Restart programs.
    Restart(ProgramArgs),
    /// Have programs run as their files in /etc/supervisor/conf.d say now.
    ///
    /// Supervisor reads its files only on demand. A program is restarted if what its file says has changed; the others are
    /// left alone.
    Update(ProgramArgs),
    /// Stop programs, and keep them stopped.
    ///
    /// The file of each in /etc/supervisor/conf.d gets a name that ends in .disabled, which Supervisor does not read, and
    /// Supervisor lets go of the program; the others run on. It stays so over restarts, upgrades and reinstallations. On a
    /// lamp that has LEDs only, and no screen: `lampi disable fbcp lamp_ui`.
    Disable(ProgramArgs),
    /// Start programs that were disabled.
    ///
    /// The file of each gets its name back. If it is gone, it comes back as the package brought it.
    Enable(ProgramArgs),
    User(UserArgs),
    Logs(LogsArgs),
    Bridge(BridgeArgs),
    Pwm(PwmArgs),
    TakeOver(TakeOverArgs),
}

/// Show how the lamp is.
///
/// Tells of the four programs, the broker, pigpiod, the framebuffers, the touch screen and the light. What cannot be
/// found out is told as such, and makes no failure; `lampi doctor` judges. Supervisor speaks only to root.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,

    /// MQTT broker of the lamp, if it is not the one that lamp_service is set to.
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: Option<Address>,

    #[allow(missing_docs, reason = "it would be help")]
    #[command(flatten)]
    pub login: LoginArgs,

    /// GPIO daemon of the lamp, if it is not the one that lamp_service is set to.
    #[arg(long, value_name = "HOST:PORT")]
    pub pigpiod: Option<Address>,

    /// Folder under which the lamp's files are.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Show the user that lamp_service and lamp_ui run as, or set another.
///
/// The files in /etc/supervisor/conf.d stay as they are: a generated one, lampi-user.conf, sets the user and the variables
/// HOME and KIVY_HOME, and keeps all other variables. It is gone when the user is the packaged one again. The user gets
/// the groups that screen, touch and pins need, and the state of the lamp.
///
/// Before Supervisor starts, the generated file is brought up to date. A user who was renamed is followed. While there is
/// no such user, lamp_service and lamp_ui are not started, so that Supervisor can start the programs of others.
#[derive(Debug, clap::Args)]
pub struct UserArgs {
    /// The account that the programs run as from now on.
    #[arg(conflicts_with = "refresh")]
    pub name: Option<String>,

    /// Bring the generated file up to date, after a change of the other files or of the account.
    #[arg(long)]
    pub refresh: bool,

    /// Folder under which the lamp's files are.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Set the light.
///
/// What is not given stays as it is. lampi waits until lamp_service tells that the change was made. Setting a colour or
/// a brightness does not turn the lamp on.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub struct SetArgs {
    /// Position on the colour circle, 0 to 1; 0 and 1 are red.
    #[arg(short = 'u', long, value_name = "NUMBER", group = "change", value_parser = unit, allow_negative_numbers = true)]
    pub hue: Option<f64>,

    /// Purity of the colour, from 0, which is white, to 1.
    #[arg(short, long, value_name = "NUMBER", group = "change", value_parser = unit, allow_negative_numbers = true)]
    pub saturation: Option<f64>,

    /// Brightness, from 0, which is dark, to 1.
    #[arg(short, long, value_name = "NUMBER", group = "change", value_parser = unit, allow_negative_numbers = true)]
    pub brightness: Option<f64>,

    /// Hue and saturation at once: a name or red, green and blue in hexadecimal, as in #ff8800.
    ///
    /// The brightness is not part of it: #800000 is the same red as #ff0000. The names are red, orange, amber, yellow,
    /// lime, green, mint, cyan, azure, blue, violet, magenta, pink, rose, warmwhite and white.
    #[arg(long, value_name = "COLOR", group = "change", value_parser = color, conflicts_with_all = ["hue", "saturation"])]
    pub color: Option<[f64; 2]>,

    /// Turn the lamp on.
    #[arg(long = "on", group = "change", conflicts_with = "dark")]
    pub lit: bool,

    /// Turn the lamp off.
    #[arg(long = "off", group = "change")]
    pub dark: bool,

    /// MQTT broker of the lamp, if it is not the one that lamp_service is set to.
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: Option<Address>,

    #[allow(missing_docs, reason = "it would be help")]
    #[command(flatten)]
    pub login: LoginArgs,
}

/// Show what the light is set to.
#[derive(Debug, clap::Args)]
pub struct GetArgs {
    /// Print it as JSON, in the form of lamp/changed.
    #[arg(long)]
    pub json: bool,

    /// MQTT broker of the lamp, if it is not the one that lamp_service is set to.
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: Option<Address>,

    #[allow(missing_docs, reason = "it would be help")]
    #[command(flatten)]
    pub login: LoginArgs,
}

/// Find out what is wrong with the lamp, and mend it.
///
/// Looks at everything that has ever gone wrong with a lamp: the package, Supervisor's files, those of others too, and
/// the programs that it runs, what starts them a second time, pigpiod, the broker, user, devices, Kivy's configuration,
/// state, disk, logs and clock. Each is told as ok, as a warning, if the lamp works all the same, or as a problem, both
/// with what mends it. What stands on something that is missing is not looked at. Only root can look at all; for others the
/// rest is told as skipped.
///
/// Without --fix nothing is changed. With it, lampi asks at the terminal before each change that it can make itself, says
/// what it did and where the former file is, and looks again. It changes no file of another package, weakens no protection,
/// and follows no link that another user could have made.
///
/// The exit status is that of the last look: 0 if nothing was found, 1 if there is a problem, 3 if there are warnings only.
/// It is 2 when the call was wrong.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Print it as JSON, in the form that docs/doctor.md of the sources describes.
    #[arg(long, conflicts_with = "fix")]
    pub json: bool,

    /// Mend what lampi can mend, one after the other, as far as you agree.
    #[arg(long)]
    pub fix: bool,

    /// Agree to everything, and ask nothing.
    #[arg(long, requires = "fix")]
    pub yes: bool,

    /// Folder under which the lamp's files are.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Programs of the lamp.
#[derive(Debug, clap::Args)]
pub struct ProgramArgs {
    /// The programs, one or several.
    #[arg(value_enum, required = true, value_name = "PROGRAM")]
    pub programs: Vec<Program>,

    /// Folder under which the lamp's files are; only with / is Supervisor told.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Show what the programs say.
///
/// Without a program, the lines of all are shown, each after the name of its program.
#[derive(Debug, clap::Args)]
pub struct LogsArgs {
    /// The program; all of them, if none is given.
    #[arg(value_enum)]
    pub program: Option<Program>,

    /// Go on, with what they say from now on, until interrupted.
    #[arg(short, long)]
    pub follow: bool,

    /// Lines to begin with, of each program.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 20)]
    pub lines: usize,

    /// Folder under which the lamp's files are.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Connect the lamp's broker with another one.
///
/// It has the lamp seen and set from elsewhere, without a port of the lamp being open to others. The other broker then knows the lamp as devices/ID/, where ID is the address of one of the lamp's network cards, as its screen shows it: what is
/// published there on devices/ID/lamp/set_config reaches the lamp, and the lamp's state arrives there on
/// devices/ID/lamp/changed. All of it is in the file /etc/mosquitto/conf.d/lampi_bridge.conf, which mosquitto reads when it
/// is started; lampi status tells whether the two are connected.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct BridgeArgs {
    /// Name or address of the other broker.
    #[arg(long, group = "what")]
    pub host: Option<String>,

    /// Its TCP port [default: 1883, or 8883 with --tls].
    #[arg(long, value_parser = address::port, requires = "host")]
    pub port: Option<u16>,

    /// Encrypt the connection, and have the other broker prove who it is.
    #[arg(long, requires = "host")]
    pub tls: bool,

    /// File with the certificates of the authorities that are trusted; those of the system, if not given.
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub cafile: Option<PathBuf>,

    /// File with the certificate by which the lamp proves who it is.
    #[arg(long, value_name = "FILE", requires_all = ["tls", "keyfile"])]
    pub certfile: Option<PathBuf>,

    /// File with the private key of that certificate.
    #[arg(long, value_name = "FILE", requires_all = ["tls", "certfile"])]
    pub keyfile: Option<PathBuf>,

    /// Name by which the other broker knows the lamp's user.
    #[arg(long, value_name = "NAME", requires = "host")]
    pub username: Option<String>,

    /// File whose first line is the password of that user.
    ///
    /// It must belong to root, or to whoever called sudo, and must have the mode 600.
    #[arg(long, value_name = "FILE", requires = "username")]
    pub password_file: Option<PathBuf>,

    /// Name of the lamp there, if it is not the one that the lamp's own screen shows.
    #[arg(long, value_name = "ID", requires = "host")]
    pub device_id: Option<String>,

    /// End the connection for good.
    #[arg(long, group = "what")]
    pub remove: bool,

    /// Folder under which the lamp's files are.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Have the kernel drive the LEDs where no pigpiod can, by lines in config.txt.
///
/// enable adds one line, dtoverlay=pwm-gpio,gpio=NUMBER, for each of GPIO 19, 26 and 13, at the end of the file and between
/// two comments. They take effect after a reboot. The former file is kept beside it as config.txt.lampi-bak. disable removes
/// the lines again. Nothing is changed if the kernel has no such overlay, or if another line of the file uses one of the pins.
///
/// status says what drives the LEDs, or why nothing does. It needs no root, and its exit status is 1 if they are dark.
///
/// The file is /boot/firmware/config.txt, or /boot/config.txt on systems older than bookworm.
#[derive(Debug, clap::Args)]
pub struct PwmArgs {
    /// What to do with the lines.
    #[arg(value_enum)]
    pub action: PwmAction,

    /// Folder under which the lamp's files are, such as that of a mounted image.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// What to do with the lines in config.txt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PwmAction {
    /// Add them.
    Enable,
    /// Remove them.
    Disable,
    /// Show whether they are there, and whether the kernel has the PWM.
    Status,
}

/// Put out of action what else starts the lamp's programs.
///
/// A set-up made by hand would fight with the package's programs for the pins, the panel and the broker. take-over finds what
/// starts them: jobs of cron, programs of Supervisor, units of systemd, rc.local, scripts of init, sessions, udev's rules. Files
/// of the system it takes out of action, and keeps each as FILE.dpkg-bak; where a file starts other things too, only the lines
/// of the lamp are taken out. Then it ends the programs that were started so. What belongs to a user or to another package is
/// named and left alone.
///
/// Installing the package does this by itself. Run it where that could not be, as in an image that was made on a machine
/// of another architecture.
#[derive(Debug, clap::Args)]
pub struct TakeOverArgs {
    /// Show what would be done, and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Folder under which the lamp's files are; only with / are programs ended.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,

    /// Note in this file what is done, for postinst.
    #[arg(long, value_name = "FILE", hide = true, requires = "part")]
    pub journal: Option<PathBuf>,

    /// Do one part of it, for postinst.
    #[arg(long, value_enum, hide = true, requires = "journal")]
    pub part: Option<TakeOverPart>,
}

/// A part of the taking over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum TakeOverPart {
    /// Files that start programs.
    Files,
    /// Programs that run.
    Programs,
}

/// Reads a part of the whole.
pub(crate) fn unit(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or_else(|| "it must be a number from 0 to 1".into())
}

/// Names of colours with their hue and saturation.
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

/// Hue and saturation of a colour, named or in hexadecimal.
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
        return Err("black is no colour of a light; --off makes the lamp dark".into());
    }
    let [_, red, green, blue] = number.to_be_bytes().map(f64::from);
    Ok(hue_and_saturation(red, green, blue))
}

/// The inverse of the lamp's sextant rule, without the value: only the proportions of the three count.
fn hue_and_saturation(red: f64, green: f64, blue: f64) -> [f64; 2] {
    let most = red.max(green).max(blue);
    let range = most - red.min(green).min(blue);
    if range == 0.0 {
        return [0.0, 0.0];
    }
    // Sixths of the circle, from the primary colour that there is most of towards the one that there is more of.
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
    fn colours_are_read() {
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
    fn what_is_no_colour_is_refused() {
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
