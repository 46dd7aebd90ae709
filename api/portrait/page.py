"""The whole page of one firm, and some of its parts alone."""

from alerts.stages.feeds import troubles
from api.firms import guarantees_of, identity_of, owners_of
from api.portrait.about import About, PartKind
from api.portrait.figures import alerts_of, blind_spots, exposure_of, latest_score
from api.portrait.headline import Standing, headline
from api.portrait.registry import read_parts
from api.unscored import why_unscored
from api.wire.control import Party
from api.wire.firms import Firm
from api.wire.parts import FirmParts


def portrait(about: About) -> Firm:
    """The 360 of one firm on an open day, as the caller may see it."""
    snapshot, gathered, notes = about.day.snapshot, about.gathered, about.notes
    identity = identity_of(gathered)
    score = latest_score(about.day, about.firm)
    unscored = None if score else why_unscored(gathered, notes, snapshot.as_of)
    parts = read_parts(about)
    alerts = alerts_of(about.platform, about.principal, about.firm, snapshot.as_of)
    standing = Standing.of(identity.name or about.firm, parts, tuple(alert.grade for alert in alerts))
    return Firm(
        as_of=snapshot.as_of,
        ledger_seq=snapshot.ledger_seq,
        headline=headline(standing),
        identity=identity,
        exposure=exposure_of(gathered, notes, snapshot.as_of),
        owners=owners_of(gathered),
        guarantees_given=guarantees_of(gathered, "src", "dst"),
        guarantees_taken=guarantees_of(gathered, "dst", "src"),
        score=score,
        unscored=unscored,
        alerts=alerts,
        blind_spots=(*blind_spots(gathered, notes, unscored, snapshot.as_of), *(each.says for each in troubles(about.day.feeds))),
        parts=parts,
        sources=gathered.sources(),
    )


def some_parts(about: About, parts: tuple[PartKind, ...]) -> FirmParts:
    """These parts alone: nothing is read for the others."""
    snapshot, firm = about.day.snapshot, about.gathered.firm
    party = Party(id=about.firm, kind="Firm", name=firm["name"] or about.firm)
    return FirmParts(as_of=snapshot.as_of, ledger_seq=snapshot.ledger_seq, firm=party, parts=read_parts(about, parts))
