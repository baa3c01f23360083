// SPDX-License-Identifier: GPL-3.0-or-later
//! Linux framebuffers, and plain files used as framebuffers.
//!
//! This crate deals with the kernel's fbdev interface, memory and pixels. What the pixels show, when to draw
//! and which program draws are the callers' concern.
//!
//! - [`PixelFormat`]: the positions of red, green and blue in a pixel, and exact conversion from and to eight
//!   bits.
//! - [`Decoder`], [`Encoder`], [`Converter`]: whole rows of pixels, by precomputed tables.
//! - [`Ditherer`]: rows in a format of fewer colours, as fine patterns.
//! - [`Rotation`]: frames rotated clockwise by quarter turns. [`Rect`]: parts of frames.
//! - [`Scaler`]: rows of a frame scaled to another size by area.
//! - [`Geometry`]: size, stride, offset of the first visible pixel, and format.
//! - [`Surface`]: `/dev/fbN` by memory mapping, or a file by reading and writing. Only the given bytes are
//!   written, so a deferred-IO driver sends only those to its panel.
//! - [`Console`]: the text console that draws on a framebuffer, disabled.
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

#![allow(unsafe_code, reason = "devices are mapped and driven by ioctl; each use explains why it is sound")]

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
