// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi take-over` and `lampi doctor` on the machines of tests/legacy-setups, each with another manual
//! set-up: the take-over disables exactly what the doctor reports.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// The directory of the machines.
fn machines() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/legacy-setups")
}

/// Their names.
fn names() -> Vec<String> {
    let entries = fs::read_dir(machines()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() >= 22, "{names:?}");
    names
}

struct Machine(TempDir);

impl Machine {
    /// A copy of the machine with this name.
    fn new(name: &str) -> Self {
        let machine = Self::empty();
        let root = machine.root();
        let before = machines().join(name).join("before");
        let copied = Command::new("cp").args(["-R", "--no-dereference", "-T"]).arg(before).arg(root).status();
        assert!(copied.unwrap().success());
        if let Ok(package) = fs::read_to_string(machines().join(name).join("package")) {
            let mut lines = package.lines();
            let (package, version) = lines.next().unwrap().split_once(' ').unwrap();
            let files: Vec<String> = lines.map(|file| format!("/{file}\n")).collect();
            machine.package(package, version, &files.concat());
        }
        machine
    }

    /// A machine with only a user pi.
    fn empty() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::set_permissions(machine.root(), Permissions::from_mode(0o755)).unwrap();
        machine.write("etc/passwd", "root:x:0:0:root:/root:/bin/bash\npi:x:1000:1000::/home/pi:/bin/bash\n");
        machine.package("base-files", "1", "/etc\n");
        machine.package("lampi", "1.1.0", "/usr/bin/lampi\n");
        machine
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Adds a package with these files to dpkg's database.
    fn package(&self, name: &str, version: &str, files: &str) {
        let status = self.root().join("var/lib/dpkg/status");
        let known = fs::read_to_string(&status).unwrap_or_default();
        let entry = format!(
            "Package: {name}\nStatus: install ok installed\nMaintainer: x <x@x>\nArchitecture: all\n\
             Version: {version}\nDescription: x\n\n"
        );
        self.write("var/lib/dpkg/status", &(known + &entry));
        self.write(&format!("var/lib/dpkg/info/{name}.list"), files);
    }

    /// The output of `lampi take-over` with these arguments.
    fn take_over(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_lampi"))
            .args(["take-over", "--root"])
            .arg(self.root())
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    /// The doctor's findings about what else starts the lamp's programs: the sentence and the action that
    /// fixes it.
    fn doctor(&self) -> BTreeSet<(String, String)> {
        let output = Command::new(env!("CARGO_BIN_EXE_lampi"))
            .args(["doctor", "--json", "--root"])
            .arg(self.root())
            .output();
        let report: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .filter(|finding| finding["check"] == "boot" && finding["result"] != "ok")
            .map(|finding| {
                let fix = finding["fix"].as_u64().map(|at| &report["fixes"][at as usize]["steps"][0]);
                let action = fix.map(|step| step["action"].as_str().unwrap()).unwrap_or_default();
                (finding["text"].as_str().unwrap().to_owned(), action.to_owned())
            })
            .collect()
    }

    /// All files and symbolic links with their content, except dpkg's.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        fn collect(directory: &Path, files: &mut Vec<(String, Vec<u8>)>) {
            for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if path.ends_with("var/lib/dpkg") {
                    continue;
                }
                let content = if path.is_symlink() {
                    fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
                } else if path.is_dir() {
                    collect(&path, files);
                    continue;
                } else {
                    fs::read(&path).unwrap()
                };
                files.push((path.display().to_string(), content));
            }
        }
        let mut files = Vec::new();
        collect(self.root(), &mut files);
        files.sort();
        files
    }
}

/// The paths in the lines `disabled ... PATH ...`.
fn disabled(output: &str) -> BTreeSet<String> {
    let lines = output.lines().filter(|line| line.starts_with("disabled "));
    lines.map(|line| line.split([' ', ';']).find(|word| word.starts_with('/')).unwrap().to_owned()).collect()
}

