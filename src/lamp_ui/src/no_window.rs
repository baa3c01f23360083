// SPDX-License-Identifier: GPL-3.0-or-later
//! Replaces [`crate::window`] in a program without the feature `desktop`: a window that cannot be created.

use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;

use anyhow::bail;
use framebuffer::PixelFormat;

use crate::touch::Pointer;

/// Never created.
pub(crate) struct Window(Infallible);

impl Window {
    pub(crate) fn open(_size: (u32, u32), _hide_cursor: bool) -> anyhow::Result<Rc<Self>> {
        bail!("this lamp_ui is built without windows; run: cargo build --package lamp_ui --features desktop");
    }

    pub(crate) fn size(&self) -> (u32, u32) {
        match self.0 {}
    }

    pub(crate) fn format(&self) -> PixelFormat {
        match self.0 {}
    }

    pub(crate) fn store(&self, _x: usize, _y: usize, _bytes: &[u8]) -> anyhow::Result<()> {
        match self.0 {}
    }

    pub(crate) fn show(&self) -> anyhow::Result<()> {
        match self.0 {}
    }

    pub(crate) fn read(&self, _on_touch: impl FnMut(Pointer)) {
        match self.0 {}
    }

    pub(crate) fn has_waiting(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self.0 {}
    }
}

impl AsFd for Window {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.0 {}
    }
}
