# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks with Home Assistant's own code that it reports a light exactly as a service call has set it.

The argument is the port of a broker, where a lamp_service is described below the prefix homeassistant. Each line of
standard input names a check; the answer to a successful one is "done".
"""

import asyncio
import pathlib
import sys
import tempfile

from homeassistant import bootstrap, loader
from homeassistant.components.light import LightEntityFeature
from homeassistant.config_entries import ConfigEntries, ConfigEntry, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry
from homeassistant.util.color import color_RGB_to_hs

PATIENCE = 20


def entry(port):
    """The integration, set up manually."""
    values = {
        "version": 1,
        "minor_version": 2,
        "domain": "mqtt",
        "title": "lamp",
        "data": {"broker": "127.0.0.1", "port": port, "discovery": True, "protocol": "3.1.1"},
        "options": {},
        "source": SOURCE_USER,
        "unique_id": None,
        "discovery_keys": {},
        "subentries_data": (),
    }
    return ConfigEntry(**values)


async def until(what, find):
    """Waits until find() returns something, and returns that."""
    for _ in range(PATIENCE * 100):
        found = find()
        if found:
            return found
        await asyncio.sleep(0.01)
    sys.exit(f"timed out after {PATIENCE} s: {what}")


async def main(port):
    directory = tempfile.mkdtemp()
    pathlib.Path(directory, "configuration.yaml").touch()
    hass = HomeAssistant(directory)
    hass.config.skip_pip = True
    hass.config_entries = ConfigEntries(hass, {})
    loader.async_setup(hass)
    await bootstrap.async_load_base_functionality(hass)
    await hass.config_entries.async_initialize()
    # Only its web pages need these.
    hass.config.components |= {"http", "file_upload"}
    await hass.config_entries.async_add(entry(port))
    await hass.async_start()

    def lights():
        return [state for state in hass.states.async_all("light") if state.state != "unavailable"]

    (light,) = await until("a light", lights)
    name = light.entity_id
    print("found", name, flush=True)

    async def call(service, expected, **data):
        await hass.services.async_call("light", service, {"entity_id": name, **data}, blocking=True)

        def as_expected():
            state = hass.states.get(name)
            return state.state == expected["state"] and all(
                state.attributes.get(key) == value for key, value in expected.items() if key != "state"
            )

        await until(f"{expected} after {service} {data}, not {hass.states.get(name)}", as_expected)

    async def exact():
        for brightness in range(1, 256):
            await call("turn_on", {"state": "on", "brightness": brightness}, brightness=brightness)
        for hue in range(0, 360):
            color = (float(hue), float(hue % 101))
            await call("turn_on", {"state": "on", "hs_color": color}, hs_color=color)
        for rgb in [(255, 0, 0), (12, 200, 31), (255, 254, 253), (1, 2, 3), (0, 0, 1)]:
            await call("turn_on", {"state": "on", "hs_color": color_RGB_to_hs(*rgb)}, rgb_color=rgb)
        all_at_once = {"brightness": 3, "hs_color": (120.0, 100.0)}
        await call("turn_on", {"state": "on", **all_at_once}, **all_at_once)
        await call("turn_off", {"state": "off"}, transition=0.2)
        await call("turn_on", {"state": "on", **all_at_once}, transition=1)

    async def dimmed():
        """Another client has dimmed the lamp to nothing."""
        await until("a dark lamp to be off", lambda: hass.states.get(name).state == "off")
        await call("turn_on", {"state": "on", "brightness": 255})

    async def same():
        """The lamp has restarted."""
        await until("the light", lambda: [light.entity_id for light in lights()] == [name])
        assert hass.states.get(name).attributes["brightness"] == 255

    async def upgraded():
        """An older version described another kind of light under the same topic."""

        def has_transition():
            return [light.attributes["supported_features"] & LightEntityFeature.TRANSITION for light in lights()] == [
                LightEntityFeature.TRANSITION
            ]

        await until("transitions", has_transition)
        assert [light.entity_id for light in lights()] == [name]

    async def gone():
        await until("no light", lambda: not hass.states.async_all("light"))
        registry = entity_registry.async_get(hass)
        await until("an empty registry", lambda: not registry.entities)

    checks = {check.__name__: check for check in [exact, dimmed, same, upgraded, gone]}
    reader = asyncio.StreamReader()
    await hass.loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while word := (await reader.readline()).decode().strip():
        await checks[word]()
        print("done", word, flush=True)
    await hass.async_stop(force=True)


asyncio.run(main(int(sys.argv[1])))
