"""Personal values live in one table only, encrypted."""

import stat
from pathlib import Path

import pyarrow as pa
import pytest

from graph.errors import InputError
from graph.personal import Vault, mask

NAMES = pa.array(["甄无双", None, "贾不同", "甄无双"])


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path / "ledger", tmp_path / "keys" / "personal.key")


def test_equal_values_have_equal_tokens_and_null_stays_null(vault: Vault) -> None:
    tokens = vault.tokenise(NAMES, "name").to_pylist()
    assert tokens[0] == tokens[3] != tokens[2]
    assert tokens[1] is None
    assert tokens[0].startswith("p:") and len(tokens[0]) == 34
    assert vault.reveal(tokens[:1]) == {tokens[0]: "甄无双"}


def test_a_full_width_or_lower_case_identity_number_is_the_same_one(vault: Vault) -> None:
    tokens = vault.tokenise(pa.array([" 11010519491231002x", "１１０１０５１９４９１２３１００２Ｘ"]), "id_number")
    assert len(set(tokens.to_pylist())) == 1


def test_one_value_as_a_name_and_as_a_phone_has_two_tokens(vault: Vault) -> None:
    assert vault.token("13800000000", "phone") != vault.token("13800000000", "value")


def test_no_plain_value_is_anywhere_in_the_ledger(vault: Vault, tmp_path: Path) -> None:
    vault.tokenise(NAMES, "name")
    files = [p for p in (tmp_path / "ledger").rglob("*") if p.is_file()]
    assert files
    assert not [p for p in files for name in ("甄无双", "贾不同") if name.encode() in p.read_bytes()]


def test_a_value_told_again_is_kept_once(vault: Vault, tmp_path: Path) -> None:
    vault.tokenise(NAMES, "name")
    before = sorted((tmp_path / "ledger").rglob("*.parquet"))
    vault.tokenise(NAMES, "name")
    assert sorted((tmp_path / "ledger").rglob("*.parquet")) == before


def test_the_key_is_its_owners_alone_and_a_lost_key_is_not_replaced(vault: Vault, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "personal.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    tokens = vault.tokenise(NAMES, "name").to_pylist()
    key.unlink()
    with pytest.raises(InputError, match="missing"):
        Vault.open(tmp_path / "ledger", key)
    key.write_bytes(bytes(32))
    with pytest.raises(InputError, match="another key"):
        Vault.open(tmp_path / "ledger", key).reveal(tokens[:1])


def test_an_erased_value_is_gone_from_the_files_too(vault: Vault, tmp_path: Path) -> None:
    gone, kept = vault.tokenise(pa.array(["甄无双", "贾不同"]), "name").to_pylist()
    assert vault.erase([gone]) == 1
    assert vault.reveal([gone, kept]) == {kept: "贾不同"}
    files = list((tmp_path / "ledger" / "personal").rglob("*.parquet"))
    assert files and not [p for p in files if gone.encode() in p.read_bytes()]


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [("张三丰", "name", "张**"), ("330106199001011234", "id_number", "3301**********1234"), ("1234", "id_number", "****")],
)
def test_what_is_shown_without_a_reason(value: str, kind: str, shown: str) -> None:
    assert mask(value, kind) == shown
