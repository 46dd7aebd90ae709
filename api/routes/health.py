"""Liveness, readiness, and the ontology that every other answer speaks in."""

from typing import Literal

from fastapi import APIRouter, Request, Response

from api.answers import readable, to_json
from api.auth import platform_of
from api.calls import Known
from api.wire.common import Wire
from graph.ontology import EntityType, FactType, RelationType

router = APIRouter(tags=["service"])


class Alive(Wire):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Wire):
    """Ledger, graph store and journal answer; how far the ledger goes and how far the store was built."""

    status: Literal["ready"] = "ready"
    ledger_seq: int
    engine: str
    through_seq: int


class OntologyAnswer(Wire):
    """All types by name, the bank's own additions included; `hash` changes when any of them does."""

    hash: str
    entities: dict[str, EntityType]
    relations: dict[str, RelationType]
    facts: dict[str, FactType]


@router.get("/healthz", summary="Is the process alive")
async def healthz() -> Alive:
    """Always the same answer; ask /readyz whether it can work."""
    return Alive()


@router.get("/readyz", summary="Can it work")
def readyz(request: Request) -> Ready:
    """Asks ledger, graph store and journal; 503 names the one that does not answer."""
    platform = platform_of(request)
    platform.journal.find_key("")  # nobody's: a read that the journal must be able to answer
    store = platform.store
    return Ready(ledger_seq=platform.ledger.latest_seq, engine=store.engine, through_seq=store.through_seq)


@router.get("/v1/ontology", response_model=OntologyAnswer, summary="Types, properties, units and choices")
def read_ontology(call: Known) -> Response:
    """What entities, relations and facts there are, with each property's unit and allowed values."""
    ontology = call.platform.ledger.ontology
    answer = OntologyAnswer(hash=ontology.hash, entities=ontology.entities, relations=ontology.relations, facts=ontology.facts)
    return readable(call.request, to_json(answer))
