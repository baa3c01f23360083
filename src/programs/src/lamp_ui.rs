// SPDX-License-Identifier: GPL-3.0-or-later
//! The definition of `lamp_ui`'s command line, help and man page.

#![allow(
    clippy::doc_markdown,
    rustdoc::broken_intra_doc_links,
    reason = "the help prints these comments as they are"
)]

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use runtime::address::Address;

use crate::lamp_service;
use crate::login::LoginArgs;
use crate::manual::{FAILURE, LOGIN, Manual, SETTINGS, USAGE_ERROR};

/// The rest of the man page.
pub(crate) const MANUAL: Manual = Manual {
    sections: &[("Kivy configuration", KIVY)],
    exit_status: &[("0", "A signal stopped lamp_ui, or --snapshot is done."), FAILURE, USAGE_ERROR],
    files: &[
        ("/dev/fb0", "The default framebuffer."),
        ("/dev/input/event*", "The touch screens."),
        ("~/.kivy/config.ini", "The user's Kivy configuration, unless KIVY_HOME names another directory."),
        SETTINGS,
    ],
    environment: &[
        ("KIVY_HOME", "Directory of the Kivy configuration."),
        (
            "KCFG_SECTION_KEY",
            "A key of the Kivy configuration, such as KCFG_GRAPHICS_ROTATION; it overrides the file.",
        ),
        ("KIVY_NO_ENV_CONFIG", "If set, lamp_ui ignores the variables KCFG_SECTION_KEY."),
        ("KIVY_NO_CONFIG", "If set, lamp_ui does not read the Kivy configuration."),
        ("KIVY_USE_DEFAULTCONFIG", "If set, lamp_ui does not read the Kivy configuration."),
        LOGIN[0],
        LOGIN[1],
    ],
    examples: &[
        ("sudo lampi stop lamp_ui; lamp_ui --touch-test", "Show where touches land, as the lamp's user."),
        ("lamp_ui --snapshot lamp.png --size 480x320", "Draw the controls into a PNG file."),
    ],
    see_also: &["lamp_service(1)", "lampi-mqtt(7)", "lampi(1)", "fbcp(1)"],
};

/// The keys of Kivy's configuration that have an effect.
const KIVY: &str = "\
lamp_ui reads the user's Kivy configuration, config.ini in KIVY_HOME or else in HOME/.kivy, and never writes \
it. The keys below have the same effect as in Kivy; other keys have none. lamp_ui logs an invalid value once \
and ignores it.

[input]: Each value names a touch screen. lamp_ui uses the first that exists. If a device is missing or is \
not a touch screen, lamp_ui logs that once, and uses the device when it appears. If all lines fail and one \
of them names a device by its number, such as /dev/input/event2, lamp_ui uses the touch screen that it \
detects instead.

mtdev,DEVICE and hidinput,DEVICE accept min_position_x, max_position_x, min_position_y, max_position_y, \
invert_x, invert_y and rotation, such as max_position_x=240. hidinput also accepts min_abs_x, max_abs_x, \
min_abs_y and max_abs_y. A minimum above the maximum inverts the axis. min_pressure and max_pressure are the \
range of a screen that reports pressure only. hidinput inverts y, except with invert_y=0.

probesysfs uses a touch screen with a name that contains match=TEXT. With use_regex=1, TEXT is a regular \
expression for the beginning of the name. provider= selects mtdev or hidinput, and param=OPTION=NUMBER sets \
an option of that provider.

[graphics]: rotation is 0, 90, 180 or 270 degrees counter-clockwise. maxfps is the maximum number of frames \
per second, 0 for no limit. show_cursor=0 hides the cursor of a mouse.

[kivy]: log_level is the level of the log.

[postproc]: jitter_distance is the distance that a finger must move before lamp_ui reports a movement, as a \
fraction of the screen, or in thousandths if above 1. ignore is a list of rectangles that ignore new \
touches, such as [(0.0, 0.0, 1.0, 0.1)] for the lowest tenth of the screen.

[postproc:calibration]: The key is that of a line of [input], or (mtdev) or (hidinput). The value has \
xratio, yratio, xoffset and yoffset, or auto=WIDTHxHEIGHT.

A variable KCFG_SECTION_KEY, such as KCFG_GRAPHICS_ROTATION, overrides the file, unless KIVY_NO_ENV_CONFIG \
is set. With KIVY_NO_CONFIG or KIVY_USE_DEFAULTCONFIG, lamp_ui does not read the file.";

