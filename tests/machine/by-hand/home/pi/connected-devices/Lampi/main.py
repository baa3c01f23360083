#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
from lamp_common import serve

serve("lamp_ui")
