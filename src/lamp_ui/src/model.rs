// SPDX-License-Identifier: GPL-3.0-or-later
//! The state of the screen and the requests to publish, computed from messages and touches alone.
//!
//! `lamp_service` decides what the lamp shows. The model follows it without moving a slider under a finger,
//! and without a loop of corrections between two clients.

use std::time::{Duration, Instant};

use lamp::color::Color;
use lamp::set_config::SetConfig;
use lamp::state::LampState;

/// The screen's MQTT client ID, which also marks its own changes.
pub(crate) const CLIENT: &str = "lamp_ui";

/// The minimum time between two requests.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(10);

/// Why the controls are disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// There is no connection to the broker.
    Connecting,
    /// `lamp_service`, or its Last Will, has published that it is offline.
    ServiceAway,
    /// `lamp_service` has not published its state yet.
    Waiting,
}

impl Notice {
    /// A title and a sentence.
    pub(crate) fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Connecting => ("Connecting", "Waiting for the MQTT broker."),
            Self::ServiceAway => ("Lamp service offline", "Waiting for lamp_service."),
            Self::Waiting => ("Connecting", "Waiting for the lamp's state."),
        }
    }
}

/// The state of the communication with `lamp_service`.
#[derive(Debug, Default)]
pub(crate) struct Model {
    connected: bool,
    /// Whether `lamp_service` is online; `None` before its first message.
    service: Option<bool>,
    /// The shown state; `None` before `lamp_service` has published it; controls are disabled until then.
    shown: Option<LampState>,
    /// Another client's change while the finger is down, to show when it is lifted.
    held: Option<LampState>,
    finger_down: bool,
    /// The user's unpublished changes.
    unpublished: SetConfig,
    last_published: Option<Instant>,
    /// The published requests without a confirmation.
    unanswered: Option<Unanswered>,
    report: Report,
}

/// Requests without a confirmation.
#[derive(Debug)]
struct Unanswered {
    /// The last request. Its confirmation covers all earlier ones, because `lamp_service` handles them in
    /// order.
    last: SetConfig,
    /// All requests since the last confirmation, combined.
    all: SetConfig,
}

/// How to treat the state that a started service publishes, possibly with this screen's client ID.
#[derive(Debug, Default)]
enum Report {
    #[default]
    None,
    /// The last state with this screen's client ID that was ignored as an echo.
    Ignored(LampState),
    /// The service has started and has not published its state: show the next one, whoever requested it.
    Due,
}

impl Model {
    /// The state to show, or why the controls are disabled.
    pub(crate) fn shown(&self) -> Result<&LampState, Notice> {
        match &self.shown {
            _ if self.service == Some(false) => Err(Notice::ServiceAway),
            Some(state) => Ok(state),
            None if self.connected => Err(Notice::Waiting),
            None => Err(Notice::Connecting),
        }
    }

    /// The connection was made or lost: the lamp's state is unknown until it is published.
    pub(crate) fn connection(&mut self, connected: bool) {
        *self = Self {
            connected,
            finger_down: self.finger_down,
            last_published: self.last_published,
            ..Self::default()
        };
    }

    /// `lamp_service` came online or went offline. After it went offline, its next state is shown whoever
    /// requested it, and unsent changes are discarded. That state may arrive before the message that the
    /// service is online, which has another QoS.
    ///
    /// `retained`: the broker had the message before the subscription. After a power cut it may be outdated,
    /// so the following messages may not fit it: a service that came online just now missed the published
    /// request, and gets it again, or publishes another state than the retained one.
    pub(crate) fn service_came(&mut self, there: bool, retained: bool) {
        // A starting service may have published its state while the broker still has it as offline: the
        // connection state takes two steps (QoS 2), the state one.
        if !there && !retained && self.service != Some(false) {
            self.connection(self.connected);
        }
        self.service = Some(there);
        if retained || !there {
            return;
        }
        if let Some(Unanswered { all: mut missed, .. }) = self.unanswered.take() {
            missed.extend(&self.unpublished);
            if let Some(shown) = &mut self.shown {
                missed.clone().apply_to(shown);
            }
            self.unpublished = missed;
        } else {
            // It publishes its stored state, with this screen's client ID if that requested the last change.
            match std::mem::take(&mut self.report) {
                Report::Ignored(state) => self.take(state),
                Report::None | Report::Due => self.report = Report::Due,
            }
        }
    }

