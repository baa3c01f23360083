// SPDX-License-Identifier: GPL-3.0-or-later
//! The lamp on any Linux machine: a real mosquitto, `lamp_service` and `lamp_ui`, and a simulated pigpiod
//! with its LEDs in the terminal.
//!
//! The demonstration uses the programs only through their command lines, MQTT and GPIO, and does not affect a
//! lamp on this machine.
//!
//! Everything is private: unused ports, and a temporary directory for all files. [`children`] ensures that no
//! process outlives the demonstration. It compiles nothing: `cargo run --release -- demo` lets the package
//! builder do that first.

mod broker;
mod children;
mod cli;
mod die_with_parent;
mod light;
mod picture;

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Parser;
use pigpiod::simulated::{self, Pwm};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use children::Children;
use cli::{Cli, DemoArgs, Verb};
use light::Light;
use picture::Picture;

/// The time between two reads of the file that `lamp_ui` draws into.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Events while the lamp is shown.
enum Event {
    /// A signal stops the demonstration.
    Stop,
    /// A child has ended.
    Ended,
    /// The duty cycles of the red, green and blue LED have changed.
    Lit([Pwm; 3]),
}

fn main() -> ExitCode {
    let Cli { demo, verb } = Cli::parse();
    let result = match verb {
        Some(Verb::DieWithParent { parent, command_line }) => die_with_parent::exec(parent, &command_line),
        None => run(&demo),
    };
    runtime::exit_code("demo", result)
}

/// Shows the lamp until it is stopped, its window is closed, or something fails.
fn run(args: &DemoArgs) -> anyhow::Result<()> {
    let mosquitto = broker::find(std::env::var_os("PATH").as_deref())?;
    let programs = find_programs(&match &args.programs {
        Some(directory) => std::path::absolute(directory)?,
        None => own_directory()?,
    })?;
    // From here, a signal stops this program only after it has cleaned up.
    let (sender, events) = channel();
    listen(sender.clone())?;
    let directory = tempfile::Builder::new()
        .prefix("lampi-demo.")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
        .context("cannot create a temporary directory; set TMPDIR to a writable directory")?;
    let path = directory.path().to_owned();
    let result = show(args.port, &mosquitto, &programs, &path, (sender, &events));
    let removed = directory.close().with_context(|| format!("cannot remove {}", path.display()));
    result.and(removed)
}

/// The directory of this program.
fn own_directory() -> anyhow::Result<PathBuf> {
    let mut path = std::env::current_exe().context("cannot find the path of this program")?;
    path.pop();
    Ok(path)
}

/// Finds the programs in a directory.
fn find_programs(directory: &Path) -> anyhow::Result<BTreeMap<&'static str, PathBuf>> {
    let names = programs::demonstrated().map(|program| program.name);
    let path = |name| {
        let path = directory.join(name);
        if !path.is_file() {
            bail!(
                "{} does not exist; --programs must name the directory of {}",
                path.display(),
                names.clone().collect::<Vec<_>>().join(", ")
            );
        }
        Ok((name, path))
    };
    names.clone().map(path).collect()
}

/// Starts everything in `directory`, and stops it before returning.
fn show(
    port: Option<u16>,
    mosquitto: &Path,
    programs: &BTreeMap<&str, PathBuf>,
    directory: &Path,
    (sender, events): (Sender<Event>, &Receiver<Event>),
) -> anyhow::Result<()> {
    let pigpiod = simulated::start(move |pins| {
        if let [Some(red), Some(green), Some(blue)] = programs::pins::LEDS.map(|pin| pins[usize::from(pin)]) {
            // The receiver is gone only at the end.
            let _ = sender.send(Event::Lit([red, green, blue]));
        }
    })
    .context("cannot start the simulated pigpiod")?;

    let mut children = Children::in_directory(directory);
    let port = broker::start(mosquitto, port, directory, &mut children)?;
    while !broker::listens(port) {
        match events.recv_timeout(Duration::from_millis(20)) {
            Ok(Event::Stop) => return Ok(()),
            Ok(Event::Ended) => children.check()?,
            Ok(Event::Lit(_)) | Err(_) => {}
        }
    }
    let addresses = ["--broker".into(), format!("127.0.0.1:{port}"), "--pigpiod".into(), pigpiod.to_string()];
    let mut lamp_service = die_with_parent::command(&programs["lamp_service"]);
    lamp_service
        .args(&addresses)
        .arg("--state")
        .arg(directory.join("state.json"))
        // Not the settings of the machine.
        .arg("--settings")
        .arg(directory.join("lamp_service.conf"));
    children.start("lamp_service", lamp_service)?;

    let has_display = std::env::var_os("DISPLAY").is_some_and(|display| !display.is_empty());
    let mut lamp_ui = die_with_parent::command(&programs["lamp_ui"]);
    lamp_ui.args(&addresses).env("KIVY_NO_CONFIG", "1");
    let picture = if has_display {
        lamp_ui.args(["--window", "--size", "240x320"]);
        None
    } else {
        let picture = Picture::make(directory, &programs["fbcp"])?;
        picture.instead_of_a_screen(&mut lamp_ui);
        Some(picture)
    };
    children.start("lamp_ui", lamp_ui)?;

    introduce(port, pigpiod, picture.as_ref(), directory).context("cannot write to the terminal")?;
    follow(events, &mut children, picture)
}

/// Sends signals as events.
fn listen(sender: Sender<Event>) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGCHLD]).context("cannot receive signals")?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let event = if signal == SIGCHLD { Event::Ended } else { Event::Stop };
            if sender.send(event).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Prints what is running and how to use it.
fn introduce(
    port: u16,
    pigpiod: SocketAddr,
    picture: Option<&Picture>,
    directory: &Path,
) -> std::io::Result<()> {
    let screen = picture.map_or_else(
        || "a window; use the mouse as the finger".to_owned(),
        |picture| format!("{}, kept up to date", picture.file().display()),
    );
    write!(
        std::io::stdout(),
        "\nThe lamp runs with a SIMULATED pigpiod; the colour below shows its LEDs.\n\n\
         \x20 Screen    {screen}\n\
         \x20 Logs      {directory}/*.log\n\
         \x20 pigpiod   {pigpiod} (simulated)\n\
         \x20 Broker    127.0.0.1:{port}; to set the colour and to watch the state, run\n\n\
         \x20   mosquitto_pub -p {port} -t lamp/set_config -m '{{\"client\": \"me\", \"color\": {{\"h\": 0.5, \"s\": 1}}}}'\n\
         \x20   mosquitto_sub -p {port} -t lamp/changed\n\n\
         Ctrl-C stops it and leaves nothing behind.\n\n",
        directory = directory.display(),
    )
}

/// Shows the light and the screen until the end.
fn follow(
    events: &Receiver<Event>,
    children: &mut Children,
    mut picture: Option<Picture>,
) -> anyhow::Result<()> {
    let mut light = Light::on_stdout();
    loop {
        let event = match &picture {
            // A file does not report changes.
            Some(_) => events.recv_timeout(BETWEEN_LOOKS).ok(),
            None => events.recv().ok(),
        };
        match event {
            Some(Event::Stop) => return Ok(()),
            Some(Event::Ended) => {
                let closed = children.ended()?;
                match closed {
                    Some(end) if picture.is_none() && end.is_closed_window() => return Ok(()),
                    Some(end) => return Err(end.into_error()),
                    None => {}
                }
            }
            Some(Event::Lit(leds)) => light.show(&leds).context("cannot write to the terminal")?,
            None => {}
        }
        if let Some(picture) = &mut picture {
            picture.refresh()?;
        }
    }
}
