"""Who reads the ledger. Each open ledger holds a lease, so that vacuum removes no file that its holder may have listed.

A lease is a locked file under `.readers/`; the lock goes with its process, however that ends.
"""

import fcntl
import secrets
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO

_FOLDER = ".readers"


class Lease:
    """Held from before the first file is listed until `release`, or the end of the process."""

    def __init__(self, root: Path) -> None:
        folder = root / _FOLDER
        folder.mkdir(exist_ok=True)
        path, file = _locked(folder)
        self.release = weakref.finalize(self, _end, path, file)


def oldest_reader_us(root: Path) -> int | None:
    """Since when the longest living reader reads, in UTC microseconds by the file system's clock; None where nobody does.

    Leases of processes that ended are removed.
    """
    living = []
    for path in (root / _FOLDER).glob("*"):
        with suppress(FileNotFoundError), path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                living.append(path.stat().st_mtime_ns // 1000)
            else:
                path.unlink(missing_ok=True)
    return min(living, default=None)


def _locked(folder: Path) -> tuple[Path, IO[bytes]]:
    """A new lease; if it was taken for a dead one before it was locked, another."""
    while True:
        path = folder / secrets.token_hex(8)
        file = path.open("xb")
        fcntl.flock(file, fcntl.LOCK_SH)
        if path.exists():
            return path, file
        file.close()


def _end(path: Path, file: IO[bytes]) -> None:
    path.unlink(missing_ok=True)
    file.close()
