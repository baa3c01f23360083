// SPDX-License-Identifier: GPL-3.0-or-later
//! A window on an X desktop instead of the framebuffer and touch screen, with the mouse as the finger.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;

use anyhow::{Context, bail};
use framebuffer::{Bitfield, PixelFormat};
use x11rb::connection::Connection;
use x11rb::properties::WmSizeHints;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask,
    Gcontext, ImageFormat, ImageOrder, Pixmap, PropMode, Rectangle, Setup, WindowClass,
};
use x11rb::rust_connection::{ConnectionError, RustConnection};
use x11rb::wrapper::ConnectionExt as _;

use crate::touch::Pointer;

/// The mouse button for the finger.
const LEFT: u8 = 1;

x11rb::atom_manager! {
    /// Atoms of the X server.
    Atoms: AtomsCookie {
        WM_PROTOCOLS,
        WM_DELETE_WINDOW,
    }
}

/// An open window of fixed size.
pub(crate) struct Window {
    connection: RustConnection,
    id: u32,
    /// The content of the window. It is the window's background, so that the server redraws covered parts.
    pixmap: Pixmap,
    context: Gcontext,
    depth: u8,
    format: PixelFormat,
    size: (u16, u16),
    atoms: Atoms,
    /// Events that arrived during drawing.
    waiting: RefCell<VecDeque<Event>>,
    closed: Cell<bool>,
}

impl Window {
    /// Opens a window of this size in pixels on the display of DISPLAY.
    pub(crate) fn open((width, height): (u32, u32), hide_cursor: bool) -> anyhow::Result<Rc<Self>> {
        let (connection, number) = x11rb::connect(None).with_context(|| match std::env::var("DISPLAY") {
            Ok(name) => format!("cannot open a window on the X display {name}"),
            Err(_) => "cannot open a window: the variable DISPLAY does not name an X display".into(),
        })?;
        let size = (u16::try_from(width)?, u16::try_from(height)?);
        let setup = connection.setup();
        let screen = &setup.roots[number];
        let (root, depth, visual) = (screen.root, screen.root_depth, screen.root_visual);
        let format = pixel_format(setup, number)?;
        let [id, pixmap, context] =
            [connection.generate_id()?, connection.generate_id()?, connection.generate_id()?];
        connection.create_pixmap(depth, pixmap, root, size.0, size.1)?;
        connection.create_gc(context, pixmap, &CreateGCAux::new())?;
        let events = EventMask::BUTTON_PRESS | EventMask::BUTTON_RELEASE | EventMask::BUTTON1_MOTION;
        let looks = CreateWindowAux::new().background_pixmap(pixmap).event_mask(events);
        let class = WindowClass::INPUT_OUTPUT;
        connection.create_window(depth, id, root, 0, 0, size.0, size.1, 0, class, visual, &looks)?;
        if hide_cursor {
            let cursor = ChangeWindowAttributesAux::new().cursor(no_cursor(&connection, root)?);
            connection.change_window_attributes(id, &cursor)?;
        }
        connection.change_property8(
            PropMode::REPLACE,
            id,
            AtomEnum::WM_NAME,
            AtomEnum::STRING,
            b"lamp_ui",
        )?;
        let fixed = Some((size.0.into(), size.1.into()));
        let hints = WmSizeHints { min_size: fixed, max_size: fixed, ..WmSizeHints::default() };
        hints.set_normal_hints(&connection, id)?;
        let atoms = Atoms::new(&connection)?.reply()?;
        let protocols = [atoms.WM_DELETE_WINDOW];
        connection.change_property32(
            PropMode::REPLACE,
            id,
            atoms.WM_PROTOCOLS,
            AtomEnum::ATOM,
            &protocols,
        )?;
        connection.map_window(id)?;
        connection.flush()?;
        let (waiting, closed) = (RefCell::default(), Cell::new(false));
        Ok(Rc::new(Self { connection, id, pixmap, context, depth, format, size, atoms, waiting, closed }))
    }

