// SPDX-License-Identifier: GPL-3.0-or-later
//! The main thread, which sleeps in `poll` until a touch, a message, a signal or a deadline.

use std::cell::RefCell;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use framebuffer::{Geometry, Rotation};
use kivy_conf::Kivy;
use lamp::association::Association;
use lamp::state::LampState;
use lamp::topic;
use mqtt_client::session::{self, Event, Publisher};
use mqtt_client::{Message, QoS};
use programs::lamp_ui::{Cli, Grab};
use runtime::signals::{SIGINT, SIGTERM, Signals};
use runtime::{Waker, wait};

use crate::desktop::Desktop;
use crate::display::{self, Display};
use crate::model::{CLIENT, Model};
use crate::status::{Page, Status};
use crate::touch::{self, Filter, Pointer, TouchInput, pixels};
use crate::view::View;
use crate::window::Window;
use crate::{broker, button, device_info};

/// The client ID of `lamp_service`.
const SERVICE: &str = "lamp_service";

/// Events from other threads.
enum AppEvent {
    /// From the broker connection.
    Mqtt(Event),
    /// Whether the panel's button is pressed.
    Button(bool),
    /// Whether the GPIO daemon drives the LEDs; `None` without an answer.
    Leds(Option<bool>),
}

/// Shows the lamp's controls until a signal stops the program.
pub(crate) fn run(cli: &Cli, geometry: Option<Geometry>, kivy: Kivy) -> anyhow::Result<()> {
    // Before the first thread starts, so that a signal always clears the screen.
    let mut signals = Signals::new(&[SIGTERM, SIGINT]).context("cannot receive signals")?;
    App::start(cli, geometry, kivy)?.run(&mut signals)
}

/// Sends an event of a thread.
type SendEvent = Arc<dyn Fn(AppEvent) + Send + Sync>;

struct App {
    model: Rc<RefCell<Model>>,
    display: Display,
    touch: TouchInput,
    grab: Grab,
    desktop: Desktop,
    status: Status,
    window: Option<Rc<Window>>,
    bridge_topic: Option<String>,
    publisher: Publisher,
    send: SendEvent,
    events: Receiver<AppEvent>,
    /// Woken for each of the `events`.
    wake: Arc<Waker>,
}

impl App {
    fn start(cli: &Cli, geometry: Option<Geometry>, mut kivy: Kivy) -> anyhow::Result<Self> {
        let wake = Arc::new(Waker::new().context("cannot create an event counter")?);
        let window = cli.window.then(|| Window::open(cli.size, kivy.hide_cursor)).transpose()?;
        let on_screen = display::DisplayOptions {
            framebuffer: (cli.framebuffer.clone(), geometry),
            window: window.clone(),
            rotation: Rotation::counter_clockwise(kivy.rotation).unwrap_or_default(),
            max_fps: kivy.max_fps,
            blank_after: (cli.blank_after > 0).then(|| Duration::from_secs(cli.blank_after.into())),
        };
        on_screen.refuse_used()?;
        // A file used as a framebuffer has no display, and neither has a window.
        let has_display = geometry.is_none() && window.is_none();
        let (sender, events) = channel();
        let send: SendEvent = {
            let wake = Arc::clone(&wake);
            Arc::new(move |event| {
                // Fails only when the program ends.
                let _ = sender.send(event);
                wake.wake();
            })
        };
        let bridge_topic = device_info::device_id().map(|id| topic::bridge_state(&id));
        let publisher = session::start(session_options(cli, bridge_topic.as_ref()), {
            let send = Arc::clone(&send);
            move |event| send(AppEvent::Mqtt(event))
        })?;
        button::watch(cli.pigpiod.clone(), {
            let send = Arc::clone(&send);
            move |pressed| send(AppEvent::Button(pressed))
        })?;

        let model = Rc::new(RefCell::new(Model::default()));
        let edited = Rc::clone(&model);
        // The size of the lamp's panel, until the framebuffer reports its own.
        let view = View::new(on_screen.rotation.size((240, 320)), move |color, brightness, on| {
            edited.borrow_mut().edit(color, brightness, on);
        })?;
        let filter = Filter::new(kivy.jitter, std::mem::take(&mut kivy.ignored));
        let from = touch::Options { path: cli.touch.clone(), window: window.clone(), kivy };
        Ok(Self {
            model,
            display: Display::new(on_screen, view),
            touch: TouchInput::new(from, filter),
            grab: cli.grab,
            desktop: Desktop::new(has_display && cli.grab != Grab::Always),
            status: Status::new(cli.pigpiod.clone()),
            window,
            bridge_topic,
            publisher,
            send,
            events,
            wake,
        })
    }

