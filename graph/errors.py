"""Errors a user can act on. The CLI prints them and exits 2; the API turns them into problem documents."""

from typing import Any


class YujingError(Exception):
    """A named, expected failure: `message` says what is wrong and where, `fix` what to do about it.

    `details` are what a program may want to know besides, ready for JSON.
    """

    def __init__(self, message: str, fix: str = "", field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.field = field
        self.details: dict[str, Any] = {}

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()

    def as_json(self) -> dict[str, Any]:
        """What `--json` prints of a refusal."""
        return {"refused": True, "error": self.message, "fix": self.fix, "field": self.field, **self.details}


class NotFoundError(YujingError):
    """What was asked for is not there on that day."""


class InputError(YujingError):
    """What was handed in cannot be used: a file, a manifest, a parameter."""


class ConflictError(YujingError):
    """The state moved on, or another process holds it."""


class UnavailableError(YujingError):
    """A store or service that is needed does not answer."""


class NotComputedError(UnavailableError):
    """The knowledge book has no run of that day; one firm can still be answered from the store."""
