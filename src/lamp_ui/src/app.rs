// SPDX-License-Identifier: GPL-3.0-or-later
//! One thread that sleeps in `poll` until a touch, a message, a signal or a moment that something is due.

use std::cell::RefCell;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use framebuffer::{ErrorKind, Geometry, Rect, Rotation};
use kivy_conf::Kivy;
use kivy_conf::input::Rule;
use lamp::association::Association;
use lamp::state::LampState;
use lamp::topic;
use mqtt_client::session::{self, Event, Publisher};
use mqtt_client::{Message, QoS};
use runtime::address::Address;
use runtime::logging::OnChangeLog;
use runtime::signals::{SIGINT, SIGTERM, Signals};
use runtime::{Waker, wait};

use crate::button;
use crate::device_info;
use crate::leds::Leds;
use crate::long_press::LongPress;
use crate::model::{CLIENT, Model};
use crate::screen::Screen;
use crate::touch::{Filter, Pointer, TouchScreen};
use crate::view::View;

use crate::window::Window;
use programs::lamp_ui::Cli;

/// Time between two looks for a device that is not there.
const RETRY: Duration = Duration::from_secs(1);

/// Time between two looks at the facts while they are shown.
const REFRESH: Duration = Duration::from_secs(1);

/// Client id of the lamp's service.
const SERVICE: &str = "lamp_service";

/// What the threads tell.
enum AppEvent {
    /// Of the broker.
    Mqtt(Event),
    /// The panel's button is pressed, or not.
    Button(bool),
    /// Whether the GPIO daemon drives the LEDs, if it answers.
    Leds(Option<bool>),
}

/// Shows the lamp's controls until a signal ends the program.
pub(crate) fn run(cli: &Cli, geometry: Option<Geometry>, kivy: Kivy) -> anyhow::Result<()> {
    // Before the first thread starts, so that a signal from then on finds a screen to clear.
    let mut signals = Signals::new(&[SIGTERM, SIGINT]).context("cannot wait for signals")?;
    App::start(cli, geometry, kivy)?.run(&mut signals)
}

/// How threads hand over their events.
type SendEvent = Arc<dyn Fn(AppEvent) + Send + Sync>;

struct App {
    model: Rc<RefCell<Model>>,
    view: View,
    /// In place of framebuffer and touch screen.
    window: Option<Rc<Window>>,
    framebuffer: (PathBuf, Option<Geometry>),
    screen: Option<Screen>,
    screen_search: Search,
    touch_path: Option<PathBuf>,
    touch: Option<TouchScreen>,
    touch_search: Search,
    /// Which touch screens the Kivy configuration means.
    rules: Vec<Rule>,
    filter: Filter,
    rotation: Rotation,
    /// Shortest time between two pictures.
    frame: Duration,
    /// When the last picture was drawn, and when the next may be, if it had to wait.
    drawn: Option<Instant>,
    draw_due: Option<Instant>,
    press: LongPress,
    /// The finger has done what it was to do; the rest of its way means nothing.
    finger_done: bool,
    status: Status,
    /// Idle time after which the screen goes black.
    blank_after: Option<Duration>,
    blank: bool,
    active: Instant,
    bridge_topic: Option<String>,
    publisher: Publisher,
    pigpiod: Address,
    tell: SendEvent,
    events: Receiver<AppEvent>,
    /// Woken with each of the `events`.
    wake: Arc<Waker>,
}

/// What is known of the device, and who wants to see it.
#[derive(Default)]
struct Status {
    connected: bool,
    bridged: Option<bool>,
    leds: Leds,
    button: bool,
    finger: bool,
    refresh: Option<Instant>,
}

impl Status {
    fn is_open(&self) -> bool {
        self.button || self.finger
    }
}

