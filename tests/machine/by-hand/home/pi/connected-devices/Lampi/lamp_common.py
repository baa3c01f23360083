# SPDX-License-Identifier: GPL-3.0-or-later
"""A replacement for the programs of a manual set-up, with the same client IDs at the broker. Never exits."""

import paho.mqtt.client


def serve(client_id):
    state = f"lamp/connection/{client_id}/state"
    client = paho.mqtt.client.Client(client_id)
    client.will_set(state, "0", qos=2, retain=True)
    client.on_connect = lambda *_: client.publish(state, "1", qos=2, retain=True)
    client.connect_async("localhost")
    client.loop_forever(retry_first_connection=True)
