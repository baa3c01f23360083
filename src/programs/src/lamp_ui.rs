// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line: parsed by the program, and turned into its manual page by the package builder.

#![allow(
    clippy::doc_markdown,
    rustdoc::broken_intra_doc_links,
    reason = "people see these comments as they are, in a terminal"
)]

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use runtime::address::Address;

use crate::lamp_service;
use crate::login::LoginArgs;

/// Show the controls of a LAMPI lamp on its touch screen.
///
/// Draws sliders for hue, saturation and brightness and the power toggle on a framebuffer, takes touches from an
/// input device, and speaks to the lamp's service over MQTT as the client lamp_ui. A framebuffer, a touch screen or
/// a broker that is not there, or goes away, is waited for. SIGTERM and SIGINT end it with the screen cleared.
///
/// While the panel's button at GPIO 17 is pressed, the screen tells version, addresses and connections of the device. A
/// finger that rests on the screen beside the sliders calls the same page, and the next touch closes it. A lamp that
/// belongs to nobody shows the code that makes it somebody's.
///
/// While an X server or a Wayland compositor holds the display of the framebuffer, the desktop is what people see. lamp_ui
/// then ignores touches, and logs once that it does. While none does, no other program gets the touches, so that a desktop
/// on another display does not take them as well. See --grab.
///
/// The user's Kivy configuration, config.ini in KIVY_HOME or else in HOME/.kivy, is read and never written. What is
/// named here is honoured as Kivy does; a value that makes no sense is warned about once and left out; the rest means
/// nothing to a lamp.
///
/// [input]: each value names a touch screen, and the first that is there is taken. A line whose device is missing or no
/// touch screen is warned about once, and its device is taken when it appears. If all lines fail and one of them names a
/// device by its number, such as /dev/input/event2, the touch screen that is found is taken in its place. mtdev,DEVICE and hidinput,DEVICE may be
/// followed by min_position_x, max_position_x, min_position_y, max_position_y, invert_x, invert_y and rotation, as
/// max_position_x=240, and hidinput by min_abs_x, max_abs_x, min_abs_y and max_abs_y too; a smallest value above the
/// largest inverts the axis. min_pressure and max_pressure are the range of a screen that reports pressure only. hidinput
/// inverts y unless told invert_y=0. probesysfs takes a touch screen whose name contains match=TEXT, or begins with it as a regular expression
/// after use_regex=1; provider= says as which of the two above, param=OPTION=NUMBER gives their options.
///
/// [graphics]: rotation by 0, 90, 180 or 270 degrees counter-clockwise; maxfps, the most pictures in a second, 0 for no
/// limit; show_cursor=0 for no mouse cursor, where there is a mouse. [kivy]: log_level. [postproc]: jitter_distance, the
/// part of the screen, or the thousandths of it if above 1, by which a finger must move to be seen moving; ignore, a list of rectangles in which no touch
/// may begin, as [(0.0, 0.0, 1.0, 0.1)] for the lowest tenth of the screen. [postproc:calibration]: for the key of a line of [input], or for
/// (mtdev) or (hidinput), xratio, yratio, xoffset and yoffset, or auto=WIDTHxHEIGHT.
///
/// A variable KCFG_SECTION_KEY, such as KCFG_GRAPHICS_ROTATION, overrides the file unless KIVY_NO_ENV_CONFIG is set;
/// KIVY_NO_CONFIG and KIVY_USE_DEFAULTCONFIG keep the file from being read.
///
/// To see what a calibration does, run sudo lampi stop lamp_ui, then lamp_ui --touch-test as the user of the lamp.
///
/// Exit status: 0 after a signal or a picture, 1 when something failed, 2 when the call was wrong.
#[derive(Debug, Parser)]
#[command(name = "lamp_ui", version)]
pub struct Cli {
    /// Framebuffer to draw on.
    #[arg(long, value_name = "PATH", default_value = "/dev/fb0")]
    pub framebuffer: PathBuf,

