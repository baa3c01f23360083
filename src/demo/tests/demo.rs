// SPDX-License-Identifier: GPL-3.0-or-later
//! The demonstration: in a terminal, with a PNG file and in a window; observed by a real MQTT client; and
//! gone without a trace, however it ends.

use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use tempfile::TempDir;
use test_support::{MqttObserver, PATIENCE, Process, Signal, XSession, Xvfb, copy_program, wait_for};

/// A user without files.
const NOBODY: u32 = 65_534;

/// In the colour strip of the screen.
const STRIP: (usize, usize) = (120, 218);
/// In the power toggle.
const POWER: (usize, usize) = (120, 264);

const RED: &str = "LEDs  red 1000  green    0  blue    0  of 1000";
const CYAN: &str = "LEDs  red    0  green 1000  blue 1000  of 1000";
const DARK: &str = "LEDs  red    0  green    0  blue    0  of 1000";

const TO_CYAN: &str = r#"{"client": "test", "color": {"h": 0.5, "s": 1.0}}"#;

/// The programs that run while the lamp is shown.
const PROGRAMS: [&str; 4] = ["demo", "lamp_service", "lamp_ui", "mosquitto"];

fn is_root() -> bool {
    std::fs::metadata("/proc/self").expect("it runs").uid() == 0
}

/// Compiles the demonstration, its programs and the package builder, so that compile time does not affect the
/// tests.
fn compile() {
    static COMPILED: Once = Once::new();
    COMPILED.call_once(|| {
        for arguments in [
            "--features lamp_ui/desktop --package demo --package lamp_service --package lamp_ui --package fbcp",
            "--package lampi-deb",
        ] {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--locked"]).args(arguments.split(' '));
            assert!(cargo.status().expect("cargo runs").success());
        }
    });
}

/// A compiled program of this workspace.
fn compiled(program: &str) -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_demo")).with_file_name(program)
}

