// SPDX-License-Identifier: GPL-3.0-or-later
//! The program itself on the directories of a simulated machine, with `pigs` and python3-pigpio as clients.

use std::fs;
use std::process::{Command, Output};

use pigpio::ErrorCode;
use pigpio::protocol::number;
use test_support::{Machine, PATIENCE, Process, Signal, free_port, pigs, wait_for};

use crate::wire::Wire;

/// The command of the daemon with `options`, without another pigpiod on the PATH.
pub(crate) fn command(machine: &Machine, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pigpiod"));
    command.env_clear().arg("--root").arg(machine.path()).args(options);
    command
}

/// The daemon, and its port.
fn start(machine: &Machine) -> (Process, u16) {
    loop {
        let port = free_port();
        let process =
            Process::start(command(machine, &["-g", "-l"]).env("PIGPIO_PORT", port.to_string()), "");
        if let Some(process) = runs(process, port) {
            return (process, port);
        }
    }
}

/// The process when it answers; `None` if another program uses its port.
pub(crate) fn runs(mut process: Process, port: u16) -> Option<Process> {
    let answers = wait_for("the daemon answers", PATIENCE, || {
        if process.ended().is_some() {
            println!("it ended: {:?}", process.log());
            return Some(false);
        }
        pigs(port, "pigpv").map(|_| true)
    });
    answers.then_some(process)
}

fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn pigs_drives_the_leds() {
    let machine = Machine::with_leds();
    let (mut daemon, port) = start(&machine);
    for (command, result) in [
        ("m 19 w", None),
        ("pfs 19 1000", Some(1000)),
        ("prs 19 1000", Some(200)),
        ("gdc 19", None),
        ("p 19 777", None),
        ("gdc 19", Some(777)),
        ("mg 19", Some(1)),
        ("w 26 1", None),
        ("r 26", Some(1)),
    ] {
        assert_eq!(pigs(port, command), result, "{command}");
    }
    for (chip, name, value) in [
        ("pwmchip4", "period", "1000000"),
        ("pwmchip4", "duty_cycle", "777000"),
        ("pwmchip4", "enable", "1"),
        ("pwmchip1", "duty_cycle", "1250000"),
        ("pwmchip0", "enable", "0"),
    ] {
        assert_eq!(machine.says(chip, name), value, "{name} of {chip}");
    }
    let log = daemon.log();
    assert!(log[0].contains("the kernel has a PWM chip for each of GPIO 19, 26, 13"), "{log:?}");

    assert_eq!(daemon.terminate().code(), Some(0));
    assert_eq!(machine.says("pwmchip4", "enable"), "1", "the light stays");
    assert!(!machine.path().join("var/run/pigpio.pid").exists());
}

#[test]
fn python_drives_the_leds() {
    let machine = Machine::with_leds();
    let (_daemon, port) = start(&machine);
    // A callback opens a connection with reports. Without a button, it is never called.
    let script = "
import pigpio, sys
pi = pigpio.pi('localhost', int(sys.argv[1]))
assert pi.connected
pi.set_mode(19, pigpio.OUTPUT)
print(pi.set_PWM_frequency(19, 200), pi.set_PWM_range(19, 1000), pi.set_PWM_dutycycle(19, 1))
print(pi.get_PWM_dutycycle(19), pi.get_PWM_range(19), pi.get_PWM_real_range(19), pi.get_PWM_frequency(19))
callback = pi.callback(19, pigpio.EITHER_EDGE, lambda *change: None)
callback.cancel()
try:
    pi.write(5, 1)
except pigpio.error as error:
    print(error)
print(pi.get_pigpio_version(), pi.get_current_tick() > 0)
pi.stop()
";
    let output = Command::new("/usr/bin/python3").args(["-c", script, &port.to_string()]).output();
    let Output { stdout, stderr, .. } = output.expect("python3 and python3-pigpio, from apt-get install");
    assert_eq!(
        String::from_utf8(stdout).unwrap(),
        "200 1000 0\n1 1000 1000 200\n'no permission to update GPIO'\n78 True\n",
        "{}",
        String::from_utf8_lossy(&stderr)
    );
    assert_eq!(machine.says("pwmchip4", "period"), "5000000");
    assert_eq!(machine.says("pwmchip4", "duty_cycle"), "5000");
}

