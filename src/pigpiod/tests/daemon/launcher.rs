// SPDX-License-Identifier: GPL-3.0-or-later
//! The selection of the daemon: this one, or another on the PATH.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use test_support::{Machine, PATIENCE, Pigpiod, Process, Signal, free_port, pigs, wait_for, without_ipv6};

use crate::program::command;

/// Number of restarts in a test.
const RESTARTS: usize = 100;

/// The log line of this daemon without LEDs.
const DARK: &str = "running WITHOUT LEDs";

/// A machine and the only directory in PATH.
struct Lamp {
    machine: Machine,
    path: TempDir,
}

impl Lamp {
    fn new() -> Self {
        Self { machine: Machine::new(), path: tempfile::tempdir().unwrap() }
    }

    /// Installs a script as another pigpiod on the PATH.
    fn install(&self, script: &str) {
        let path = self.path.path().join("pigpiod");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Installs a pigpiod that refuses to run.
    fn install_refusing(&self) {
        self.install("echo 'unknown rev code' >&2; exit 1");
    }

    /// Installs a pigpiod that runs: like pigpio, it creates a file in /dev.
    fn install_working(&self) {
        let dev = self.machine.path().join("dev");
        self.install(&format!(
            "rm -f {0}/pigerr; echo >{0}/pigerr; echo works >&2; exec sleep 1000",
            dev.display()
        ));
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = command(&self.machine, options);
        // The scripts need rm.
        command.env("PATH", format!("{}:/usr/bin:/bin", self.path.path().display()));
        command.env("PIGPIO_PORT", free_port().to_string());
        command
    }

    fn launch(&self) -> Process {
        Process::start(&mut self.command(&["-g", "-l"]), "")
    }
}

#[test]
fn chips_for_all_leds_take_precedence_over_another_daemon() {
    let lamp = Lamp::new();
    lamp.install_working();
    lamp.machine.add_leds();
    let daemon = lamp.launch();
    daemon.await_log("driving the LEDs", 1);
    daemon.await_log("listening on 127.0.0.1:", 1);
}

#[test]
fn does_not_use_two_chips_of_three() {
    let lamp = Lamp::new();
    lamp.machine.add_chip("pwmchip0", 26);
    lamp.machine.add_chip("pwmchip1", 13);
    let daemon = lamp.launch();
    daemon.await_log(
        &format!(
            "{DARK} until their PWM chips appear: the kernel has none for GPIO 19, and there is no pigpiod"
        ),
        1,
    );
    lamp.install_working();
    lamp.launch().await_log("works", 1);
}

#[test]
fn passes_all_options_to_the_other_daemon() {
    let lamp = Lamp::new();
    let output = lamp.path.path().join("options");
    lamp.install(&format!("printf '%s\\n' \"$0\" \"$@\" $PIGPIO_PORT >{}", output.display()));
    let options = ["-gl", "-x", "0x2000", "-c", "1024", "-n", "127.0.0.1", "-s5", "-p", "1234"];
    let mut daemon = Process::start(lamp.command(&options).env("PIGPIO_PORT", "4321"), "");
    let pid = daemon.pid();
    assert_eq!(daemon.await_end().code(), Some(0));
    let own = lamp.path.path().join("pigpiod");
    let expected = [&[own.to_str().unwrap()], &options[..], &["4321"]].concat();
    assert_eq!(fs::read_to_string(output).unwrap().lines().collect::<Vec<_>>(), expected);
    assert_eq!(daemon.log().len(), 1, "{:?}", daemon.log());
    // It is the same process, as Supervisor requires.
    let record = fs::read_to_string(lamp.machine.path().join("run/lampi-pigpiod.started")).unwrap();
    assert!(record.starts_with(&format!("started {pid} ")), "{record}");
}

#[test]
fn a_refusal_applies_to_one_start() {
    let lamp = Lamp::new();
    lamp.install_refusing();
    for restart in 0..RESTARTS {
        let mut daemon = lamp.launch();
        if restart % 2 == 0 {
            assert_eq!(daemon.await_end().code(), Some(1));
            daemon.await_log("unknown rev code", 1);
        } else {
            daemon.await_log("listening on 127.0.0.1:", 1);
            assert!(daemon.log()[0].contains("exited immediately at its last start"), "{:?}", daemon.log());
            assert_eq!(daemon.terminate().code(), Some(0));
        }
    }
}

#[test]
fn retries_a_daemon_that_refused() {
    let lamp = Lamp::new();
    lamp.install_refusing();
    lamp.launch().await_end();
    let mut daemon = lamp.launch();
    daemon.await_log("exited immediately at its last start; retrying it in 10 s", 1);
    daemon.await_log("listening on 127.0.0.1:", 1);
    lamp.install_working();
    daemon.await_log("works", 1);
    assert!(!lamp.machine.path().join("var/run/pigpio.pid").exists(), "its lock is given back");
    assert_eq!(daemon.terminate().signal(), Some(Signal::SIGTERM as i32), "signals are not blocked");
}

#[test]
fn restarts_do_not_count_as_refusals() {
    let lamp = Lamp::new();
    lamp.install_working();
    for _ in 0..RESTARTS {
        let mut daemon = lamp.launch();
        daemon.await_log("works", 1);
        daemon.terminate();
    }
}

#[test]
fn retries_a_daemon_that_was_stopped_before_it_ran() {
    let lamp = Lamp::new();
    lamp.install("echo begins >&2; exec sleep 1000");
    let mut daemon = lamp.launch();
    daemon.await_log("begins", 1);
    daemon.terminate();
    lamp.launch().await_log(DARK, 1);
    lamp.launch().await_log("begins", 1);
}

#[test]
fn starts_a_daemon_that_was_installed_later() {
    let lamp = Lamp::new();
    for _ in 0..RESTARTS / 2 {
        let mut daemon = lamp.launch();
        daemon.await_log("there is no pigpiod on the PATH", 1);
        daemon.kill();
    }
    lamp.install_working();
    for _ in 0..RESTARTS / 2 {
        let mut daemon = lamp.launch();
        daemon.await_log("works", 1);
        daemon.kill();
    }
    // Removed again, for example by an upgrade of the system, and then there is PWM.
    fs::remove_file(lamp.path.path().join("pigpiod")).unwrap();
    lamp.launch().await_log("there is no pigpiod on the PATH", 1);
    lamp.machine.add_leds();
    lamp.launch().await_log("driving the LEDs", 1);
}

#[test]
fn does_not_start_pigpio_on_an_unsupported_board() {
    let lamp = Lamp::new();
    lamp.install_working();
    let compatible = lamp.machine.path().join("proc/device-tree/compatible");
    fs::write(&compatible, "raspberrypi,5-model-b\0brcm,bcm2712\0").unwrap();
    lamp.launch().await_log("/pigpiod does not support this board", 1);
    fs::write(&compatible, "raspberrypi,3-model-b\0brcm,bcm2837\0").unwrap();
    lamp.launch().await_log("works", 1);
}

#[test]
fn starts_neither_itself_nor_a_file_that_is_not_executable() {
    let lamp = Lamp::new();
    let own = lamp.path.path().join("pigpiod");
    symlink(env!("CARGO_BIN_EXE_pigpiod"), &own).unwrap();
    lamp.launch().await_log("there is no pigpiod on the PATH", 1);
    fs::remove_file(&own).unwrap();
    fs::create_dir(&own).unwrap();
    lamp.launch().await_log("there is no pigpiod on the PATH", 1);
    fs::remove_dir(&own).unwrap();
    fs::write(&own, "#!/nonexistent\n").unwrap();
    lamp.launch().await_log("there is no pigpiod on the PATH", 1);

    fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).unwrap();
    let daemon = lamp.launch();
    daemon.await_log("cannot start ", 1);
    daemon.await_log("listening on 127.0.0.1:", 1);
    let record = fs::read_to_string(lamp.machine.path().join("run/lampi-pigpiod.started")).unwrap();
    assert_eq!(record, "refused 1\n");
}