#[test]
fn disables_exactly_what_the_doctor_reports() {
    for name in names() {
        let machine = Machine::new(&name);
        let before = machine.files();
        let findings = machine.doctor();
        let (to_take, to_name): (BTreeSet<_>, BTreeSet<_>) =
            findings.into_iter().partition(|(_, action)| action == "take-over");
        let to_take: BTreeSet<String> =
            to_take.iter().map(|(text, _)| text.split(' ').next().unwrap().to_owned()).collect();

        let planned = machine.take_over(&["--dry-run"]);
        assert_eq!(planned.matches("would disable ").count(), to_take.len(), "{name}: {planned}");
        assert_eq!(machine.files(), before, "{name}");

        let output = machine.take_over(&[]);
        assert_eq!(disabled(&output), to_take, "{name}: {output}");
        for (text, _) in &to_name {
            assert!(output.lines().any(|line| line.starts_with(text)), "{name}: {text} is not in {output}");
        }
        assert_eq!(machine.doctor(), to_name, "{name}");

        // A second time changes nothing.
        let after = machine.files();
        machine.take_over(&[]);
        assert_eq!(machine.files(), after, "{name}");
        // A backup contains each previous file.
        for (path, content) in &before {
            let is_kept =
                |(other, kept): &(String, Vec<u8>)| other.starts_with(path.as_str()) && kept == content;
            assert!(after.iter().any(is_kept), "{name}: {path}");
        }
    }
}

#[test]
fn overwrites_no_backup_and_follows_no_symbolic_link() {
    let machine = Machine::empty();
    let path = |name: &str| machine.root().join(name);
    machine.write("etc/cron.d/a", "@reboot root fbcp\n");
    machine.write("etc/cron.d/a.dpkg-bak", "somebody's");
    symlink(path("etc/passwd"), path("etc/cron.d/a.dpkg-bak.1")).unwrap();
    // The targets of the links belong to the user and stay unchanged.
    machine.write("home/pi/b.conf", "[program:b]\ncommand=fbcp\n[program:c]\ncommand=true\n");
    machine.write("home/pi/d.conf", "[program:d]\ncommand=fbcp\n");
    fs::create_dir_all(path("etc/supervisor/conf.d")).unwrap();
    symlink("/home/pi/b.conf", path("etc/supervisor/conf.d/b.conf")).unwrap();
    symlink(path("home/pi/d.conf"), path("etc/supervisor/conf.d/d.conf")).unwrap();
    machine.write("etc/cron.d/odd name", "@reboot root fbcp\n");
    let output = machine.take_over(&[]);
    assert!(output.contains("kept as /etc/cron.d/a.dpkg-bak.2"), "{output}");
    assert_eq!(fs::read_to_string(path("etc/cron.d/a.dpkg-bak")).unwrap(), "somebody's");
    assert!(fs::read_to_string(path("etc/passwd")).unwrap().starts_with("root:"));
    assert!(path("etc/supervisor/conf.d/d.conf.dpkg-bak").is_symlink(), "{output}");
    assert!(fs::read_to_string(path("home/pi/d.conf")).unwrap().contains("fbcp"));
    assert!(path("etc/cron.d/odd name").exists(), "cron does not read it");
}

#[test]
fn changes_nothing_in_a_directory_that_others_can_change() {
    let machine = Machine::empty();
    machine.write("etc/cron.d/a", "@reboot root fbcp\n");
    fs::set_permissions(machine.root().join("etc/cron.d"), Permissions::from_mode(0o777)).unwrap();
    let output = machine.take_over(&[]);
    assert!(
        output.contains("lampi does not change it, because users other than root can change its directory"),
        "{output}"
    );
    assert!(machine.root().join("etc/cron.d/a").exists());
}

