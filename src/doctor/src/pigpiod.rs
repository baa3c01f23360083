// SPDX-License-Identifier: GPL-3.0-or-later
//! pigpiod: whether there is one, new enough, where `lamp_service` looks for it, and for this machine only.

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

/// The first version that knows -g and all else that the lamp asks of it.
const OLDEST: u32 = 60;

/// pigpiod's options that have a value, by pigpio 1.79.
const WITH_VALUE: &str = "abcdenpstx";

/// The one of the package, which starts another in its place where that one can drive the LEDs.
const OURS: &str = "/usr/libexec/lampi/pigpiod";

const PATIENCE: Duration = Duration::from_secs(3);

/// The words that pigpiod is called with.
fn call(lamp: &Lamp) -> Vec<String> {
    let program = lamp.program("pigpiod");
    program.map_or_else(|| [OURS, "-g", "-l"].map(str::to_owned).to_vec(), |program| program.command.clone())
}

/// Whether there is something that can drive the LEDs, and it is called as it should be.
pub(super) fn driver(lamp: &Lamp, report: &mut Report) {
    if !lamp.wants("pigpiod") {
        report.ok("pigpiod is disabled on purpose, so the LEDs follow nobody");
        return;
    }
    let words = call(lamp);
    let name = words.first().map_or(OURS, String::as_str);
    let Some(called_file) = find(&lamp.system, name) else {
        report.lacks(Need::Pigpiod);
        let fix = if name == OURS {
            let command = Typed::of_root("apt install --reinstall ./lampi_*.deb");
            Fix::by_command("Install the package lampi again, from its file", command)
        } else {
            installation(lamp)
        };
        report.problem(format!("there is no program {}, so the LEDs stay dark", quoted(name)), fix);
        return;
    };
    called(lamp, &options(&words[1..]), report);
    // The one that runs in the end.
    let file = if called_file == OURS { chosen(lamp, report) } else { Some(called_file) };
    if lamp.system.runs {
        return;
    }
    match file {
        Some(file) => report.ok_otherwise(format!("pigpiod is installed, as {}", quoted(&file))),
        None => report.ok_otherwise("the kernel drives the LEDs"),
    }
}

fn find(system: &System, name: &str) -> Option<String> {
    if name.starts_with('/') {
        return system.exists(name).then(|| name.to_owned());
    }
    PATH.iter().map(|folder| format!("{folder}/{name}")).find(|path| system.exists(path))
}

/// The pigpiod that ours starts in its place, if it does.
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

/// What has something drive the LEDs.
fn light(system: &System, dark: &Dark) -> Option<Fix> {
    if has_package(system) && PATH.iter().all(|folder| !system.exists(format!("{folder}/pigpiod"))) {
        return Some(Action::Run(Tool::Install("pigpiod")).into());
    }
    match dark.pwm {
        State::NotEnabled(_) => Some(Fix::from(Action::EnablePwm).then([Action::Run(Tool::Reboot)])),
        State::RebootOutstanding => Some(Action::Run(Tool::Reboot).into()),
        State::Failed(_) => {
            let command = Typed::of_root("dmesg | grep -i pwm");
            Some(Fix::by_command("See what the kernel says of it", command))
        }
        _ => None,
    }
}

/// Raspberry Pi OS has a package of pigpiod up to bookworm.
fn has_package(system: &System) -> bool {
    let os = system.text("/etc/os-release").unwrap_or_default();
    let is_old = ["buster", "bullseye", "bookworm"]
        .iter()
        .any(|name| os.contains(&format!("VERSION_CODENAME={name}")));
    is_old && system.exists("/etc/apt/sources.list.d/raspi.list")
}

/// Brings a pigpiod that will do: that of the system, or ours in its place.
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

