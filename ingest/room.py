"""A full disk is told as one, however the engine that met it says so."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.errors import UnavailableError, YujingError

_LEAST = 8 * 2**20  # bytes; with less than that left, what broke off broke off for want of room


@contextmanager
def room_on(folder: Path) -> Iterator[None]:
    """UnavailableError in place of an engine's own where the disk under `folder` has no room left."""
    try:
        yield
    except YujingError:
        raise
    except Exception as problem:
        free = shutil.disk_usage(folder).free
        if free >= _LEAST:
            raise
        said = f"The disk under {folder.parent} is full: {free / 2**20:.1f} MiB are left."
        raise UnavailableError(
            said, "Make room there, then run the same again; nothing that was committed is touched."
        ) from problem