impl App {
    fn start(cli: &Cli, geometry: Option<Geometry>, kivy: Kivy) -> anyhow::Result<Self> {
        let wake = Arc::new(Waker::new().context("cannot make an event counter")?);
        let rotation = Rotation::counter_clockwise(kivy.rotation).unwrap_or_default();
        let window = cli.window.then(|| Window::open(cli.size, kivy.hide_cursor)).transpose()?;
        // Another one that shows the lamp there would draw over this one, and take the broker from it and lose it again by
        // turns. All else that may be wrong with a framebuffer can pass.
        if window.is_none()
            && let Err(error) = Screen::open(&cli.framebuffer, geometry, rotation)
            && error.kind() == ErrorKind::InUse
        {
            return Err(error.into());
        }
        let (sender, events) = channel();
        let tell: SendEvent = {
            let wake = Arc::clone(&wake);
            Arc::new(move |event| {
                // It fails only when the program ends.
                let _ = sender.send(event);
                wake.wake();
            })
        };
        let bridge_topic = device_info::device_id().map(|id| topic::bridge_state(&id));
        let mut subscriptions = vec![
            (topic::CHANGED.into(), QoS::AtLeastOnce),
            (topic::connection_state(SERVICE), QoS::ExactlyOnce),
            (topic::ASSOCIATED.into(), QoS::ExactlyOnce),
        ];
        subscriptions.extend(bridge_topic.iter().map(|topic| (topic.clone(), QoS::AtLeastOnce)));
        let options = session::Options {
            broker: cli.broker.clone(),
            client_id: CLIENT.into(),
            state_topic: topic::connection_state(CLIENT),
            subscriptions,
            unretained_topic: None,
        };
        let publisher = session::start(options, {
            let tell = Arc::clone(&tell);
            move |event| tell(AppEvent::Mqtt(event))
        })?;
        button::watch(cli.pigpiod.clone(), {
            let tell = Arc::clone(&tell);
            move |pressed| tell(AppEvent::Button(pressed))
        })?;

        let model = Rc::new(RefCell::new(Model::default()));
        let edited = Rc::clone(&model);
        // Size of the lamp's panel, until the framebuffer tells its own.
        let view = View::new(rotation.size((240, 320)), move |color, brightness, on| {
            edited.borrow_mut().edit(color, brightness, on);
        })?;
        Ok(Self {
            model,
            view,
            window,
            framebuffer: (cli.framebuffer.clone(), geometry),
            screen: None,
            screen_search: Search::default(),
            touch_path: cli.touch.clone(),
            touch: None,
            touch_search: Search::default(),
            rules: kivy.rules,
            filter: Filter::new(kivy.jitter, kivy.ignored),
            rotation,
            frame: kivy.max_fps.map_or(Duration::ZERO, |fps| Duration::from_secs(1) / fps),
            drawn: None,
            draw_due: None,
            press: LongPress::default(),
            finger_done: false,
            status: Status::default(),
            blank_after: (cli.blank_after > 0).then(|| Duration::from_secs(cli.blank_after.into())),
            blank: false,
            active: Instant::now(),
            bridge_topic,
            publisher,
            pigpiod: cli.pigpiod.clone(),
            tell,
            events,
            wake,
        })
    }

    fn run(mut self, signals: &mut Signals) -> anyhow::Result<()> {
        loop {
            let now = Instant::now();
            self.find_screen(now);
            self.find_touch(now);
            self.publish(now);
            self.keep_time(now);
            self.draw(now);

            let touch_screen = self.touch.as_ref().map(AsFd::as_fd);
            let waited: Vec<BorrowedFd> =
                [signals.as_fd(), self.wake.as_fd()].into_iter().chain(touch_screen).collect();
            let readable = wait::readable(&waited, self.next_deadline()).context("cannot wait for events")?;
            let [signal, message] = [readable[0], readable[1]];
            let touch = readable.get(2) == Some(&true) || self.has_waiting_touches();

            if signal && let Some(signal) = signals.pending().next() {
                log::info!("ends on signal {signal}");
                return self.end();
            }
            if message {
                self.take_messages();
            }
            if touch {
                self.take_touches();
                if self.window.as_ref().is_some_and(|window| window.is_closed()) {
                    log::info!("ends with its window");
                    return Ok(());
                }
            }
        }
    }

    /// Leaves a dark screen, because a picture that answers no touch would be a lie.
    fn end(mut self) -> anyhow::Result<()> {
        match self.screen.as_mut().map(Screen::clear) {
            Some(Err(error)) => Err(error).context("cannot clear the screen"),
            _ => Ok(()),
        }
    }

    fn find_screen(&mut self, now: Instant) {
        if self.screen.is_some() || !self.screen_search.is_due(now) {
            return;
        }
        let (path, geometry) = &self.framebuffer;
        let opened = match &self.window {
            Some(window) => Ok(Screen::of_window(Rc::clone(window), self.rotation)),
            None => Screen::open(path, *geometry, self.rotation),
        };
        match opened {
            Ok(screen) => {
                log::info!("shows the lamp on {}", screen.description());
                self.screen_search.found();
                let size = self.rotation.size(screen.size());
                if size != self.view.size() {
                    self.view.resize(size);
                }
                self.view.draw();
                self.screen = Some(screen);
                self.store(&[self.view.whole()]);
            }
            Err(error) => self.screen_search.failed(now, &format!("waits for the framebuffer: {error}")),
        }
    }

