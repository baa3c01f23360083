// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi status`.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use test_support::{Mosquitto, Pigpiod};

use crate::{Lamp, as_nobody, run};

impl Lamp {
    /// Writes the kernel's files of a lamp's panel and its touch screen.
    fn write_devices(&self) {
        for (file, content) in [
            ("proc/uptime", "200000.12 100.00"),
            ("sys/class/graphics/fb1/name", "fb_ili9341"),
            ("sys/class/graphics/fb1/virtual_size", "320,240"),
            ("sys/class/graphics/fb1/bits_per_pixel", "16"),
            ("sys/class/graphics/fb1/stride", "640"),
            ("sys/class/input/event0/device/name", "EP0110M09"),
            ("sys/class/input/event0/device/capabilities/abs", "3"),
            (
                "sys/class/input/event0/device/capabilities/key",
                &format!("400{}", " 0".repeat(0x14a / usize::BITS as usize)),
            ),
        ] {
            self.write(file, &format!("{content}\n"));
        }
    }

    fn status(&self) -> Value {
        let (status, output, errors) = self.call(&["status", "--json"]);
        assert_eq!((status, errors.as_str()), (Some(0), ""));
        serde_json::from_str(&output).unwrap()
    }

    /// The lines of the text, each with single spaces.
    fn screen(&self) -> Vec<String> {
        let (status, output, errors) = self.call(&["status"]);
        assert_eq!((status, errors.as_str()), (Some(0), ""));
        assert!(!output.contains('\x1b'), "{output}");
        output.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }
}

#[test]
fn shows_every_part_of_the_lamp() {
    let lamp = Lamp::new();
    lamp.write_devices();
    lamp.write_confs();
    fs::rename(
        lamp.path("etc/supervisor/conf.d/fbcp.conf"),
        lamp.path("etc/supervisor/conf.d/fbcp.conf.disabled"),
    )
    .unwrap();
    let supervisord = lamp.supervise();
    supervisord.await_state("lamp_service", "RUNNING");
    supervisord.control(&["stop", "lamp_ui"]);
    assert_eq!(lamp.ask(&["set", "--color", "#ff8000", "--brightness", "0.5"]).2, "");

    let status = lamp.status();
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["uptime"], 200_000);
    assert_eq!(status["supervisor"], Value::Null);
    let programs = status["programs"].as_array().unwrap();
    let found: Vec<_> =
        programs.iter().map(|p| (p["name"].as_str().unwrap(), p["state"].as_str().unwrap())).collect();
    assert_eq!(
        found,
        [("fbcp", "disabled"), ("pigpiod", "running"), ("lamp_service", "running"), ("lamp_ui", "stopped")]
    );
    assert_eq!(programs[2]["pid"].to_string(), supervisord.pid("lamp_service").trim());
    assert!(programs[2]["uptime"].as_u64().is_some_and(|seconds| seconds < 1000), "{status}");
    assert_eq!(programs[3]["pid"], Value::Null);
    assert_eq!(
        status["broker"],
        json!({"address": lamp.broker.address(), "reachable": true, "error": null, "bridges": {}})
    );
    let pigpiod = lamp.pigpiod.ask("pigpv").unwrap();
    assert_eq!(status["pigpiod"]["version"], pigpiod);
    assert!(status["pigpiod"]["address"].as_str().unwrap().ends_with(&format!(":{}", lamp.pigpiod.port())));
    assert_eq!(
        status["framebuffers"],
        json!([{
            "device": "/dev/fb1", "name": "fb_ili9341",
            "width": 320, "height": 240, "bits_per_pixel": 16, "stride": 640
        }])
    );
    assert_eq!(status["touch_screens"], json!([{"device": "/dev/input/event0", "name": "EP0110M09"}]));
    let client = status["light"]["client"].as_str().unwrap();
    assert!(client.starts_with("lamp_cmd_"), "{client}");
    assert_eq!(
        status["light"],
        json!({
            "hue": 0.08, "saturation": 1.0, "brightness": 0.5, "on": true,
            "client": client, "rgb": [127, 61, 0]
        })
    );

    let screen = lamp.screen();
    let shows = |begin: &str, end: &str| {
        assert!(
            screen.iter().any(|line| line.starts_with(begin) && line.ends_with(end)),
            "{begin} {end} in {screen:#?}"
        );
    };
    shows(&format!("LAMPI {}", env!("CARGO_PKG_VERSION")), ", machine up 2 days 7 h");
    shows("fbcp disabled", "to start it, run: sudo lampi enable fbcp");
    shows("lamp_service running pid ", " s");
    shows("lamp_ui stopped", "");
    shows(&format!("broker {}, accepts connections", lamp.broker.address()), "");
    shows("GPIO daemon", &format!(":{}, pigpiod {pigpiod}", lamp.pigpiod.port()));
    shows("framebuffer /dev/fb1, fb_ili9341, 320x240, 16 bits per pixel", "");
    shows("touch screen /dev/input/event0, EP0110M09", "");
    shows(&format!("light on, #7f3d00: hue 0.08, saturation 1.0, brightness 0.5, set by {client}"), "");
}

