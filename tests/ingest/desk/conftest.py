import pytest

from tests.ingest.desk.office import Office
from tests.ingest.world import Inbox


@pytest.fixture
def office(inbox: Inbox) -> Office:
    return Office(inbox)
