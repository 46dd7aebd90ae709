"""A manifest that is wrong is refused before a row is read, with the field and the fix."""

import re
from pathlib import Path

import pytest

import ingest
from graph.errors import InputError
from ingest.manifest import manifest_schema, read_manifest
from tests.ingest.world import Inbox, firms, loans

_INVOICE = {
    "relation": "INVOICES",
    "src": {"type": "Firm", "key": "a"},
    "dst": {"type": "Firm", "key": "b"},
    "key": "a",
    "valid_from": "d",
}


def test_the_json_schema_for_editors_is_current() -> None:
    kept = Path(ingest.__file__).parent / "manifest.schema.json"
    assert kept.read_text("utf-8") == manifest_schema()


def test_the_manifests_of_the_page_on_ingest_are_good(inbox: Inbox) -> None:
    page = (Path(ingest.__file__).parents[1] / "docs" / "ingest.md").read_text("utf-8")
    shown = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert len(shown) >= 2
    for text in shown:
        read_manifest(inbox.manifest(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty or no mapping"),
        ("name: [", "line 1: the manifest is not valid YAML"),
        ("name: x\nfiles: []", "files"),
        ("name: Not A Name\nfiles:\n- {path: a, yields: [{entity: Firm, key: k}]}", "name"),
        ("name: x\nfiles:\n- {path: a, yields: [{entity: Firm, key: k}]}\nfoo: 1", "foo"),
        ("name: x\nfiles:\n- {path: a, yields: [{key: k}]}", "one of entity, relation, fact"),
        ("name: x\nfiles:\n- {path: a, encoding: gbk, yields: [{entity: Firm, key: k}]}", "encoding"),
        ("name: x\nfiles:\n- {path: a, yields: [{entity: Firm, key: k, recorded_at: d}]}", "backfill: assumed"),
        (
            "name: x\nfiles:\n- {path: a, yields: [{entity: Firm, key: k, properties: {name: {column: a, constant: b}}}]}",
            "exactly one of",
        ),
    ],
)
def test_a_broken_manifest_is_refused_naming_the_field(inbox: Inbox, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        read_manifest(inbox.manifest(text))
    assert "manifest.yaml" in refusal.value.message
    assert refusal.value.fix


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"relation": "INVOYCES"}, "no relation 'INVOYCES'"),
        ({"properties": {"net": "n"}}, "INVOICES has no such property"),
        ({"properties": {"net_fen": {"column": "n", "unit": "%"}}}, "unit % does not fit"),
        ({"properties": {"state": {"column": "s", "values": {"作废": "void"}}}}, "'void' is no value"),
        ({"dst": {"type": "Person", "key": "b"}}, "does not join Firm to Person"),
        ({"valid_from": None}, "happens on a day"),
        ({"close": {"column": "s", "equals": "1"}}, "must say when"),
        ({"src": {"type": "Firm", "source": "", "key": "a"}}, None),
    ],
)
def test_a_yield_that_does_not_fit_the_ontology_is_refused(inbox: Inbox, change: dict[str, object], message: str | None) -> None:
    inbox.put("rows.csv", "a,b,d,n,s\n")
    text = loans([{k: v for k, v in {**_INVOICE, **change}.items() if v is not None}])
    if message is None:
        text = text.replace("source: core", "currency: CNY")
        message = "which system hands out the key"
    with pytest.raises(InputError, match=message) as refusal:
        inbox.load(text)
    assert "files.0.yields.0" in refusal.value.message


def test_a_personal_column_may_not_be_an_open_key(inbox: Inbox) -> None:
    person = {"entity": "Person", "key": "证件号", "properties": {"id_number": "证件号"}}
    inbox.put("rows.csv", "证件号\n")
    with pytest.raises(InputError, match="personal"):
        inbox.load(loans([person]))


@pytest.mark.parametrize(
    "holder",
    [
        {"entity": "Person", "key": "号", "properties": {"id_number": "证件号", "dishonest": "证件号"}},
        {"fact": "JudicialEvent", "key": "号", "subject": {"type": "Person", "source": "id_number", "key": "证件号"}},
    ],
)
def test_what_is_personal_may_not_stand_in_an_open_property_nor_an_open_end(inbox: Inbox, holder: dict[str, object]) -> None:
    inbox.put("rows.csv", "号,证件号\n")
    with pytest.raises(InputError, match="is personal, yet"):
        inbox.load(loans([{"valid_from": {"constant": "2024-01-01"}, **holder}]))


def test_a_file_that_is_not_there_and_columns_that_are_gone_or_new_are_refused(inbox: Inbox) -> None:
    with pytest.raises(InputError, match="no such file"):
        inbox.load(firms())
    inbox.put("firms.csv", "客户号,名称\n1,青禾\n")
    with pytest.raises(InputError, match=r"missing column 注册资本") as refusal:
        inbox.load(firms())
    assert "客户号, 名称" in refusal.value.fix
    inbox.put("firms.csv", "客户号,名称,注册资本,备注\n1,青禾,1,x\n")
    with pytest.raises(InputError, match="new column 备注"):
        inbox.load(firms())
    assert inbox.ledger.latest_seq == 0


def test_what_is_declared_bearable_warns_instead(inbox: Inbox) -> None:
    inbox.put("firms.csv", "客户号,名称,备注\n1,青禾,x\n")
    result = inbox.load(firms(options="on_missing_column: warn\n    on_new_column: warn"))
    assert [w.split(": ")[1] for w in result.warnings] == ["missing column 注册资本.", "new column 备注."]
    assert inbox.rows("Firm", "name", "registered_capital_fen") == [("青禾", None)]


def test_too_few_or_too_many_rows_refuse_the_batch(inbox: Inbox) -> None:
    inbox.put("firms.csv", "客户号,名称,注册资本\n1,青禾,1\n2,素木,2\n")
    for bounds in ("{min: 3}", "{max: 1}"):
        with pytest.raises(InputError, match=r"2 rows, where"):
            inbox.load(firms(options=f"rows: {bounds}"))
    assert inbox.ledger.latest_seq == 0


def test_a_type_may_not_come_from_full_and_delta_files_of_one_feed(inbox: Inbox) -> None:
    inbox.put("rows.csv", "a\n1\n")
    entity = {"entity": "Firm", "key": "a"}
    files = [{"path": "rows.csv", "feed": feed, "yields": [entity]} for feed in ("full", "delta")]
    with pytest.raises(InputError, match="full and of feed delta"):
        inbox.load(loans([], files=files))