    fn find_touch(&mut self, now: Instant) {
        if self.touch.is_some() || !self.touch_search.is_due(now) {
            return;
        }
        let opened = match &self.window {
            Some(window) => Ok(Some(TouchScreen::of_window(Rc::clone(window)))),
            None => TouchScreen::open(self.touch_path.as_deref(), &self.rules),
        };
        match opened {
            Ok(Some(touch)) => {
                log::info!("takes touches from {}", touch.description());
                self.touch_search.found();
                self.touch = Some(touch);
            }
            Ok(None) => {
                let sought = match &self.touch_path {
                    Some(path) => format!("{}, which is not there", path.display()),
                    None => "one to appear in /dev/input".into(),
                };
                self.touch_search.failed(now, &format!("waits for a touch screen: {sought}"));
            }
            Err(error) => self.touch_search.failed(now, &format!("waits for a touch screen: {error:#}")),
        }
    }

    fn publish(&mut self, now: Instant) {
        let publisher = &self.publisher;
        self.model.borrow_mut().publish(now, |state| {
            publisher.publish(topic::SET_CONFIG, QoS::AtLeastOnce, false, state.to_json()).is_ok()
        });
    }

    /// Does what time has come for: the long press, the end of the light, the facts' refreshment.
    fn keep_time(&mut self, now: Instant) {
        if self.press.take(now) {
            self.status.finger = true;
            self.drop_finger();
        }
        if self.blank_due().is_some_and(|due| due <= now) {
            self.status.finger = false;
            self.blank = true;
            self.view.blank(true);
        }
        if !self.status.is_open() {
            if self.status.refresh.take().is_some() {
                self.view.show_facts(None);
            }
        } else if self.status.refresh.is_none_or(|due| due <= now) {
            let tell = Arc::clone(&self.tell);
            self.status.leds.ask(&self.pigpiod, move |driven| tell(AppEvent::Leds(driven)));
            self.show_facts();
            self.status.refresh = Some(now + REFRESH);
        }
    }

    fn show_facts(&self) {
        let Status { connected, bridged, ref leds, .. } = self.status;
        self.view.show_facts(Some(&device_info::facts(connected, bridged, leds.driven())));
    }

    fn blank_due(&self) -> Option<Instant> {
        let idle = !self.blank && !self.status.button;
        self.blank_after.filter(|_| idle).map(|after| self.active + after)
    }

    /// Somebody uses the lamp. Tells whether the screen was black.
    fn light_up(&mut self) -> bool {
        self.active = Instant::now();
        let was_blank = std::mem::take(&mut self.blank);
        if was_blank {
            self.view.blank(false);
        }
        was_blank
    }

    /// Draws and stores what changed. Without a screen nothing is drawn: it all will be when there is one.
    fn draw(&mut self, now: Instant) {
        if self.screen.is_none() {
            return;
        }
        self.view.show(self.model.borrow().shown());
        self.draw_due = self.drawn.map(|drawn| drawn + self.frame).filter(|due| *due > now);
        if self.draw_due.is_none() {
            let areas = self.view.draw();
            if !areas.is_empty() {
                self.drawn = Some(now);
                self.store(&areas);
            }
        }
    }

    fn store(&mut self, areas: &[Rect]) {
        if let Some(Err(error)) = self.screen.as_mut().map(|screen| screen.store(&self.view, areas)) {
            self.screen = None;
            self.screen_search.failed(Instant::now(), &format!("waits for the framebuffer: {error}"));
        }
    }

    /// Until when nothing needs to be done unless something happens.
    fn next_deadline(&self) -> Option<Instant> {
        let now = Instant::now();
        if self.has_waiting_touches() {
            return Some(now);
        }
        let searches = [
            self.screen.is_none().then(|| self.screen_search.due()).flatten(),
            self.touch.is_none().then(|| self.touch_search.due()).flatten(),
        ];
        let timers = [
            self.model.borrow().due(now),
            self.press.due(),
            self.status.refresh,
            self.blank_due(),
            self.draw_due,
        ];
        let moments = searches.into_iter().chain(timers).flatten();
        let drawing = self.screen.as_ref().and_then(|_| self.view.next_change());
        moments.chain(drawing.map(|wait| now + wait)).min()
    }

    fn has_waiting_touches(&self) -> bool {
        self.touch.as_ref().is_some_and(TouchScreen::has_waiting)
    }

