// SPDX-License-Identifier: GPL-3.0-or-later
//! Functions of a script: their commands run only if the function is called.

use std::collections::BTreeSet;

use super::Ran;
use crate::commands::Runs;
use crate::commands::words::is_assignment;

/// Commands, each with its function. Those in a function that is never called run nothing.
pub(super) fn called(all: Vec<(Option<String>, Ran)>) -> Vec<Ran> {
    let functions: BTreeSet<&str> = all.iter().filter_map(|(function, _)| function.as_deref()).collect();
    let mut called: BTreeSet<String> = BTreeSet::new();
    loop {
        let is_called =
            |function: &Option<String>| function.as_ref().is_none_or(|function| called.contains(function));
        let calls = all.iter().filter(|(function, _)| is_called(function));
        let calls: Vec<&String> =
            calls.filter_map(|(_, ran)| ran.words.iter().find(|word| !is_assignment(word))).collect();
        // A command such as `do_$1` can call one of several.
        let calls_it = |name: &str, call: &str| match call.split_once('$') {
            Some((begin, _)) => name.starts_with(begin),
            None => name == call,
        };
        let new: Vec<String> = functions
            .iter()
            .filter(|name| !called.contains(**name) && calls.iter().any(|call| calls_it(name, call)))
            .map(|name| (*name).to_owned())
            .collect();
        if new.is_empty() {
            break;
        }
        called.extend(new);
    }
    let functions: BTreeSet<String> = functions.into_iter().map(str::to_owned).collect();
    all.into_iter()
        .map(|(function, mut ran)| {
            let is_call = ran.words.first().is_some_and(|word| functions.contains(word));
            if is_call || function.is_some_and(|function| !called.contains(&function)) {
                ran.runs = Runs::default();
            }
            ran
        })
        .collect()
}
