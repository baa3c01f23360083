// SPDX-License-Identifier: GPL-3.0-or-later
//! Chooses the input device: the first touch screen that a line of Kivy's `[input]` names.
//!
//! A line with a missing device, or another kind of device, is skipped. If all lines fail and one names a
//! device by its number in /dev/input, that number may be outdated: any touch screen is used instead, with
//! that line's calibration. A line without a calibration for an existing device, such as a keyboard, is not
//! outdated.

use std::cmp::Reverse;
use std::io;
use std::path::{Path, PathBuf};

use kivy_conf::input::{Device, Provider, Rule};
use touchscreen::{Protocol, Refusal};

/// A device to choose from.
pub(super) trait Candidate {
    /// The name from its driver.
    fn name(&self) -> &str;
    /// Its protocol if known, or why it is not a touch screen.
    fn protocol(&self) -> Result<Option<Protocol>, Refusal>;
}

/// The chosen touch screen.
#[derive(Debug)]
pub(super) struct Choice<D> {
    pub path: PathBuf,
    pub device: D,
    pub protocol: Option<Protocol>,
    /// The rule with the calibration.
    pub rule: Option<usize>,
    /// How many earlier rules failed.
    pub failed: usize,
    /// The outdated device that it replaces.
    pub in_place_of: Option<PathBuf>,
}

/// The result of a search.
#[derive(Debug)]
pub(super) struct Found<D> {
    pub choice: Option<Choice<D>>,
    /// Failed rules and the reasons, in whole sentences.
    pub complaints: Vec<(usize, String)>,
    /// A device without permission to open it, which may be the touch screen.
    pub refused: Option<PathBuf>,
}

/// Checks the first `limit` of the rules, or all of them and, if they fail, the other devices. `nodes` are
/// the machine's devices in order.
pub(super) fn choose<D: Candidate>(
    rules: &[Rule],
    limit: Option<usize>,
    nodes: &[PathBuf],
    mut open: impl FnMut(&Path) -> io::Result<D>,
) -> Found<D> {
    let mut found = Found { choice: None, complaints: Vec::new(), refused: None };
    let mut stale = Vec::new();
    for (index, rule) in rules.iter().enumerate().take(limit.unwrap_or(rules.len())) {
        let chosen = match &rule.device {
            Device::Path(path) => {
                look_at(path, &mut open, &mut found.refused).map_err(|(complaint, is_missing)| {
                    if is_missing || rule.options > 0 {
                        stale.push(index);
                    }
                    complaint
                })
            }
            device => look_for(nodes, &mut open, &mut found.refused, |name| device.is_named(name))
                .ok_or_else(|| not_found(device)),
        };
        match chosen {
            Ok((path, device, protocol)) => {
                let rule = Some(index);
                found.choice =
                    Some(Choice { path, device, protocol, rule, failed: index, in_place_of: None });
                return found;
            }
            Err(complaint) => found.complaints.push((index, complaint)),
        }
    }
    let by_number = || rules.iter().any(|rule| matches!(rule.device, Device::Path(_)));
    if limit.is_some() || !rules.is_empty() && !by_number() {
        return found;
    }
    if let Some((path, device, protocol)) = look_for(nodes, &mut open, &mut found.refused, |_| true) {
        let meant = meant(rules, &stale, protocol);
        let in_place_of = meant.map(|(_, path)| path.to_owned());
        let rule = meant.map(|(index, _)| index);
        found.choice = Some(Choice { path, device, protocol, rule, failed: rules.len(), in_place_of });
    }
    found
}

/// A sentence for a rule without a matching touch screen.
fn not_found(device: &Device) -> String {
    match device {
        Device::Named(name) if name.is_empty() => "there is no touch screen".to_owned(),
        Device::Named(name) => format!("no touch screen is named {name:?}"),
        Device::Fitting(expression) => format!("no touch screen has a name like {:?}", expression.as_str()),
        Device::Path(path) => format!("{} is not a touch screen", path.display()),
    }
}