#[test]
fn starts_without_a_directory_for_the_record() {
    let lamp = Lamp::new();
    lamp.install_working();
    fs::remove_dir(lamp.machine.path().join("run")).unwrap();
    let daemon = lamp.launch();
    daemon.await_log("works", 1);
    daemon.await_log("cannot record the start of pigpiod", 1);
}

impl Lamp {
    /// Starts pigpio's own daemon, on simulated registers, and returns its port too.
    fn launch_pigpio(&self, options: &[&str]) -> (Process, u16) {
        let port = free_port();
        let mut command = self.command(options);
        command.env("PATH", format!("{}:/usr/bin:/bin", Pigpiod::program_directory().display()));
        command.env("LAMPI_PIGPIOD_DIR", self.dev()).env("PIGPIO_PORT", port.to_string());
        (Process::start(&mut command, ""), port)
    }

    fn dev(&self) -> PathBuf {
        self.machine.path().join("dev")
    }
}

#[test]
fn starts_pigpios_own_daemon_repeatedly() {
    let lamp = Lamp::new();
    let dev = lamp.dev();
    for _ in 0..5 {
        let (mut daemon, port) = lamp.launch_pigpio(&["-g", "-l"]);
        wait_for("it answers", PATIENCE, || (is_ready(&dev) && pigs(port, "pigpv").is_some()).then_some(()));
        assert_eq!(pigs(port, "p 5 7"), None);
        assert_eq!(pigs(port, "gdc 5"), Some(7), "a pin that this daemon does not support");
        assert!(daemon.log()[0].contains(" in place of this daemon: "), "{:?}", daemon.log());
        assert_eq!(daemon.terminate().code(), Some(0));
    }
}

