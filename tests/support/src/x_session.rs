// SPDX-License-Identifier: GPL-3.0-or-later
//! A user's view and input at an X server. Positions are in pixels from the upper left corner.

use x11rb::connection::Connection;
use x11rb::protocol::xfixes::ConnectionExt as _;
use x11rb::protocol::xproto::{
    AtomEnum, BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ClientMessageEvent, ConnectionExt as _, EventMask,
    ImageFormat, MOTION_NOTIFY_EVENT, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::{PATIENCE, Xvfb, wait_for};

/// A session at a server with 24 bits per pixel and a mouse with one button.
#[derive(Debug)]
pub struct XSession {
    connection: RustConnection,
    root: Window,
}

impl XSession {
    /// Connects to a server.
    #[must_use]
    pub fn at(server: &Xvfb) -> Self {
        let (connection, screen) = x11rb::connect(Some(server.display())).expect("the server is there");
        connection.xfixes_query_version(5, 0).expect("asked").reply().expect("answered");
        let root = connection.setup().roots[screen].root;
        Self { connection, root }
    }

    /// Waits until `is_it` accepts the colour at a position, red first.
    pub fn await_color(&self, (x, y): (usize, usize), is_it: impl Fn([u8; 3]) -> bool) {
        wait_for(&format!("the colour at {x}, {y}"), PATIENCE, || {
            let form = ImageFormat::Z_PIXMAP;
            let image = self.connection.get_image(form, self.root, x as i16, y as i16, 1, 1, u32::MAX);
            let image = image.ok()?.reply().ok()?;
            let [blue, green, red, _] = image.data[..] else { panic!("{image:?}") };
            is_it([red, green, blue]).then_some(())
        });
    }

    /// Waits until the mouse cursor is visible or invisible.
    pub fn await_cursor(&self, is_seen: bool) {
        wait_for(&format!("a cursor: {is_seen}"), PATIENCE, || {
            let image = self.connection.xfixes_get_cursor_image().expect("asked").reply().expect("answered");
            (image.cursor_image.iter().any(|pixel| pixel >> 24 > 0) == is_seen).then_some(())
        });
    }

    /// Moves the mouse to a position.
    pub fn move_to(&self, place: (usize, usize)) {
        self.mouse(MOTION_NOTIFY_EVENT, place);
    }

    /// Presses the button at the current position.
    pub fn press(&self, place: (usize, usize)) {
        self.mouse(BUTTON_PRESS_EVENT, place);
    }

    /// Releases the button.
    pub fn release(&self, place: (usize, usize)) {
        self.mouse(BUTTON_RELEASE_EVENT, place);
    }

    /// Moves, presses and releases.
    pub fn click(&self, place: (usize, usize)) {
        self.move_to(place);
        self.press(place);
        self.release(place);
    }

    fn mouse(&self, what: u8, (x, y): (usize, usize)) {
        let detail = u8::from(what != MOTION_NOTIFY_EVENT);
        self.connection.xtest_fake_input(what, detail, 0, self.root, x as i16, y as i16, 0).expect("sent");
        self.connection.flush().expect("sent");
    }

    /// Closes the only window, which must have this name, like a window manager.
    pub fn close_window(&self, name: &str) {
        let window =
            self.connection.query_tree(self.root).expect("asked").reply().expect("answered").children[0];
        let found = self.connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::STRING, 0, 100);
        assert_eq!(found.expect("asked").reply().expect("answered").value, name.as_bytes());
        let data = [self.atom("WM_DELETE_WINDOW"), 0, 0, 0, 0];
        let close = ClientMessageEvent::new(32, window, self.atom("WM_PROTOCOLS"), data);
        self.connection.send_event(false, window, EventMask::NO_EVENT, close).expect("sent");
        self.connection.flush().expect("sent");
    }

    fn atom(&self, name: &str) -> u32 {
        self.connection.intern_atom(true, name.as_bytes()).expect("asked").reply().expect("it exists").atom
    }
}
