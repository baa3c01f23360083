// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi pwm` with the files of various machines.
//!
//! A directory in `tests/pwm/added` contains a config.txt `before` and `after` `lampi pwm enable`; `lampi pwm
//! disable` restores the first one. A directory in `tests/pwm/taken` contains one that uses a pin for another
//! purpose, and the `expected` error. To add a case, add a directory.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const CONFIG: &str = "boot/firmware/config.txt";
const OVERLAY: &str = "boot/firmware/overlays/pwm-gpio.dtbo";

/// A machine's files.
struct Machine(TempDir);

impl Machine {
    /// A Pi 4 with this config.txt, below another root.
    fn new(config: &[u8]) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.write(CONFIG, config);
        machine.write(OVERLAY, b"");
        machine.write("proc/device-tree/compatible", b"raspberrypi,4-model-b\0brcm,bcm2711\0");
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, content: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    fn chip(&self, number: u32, pin: u8) {
        let node = format!("sys/class/pwm/pwmchip{number}/device/of_node");
        self.write(&format!("{node}/compatible"), b"pwm-gpio\0");
        self.write(&format!("{node}/gpios"), &[0, 0, 0, 7, 0, 0, 0, pin, 0, 0, 0, 0]);
    }

    /// Exit status, standard output and standard error of `lampi pwm`, with the root directory replaced by
    /// ROOT.
    fn run(&self, action: &str) -> (Option<i32>, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lampi"));
        let Output { status, stdout, stderr } =
            command.args(["pwm", action, "--root"]).arg(self.0.path()).output().unwrap();
        let root = self.0.path().to_str().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(root, "ROOT");
        (status.code(), text(stdout), text(stderr))
    }

    #[track_caller]
    fn fine(&self, action: &str) -> String {
        let (status, output, errors) = self.run(action);
        assert_eq!((status, errors.as_str()), (Some(0), ""));
        output
    }

    /// Why the kernel does not drive the LEDs, without a pigpiod.
    #[track_caller]
    fn dark(&self) -> String {
        let (status, output, errors) = self.run("status");
        assert_eq!((status, errors.as_str()), (Some(1), ""), "{output}");
        output.strip_prefix("there is no pigpiod on the PATH, and ").expect(&output).to_owned()
    }