/// The outdated rule that most likely named the touch screen: the one with most options and, of those, with a
/// provider for such a screen.
fn meant<'a>(rules: &'a [Rule], stale: &[usize], protocol: Option<Protocol>) -> Option<(usize, &'a Path)> {
    let suiting =
        if matches!(protocol, Some(Protocol::Single(_))) { Provider::Hidinput } else { Provider::Mtdev };
    let numbered = stale.iter().filter_map(|index| match &rules[*index].device {
        Device::Path(path) => Some((*index, &rules[*index], path)),
        Device::Named(_) | Device::Fitting(_) => None,
    });
    numbered
        .max_by_key(|(index, rule, _)| (rule.options, rule.provider == suiting, Reverse(*index)))
        .map(|(index, _, path)| (index, path.as_path()))
}

type Opened<D> = (PathBuf, D, Option<Protocol>);

/// Opens the device of a rule. Fails with a reason, and whether the device is missing.
fn look_at<D: Candidate>(
    path: &Path,
    open: &mut impl FnMut(&Path) -> io::Result<D>,
    refused: &mut Option<PathBuf>,
) -> Result<Opened<D>, (String, bool)> {
    let shown = path.display();
    let device = open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => (format!("{shown} is missing"), true),
        io::ErrorKind::PermissionDenied => {
            *refused = Some(path.to_owned());
            (format!("no permission to open {shown}"), false)
        }
        _ => (format!("cannot use {shown}: {error}"), false),
    })?;
    match device.protocol() {
        Ok(protocol) => Ok((path.to_owned(), device, protocol)),
        Err(refusal) => Err((format!("{shown} ({}) is not a touch screen: {refusal}", device.name()), false)),
    }
}

