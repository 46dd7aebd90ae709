"""The most memory this process ever held."""

import resource
from pathlib import Path


def peak_mib() -> float:
    """Peak resident memory in MiB. Not `ru_maxrss`: a spawned process inherits in it what its parent held."""
    status = Path("/proc/self/status")
    told = [line for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM")] if status.exists() else []
    return int(told[0].split()[1]) / 1024 if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
