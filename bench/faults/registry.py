"""All faults by name; a new one is a generator of trials in a module of this folder."""

from __future__ import annotations

from bench.faults import killing

FAULTS = {fault.name: fault for module in (killing,) for fault in module.FAULTS}
