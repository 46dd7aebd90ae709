"""What docs/integrator.md shows is what happens: its blocks run against a real server, its tables are those of the code."""

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from api import problems
from api.app import create_app
from api.roles import GRANTS, Permission, Role
from tests.api.bank import Bank

PAGE = (Path(__file__).parents[2] / "docs" / "integrator.md").read_text("utf-8")


@pytest.fixture
def address(fresh_bank: Bank) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(fresh_bank.platform), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_the_walk_through_the_three_stages_runs_as_written(address: str, fresh_bank: Bank, tmp_path: Path) -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 6
    environment = os.environ | {"BASE": address, "KEY": fresh_bank.keys[Role.INTEGRATOR]}
    script = "set -euo pipefail\n" + "\necho\n".join(blocks)
    ran = subprocess.run(["bash", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr
    drawdown = json.loads((tmp_path / "drawdown.json").read_text("utf-8"))
    assert drawdown["advice"] in {"hold", "block"}
    assert drawdown["reasons"]
    assert (tmp_path / "network.svg").read_text("utf-8").startswith("<svg")


def test_every_problem_type_is_in_the_table() -> None:
    told = set(re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", PAGE, re.MULTILINE))
    kinds = {*problems.KINDS.values(), problems.MALFORMED, problems.DEFECT, problems.METHOD_NOT_ALLOWED}
    assert told == {(kind.slug, str(kind.status)) for kind in kinds}


def test_every_role_is_in_the_table_with_what_it_may() -> None:
    order = (Permission.DECIDE, Permission.SCAN, Permission.READ_ALERTS, Permission.READ_GRAPH, Permission.RESOLVE)
    for names, *marks in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|(.*?)\|(.*?)\|(.*?)\|(.*?)\|(.*?)\|$", PAGE, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", names):
            assert [mark.strip() == "yes" for mark in marks] == [permission in GRANTS[Role(name)] for permission in order]
