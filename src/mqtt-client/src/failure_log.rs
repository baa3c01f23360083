// SPDX-License-Identifier: GPL-3.0-or-later
//! Which failed attempts to connect are logged.

use log::warn;
use runtime::address::Address;

use crate::Error;

/// Logs attempts to connect that failed: the first since the last connection, and each new reason that the
/// owner must fix.
#[derive(Debug, Default)]
pub struct FailureLog {
    is_logged: bool,
    last: String,
    refusal: String,
}

impl FailureLog {
    /// Logs an attempt that failed, unless the log has its line already.
    pub fn failed(&mut self, broker: &Address, error: &Error) {
        if self.is_news(error) {
            warn!("cannot connect to MQTT broker {broker}: {error}; retrying");
        }
    }

    /// A connection was made. `is_logged` if the log has a line about its end.
    pub(crate) fn connected(&mut self, is_logged: bool) {
        *self = Self { is_logged, ..Self::default() };
    }

    fn is_news(&mut self, error: &Error) -> bool {
        let reason = error.to_string();
        let (is_refusal, is_certain) = match error {
            Error::Refused(_) | Error::NotAuthorized(_) | Error::NoLogin(_) => (true, true),
            // A broker that stops does so once.
            Error::Unanswered(_) => (true, self.last == reason),
            _ => (false, false),
        };
        // A broker that was absent first must not hide a refusal.
        let is_news = !self.is_logged || (is_certain && self.refusal != reason);
        if is_news && is_refusal {
            self.refusal.clone_from(&reason);
        }
        self.is_logged = true;
        self.last = reason;
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(reason: &str) -> Error {
        Error::NoLogin(reason.into())
    }

    #[test]
    fn logs_the_first_failure_and_each_new_refusal() {
        let mut log = FailureLog::default();
        assert!(log.is_news(&Error::NoAnswer));
        assert!(!log.is_news(&Error::Lost("Connection refused".into())));
        assert!(log.is_news(&refused("a")));
        assert!(!log.is_news(&Error::NoAnswer));
        assert!(!log.is_news(&refused("a")));
        assert!(log.is_news(&refused("b")));
        log.connected(true);
        assert!(!log.is_news(&Error::NoAnswer));
        assert!(log.is_news(&refused("b")));
        log.connected(false);
        assert!(log.is_news(&Error::NoAnswer));
    }

    #[test]
    fn logs_a_connect_without_an_answer_when_it_repeats() {
        let mut log = FailureLog::default();
        log.connected(true);
        let events = [
            (Error::Unanswered(65), false),
            (Error::NoAnswer, false),
            (Error::Unanswered(65), false),
            (Error::Unanswered(65), true),
            (Error::Unanswered(65), false),
        ];
        for (error, expected) in events {
            assert_eq!(log.is_news(&error), expected);
        }
        log.connected(false);
        assert!(log.is_news(&Error::Unanswered(65)));
        assert!(!log.is_news(&Error::Unanswered(65)));
    }
}
