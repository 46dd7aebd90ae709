from pathlib import Path

import pytest

from tests.ingest.world import Inbox


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)
