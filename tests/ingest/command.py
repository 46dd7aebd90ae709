"""Runs `yujing` as its console script does, in this process: exit code and what was printed."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from yujing.cli import main


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    error: str


class Command:
    """The command line over one home."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._monkeypatch, self._capture = monkeypatch, capture

    def run(self, *arguments: str, data: Path | None = None) -> Done:
        with self._monkeypatch.context() as patch:
            patch.setenv("YUJING_HOME", str(self.home))
            patch.setenv("COLUMNS", "200")
            if data:
                patch.setenv("YUJING_DATA", str(data))
            patch.setattr(sys, "argv", ["yujing", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        printed = self._capture.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)
