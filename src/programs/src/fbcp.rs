// SPDX-License-Identifier: GPL-3.0-or-later
//! The command line of `fbcp`, from which its help and its man page are made.

use std::path::PathBuf;

/// Copy one framebuffer to another, storing only what changed.
///
/// Without options, fbcp shows the primary framebuffer (/dev/fb0) on the panel of a LAMPI lamp (/dev/fb1) until it is
/// stopped. It takes size, stride, panning and pixel format of both from their drivers. A picture of another size is
/// scaled to fit, its proportions kept, with black bars beside it.
///
/// Only rows that changed are stored, so that a driver that sends its panel what was stored, as those of SPI panels do,
/// has nothing to send while the picture stands still. fbcp then also looks only eight times a second, at one row in
/// four.
///
/// The text console that draws on the source, with its log-in prompt and its cursor, is silenced while fbcp runs as root,
/// and comes back when fbcp ends, unless it is killed by SIGKILL. While fbcp waits for the target, it is silent already.
///
/// fbcp waits for a framebuffer that is not there yet, without using the processor, and opens it again when it went away
/// or changed its mode. A lamp whose panel is its only framebuffer needs no copy: fbcp then waits for a second one.
/// SIGTERM, SIGINT, SIGQUIT and SIGHUP end fbcp; the panel then keeps the last picture, or is made black. SIGUSR1 has it
/// log one line of statistics. The exit status is 0 when it was ended so, 1 when a framebuffer cannot be used or another
/// fbcp stores to the same target, and 2 when the call was wrong.
#[derive(Debug, clap::Parser)]
#[command(name = "fbcp", version)]
pub struct Cli {
    /// Framebuffer to copy from; it is only read.
    #[arg(long, value_name = "PATH", default_value = "/dev/fb0")]
    pub source: PathBuf,

    /// Framebuffer to copy to; it is never read.
    #[arg(long, value_name = "PATH", default_value = "/dev/fb1")]
    pub target: PathBuf,

    /// Pictures per second, at most.
    ///
    /// The default is what the panel of a LAMPI lamp is set to show; its driver merges what comes faster.
    #[arg(long, value_name = "NUMBER", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub fps: u32,

    /// Geometry of the source, if it is a file and not a device.
    ///
    /// FORMAT is 16, 24 or 32 bits per pixel, or one of rgb565, bgr565, rgb888, bgr888, xrgb8888 and xbgr8888. STRIDE is
    /// the number of bytes from one row to the next, OFFSET the byte of the first pixel. Example: 320x240x16:704@64.
    #[arg(long, value_name = "WIDTHxHEIGHTxFORMAT[:STRIDE][@OFFSET]")]
    pub source_geometry: Option<String>,

    /// Geometry of the target, if it is a file and not a device; written as that of the source.
    #[arg(long, value_name = "WIDTHxHEIGHTxFORMAT[:STRIDE][@OFFSET]")]
    pub target_geometry: Option<String>,

    /// Degrees by which the picture is turned, clockwise.
    #[arg(long, value_name = "DEGREES", default_value = "0", value_parser = ["0", "90", "180", "270"])]
    pub rotate: String,

    /// What becomes of a picture with other proportions than the target.
    #[arg(long, value_name = "FIT", default_value = "contain", value_enum)]
    pub fit: Fit,

    /// What becomes of colours that the target has not.
    #[arg(long, value_name = "HOW", default_value = "none", value_enum)]
    pub dither: Dither,

    /// What is done with the text console that draws on the source.
    #[arg(long, value_name = "WHAT", default_value = "silence", value_enum)]
    pub console: Console,

    /// What the target shows when fbcp has ended.
    #[arg(long, value_name = "WHAT", default_value = "keep", value_enum)]
    pub at_end: AtEnd,

    /// Log a line of statistics each minute, and at the end.
    #[arg(long)]
    pub stats: bool,

    /// Copy one picture and end, with the exit status 0.
    #[arg(long, conflicts_with = "stats")]
    pub once: bool,

    /// Write what a framebuffer shows to a PNG file and end, without copying anything.
    ///
    /// A link is followed only if nobody but root and the caller can have made it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["stats", "once"])]
    pub snapshot: Option<PathBuf>,

    /// Of which framebuffer --snapshot is.
    #[arg(long = "of", value_name = "SIDE", default_value = "source", value_enum, requires = "snapshot")]
    pub snapshot_of: Side,
}

/// What becomes of a picture that has other proportions than the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fit {
    /// All of it is shown, with black bars beside it.
    Contain,
    /// The target is filled, and what does not fit is cut off on both sides.
    Cover,
    /// All of it fills the target, its proportions changed.
    Stretch,
}

/// What becomes of colours that the target has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Dither {
    /// They become the nearest that it has.
    None,
    /// They become fine patterns of those that it has, which hides the steps of gradients.
    Ordered,
}

/// What is done with the text console that draws on the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Console {
    /// It draws nothing while fbcp runs.
    Silence,
    /// Nothing.
    Keep,
}

/// What the target shows when fbcp has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AtEnd {
    /// The last picture.
    Keep,
    /// Nothing: it is black.
    Blank,
}

/// One of the two framebuffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Side {
    /// The one that is copied from.
    Source,
    /// The one that is copied to.
    Target,
}
