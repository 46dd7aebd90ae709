"""A person is erased: the values are gone from every file, the tokens stay, others keep theirs, and nothing brings them back."""

from pathlib import Path

import polars as pl
import pytest

from api.naming import masked
from graph.erasure import Eraser
from graph.erasures import Step
from graph.errors import InputError, NotFoundError
from graph.ids import entity_id
from graph.personal import ERASED
from tests.grep import files_with
from tests.ingest.world import Inbox, counts

_MANIFEST = """
name: crm
defaults: {source: ecif, dates: 2017/7/18}
max_bad_share: 1
files:
  - path: people.csv
    ignore: [备注]
    yields:
      - entity: Person
        key: 证件号
        personal: id_number
        properties: {name: 姓名, id_number: 证件号}
      - entity: Contact
        key: 手机
        personal: phone
        properties: {contact_type: {constant: phone}, value: 手机}
      - relation: SHARES_CONTACT
        src: {type: Person, key: 证件号, personal: id_number}
        dst: {type: Contact, key: 手机, personal: phone}
        key: [证件号, 手机]
"""
_HEADER = "证件号,姓名,手机,备注\n"
_A, _B, _C = "11010519491231002X", "110105194912310031", "110105194912310040"
_PEOPLE = f"{_A},甄无双,13800001111,\n{_B},贾不同,13800002222,\n{_C},甄无双,13800002222,\n"


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    inbox = Inbox(tmp_path)
    inbox.put("people.csv", _HEADER + _PEOPLE)
    inbox.load(_MANIFEST)
    return inbox


def eraser(inbox: Inbox) -> Eraser:
    return Eraser(inbox.ledger, inbox.vault)


def person(inbox: Inbox, number: str) -> str:
    token = inbox.vault.token(number, "id_number")
    ((record, _),) = [row for row in inbox.rows("Person", "id", "key") if row[1] == token]
    return entity_id("Person", record)


def erase(inbox: Inbox, number: str) -> dict[str, object]:
    work = eraser(inbox)
    return work.erase(work.person(person(inbox, number)), by="法务", reason="本人要求")


def sealed(inbox: Inbox) -> set[bytes]:
    """Every sealed value in any file of the table, current or old."""
    files = (inbox.home / "ledger" / "personal").rglob("*.parquet")
    return {value for file in files for value in pl.read_parquet(file)["sealed"].to_list()}


def test_the_values_are_in_no_file_of_the_table_any_more_old_versions_included(inbox: Inbox) -> None:
    before = sealed(inbox)
    tokens = [inbox.vault.token(_A, "id_number"), inbox.vault.token("13800001111", "phone")]
    assert len(inbox.vault.reveal(tokens)) == 2
    certificate = erase(inbox, _A)
    assert inbox.vault.reveal(tokens) == {}
    gone = before - sealed(inbox)
    assert len(gone) == 3  # number, phone as a key, phone as a value
    raw = [p.read_bytes() for p in (inbox.home / "ledger" / "personal").rglob("*") if p.is_file()]
    assert not [one for one in gone for data in raw if one in data]
    assert certificate["values"] == 3 and certificate["remaining_before"] == certificate["remaining_after"]
    assert not files_with(_A, inbox.home) and not files_with("13800001111", inbox.home)


def test_a_name_that_others_bear_stays_theirs_and_is_hidden_for_the_erased(inbox: Inbox) -> None:
    certificate = erase(inbox, _A)
    name = inbox.vault.token("甄无双", "name")
    assert certificate["kept_for_others"] == [name]
    assert inbox.vault.reveal([name]) == {name: "甄无双"}
    assert person(inbox, _A) in inbox.vault.erasures.current().entities
    second = erase(inbox, _C)  # the last who bears it
    assert inbox.vault.reveal([name]) == {}
    phone = inbox.vault.token("13800002222", "value")
    assert phone not in second["tokens"]  # type: ignore[operator]
    assert inbox.vault.reveal([phone])  # the other's still


def test_pages_name_the_erased_as_erased_and_mask_the_others(inbox: Inbox) -> None:
    erase(inbox, _A)
    name = inbox.vault.token("甄无双", "name")
    number = inbox.vault.token(_A, "id_number")
    shown = masked(inbox.vault, {person(inbox, _A): name, person(inbox, _C): name, "elsewhere": number, "Firm-1": "青禾贸易"})
    assert list(shown.values()) == [ERASED, "甄**", ERASED, "青禾贸易"]


