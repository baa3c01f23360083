// SPDX-License-Identifier: GPL-3.0-or-later
//! The definition of `fbcp`'s command line, help and man page.

use std::path::PathBuf;

use crate::manual::{Manual, USAGE_ERROR};

/// The rest of the man page.
pub(crate) const MANUAL: Manual = Manual {
    exit_status: &[
        ("0", "A signal stopped fbcp, or --once or --snapshot is done."),
        ("1", "fbcp cannot use a framebuffer, or another fbcp writes to the same target."),
        USAGE_ERROR,
    ],
    files: &[("/dev/fb0", "The default source."), ("/dev/fb1", "The default target.")],
    examples: &[
        ("fbcp --snapshot screen.png", "Save what the primary framebuffer shows."),
        ("fbcp --rotate 180 --dither ordered", "Copy to a panel that is mounted upside down."),
    ],
    see_also: &["lampi(1)", "lamp_ui(1)", "supervisorctl(1)"],
    ..Manual::NONE
};

/// Copy one framebuffer to another and write only what changes.
///
/// Without options, fbcp copies the primary framebuffer (/dev/fb0) to the panel of a LAMPI lamp (/dev/fb1)
/// until a signal stops it. It reads size, stride, panning and pixel format of both from their drivers. It
/// scales a frame of another size to fit, keeps the aspect ratio and fills the rest with black bars.
///
/// fbcp writes only rows that changed. The driver of an SPI panel sends each row that is written, so it sends
/// nothing while the frame stays the same. fbcp then checks one row in four, eight times a second.
///
/// While fbcp runs as root, the text console does not draw its log-in prompt and its cursor on the source.
/// This also applies while fbcp waits for the target. The console draws again when fbcp ends, except after
/// SIGKILL.
///
/// fbcp waits for a missing framebuffer without using the processor. It opens a framebuffer again that was
/// removed or that changed its mode. A lamp with the panel as its only framebuffer needs no copy; fbcp then
/// waits for a second one.
///
/// SIGTERM, SIGINT, SIGQUIT and SIGHUP stop fbcp. The panel then keeps the last frame, or is cleared
/// (--at-end). On SIGUSR1 fbcp logs one line of statistics.
#[derive(Debug, clap::Parser)]
#[command(name = "fbcp", version, after_long_help = MANUAL.help())]
pub struct Cli {
    /// Framebuffer to copy from; fbcp only reads it
    #[arg(long, value_name = "PATH", default_value = "/dev/fb0")]
    pub source: PathBuf,

    /// Framebuffer to copy to; fbcp never reads it
    #[arg(long, value_name = "PATH", default_value = "/dev/fb1")]
    pub target: PathBuf,

    /// Maximum number of frames per second
    ///
    /// The default is the rate of a LAMPI lamp's panel; its driver merges frames that come faster.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    pub fps: u32,

    /// Geometry of the source, if it is a file and not a device
    ///
    /// FORMAT is 16, 24 or 32 bits per pixel, or one of rgb565, bgr565, rgb888, bgr888, xrgb8888 and
    /// xbgr8888. STRIDE is the number of bytes from one row to the next. OFFSET is the byte of the first
    /// pixel. Example: 320x240x16:704@64.
    #[arg(long, value_name = "WIDTHxHEIGHTxFORMAT[:STRIDE][@OFFSET]")]
    pub source_geometry: Option<String>,

    /// Geometry of the target, if it is a file; see --source-geometry
    #[arg(long, value_name = "WIDTHxHEIGHTxFORMAT[:STRIDE][@OFFSET]")]
    pub target_geometry: Option<String>,

    /// Rotate the frame clockwise by this number of degrees
    #[arg(long, value_name = "DEGREES", default_value = "0", value_parser = ["0", "90", "180", "270"])]
    pub rotate: String,

    /// How to scale a frame with another aspect ratio than the target's
    #[arg(long, value_name = "FIT", default_value = "contain", value_enum)]
    pub fit: Fit,

    /// How to show colours that the target does not support
    #[arg(long, value_name = "HOW", default_value = "none", value_enum)]
    pub dither: Dither,

    /// What to do with the text console that draws on the source
    #[arg(long, value_name = "WHAT", default_value = "silence", value_enum)]
    pub console: Console,

    /// What the target shows after fbcp ends
    #[arg(long, value_name = "WHAT", default_value = "keep", value_enum)]
    pub at_end: AtEnd,

    /// Log a line of statistics each minute and at the end
    #[arg(long)]
    pub stats: bool,

    /// Copy one frame and exit
    #[arg(long, conflicts_with = "stats")]
    pub once: bool,

    /// Write the frame of one framebuffer to a PNG file and exit
    ///
    /// fbcp copies nothing then. It follows a symbolic link to the file only if only root or you can have
    /// made the link.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["stats", "once"])]
    pub snapshot: Option<PathBuf>,

    /// Framebuffer for --snapshot
    #[arg(long = "of", value_name = "SIDE", default_value = "source", value_enum, requires = "snapshot")]
    pub snapshot_of: Side,
}

/// How to scale a frame with another aspect ratio than the target's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fit {
    /// Show all of the frame, with black bars
    Contain,
    /// Fill the target and cut off both sides of the frame
    Cover,
    /// Fill the target with all of the frame and change the aspect ratio
    Stretch,
}

/// How to show colours that the target does not support.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Dither {
    /// Use the nearest supported colour
    None,
    /// Use fine patterns of supported colours, for smooth gradients
    Ordered,
}

/// What to do with the text console that draws on the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Console {
    /// Keep the console from drawing while fbcp runs
    Silence,
    /// Let the console draw
    Keep,
}

/// What the target shows after fbcp ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AtEnd {
    /// The last frame
    Keep,
    /// Black
    Blank,
}

/// One of the two framebuffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Side {
    /// The framebuffer that fbcp copies from
    Source,
    /// The framebuffer that fbcp copies to
    Target,
}
