"""The commands of docs/spark.md run as they stand, and its tables say what the code does."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from graph.checks import CHECKS
from yujing.bank.plan import BankPlan
from yujing.bank.write import write_bank
from yujing.settings import Settings

PAGE = (Path(__file__).parents[1] / "docs" / "spark.md").read_text("utf-8")
SPARK = shutil.which("java") is not None and find_spec("pyspark") is not None


def commands(mark: str) -> list[str]:
    blocks = re.findall(rf"^```bash {mark}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.strip().splitlines()]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("docs")
    write_bank(root / "bank", BankPlan(firms=60, seed=7))
    assert run(root, f"yujing ingest {root / 'bank' / 'manifest.yaml'}").returncode in (0, 3)
    return root


def run(home: Path, command: str) -> subprocess.CompletedProcess[str]:
    _, *words = shlex.split(command)
    environment = {**os.environ, "YUJING_HOME": str(home / "home"), "YUJING_SPARK_MASTER": "local[1]"}
    asked = [sys.executable, "-m", "yujing", *words]
    return subprocess.run(asked, cwd=home, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("command", commands("run"))
def test_a_command_runs_as_written(home: Path, command: str) -> None:
    done = run(home, command)
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.timeout(900)
@pytest.mark.skipif(not SPARK, reason="pyspark or Java is not installed")
@pytest.mark.parametrize("command", commands("run spark"))
def test_a_command_runs_on_spark_as_written(home: Path, command: str) -> None:
    done = run(home, command)
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]


def test_every_check_is_on_the_page_with_whether_it_is_wrong() -> None:
    for check in CHECKS:
        assert re.search(rf"^\| `{check.name}` \|.*\| {'yes' if check.wrong else 'no'} \|$", PAGE, re.MULTILINE), check.name


@pytest.mark.parametrize("name", ["engine", "spark_master", "spark_conf", "spark_root", "ledger_file_mb", "keep_files_hours"])
def test_every_setting_is_on_the_page(name: str) -> None:
    assert name in Settings.model_fields
    assert f"`YUJING_{name.upper()}`" in PAGE
