// SPDX-License-Identifier: GPL-3.0-or-later
//! The scene on a canvas in memory: takes state and touches, returns damaged pixels.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use framebuffer::Rect;
use lamp::color::Color;
use lamp::state::LampState;
use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{Platform, PointerEventButton, WindowAdapter, WindowEvent};
use slint::{
    ComponentHandle, LogicalPosition, ModelRc, PhysicalSize, PlatformError, Rgb8Pixel, SharedString,
};

use crate::images;
use crate::model::Notice;
use crate::scene::{Fact, Paint, Scene};
use crate::touch::Pointer;

/// Shorter and longer side of the scene's layout. A larger screen scales it until one side fits, and
/// stretches the other.
const DESIGN: (f32, f32) = (240.0, 320.0);

/// The scene, its canvas, and the pointer.
pub(crate) struct View {
    window: Rc<MinimalSoftwareWindow>,
    scene: Scene,
    canvas: Vec<Rgb8Pixel>,
    size: (u32, u32),
    scale: f32,
    /// The position of the finger in points, while it is down.
    finger: Option<LogicalPosition>,
}

/// The platform for Slint.
struct Machine {
    window: Rc<MinimalSoftwareWindow>,
    start: Instant,
}

impl Platform for Machine {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.window.clone())
    }

    fn duration_since_start(&self) -> Duration {
        self.start.elapsed()
    }
}

impl View {
    /// Creates the scene on a canvas of `size` pixels. `on_edit` receives hue and saturation, brightness and
    /// power when the user changes one of them.
    ///
    /// Slint runs in one thread with one platform, so a program has one view.
    pub(crate) fn new(
        size: (u32, u32),
        on_edit: impl Fn(Color, f64, bool) + 'static,
    ) -> anyhow::Result<Self> {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
        let machine = Machine { window: window.clone(), start: Instant::now() };
        slint::platform::set_platform(Box::new(machine))
            .map_err(|error| anyhow!("cannot start the renderer: {error}"))?;
        let scene = Scene::new().map_err(|error| anyhow!("cannot create the scene: {error}"))?;

        let painter = scene.global::<Paint>();
        painter.on_light(images::light);
        painter.on_hue_track(images::hue_track);
        painter.on_saturation_track(images::saturation_track);
        painter.on_brightness_track(images::brightness_track);
        painter.on_power_icon(images::power_icon);
        painter.on_sun_icon(images::sun_icon);
        painter.on_text(|words: SharedString, size, room| images::text(&words, size, room));

        let edited = scene.as_weak();
        scene.on_edited(move || {
            if let Some(scene) = edited.upgrade() {
                let color =
                    Color { hue: hundredth(scene.get_hue()), saturation: hundredth(scene.get_saturation()) };
                on_edit(color, hundredth(scene.get_brightness()), scene.get_on());
            }
        });

        let mut view = Self { window, scene, canvas: Vec::new(), size, scale: 1.0, finger: None };
        view.resize(size);
        view.scene.show().map_err(|error| anyhow!("cannot show the scene: {error}"))?;
        Ok(view)
    }

    /// Size of the canvas, in pixels.
    pub(crate) fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Changes the size of the canvas and draws everything again.
    pub(crate) fn resize(&mut self, (width, height): (u32, u32)) {
        self.size = (width, height);
        self.canvas = vec![Rgb8Pixel::default(); width as usize * height as usize];
        self.scale = scale(width as f32, height as f32);
        self.window.dispatch_event(WindowEvent::ScaleFactorChanged { scale_factor: self.scale });
        self.window.set_size(PhysicalSize::new(width, height));
    }

    /// Shows a state of the lamp, or why the controls are disabled.
    pub(crate) fn show(&self, state: Result<&LampState, Notice>) {
        match state {
            Ok(state) => {
                self.scene.set_hue(state.color.hue as f32);
                self.scene.set_saturation(state.color.saturation as f32);
                self.scene.set_brightness(state.brightness as f32);
                self.scene.set_on(state.on);
            }
            Err(notice) => {
                let (title, sentence) = notice.text();
                self.scene.set_notice_title(title.into());
                self.scene.set_notice(sentence.into());
            }
        }
        self.scene.set_known(state.is_ok());
    }

    /// Shows the association code above the controls, or hides it.
    pub(crate) fn show_code(&self, code: Option<&str>) {
        self.scene.set_code(code.unwrap_or_default().into());
    }

    /// Shows labels and values of the status page above everything else, or hides it.
    pub(crate) fn show_facts(&self, facts: Option<&[(String, String)]>) {
        if let Some(facts) = facts {
            let facts: Vec<Fact> = facts
                .iter()
                .map(|(label, value)| Fact { label: label.as_str().into(), value: value.as_str().into() })
                .collect();
            self.scene.set_facts(ModelRc::from(facts.as_slice()));
        }
        self.scene.set_asked(facts.is_some());
    }