/// What its file has it called with.
fn called(lamp: &Lamp, options: &BTreeMap<char, String>, report: &mut Report) {
    let conf = paths::conf("pigpiod");
    if !options.contains_key(&'g') {
        report.problem(
            format!("{conf}: pigpiod leaves the foreground (no -g), so Supervisor loses it"),
            edit(lamp, "pigpiod", Edit::AddOption("-g")),
        );
    }
    if let Some(letter) = ['v', 'V'].iter().find(|letter| options.contains_key(letter)) {
        report.problem(
            format!("{conf}: pigpiod tells its version and ends (-{letter})"),
            edit(lamp, "pigpiod", Edit::RemoveOption { letter: *letter, has_value: false }),
        );
    }
    // With -n only those addresses may connect.
    if !['l', 'n', 'k'].iter().any(|letter| options.contains_key(letter)) {
        report.warning(
            format!("{conf}: pigpiod lets everybody in the network switch the pins (no -l)"),
            edit(lamp, "pigpiod", Edit::AddOption("-l")),
        );
    }
}

/// Whether it answers where `lamp_service` looks for it.
pub(super) fn answers(lamp: &Lamp, report: &mut Report) {
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
        // An old one is the finding; it need not know more.
        let drives = version < OLDEST || leds::drives(&mut client)?;
        Ok((version, drives, client.peer()))
    });
    match answer {
        Ok((version, ..)) if version < OLDEST => report.problem(
            format!("pigpiod is of version {version}, and the lamp needs {OLDEST} or newer"),
            installation(lamp),
        ),
        // Else that was told before.
        Ok((_, false, _)) if !matches!(Driver::of(lamp.system.root()), Driver::None(_)) => report.problem(
            "the LEDs stay dark: pigpiod runs without them, and its log says why",
            Action::Restart("pigpiod"),
        ),
        Ok((version, _, peer)) => report.ok_otherwise(format!("pigpiod {version} answers at {peer}")),
        Err(error) => {
            let process = lamp.processes.iter().find(|process| process.program == "pigpiod");
            let ports = process.map(|process| listening(&lamp.system, process.pid)).unwrap_or_default();
            if let Some(port) = ports.first().filter(|port| **port != address.port) {
                report.problem(
                    format!(
                        "pigpiod listens on port {port}, and lamp_service looks for it on {}",
                        address.port
                    ),
                    same_port(lamp, &words, *port),
                );
            } else if let Some(file) = &file
                && let Some(version) = version_of(&lamp.system, file).filter(|version| *version < OLDEST)
            {
                report.problem(
                    format!("{} is of version {version}, and the lamp needs {OLDEST} or newer", quoted(file)),
                    installation(lamp),
                );
            } else {
                let is_running = lamp.state_of("pigpiod").is_some_and(|state| state.name == "RUNNING");
                let fix = if is_running { Action::Restart("pigpiod") } else { Action::Start("pigpiod") };
                report.problem(format!("{error}, so the LEDs stay as they are"), fix);
            }
        }
    }
}

/// Brings pigpiod and `lamp_service` together.
fn same_port(lamp: &Lamp, words: &[String], port: u16) -> Fix {
    if options(words).contains_key(&'p') {
        return edit(lamp, "pigpiod", Edit::RemoveOption { letter: 'p', has_value: true });
    }
    let value = format!("localhost:{port}");
    let file = lamp.service.file().to_owned();
    Fix::from(Action::EditSettings { file, change: Setting::Write { name: "pigpiod", value } })
        .then(lamp.restart("lamp_service"))
}

/// The version that the program at `file` prints, if it does so soon; only that of this system is run.
fn version_of(system: &System, file: &str) -> Option<u32> {
    if !system.is_this() {
        return None;
    }
    let mut command = Command::new(file);
    command.arg("-v").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // A group of its own, so that what it starts ends with it.
    let mut child = command.process_group(0).spawn().ok()?;
    let line = first_line(child.stdout.take()?, PATIENCE);
    let _ = killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
    let _ = child.wait();
    line?.trim().parse().ok()
}

/// The first line that comes out of a pipe within `patience`.
fn first_line(mut pipe: ChildStdout, patience: Duration) -> Option<String> {
    let deadline = Instant::now() + patience;
    let mut text = Vec::new();
    // No version is as long as that.
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

/// TCP ports that a process listens on; none if only root may know.
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
            // 0A: it listens.
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
    fn a_program_that_prints_nothing_does_not_keep_the_doctor_waiting() {
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
    fn options_are_read_as_pigpiod_reads_them() {
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
