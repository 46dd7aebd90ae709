"""An officer's word about a proposal is kept, may be taken back, and changes no source row."""

from pathlib import Path

import pytest

from graph.errors import ConflictError, InputError, NotFoundError
from graph.identity import Decision, decide, records_of
from ingest.resolution.book import Proposal, ResolutionBook, Word, pair_id
from ingest.resolution.score import Scoring
from tests.ingest.resolution.town import code, reach, town
from tests.worlds.build import World

DAY = "2026-03-31"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = town(tmp_path)
    world.firm("P1", name="瑾泰贸易（澄岭）有限公司")
    reach(world, "P1", "澄岭市望澜街0号", "address")
    world.commit()
    return world


@pytest.fixture
def book(tmp_path: Path) -> ResolutionBook:
    return ResolutionBook(tmp_path / "resolution")


@pytest.fixture
def proposal(world: World, book: ResolutionBook) -> Proposal:
    (found,) = propose(world, book)
    return found


def propose(world: World, book: ResolutionBook) -> list[Proposal]:
    return book.propose(world.snapshot("2199-01-01"), Scoring(random_pairs=50_000.0))


def firms(world: World) -> set[str]:
    return set(world.snapshot("2199-01-01").read("Firm")["id"].to_pylist())


def test_the_firm_with_a_valid_code_is_the_one_that_stays(world: World, proposal: Proposal) -> None:
    assert (proposal.keep, proposal.join) == (world.id("F0"), world.id("P1"))
    assert proposal.id == pair_id(proposal.join, proposal.keep)


def test_a_merge_moves_the_records_and_is_undone(world: World, book: ResolutionBook, proposal: Proposal) -> None:
    before, rows = firms(world), world.ledger.table("Firm").count().to_pyarrow().as_py()
    merged = book.decide(world.ledger, proposal.id, "merge", Word("张三", "执照一致"))
    assert (merged.status, merged.by, merged.why) == ("merged", "张三", "执照一致")
    assert firms(world) == before - {world.id("P1")}
    undone = book.decide(world.ledger, proposal.id, "undo", Word("李四", "误并"))
    assert undone.status == "open"
    assert firms(world) == before
    assert world.ledger.table("Firm").count().to_pyarrow().as_py() == rows
    assert [said["verdict"] for said in book.history(proposal.id)] == ["merge", "undo"]


def test_what_is_rejected_is_not_proposed_again_until_it_is_taken_back(
    world: World, book: ResolutionBook, proposal: Proposal
) -> None:
    book.decide(world.ledger, proposal.id, "reject", Word("张三", "两家企业"))
    propose(world, book)
    assert book.proposals("open") == []
    book.decide(world.ledger, proposal.id, "undo", Word("张三", "再看"))
    assert [each.id for each in book.proposals("open")] == [proposal.id]


def test_a_merged_pair_is_no_longer_found_yet_its_decision_stays(world: World, book: ResolutionBook, proposal: Proposal) -> None:
    book.decide(world.ledger, proposal.id, "merge", Word("张三", "执照一致"))
    propose(world, book)
    assert [each.status for each in book.proposals()] == ["merged"]


def test_a_past_day_is_seen_as_it_was_before_the_merge(world: World, book: ResolutionBook, proposal: Proposal) -> None:
    book.decide(world.ledger, proposal.id, "merge", Word("张三", "执照一致"))
    then = world.snapshot("2199-01-01", ledger_seq=1).read("Firm")["id"].to_pylist()
    assert world.id("P1") in then


def test_two_valid_codes_that_came_since_forbid_the_merge(world: World, book: ResolutionBook, proposal: Proposal) -> None:
    world.firm("P1", name="瑾泰贸易（澄岭）有限公司", uscc=code(777), known="2026-02-02").commit()
    with pytest.raises(ConflictError, match="two valid credit codes"):
        book.decide(world.ledger, proposal.id, "merge", Word("张三", "执照一致"))


def test_what_is_decided_is_not_decided_again(world: World, book: ResolutionBook, proposal: Proposal) -> None:
    with pytest.raises(ConflictError, match="nothing to undo"):
        book.decide(world.ledger, proposal.id, "undo", Word("张三", "再看"))
    book.decide(world.ledger, proposal.id, "merge", Word("张三", "执照一致"))
    with pytest.raises(ConflictError, match="is merged"):
        book.decide(world.ledger, proposal.id, "reject", Word("张三", "两家"))


def test_a_decision_needs_a_reason_and_a_proposal(world: World, book: ResolutionBook, proposal: Proposal) -> None:
    with pytest.raises(InputError, match="needs a reason"):
        book.decide(world.ledger, proposal.id, "merge", Word("张三", " "))
    with pytest.raises(NotFoundError, match="no proposal"):
        book.decide(world.ledger, "nothing", "merge", Word("张三", "执照一致"))


def test_a_merge_that_was_killed_before_it_was_noted_is_simply_no_longer_proposed(
    world: World, book: ResolutionBook, proposal: Proposal
) -> None:
    """The ledger's move is committed first: the next run does not find the pair."""
    decide(
        world.ledger,
        [Decision("Firm", record, "张三", "执照一致", proposal.keep) for record in records_of(world.ledger, proposal.join)],
    )
    world.firm("P2", name="铄恺纺织（汀原）有限公司")
    reach(world, "P2", "汀原市望澜街39号", "address")
    world.commit()
    assert {each.join for each in propose(world, book)} == {world.id("P2")}


def test_nothing_was_proposed_yet(book: ResolutionBook) -> None:
    assert book.proposals() == []
