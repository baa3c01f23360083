// SPDX-License-Identifier: GPL-3.0-or-later
//! Files used as framebuffers, and an independent pixel-by-pixel computation of their content.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{PATIENCE, Process, wait_for};

/// The value of bytes outside the visible pixels, to detect writes.
const UNTOUCHED: u8 = 0xaa;

/// A pixel format: bytes, and offset and length of the fields of red, green and blue.
#[derive(Clone, Copy)]
pub(crate) struct Format {
    pub name: &'static str,
    bytes: usize,
    fields: [(u32, u32); 3],
}

pub(crate) const RGB565: Format = Format { name: "rgb565", bytes: 2, fields: [(11, 5), (5, 6), (0, 5)] };
pub(crate) const BGR565: Format = Format { name: "bgr565", bytes: 2, fields: [(0, 5), (5, 6), (11, 5)] };
pub(crate) const RGB888: Format = Format { name: "rgb888", bytes: 3, fields: [(16, 8), (8, 8), (0, 8)] };
pub(crate) const BGR888: Format = Format { name: "bgr888", bytes: 3, fields: [(0, 8), (8, 8), (16, 8)] };
pub(crate) const XRGB8888: Format = Format { name: "xrgb8888", bytes: 4, fields: [(16, 8), (8, 8), (0, 8)] };
pub(crate) const XBGR8888: Format = Format { name: "xbgr8888", bytes: 4, fields: [(0, 8), (8, 8), (16, 8)] };

impl Format {
    fn pack(self, rgb: [u8; 3]) -> Vec<u8> {
        let mut pixel = 0;
        for ((offset, length), value) in self.fields.into_iter().zip(rgb) {
            let max = f64::from((1_u32 << length) - 1);
            pixel |= ((f64::from(value) / 255.0 * max).round() as u32) << offset;
        }
        pixel.to_le_bytes()[..self.bytes].to_vec()
    }

    /// The colour after conversion to this format.
    pub(crate) fn seen(self, rgb: [u8; 3]) -> [u8; 3] {
        let mut seen = [0; 3];
        for (((_, length), value), seen) in self.fields.into_iter().zip(rgb).zip(&mut seen) {
            let max = f64::from((1_u32 << length) - 1);
            *seen = ((f64::from(value) / 255.0 * max).round() / max * 255.0).round() as u8;
        }
        seen
    }
}

/// A frame: its colours by row.
pub(crate) type Pixels = Vec<Vec<[u8; 3]>>;

/// A frame of noise, different for each `seed`.
pub(crate) fn noise(width: usize, height: usize, seed: u32) -> Pixels {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 24) as u8
    };
    (0..height).map(|_| (0..width).map(|_| [byte(), byte(), byte()]).collect()).collect()
}

/// A file used as a framebuffer.
pub(crate) struct StandIn {
    pub path: PathBuf,
    pub width: usize,
    pub height: usize,
    pub format: Format,
    pub stride: usize,
    pub offset: usize,
}

impl StandIn {
    /// Without padding; the file does not exist yet.
    pub(crate) fn new(directory: &Path, name: &str, (width, height): (usize, usize), format: Format) -> Self {
        Self { path: directory.join(name), width, height, format, stride: width * format.bytes, offset: 0 }
    }

    /// With `padding` bytes between the rows and `offset` bytes before the first.
    pub(crate) fn padded(self, padding: usize, offset: usize) -> Self {
        Self { stride: self.stride + padding, offset, ..self }
    }

    /// The geometry for fbcp.
    pub(crate) fn geometry(&self) -> String {
        let Self { width, height, stride, offset, .. } = self;
        format!("{width}x{height}x{}:{stride}@{offset}", self.format.name)
    }

    fn row(&self, y: usize) -> std::ops::Range<usize> {
        let start = self.offset + y * self.stride;
        start..start + self.width * self.format.bytes
    }

    /// The file's content when it shows `frame` and no other byte was written.
    pub(crate) fn showing(&self, frame: &Pixels) -> Vec<u8> {
        let mut bytes = vec![UNTOUCHED; self.offset + self.stride * self.height];
        for (y, row) in frame.iter().enumerate() {
            bytes[self.row(y)].copy_from_slice(&self.pack(row));
        }
        bytes
    }

    fn pack(&self, row: &[[u8; 3]]) -> Vec<u8> {
        row.iter().flat_map(|rgb| self.format.pack(*rgb)).collect()
    }

    /// Creates the complete file at once, as a device appears.
    pub(crate) fn create(&self, frame: &Pixels) {
        let unfinished = self.path.with_extension("unfinished");
        fs::write(&unfinished, self.showing(frame)).expect("written");
        fs::rename(unfinished, &self.path).expect("renamed");
    }

    /// Creates the file without a frame.
    pub(crate) fn create_untouched(&self) {
        self.create(&Vec::new());
    }

    /// Changes one row of the frame in place.
    pub(crate) fn draw_row(&self, y: usize, row: &[[u8; 3]]) {
        let file = fs::File::options().write(true).open(&self.path).expect("open");
        file.write_all_at(&self.pack(row), self.row(y).start as u64).expect("written");
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).expect("read")
    }

    /// Waits until the file shows `frame` and no other byte was written.
    #[track_caller]
    pub(crate) fn await_frame(&self, frame: &Pixels) {
        let expected = self.showing(frame);
        let what = format!("{} shows the frame", self.path.display());
        wait_for(&what, PATIENCE, || (self.bytes() == expected).then_some(()));
    }
}

/// The command that copies from one file to the other.
pub(crate) fn fbcp(source: &StandIn, target: &StandIn) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fbcp"));
    command.arg("--source").arg(&source.path).args(["--source-geometry", &source.geometry()]);
    command.arg("--target").arg(&target.path).args(["--target-geometry", &target.geometry()]);
    command
}

/// Starts a copy from one file to the other.
pub(crate) fn start(source: &StandIn, target: &StandIn) -> Process {
    Process::start(&mut fbcp(source, target), "fbcp")
}