/// The environment of a demonstration.
struct Stage {
    /// The programs, which every user can read and run.
    programs: TempDir,
    /// The demonstration's temporary directory.
    directory: TempDir,
    /// The demonstration's standard output.
    stdout: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let [programs, directory] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary directory"));
        let stdout = programs.path().join("stdout");
        File::create(&stdout).expect("a file in a temporary directory");
        Self { programs, directory, stdout }
    }

    /// With the programs of this workspace; `lamp_ui` opens windows.
    fn with_programs() -> Self {
        compile();
        let stage = Self::new();
        for program in ["lamp_service", "lamp_ui", "fbcp", "demo"] {
            copy_program(&compiled(program), &stage.programs.path().join(program));
        }
        std::fs::set_permissions(stage.programs.path(), Permissions::from_mode(0o755)).expect("it exists");
        stage
    }

    /// A command for `program`. A variable of its environment marks its processes.
    fn call(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let stdout = File::options().append(true).open(&self.stdout).expect("it exists");
        command.env("TMPDIR", self.directory.path()).env_remove("DISPLAY").stdout(stdout);
        command
    }

    /// The same as a user who owns only the temporary directory, if root runs the test.
    fn call_as_nobody(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = self.call(program);
        if is_root() {
            chown(self.directory.path(), Some(NOBODY), Some(NOBODY)).expect("root may");
            command.uid(NOBODY).gid(NOBODY).env_remove("HOME");
        }
        command
    }

    /// The demonstration, beside its programs.
    fn demo(&self) -> PathBuf {
        self.programs.path().join("demo")
    }

    /// Starts a demonstration with compiled programs.
    fn start(&self) -> Process {
        Process::start(&mut self.call_as_nobody(self.demo()), "demo")
    }

    fn written(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.stdout).expect("it exists")).into_owned()
    }

    /// Waits for a line with this beginning, and returns the rest.
    #[track_caller]
    fn await_line(&self, start: &str) -> String {
        wait_for(start, 4 * PATIENCE, || {
            let written = self.written();
            let line = written.split_inclusive('\n').find(|line| line.trim_start().starts_with(start))?;
            Some(line.strip_suffix('\n')?.trim_start()[start.len()..].trim().to_owned())
        })
    }

    /// A client of the demonstration's broker.
    fn observer(&self) -> MqttObserver {
        let line = self.await_line("Broker    127.0.0.1:");
        let (port, _) = line.split_once(';').expect("a port, and how to use it");
        let mut observer = MqttObserver::connect(port.parse().expect("a port"), &["lamp/changed"]);
        // lamp_service lights the LEDs before it is connected. It subscribes before it publishes its state.
        observer.next("lamp/changed");
        observer
    }

    /// The demonstration's processes, by number and name, sorted by name.
    fn processes(&self) -> Vec<(i32, String)> {
        let mark = format!("TMPDIR={}", self.directory.path().display());
        let mut found: Vec<_> = std::fs::read_dir("/proc")
            .expect("there are processes")
            .filter_map(|entry| {
                let process = entry.ok()?;
                let number = process.file_name().to_str()?.parse().ok()?;
                let environment = std::fs::read(process.path().join("environ")).ok()?;
                let name = std::fs::read_to_string(process.path().join("comm")).ok()?;
                let is_marked = environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes());
                is_marked.then(|| (number, name.trim().to_owned()))
            })
            .collect();
        found.sort_by(|one, other| one.1.cmp(&other.1));
        found
    }

    /// Waits until every program runs, and returns them. fbcp runs only briefly.
    #[track_caller]
    fn await_programs(&self) -> Vec<(i32, String)> {
        wait_for("all programs run", PATIENCE, || {
            let mut running = self.processes();
            running.retain(|(_, name)| name != "fbcp");
            running.iter().map(|(_, name)| name.as_str()).eq(PROGRAMS).then_some(running)
        })
    }

    #[track_caller]
    fn assert_nothing_is_left(&self) {
        assert_eq!(self.processes(), [], "processes");
        let files: Vec<_> = std::fs::read_dir(self.directory.path()).expect("it exists").collect();
        assert!(files.is_empty(), "{files:?}");
    }
}

/// The addresses where a process listens for TCP connections.
fn listening_sockets(process: i32) -> Vec<String> {
    let inodes: Vec<String> = std::fs::read_dir(format!("/proc/{process}/fd"))
        .expect("it runs")
        .filter_map(|entry| {
            let link = std::fs::read_link(entry.ok()?.path()).ok()?;
            Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    let tables = ["tcp", "tcp6"].map(|table| std::fs::read_to_string(format!("/proc/net/{table}")));
    let sockets = tables.iter().flatten().flat_map(|table| table.lines().skip(1));
    sockets
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // The state LISTEN.
            (fields[3] == "0A" && inodes.iter().any(|inode| inode == fields[9])).then(|| fields[1].to_owned())
        })
        .collect()
}

/// The colour of the picture's strip, if there is a picture.
fn strip(picture: &Path) -> Option<[u8; 3]> {
    let decoder = png::Decoder::new(std::io::BufReader::new(File::open(picture).ok()?));
    let mut reader = decoder.read_info().expect("the picture is always complete");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it fits")];
    let info = reader.next_frame(&mut pixels).expect("the picture is always complete");
    assert_eq!((info.width, info.height, info.color_type), (240, 320, png::ColorType::Rgb));
    let start = (STRIP.1 * 240 + STRIP.0) * 3;
    Some([pixels[start], pixels[start + 1], pixels[start + 2]])
}