#[test]
fn makes_pigpio_use_ipv4_without_ipv6_on_the_loopback() {
    without_ipv6(|| {
        for options in [&["-g", "-l"][..], &["-gl", "-x", "0x04082000", "-s5"]] {
            let lamp = Lamp::new();
            let (mut daemon, port) = lamp.launch_pigpio(options);
            daemon.await_log(
                "starting pigpiod with the option -n 127.0.0.1: the loopback interface has no IPv6 address",
                1,
            );
            wait_for("it answers", PATIENCE, || {
                (is_ready(&lamp.dev()) && pigs(port, "pigpv").is_some()).then_some(())
            });
            assert_eq!(pigs(port, "p 19 7"), None, "no number");
            assert_eq!(pigs(port, "gdc 19"), Some(7));
            let sockets = fs::read_to_string("/proc/thread-self/net/tcp").unwrap();
            assert!(sockets.contains(&format!(" 0100007F:{port:04X} 00000000:0000 0A ")), "{sockets}");
            assert_eq!(daemon.terminate().code(), Some(0));
        }
    });
}

#[test]
fn keeps_the_given_addresses_without_ipv6() {
    without_ipv6(|| {
        let lamp = Lamp::new();
        let told = lamp.path.path().join("options");
        lamp.install(&format!("printf '%s\\n' \"$@\" >{}", told.display()));
        for options in [&["-g"][..], &["-gk", "-l"], &["-g", "-l", "-n", "10.0.0.1"]] {
            fs::remove_file(lamp.machine.path().join("run/lampi-pigpiod.started")).ok();
            let mut daemon = Process::start(&mut lamp.command(options), "");
            assert_eq!(daemon.await_end().code(), Some(0));
            assert_eq!(fs::read_to_string(&told).unwrap().lines().collect::<Vec<_>>(), options);
            assert_eq!(daemon.log().len(), 1, "{:?}", daemon.log());
        }
    });
}

#[test]
fn listens_on_ipv4_without_ipv6() {
    without_ipv6(|| {
        let lamp = Lamp::new();
        lamp.machine.add_leds();
        let port = free_port();
        let daemon = Process::start(lamp.command(&["-g", "-l"]).env("PIGPIO_PORT", port.to_string()), "");
        wait_for("it listens", PATIENCE, || pigs(port, "pigpv"));
        assert_eq!(pigs(port, "p 19 255"), None, "no number");
        assert_eq!(lamp.machine.says("pwmchip4", "enable"), "1");
        let log = daemon.log();
        assert!(log.iter().any(|line| line.ends_with(&format!("listening on 127.0.0.1:{port}"))), "{log:?}");
    });
}

/// pigpio creates this FIFO last, when it is also ready for signals.
fn is_ready(dev: &Path) -> bool {
    dev.join("pigerr").exists()
}