    fn run(mut self, signals: &mut Signals) -> anyhow::Result<()> {
        loop {
            let now = Instant::now();
            if self.display.find_screen(now) {
                self.desktop.follow(now);
            }
            self.touch.find_screen(now);
            self.follow_desktop(now, false);
            self.publish(now);
            self.keep_time(now);
            self.display.draw(now, self.model.borrow().shown());

            let touched = self.touch.descriptors();
            // The desktop's events are read at the beginning of the loop.
            let waited: Vec<BorrowedFd> = [signals.as_fd(), self.wake.as_fd()]
                .into_iter()
                .chain(touched)
                .chain(self.desktop.descriptor())
                .collect();
            let of_desktop = usize::from(self.desktop.descriptor().is_some());
            let readable = wait::readable(&waited, self.next_deadline()).context("cannot wait for events")?;
            let [signal, message] = [readable[0], readable[1]];
            let touch = readable[2..readable.len() - of_desktop].contains(&true) || self.touch.has_waiting();

            if signal && let Some(signal) = signals.pending().next() {
                log::info!("stopped by signal {signal}");
                return self.display.clear();
            }
            if message {
                self.take_messages();
            }
            if touch {
                self.follow_desktop(Instant::now(), true);
                self.take_touches();
                if self.window.as_ref().is_some_and(|window| window.is_closed()) {
                    log::info!("stopped because its window was closed");
                    return Ok(());
                }
            }
        }
    }

    /// Ignores touches while a desktop uses the display, and grabs them otherwise.
    fn follow_desktop(&mut self, now: Instant, is_touched: bool) {
        if self.desktop.look(now, is_touched, || self.display.is_hidden()) {
            if self.desktop.is_shown() {
                log::info!("a desktop uses the display; ignoring touches");
                self.drop_finger();
            } else {
                log::info!("no desktop uses the display; accepting touches");
            }
        }
        let is_seen = self.display.has_screen() && !self.desktop.is_shown();
        self.touch.keep_from_others(is_seen && self.grab != Grab::Never);
    }

    fn publish(&mut self, now: Instant) {
        let publisher = &self.publisher;
        self.model.borrow_mut().publish(now, |request| {
            publisher.publish(topic::SET_CONFIG, QoS::AtLeastOnce, false, request.to_json()).is_ok()
        });
    }

    /// Handles deadlines: the long press, the blanking of the screen, the refresh of the facts.
    fn keep_time(&mut self, now: Instant) {
        if self.touch.press.take(now) {
            self.status.finger = true;
            self.drop_finger();
        }
        if self.display.blank(now, self.status.button) {
            self.status.finger = false;
        }
        let send = Arc::clone(&self.send);
        match self.status.keep_time(now, move |driven| send(AppEvent::Leds(driven))) {
            Page::Same => {}
            Page::Close => self.display.view().show_facts(None),
            Page::Show => self.show_facts(),
        }
    }

    fn show_facts(&self) {
        self.display.view().show_facts(Some(&self.status.facts()));
    }

    /// The next deadline without an event.
    fn next_deadline(&self) -> Option<Instant> {
        let now = Instant::now();
        if self.touch.has_waiting() {
            return Some(now);
        }
        let moments = [
            self.model.borrow().due(now),
            self.display.due(now, self.status.button),
            self.touch.due(),
            self.desktop.due(),
            self.status.due(),
        ];
        moments.into_iter().flatten().min()
    }

