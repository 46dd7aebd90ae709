"""API keys on the command line: made once, shown once, listed, revoked."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from alerts.journal import Journal
from graph.errors import InputError, NotFoundError
from tests.api.bank import journal_url
from yujing.cli import build_app


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YUJING_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def yujing(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), arguments)


def test_a_key_is_shown_once_and_good_until_it_is_revoked(home: Path) -> None:
    made = yujing("keys", "create", "--name", "core-loans", "--role", "integrator", "--branch", "B01").stdout
    key_id, secret = made.split()[1], made.split()[-1]
    journal = Journal(journal_url(home))
    key = journal.find_key(secret)
    assert key is not None
    assert (key.id, key.role, key.branch) == (key_id, "integrator", "B01")
    listed = yujing("keys", "list").stdout
    assert key_id in listed
    assert secret not in listed
    assert yujing("keys", "revoke", key_id).exit_code == 0
    assert journal.find_key(secret) is None


def test_a_role_that_does_not_exist_is_refused_with_those_that_do(home: Path) -> None:
    refused = yujing("keys", "create", "--name", "x", "--role", "king").exception
    assert isinstance(refused, InputError)
    assert "officer, integrator, modeler, admin" in refused.fix


def test_a_key_that_does_not_exist_cannot_be_revoked(home: Path) -> None:
    assert isinstance(yujing("keys", "revoke", "K-nobody").exception, NotFoundError)