/// Show the controls of a LAMPI lamp on its touch screen.
///
/// lamp_ui draws sliders for hue, saturation and brightness and the power button on a framebuffer. It reads
/// touches from an input device, and connects to the MQTT broker as the client lamp_ui. If the framebuffer,
/// the touch screen or the broker is missing, lamp_ui waits for it. SIGTERM and SIGINT stop lamp_ui and clear
/// the screen.
///
/// While you press the panel's button (GPIO 17), the screen shows the version, the addresses and the
/// connections of the lamp. A finger that rests beside the sliders opens the same page; the next touch closes
/// it. A lamp without an owner shows the code that assigns it to one.
///
/// While an X server or a Wayland compositor uses the display of the framebuffer, the desktop is visible.
/// lamp_ui then ignores touches and logs that once. Otherwise lamp_ui keeps touches from all other programs,
/// such as a desktop on another display; see --grab.
#[derive(Debug, Parser)]
#[command(name = "lamp_ui", version, after_long_help = MANUAL.help())]
pub struct Cli {
    /// Framebuffer to draw on
    #[arg(long, value_name = "PATH", default_value = "/dev/fb0")]
    pub framebuffer: PathBuf,

    /// Geometry of the framebuffer, if it is a file and not a device
    ///
    /// FORMAT is 16, 24 or 32 bits per pixel, or a name such as rgb565 or xrgb8888. STRIDE is the number of
    /// bytes from one row to the next. OFFSET is the byte of the first pixel. Example: 240x320x16:512.
    #[arg(long, value_name = "WIDTHxHEIGHTxFORMAT[:STRIDE][@OFFSET]")]
    pub geometry: Option<String>,

    /// Input device of the touch screen
    ///
    /// The default is the device in the Kivy configuration, or else the first touch screen in /dev/input. A
    /// touchpad, a pen tablet and a mouse are not touch screens. A FIFO can replace the device: lamp_ui reads
    /// input_event structs from it. Their positions are pixels of the screen, unless the Kivy configuration
    /// sets the ranges.
    #[arg(long, value_name = "PATH")]
    pub touch: Option<PathBuf>,

    /// When to keep touches from other programs
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Grab::Auto)]
    pub grab: Grab,

    /// Show where each touch lands and leave the lamp unchanged
    ///
    /// On the screen, a cross follows the finger over grey marks at fixed positions. On standard output, each
    /// line has the action of the finger, its position in the units of the touch screen, and the pixel that
    /// results from the Kivy configuration. The test also prints the other processes that have the device
    /// open. A running lamp_ui keeps the touches from the test (--grab), so stop it first. Ctrl-C ends the
    /// test.
    #[arg(
        long,
        conflicts_with_all = ["picture", "broker", "username", "password_file", "pigpiod", "blank_after"]
    )]
    pub touch_test: bool,

    /// MQTT broker to connect to
    ///
    /// The default is the broker in /etc/lampi/lamp_service.conf, or else localhost:1883.
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: Option<Address>,

    #[allow(missing_docs, reason = "it would be help")]
    #[command(flatten)]
    pub login: LoginArgs,

    /// GPIO daemon that reports the panel's button
    #[arg(long, value_name = "HOST:PORT", default_value_t = lamp_service::pigpiod())]
    pub pigpiod: Address,

    /// Seconds without use before the screen goes black; 0: never
    ///
    /// A touch or a change of the lamp is use. The touch that turns the screen on again has no other effect.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=86400)
    )]
    pub blank_after: u32,

    /// Draw one picture into a PNG file and exit
    ///
    /// This needs no framebuffer, touch screen or broker.
    #[arg(long, value_name = "FILE.png", group = "picture")]
    pub snapshot: Option<PathBuf>,

    // Hidden, because the package's program has no windows.
    /// Show the controls in a window of an X desktop, with the mouse as the finger
    #[arg(long, hide = true, group = "picture", conflicts_with_all = ["framebuffer", "geometry", "touch"])]
    pub window: bool,

    /// Size of the picture in pixels
    #[arg(long, value_name = "WxH", default_value = "240x320", requires = "picture", value_parser = size)]
    pub size: (u32, u32),

    /// State of the lamp in the picture, as a message on lamp/changed
    ///
    /// The default is the state of a new lamp.
    #[arg(long, value_name = "JSON", requires = "snapshot")]
    pub state: Option<String>,

    /// Page in the picture
    #[arg(long, value_enum, default_value_t = Page::Controls, requires = "snapshot")]
    pub page: Page,
}

/// When to keep touches from other programs (`EVIOCGRAB`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Grab {
    /// While the lamp is visible; a visible desktop gets the touches
    Auto,
    /// Always, even while a desktop is visible on a monitor
    Always,
    /// Never; lamp_ui still ignores touches while a desktop is visible
    Never,
}

/// A page of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Page {
    /// The sliders and the power button
    Controls,
    /// Waiting for the broker
    Connecting,
    /// Waiting for the state of the lamp
    Waiting,
    /// Waiting for lamp_service
    Away,
    /// An example of the code that assigns the lamp to an owner
    Association,
    /// An example of the lamp's status
    Status,
}

/// Reads a size such as `240x320`, within the limits of a framebuffer.
fn size(text: &str) -> Result<(u32, u32), String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=4096).contains(side));
    text.split_once('x')
        .and_then(|(width, height)| Some((side(width)?, side(height)?)))
        .ok_or_else(|| "it must be width x height with sides from 1 to 4096, as in 240x320".into())
}