#[test]
fn listens_on_loopback_only_with_any_options() {
    let machine = Machine::with_leds();
    let port = free_port();
    let port_option = port.to_string();
    let mut options = vec!["-p", &port_option, "-n", "10.0.0.1", "-n", "192.168.0.1", "-a", "1", "-b", "200"];
    options.extend(["-c", "1024", "-d", "5", "-e", "6", "-fkmg", "-s", "2", "-t", "0", "-x", "0x2000"]);
    let daemon = Process::start(&mut command(&machine, &options), "");
    daemon.await_log(&format!("listening on 127.0.0.1:{port} and [::1]:{port}"), 1);
    assert_eq!(pigs(port, "p 13 5"), None);
    assert_eq!(pigs(port, "gdc 13"), Some(5));
    assert_eq!(Wire::connect(port).ask([number::PWM, 19, 5]), ErrorCode::NOT_PERMITTED.0, "the mask");
    let sockets = daemon.sockets();
    let listening = |table: &str| -> Vec<String> {
        let lines = fs::read_to_string(table).unwrap();
        let fields = lines.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
        let ours = fields.filter(|fields| fields[3] == "0A" && sockets.contains(&fields[9].to_owned()));
        ours.map(|fields| fields[1].split(':').next().unwrap().to_owned()).collect()
    };
    assert_eq!(listening("/proc/net/tcp"), ["0100007F"]);
    assert_eq!(listening("/proc/net/tcp6"), ["00000000000000000000000001000000"]);
}

#[test]
fn refuses_to_run_twice() {
    let machine = Machine::with_leds();
    let (mut daemon, _) = start(&machine);
    let (code, _, stderr) = run(command(&machine, &[]).env("PIGPIO_PORT", free_port().to_string()));
    assert_eq!(code, Some(1));
    assert!(stderr.contains(&format!("another pigpiod is running as process {} ", daemon.pid())), "{stderr}");
    // The lock file of a killed daemon does not prevent a start.
    daemon.kill();
    assert!(machine.path().join("var/run/pigpio.pid").exists());
    let (daemon, port) = start(&machine);

    let other = Machine::with_leds();
    let (code, _, stderr) = run(command(&other, &[]).env("PIGPIO_PORT", port.to_string()));
    assert_eq!(code, Some(1));
    assert!(stderr.contains(&format!("cannot listen on port {port} of 127.0.0.1 and ::1; ")), "{stderr}");
    drop(daemon);
}

#[test]
fn uses_chips_that_appear_later() {
    let machine = Machine::new();
    let (daemon, port) = start(&machine);
    daemon.await_log("WITHOUT LEDs until their PWM chips appear: the kernel has none for GPIO 19, 26, 13", 1);
    let mut wire = Wire::connect(port);
    assert_eq!(wire.ask([0, 19, 1]), 0);
    assert_eq!(wire.ask([number::PWM, 19, 100]), ErrorCode::NOT_HPWM_GPIO.0);
    for (chip, line) in [("pwmchip0", 13), ("pwmchip1", 26), ("pwmchip4", 19)] {
        machine.add_chip(chip, line);
    }
    Machine::tell("add", "pwmchip4");
    wire.await_end();
    let mut wire = Wire::connect(port);
    assert_eq!(wire.ask([number::PWM, 19, 51]), 0);
    assert_eq!(machine.says("pwmchip4", "duty_cycle"), "250000");
}

#[test]
fn stops_at_a_signal() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let machine = Machine::with_leds();
        let (mut daemon, port) = start(&machine);
        let mut wire = Wire::connect(port);
        wire.ask([99, 0, 0]);
        daemon.signal(signal);
        assert_eq!(daemon.await_end().code(), Some(0), "{signal}");
        wire.await_end();
    }
}