fn look_for<D: Candidate>(
    nodes: &[PathBuf],
    open: &mut impl FnMut(&Path) -> io::Result<D>,
    refused: &mut Option<PathBuf>,
    is_wanted: impl Fn(&str) -> bool,
) -> Option<Opened<D>> {
    nodes.iter().find_map(|path| match open(path) {
        Ok(device) => {
            let protocol = device.protocol().ok()?;
            is_wanted(device.name()).then(|| (path.clone(), device, protocol))
        }
        Err(error) => {
            if error.kind() == io::ErrorKind::PermissionDenied {
                *refused = Some(path.clone());
            }
            // Removed since the directory was read, or not an input device.
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use touchscreen::Capabilities;
    use touchscreen::codes::{
        ABS_MT_POSITION_X, ABS_MT_POSITION_Y, ABS_MT_SLOT, ABS_X, ABS_Y, BTN_TOUCH, INPUT_PROP_DIRECT,
    };

    use super::*;

    #[derive(Debug, Clone)]
    struct Fake(&'static str, Capabilities);

    impl Candidate for Fake {
        fn name(&self) -> &str {
            self.0
        }

        fn protocol(&self) -> Result<Option<Protocol>, Refusal> {
            self.1.protocol().map(Some)
        }
    }

    fn keyboard() -> Fake {
        Fake("keyboard", Capabilities::new(&[], &[1, 2, 3], &[]))
    }

    fn multi_touch(name: &'static str) -> Fake {
        let axes = [ABS_MT_SLOT, ABS_MT_POSITION_X, ABS_MT_POSITION_Y];
        Fake(name, Capabilities::new(&[INPUT_PROP_DIRECT], &[BTN_TOUCH], &axes))
    }

    fn single_touch(name: &'static str) -> Fake {
        Fake(name, Capabilities::new(&[], &[BTN_TOUCH], &[ABS_X, ABS_Y]))
    }

    /// The device's number, the rule and all failures, for lines of `[input]` and numbered devices.
    fn look(
        lines: &[&str],
        limit: Option<usize>,
        devices: &[(usize, Fake)],
    ) -> (Option<Choice<Fake>>, Vec<String>) {
        let rules: Vec<Rule> =
            lines.iter().map(|line| Rule::parse("line", line).unwrap().expect("a rule").0).collect();
        let node = |number: usize| PathBuf::from(format!("/dev/input/event{number}"));
        let nodes: Vec<PathBuf> = devices.iter().map(|(number, _)| node(*number)).collect();
        let found = choose(&rules, limit, &nodes, |path| {
            if path == node(9) {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            let device = devices.iter().find(|(number, _)| node(*number) == path);
            device.map(|(_, device)| device.clone()).ok_or_else(|| io::ErrorKind::NotFound.into())
        });
        (found.choice, found.complaints.into_iter().map(|(index, what)| format!("{index}: {what}")).collect())
    }

    #[track_caller]
    fn is_chosen(choice: Option<&Choice<Fake>>, number: usize, rule: Option<usize>, failed: usize) {
        let choice = choice.expect("one is chosen");
        assert_eq!(choice.path, PathBuf::from(format!("/dev/input/event{number}")));
        assert_eq!((choice.rule, choice.failed), (rule, failed));
    }

    #[test]
    fn chooses_the_first_touch_screen_without_lines() {
        let (choice, complaints) = look(&[], None, &[(0, keyboard()), (3, single_touch("ads"))]);
        is_chosen(choice.as_ref(), 3, None, 0);
        assert!(complaints.is_empty(), "{complaints:?}");
        assert!(look(&[], None, &[(0, keyboard())]).0.is_none());
    }

    #[test]
    fn skips_lines_without_a_touch_screen() {
        let lines =
            ["hidinput,/dev/input/event0", "mtdev,/dev/input/event5", "probesysfs,match=ft5", "probesysfs"];
        let (choice, complaints) = look(&lines, None, &[(0, keyboard()), (2, multi_touch("gt911"))]);
        is_chosen(choice.as_ref(), 2, Some(3), 3);
        assert_eq!(
            complaints,
            [
                "0: /dev/input/event0 (keyboard) is not a touch screen: it reports no positions",
                "1: /dev/input/event5 is missing",
                "2: no touch screen is named \"ft5\"",
            ]
        );
        // When it appears, an earlier line takes precedence.
        let devices = [(0, keyboard()), (2, multi_touch("gt911")), (5, multi_touch("ft5406"))];
        is_chosen(look(&lines, Some(3), &devices).0.as_ref(), 5, Some(1), 1);
        assert!(look(&lines, Some(3), &[(2, multi_touch("gt911"))]).0.is_none(), "later lines do not count");
    }

    #[test]
    fn an_outdated_number_falls_back_to_another_touch_screen() {
        let lines = ["hidinput,/dev/input/event0", "mtdev,/dev/input/event5,rotation=90"];
        let (choice, _) = look(&lines, None, &[(0, keyboard()), (2, multi_touch("ft5406"))]);
        is_chosen(choice.as_ref(), 2, Some(1), 2);
        assert_eq!(choice.unwrap().in_place_of, Some("/dev/input/event5".into()));
        // Without options, the provider decides.
        let lines = ["hidinput,/dev/input/event0", "mtdev,/dev/input/event5"];
        is_chosen(look(&lines, None, &[(2, multi_touch("ft5406"))]).0.as_ref(), 2, Some(1), 2);
        is_chosen(look(&lines, None, &[(2, single_touch("ads7846"))]).0.as_ref(), 2, Some(0), 2);
        // A keyboard's line names the keyboard, unless it has a touch screen's calibration.
        let devices = [(0, keyboard()), (2, multi_touch("ft5406"))];
        is_chosen(look(&["hidinput,/dev/input/event0"], None, &devices).0.as_ref(), 2, None, 1);
        is_chosen(look(&["mtdev,/dev/input/event0,rotation=90"], None, &devices).0.as_ref(), 2, Some(0), 1);
        // A name is never outdated.
        assert!(look(&["probesysfs,match=ft5"], None, &[(2, multi_touch("gt911"))]).0.is_none());
    }

    #[test]
    fn reports_a_device_without_permission() {
        let (choice, complaints) = look(&["mtdev,/dev/input/event9"], None, &[]);
        assert!(choice.is_none());
        assert_eq!(complaints, ["0: no permission to open /dev/input/event9"]);
    }
}
