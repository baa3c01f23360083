// SPDX-License-Identifier: GPL-3.0-or-later
//! Shows where each touch lands, raw and mapped, to check the calibration. Does not affect the lamp.

use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use framebuffer::{Access, ErrorKind, Geometry, Rect, Rotation, Surface};
use kivy_conf::Kivy;
use programs::lamp_ui::Cli;
use runtime::signals::{SIGINT, SIGTERM, Signals};
use runtime::wait;
use touchscreen::Touch;

use crate::screen::Screen;
use crate::touch::{self, Filter, Pointer, TouchInput, TouchScreen, pixels};

/// The size of the lamp's panel, for lack of a framebuffer.
const PANEL: (u32, u32) = (240, 320);

/// The positions of the marks, in tenths of the screen.
const MARKS: [(u32, u32); 5] = [(1, 1), (9, 1), (5, 5), (1, 9), (9, 9)];

/// Half the length of a mark's lines, in pixels.
const MARK: usize = 5;

const CROSS: [u8; 3] = [255, 255, 255];
const TRAIL: [u8; 3] = [255, 160, 0];
const GREY: [u8; 3] = [96, 96, 96];

/// Prints and draws touches until a signal stops the program or standard output is closed.
pub(crate) fn run(cli: &Cli, geometry: Option<Geometry>, mut kivy: Kivy) -> anyhow::Result<()> {
    let mut signals = Signals::new(&[SIGTERM, SIGINT]).context("cannot receive signals")?;
    let rotation = Rotation::counter_clockwise(kivy.rotation).unwrap_or_default();
    let filter = Filter::new(kivy.jitter, std::mem::take(&mut kivy.ignored));
    let from = touch::Options { path: cli.touch.clone(), window: None, kivy };
    let mut picture = Picture::open(&cli.framebuffer, geometry);
    let ended =
        Test { input: TouchInput::new(from, filter), known: None, rotation }.run(&mut signals, &mut picture);
    picture.clear();
    match ended {
        Err(error)
            if error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) =>
        {
            Ok(())
        }
        ended => ended,
    }
}

struct Test {
    input: TouchInput,
    /// The reported touch screen.
    known: Option<String>,
    rotation: Rotation,
}

impl Test {
    fn run(&mut self, signals: &mut Signals, picture: &mut Picture) -> anyhow::Result<()> {
        loop {
            self.input.find_screen(Instant::now());
            self.report_screen()?;
            let waited: Vec<BorrowedFd> =
                [signals.as_fd()].into_iter().chain(self.input.descriptors()).collect();
            let readable = wait::readable(&waited, self.input.due()).context("cannot wait for events")?;
            if readable[0] && signals.pending().next().is_some() {
                return Ok(());
            }
            let (touches, _) = self.input.take(picture.size);
            for (touch, pointer) in touches {
                print(&line(touch, pointer, picture.size, self.rotation))?;
                picture.show(pointer);
            }
        }
    }

    /// Reports a new touch screen and the other processes that have it open.
    fn report_screen(&mut self) -> anyhow::Result<()> {
        let description = self.input.screen().map(TouchScreen::description);
        if description == self.known {
            return Ok(());
        }
        self.known = description;
        let Some(screen) = self.input.screen() else { return Ok(()) };
        print(&format!("touch screen: {}", screen.description()))?;
        let is_grabbed = screen.is_grabbed();
        if is_grabbed {
            print("another process has grabbed it, so no touch arrives here; stop that process first")?;
        }
        for (process, name) in holders(screen.path()) {
            print(&if is_grabbed {
                format!("{name} (process {process}) has it open")
            } else {
                format!("{name} (process {process}) reads touches from it too, so they also act there")
            })?;
        }
        Ok(())
    }
}

fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Describes a touch: its position in the device's units, on the screen, and on the picture if it is rotated.
fn line(touch: Option<Touch>, pointer: Pointer, size: (u32, u32), rotation: Rotation) -> String {
    let (word, place) = match pointer {
        Pointer::Down(x, y) => ("down", Some((x, y))),
        Pointer::Moved(x, y) => ("move", Some((x, y))),
        Pointer::Up => return "up".to_owned(),
        Pointer::Lost => return "lost".to_owned(),
    };
    let raw = match touch {
        Some(Touch::Down(x, y) | Touch::Moved(x, y)) => format!(" raw {x} {y}"),
        Some(Touch::Up | Touch::Lost) | None => String::new(),
    };
    let at = |place, size| {
        let (x, y) = pixels(place, size);
        format!("{} {}", x as u32, y as u32)
    };
    let place = place.unwrap_or_default();
    let screen = format!(" screen {}", at(place, size));
    let picture = if rotation == Rotation::None {
        String::new()
    } else {
        format!(" picture {}", at(rotation.point(place), rotation.size(size)))
    };
    format!("{word}{raw}{screen}{picture}")
}