    fn take_messages(&mut self) {
        self.wake.clear();
        while let Ok(event) = self.events.try_recv() {
            match event {
                AppEvent::Mqtt(Event::Connected) => self.connection(true),
                AppEvent::Mqtt(Event::Lost) => self.connection(false),
                AppEvent::Mqtt(Event::Message(Message { topic, payload, retained })) => {
                    self.take_message(&topic, &payload, retained);
                }
                AppEvent::Leds(driven) => {
                    if self.status.answered(driven) {
                        self.show_facts();
                    }
                }
                AppEvent::Button(pressed) => {
                    self.display.light_up();
                    if pressed {
                        self.drop_finger();
                    }
                    self.status.press_button(pressed);
                }
            }
        }
    }

    fn take_message(&mut self, topic: &str, payload: &[u8], retained: bool) {
        if topic == topic::CHANGED {
            match LampState::from_json(payload) {
                Ok(state) => {
                    self.model.borrow_mut().changed(state);
                    self.display.light_up();
                }
                Err(error) => log::warn!("ignored a message on {topic}: {error}"),
            }
        } else if topic == topic::ASSOCIATED {
            match Association::from_json(payload) {
                Ok(Association::Associated) => self.display.view().show_code(None),
                Ok(Association::Unassociated(code)) => {
                    self.drop_finger();
                    self.display.light_up();
                    self.display.view().show_code(Some(&code));
                }
                Err(error) => log::warn!("ignored a message on {topic}: {error}"),
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

    /// The lamp's state becomes unknown, so the finger releases what it holds.
    fn connection(&mut self, connected: bool) {
        self.model.borrow_mut().connection(connected);
        self.status.connected = connected;
        self.status.bridged = None;
        self.drop_finger();
        self.display.view().show(self.model.borrow().shown());
        self.display.view().show_code(None);
    }

    /// Releases what the finger holds. It must be lifted before it can act again.
    fn drop_finger(&mut self) {
        self.touch.press.cancel();
        self.touch.is_done = true;
        self.display.view_mut().cancel_pointer();
        self.model.borrow_mut().finger(false);
    }

    fn take_touches(&mut self) {
        let size = self.display.rotation().size(self.display.view().size());
        let (pointers, lost) = self.touch.take(size);
        // Touches for a desktop are discarded.
        if !self.desktop.is_shown() {
            for (_, pointer) in pointers {
                self.take_touch(pointer);
            }
        }
        if lost {
            self.drop_finger();
        }
    }

    /// `pointer` has positions from 0 to 1 on the screen.
    fn take_touch(&mut self, pointer: Pointer) {
        if pointer == Pointer::Lost {
            return self.drop_finger();
        }
        let was_blank = self.display.light_up();
        if matches!(pointer, Pointer::Down(..)) {
            // A touch that lights the screen or closes a page does nothing else.
            self.touch.is_done = was_blank || self.status.is_open();
            self.status.finger = false;
        }
        if self.touch.is_done {
            return;
        }
        // The finger must act on the state of the newest message.
        self.display.view().show(self.model.borrow().shown());
        if matches!(pointer, Pointer::Down(..)) {
            self.model.borrow_mut().finger(true);
        }
        let pointer = pointer.mapped(|place| self.display.rotation().point(place));
        let size = self.display.view().size();
        self.display.view_mut().pointer(pointer.mapped(|place| pixels(place, size)));
        self.touch.press.pointer(Instant::now(), pointer);
        if self.display.view().is_dragging() {
            self.touch.press.cancel();
        }
        if pointer == Pointer::Up {
            self.model.borrow_mut().finger(false);
        }
    }
}

/// The connection to the broker, with a subscription to the bridge's state.
fn session_options(cli: &Cli, bridge_topic: Option<&String>) -> session::Options {
    let mut subscriptions = vec![
        (topic::CHANGED.into(), QoS::AtLeastOnce),
        (topic::connection_state(SERVICE), QoS::ExactlyOnce),
        (topic::ASSOCIATED.into(), QoS::ExactlyOnce),
    ];
    subscriptions.extend(bridge_topic.map(|topic| (topic.clone(), QoS::AtLeastOnce)));
    let (address, login) = (broker::address(cli), cli.login.clone());
    session::Options {
        broker: address.clone(),
        login: Box::new(move || broker::login(&login, &address)),
        client_id: CLIENT.into(),
        state_topic: topic::connection_state(CLIENT),
        subscriptions,
        unretained_topic: None,
    }
}
