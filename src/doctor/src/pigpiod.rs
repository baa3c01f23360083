// SPDX-License-Identifier: GPL-3.0-or-later
//! pigpiod: whether it is installed, is new enough, listens where `lamp_service` connects, and accepts
//! connections from this machine only.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use pigpio::Client;

use super::confs::edit;
use super::fix::{Action, Command as Typed, Edit, Fix, Setting, Tool};
use super::lamp::Lamp;
use super::report::{Need, Report};
use super::system::System;
use hardware::boot_config::State;
use hardware::leds::{self, Dark, Driver, PATH};
use programs::lamp_service::installed;
use programs::lamp_service::settings::Peer;
use programs::paths;
use runtime::quoting::quoted;

/// The first version with -g and all other functions that the lamp needs.
const OLDEST: u32 = 60;

/// Options of pigpiod that have a value, as of pigpio 1.79.
const WITH_VALUE: &str = "abcdenpstx";

/// The package's pigpiod. It runs the system's pigpiod instead if that one can drive the LEDs.
const OURS: &str = "/usr/libexec/lampi/pigpiod";

const PATIENCE: Duration = Duration::from_secs(3);

/// The command that runs pigpiod.
fn call(lamp: &Lamp) -> Vec<String> {
    let program = lamp.program("pigpiod");
    program.map_or_else(|| [OURS, "-g", "-l"].map(str::to_owned).to_vec(), |program| program.command.clone())
}

/// Whether something can drive the LEDs, and its options are right.
pub(super) fn driver(lamp: &Lamp, report: &mut Report) {
    if !lamp.wants("pigpiod") {
        report.ok("pigpiod is disabled, so nothing drives the LEDs");
        return;
    }
    let words = call(lamp);
    let name = words.first().map_or(OURS, String::as_str);
    let Some(called_file) = find(&lamp.system, name) else {
        report.lacks(Need::Pigpiod);
        let fix = if name == OURS {
            let command = Typed::of_root("apt install --reinstall ./lampi_*.deb");
            Fix::by_command("Install the package lampi again from its file", command)
        } else {
            installation(lamp)
        };
        report.problem(format!("the program {} does not exist, so the LEDs stay dark", quoted(name)), fix);
        return;
    };
    called(lamp, &options(&words[1..]), report);
    // The program that finally runs.
    let file = if called_file == OURS { chosen(lamp, report) } else { Some(called_file) };
    if lamp.system.runs {
        return;
    }
    match file {
        Some(file) => report.ok_otherwise(format!("pigpiod is installed as {}", quoted(&file))),
        None => report.ok_otherwise("the kernel drives the LEDs"),
    }
}

fn find(system: &System, name: &str) -> Option<String> {
    if name.starts_with('/') {
        return system.exists(name).then(|| name.to_owned());
    }
    PATH.iter().map(|directory| format!("{directory}/{name}")).find(|path| system.exists(path))
}

/// The pigpiod that the package's runs instead of itself, if any.
fn chosen(lamp: &Lamp, report: &mut Report) -> Option<String> {
    match Driver::of(lamp.system.root()) {
        Driver::Kernel => None,
        Driver::Pigpio(program) => Some(lamp.system.shown(Path::new(&program))),
        Driver::None(dark) => {
            report.lacks(Need::Pigpiod);
            let text = format!("the LEDs stay dark: {}, and {}", dark.reason, dark.pwm.what());
            match light(&lamp.system, &dark) {
                Some(fix) => report.problem(text, fix),
                None => report.without_fix(text),
            }
            None
        }
    }
}

/// The fix that makes something drive the LEDs.
fn light(system: &System, dark: &Dark) -> Option<Fix> {
    if has_package(system) && PATH.iter().all(|directory| !system.exists(format!("{directory}/pigpiod"))) {
        return Some(Action::Run(Tool::Install("pigpiod")).into());
    }
    match dark.pwm {
        State::NotEnabled(_) => Some(Fix::from(Action::EnablePwm).then([Action::Run(Tool::Reboot)])),
        State::RebootOutstanding => Some(Action::Run(Tool::Reboot).into()),
        State::Failed(_) => {
            let command = Typed::of_root("dmesg | grep -i pwm");
            Some(Fix::by_command("Read the kernel's messages about PWM", command))
        }
        _ => None,
    }
}