#[test]
fn does_not_block_on_pipes() {
    let machine = Machine::empty();
    for directory in
        ["etc/cron.d", "etc/supervisor/conf.d", "etc/systemd/system/a.target.wants", "home/pi/.config"]
    {
        fs::create_dir_all(machine.root().join(directory)).unwrap();
    }
    for pipe in [
        "etc/cron.d/pipe",
        "etc/crontab",
        "etc/rc.local",
        "etc/supervisor/conf.d/pipe.conf",
        "etc/systemd/system/a.target.wants/pipe.service",
        "home/pi/.profile",
        "home/pi/.config/wayfire.ini",
    ] {
        nix::unistd::mkfifo(&machine.root().join(pipe), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    assert_eq!(machine.take_over(&[]), "only the package starts the lamp's programs\n");
}

#[test]
fn writes_each_change_to_the_journal() {
    let machine = Machine::empty();
    machine.write("etc/cron.d/a", "@reboot root fbcp\n");
    machine.write("etc/cron.d/b", "@reboot root fbcp\n@daily root true\n");
    machine.write("var/backups/journal", "");
    let output = machine.take_over(&["--part", "files", "--journal", "/var/backups/journal"]);
    assert_eq!(output.lines().count(), 2, "{output}");
    assert_eq!(
        fs::read_to_string(machine.root().join("var/backups/journal")).unwrap(),
        "moved\t/etc/cron.d/a\t/etc/cron.d/a.dpkg-bak\nreplaced\t/etc/cron.d/b\t/etc/cron.d/b.dpkg-bak\n"
    );
    // Without findings there is no output; without --journal no journal is written.
    assert_eq!(machine.take_over(&["--part", "files", "--journal", "/var/backups/journal"]), "");
    machine.write("etc/cron.d/c", "@reboot root fbcp\n");
    machine.take_over(&[]);
    assert_eq!(fs::read_dir(machine.root().join("var/backups")).unwrap().count(), 1);
}

/// Writes Debian's main file of Supervisor, with other includes.
fn supervisor(machine: &Machine, includes: &str) {
    machine
        .write("etc/supervisor/supervisord.conf", &format!("[supervisord]\n[include]\nfiles={includes}\n"));
}

#[test]
fn changes_no_file_that_may_belong_to_a_package() {
    let machine = Machine::empty();
    machine.write("etc/cron.d/other", "@reboot root fbcp\n");
    machine.package("other", "1", "/etc/cron.d/other\n");
    let output = machine.take_over(&[]);
    assert!(output.contains("lampi does not change it, because it belongs to the package other"), "{output}");
    // Truncated, as after a power failure.
    machine.write("var/lib/dpkg/info/base-files.list", "/etc");
    let output = machine.take_over(&[]);
    assert!(output.contains("because dpkg does not report whether it belongs to a package"), "{output}");
    assert!(machine.root().join("etc/cron.d/other").exists());
}

#[test]
fn ignores_the_package_s_own_files_under_any_path() {
    for includes in
        ["./conf.d/*.conf", "/etc/supervisor/./conf.d/*.conf", "/etc/supervisor/../supervisor/conf.d/*.conf"]
    {
        let machine = Machine::empty();
        supervisor(&machine, includes);
        machine.write("etc/supervisor/conf.d/lamp_ui.conf", "[program:lamp_ui]\ncommand=/usr/bin/lamp_ui\n");
        machine.write("etc/supervisor/conf.d/other.conf", "[program:x]\ncommand=fbcp\n");
        machine.package("other", "1", "/etc/supervisor/conf.d/other.conf\n");
        let output = machine.take_over(&[]);
        assert_eq!(
            output,
            "/etc/supervisor/conf.d/other.conf also starts fbcp; lampi does not change it, because it belongs to \
             the package other\n"
        );
    }
}

#[test]
fn leaves_a_configuration_that_supervisor_can_read() {
    for (one, other) in [
        // A group with other programs contains it.
        ("[program:old]\ncommand=fbcp\n", "[group:mine]\nprograms=old,clock\n[program:clock]\ncommand=cat\n"),
        // The rest of the section would have no command.
        ("[program:x]\ncommand=/usr/bin/fbcp\n", "[program:x]\nautostart=false\n"),
    ] {
        let machine = Machine::empty();
        supervisor(&machine, "/etc/supervisor/conf.d/*.conf");
        machine.write("etc/supervisor/conf.d/a.conf", one);
        machine.write("etc/supervisor/conf.d/b.conf", other);
        let output = machine.take_over(&[]);
        assert!(
            output.contains("a.conf also starts fbcp, and other files of Supervisor refer to it"),
            "{output}"
        );
        assert!(machine.root().join("etc/supervisor/conf.d/a.conf").exists());
    }
    // The last command of a section takes precedence, and a name that is not UTF-8 is not included.
    let machine = Machine::empty();
    supervisor(&machine, "/etc/supervisor/conf.d/*.conf");
    machine.write("etc/supervisor/conf.d/a.conf", "[program:l]\ncommand=fbcp\n[program:l]\ncommand=cat\n");
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.conf");
    fs::write(machine.root().join("etc/supervisor/conf.d").join(name), "[program:x]\ncommand=fbcp\n")
        .unwrap();
    assert_eq!(machine.take_over(&[]), "only the package starts the lamp's programs\n");
}

#[test]
fn reports_what_it_cannot_read() {
    let machine = Machine::empty();
    supervisor(&machine, "/srv/*.conf");
    machine.write("srv/a.conf", "");
    fs::File::options()
        .write(true)
        .open(machine.root().join("srv/a.conf"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    let output = machine.take_over(&[]);
    assert!(output.starts_with("cannot read Supervisor's files, so "), "{output}");
}

#[test]
fn only_reports_commands_that_do_more() {
    let machine = Machine::empty();
    supervisor(&machine, "/etc/supervisor/conf.d/*.conf");
    let files = [
        ("etc/cron.d/vpn", "@reboot root /usr/local/bin/fbcp & /home/pi/vpn.sh\n"),
        (
            "etc/supervisor/conf.d/kiosk.conf",
            "[program:kiosk]\ncommand=sh -c 'fbcp & exec chromium --kiosk'\n",
        ),
        ("etc/systemd/system/kodi.service", "[Service]\nExecStart=/bin/sh -c 'fbcp & exec kodi'\n"),
        ("etc/rc.local", "#!/bin/sh -e\nsu pi -c 'pigpiod' && cat <<END >/tmp/x\nreboot\nEND\nexit 0\n"),
    ];
    for (path, text) in files {
        machine.write(path, text);
    }
    fs::set_permissions(machine.root().join("etc/rc.local"), Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(machine.root().join("etc/systemd/system/multi-user.target.wants")).unwrap();
    symlink(
        "../kodi.service",
        machine.root().join("etc/systemd/system/multi-user.target.wants/kodi.service"),
    )
    .unwrap();
    let before = machine.files();
    let output = machine.take_over(&[]);
    assert_eq!(output.matches(" starts ").count(), files.len(), "{output}");
    assert_eq!(machine.files(), before, "{output}");
}

#[test]
fn a_user_cannot_misuse_the_take_over() {
    let machine = Machine::empty();
    let path = |name: &str| machine.root().join(name);
    fs::create_dir_all(path("home/pi/.config/autostart")).unwrap();
    fs::create_dir(path("root")).unwrap();
    machine.write("root/secret", "a\nfbcp\n");
    fs::set_permissions(path("root/secret"), Permissions::from_mode(0o600)).unwrap();
    symlink("/root/secret", path("home/pi/.profile")).unwrap();
    machine.write("home/pi/.bashrc", &format!("A=aaaaaaaaaaaaaaaa\n{}$A\n", "A=$A$A\n".repeat(60)));
    // A file name that looks like a message.
    machine.write("home/pi/.config/autostart/x; run: reboot.desktop", "[Desktop Entry]\nExec=fbcp\n");
    let output = machine.take_over(&[]);
    assert!(
        output.starts_with("'/home/pi/.config/autostart/x; run: reboot.desktop' also starts fbcp"),
        "{output}"
    );
    if nix::unistd::geteuid().is_root() {
        assert_eq!(output.lines().count(), 1, "{output}");
    }
    // Supervisor includes a user's directory: nothing is changed there, and no command is suggested.
    let machine = Machine::empty();
    supervisor(&machine, "/home/pi/*.conf");
    machine.write("home/pi/x.conf", "[program:x]\ncommand=fbcp\n");
    fs::set_permissions(machine.root().join("home/pi"), Permissions::from_mode(0o777)).unwrap();
    let output = machine.take_over(&[]);
    assert!(output.contains("because users other than root can change its directory"), "{output}");
    assert!(!output.contains("sudo ch"), "{output}");
}

#[test]
fn repairs_a_truncated_journal() {
    let machine = Machine::empty();
    machine.write("etc/cron.d/a", "@reboot root fbcp\n");
    machine.write("var/backups/journal", "moved\t/etc/x\t/etc/x.dp");
    machine.take_over(&["--part", "files", "--journal", "/var/backups/journal"]);
    assert_eq!(
        fs::read_to_string(machine.root().join("var/backups/journal")).unwrap(),
        "moved\t/etc/x\t/etc/x.dp\nmoved\t/etc/cron.d/a\t/etc/cron.d/a.dpkg-bak\n"
    );
}