#[test]
fn reports_usage_errors() {
    let machine = Machine::with_leds();
    for (options, code, text) in [
        (&["-p", "80"][..], 2, "it must be a port from 1024 to 32000"),
        (&["-x", "pins"], 2, "it must be a number, for example 0x04082000"),
        (&["-z"], 2, "unexpected argument '-z'"),
    ] {
        let (status, stdout, stderr) = run(&mut command(&machine, options));
        assert_eq!((status, &stdout[..]), (Some(code), ""), "{options:?}");
        assert!(stderr.contains(text), "{options:?}: {stderr}");
    }
    let (code, _, stderr) = run(command(&machine, &[]).env("PIGPIO_PORT", "x"));
    assert_eq!(code, Some(2));
    assert!(stderr.contains("the environment variable PIGPIO_PORT is \"x\"; it must be a port"), "{stderr}");
    let (code, _, stderr) = run(Command::new(env!("CARGO_BIN_EXE_pigpiod")).args(["--root", "/nonexistent"]));
    assert_eq!(code, Some(1));
    assert!(stderr.contains("cannot create the lock file /nonexistent/var/run/pigpio.pid: "), "{stderr}");
    for (option, begin) in
        [("-v", "78\n"), ("-V", "78\n"), ("--version", "lampi-pigpiod "), ("--help", "Drive")]
    {
        let (code, stdout, stderr) = run(&mut command(&machine, &[option]));
        assert_eq!((code, &stderr[..]), (Some(0), ""), "{option}");
        assert!(stdout.starts_with(begin), "{option}: {stdout}");
    }
}

#[test]
fn reports_the_board_and_a_missing_button() {
    let machine = Machine::with_leds();
    fs::write(machine.path().join("proc/cpuinfo"), "Hardware\t: BCM2835\nRevision\t: a02082\n").unwrap();
    let (daemon, port) = start(&machine);
    assert_eq!(pigs(port, "hwver"), Some(0xa0_2082));
    let mut wire = Wire::connect(port);
    for request in [[number::READ, 17, 0], [number::PUD, 17, 2], [number::READ, 17, 0]] {
        assert_eq!(wire.ask(request), ErrorCode::NOT_PERMITTED.0, "{request:?}");
    }
    // The answers may arrive before the log.
    daemon.await_log("the panel's button: ", 1);
    let lines = daemon.log().iter().filter(|line| line.contains("the panel's button: ")).count();
    assert_eq!(lines, 1, "{:?}", daemon.log());

    let machine = Machine::with_leds();
    fs::create_dir(machine.path().join("proc/device-tree/system")).unwrap();
    let revision = machine.path().join("proc/device-tree/system/linux,revision");
    fs::write(revision, 0x00c0_3112_u32.to_be_bytes()).unwrap();
    let (_daemon, port) = start(&machine);
    assert_eq!(pigs(port, "hwver"), Some(0xc0_3112));
}

#[test]
fn survives_any_bytes() {
    let machine = Machine::with_leds();
    let (mut daemon, port) = start(&machine);
    let mut bytes: u32 = 1;
    for _ in 0..200 {
        let mut wire = Wire::connect(port);
        let noise: Vec<u8> = (0..4000)
            .map(|_| {
                bytes = bytes.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Mostly small numbers, so that some are commands.
                if bytes & 0x300 == 0 { (bytes >> 24) as u8 & 0x7f } else { 0 }
            })
            .collect();
        // The daemon may close the connection.
        let _ = std::io::Write::write_all(&mut wire.0, &noise);
    }
    assert_eq!(Wire::connect(port).ask([26, 0, 0]), 78);
    assert_eq!(daemon.ended(), None);
    wait_for("all files are closed", PATIENCE, || (daemon.open_files() < 15).then_some(()));
}
