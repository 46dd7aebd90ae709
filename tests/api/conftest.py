"""The real app over the tiny bank. The bank is built once; a test that needs one of its own asks for `fresh_bank`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.roles import Role
from tests.api.bank import Bank, build_bank

Client = TestClient


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return build_bank(tmp_path_factory.mktemp("bank"))


@pytest.fixture
def fresh_bank(tmp_path: Path) -> Bank:
    return build_bank(tmp_path)


@pytest.fixture(scope="session")
def client(bank: Bank) -> Iterator[TestClient]:
    """A loan system with an integrator's key."""
    with open_client(bank) as client:
        yield client


def open_client(bank: Bank, role: Role | None = Role.INTEGRATOR) -> TestClient:
    """A caller with the key of `role`, or without any."""
    headers = {"X-API-Key": bank.keys[role]} if role else {}
    return TestClient(create_app(bank.platform), base_url="http://127.0.0.1", headers=headers, client=("127.0.0.1", 50000))


def without_nulls(value: Any) -> Any:
    """An answer as the OpenAPI document shows it in examples: what is null is left out."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value
