// SPDX-License-Identifier: GPL-3.0-or-later
//! A framebuffer driver's mode, read with the requests of `<linux/fb.h>`.

use std::ffi::{c_char, c_ulong};
use std::fs::File;
use std::os::fd::AsRawFd;

use nix::errno::Errno;

use crate::{Bitfield, Error, Geometry, PixelFormat};

/// `struct fb_bitfield`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct FbBitfield {
    offset: u32,
    length: u32,
    msb_right: u32,
}

/// `struct fb_var_screeninfo`: what a program can set.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct FbVarScreenInfo {
    xres: u32,
    yres: u32,
    xres_virtual: u32,
    yres_virtual: u32,
    xoffset: u32,
    yoffset: u32,
    bits_per_pixel: u32,
    grayscale: u32,
    red: FbBitfield,
    green: FbBitfield,
    blue: FbBitfield,
    transp: FbBitfield,
    nonstd: u32,
    activate: u32,
    height: u32,
    width: u32,
    accel_flags: u32,
    pixclock: u32,
    left_margin: u32,
    right_margin: u32,
    upper_margin: u32,
    lower_margin: u32,
    hsync_len: u32,
    vsync_len: u32,
    sync: u32,
    vmode: u32,
    rotate: u32,
    colorspace: u32,
    reserved: [u32; 4],
}

/// `struct fb_fix_screeninfo`: what follows from the mode.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct FbFixScreenInfo {
    id: [c_char; 16],
    smem_start: c_ulong,
    smem_len: u32,
    kind: u32,
    type_aux: u32,
    visual: u32,
    xpanstep: u16,
    ypanstep: u16,
    ywrapstep: u16,
    line_length: u32,
    mmio_start: c_ulong,
    mmio_len: u32,
    accel: u32,
    capabilities: u16,
    reserved: [u16; 2],
}

/// `struct fb_cmap`: colours from `start` on.
#[repr(C)]
#[derive(Debug)]
struct FbColorMap {
    start: u32,
    len: u32,
    red: *mut u16,
    green: *mut u16,
    blue: *mut u16,
    transp: *mut u16,
}

/// `FB_BLANK_UNBLANK` of `<linux/fb.h>`.
const UNBLANK: i32 = 0;

/// `FB_TYPE_PACKED_PIXELS`: the bits of a pixel are adjacent.
const TYPE_PACKED_PIXELS: u32 = 0;
/// `FB_VISUAL_TRUECOLOR` and `FB_VISUAL_DIRECTCOLOR`: a pixel contains its colour, without a palette. The
/// ramps of a direct colour driver are assumed to be linear, as every driver sets them at start-up.
const VISUALS_WITHOUT_PALETTE: [u32; 2] = [2, 4];

/// The requests. Their numbers do not encode size and direction.
mod request {
    use super::{FbColorMap, FbFixScreenInfo, FbVarScreenInfo};

    nix::ioctl_read_bad!(get_var, 0x4600, FbVarScreenInfo);
    nix::ioctl_read_bad!(get_fix, 0x4602, FbFixScreenInfo);
    nix::ioctl_read_bad!(get_colors, 0x4604, FbColorMap);
    nix::ioctl_write_ptr_bad!(put_colors, 0x4605, FbColorMap);
    nix::ioctl_write_int_bad!(blank, 0x4611);
    nix::ioctl_write_ptr!(wait_for_vsync, b'F', 0x20, u32);
}

/// `FBIO_WAITFORVSYNC`. Returns false if the driver does not support it.
pub(crate) fn wait_for_vsync(device: &File) -> bool {
    let first_screen = 0;
    // SAFETY: the descriptor is open, and the request reads a number from `first_screen`.
    unsafe { request::wait_for_vsync(device.as_raw_fd(), &raw const first_screen) }.is_ok()
}

/// `FBIOBLANK`: switches the display on. DRM drivers of panels show nothing before the first request; a
/// driver without this request always shows the frame.
pub(crate) fn unblank(device: &File) {
    // SAFETY: the descriptor is open, and the request takes a number.
    let _ = unsafe { request::blank(device.as_raw_fd(), UNBLANK) };
}

