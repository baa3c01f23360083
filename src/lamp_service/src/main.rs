// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp: takes MQTT requests, drives the LEDs and stores the lamp's state.
//!
//! There are three threads. The MQTT thread takes requests, changes the state ([`service`]), passes the
//! colour to the LED thread ([`leds`]) and publishes the change. The main thread stores the state in its file
//! ([`state_file`]), which can be slow on an SD card, and waits for signals. Only the newest state is ever
//! queued.

mod adoption;
mod backlight;
mod check;
mod descriptions;
mod device_id;
mod fade;
mod home_assistant;
mod leds;
mod service;
mod settings;
mod state_file;

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use clap::Parser;
use lamp::state::LampState;
use lamp::topic;
use log::{LevelFilter, info, warn};
use mqtt_client::session::{self, Event, Publisher};
use mqtt_client::{Login, QoS};
use runtime::signals::{SIGHUP, SIGINT, SIGTERM, Signals};
use runtime::{Wake, Waker};

use adoption::Adoption;
use backlight::Backlight;
use descriptions::Descriptions;
use home_assistant::Discovery;
use leds::{Leds, LightSettings};
use programs::lamp_service::{Cli, Restore};
use programs::login::User;
use service::{Description, Service};
use state_file::StateFile;

/// The program's name and MQTT client ID.
const NAME: &str = "lamp_service";

/// The time until a state that did not fit the connection's queue is published again.
const PUBLISH_AGAIN: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = Cli::parse_from(&arguments);
    runtime::start_logging(NAME, LevelFilter::Info);
    runtime::exit_code(NAME, run(&cli, &arguments))
}

fn run(called: &Cli, arguments: &[OsString]) -> anyhow::Result<()> {
    let cli = settings::with_file(called, arguments)?;
    let pigpiod = cli.pigpiod(|name| std::env::var(name).ok()).map_err(|error| anyhow!(error))?;
    let user = broker_user(&cli)?;
    if cli.check {
        return check::run(&cli, &pigpiod, user.as_ref());
    }
    if cli.forget_home_assistant {
        return descriptions::forget(&cli, user.as_ref());
    }
    info!(
        "version {}; broker {}, pigpiod {pigpiod}, state in {}, {}",
        env!("CARGO_PKG_VERSION"),
        cli.broker,
        cli.state.display(),
        settings_text(&cli)
    );
    let signals = Signals::new(&[SIGTERM, SIGINT, SIGHUP]).context("cannot receive signals")?;
    let (mut file, mut found) = StateFile::open(cli.state.clone());
    restore(cli.restore, &mut found.state);
    let mut backlight = cli.backlight.then(|| Backlight::new(pigpiod.clone())).transpose()?;
    let leds = Leds::start(pigpiod, found.state.duty_cycles(), light_settings(&cli))?;
    // After the lamp is lit, because this may write to the disk.
    let device = device_id::keep(&mut file);
    let changed = Waker::new().context("cannot create an event counter")?;
    let mut descriptions = Descriptions::open(&cli.state);
    let description = describe(&cli, &device, &mut descriptions);
    let service = Arc::new(Service::new(found, Arc::clone(&leds), changed, description));
    let mut subscriptions = vec![(topic::SET_CONFIG.into(), QoS::AtLeastOnce)];
    subscriptions.extend(cli.backlight.then(|| (topic::BACKLIGHT.into(), QoS::AtLeastOnce)));
    let user = Arc::new(Mutex::new(user));
    let options = session::Options {
        broker: cli.broker.clone(),
        login: Box::new(login(&user)),
        client_id: NAME.into(),
        state_topic: topic::connection_state(NAME),
        subscriptions,
        unretained_topic: Some(topic::SET_CONFIG.into()),
    };
    let handler = Arc::clone(&service);
    let start = move || {
        session::start(options, move |event| match (event, &mut backlight) {
            (Event::Message(message), Some(backlight)) if message.topic == topic::BACKLIGHT => {
                backlight.take(&message.payload);
            }
            (event, _) => handler.on_event(event),
        })
    };
    if file.is_new() {
        adopt(&cli, login(&user), &service, file.wait_for_adoption(), start)?;
    } else {
        service.publish_by(start()?);
    }
    keep(&service, &leds, (file, descriptions), signals, |descriptions| {
        // The command line is unchanged; the file may have changed.
        match settings::with_file(called, arguments) {
            Ok(new) => {
                service.describe_by(describe(&new, &device, descriptions));
                follow(&cli, &new, &leds);
                // A user for another broker takes effect at the next start, with that broker.
                if new.broker == cli.broker {
                    follow_user(&new, &user, &service);
                }
            }
            Err(error) => warn!("cannot reload the settings: {error:#}"),
        }
    })
}

/// Adopts the state that the broker retains, then starts the session with the broker. Does not wait.
fn adopt(
    cli: &Cli,
    login: impl Fn() -> Result<Option<Login>, String> + Send + 'static,
    service: &Arc<Service>,
    adoption: Adoption,
    start: impl FnOnce() -> Result<Publisher, mqtt_client::Error> + Send + 'static,
) -> anyhow::Result<()> {
    let (broker, wish, service) = (cli.broker.clone(), cli.restore, Arc::clone(service));
    let run = move || {
        if let Some(mut state) = adoption::retained_state(&broker, login) {
            restore(wish, &mut state);
            service.adopt(state);
        }
        adoption.end();
        service.changed().wake();
        match start() {
            Ok(publisher) => service.publish_by(publisher),
            Err(error) => warn!("{error}; the lamp accepts no requests"),
        }
    };
    std::thread::Builder::new().name("adoption".into()).spawn(run).context("cannot start a thread")?;
    Ok(())
}