#[test]
fn an_unprivileged_user_sees_light_and_picture_change_and_nothing_remains() {
    let stage = Stage::with_programs();
    let mut demo = stage.start();
    stage.await_line(RED);
    let picture = stage.await_line("Screen");
    let picture = Path::new(picture.split_once(", kept").expect("a file, and that it changes").0);
    let directory = picture.parent().expect("it is in a directory");
    assert_eq!(std::fs::metadata(directory).expect("it exists").mode() & 0o777, 0o700);
    wait_for("a red picture", PATIENCE, || (strip(picture)? == [255, 0, 0]).then_some(()));

    let running = stage.await_programs();
    if is_root() {
        for (number, name) in &running {
            let owner = std::fs::metadata(format!("/proc/{number}")).expect("it runs").uid();
            assert_eq!(owner, NOBODY, "{name}");
        }
    }

    // Addresses are hexadecimal in native byte order: 127.0.0.1, with one port each.
    let listening = |name: &str| {
        let (number, _) = running.iter().find(|(_, running)| running == name).expect("it runs");
        listening_sockets(*number)
    };
    assert!(matches!(&listening("mosquitto")[..], [address] if address.starts_with("0100007F:")));
    assert!(matches!(&listening("demo")[..], [address] if address.starts_with("0100007F:")));
    assert_eq!(listening("lamp_service"), [""; 0]);
    assert_eq!(listening("lamp_ui"), [""; 0]);

    let mut observer = stage.observer();
    observer.publish("lamp/set_config", TO_CYAN);
    stage.await_line(CYAN);
    wait_for("a cyan picture", PATIENCE, || (strip(picture)? == [0, 255, 255]).then_some(()));
    let changed = observer.next_where("lamp/changed", |message| message.payload.contains(r#""test""#));
    assert!(changed.payload.contains(r#""h": 0.5"#), "{changed:?}");

    demo.signal(Signal::SIGINT);
    assert!(demo.await_end().success(), "{:?}", demo.log());
    assert!(demo.log().is_empty(), "{:?}", demo.log());
    stage.assert_nothing_is_left();
}

#[test]
fn every_terminating_signal_leaves_nothing_behind() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let stage = Stage::with_programs();
        let mut demo = stage.start();
        stage.await_line(RED);
        demo.signal(signal);
        assert!(demo.await_end().success(), "{signal}: {:?}", demo.log());
        stage.assert_nothing_is_left();
    }
}

#[test]
fn a_signal_at_any_moment_leaves_nothing_behind() {
    for name in PROGRAMS {
        let stage = Stage::with_programs();
        let mut demo = stage.start();
        // As soon as the first program runs, the second, and so on: not everything is up.
        wait_for(name, PATIENCE, || {
            stage.processes().iter().any(|(_, running)| running == name).then_some(())
        });
        // Before it handles signals, a signal ends it like any program, and nothing exists yet.
        demo.signal(Signal::SIGINT);
        demo.await_end();
        stage.assert_nothing_is_left();
    }
}

#[test]
fn interrupting_the_compilation_ends_all_processes() {
    compile();
    let stage = Stage::new();
    let mut call = stage.call(compiled("lampi-deb"));
    // A directory without compiled files.
    call.arg("demo").env("CARGO_TARGET_DIR", stage.programs.path());
    let mut demo = Process::start(&mut call, "lampi-deb");
    wait_for("a compiler", 4 * PATIENCE, || {
        stage.processes().iter().any(|(_, name)| name == "rustc").then_some(())
    });
    demo.signal(Signal::SIGINT);
    assert_eq!(demo.await_end().code(), Some(1));
    let log = demo.log();
    assert!(log.iter().any(|line| line.starts_with("lampi-deb: interrupted")), "{log:?}");
    wait_for("no process", PATIENCE, || stage.processes().is_empty().then_some(()));
}

/// In a terminal, Ctrl-C sends a signal to every process in the foreground.
#[test]
fn a_terminal_shows_the_colour_and_ctrl_c_leaves_nothing_behind() {
    let stage = Stage::with_programs();
    // Replaces the shell: some shells wait for the program, and Ctrl-C ends them too.
    let command = format!("exec {}", stage.demo().display());
    let mut call = stage.call_as_nobody("script");
    call.args(["--quiet", "--flush", "--return", "--command", &command, "/dev/null"]).stdin(Stdio::piped());
    let mut terminal = call.spawn().expect("script is part of every Debian");
    wait_for("a red patch", PATIENCE, || stage.written().contains("\x1b[48;2;255;0;0m ").then_some(()));
    stage.observer().publish("lamp/set_config", TO_CYAN);
    wait_for("a cyan patch", PATIENCE, || stage.written().contains("\x1b[48;2;0;255;255m ").then_some(()));
    // Kept until the end: otherwise script reports the end of the terminal's input.
    let mut keyboard = terminal.stdin.take().expect("it is piped");
    keyboard.write_all(b"\x03").expect("script reads");
    let status = terminal.wait().expect("it exists");
    assert!(status.success(), "{status}: {}", stage.written());
    stage.assert_nothing_is_left();
}

#[test]
fn the_end_of_any_program_is_reported_and_stops_the_others() {
    for victim in ["mosquitto", "lamp_service", "lamp_ui"] {
        let stage = Stage::with_programs();
        let mut demo = stage.start();
        stage.await_line(RED);
        let running = stage.await_programs();
        let (number, _) = running.iter().find(|(_, name)| name == victim).expect("it runs");
        kill(Pid::from_raw(*number), Signal::SIGKILL).expect("it runs");
        assert_eq!(demo.await_end().code(), Some(1));
        let [complaint] = &demo.log()[..] else { panic!("{:?}", demo.log()) };
        let start = format!(
            "demo: {victim} ended (signal: 9 (SIGKILL)), so the demonstration stopped; its last output: "
        );
        assert!(complaint.starts_with(&start), "{complaint}");
        stage.assert_nothing_is_left();
    }
}

#[test]
fn sigkill_ends_all_processes() {
    let stage = Stage::with_programs();
    let mut demo = stage.start();
    stage.await_line(RED);
    stage.await_programs();
    demo.kill();
    wait_for("no process", PATIENCE, || stage.processes().is_empty().then_some(()));
}

#[test]
fn reports_what_prevents_it_and_leaves_nothing_behind() {
    let stage = Stage::with_programs();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let port = taken.local_addr().expect("it has one").port().to_string();
    for (arguments, display, complaint) in [
        (["--programs", "/nonexistent"].as_slice(), None, "/nonexistent/fbcp does not exist".to_owned()),
        (&["--port", &port], None, format!("cannot use port {port} for the MQTT broker")),
        (&[], Some(":99999"), "cannot open a window on the X display :99999".into()),
    ] {
        let mut call = stage.call_as_nobody(stage.demo());
        call.args(arguments).envs(display.map(|display| ("DISPLAY", display)));
        let output = call.stderr(Stdio::piped()).output().expect("it starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && stderr.contains(&complaint), "{output:?}");
        stage.assert_nothing_is_left();
    }
    // Nobody reads its output.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut call = stage.call_as_nobody(stage.demo());
    let output = call.stdout(writer).output().expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && stderr.contains("cannot write to the terminal"), "{output:?}");
    stage.assert_nothing_is_left();
}

/// As in README, compiled by the package builder, which then starts the demonstration.
#[test]
fn on_a_desktop_the_window_can_be_used_and_closed() {
    compile();
    let server = Xvfb::start("240x320x24");
    let stage = Stage::new();
    let mut call = stage.call(compiled("lampi-deb"));
    let mut demo = Process::start(call.arg("demo").env("DISPLAY", server.display()), "lampi-deb");
    assert_eq!(stage.await_line("Screen"), "a window; use the mouse as the finger");

    let session = XSession::at(&server);
    session.await_color(STRIP, |color| color == [255, 0, 0]);
    stage.observer().publish("lamp/set_config", TO_CYAN);
    stage.await_line(CYAN);
    session.await_color(STRIP, |color| color == [0, 255, 255]);
    session.click(POWER);
    stage.await_line(DARK);
    session.close_window("lamp_ui");
    assert!(demo.await_end().success(), "{:?}", demo.log());
    stage.assert_nothing_is_left();
}