/// Whether another program, such as the compositor of a desktop, is the DRM master of the framebuffer's
/// display.
///
/// While there is a master, DRM drivers return EBUSY for requests that change what the framebuffer shows. The
/// test sets the first entry of the colour map, which true colour does not use, to its current value. This
/// changes nothing. Drivers without DRM have no master.
pub(crate) fn has_master(device: &File) -> bool {
    let [mut red, mut green, mut blue] = [0; 3];
    let mut map = FbColorMap {
        start: 0,
        len: 1,
        red: &raw mut red,
        green: &raw mut green,
        blue: &raw mut blue,
        transp: std::ptr::null_mut(),
    };
    // SAFETY: the descriptor is open. Both requests receive a structure of the kernel's layout, with pointers
    // to as many numbers as the structure states.
    unsafe {
        request::get_colors(device.as_raw_fd(), &raw mut map).is_ok()
            && request::put_colors(device.as_raw_fd(), &raw const map) == Err(Errno::EBUSY)
    }
}

/// The parts of a driver's mode that readers and writers of pixels need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    pub(crate) geometry: Geometry,
    /// Bytes of the device's memory; all can be mapped.
    pub(crate) memory_len: usize,
    /// The address of that memory. It changes when a driver allocates again; an old mapping then shows
    /// nothing.
    memory_start: c_ulong,
}

/// Why a device reported no usable mode.
pub(crate) enum NoMode {
    /// A request failed: the device is not a framebuffer, or it was removed.
    Request(Errno),
    /// The driver's mode cannot be used.
    Unusable(Error),
}

impl Mode {
    /// Reads the mode of an open framebuffer device.
    pub(crate) fn of(device: &File) -> Result<Self, NoMode> {
        let mut var = FbVarScreenInfo::default();
        let mut fix = FbFixScreenInfo::default();
        // SAFETY: the descriptor is open, and each request writes one structure of the kernel's layout
        // (checked by a test).
        unsafe {
            request::get_var(device.as_raw_fd(), &raw mut var).map_err(NoMode::Request)?;
            request::get_fix(device.as_raw_fd(), &raw mut fix).map_err(NoMode::Request)?;
        }
        Self::from_driver(&var, &fix).map_err(NoMode::Unusable)
    }

    fn from_driver(var: &FbVarScreenInfo, fix: &FbFixScreenInfo) -> Result<Self, Error> {
        if !matches!(var.bits_per_pixel, 16 | 24 | 32)
            || fix.kind != TYPE_PACKED_PIXELS
            || !VISUALS_WITHOUT_PALETTE.contains(&fix.visual)
            || var.grayscale != 0
            || var.nonstd != 0
        {
            return Err(Error::unusable(format!(
                "its mode ({} bits per pixel, type {}, visual {}) is not packed true color; \
                 set 16, 24 or 32 bits per pixel, for example with `fbset -depth 16`",
                var.bits_per_pixel, fix.kind, fix.visual
            )));
        }
        if [var.red, var.green, var.blue].iter().any(|field| field.msb_right != 0) {
            return Err(Error::unusable(
                "its pixels have the most significant bit on the right, which is not supported",
            ));
        }
        let field = |FbBitfield { offset, length, .. }: FbBitfield| Bitfield { offset, length };
        let format = PixelFormat::new(
            var.bits_per_pixel,
            [var.red, var.green, var.blue].map(field),
            field(var.transp),
        )?;
        let stride = fix.line_length as usize;
        let offset = (var.yoffset as usize)
            .checked_mul(stride)
            .and_then(|bytes| {
                bytes.checked_add((var.xoffset as usize).checked_mul(format.bytes_per_pixel())?)
            })
            .ok_or_else(|| {
                Error::unusable(format!(
                    "its frame is panned to {},{}, which exceeds any memory",
                    var.xoffset, var.yoffset
                ))
            })?;
        let geometry = Geometry::new(var.xres as usize, var.yres as usize, stride, offset, format)?;
        let memory_len = fix.smem_len as usize;
        if geometry.memory_bytes() > memory_len {
            return Err(Error::unusable(format!(
                "its driver reports {geometry}, panned to {},{}; \
                 that needs {} bytes, but its memory has {memory_len}",
                var.xoffset,
                var.yoffset,
                geometry.memory_bytes()
            )));
        }
        Ok(Self { geometry, memory_len, memory_start: fix.smem_start })
    }