/// The settings of the light, for the log.
fn settings_text(cli: &Cli) -> String {
    let restore = format!("{:?}", cli.restore).to_lowercase();
    let (transition, gamma, frequency) = (cli.transition.as_secs_f64(), cli.gamma, cli.frequency);
    let prefix = cli.home_assistant.as_deref().unwrap_or("none");
    format!(
        "restore {restore}, transition {transition} s, gamma {gamma}, frequency {frequency} Hz, \
         home-assistant {prefix}"
    )
}

fn restore(wish: Restore, state: &mut LampState) {
    match wish {
        Restore::Last => {}
        Restore::On => state.on = true,
        Restore::Off => state.on = false,
    }
}

fn light_settings(cli: &Cli) -> LightSettings {
    LightSettings { transition: cli.transition, gamma: cli.gamma, frequency: cli.frequency }
}

/// The lamp's description for Home Assistant. Its topics are stored before they are used, so that an
/// interruption leaves nothing behind.
fn describe(cli: &Cli, device: &str, descriptions: &mut Descriptions) -> Description {
    let discovery = cli.home_assistant.as_deref().map(|prefix| Discovery::new(prefix, device));
    let current = discovery.as_ref().map(Discovery::config_topic);
    let is_new = current.as_ref().is_some_and(|current| !descriptions.topics().contains(current));
    let outdated = descriptions::outdated(descriptions.topics(), current.as_deref(), device, &cli.broker);
    let all: Vec<String> = outdated.iter().cloned().chain(current).collect();
    descriptions.keep(&all);
    Description { discovery, is_new, outdated }
}

/// Applies `new` settings of the light, and logs which others need a restart; `first` are the settings at the
/// start.
fn follow(first: &Cli, new: &Cli, leds: &Leds) {
    leds.set_light_settings(light_settings(new));
    let later = [
        ("broker", first.broker != new.broker),
        ("pigpiod", first.pigpiod != new.pigpiod),
        ("state", first.state != new.state),
        ("backlight", first.backlight != new.backlight),
    ];
    let later: Vec<&str> = later.iter().filter(|(_, changed)| *changed).map(|(name, _)| *name).collect();
    let at_the_next_start = if later.is_empty() {
        String::new()
    } else {
        format!("; restart lamp_service to apply: {}", later.join(", "))
    };
    info!("reloaded the settings: {}{at_the_next_start}", settings_text(new));
}

/// The user for the broker.
fn broker_user(cli: &Cli) -> anyhow::Result<Option<User>> {
    cli.user(|name| std::env::var(name).ok()).map_err(|error| anyhow!(error))
}

/// The current user name and password, read when called.
fn login(user: &Arc<Mutex<Option<User>>>) -> impl Fn() -> Result<Option<Login>, String> + Send + use<> {
    let user = Arc::clone(user);
    move || {
        let user = user.lock().expect("no holder panics").clone();
        user.map(|user| user.login()).transpose().map_err(|error| error.to_string())
    }
}

/// Uses the user of the `new` settings, with the current content of its password file.
fn follow_user(new: &Cli, user: &Mutex<Option<User>>, service: &Service) {
    let readable = || {
        let user = broker_user(new)?;
        user.as_ref().map(User::login).transpose()?;
        Ok::<_, anyhow::Error>(user)
    };
    match readable() {
        Ok(new) => {
            *user.lock().expect("no holder panics") = new;
            service.log_in_again();
        }
        Err(error) => warn!("cannot reload the user name and password: {error:#}"),
    }
}

/// Stores the newest state and the topics for Home Assistant until a signal ends the program, and calls
/// `reload` for each SIGHUP.
///
/// Then it shows the newest colour, if not yet visible, and the process ends with all threads. The LEDs keep
/// their colour, and the broker publishes the Last Will.
fn keep(
    service: &Service,
    leds: &Leds,
    (mut file, mut descriptions): (StateFile, Descriptions),
    mut signals: Signals,
    reload: impl Fn(&mut Descriptions),
) -> anyhow::Result<()> {
    loop {
        let (newest, unpublished) = service.newest();
        let write = file.keep(&newest);
        descriptions.keep(&service.described());
        let publish = unpublished.then(|| Instant::now() + PUBLISH_AGAIN);
        let until = write.into_iter().chain(publish).min();
        match service.changed().wait(signals.as_fd(), until).context("cannot wait for changes")? {
            Wake::Woken => {}
            Wake::Deadline => service.publish_again(),
            Wake::Readable => {
                for signal in signals.pending() {
                    if signal == SIGHUP {
                        reload(&mut descriptions);
                    } else {
                        file.flush(&service.newest().0);
                        leds.finish();
                        info!("stopped by a signal");
                        return Ok(());
                    }
                }
            }
        }
    }
}