    /// `lamp_service` published a state.
    pub(crate) fn changed(&mut self, state: LampState) {
        if self.shown.is_none() {
            // Whoever requested it: it is the first known state after a start or a restart of the broker.
            self.shown = Some(state);
        } else if state.client == CLIENT && !matches!(self.report, Report::Due) {
            if self.unanswered.as_ref().is_some_and(|published| published.last.is_met_by(&state)) {
                // lamp_service accepted the last request. Other fields are as other clients set them.
                self.unanswered = None;
                self.held = None;
                self.take(state);
            } else {
                self.report = Report::Ignored(state);
            }
        } else {
            self.take(state);
        }
    }

    /// Shows a state that is not an echo, unless the user changed something later.
    fn take(&mut self, state: LampState) {
        self.report = Report::None;
        if self.finger_down || !self.unpublished.is_empty() {
            // The user's change is newer, even if it is not sent yet.
            self.held = Some(state);
        } else {
            self.shown = Some(state);
        }
    }

    /// A finger went down or was lifted.
    pub(crate) fn finger(&mut self, down: bool) {
        self.finger_down = down;
        if !down && self.unpublished.is_empty() && self.unanswered.is_none() {
            // The other client was last: lamp_service had accepted all requests before it published this.
            if let Some(state) = self.held.take() {
                self.shown = Some(state);
            }
        }
        if down {
            self.held = None;
        }
    }

    /// The user moved a slider or pressed the toggle.
    pub(crate) fn edit(&mut self, color: Color, brightness: f64, on: bool) {
        if self.service == Some(false) {
            return;
        }
        if let Some(shown) = &mut self.shown {
            let is_other_color =
                differ(color.hue, shown.color.hue) || differ(color.saturation, shown.color.saturation);
            let edited = SetConfig {
                client: CLIENT.into(),
                color: is_other_color.then_some(color),
                brightness: differ(brightness, shown.brightness).then_some(brightness),
                on: (on != shown.on).then_some(on),
            };
            self.unpublished.extend(&edited);
            edited.apply_to(shown);
        }
    }

    /// The time of the next request, if there is one.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        (!self.unpublished.is_empty())
            .then(|| self.last_published.map_or(now, |last| (last + PUBLISH_INTERVAL).max(now)))
    }

    /// Publishes the user's changes through `publish` when due. If this fails, they remain due.
    ///
    /// Only changed fields are sent: the others are, or will soon be, as other clients set them. The original
    /// lamp's screen always sends its complete state, but no client can tell the difference: clients follow
    /// `lamp/changed`, which is always complete, and `lamp_service` accepts partial requests from the
    /// Bluetooth client anyway.
    pub(crate) fn publish(&mut self, now: Instant, publish: impl FnOnce(&SetConfig) -> bool) {
        if self.due(now).is_none_or(|due| due > now) {
            return;
        }
        self.last_published = Some(now);
        if publish(&self.unpublished) {
            let last = std::mem::take(&mut self.unpublished);
            let mut all = self.unanswered.take().map(|unanswered| unanswered.all).unwrap_or_default();
            all.extend(&last);
            self.unanswered = Some(Unanswered { last, all });
        }
    }
}