    /// Geometry of the framebuffer, if it is a plain file that stands in for a device.
    ///
    /// FORMAT is 16, 24 or 32 bits per pixel, or a name such as rgb565 or xrgb8888. STRIDE is the number of bytes from
    /// one row to the next, OFFSET the byte of the first pixel. Example: 240x320x16:512.
    #[arg(long, value_name = "WIDTHxHEIGHTxFORMAT[:STRIDE][@OFFSET]")]
    pub geometry: Option<String>,

    /// Input device of the touch screen.
    ///
    /// Without it, the one that the Kivy configuration means is taken, or else the first touch screen in /dev/input. A
    /// touchpad, a pen tablet and a mouse are none. A FIFO stands in for a device: raw input_event structs
    /// written to it are the touches, with pixels of the screen as positions unless the Kivy configuration gives
    /// their ranges.
    #[arg(long, value_name = "PATH")]
    pub touch: Option<PathBuf>,

    /// When to keep touches from other programs, which would take them too.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Grab::Auto)]
    pub grab: Grab,

    /// Show where each touch lands, on the screen and on standard output, and leave the lamp alone.
    ///
    /// Each line has what the finger did, its place in the units of the touch screen, and the pixel of the screen that it
    /// becomes by the Kivy configuration. On the screen, a cross follows the finger over grey marks at fixed places. The
    /// test names the other processes that have the same device open. While a lamp_ui that runs keeps the touches (--grab),
    /// none is seen here. It ends by Ctrl-C.
    #[arg(long, conflicts_with_all = ["picture", "broker", "username", "password_file", "pigpiod", "blank_after"])]
    pub touch_test: bool,

    /// MQTT broker to connect to, if it is not the one that /etc/lampi/lamp_service.conf names, or else localhost:1883.
    #[arg(long, value_name = "HOST:PORT")]
    pub broker: Option<Address>,

    #[allow(missing_docs, reason = "it would be help")]
    #[command(flatten)]
    pub login: LoginArgs,

    /// GPIO daemon that watches the panel's button.
    #[arg(long, value_name = "HOST:PORT", default_value_t = lamp_service::pigpiod())]
    pub pigpiod: Address,

    /// Seconds without a touch or a change of the lamp after which the screen goes black, 0 for never.
    ///
    /// The touch that brings the picture back does nothing else.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=86400))]
    pub blank_after: u32,

    /// Draw one picture into a PNG file and end, without framebuffer, touch screen and broker.
    #[arg(long, value_name = "FILE.png", group = "picture")]
    pub snapshot: Option<PathBuf>,

    // Not in the manual: the package's program has no windows.
    /// Show the controls in a window of an X desktop, with the mouse as the finger.
    #[arg(long, hide = true, group = "picture", conflicts_with_all = ["framebuffer", "geometry", "touch"])]
    pub window: bool,

    /// Size of the picture, in pixels.
    #[arg(long, value_name = "WxH", default_value = "240x320", requires = "picture", value_parser = size)]
    pub size: (u32, u32),

    /// State of the lamp on the picture, as in a message on lamp/changed. Without it the lamp is as when it is new.
    #[arg(long, value_name = "JSON", requires = "snapshot")]
    pub state: Option<String>,

    /// What the picture shows.
    #[arg(long, value_enum, default_value_t = Page::Controls, requires = "snapshot")]
    pub page: Page,
}

/// When touches are kept from other programs (`EVIOCGRAB`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Grab {
    /// While the lamp is what people see. While a desktop is, touches are left to it.
    Auto,
    /// Always, also while a desktop is on a monitor and the lamp on a panel of its own.
    Always,
    /// Never. While a desktop is what people see, touches are left to it all the same.
    Never,
}

/// What the screen can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Page {
    /// The sliders and the toggle.
    Controls,
    /// The wait for the broker.
    Connecting,
    /// The wait for the lamp to tell its state.
    Waiting,
    /// The wait for the lamp's service.
    Away,
    /// An example of the code that makes the lamp somebody's.
    Association,
    /// An example of what there is to know of the device.
    Status,
}

/// Reads `240x320`. The limit is that of a framebuffer.
fn size(text: &str) -> Result<(u32, u32), String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=4096).contains(side));
    text.split_once('x')
        .and_then(|(width, height)| Some((side(width)?, side(height)?)))
        .ok_or_else(|| "it must be width x height with sides from 1 to 4096, as in 240x320".into())
}
