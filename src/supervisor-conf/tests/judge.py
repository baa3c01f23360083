# SPDX-License-Identifier: GPL-3.0-or-later
"""Says of each main configuration file on stdin whether Supervisor's own code would start with it."""

import io
import sys

from supervisor.options import ServerOptions


def judge(path):
    options = ServerOptions()
    options.stderr = io.StringIO()
    try:
        options.realize(["-c", path], doc="", progname="supervisord")
    except SystemExit:
        return "refused " + options.stderr.getvalue().splitlines()[0]
    except Exception as error:  # Not foreseen by Supervisor, but it does not start either.
        return "refused " + repr(error).replace("\n", " ")
    return "accepted"


for line in sys.stdin:
    print(judge(line.rstrip("\n")).encode("ascii", "backslashreplace").decode())
