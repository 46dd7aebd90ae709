"""docs/operator.md is what happens: its blocks run in order in one shell, and what stands under a block is what came."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "operator.md").read_text("utf-8")
MONDAY = "2026-04-06T02:00:00+00:00"  # ten in the morning where the bank is
_DAYS = {"Monday": 0, "Tuesday": 1, "Wednesday": 2, "Thursday": 3, "Friday": 4, "Monday again": 7}
_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"^(yujing .*) # exit (\d)$", re.MULTILINE)
_END = "-- end of block --"

# `yujing` with the clock set to a day of the week; only the clock is moved, before anything has read it.
_YUJING = """
import sys, time
from datetime import datetime, timedelta
from graph import clock
began, day = float(sys.argv.pop(1)), int(sys.argv.pop(1))
set_to = datetime.fromisoformat(sys.argv.pop(1)) + timedelta(days=day)
clock.now_us = lambda: clock.to_us(set_to) + int((time.time() - began) * 1e6)
from yujing.cli import main
main()
"""
# What a person does in a spreadsheet program between download and repair.
_MEND = """
from openpyxl import load_workbook
book = load_workbook("rows.xlsx")
sheet = book.worksheets[0]
heads = [cell.value for cell in sheet[1]]
row = next(row for row in sheet.iter_rows(min_row=2) if row[0].value == "56")
row[heads.index("注册资本(万元)")].value = "5000"
book.save("rows.xlsx")
"""


@dataclass(frozen=True)
class Block:
    """Commands of the page, the day they run on, and what the page says comes of them."""

    day: int
    commands: str
    shown: str


def blocks() -> list[Block]:
    """The page's `sh` blocks in order, each with the `text` block that follows it."""
    found: list[Block] = []
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        day = _DAYS[section.partition(":")[0]]
        parts = [*_BLOCK.findall(section), ("", "")]
        found += [
            Block(day, text, parts[place + 1][1] if parts[place + 1][0] == "text" else "")
            for place, (kind, text) in enumerate(parts)
            if kind == "sh"
        ]
    return found


def script_of(block: Block) -> str:
    """Its commands for bash; a line that ends with its exit code must end with that one."""
    checked = _MARK.sub(r'rc=0; \1 || rc=$?; [ $rc = \2 ] || { echo "exit $rc, not \2: \1"; exit 90; }', block.commands)
    mended = 'python3 -c "$MEND"\n' if "quarantine repair" in block.commands else ""
    return f"DAY={block.day}\n{mended}{checked}echo '{_END}'\n"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each block said, standard error too. Where one failed, those after it are missing."""
    folder = tmp_path_factory.mktemp("week")
    root = Path(__file__).parents[2]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("YUJING_", "NEO4J_", "PYTHON"))}
    environment |= {"COLUMNS": "80", "WALK": _YUJING, "MEND": _MEND, "PYTHONPATH": str(root), "MONDAY": MONDAY}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")  # some forty commands, each module compiled once
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    start = 'set -euo pipefail\nBEGAN=$(date +%s)\nyujing() { python3 -c "$WALK" "$BEGAN" "$DAY" "$MONDAY" "$@"; }\n'
    (folder / "walk.sh").write_text(start + "".join(map(script_of, blocks())), "utf-8")
    (folder / "bank-of-the-week").mkdir()
    ran = subprocess.run(
        ["bash", str(folder / "walk.sh")],
        env=environment,
        cwd=folder / "bank-of-the-week",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ran.stdout.split(f"{_END}\n")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_week_runs_as_written_to_its_end(told: list[str]) -> None:
    assert len(told) == len(blocks()) + 1, told[-1][-3000:]


def pattern_of(line: str) -> str:
    """A line of the page as a pattern: blanks are alike, and `…` is anything."""
    return r"\s+".join(re.escape(word).replace("…", r"\S*") if word != "…" else ".*" for word in line.split())


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("place", [n for n, block in enumerate(blocks()) if block.shown])
def test_what_stands_under_a_block_is_what_came(told: list[str], place: int) -> None:
    rest = told[place]
    for line in filter(None, map(str.strip, blocks()[place].shown.splitlines())):
        if line == "…":
            continue
        found = re.search(pattern_of(line), rest)
        assert found, f"not there, or not in this order: {line}\n{told[place]}"
        rest = rest[found.end() :]
