"""All faults by name; a new one is a generator of trials in a module of this folder."""

from __future__ import annotations

from bench.arm64 import trial as emulating
from bench.faults import (
    clock,
    hostile,
    killing,
    netns,
    network,
    power,
    seeing,
    soaking,
    sounding,
    storing,
)

MODULES = (
    killing,
    seeing,
    network,
    netns,
    sounding,
    hostile,
    storing,
    power,
    clock,
    soaking,
    emulating,
)
FAULTS = {fault.name: fault for module in MODULES for fault in module.FAULTS}