#[test]
fn shows_what_else_starts_the_programs() {
    let lamp = Lamp::with(Mosquitto::absent(), Pigpiod::absent(&["-g"]));
    lamp.write("etc/cron.d/0_fbcp", "@reboot root /usr/local/bin/fbcp &\n");
    lamp.write("etc/cron.d/backup", "@daily root /usr/local/bin/backup\n");
    assert_eq!(lamp.status()["also_started_by"], json!(["/etc/cron.d/0_fbcp"]));
    let shown = "also started by /etc/cron.d/0_fbcp; to disable it, run: sudo lampi take-over";
    assert!(lamp.screen().iter().any(|line| line == shown));
}

#[test]
fn shows_what_does_not_respond() {
    let lamp = Lamp::with(Mosquitto::absent(), Pigpiod::absent(&["-g"]));
    lamp.write_confs();
    let screen = lamp.screen();
    for (begin, part) in [
        ("fbcp stopped", ""),
        ("lamp_ui stopped", ""),
        ("Supervisor is not running; run: sudo systemctl start supervisor", ""),
        ("broker cannot connect to the MQTT broker", ""),
        ("GPIO daemon cannot connect to pigpiod", ""),
        ("framebuffer none", ""),
        ("touch screen none", ""),
        ("light unknown", ""),
    ] {
        assert!(
            screen.iter().any(|line| line.starts_with(begin) && line.contains(part)),
            "{begin} {part} in {screen:#?}"
        );
    }
    let status = lamp.status();
    assert_eq!((&status["broker"]["reachable"], &status["light"]), (&json!(false), &Value::Null));

    // A settings file with an error, at the path in the Supervisor file.
    lamp.write("etc/lampi/lamp_service.conf", "broker = here\n");
    let screen = lamp.screen();
    let file = lamp.path("etc/lampi/lamp_service.conf");
    let shown = format!("broker {}: broker is 'here': it must be HOST:PORT", file.display());
    assert!(screen.contains(&shown), "{screen:#?}");
}

#[test]
fn shows_why_a_program_does_not_start() {
    let lamp = Lamp::with(Mosquitto::absent(), Pigpiod::absent(&["-g"]));
    lamp.write_confs();
    lamp.write_conf("fbcp", "/nonexistent/fbcp");
    fs::remove_file(lamp.path("etc/supervisor/conf.d/lamp_ui.conf")).unwrap();
    let supervisord = lamp.supervise();
    supervisord.await_state("fbcp", "FATAL");
    let screen = lamp.screen();
    for line in [
        "fbcp fatal can't find command '/nonexistent/fbcp'",
        "lamp_ui missing Supervisor has not loaded it; run: sudo lampi doctor",
    ] {
        assert!(screen.iter().any(|found| found == line), "{line} in {screen:#?}");
    }
}

#[test]
fn shows_the_other_parts_without_root() {
    let lamp = Lamp::new();
    lamp.write_confs();
    let supervisord = lamp.supervise();
    supervisord.await_state("lamp_service", "RUNNING");
    let (status, output, errors) =
        as_nobody(lamp.root.path(), &["status", "--root", lamp.root.path().to_str().unwrap()]);
    assert_eq!((status, errors.as_str()), (Some(0), ""));
    for part in [
        "only root can connect to Supervisor; use sudo",
        "accepts connections",
        "GPIO daemon   [",
        "on, #ff0000",
    ] {
        assert!(output.contains(part), "{part} in {output}");
    }
}

#[test]
fn shows_the_colour_on_a_terminal() {
    let lamp = Lamp::new();
    let (_service, _observer) = lamp.serve();
    // script(1) runs the command on a terminal.
    let call = format!("'{}' status --root '{}'", env!("CARGO_BIN_EXE_lampi"), lamp.root.path().display());
    let on_terminal = |variable: &str| {
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &call, "/dev/null"]);
        run(command.env_remove("NO_COLOR").env(variable, "1")).1
    };
    let red = "light         \x1b[48;2;255;0;0m      \x1b[0m on, #ff0000";
    let (colored, plain) = (on_terminal("COLOR"), on_terminal("NO_COLOR"));
    assert!(colored.contains(red), "{colored:?}");
    assert!(plain.contains("light         on, #ff0000") && !plain.contains('\x1b'), "{plain:?}");
}