    /// Makes the frame black, or shows it again.
    pub(crate) fn blank(&self, blank: bool) {
        self.scene.set_blank(blank);
    }

    /// Whether the finger holds a slider.
    pub(crate) fn is_dragging(&self) -> bool {
        self.scene.get_dragging()
    }

    /// Passes a pointer event to the scene.
    pub(crate) fn pointer(&mut self, pointer: Pointer) {
        let points = |x: f32, y: f32| LogicalPosition::new(x / self.scale, y / self.scale);
        let button = PointerEventButton::Left;
        match pointer {
            Pointer::Down(x, y) => {
                let position = points(x, y);
                self.finger = Some(position);
                self.window.dispatch_event(WindowEvent::PointerPressed { position, button });
            }
            Pointer::Moved(x, y) => {
                let position = points(x, y);
                self.finger = Some(position);
                self.window.dispatch_event(WindowEvent::PointerMoved { position });
            }
            Pointer::Up => {
                if let Some(position) = self.finger.take() {
                    self.window.dispatch_event(WindowEvent::PointerReleased { position, button });
                }
                // Unlike a mouse, a lifted finger has no position.
                self.window.dispatch_event(WindowEvent::PointerExited);
            }
            Pointer::Lost => self.cancel_pointer(),
        }
    }

    /// Removes the finger from the scene without effect, for example when the touch screen is lost.
    pub(crate) fn cancel_pointer(&mut self) {
        self.finger = None;
        self.window.dispatch_event(WindowEvent::PointerExited);
    }

    /// The time until the next animation step, if any.
    pub(crate) fn next_change(&self) -> Option<Duration> {
        if self.window.has_active_animations() {
            return Some(Duration::ZERO);
        }
        slint::platform::duration_until_next_timer_update()
    }

    /// Draws changes and returns the changed areas of the canvas.
    pub(crate) fn draw(&mut self) -> Vec<Rect> {
        slint::platform::update_timers_and_animations();
        let mut areas = Vec::new();
        let (canvas, width) = (&mut self.canvas, self.size.0 as usize);
        self.window.draw_if_needed(|renderer| {
            let region = renderer.render(canvas, width);
            areas.extend(region.iter().map(|(position, size)| Rect {
                x: position.x as usize,
                y: position.y as usize,
                width: size.width as usize,
                height: size.height as usize,
            }));
        });
        areas
    }

    /// The whole canvas.
    pub(crate) fn whole(&self) -> Rect {
        Rect { x: 0, y: 0, width: self.size.0 as usize, height: self.size.1 as usize }
    }

    /// Red, green and blue of one pixel.
    pub(crate) fn pixel(&self, (x, y): (usize, usize)) -> Rgb8Pixel {
        self.canvas[y * self.size.0 as usize + x]
    }

    /// All pixels, row by row.
    pub(crate) fn pixels(&self) -> &[Rgb8Pixel] {
        &self.canvas
    }
}

/// Pixels per point of the scene on a screen of `width` and `height` pixels.
fn scale(width: f32, height: f32) -> f32 {
    let mut scale = (width.min(height) / DESIGN.0).min(width.max(height) / DESIGN.1);
    // The renderer converts the size to points and back and truncates it; a rounding error would lose a
    // column or row at the edge.
    let survives = |pixels: f32, scale: f32| (pixels / scale * scale).trunc() >= pixels;
    while !survives(width, scale) || !survives(height, scale) {
        scale = scale.next_down();
    }
    scale
}

/// The nearest hundredth as a decimal number: a value of the scene has only the precision of `f32`.
fn hundredth(value: f32) -> f64 {
    (f64::from(value) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::float_cmp, reason = "pixels are whole numbers")]
    fn every_size_survives_the_conversion_to_points_and_back() {
        assert_eq!(scale(240.0, 320.0), 1.0);
        assert_eq!(scale(1280.0, 800.0), 800.0 / 240.0);
        assert_eq!(scale(320.0, 240.0), 1.0);
        for (width, height) in
            (1..=4096).flat_map(|width| [1, 271, 480, 701, 707, 4096].map(|height| (width, height)))
        {
            let (width, height) = (width as f32, height as f32);
            let exact = (width.min(height) / DESIGN.0).min(width.max(height) / DESIGN.1);
            let scale = scale(width, height);
            assert!(scale <= exact && scale > exact * 0.999_99, "{width}x{height}: {scale}");
            for pixels in [width, height] {
                assert_eq!((pixels / scale * scale).trunc(), pixels, "{width}x{height}: {scale}");
            }
        }
    }
}
