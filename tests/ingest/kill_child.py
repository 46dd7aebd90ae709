"""Run as a script: loads an inbox and dies, by `os._exit`, at the n-th step that leaves something on disk.

Steps are every staged part, every Delta append (before and after it), every file of the quarantine. Nothing is unwound:
no `finally` runs, no lock is let go but by the process ending.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

KILLED = 9


def main(home: Path, manifest: Path, fatal_step: int) -> None:
    from graph.ledger import Ledger, delta
    from graph.personal import Vault
    from ingest.parts import PartWriter
    from ingest.quarantine import Quarantine
    from ingest.readers import text
    from ingest.run import ingest

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

    for owner, name in ((delta, "append"), (PartWriter, "_write"), (Quarantine, "write"), (Quarantine, "write_summary")):
        setattr(owner, name, around(getattr(owner, name)))
    ledger = Ledger.open(home / "ledger")
    vault = Vault.open(home / "ledger", home / "keys" / "personal.key")
    ingest(manifest, ledger, vault, quarantine=home / "quarantine", data_root=manifest.parent)
    sys.stdout.write(f"{steps}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