    /// Width and height in pixels.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.size.0.into(), self.size.1.into())
    }

    /// The format of a pixel.
    pub(crate) fn format(&self) -> PixelFormat {
        self.format
    }

    /// Draws encoded pixels, starting at pixel `x` of row `y`. They become visible with the next
    /// [`Self::show`].
    pub(crate) fn store(&self, x: usize, y: usize, bytes: &[u8]) -> anyhow::Result<()> {
        let width = (bytes.len() / self.format.bytes_per_pixel()) as u16;
        let (x, y) = (x as i16, y as i16);
        let form = ImageFormat::Z_PIXMAP;
        self.connection.put_image(form, self.pixmap, self.context, width, 1, x, y, 0, self.depth, bytes)?;
        Ok(())
    }

    /// Makes the drawing visible.
    pub(crate) fn show(&self) -> anyhow::Result<()> {
        // Width and height of 0 mean up to the window's edge.
        self.connection.clear_area(false, self.id, 0, 0, 0, 0)?;
        Ok(self.connection.flush()?)
    }

    /// Reads all mouse events.
    pub(crate) fn read(&self, mut on_touch: impl FnMut(Pointer)) {
        self.collect();
        let place = |x: i16, y: i16| {
            let along = |value: i16, size: u16| {
                (f32::from(value) / f32::from(size.saturating_sub(1).max(1))).clamp(0.0, 1.0)
            };
            (along(x, self.size.0), along(y, self.size.1))
        };
        while let Some(event) = self.waiting.borrow_mut().pop_front() {
            match event {
                Event::ButtonPress(event) if event.detail == LEFT => {
                    let (x, y) = place(event.event_x, event.event_y);
                    on_touch(Pointer::Down(x, y));
                }
                Event::MotionNotify(event) => {
                    let (x, y) = place(event.event_x, event.event_y);
                    on_touch(Pointer::Moved(x, y));
                }
                Event::ButtonRelease(event) if event.detail == LEFT => on_touch(Pointer::Up),
                Event::ClientMessage(event)
                    if event.type_ == self.atoms.WM_PROTOCOLS
                        && event.data.as_data32()[0] == self.atoms.WM_DELETE_WINDOW =>
                {
                    self.closed.set(true);
                }
                _ => {}
            }
        }
    }

    /// Whether events are queued that do not make the connection readable.
    pub(crate) fn has_waiting(&self) -> bool {
        self.collect();
        !self.waiting.borrow().is_empty()
    }

    /// Whether the window was closed or the X server ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    fn collect(&self) {
        let next = || -> Result<Option<Event>, ConnectionError> { self.connection.poll_for_event() };
        loop {
            match next() {
                Ok(Some(event)) => self.waiting.borrow_mut().push_back(event),
                Ok(None) => return,
                Err(_) => return self.closed.set(true),
            }
        }
    }
}

impl AsFd for Window {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.stream().as_fd()
    }
}

/// An invisible cursor of one pixel; X has no other way to hide it.
fn no_cursor(connection: &RustConnection, root: u32) -> anyhow::Result<u32> {
    let [pixel, context, cursor] =
        [connection.generate_id()?, connection.generate_id()?, connection.generate_id()?];
    connection.create_pixmap(1, pixel, root, 1, 1)?;
    // A new pixmap has arbitrary content.
    connection.create_gc(context, pixel, &CreateGCAux::new().foreground(0))?;
    let all = Rectangle { x: 0, y: 0, width: 1, height: 1 };
    connection.poly_fill_rectangle(pixel, context, &[all])?;
    connection.create_cursor(cursor, pixel, pixel, 0, 0, 0, 0, 0, 0, 0, 0)?;
    Ok(cursor)
}

/// The pixel format of a screen's default windows.
fn pixel_format(setup: &Setup, screen: usize) -> anyhow::Result<PixelFormat> {
    let screen = &setup.roots[screen];
    let visual = screen
        .allowed_depths
        .iter()
        .flat_map(|depth| &depth.visuals)
        .find(|visual| visual.visual_id == screen.root_visual);
    let format = setup.pixmap_formats.iter().find(|format| format.depth == screen.root_depth);
    let (Some(visual), Some(format), ImageOrder::LSB_FIRST) = (visual, format, setup.image_byte_order) else {
        bail!(
            "the X display's pixel format is not supported; \
             it must be true colour, least significant byte first"
        );
    };
    let field = |mask: u32| Bitfield { offset: mask.trailing_zeros(), length: mask.count_ones() };
    let colors = [visual.red_mask, visual.green_mask, visual.blue_mask].map(field);
    Ok(PixelFormat::new(format.bits_per_pixel.into(), colors, Bitfield { offset: 0, length: 0 })?)
}
