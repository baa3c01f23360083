# SPDX-License-Identifier: GPL-3.0-or-later
"""Print for each main configuration file on standard input whether Supervisor's own code accepts it."""

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
    except Exception as error:  # An unexpected exception also prevents the start.
        return "refused " + repr(error).replace("\n", " ")
    return "accepted"


for line in sys.stdin:
    print(judge(line.rstrip("\n")).encode("ascii", "backslashreplace").decode())
