// SPDX-License-Identifier: GPL-3.0-or-later
//! Which daemon runs: this one, or another on the path.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use test_support::{Machine, PATIENCE, Pigpiod, Process, Signal, free_port, pigs, wait_for, without_ipv6};

use crate::program::command;

/// How often a machine is restarted that has nothing better to do.
const RESTARTS: usize = 100;

/// What this daemon says when it runs without LEDs.
const DARK: &str = "this daemon runs WITHOUT LEDs";

/// A machine, and the directory in which programs are looked for.
struct Lamp {
    machine: Machine,
    path: TempDir,
}

impl Lamp {
    fn new() -> Self {
        Self { machine: Machine::new(), path: tempfile::tempdir().unwrap() }
    }

    /// Puts another pigpiod on the path, a script.
    fn install(&self, script: &str) {
        let path = self.path.path().join("pigpiod");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// One that refuses to run.
    fn install_refusing(&self) {
        self.install("echo 'unknown rev code' >&2; exit 1");
    }

    /// One that runs: it makes a file in /dev as pigpio does, and says so.
    fn install_working(&self) {
        let dev = self.machine.path().join("dev");
        self.install(&format!(
            "rm -f {0}/pigerr; echo >{0}/pigerr; echo works >&2; exec sleep 1000",
            dev.display()
        ));
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = command(&self.machine, options);
        // Scripts need a rm.
        command.env("PATH", format!("{}:/usr/bin:/bin", self.path.path().display()));
        command.env("PIGPIO_PORT", free_port().to_string());
        command
    }

    fn launch(&self) -> Process {
        Process::start(&mut self.command(&["-g", "-l"]), "")
    }
}

#[test]
fn chips_for_all_leds_come_before_any_other_daemon() {
    let lamp = Lamp::new();
    lamp.install_working();
    lamp.machine.add_leds();
    let daemon = lamp.launch();
    daemon.await_log("this daemon drives the LEDs", 1);
    daemon.await_log("listening on 127.0.0.1:", 1);
}

#[test]
fn two_chips_of_three_are_as_good_as_none() {
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
fn the_other_daemon_is_given_all_options_unchanged() {
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
    // It is the same process, as Supervisor wants it.
    let record = fs::read_to_string(lamp.machine.path().join("run/lampi-pigpiod.started")).unwrap();
    assert!(record.starts_with(&format!("started {pid} ")), "{record}");
}

#[test]
fn one_that_refuses_is_believed_for_one_start_each_time() {
    let lamp = Lamp::new();
    lamp.install_refusing();
    for restart in 0..RESTARTS {
        let mut daemon = lamp.launch();
        if restart % 2 == 0 {
            assert_eq!(daemon.await_end().code(), Some(1));
            daemon.await_log("unknown rev code", 1);
        } else {
            daemon.await_log("listening on 127.0.0.1:", 1);
            assert!(daemon.log()[0].contains("ended at once when it was started last"), "{:?}", daemon.log());
            assert_eq!(daemon.terminate().code(), Some(0));
        }
    }
}

#[test]
fn one_that_refused_is_tried_again_by_itself() {
    let lamp = Lamp::new();
    lamp.install_refusing();
    lamp.launch().await_end();
    let mut daemon = lamp.launch();
    daemon.await_log("ended at once when it was started last and is tried again in 10 s", 1);
    daemon.await_log("listening on 127.0.0.1:", 1);
    lamp.install_working();
    daemon.await_log("works", 1);
    assert!(!lamp.machine.path().join("var/run/pigpio.pid").exists(), "its lock is given back");
    assert_eq!(daemon.terminate().signal(), Some(Signal::SIGTERM as i32), "signals are not blocked");
}

#[test]
fn one_that_works_is_never_condemned_by_restarts() {
    let lamp = Lamp::new();
    lamp.install_working();
    for _ in 0..RESTARTS {
        let mut daemon = lamp.launch();
        daemon.await_log("works", 1);
        daemon.terminate();
    }
}

#[test]
fn one_that_was_stopped_before_it_ran_has_another_chance() {
    let lamp = Lamp::new();
    lamp.install("echo begins >&2; exec sleep 1000");
    let mut daemon = lamp.launch();
    daemon.await_log("begins", 1);
    daemon.terminate();
    lamp.launch().await_log(DARK, 1);
    lamp.launch().await_log("begins", 1);
}

#[test]
fn one_that_appears_later_runs_at_the_next_start() {
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
    lamp.launch().await_log("this daemon drives the LEDs", 1);
}

#[test]
fn a_board_that_pigpio_does_not_know_is_not_tried() {
    let lamp = Lamp::new();
    lamp.install_working();
    let compatible = lamp.machine.path().join("proc/device-tree/compatible");
    fs::write(&compatible, "raspberrypi,5-model-b\0brcm,bcm2712\0").unwrap();
    lamp.launch().await_log("/pigpiod does not know this board", 1);
    fs::write(&compatible, "raspberrypi,3-model-b\0brcm,bcm2837\0").unwrap();
    lamp.launch().await_log("works", 1);
}

#[test]
fn neither_itself_nor_what_cannot_be_run_is_started() {
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
fn without_a_directory_for_the_stamp_it_starts_all_the_same() {
    let lamp = Lamp::new();
    lamp.install_working();
    fs::remove_dir(lamp.machine.path().join("run")).unwrap();
    let daemon = lamp.launch();
    daemon.await_log("works", 1);
    daemon.await_log("if pigpiod refuses to run, that will not be known", 1);
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
fn pigpios_own_daemon_runs_and_runs_again() {
    let lamp = Lamp::new();
    let dev = lamp.dev();
    for _ in 0..5 {
        let (mut daemon, port) = lamp.launch_pigpio(&["-g", "-l"]);
        wait_for("it answers", PATIENCE, || (is_ready(&dev) && pigs(port, "pigpv").is_some()).then_some(()));
        assert_eq!(pigs(port, "p 5 7"), None);
        assert_eq!(pigs(port, "gdc 5"), Some(7), "a pin that this daemon does not know");
        assert!(daemon.log()[0].contains(" in place of this daemon: "), "{:?}", daemon.log());
        assert_eq!(daemon.terminate().code(), Some(0));
    }
}

#[test]
fn without_ipv6_on_the_loopback_pigpio_is_told_to_use_ipv4() {
    without_ipv6(|| {
        for options in [&["-g", "-l"][..], &["-gl", "-x", "0x04082000", "-s5"]] {
            let lamp = Lamp::new();
            let (mut daemon, port) = lamp.launch_pigpio(options);
            daemon.await_log("pigpiod is told -n 127.0.0.1 too: the loopback has no IPv6 to listen on", 1);
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
fn whoever_chose_addresses_or_no_socket_keeps_to_it_without_ipv6() {
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
fn without_ipv6_this_daemon_listens_on_ipv4() {
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

/// It makes this FIFO last, when it is ready for signals too.
fn is_ready(dev: &Path) -> bool {
    dev.join("pigerr").exists()
}
