// SPDX-License-Identifier: GPL-3.0-or-later
//! One thread that sleeps in `poll` until a touch, a message, a signal or a moment that something is due.

use std::cell::RefCell;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use framebuffer::Geometry;
use lamp::session::{self, Event, Publisher, QoS};
use lamp::state::LampState;
use lamp::topic;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::cli::Cli;
use crate::face::Face;
use crate::model::{CLIENT, Model};
use crate::screen::Screen;
use crate::touch::{Pointer, TouchScreen};

/// Time between two looks for a device that is not there.
const RETRY: Duration = Duration::from_secs(1);

/// Shows the lamp's controls until a signal ends the program.
pub fn run(cli: &Cli, geometry: Option<Geometry>) -> anyhow::Result<()> {
    // Blocked before the first thread starts, so that none of them is ended by a signal.
    let mut mask = SigSet::empty();
    mask.add(Signal::SIGTERM);
    mask.add(Signal::SIGINT);
    mask.thread_block().context("cannot block signals")?;
    let signals = SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .context("cannot wait for signals")?;
    App::start(cli, geometry)?.run(&signals)
}

struct App {
    model: Rc<RefCell<Model>>,
    face: Face,
    framebuffer: (PathBuf, Option<Geometry>),
    screen: Option<Screen>,
    screen_search: Search,
    touch_path: Option<PathBuf>,
    touch: Option<TouchScreen>,
    touch_search: Search,
    publisher: Publisher,
    events: Receiver<Event>,
    /// Counts up with each of the `events`.
    wake: Arc<EventFd>,
}

impl App {
    fn start(cli: &Cli, geometry: Option<Geometry>) -> anyhow::Result<Self> {
        let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)
            .context("cannot make an event counter")?;
        let wake = Arc::new(wake);
        let (sender, events) = channel();
        let options = session::Options {
            host: cli.broker.bracketed_host(),
            port: cli.broker.port,
            client_id: CLIENT.into(),
            subscriptions: vec![(topic::CHANGED.into(), QoS::AtLeastOnce)],
        };
        let publisher = session::start(options, {
            let wake = Arc::clone(&wake);
            move |event| {
                // Both fail only when the program ends.
                let _ = sender.send(event);
                let _ = wake.write(1);
            }
        })?;

