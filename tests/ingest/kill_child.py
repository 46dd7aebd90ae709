"""A load that dies, by `os._exit`, at the n-th step that leaves something on disk.

Steps are every staged part, every Delta append and every file of the quarantine, before and after it. Nothing is unwound:
no `finally` runs, no lock is let go but by the process ending.
"""

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graph.ledger import Ledger, delta
from graph.personal import Vault
from ingest.parts import PartWriter
from ingest.quarantine import Quarantine
from ingest.readers import text
from ingest.run import ingest

KILLED = 9
_PATIENCE_SECONDS = 120


def load(home: Path, manifest: Path, fatal_step: int = 0) -> tuple[int, int]:
    """Loads in a fresh process; its exit code, and how many steps the load had if it lived."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # so that only the first child pays for the imports
    process = context.Process(target=_load, args=(home, manifest, fatal_step))
    process.start()
    process.join(_PATIENCE_SECONDS)
    told = home / "steps"
    return process.exitcode or 0, int(told.read_text("utf-8")) if process.exitcode == 0 else 0


def _load(home: Path, manifest: Path, fatal_step: int) -> None:
    text.BLOCK = 200  # many chunks
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == fatal_step:
            os._exit(KILLED)

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any, **named: Any) -> Any:
            step()
            result = function(*arguments, **named)
            step()
            return result

        return stepped

    for owner, name in (
        (delta, "append"),
        (delta, "adopt"),
        (PartWriter, "_write"),
        (Quarantine, "write"),
        (Quarantine, "write_summary"),
    ):
        setattr(owner, name, around(getattr(owner, name)))
    ledger = Ledger.open(home / "ledger")
    vault = Vault.open(home / "ledger", home / "keys" / "personal.key")
    ingest(manifest, ledger, vault, quarantine=home / "quarantine", data_root=manifest.parent)
    (home / "steps").write_text(str(steps), "utf-8")
