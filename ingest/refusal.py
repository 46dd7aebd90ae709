"""What a refused load says: every expected trouble by its name, with a fix, what was counted so far and where refused rows lie."""

import errno
import re
from typing import Any

import duckdb
from deltalake.exceptions import DeltaError
from polars.exceptions import PolarsError
from pydantic import ValidationError

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


def refusal_json(problem: Exception) -> dict[str, Any]:
    """The one object that `--json` prints for a load that was refused."""
    if isinstance(problem, YujingError):
        return {"refused": True, "error": problem.message, "fix": problem.fix, "field": problem.field, **problem.details}
    if isinstance(problem, ValidationError):
        wrong = problem.errors()[0]
        name = ".".join(str(part) for part in wrong["loc"])
        return {"refused": True, "error": f"{name}: {wrong['msg']}", "fix": "Set it to such a value.", "field": name}
    return {"refused": True, "error": str(problem), "fix": "", "field": ""}