/// Whether the system has a package pigpiod: Raspberry Pi OS has it up to bookworm.
fn has_package(system: &System) -> bool {
    let os = system.text("/etc/os-release").unwrap_or_default();
    let is_old = ["buster", "bullseye", "bookworm"]
        .iter()
        .any(|name| os.contains(&format!("VERSION_CODENAME={name}")));
    is_old && system.exists("/etc/apt/sources.list.d/raspi.list")
}

/// The fix that provides a suitable pigpiod: the system's, or the package's.
fn installation(lamp: &Lamp) -> Fix {
    if has_package(&lamp.system) {
        return Action::Run(Tool::Install("pigpiod")).into();
    }
    edit(lamp, "pigpiod", Edit::Call(OURS))
}

/// Options with their values, as getopt(3) reads them.
fn options(words: &[String]) -> BTreeMap<char, String> {
    let mut options = BTreeMap::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-') else { continue };
        for (at, letter) in letters.char_indices() {
            if WITH_VALUE.contains(letter) {
                let rest = &letters[at + letter.len_utf8()..];
                let value = if rest.is_empty() { words.next().cloned() } else { Some(rest.to_owned()) };
                options.insert(letter, value.unwrap_or_default());
                break;
            }
            options.insert(letter, String::new());
        }
    }
    options
}

/// Checks its options.
fn called(lamp: &Lamp, options: &BTreeMap<char, String>, report: &mut Report) {
    let conf = paths::conf("pigpiod");
    if !options.contains_key(&'g') {
        report.problem(
            format!(
                "{conf}: pigpiod runs in the background (-g is missing), so Supervisor loses track of it"
            ),
            edit(lamp, "pigpiod", Edit::AddOption("-g")),
        );
    }
    if let Some(letter) = ['v', 'V'].iter().find(|letter| options.contains_key(letter)) {
        report.problem(
            format!("{conf}: pigpiod only prints its version and exits (-{letter})"),
            edit(lamp, "pigpiod", Edit::RemoveOption { letter: *letter, has_value: false }),
        );
    }
    // -n allows only the given addresses.
    if !['l', 'n', 'k'].iter().any(|letter| options.contains_key(letter)) {
        report.warning(
            format!("{conf}: pigpiod lets every machine in the network switch the pins (-l is missing)"),
            edit(lamp, "pigpiod", Edit::AddOption("-l")),
        );
    }
}

/// Whether it responds where `lamp_service` connects to it.
pub(super) fn responds(lamp: &Lamp, report: &mut Report) {
    if !lamp.system.runs || !lamp.wants("pigpiod") {
        return;
    }
    let words = call(lamp);
    let called_file = words.first().and_then(|name| find(&lamp.system, name));
    let file = match called_file {
        Some(file) if file != OURS => Some(file),
        _ => match Driver::of(lamp.system.root()) {
            Driver::Pigpio(program) => Some(lamp.system.shown(Path::new(&program))),
            Driver::Kernel | Driver::None(_) => None,
        },
    };
    let address = match installed::address(Peer::Pigpiod, None, lamp.system.root()) {
        Ok(address) => address,
        Err(error) => return super::broker::misnamed(lamp, "pigpiod", &error, report),
    };
    let answer = Client::connect(&address.host, address.port, PATIENCE).and_then(|mut client| {
        let [version] = client.run(&[pigpio::Command::Version])?;
        // An old version is reported as such, and need not support more.
        let drives = version < OLDEST || leds::drives(&mut client)?;
        Ok((version, drives, client.peer()))
    });
    match answer {
        Ok((version, ..)) if version < OLDEST => report.problem(
            format!("pigpiod has version {version}; the lamp needs {OLDEST} or newer"),
            installation(lamp),
        ),
        // Otherwise it was reported before.
        Ok((_, false, _)) if !matches!(Driver::of(lamp.system.root()), Driver::None(_)) => report.problem(
            "the LEDs stay dark: pigpiod runs but cannot drive them; its log has the reason",
            Action::Restart("pigpiod"),
        ),
        Ok((version, _, peer)) => report.ok_otherwise(format!("pigpiod {version} responds at {peer}")),
        Err(error) => {
            let process = lamp.processes.iter().find(|process| process.program == "pigpiod");
            let ports = process.map(|process| listening(&lamp.system, process.pid)).unwrap_or_default();
            if let Some(port) = ports.first().filter(|port| **port != address.port) {
                report.problem(
                    format!(
                        "pigpiod listens on port {port}, but lamp_service connects to port {}",
                        address.port
                    ),
                    same_port(lamp, &words, *port),
                );
            } else if let Some(file) = &file
                && let Some(version) = version_of(&lamp.system, file).filter(|version| *version < OLDEST)
            {
                report.problem(
                    format!("{} has version {version}; the lamp needs {OLDEST} or newer", quoted(file)),
                    installation(lamp),
                );
            } else {
                let is_running = lamp.state_of("pigpiod").is_some_and(|state| state.name == "RUNNING");
                let fix = if is_running { Action::Restart("pigpiod") } else { Action::Start("pigpiod") };
                report.problem(format!("{error}, so the LEDs do not change"), fix);
            }
        }
    }
}

