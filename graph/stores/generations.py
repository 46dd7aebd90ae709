"""Generations of the embedded store: each a folder of its own, never written again; `current` names the one in use.

A reader holds a shared lock on its generation for as long as it reads; the builder removes old ones that nobody holds.
"""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from graph.errors import ConflictError, UnavailableError

DATABASE = "graph.lbug"
KEPT = 2

_STAGED = ".building-"


@dataclass(frozen=True)
class Manifest:
    """What a generation was built from."""

    through_seq: int
    ontology_hash: str
    engine_version: str
    nodes: int
    relations: int


class Held:
    """One generation with a shared lock on it, so that no builder removes it."""

    def __init__(self, folder: Path, lock: IO[bytes]) -> None:
        self.folder = folder
        self.manifest = Manifest(**json.loads((folder / "manifest.json").read_text()))
        self._lock = lock

    @property
    def database(self) -> Path:
        return self.folder / DATABASE

    def release(self) -> None:
        self._lock.close()


def current_name(root: Path) -> str:
    """The generation in use; UnavailableError where none was ever built."""
    try:
        return (root / "current").read_text().strip()
    except FileNotFoundError:
        raise UnavailableError(f"No graph has been built in {root}.", "Run 'yujing graph build'.") from None


def hold_current(root: Path) -> Held:
    """The generation in use, locked. If it is removed under our hands a newer one is in use, so look again."""
    for _ in range(50):
        folder = root / current_name(root)
        try:
            lock = (folder / "lock").open("rb")
            fcntl.flock(lock, fcntl.LOCK_SH)
            if (folder / "manifest.json").exists():
                return Held(folder, lock)
            lock.close()
        except FileNotFoundError:
            continue
    raise UnavailableError(f"The graph generation {folder} is not there.", "Run 'yujing graph build'.")


@contextmanager
def new_generation(root: Path) -> Iterator[Path]:
    """A folder to build in, under the only building lock. ConflictError while another process builds.

    What a killed build left is swept away first; on an error the folder is removed.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / "build.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConflictError(f"Another process is building the graph in {root}.", "Wait until it is done.") from None
    try:
        for left in root.glob(f"{_STAGED}*"):
            shutil.rmtree(left, ignore_errors=True)
        staged = root / f"{_STAGED}{secrets.token_hex(8)}"
        staged.mkdir()
        try:
            yield staged
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    finally:
        lock.release()


def publish(root: Path, staged: Path, manifest: Manifest) -> Path:
    """Makes a built folder the generation in use: read-only, renamed whole, then named by `current` in one step."""
    (staged / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1))
    (staged / "lock").touch()
    for file in (each for each in staged.rglob("*") if each.is_file()):
        file.chmod(0o444)
        _sync(file)
    folder = root / f"{manifest.through_seq:010d}-{secrets.token_hex(8)}"
    staged.rename(folder)
    naming = root / f".current-{secrets.token_hex(4)}"
    naming.write_text(folder.name)
    _sync(naming)
    naming.replace(root / "current")
    remove_unused(root)
    return folder


def remove_unused(root: Path) -> list[str]:
    """Removes all but the newest generations that no reader holds; returns their names."""
    current = current_name(root)
    folders = [f.parent for f in root.glob("*/manifest.json") if f.parent.name != current and not f.parent.name.startswith(".")]
    old = sorted(folders, key=lambda f: f.stat().st_mtime_ns, reverse=True)[KEPT - 1 :]
    return [folder.name for folder in old if _remove(folder)]


def _remove(folder: Path) -> bool:
    try:
        with (folder / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (folder / "manifest.json").unlink()  # whoever waited for the lock sees by this that the folder is gone
            shutil.rmtree(folder)
            return True
    except OSError:
        return False


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
