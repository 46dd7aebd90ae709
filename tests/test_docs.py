"""What is written down for readers holds: links lead somewhere, and nothing names a machine or an index."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_FOUND = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")]
PAGES = sorted(path.relative_to(ROOT) for path in _FOUND)
_LINK = re.compile(r"\]\(([^)#\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_of_a_page_leads_to_a_file_that_is_there(page: Path) -> None:
    targets = [t for t in _LINK.findall((ROOT / page).read_text("utf-8")) if "://" not in t]
    missing = [t for t in targets if not (ROOT / page).parent.joinpath(t).exists()]
    assert not missing


def test_the_lock_pins_every_package_by_hash_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pinned = re.findall(r"^[a-z0-9][^\s]*==", lock, re.MULTILINE)
    assert len(pinned) > 100
    assert len(re.findall(r"^[a-z0-9].*\\\n\s+--hash=sha256:", lock, re.MULTILINE)) == len(pinned)
    assert "://" not in lock


def test_the_readmes_two_commands_are_targets_of_the_makefile() -> None:
    for target in ("demo", "test"):
        ran = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
