// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi status`: the status of all parts of the lamp, on one screen.
//!
//! All parts are queried at the same time, each with its own time limit. If a part does not respond, the
//! status shows the reason. `lampi doctor` assesses the result.

mod screen;

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::thread;
use std::time::Duration;

use lamp::state::LampState;
use pigpio::{Client, Command};
use runtime::address::Address;
use runtime::output;
use serde::Serialize;

use crate::broker::BrokerClient;
use crate::switch;
use hardware::devices::{self, Framebuffer, TouchScreen};
use hardware::leds::{self, Driver};
use programs::lamp_service::installed::{self, Unknown};
use programs::lamp_service::settings::Peer;
use programs::lampi::StatusArgs;
use supervisor_client::{Supervisor, SupervisorError};

/// Time limit of the broker and of pigpiod.
const PATIENCE: Duration = Duration::from_secs(2);

/// The lamp's status; the JSON of `lampi status --json`.
#[derive(Debug, Serialize)]
struct Status {
    version: &'static str,
    /// Seconds since the machine started.
    uptime: Option<u64>,
    /// Why Supervisor did not report the programs.
    supervisor: Option<String>,
    programs: Vec<ProgramStatus>,
    /// Other files that start the programs, which `lampi take-over` disables.
    also_started_by: Vec<String>,
    broker: BrokerStatus,
    pigpiod: PigpiodStatus,
    framebuffers: Vec<Framebuffer>,
    touch_screens: Vec<TouchScreen>,
    light: Option<Light>,
}

#[derive(Debug, Serialize)]
struct ProgramStatus {
    name: &'static str,
    /// Supervisor's state in lower case; `disabled` or `missing` without a file, `unknown` without
    /// Supervisor.
    state: String,
    pid: Option<i64>,
    /// Seconds since its start.
    uptime: Option<i64>,
    /// Supervisor's description, if the program does not run.
    reason: Option<String>,
}

#[derive(Debug, Default, Serialize)]
struct BrokerStatus {
    address: Option<String>,
    reachable: bool,
    error: Option<String>,
    /// Name of each bridge, and whether it is connected.
    bridges: BTreeMap<String, bool>,
}

#[derive(Debug, Default, Serialize)]
struct PigpiodStatus {
    address: Option<String>,
    version: Option<u32>,
    /// Whether it drives the LEDs.
    leds: Option<bool>,
    /// Why it does not drive them.
    dark: Option<String>,
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct Light {
    hue: f64,
    saturation: f64,
    brightness: f64,
    on: bool,
    /// Client ID of the client that set it.
    client: String,
    /// Red, green and blue of the LEDs, 0 to 255 each; while the lamp is off, those that it would have.
    rgb: [u8; 3],
}

/// Prints the status.
pub(crate) fn run(args: &StatusArgs) -> anyhow::Result<()> {
    let status = Status::of(args);
    if args.json {
        return Ok(output::line(&serde_json::to_string_pretty(&status)?)?);
    }
    // https://no-color.org
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colored = std::io::stdout().is_terminal() && !plain;
    Ok(output::bytes(screen::shown(&status, colored).as_bytes())?)
}

impl Status {
    fn of(args: &StatusArgs) -> Self {
        let root = args.root.as_path();
        thread::scope(|scope| {
            let broker = scope.spawn(|| query_broker(args));
            let pigpiod = scope.spawn(|| {
                query_pigpiod(installed::address(Peer::Pigpiod, args.pigpiod.as_ref(), root), root)
            });
            let (supervisor, programs) = query_supervisor(root);
            let survey = autostart::find(root);
            let (broker, light) = broker.join().unwrap_or_default();
            Self {
                version: env!("CARGO_PKG_VERSION"),
                uptime: devices::uptime(root),
                supervisor,
                programs,
                also_started_by: survey.to_take().map(|found| found.path.clone()).collect(),
                broker,
                pigpiod: pigpiod.join().unwrap_or_default(),
                framebuffers: devices::framebuffers(root),
                touch_screens: devices::touch_screens(root),
                light: light.map(Light::from),
            }
        })
    }
}

fn query_supervisor(root: &Path) -> (Option<String>, Vec<ProgramStatus>) {
    let (trouble, processes) = match Supervisor::at(root).processes() {
        Ok(processes) => (None, processes),
        Err(trouble) => (Some(trouble), Vec::new()),
    };
    let programs = programs::supervised().map(|program| {
        let known = processes.iter().find(|process| process.name == program.name);
        let state = match known {
            Some(process) => process.state.to_lowercase(),
            None if switch::is_disabled(*program, root) => "disabled".into(),
            None if matches!(trouble, Some(SupervisorError::NotRunning)) => "stopped".into(),
            None if trouble.is_some() => "unknown".into(),
            None => "missing".into(),
        };
        ProgramStatus {
            name: program.name,
            pid: known.and_then(|process| process.pid),
            uptime: known.and_then(|process| process.uptime),
            reason: known
                .filter(|process| process.pid.is_none() && !process.description.is_empty())
                .map(|process| process.description.clone()),
            state,
        }
    });
    let programs = programs.collect();
    (trouble.map(|trouble| trouble.to_string()), programs)
}

fn query_broker(args: &StatusArgs) -> (BrokerStatus, Option<LampState>) {
    let root = args.root.as_path();
    let address = match installed::address(Peer::Broker, args.broker.as_ref(), root) {
        Ok(address) => address,
        Err(error) => {
            return (BrokerStatus { error: Some(error.to_string()), ..BrokerStatus::default() }, None);
        }
    };
    let mut status = BrokerStatus { address: Some(address.to_string()), ..BrokerStatus::default() };
    let connect = || {
        let login = installed::login(&address, &args.login, |name| std::env::var(name).ok(), root)?;
        BrokerClient::connect(&address, login.as_ref(), PATIENCE)
    };
    let mut client = match connect() {
        Ok(client) => client,
        Err(error) => {
            status.error = Some(format!("{error:#}"));
            return (status, None);
        }
    };
    status.reachable = true;
    let state = client.state();
    status.bridges.clone_from(&client.known.bridges);
    client.disconnect();
    match state {
        Ok(state) => (status, Some(state)),
        Err(error) => {
            status.error = Some(format!("{error:#}"));
            (status, None)
        }
    }
}

fn query_pigpiod(address: Result<Address, Unknown>, root: &Path) -> PigpiodStatus {
    let address = match address {
        Ok(address) => address,
        Err(error) => return PigpiodStatus { error: Some(error.to_string()), ..PigpiodStatus::default() },
    };
    let result = Client::connect(&address.host, address.port, PATIENCE).and_then(|mut client| {
        let [version] = client.run(&[Command::Version])?;
        Ok((client.peer(), version, leds::drives(&mut client).ok()))
    });
    match result {
        Ok((peer, version, leds)) => PigpiodStatus {
            address: Some(peer.to_string()),
            version: Some(version),
            leds,
            dark: (leds == Some(false)).then(|| Driver::darkness(root)),
            error: None,
        },
        Err(error) => PigpiodStatus {
            address: Some(address.to_string()),
            error: Some(error.to_string()),
            ..PigpiodStatus::default()
        },
    }
}

impl From<LampState> for Light {
    fn from(state: LampState) -> Self {
        let lit = LampState { on: true, ..state.clone() };
        let full = lamp::state::PWM_RANGE;
        Self {
            hue: state.color.hue,
            saturation: state.color.saturation,
            brightness: state.brightness,
            on: state.on,
            rgb: lit.duty_cycles().map(|duty| (duty * 255 / full) as u8),
            client: state.client,
        }
    }
}
