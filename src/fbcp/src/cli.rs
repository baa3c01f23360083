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
/// has nothing to send while the picture stands still. fbcp then also looks only eight times a second.
///
/// A framebuffer that is not there yet is waited for, and opened again when it went away or changed its mode.
/// SIGTERM and SIGINT end fbcp; the panel keeps the last picture. The exit status is 0 when it was ended so, 1 when a
/// framebuffer cannot be used or another fbcp stores to the same target, and 2 when the call was wrong.
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
}
