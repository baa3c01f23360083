#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate the JSON on standard input with the JSON schema in the file given as the first argument."""

import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
errors = list(jsonschema.Draft4Validator(schema).iter_errors(json.load(sys.stdin)))
for error in errors:
    print("/".join(str(part) for part in error.absolute_path), error.message)
sys.exit(1 if errors else 0)