/// Whether two numbers differ after rounding to two decimals.
fn differ(one: f64, other: f64) -> bool {
    (one - other).abs() > 0.004
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(hue: f64, client: &str) -> LampState {
        LampState { color: Color { hue, saturation: 0.5 }, brightness: 0.25, on: true, client: client.into() }
    }

    /// A request for the hue, with the current saturation.
    fn request(hue: f64) -> SetConfig {
        let color = Some(Color { hue, saturation: 0.5 });
        SetConfig { client: CLIENT.into(), color, ..SetConfig::default() }
    }

    fn edit(model: &mut Model, hue: f64) {
        model.edit(Color { hue, saturation: 0.5 }, 0.25, true);
    }

    /// The request published at `now`, if any.
    fn published(model: &mut Model, now: Instant) -> Option<SetConfig> {
        let mut sent = None;
        model.publish(now, |request| {
            sent = Some(request.clone());
            true
        });
        sent
    }

    fn hue(model: &Model) -> f64 {
        model.shown().unwrap().color.hue
    }

    /// A model with a known state, and a start time.
    fn known() -> (Model, Instant) {
        let mut model = Model::default();
        model.changed(state(0.1, "web"));
        (model, Instant::now())
    }

    #[test]
    fn nothing_is_published_before_the_lamp_has_published_its_state() {
        let mut model = Model::default();
        model.finger(true);
        edit(&mut model, 0.7);
        model.finger(false);
        assert_eq!(model.due(Instant::now()), None);
        assert_eq!(published(&mut model, Instant::now()), None);
        assert!(model.shown().is_err());
    }

    #[test]
    fn shows_the_first_state_even_if_it_is_an_echo() {
        let mut model = Model::default();
        model.changed(state(0.3, CLIENT));
        assert_eq!(model.shown(), Ok(&state(0.3, CLIENT)));
        model.changed(state(0.4, CLIENT));
        assert_eq!(model.shown(), Ok(&state(0.3, CLIENT)), "later echoes are not");
        model.connection(true);
        assert!(model.shown().is_err());
        model.changed(state(0.5, CLIENT));
        assert_eq!(model.shown(), Ok(&state(0.5, CLIENT)), "the first after a reconnect is");
    }

    #[test]
    fn at_most_one_message_in_ten_milliseconds_and_it_carries_the_newest_state() {
        let (mut model, start) = known();
        model.finger(true);
        edit(&mut model, 0.2);
        assert_eq!(published(&mut model, start), Some(request(0.2)), "the first goes out at once");
        edit(&mut model, 0.3);
        assert_eq!(model.due(start), Some(start + PUBLISH_INTERVAL));
        assert_eq!(published(&mut model, start + PUBLISH_INTERVAL / 2), None);
        edit(&mut model, 0.4);
        assert_eq!(published(&mut model, start + PUBLISH_INTERVAL), Some(request(0.4)));
        assert_eq!(model.due(start + PUBLISH_INTERVAL), None, "nothing is left to publish");
    }

    #[test]
    fn an_edit_that_changes_nothing_is_not_published() {
        let (mut model, start) = known();
        edit(&mut model, 0.1);
        assert_eq!(published(&mut model, start), None);
    }

    #[test]
    fn keeps_failed_requests_due() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        model.publish(start, |_| false);
        let later = start + PUBLISH_INTERVAL;
        assert_eq!(model.due(start), Some(later));
        assert_eq!(published(&mut model, later), Some(request(0.2)));
    }

    #[test]
    fn a_remote_change_waits_for_the_finger() {
        let (mut model, _) = known();
        model.finger(true);
        model.changed(state(0.9, "web"));
        assert!((hue(&model) - 0.1).abs() < 1e-9, "the thumb stays under the finger");
        model.finger(false);
        assert_eq!(
            model.shown(),
            Ok(&state(0.9, "web")),
            "the finger changed nothing, so the other change is shown"
        );
    }

    #[test]
    fn the_fingers_change_is_shown_if_it_is_last() {
        let (mut model, start) = known();
        model.finger(true);
        model.changed(state(0.9, "web"));
        edit(&mut model, 0.2);
        published(&mut model, start);
        model.finger(false);
        assert!((hue(&model) - 0.2).abs() < 1e-9);
        model.changed(state(0.2, CLIENT));
        assert!((hue(&model) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn the_other_change_is_shown_if_it_is_last() {
        let (mut model, start) = known();
        model.finger(true);
        edit(&mut model, 0.2);
        published(&mut model, start);
        model.changed(state(0.2, CLIENT));
        model.changed(state(0.9, "web"));
        assert!((hue(&model) - 0.2).abs() < 1e-9);
        model.finger(false);
        assert!((hue(&model) - 0.9).abs() < 1e-9);
    }

    #[test]
    fn screen_and_lamp_agree_after_concurrent_changes() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        published(&mut model, start);
        // lamp_service handled the other client's change first, then this screen's.
        model.changed(state(0.9, "web"));
        model.changed(state(0.2, CLIENT));
        assert!((hue(&model) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn late_echoes_of_a_drag_do_not_move_the_thumb_back() {
        let (mut model, start) = known();
        model.finger(true);
        for (step, hue) in [0.2, 0.3, 0.4].into_iter().enumerate() {
            edit(&mut model, hue);
            published(&mut model, start + PUBLISH_INTERVAL * step as u32);
        }
        model.finger(false);
        for echo in [0.2, 0.3, 0.4] {
            model.changed(state(echo, CLIENT));
            assert!((hue(&model) - 0.4).abs() < 1e-9);
        }
    }

    #[test]
    fn an_edit_that_is_about_to_be_sent_is_newer_than_a_remote_change() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        model.changed(state(0.9, "web"));
        assert_eq!(published(&mut model, start), Some(request(0.2)));
        model.changed(state(0.2, CLIENT));
        assert!((hue(&model) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn shows_and_keeps_other_fields_of_other_clients() {
        for lifted_early in [true, false] {
            let (mut model, start) = known();
            model.finger(true);
            model.changed(LampState { brightness: 0.75, ..state(0.1, "web") });
            edit(&mut model, 0.2);
            assert_eq!(published(&mut model, start), Some(request(0.2)), "without the brightness");
            if lifted_early {
                model.finger(false);
            }
            model.changed(LampState { brightness: 0.75, ..state(0.2, CLIENT) });
            model.finger(false);
            assert_eq!(model.shown(), Ok(&LampState { brightness: 0.75, ..state(0.2, CLIENT) }));
            // The next touch uses it.
            model.finger(true);
            model.edit(Color { hue: 0.2, saturation: 0.5 }, 0.75, false);
            let off = SetConfig { client: CLIENT.into(), on: Some(false), ..SetConfig::default() };
            assert_eq!(published(&mut model, start + PUBLISH_INTERVAL), Some(off));
        }
    }

    #[test]
    fn sends_all_missed_requests_again() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        published(&mut model, start);
        model.edit(Color { hue: 0.2, saturation: 0.5 }, 0.25, false);
        let later = start + PUBLISH_INTERVAL;
        published(&mut model, later);
        // It had stored another state.
        model.changed(LampState { brightness: 0.75, ..state(0.6, "web") });
        model.service_came(true, false);
        let missed = SetConfig { on: Some(false), ..request(0.2) };
        assert_eq!(published(&mut model, later + PUBLISH_INTERVAL), Some(missed));
        assert_eq!(model.shown(), Ok(&LampState { brightness: 0.75, on: false, ..state(0.2, CLIENT) }));
    }

    #[test]
    fn confirming_the_last_request_confirms_all() {
        let (mut model, start) = known();
        model.edit(Color { hue: 0.1, saturation: 0.5 }, 0.25, false);
        published(&mut model, start);
        model.edit(Color { hue: 0.2, saturation: 0.5 }, 0.25, false);
        assert_eq!(published(&mut model, start + PUBLISH_INTERVAL), Some(request(0.2)));
        model.changed(LampState { on: false, ..state(0.1, CLIENT) });
        // Another client switched it on in between.
        model.changed(state(0.1, "web"));
        model.changed(state(0.2, CLIENT));
        assert_eq!(model.shown(), Ok(&state(0.2, CLIENT)));
        model.service_came(true, false);
        assert_eq!(model.due(start), None, "no request is missing");
    }

    #[test]
    fn a_lost_connection_discards_unsent_changes() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        model.connection(true);
        model.changed(state(0.9, "web"));
        assert_eq!(published(&mut model, start), None);
    }

    #[test]
    fn shows_an_offline_service_and_its_first_state_when_it_is_back() {
        let (mut model, start) = known();
        assert_eq!(model.shown(), Ok(&state(0.1, "web")), "a service without a message may be online");
        edit(&mut model, 0.2);
        model.service_came(false, false);
        assert_eq!(model.shown(), Err(Notice::ServiceAway));
        assert_eq!(published(&mut model, start), None);
        // The state arrives before the message that the service is online.
        model.changed(state(0.5, CLIENT));
        model.service_came(false, false);
        assert_eq!(model.shown(), Err(Notice::ServiceAway));
        model.service_came(true, false);
        assert_eq!(model.shown(), Ok(&state(0.5, CLIENT)));
    }

    /// After a power cut the broker retains messages from its last orderly shutdown.
    #[test]
    fn the_state_of_a_started_service_replaces_a_retained_one() {
        for report_comes_first in [true, false] {
            let mut model = Model::default();
            model.connection(true);
            model.changed(state(0.1, "web"));
            model.service_came(true, true);
            if report_comes_first {
                model.changed(state(0.6, CLIENT));
                model.service_came(true, false);
            } else {
                model.service_came(true, false);
                model.changed(state(0.6, CLIENT));
            }
            assert_eq!(model.shown(), Ok(&state(0.6, CLIENT)));
            model.changed(state(0.7, CLIENT));
            assert_eq!(model.shown(), Ok(&state(0.6, CLIENT)), "later echoes are ignored");
        }
    }

    #[test]
    fn accepts_a_state_published_before_the_online_message() {
        for away_comes_first in [true, false] {
            let mut model = Model::default();
            model.connection(true);
            if away_comes_first {
                model.service_came(false, true);
                model.changed(state(0.6, CLIENT));
            } else {
                model.changed(state(0.6, CLIENT));
                model.service_came(false, true);
            }
            assert_eq!(model.shown(), Err(Notice::ServiceAway));
            model.service_came(true, false);
            assert_eq!(model.shown(), Ok(&state(0.6, CLIENT)), "nothing more is reported");
        }
        // The started service's state replaces an old retained one.
        let mut model = Model::default();
        model.connection(true);
        model.changed(state(0.1, CLIENT));
        model.service_came(false, true);
        model.changed(state(0.6, CLIENT));
        model.service_came(true, false);
        assert_eq!(model.shown(), Ok(&state(0.6, CLIENT)));
    }

    #[test]
    fn sends_a_missed_request_again_when_the_service_starts() {
        for client in ["web", CLIENT] {
            let (mut model, start) = known();
            model.service_came(true, true);
            edit(&mut model, 0.2);
            assert_eq!(published(&mut model, start), Some(request(0.2)));
            model.changed(state(0.6, client));
            model.service_came(true, false);
            let later = start + PUBLISH_INTERVAL;
            assert_eq!(published(&mut model, later), Some(request(0.2)), "after a state of {client}");
            model.changed(state(0.2, CLIENT));
            assert_eq!(model.shown(), Ok(&state(0.2, CLIENT)));
            assert_eq!(model.due(later), None);
        }
    }

    #[test]
    fn sends_a_newer_change_instead_of_a_missed_request() {
        let (mut model, start) = known();
        edit(&mut model, 0.2);
        published(&mut model, start);
        edit(&mut model, 0.3);
        model.service_came(true, false);
        assert_eq!(published(&mut model, start + PUBLISH_INTERVAL), Some(request(0.3)));
    }

    #[test]
    fn names_what_is_missing() {
        let mut model = Model::default();
        assert_eq!(model.shown(), Err(Notice::Connecting));
        model.connection(true);
        assert_eq!(model.shown(), Err(Notice::Waiting));
        model.service_came(true, false);
        assert_eq!(model.shown(), Err(Notice::Waiting));
        model.changed(state(0.1, ""));
        assert_eq!(model.shown(), Ok(&state(0.1, "")));
        model.connection(false);
        assert_eq!(model.shown(), Err(Notice::Connecting));
    }
}
