"""What every test may use, and the rule that on CI nothing is skipped."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from yujing.settings import Settings

settings.register_profile("yujing", deadline=None)  # tests never assert wall-clock time
settings.load_profile("yujing")

_SKIP_NOTHING = os.environ.get("YUJING_TESTS_SKIP_NOTHING") == "1"


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The shared data folder; tests that need it skip where it is absent."""
    root = Settings().data
    if not (root / "README.md").exists():
        pytest.skip(f"the shared data is not at {root} (set YUJING_DATA)")
    return root


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):  # type: ignore[no-untyped-def]
    """Where everything is installed, a skipped test is a failed one."""
    report = (yield).get_result()
    if _SKIP_NOTHING and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