    /// Whether a mapping made in mode `self` still contains the frame in mode `other`, possibly at another
    /// offset.
    pub(crate) fn is_panned(&self, other: &Self) -> bool {
        self.geometry.is_panned(&other.geometry) && Self { geometry: other.geometry, ..*self } == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_have_the_kernels_layout() {
        assert_eq!(size_of::<FbVarScreenInfo>(), 160);
        assert_eq!(size_of::<FbFixScreenInfo>(), if size_of::<c_ulong>() == 8 { 80 } else { 68 });
        assert_eq!(std::mem::offset_of!(FbVarScreenInfo, red), 32);
        assert_eq!(std::mem::offset_of!(FbVarScreenInfo, rotate), 136);
        assert_eq!(
            std::mem::offset_of!(FbFixScreenInfo, line_length),
            if size_of::<c_ulong>() == 8 { 48 } else { 44 }
        );
        assert_eq!(size_of::<FbColorMap>(), if size_of::<c_ulong>() == 8 { 40 } else { 24 });
    }

    /// The mode of a lamp's panel: 240x320, with twice the height in memory.
    fn panel() -> (FbVarScreenInfo, FbFixScreenInfo) {
        let field = |offset, length| FbBitfield { offset, length, msb_right: 0 };
        let var = FbVarScreenInfo {
            xres: 240,
            yres: 320,
            xres_virtual: 240,
            yres_virtual: 640,
            bits_per_pixel: 16,
            red: field(11, 5),
            green: field(5, 6),
            blue: field(0, 5),
            ..Default::default()
        };
        let fix = FbFixScreenInfo { smem_len: 640 * 512, line_length: 512, visual: 2, ..Default::default() };
        (var, fix)
    }

    #[test]
    fn reads_a_panned_padded_mode() {
        let (mut var, fix) = panel();
        let still = Mode::from_driver(&var, &fix).expect("a mode");
        assert_eq!(still.geometry.to_string(), "240x320, 16 bits per pixel, stride 512");
        assert_eq!(still.geometry.format(), PixelFormat::RGB565);
        (var.xoffset, var.yoffset) = (8, 320);
        let panned = Mode::from_driver(&var, &fix).expect("a mode");
        assert_eq!(panned.geometry.offset(), 320 * 512 + 16);
        assert!(still.is_panned(&panned));
        var.xres = 232;
        assert!(!still.is_panned(&Mode::from_driver(&var, &fix).expect("a mode")));
        let moved = FbFixScreenInfo { smem_start: 4096, ..fix };
        assert!(!panned.is_panned(&Mode::from_driver(&panel().0, &moved).expect("a mode")));
    }

    #[test]
    fn rejects_modes_that_cannot_be_shown() {
        let error = |change: fn(&mut FbVarScreenInfo, &mut FbFixScreenInfo)| {
            let (mut var, mut fix) = panel();
            change(&mut var, &mut fix);
            Mode::from_driver(&var, &fix).expect_err("an error").to_string()
        };
        assert!(error(|var, _| var.bits_per_pixel = 8).contains("8 bits per pixel"));
        assert!(error(|_, fix| fix.visual = 3).contains("visual 3"));
        assert!(error(|_, fix| fix.kind = 1).contains("type 1"));
        assert!(error(|var, _| var.grayscale = 1).contains("not packed true color"));
        assert!(error(|var, _| var.green.msb_right = 1).contains("most significant bit"));
        assert!(error(|var, _| var.red.length = 11).contains("11 bits of red"));
        assert!(error(|var, _| var.yoffset = 321).contains("panned to 0,321; that needs"));
        assert!(error(|_, fix| fix.smem_len = 1000).contains("but its memory has 1000"));
        assert!(error(|_, fix| fix.line_length = 100).contains("stride of 100"));
    }
}