/// Process ID and name of each other process that has `path` open, as far as permitted.
fn holders(path: &Path) -> Vec<(u32, String)> {
    let Ok(path) = path.canonicalize() else { return Vec::new() };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        let mut open = fs::read_dir(entry.path().join("fd")).ok()?.flatten();
        let has_it = open.any(|link| fs::read_link(link.path()).is_ok_and(|target| target == path));
        let name = fs::read_to_string(entry.path().join("comm")).ok()?;
        (has_it && process != std::process::id()).then(|| (process, name.trim().to_owned()))
    });
    processes.collect()
}

/// The screen: marks, the path of the finger, and a cross at its position.
struct Picture {
    screen: Option<Screen>,
    size: (u32, u32),
    pixels: Vec<[u8; 3]>,
    cross: Option<(usize, usize)>,
}

impl Picture {
    /// Draws on the framebuffer at `path`. If it is missing or in use, touches are only printed.
    fn open(path: &Path, geometry: Option<Geometry>) -> Self {
        let size = Surface::open(path, Access::Read, geometry).map_or(PANEL, |surface| {
            // No side exceeds framebuffer::MAX_SIDE.
            (surface.geometry().width() as u32, surface.geometry().height() as u32)
        });
        let screen = Screen::open(path, geometry, Rotation::None)
            .inspect_err(|error| {
                let way = if error.kind() == ErrorKind::InUse {
                    "; on a lamp, run: sudo lampi stop lamp_ui"
                } else {
                    ""
                };
                log::warn!("not drawing: {error}{way}");
            })
            .ok();
        let mut picture = Self { screen, size, pixels: Vec::new(), cross: None };
        picture.begin();
        picture
    }

    fn sides(&self) -> (usize, usize) {
        (self.size.0 as usize, self.size.1 as usize)
    }

    /// Draws only the marks.
    fn begin(&mut self) {
        let (width, height) = self.sides();
        self.pixels = vec![[0; 3]; width * height];
        self.cross = None;
        for (x, y) in MARKS {
            let (x, y) = ((self.size.0 - 1) * x / 10, (self.size.1 - 1) * y / 10);
            let (x, y) = (x as usize, y as usize);
            for x in x.saturating_sub(MARK)..=(x + MARK).min(width - 1) {
                self.pixels[y * width + x] = GREY;
            }
            for y in y.saturating_sub(MARK)..=(y + MARK).min(height - 1) {
                self.pixels[y * width + x] = GREY;
            }
        }
        self.store(&[Rect { x: 0, y: 0, width, height }]);
    }

    fn show(&mut self, pointer: Pointer) {
        match pointer {
            Pointer::Down(x, y) => {
                self.begin();
                self.put((x, y));
            }
            Pointer::Moved(x, y) => self.put((x, y)),
            Pointer::Up | Pointer::Lost => {
                let lines = self.lines();
                self.cross = None;
                self.store(&lines);
            }
        }
    }

    fn put(&mut self, place: (f32, f32)) {
        let (x, y) = pixels(place, self.size);
        let (x, y) = (x as usize, y as usize);
        let mut lines = self.lines();
        let width = self.size.0 as usize;
        self.pixels[y * width + x] = TRAIL;
        self.cross = Some((x, y));
        lines.extend(self.lines());
        self.store(&lines);
    }

    /// The lines of the cross.
    fn lines(&self) -> Vec<Rect> {
        let (width, height) = self.sides();
        self.cross.map_or_else(Vec::new, |(x, y)| {
            vec![Rect { x: 0, y, width, height: 1 }, Rect { x, y: 0, width: 1, height }]
        })
    }

    fn store(&mut self, areas: &[Rect]) {
        let Some(screen) = &mut self.screen else { return };
        let (pixels, cross, width) = (&self.pixels, self.cross, self.size.0 as usize);
        let stored = screen.store(areas, |(x, y)| match cross {
            Some((column, row)) if (column == x) != (row == y) => CROSS,
            _ => pixels[y * width + x],
        });
        if let Err(error) = stored {
            log::warn!("stopped drawing: {error:#}");
            self.screen = None;
        }
    }

    fn clear(&mut self) {
        if let Some(Err(error)) = self.screen.as_mut().map(Screen::clear) {
            log::warn!("cannot clear the screen: {error:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_a_touch() {
        let down = |rotation| line(Some(Touch::Down(4095, 0)), Pointer::Down(1.0, 0.0), (240, 320), rotation);
        assert_eq!(down(Rotation::None), "down raw 4095 0 screen 239 0");
        assert_eq!(down(Rotation::Clockwise90), "down raw 4095 0 screen 239 0 picture 0 0");
        assert_eq!(line(None, Pointer::Moved(0.5, 0.5), (3, 3), Rotation::None), "move screen 1 1");
        assert_eq!(line(Some(Touch::Up), Pointer::Up, (3, 3), Rotation::None), "up");
    }
}