/// The fix that sets pigpiod and `lamp_service` to the same port.
fn same_port(lamp: &Lamp, words: &[String], port: u16) -> Fix {
    if options(words).contains_key(&'p') {
        return edit(lamp, "pigpiod", Edit::RemoveOption { letter: 'p', has_value: true });
    }
    let value = format!("localhost:{port}");
    let file = lamp.service.file().to_owned();
    Fix::from(Action::EditSettings { file, change: Setting::Write { name: "pigpiod", value } })
        .then(lamp.restart("lamp_service"))
}

/// The version that the program at `file` prints, if it does so in time. No program of another system is run.
fn version_of(system: &System, file: &str) -> Option<u32> {
    if !system.is_this() {
        return None;
    }
    let mut command = Command::new(file);
    command.arg("-v").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // A process group of its own, so that its children end with it.
    let mut child = command.process_group(0).spawn().ok()?;
    let line = first_line(child.stdout.take()?, PATIENCE);
    let _ = killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
    let _ = child.wait();
    line?.trim().parse().ok()
}

/// The first line that arrives from a pipe within `patience`.
fn first_line(mut pipe: ChildStdout, patience: Duration) -> Option<String> {
    let deadline = Instant::now() + patience;
    let mut text = Vec::new();
    // A version is shorter.
    while !text.contains(&b'\n') && text.len() < 4096 {
        let left = deadline.saturating_duration_since(Instant::now());
        let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::try_from(left).ok()?).ok()? == 0 {
            return None;
        }
        let mut part = [0; 64];
        match pipe.read(&mut part).ok()? {
            0 => break,
            length => text.extend(&part[..length]),
        }
    }
    String::from_utf8(text).ok()?.lines().next().map(str::to_owned)
}

/// TCP ports that a process listens on; empty if only root may read them.
fn listening(system: &System, pid: u32) -> Vec<u16> {
    let Ok(entries) = fs::read_dir(system.path(format!("/proc/{pid}/fd"))) else { return Vec::new() };
    let sockets: Vec<String> = entries
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let tables = ["tcp", "tcp6"].map(|name| system.text(format!("/proc/net/{name}")).unwrap_or_default());
    let mut ports: Vec<u16> = tables
        .iter()
        .flat_map(|table| table.lines())
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
            let (_, port) = local.rsplit_once(':')?;
            // 0A: LISTEN
            (*state == "0A" && sockets.iter().any(|socket| socket == inode))
                .then(|| u16::from_str_radix(port, 16).ok())?
        })
        .collect();
    ports.dedup();
    ports
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::{PATIENCE, first_line, options};

    #[test]
    fn stops_waiting_for_a_program_that_prints_nothing() {
        let line = |script: &str, patience| {
            let mut child = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
            let line = first_line(child.stdout.take().unwrap(), patience);
            child.kill().unwrap();
            child.wait().unwrap();
            line
        };
        assert_eq!(line("exec sleep 1000", Duration::from_millis(50)), None);
        assert_eq!(line("echo 79; exec sleep 1000", PATIENCE).as_deref(), Some("79"));
        assert_eq!(line("printf 79", PATIENCE).as_deref(), Some("79"));
        assert_eq!(line("exec yes x | tr -d '\\n'", PATIENCE).map(|line| line.len() >= 4096), Some(true));
        assert_eq!(line("true", PATIENCE), None);
    }

    #[test]
    fn parses_options_as_pigpiod_does() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (line, expected) in [
            ("-g -l", &[('g', ""), ('l', "")][..]),
            ("-gl", &[('g', ""), ('l', "")]),
            ("-g -p 8889", &[('g', ""), ('p', "8889")]),
            ("-gp8889", &[('g', ""), ('p', "8889")]),
            ("-x -1 -n 127.0.0.1", &[('n', "127.0.0.1"), ('x', "-1")]),
        ] {
            let expected = expected.iter().map(|(letter, value)| (*letter, (*value).to_owned())).collect();
            assert_eq!(options(&words(line)), expected, "{line}");
        }
    }
}
