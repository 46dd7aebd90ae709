"""Drafts held to manifests that people wrote: nine columns in ten rightly mapped, and a draft that loads."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from graph.ontology import core_ontology, extend_ontology, read_additions
from ingest.manifest import read_manifest
from ingest.plan import plan_file
from ingest.propose import words
from ingest.propose.guesses import Draft
from ingest.propose.proposal import draft_of
from ingest.propose.sources import look_at_all
from ingest.propose.write import manifest_text
from tests.ingest.command import Command
from tests.ingest.propose.measure import Measured, measure
from tests.ingest.propose.other_bank import write_other_bank
from tests.ingest.propose.third_bank import write_third_bank
from yujing.bank.plan import BankPlan
from yujing.bank.write import write_bank

EXAMPLES = Path(__file__).parents[3] / "examples"
DATA = Path(os.environ.get("YUJING_DATA", EXAMPLES.parents[1] / "shared" / "data"))
SYSTEMS = ("ecif", "registry", "credit", "core", "outside", "bank")
needs_data = [
    pytest.mark.data,
    pytest.mark.skipif(not (DATA / "smesd").is_dir(), reason=f"the shared data folder is not at {DATA} (YUJING_DATA)"),
]


def _draft(sources: Sequence[Path], example: str = "") -> Draft:
    additions = EXAMPLES / example / "ontology.yaml"
    known = extend_ontology(core_ontology(), read_additions(additions)) if example else core_ontology()
    looks, aside = look_at_all([str(source) for source in sources])
    return draft_of(looks, known, "draft", aside, str(additions) if example else "")


def _plans(draft: Draft, target: Path) -> None:
    """The written draft parses, and every yield of it is one that ingest would take."""
    target.write_text(manifest_text(draft, target), "utf-8")
    manifest, _ = read_manifest(target)
    known = core_ontology()
    if manifest.ontology:
        known = extend_ontology(known, read_additions(target.parent / manifest.ontology))
    for place in range(len(manifest.files)):
        plan_file(manifest, place, known)


def _held(measured: Measured, least: float) -> None:
    print(measured.table())
    assert measured.right >= least, measured.table()


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bank")
    write_bank(folder, BankPlan(firms=400))
    return folder


@pytest.fixture(scope="module")
def bank_draft(bank: Path) -> Draft:
    return _draft([bank / system for system in SYSTEMS])


def test_nine_in_ten_columns_of_the_invented_bank_are_rightly_mapped(bank_draft: Draft) -> None:
    measured = measure(bank_draft, read_manifest(EXAMPLES / "invented-bank" / "manifest.yaml")[0])
    assert len(measured.columns) > 290
    _held(measured, 0.9)


def test_the_draft_of_the_invented_bank_loads_nearly_every_row(bank: Path, command: Command) -> None:
    target = bank / "draft.yaml"
    folders = [str(bank / system) for system in SYSTEMS]
    assert command.run("propose", *folders, "-o", str(target), "--name", "draft").code == 0
    told = command.run("ingest", str(target), "--dry-run", "--json")
    assert told.code == 3, told.error
    rows = json.loads(told.out)["rows"]
    assert rows["accepted"] + rows["duplicate"] > 0.98 * rows["read"]


def test_a_person_and_a_pledge_do_not_begin_anew_with_each_office_or_valuation(bank_draft: Draft) -> None:
    yields = {(file.look.label.rpartition("/")[2], each.kind.name): each for file in bank_draft.files for each in file.yields}
    assert "valid_from" not in yields["工商信息.xlsx#主要人员", "Person"].clocks
    assert yields["工商信息.xlsx#主要人员", "SERVES_AS"].clocks["valid_from"].column == "任职日期"
    pledge = yields["押品.csv", "PLEDGES"]
    assert "valid_from" not in pledge.clocks
    assert pledge.identity and pledge.identity.columns == ("押品编号",)


@needs_data[0]
@needs_data[1]
def test_nine_in_ten_columns_of_finbench_are_rightly_mapped(tmp_path: Path) -> None:
    draft = _draft([DATA / "finbench-sf0.01" / "snapshot"], "finbench")
    _held(measure(draft, read_manifest(EXAMPLES / "finbench" / "manifest.yaml")[0]), 0.9)
    _plans(draft, tmp_path / "draft.yaml")


@needs_data[0]
@needs_data[1]
def test_real_invoices_are_rightly_mapped_too(tmp_path: Path) -> None:
    draft = _draft([DATA / "sme-invoices"], "sme-invoices")
    _held(measure(draft, read_manifest(EXAMPLES / "sme-invoices" / "manifest.yaml")[0]), 0.9)
    _plans(draft, tmp_path / "draft.yaml")


@needs_data[0]
@needs_data[1]
def test_of_numbers_without_names_little_is_said_and_nothing_is_made_up() -> None:
    """SMEsD's edges say `src`, `dst`, `type` as small numbers: no relation can be told from them, and none is."""
    draft = _draft([DATA / "smesd"])
    by_name = {file.look.label: file for file in draft.files}
    assert by_name["edges.csv"].yields == []
    assert [each.kind.name for each in by_name["companies.csv"].yields] == ["Firm"]
    assert "bankrupt" in by_name["companies.csv"].ignored


def test_a_bank_with_words_of_its_own_is_mostly_understood(tmp_path: Path) -> None:
    truth = write_other_bank(tmp_path)
    draft = _draft([tmp_path])
    _held(measure(draft, read_manifest(truth)[0]), 0.85)
    _plans(draft, tmp_path / "draft.yaml")


def test_a_measure_finds_what_is_wrong(tmp_path: Path) -> None:
    """Mapped to another type, a column is wrong; the measure would say so."""
    truth = write_other_bank(tmp_path)
    plain = yaml.safe_load(truth.read_text("utf-8"))
    plain["files"][4]["yields"][0]["relation"] = "GUARANTEES"
    plain["files"][4]["yields"][0]["properties"] = {}
    truth.write_text(yaml.safe_dump(plain, allow_unicode=True), "utf-8")
    wrong = [c.column for c in measure(_draft([tmp_path]), read_manifest(truth)[0]).columns if not c.right]
    assert {"投资方统一代码", "被投企业统一代码", "股权占比"} <= set(wrong)


def test_of_a_bank_that_nothing_was_fitted_to_most_is_understood(tmp_path: Path) -> None:
    truth = write_third_bank(tmp_path)
    draft = _draft([tmp_path])
    _held(measure(draft, read_manifest(truth)[0]), 0.7)
    _plans(draft, tmp_path / "draft.yaml")


def test_with_every_exact_term_withheld_much_is_still_understood(bank: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the lexicon's very spellings are worth: a term that is the header itself counts for nothing."""
    plain = words.likeness
    monkeypatch.setattr(words, "likeness", lambda header, term: 0.0 if (fit := plain(header, term)) == 1 else fit)
    draft = _draft([bank / system for system in SYSTEMS])
    _held(measure(draft, read_manifest(EXAMPLES / "invented-bank" / "manifest.yaml")[0]), 0.5)
