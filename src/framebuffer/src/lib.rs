// SPDX-License-Identifier: GPL-3.0-or-later
//! Linux framebuffers, and plain files that stand in for one.
//!
//! It knows the kernel's fbdev interface, memory and pixels. It never knows what the pixels show, when to draw, or which
//! program draws.
//!
//! - [`PixelFormat`]: where red, green and blue lie in a pixel, and the exact way from and to eight bits per channel.
//! - [`Decoder`], [`Encoder`], [`Converter`]: whole rows of pixels, by tables made once.
//! - [`Ditherer`]: rows of a format of fewer colours, as fine patterns.
//! - [`Rotation`]: frames turned by quarters, clockwise. [`Rect`]: parts of frames.
//! - [`Scaler`]: rows of a frame of another size, by area.
//! - [`Geometry`]: size, stride, offset of the first visible pixel, and format, checked once.
//! - [`Surface`]: `/dev/fbN` by memory mapping, or a file by reading and writing. Rows come out as copies and go in as
//!   bytes; only stored bytes are touched, so that a deferred-IO driver sends those alone to its panel.
//! - [`Console`]: the text console that draws on a framebuffer, silenced.
//!
//! ```no_run
//! use framebuffer::{Access, Encoder, Surface};
//!
//! let mut panel = Surface::open("/dev/fb1".as_ref(), Access::ReadWrite, None)?;
//! let geometry = *panel.geometry();
//! let mut row = vec![0; geometry.row_bytes()];
//! Encoder::new(geometry.format()).encode(&vec![[255, 0, 0]; geometry.width()], &mut row);
//! panel.store(0, 0, &row)?;
//! # Ok::<(), framebuffer::Error>(())
//! ```

#![allow(unsafe_code, reason = "devices are mapped and driven by ioctl; each use says why it is sound")]

mod console;
mod convert;
mod device;
mod dither;
mod error;
mod fault;
mod format;
mod geometry;
mod memory;
mod rect;
mod rotation;
mod scale;
mod surface;

pub use console::Console;
pub use convert::{Converter, Decoder, Encoder};
pub use dither::{BAYER, Ditherer};
pub use error::{Error, ErrorKind};
pub use fault::keep_sigbus_handler;
pub use format::{Bitfield, PixelFormat};
pub use geometry::{Geometry, MAX_SIDE};
pub use rect::Rect;
pub use rotation::Rotation;
pub use scale::Scaler;
pub use surface::{Access, Surface};
