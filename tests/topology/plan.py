"""How long each part of the story takes, in seconds: in the gate, and in the long mode."""

import dataclasses

# The long mode's outages are as long as the shipped rules demand, and take so much of its time.
LONG_LEAST = 45


@dataclasses.dataclass
class Plan:
    # All durations of the shipped rules are divided by it.
    factor: int
    # Entries a second.
    rate: float
    # Of random faults, before and after the upgrade.
    chaos: float
    # How long a new writer may be unready before the next one is replaced.
    patience: float
    # Between two outages.
    gap: float
    # Load without faults, at the end.
    calm: float
    # Flags of the writers.
    settings: dict
    # Of the S3 server.
    has_store_outage: bool
    # For the whole story of one witness.
    has_witness_outage: bool


def plan(minutes):
    """The gate's without minutes."""
    settings = {"FASTI_REPUBLISH_SECONDS": "60"}
    if not minutes:
        scaled = settings | {"FASTI_DRAIN_SECONDS": "1", "FASTI_LOOKUP_SECONDS": "1"}
        return Plan(15, 20.0, 10.0, 6.0, 8.0, 5.0, scaled, False, False)
    if minutes < LONG_LEAST:
        raise SystemExit(f"FASTI_TOPOLOGY_MINUTES: the shipped alerts need {LONG_LEAST} at least")
    calm = 720.0
    chaos = (minutes * 60 - calm - 21.5 * 60) / 2
    return Plan(1, 40.0, chaos, 20.0, 60.0, calm, settings, True, True)