def test_what_the_ledger_knows_of_the_person_keeps_its_tokens(inbox: Inbox) -> None:
    rows = inbox.rows("Person", "id", "key", "name", "id_number")
    certificate = erase(inbox, _A)
    assert inbox.rows("Person", "id", "key", "name", "id_number") == rows
    assert certificate["rows_with_the_tokens"] == {"Person": 2, "Contact": 2}


def test_a_file_that_names_the_person_again_does_not_bring_the_value_back(inbox: Inbox) -> None:
    erase(inbox, _A)
    assert counts(inbox.load()) == (3, 0, 3, 0)
    inbox.put("people.csv", _HEADER + f"{_A},甄无双,13900003333,\n")
    assert inbox.load().rows.accepted == 1
    token = inbox.vault.token(_A, "id_number")
    assert inbox.vault.reveal([token]) == {} and inbox.vault.is_erased(token)
    # a new number is news, and may be asked to be erased in its turn
    assert inbox.vault.kept(eraser(inbox).person(person(inbox, _A)).tokens)
    assert erase(inbox, _A)["values"]
    assert not inbox.vault.kept(eraser(inbox).person(person(inbox, _A)).tokens)


def test_once_lifted_the_value_is_kept_again_when_a_source_tells_it(inbox: Inbox) -> None:
    certificate = erase(inbox, _A)
    eraser(inbox).lift(str(certificate["erasure"]), by="法务", reason="撤回")
    token = inbox.vault.token(_A, "id_number")
    assert inbox.vault.reveal([token]) == {}
    inbox.load()
    assert inbox.vault.reveal([token]) == {token: _A}


def test_asked_twice_it_is_done_once(inbox: Inbox) -> None:
    first = erase(inbox, _A)
    assert erase(inbox, _A) == first
    assert inbox.vault.erasures.all()["step"].to_list() == [Step.ASKED, Step.DONE]


def test_broken_off_at_any_step_and_asked_again_it_ends_the_same(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    def erase_then_die(tokens: list[str]) -> int:
        really(tokens)
        raise Killed

    work = eraser(inbox)
    target = work.person(person(inbox, _A))
    really = inbox.vault.erase
    for dying in (killed, erase_then_die):
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(inbox.vault, "erase", dying)
            erase(inbox, _A)
    assert inbox.vault.erasures.all()["step"].to_list() == [Step.ASKED]
    certificate = erase(inbox, _A)
    assert certificate["tokens"] == list(target.tokens)
    assert inbox.vault.erasures.all()["step"].to_list() == [Step.ASKED, Step.DONE]


def test_refused_rows_and_unread_cells_that_name_the_person_go_too(inbox: Inbox) -> None:
    inbox.put("people.csv", _HEADER + f',丙,x,"与{_A}同住"\n{_A},甄"无双,13800001111,\n')
    inbox.load()
    prose = inbox.vault.holding([_A], ("row", "cell"))
    assert len(prose) == 2
    certificate = erase(inbox, _A)
    assert set(prose) <= set(certificate["tokens"])  # type: ignore[call-overload]
    assert inbox.vault.reveal(prose) == {}


def test_an_identity_number_finds_its_person_and_a_token_alone_its_value(inbox: Inbox) -> None:
    work = eraser(inbox)
    assert work.by_id_number(f" {_A.lower()}").entity == person(inbox, _A)
    name = inbox.vault.token("贾不同", "name")
    assert (work.by_token(name).entity, work.by_token(name).tokens) == ("", (name,))
    with pytest.raises(NotFoundError):
        work.by_id_number("110105194912310059")
    with pytest.raises(InputError):
        work.by_token("13800001111")
    with pytest.raises(InputError):
        work.person("Firm-" + "0" * 32)
    with pytest.raises(NotFoundError):
        work.person("Person-" + "0" * 32)


def test_the_reason_may_not_say_what_is_to_be_forgotten(inbox: Inbox) -> None:
    work = eraser(inbox)
    target = work.person(person(inbox, _B))
    for reason in (f"{_B}要求", "", " "):
        with pytest.raises(InputError):
            work.erase(target, by="法务", reason=reason)
    assert inbox.vault.erasures.all().is_empty()