    /// The error of a command that fails and changes nothing.
    #[track_caller]
    fn refused(&self, action: &str) -> String {
        let files = || fs::read_dir(self.path("boot/firmware")).into_iter().flatten().count();
        let before = (fs::read(self.path(CONFIG)).ok(), files());
        let (status, output, errors) = self.run(action);
        assert_eq!((status, output.as_str()), (Some(1), ""), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        assert_eq!((fs::read(self.path(CONFIG)).ok(), files()), before, "{errors}");
        errors
    }
}

fn cases(kind: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pwm").join(kind);
    let mut cases: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

#[test]
fn adds_the_lines_once_and_removes_them_exactly() {
    for case in cases("added") {
        let [before, after] = ["before", "after"].map(|name| fs::read(case.join(name)).unwrap());
        let after = String::from_utf8(after).unwrap();
        let machine = Machine::new(&before);
        let output = machine.fine("enable");
        assert_eq!(machine.read(CONFIG), after, "{}", case.display());
        let again = machine.fine("enable");
        assert!(
            again.starts_with("ROOT/boot/firmware/config.txt already has the lines for GPIO 19, 26 and 13\n"),
            "{again}"
        );
        assert_eq!(machine.read(CONFIG), after, "{}", case.display());
        let backup = machine.path(&format!("{CONFIG}.lampi-bak"));
        if before == after.as_bytes() {
            assert!(output.contains("already") && !backup.exists(), "{output}");
            assert!(machine.fine("disable").ends_with("has no lines of lampi; nothing was changed\n"));
        } else {
            assert!(output.ends_with("\nthe change takes effect when the machine boots\n"), "{output}");
            assert_eq!(fs::read(backup).unwrap(), before);
            machine.fine("disable");
            assert_eq!(machine.read(&format!("{CONFIG}.lampi-bak.1")), after);
        }
        assert_eq!(fs::read(machine.path(CONFIG)).unwrap(), before, "{}", case.display());
    }
}

#[test]
fn rejects_a_config_that_uses_the_pins_otherwise() {
    for case in cases("taken") {
        let machine = Machine::new(&fs::read(case.join("before")).unwrap());
        let expected = fs::read_to_string(case.join("expected")).unwrap();
        assert_eq!(machine.refused("enable"), expected, "{}", case.display());
    }
}

#[test]
fn supports_the_path_of_older_systems() {
    let machine = Machine::new(b"");
    fs::remove_dir_all(machine.path("boot/firmware")).unwrap();
    machine.write("boot/config.txt", b"a=1\n");
    machine.write("boot/overlays/pwm-gpio.dtbo", b"");
    machine.fine("enable");
    assert!(machine.read("boot/config.txt").contains("gpio=26"));
    // The file of Raspberry Pi OS since bookworm.
    machine.write(
        "boot/config.txt",
        b"DO NOT EDIT THIS FILE\n\nThe file you are looking for has moved to /boot/firmware/config.txt\n",
    );
    assert!(
        machine
            .refused("enable")
            .contains("neither ROOT/boot/firmware/config.txt nor ROOT/boot/config.txt exists")
    );
    fs::create_dir(machine.path("boot/firmware")).unwrap();
    assert_eq!(
        machine.refused("enable"),
        "lampi: ROOT/boot/firmware is empty; mount the image's boot partition there\n"
    );
}

#[test]
fn reports_a_kernel_without_pwm_gpio() {
    let machine = Machine::new(b"a=1\n");
    machine.write("lib/modules/6.1.0-rpi7-rpi-v8/modules.dep", b"kernel/drivers/pwm/pwm-bcm2835.ko.xz:\n");
    assert!(machine.refused("enable").starts_with(
        "lampi: ROOT/lib/modules does not contain the module pwm-gpio: the kernel 6.1.0-rpi7-rpi-v8 has no PWM driver for the LEDs; "
    ));
    fs::remove_file(machine.path(OVERLAY)).unwrap();
    let error = machine.refused("enable");
    assert!(
        error.starts_with("lampi: ROOT/boot/firmware/overlays/pwm-gpio.dtbo does not exist: "),
        "{error}"
    );
    assert_eq!(format!("lampi: {}", machine.dark()), error, "status prints the same");
    assert!(error.contains("since November 2024, Debian's own kernels do not"), "{error}");
    machine.write(OVERLAY, b"");
    machine.write("lib/modules/6.12/modules.dep", b"kernel/drivers/pwm/pwm-gpio.ko.xz:\n");
    machine.fine("enable");
}

#[test]
fn does_not_change_edited_lines() {
    let machine = Machine::new(b"a=1\n");
    machine.fine("enable");
    let changed = machine.read(CONFIG).replace("gpio=26", "gpio=6");
    machine.write(CONFIG, changed.as_bytes());
    for action in ["enable", "disable"] {
        assert_eq!(
            machine.refused(action),
            "lampi: ROOT/boot/firmware/config.txt:3: the lines between the two comments of lampi were changed; remove them \
             and the comments manually\n"
        );
    }
}

#[test]
fn rejects_symbolic_links_and_directories_that_others_can_change() {
    let machine = Machine::new(b"a=1\n");
    machine.write("elsewhere", b"mine\n");
    let (config, directory) = (machine.path(CONFIG), machine.path("boot/firmware"));
    fs::set_permissions(&directory, Permissions::from_mode(0o775)).unwrap();
    assert!(
        machine
            .refused("enable")
            .contains("users other than its owner can write to ROOT/boot/firmware; run: sudo chmod go-w")
    );
    fs::set_permissions(&directory, Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(&config).unwrap();
    symlink(machine.path("elsewhere"), &config).unwrap();
    assert!(machine.refused("enable").contains("config.txt is a symbolic link, which is not allowed here"));
    assert_eq!(machine.read("elsewhere"), "mine\n");
    fs::rename(&directory, machine.path("other")).unwrap();
    symlink("../other", &directory).unwrap();
    assert!(
        machine.refused("enable").contains("boot/firmware is a symbolic link, which is not allowed here")
    );
}

#[test]
fn a_backup_overwrites_no_file_and_the_mode_stays() {
    let machine = Machine::new(b"a=1\n");
    fs::set_permissions(machine.path(CONFIG), Permissions::from_mode(0o751)).unwrap();
    symlink("../../elsewhere", machine.path(&format!("{CONFIG}.lampi-bak"))).unwrap();
    machine.write(&format!("{CONFIG}.lampi-bak.1"), b"older\n");
    let output = machine.fine("enable");
    assert!(
        output.starts_with("the previous file is kept as ROOT/boot/firmware/config.txt.lampi-bak.2\n"),
        "{output}"
    );
    assert_eq!(machine.read(&format!("{CONFIG}.lampi-bak.1")), "older\n");
    assert_eq!(machine.read(&format!("{CONFIG}.lampi-bak.2")), "a=1\n");
    assert!(!machine.path("elsewhere").exists());
    assert_eq!(machine.path(CONFIG).metadata().unwrap().mode() & 0o7777, 0o751);
}

/// A file system that is mounted for a test.
struct Mount(PathBuf);

impl Mount {
    fn new(options: &str, at: PathBuf) -> Self {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "lampi"]).arg(&at).status();
        assert!(mounted.unwrap().success(), "this test mounts file systems: run it as root");
        Self(at)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn changes_nothing_on_a_full_or_read_only_partition() {
    let machine = Machine::new(b"");
    let mount = Mount::new("size=16k,mode=755", machine.path("boot/firmware"));
    machine.write(CONFIG, b"a=1\n");
    machine.write(OVERLAY, b"");
    let filling = fs::write(machine.path("boot/firmware/filling"), vec![0; 1 << 16]);
    assert!(filling.is_err());
    let error = machine.refused("enable");
    assert!(error.contains("No space left on device"), "{error}");
    fs::remove_file(machine.path("boot/firmware/filling")).unwrap();
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&mount.0).status();
    assert!(remounted.unwrap().success());
    let error = machine.refused("enable");
    assert!(
        error.ends_with("is mounted read-only; run: sudo mount -o remount,rw ROOT/boot/firmware\n"),
        "{error}"
    );
}

#[test]
fn status_prints_one_sentence() {
    let machine = Machine::new(b"a=1\n");
    assert_eq!(
        machine.dark(),
        "config.txt has no lines for GPIO 19, 26 and 13; run: lampi pwm enable --root ROOT\n"
    );
    machine.fine("enable");
    let outstanding = "the lines for GPIO 19, 26 and 13 are in config.txt and take effect after a reboot\n";
    assert_eq!(machine.dark(), outstanding);
    // The machine started before the file was changed, and then long after it.
    machine.write("proc/uptime", b"3600.00 1.00\n");
    assert_eq!(machine.dark(), outstanding);
    machine.chip(7, 19);
    machine.chip(8, 26);
    let changed = std::time::SystemTime::now() - std::time::Duration::from_hours(2);
    fs::File::options().write(true).open(machine.path(CONFIG)).unwrap().set_modified(changed).unwrap();
    assert_eq!(
        machine.dark(),
        "the lines for GPIO 19, 26 and 13 are in config.txt, but the kernel has no PWM on GPIO 13; its log has the reason\n"
    );
    machine.chip(0, 13);
    assert_eq!(machine.fine("status"), "the kernel has PWM on GPIO 19, 26 and 13, the pins of the LEDs\n");
    assert_eq!(machine.fine("enable").lines().count(), 1, "no reboot is needed");
    machine.fine("disable");
    assert!(machine.fine("status").contains("but only until the next reboot; run: lampi pwm enable --root"));
}

#[test]
fn a_pigpiod_that_supports_the_board_needs_no_pwm() {
    let machine = Machine::new(b"a=1\n");
    machine.write("usr/bin/pigpiod", b"");
    fs::set_permissions(machine.path("usr/bin/pigpiod"), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(
        machine.fine("status"),
        "ROOT/usr/bin/pigpiod drives the LEDs, so the kernel's PWM is not needed\n"
    );
    machine.write("proc/device-tree/compatible", b"raspberrypi,5-model-b\0brcm,bcm2712\0");
    let (status, output, _) = machine.run("status");
    assert_eq!(status, Some(1));
    assert_eq!(
        output,
        "ROOT/usr/bin/pigpiod does not support this board, and config.txt has no lines for GPIO 19, 26 and 13; run: lampi pwm \
         enable --root ROOT\n"
    );
}

#[test]
fn a_pigpiod_that_ends_at_once_drives_no_leds() {
    let machine = Machine::new(b"a=1\n");
    machine.write("usr/bin/pigpiod", b"");
    fs::set_permissions(machine.path("usr/bin/pigpiod"), Permissions::from_mode(0o755)).unwrap();
    machine.write("run/lampi-pigpiod.started", b"refused 3\n");
    let (status, output, _) = machine.run("status");
    assert_eq!(status, Some(1));
    assert_eq!(
        output,
        "ROOT/usr/bin/pigpiod exited immediately at its last start, and config.txt has no lines for GPIO 19, 26 and 13; \
         run: lampi pwm enable --root ROOT\n"
    );
}

#[test]
fn names_a_conflicting_line_after_the_own_lines() {
    let machine = Machine::new(b"a=1\n");
    machine.fine("enable");
    let enabled = machine.read(CONFIG);
    machine.write(CONFIG, format!("{enabled}dtoverlay=hifiberry-dac\n").as_bytes());
    let conflict = "ROOT/boot/firmware/config.txt:9: dtoverlay=hifiberry-dac uses GPIO 19, \
                    a pin of the LEDs; remove the line or comment it out with #";
    assert_eq!(
        machine.refused("enable"),
        format!("lampi: {conflict}, and run: lampi pwm enable --root ROOT\n")
    );
    assert_eq!(machine.dark(), format!("{conflict}, then run: lampi pwm enable --root ROOT\n"));

    machine.write(CONFIG, enabled.replace("gpio=26", "gpio=21").as_bytes());
    let changed = "ROOT/boot/firmware/config.txt:3: the lines between the two comments of lampi were changed; \
                   remove them and the comments manually";
    assert_eq!(machine.refused("enable"), format!("lampi: {changed}\n"));
    assert_eq!(machine.dark(), format!("{changed}, then run: lampi pwm enable --root ROOT\n"));
}

#[test]
fn repeated_changes_leave_two_backups() {
    let machine = Machine::new(b"a=1\n");
    for _ in 0..5 {
        machine.fine("enable");
        machine.fine("disable");
    }
    assert_eq!(fs::read_dir(machine.path("boot/firmware")).unwrap().count(), 4, "with the overlays");
}

#[test]
fn reports_a_missing_root() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lampi"));
    let output = command.args(["pwm", "enable", "--root", "/nonexistent"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "lampi: there is no directory /nonexistent; set --root to the root directory of the machine's files\n"
    );
}

#[test]
fn only_root_can_change_the_machine() {
    for action in ["enable", "disable"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lampi"));
        let output = command.args(["pwm", action]).uid(65534).gid(65534).output();
        // The other user may not be able to read the program.
        let Ok(output) = output else { return };
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "lampi: this needs root; run it again with sudo\n"
        );
    }
}