    fn take_messages(&mut self) {
        self.wake.clear();
        while let Ok(event) = self.events.try_recv() {
            match event {
                AppEvent::Mqtt(Event::Connected) => {
                    log::info!("is connected to the MQTT broker");
                    self.connection(true);
                }
                AppEvent::Mqtt(Event::Lost(reason)) => {
                    log::warn!("waits for the MQTT broker: {reason}");
                    self.connection(false);
                }
                AppEvent::Mqtt(Event::Message(Message { topic, payload, retained })) => {
                    self.take_message(&topic, &payload, retained);
                }
                AppEvent::Leds(driven) => {
                    if self.status.leds.answered(driven) && self.status.is_open() {
                        self.show_facts();
                    }
                }
                AppEvent::Button(pressed) => {
                    self.light_up();
                    if pressed {
                        self.drop_finger();
                    }
                    self.status.button = pressed;
                    self.status.refresh = self.status.refresh.and(Some(Instant::now()));
                }
            }
        }
    }

    fn take_message(&mut self, topic: &str, payload: &[u8], retained: bool) {
        if topic == topic::CHANGED {
            match LampState::from_json(payload) {
                Ok(state) => {
                    self.model.borrow_mut().changed(state);
                    self.light_up();
                }
                Err(refusal) => log::warn!("ignores a message on {topic}: {refusal}"),
            }
        } else if topic == topic::ASSOCIATED {
            match Association::from_json(payload) {
                Ok(Association::Associated) => self.view.show_code(None),
                Ok(Association::Unassociated(code)) => {
                    self.drop_finger();
                    self.light_up();
                    self.view.show_code(Some(&code));
                }
                Err(refusal) => log::warn!("ignores a message on {topic}: {refusal}"),
            }
        } else if self.bridge_topic.as_deref() == Some(topic) {
            self.status.bridged = Some(payload == b"1");
        } else if matches!(payload, b"0" | b"1") {
            let there = payload == b"1";
            self.model.borrow_mut().service_came(there, retained);
            if !there {
                self.drop_finger();
            }
        }
    }

    /// The lamp's state is unknown from now on, so what the finger holds slips away.
    fn connection(&mut self, connected: bool) {
        self.model.borrow_mut().connection(connected);
        self.status.connected = connected;
        self.status.bridged = None;
        self.drop_finger();
        self.view.show(self.model.borrow().shown());
        self.view.show_code(None);
    }

    /// Lets go of what the finger holds; it must be lifted before it can do something again.
    fn drop_finger(&mut self) {
        self.press.cancel();
        self.finger_done = true;
        self.view.cancel_pointer();
        self.model.borrow_mut().finger(false);
    }

    fn take_touches(&mut self) {
        let Some(touch) = &mut self.touch else { return };
        let mut pointers = Vec::new();
        let read = touch.read(self.rotation.size(self.view.size()), |pointer| {
            pointers.extend(self.filter.pass(pointer));
        });
        let lost = read.err().map(|error| format!("lost {}: {error}", touch.description()));
        for pointer in pointers {
            self.take_touch(pointer);
        }
        if let Some(lost) = lost {
            self.touch = None;
            self.drop_finger();
            self.touch_search.failed(Instant::now(), &format!("waits for a touch screen: {lost}"));
        }
    }

    /// `pointer` has places from 0 to 1 on the screen.
    fn take_touch(&mut self, pointer: Pointer) {
        let was_blank = self.light_up();
        if matches!(pointer, Pointer::Down(..)) {
            // A touch that lights the screen or closes a page does nothing else.
            self.finger_done = was_blank || self.status.is_open();
            self.status.finger = false;
        }
        if self.finger_done {
            return;
        }
        // What the finger acts on must be what the newest message made of it.
        self.view.show(self.model.borrow().shown());
        if matches!(pointer, Pointer::Down(..)) {
            self.model.borrow_mut().finger(true);
        }
        let pointer = pointer.mapped(|place| self.rotation.point(place));
        let (width, height) = self.view.size();
        self.view.pointer(pointer.mapped(|(x, y)| (x * width as f32, y * height as f32)));
        self.press.pointer(Instant::now(), pointer);
        if self.view.is_dragging() {
            self.press.cancel();
        }
        if pointer == Pointer::Up {
            self.model.borrow_mut().finger(false);
        }
    }
}

/// The wait for a device, with one log line for each reason and not one for each look.
#[derive(Default)]
struct Search {
    next: Option<Instant>,
    log: OnChangeLog,
}

impl Search {
    fn is_due(&self, now: Instant) -> bool {
        self.next.is_none_or(|next| next <= now)
    }

    fn due(&self) -> Option<Instant> {
        self.next
    }

    fn failed(&mut self, now: Instant, reason: &str) {
        self.next = Some(now + RETRY);
        self.log.warn(reason);
    }

    fn found(&mut self) {
        *self = Self::default();
    }
}