        let model = Rc::new(RefCell::new(Model::default()));
        let edited = Rc::clone(&model);
        // Size of the lamp's panel, until the framebuffer tells its own.
        let face = Face::new((240, 320), move |color, brightness, on| {
            edited.borrow_mut().edit(color, brightness, on);
        })?;
        Ok(Self {
            model,
            face,
            framebuffer: (cli.framebuffer.clone(), geometry),
            screen: None,
            screen_search: Search::default(),
            touch_path: cli.touch.clone(),
            touch: None,
            touch_search: Search::default(),
            publisher,
            events,
            wake,
        })
    }

    fn run(mut self, signals: &SignalFd) -> anyhow::Result<()> {
        loop {
            let now = Instant::now();
            self.find_screen(now);
            self.find_touch(now);
            self.publish(now);
            self.draw();

            let timeout = self.timeout();
            let mut waited = vec![
                PollFd::new(signals.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.wake.as_fd(), PollFlags::POLLIN),
            ];
            waited.extend(self.touch.as_ref().map(|touch| PollFd::new(touch.as_fd(), PollFlags::POLLIN)));
            match poll(&mut waited, timeout) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error).context("cannot wait for events"),
            }
            let mut ready = waited.iter().map(|fd| fd.any() == Some(true));
            let (signal, message, touch) = (ready.next(), ready.next(), ready.next());
            drop(ready);
            drop(waited);

            if signal == Some(true)
                && let Some(signal) = signals.read_signal().context("cannot read a signal")?
            {
                log::info!("ends on signal {}", signal.ssi_signo);
                return self.end();
            }
            if message == Some(true) {
                self.take_messages();
            }
            if touch == Some(true) {
                self.take_touches();
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
        match Screen::open(path, *geometry) {
            Ok(screen) => {
                log::info!("shows the lamp on {}", screen.description());
                self.screen_search.found();
                if screen.size() != self.face.size() {
                    self.face.resize(screen.size());
                }
                self.face.draw();
                self.screen = Some(screen);
                self.store(&[self.face.whole()]);
            }
            Err(error) => self.screen_search.failed(now, &format!("waits for the framebuffer: {error}")),
        }
    }

    fn find_touch(&mut self, now: Instant) {
        if self.touch.is_some() || !self.touch_search.is_due(now) {
            return;
        }
        match TouchScreen::open(self.touch_path.as_deref()) {
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

    /// Draws and stores what changed. Without a screen nothing is drawn: it all will be when there is one.
    fn draw(&mut self) {
        if self.screen.is_some() {
            self.face.show(self.model.borrow().shown());
            let areas = self.face.draw();
            if !areas.is_empty() {
                self.store(&areas);
            }
        }
    }

    fn store(&mut self, areas: &[crate::face::Area]) {
        if let Some(Err(error)) = self.screen.as_mut().map(|screen| screen.store(&self.face, areas)) {
            self.screen = None;
            self.screen_search.failed(Instant::now(), &format!("waits for the framebuffer: {error}"));
        }
    }

    /// How long nothing needs to be done unless something happens.
    fn timeout(&self) -> PollTimeout {
        let now = Instant::now();
        let searches = [
            self.screen.is_none().then(|| self.screen_search.due()).flatten(),
            self.touch.is_none().then(|| self.touch_search.due()).flatten(),
        ];
        let moments = searches.into_iter().chain([self.model.borrow().due(now)]).flatten();
        let drawing = self.screen.as_ref().and_then(|_| self.face.next_change());
        let wait = moments.map(|moment| moment.saturating_duration_since(now)).chain(drawing).min();
        // Rounded up: `poll` counts in milliseconds, and waking early would only mean to wait again.
        wait.map_or(PollTimeout::NONE, |wait| {
            PollTimeout::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(PollTimeout::MAX)
        })
    }

    fn take_messages(&mut self) {
        // Read before the events are taken: one that comes in between makes the counter ready again.
        let _ = self.wake.read();
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Connected => {
                    log::info!("is connected to the MQTT broker");
                    self.forget();
                }
                Event::Lost(reason) => {
                    log::warn!("waits for the MQTT broker: {reason}");
                    self.forget();
                }
                Event::Message { topic, payload, .. } if topic == topic::CHANGED => {
                    match LampState::from_json(&payload) {
                        Ok(state) => self.model.borrow_mut().changed(state),
                        Err(refusal) => log::warn!("ignores a message on {topic}: {refusal}"),
                    }
                }
                Event::Message { .. } => {}
            }
        }
    }

    /// The lamp's state is unknown from now on, so what the finger holds slips away.
    fn forget(&mut self) {
        self.model.borrow_mut().forget();
        self.face.cancel_pointer();
        self.face.show(None);
    }

    fn take_touches(&mut self) {
        let Some(touch) = &mut self.touch else { return };
        let (face, model) = (&mut self.face, &self.model);
        // What the finger acts on must be what the newest message made of it.
        face.show(model.borrow().shown());
        let size = face.size();
        let read = touch.read(size, |pointer| {
            if matches!(pointer, Pointer::Down(..)) {
                model.borrow_mut().finger(true);
            }
            face.pointer(pointer);
            if pointer == Pointer::Up {
                model.borrow_mut().finger(false);
            }
        });
        if let Err(error) = read {
            let description = touch.description();
            self.touch = None;
            self.face.cancel_pointer();
            self.model.borrow_mut().finger(false);
            self.touch_search
                .failed(Instant::now(), &format!("waits for a touch screen: lost {description}: {error}"));
        }
    }
}

/// The wait for a device, with one log line for each reason and not one for each look.
#[derive(Default)]
struct Search {
    next: Option<Instant>,
    reason: String,
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
        if self.reason != reason {
            log::warn!("{reason}");
            reason.clone_into(&mut self.reason);
        }
    }

    fn found(&mut self) {
        *self = Self::default();
    }
}
