"""Trouble of the machine during a load, by its name and with a fix."""

import errno
import re

import duckdb
from deltalake.exceptions import DeltaError
from polars.exceptions import PolarsError

from graph.errors import UnavailableError, YujingError

_ENGINES = (duckdb.Error, DeltaError, PolarsError, OSError)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FULL_WORDS = re.compile(
    r"no space left|file too large|quota exceeded|os error (27|28|122)\b|could not write all bytes", re.IGNORECASE
)
_MEMORY = "Raise YUJING_MEMORY_LIMIT, or free disk for the spill folder below the ledger."


def named(problem: Exception) -> Exception:
    """The trouble as an error that names its fix, where it is one of the machine's and none of ours; else the same exception."""
    if isinstance(problem, YujingError) or not isinstance(problem, _ENGINES):
        return problem
    said = str(problem).strip().partition("\n")[0]
    if getattr(problem, "errno", None) in _FULL or _FULL_WORDS.search(str(problem)):
        fix = "Free some, then run it again: nothing was loaded, and nothing is in the way."
        return UnavailableError(f"There is no room left to write: {said}.", fix, "disk")
    if isinstance(problem, duckdb.OutOfMemoryException):
        return UnavailableError(f"There is not enough memory: {said}.", _MEMORY, "memory")
    if isinstance(problem, OSError):
        where = f"{problem.filename}: {problem.strerror}" if problem.filename else said
        return UnavailableError(f"{where}.", "See that the path is there and may be read and written, then run it again.", "path")
    return problem
