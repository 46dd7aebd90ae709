"""Control and beneficial owners of a firm, worked out over the graph store, with names masked and the rows that tell each link."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from api.naming import walked_names
from api.platform import GraphSources
from api.rows import RowReader
from api.telling import party_of, relation_rows, sentence
from api.wire.common import Row
from api.wire.control import (
    BeneficialOwners,
    ControlFinding,
    Controllers,
    FirmController,
    HoldingChain,
    OwnerInTheEnd,
    Party,
    Test,
    TiedBy,
    Untold,
)
from api.wire.networks import CutHub
from graph.knowledge.control import words
from graph.knowledge.control.answer import Chain, ControlAnswer, Link
from graph.knowledge.control.one_firm import control_answer
from graph.store import Moment


def read_controllers(platform: GraphSources, reader: RowReader, firm: str) -> Controllers:
    """Who controls the firm on the reader's day."""
    shown = _Shown.of(platform, reader, firm)
    answer = shown.answer
    return Controllers(
        as_of=answer.when.valid,
        firm=shown.party(firm),
        through_seq=shown.through_seq,
        version=answer.version,
        status=answer.control,
        said=sentence(words.CONTROL[answer.control]),
        known_equity=answer.known_equity,
        known_votes=answer.known_votes,
        controllers=tuple(
            FirmController(
                party=shown.party(each.id),
                votes=each.votes,
                interest=each.interest,
                beyond_chains=each.beyond_chains,
                ultimate=each.ultimate,
                joint=each.joint,
                state=each.state,
                chains=shown.chains(each.chains),
                acts_with=shown.ties(each.acts_with),
            )
            for each in answer.controllers
        ),
        deadlocked=tuple(map(shown.party, answer.deadlocked)),
        missing=shown.missing(),
        findings=shown.findings(),
        complete=answer.complete,
        cuts=shown.cuts(),
    )


def read_beneficial_owners(platform: GraphSources, reader: RowReader, firm: str) -> BeneficialOwners:
    """The beneficial owners of the firm on the reader's day."""
    shown = _Shown.of(platform, reader, firm)
    answer = shown.answer
    return BeneficialOwners(
        as_of=answer.when.valid,
        firm=shown.party(firm),
        through_seq=shown.through_seq,
        version=answer.version,
        rule=words.RULE,
        status=answer.owners,
        said=sentence(words.OWNERS[answer.owners]),
        exempt=answer.exempt,
        unknown=answer.unknown,
        owners=tuple(
            OwnerInTheEnd(
                party=shown.party(each.id),
                interest=each.interest,
                beyond_chains=each.beyond_chains,
                votes=each.votes,
                tests=tuple(Test(test=name, said=sentence(words.TESTS[name])) for name in each.tests),
                chains=shown.chains(each.chains),
                told_by=shown.ties(each.told_by),
            )
            for each in answer.beneficial_owners
        ),
        missing=shown.missing(),
        complete=answer.complete,
        cuts=shown.cuts(),
    )


@dataclass(frozen=True)
class _Shown:
    """An answer with what is needed to show it: names, and the row of each relation."""

    answer: ControlAnswer
    through_seq: int
    names: Mapping[str, str]
    rows: Mapping[str, Row]

    @classmethod
    def of(cls, platform: GraphSources, reader: RowReader, firm: str) -> "_Shown":
        when = Moment.of(reader.snapshot.as_of)
        answer = control_answer(platform.store, firm, when)
        names = walked_names(platform.store, platform.vault, answer.mentioned(), when)
        return cls(answer, platform.store.through_seq, names, relation_rows(reader, _told(answer)))

    def party(self, entity: str) -> Party:
        return party_of(self.names, entity)

    def chains(self, chains: tuple[Chain, ...]) -> tuple[HoldingChain, ...]:
        return tuple(
            HoldingChain(
                nodes=tuple(map(self.party, chain.nodes)),
                share=chain.share,
                steps=tuple(map(self.ties, chain.steps)),
                counted=chain.counted,
            )
            for chain in chains
        )

    def ties(self, links: tuple[Link, ...]) -> tuple[TiedBy, ...]:
        return tuple(map(self._tie, links))

    def missing(self) -> tuple[Untold, ...]:
        return tuple(Untold(party=self.party(m.id), untold=m.untold, weight=m.weight) for m in self.answer.missing)

    def findings(self) -> tuple[ControlFinding, ...]:
        return tuple(
            ControlFinding(
                finding=each.finding,
                said=sentence(words.FINDINGS[each.finding]),
                party=self.party(each.entity) if each.entity else None,
                row=self.rows.get(each.rel) if each.rel else None,
            )
            for each in self.answer.findings
        )

    def cuts(self) -> tuple[CutHub, ...]:
        return tuple(CutHub(anchor=c.anchor, type=c.type, way=c.way, shown=c.shown, degree=c.degree) for c in self.answer.cuts)

    def _tie(self, link: Link) -> TiedBy:
        return TiedBy(
            id=link.rel,
            type=link.type,
            src=self.party(link.src),
            dst=self.party(link.dst),
            equity_share=link.equity,
            voting_share=link.votes,
            since=date(link.valid_from // 10000, link.valid_from // 100 % 100, link.valid_from % 100),
            row=self.rows.get(link.rel),
        )


def _told(answer: ControlAnswer) -> Iterator[tuple[str, str]]:
    """Every relation that the answer names, with its type."""
    yield from ((link.type, link.rel) for link in answer.links())
    for finding in answer.findings:
        if finding.rel:
            yield ("HOLDS_SHARES" if finding.finding == "share_out_of_range" else "CONTROLS"), finding.rel
