"""Who brings risk to whom: every relation of a snapshot as directed edges, facilities replaced by their owners.

Risk may arrive at both ends of a relation, so each gives two edges. A *channel* is type and way as the receiver sees it:
`GUARANTEES.out`, it guarantees the sender; `SUPPLIES.out`, the sender is its customer. Accounts, loan notes, lines and contracts
stand for whom they belong to: a transfer between accounts is one between firms. Firms tied by a third thing that is no firm (a
person, an address, a collateral) meet on a channel `VIA_Person`, unless it ties more than `HUB` of them.
"""

from dataclasses import dataclass

from graph.ontology import Kind, Lasting, Ontology, RelationType
from models.workspace import Workspace

OWNING = ("OWNS_ACCOUNT", "BORROWS")
FACILITIES = frozenset({"Account", "LoanNote", "CreditLine", "Contract"})
FIRM = "Firm"
HUB = 50
RECENT = 90
DAYS_BACK = 365  # happenings older than this no longer count as a tie
_LEFT_OUT = {"INVOICES": "r.state IS DISTINCT FROM 'voided'"}

# What the receiver calls the sender. A type that is not here is named from the ontology.
_WORDS = {
    "GUARANTEES.out": ("所担保企业", "those it guarantees"),
    "GUARANTEES.in": ("保证人", "its guarantors"),
    "SUPPLIES.out": ("客户", "its customers"),
    "SUPPLIES.in": ("供应商", "its suppliers"),
    "INVOICES.out": ("购方", "buyers it invoiced"),
    "INVOICES.in": ("销方", "sellers that invoiced it"),
    "HOLDS_SHARES.out": ("所投企业", "firms it holds shares of"),
    "HOLDS_SHARES.in": ("股东", "its shareholders"),
    "CONTROLS.out": ("所控企业", "firms it controls"),
    "CONTROLS.in": ("申报控制人", "those that control it"),
    "TRANSFERS.out": ("付款对象", "those it paid"),
    "TRANSFERS.in": ("付款来源", "those that paid it"),
    "SUES.out": ("被其起诉者", "those it sued"),
    "SUES.in": ("起诉它者", "those that sued it"),
    "VIA_Person": ("同一自然人关联企业", "firms tied by the same person or kin"),
    "VIA_Contact": ("同一联络方式企业", "firms sharing an address or phone"),
    "VIA_Collateral": ("同一押品关联企业", "firms tied by the same collateral"),
    "VIA_ClientGroup": ("同一集团企业", "firms of the same group"),
}


@dataclass(frozen=True)
class Channel:
    """`touches_firm`: a firm may receive by it; `from_firm`: the sender may be a firm."""

    name: str
    zh: str
    en: str
    happening: bool
    touches_firm: bool
    from_firm: bool
    has_amount: bool

    @property
    def without(self) -> tuple[str, ...]:
        """Relation features that make no sense here."""
        if not self.has_amount:
            return ("amount", "top_share", "over_net_assets", "concentration", "trend")
        return () if self.happening else ("trend",)


def channels_of(ontology: Ontology) -> list[Channel]:
    """Every channel that the ontology allows, in a fixed order."""
    out = []
    for name, kind in ontology.relations.items():
        if name in OWNING:
            continue
        ends = [(_lifted(a), _lifted(b)) for a, b in kind.ends]
        for way, pairs in (("out", ends), ("in", [(b, a) for a, b in ends])):
            touches, from_firm = any(FIRM in a for a, _ in pairs), any(FIRM in a and FIRM in b for a, b in pairs)
            zh, en = _WORDS.get(f"{name}.{way}", (f"{kind.zh or name}{'→' if way == 'out' else '←'}", f"{name.lower()} {way}"))
            happening, has_amount = kind.lasting is Lasting.HAPPENING, bool(kind.amount)
            out.append(Channel(f"{name}.{way}", zh, en, happening, touches, from_firm, has_amount))
    for middle in middles(ontology):
        words = (f"同一{ontology.entities[middle].zh or middle}关联企业", f"firms tied by the same {middle}")
        zh, en = _WORDS.get(f"VIA_{middle}", words)
        out.append(Channel(f"VIA_{middle}", zh, en, False, True, True, False))
    return out


def middles(ontology: Ontology) -> list[str]:
    """Entity types, neither firms nor facilities, that a relation can tie to a firm."""
    tied = {t for k in ontology.relations.values() for a, b in k.ends for t in _tied(a, b)}
    return [name for name in ontology.entities if name in tied]


def _tied(a: str, b: str) -> set[str]:
    firms = FIRM in _lifted(a) or FIRM in _lifted(b)
    return {t for t in (a, b) if firms and t != FIRM and t not in FACILITIES}


def _lifted(entity: str) -> tuple[str, ...]:
    """What an end may be once facilities are replaced by their owners."""
    return (FIRM, "Person") if entity in FACILITIES else (entity,)


def read_exposures(work: Workspace) -> None:
    """Puts table `_exposure` into the workspace: firm (the receiver, an entity of any type), other, type, way, channel, rel,
    amount_fen, recent_fen (of the last ninety days), share, relations, since, weight. Parallel relations are one edge, named by
    the largest of them.
    """
    ontology = work.snapshot.ontology
    work.keep("_owner", _owners())
    types = [name for name in ontology.relations if name not in OWNING]
    links = " UNION ALL ".join(_links(name, ontology.relations[name]) for name in types)
    # an end that the bank had not heard of by the day is nobody: the relation waits until it has
    work.keep("_link", f"SELECT * FROM ({links}) WHERE {_heard_of('src')} AND {_heard_of('dst')}")
    via = " UNION ALL ".join(_via(m) for m in middles(ontology))
    work.keep("_exposure", f"{_both_ways()} UNION ALL {via}" if via else _both_ways())


def _owners() -> str:
    owned = " UNION ALL ".join(f"SELECT dst AS facility, src AS owner FROM {name}" for name in OWNING)
    return f"SELECT facility, min(owner) AS owner FROM ({owned}) GROUP BY 1"


def _links(name: str, kind: RelationType) -> str:
    """Relations of one type between owners, parallel ones together."""
    money = {p.name for p in kind.properties if p.kind is Kind.MONEY}
    amount = f'r."{kind.amount}"::DOUBLE' if kind.amount in money else "NULL::DOUBLE"
    share = f'r."{kind.share}"::DOUBLE' if kind.share else "NULL::DOUBLE"
    where = [_LEFT_OUT[name]] if name in _LEFT_OUT else []
    if kind.lasting is Lasting.HAPPENING:
        where.append(f"r.valid_from > :as_of - {DAYS_BACK}")
    facilities = ", ".join(f"'{f}'" for f in sorted(FACILITIES))
    return f"""
        SELECT '{name}' AS type, src, dst, count(*) AS relations, sum(amount)::DOUBLE AS amount_fen,
            sum(CASE WHEN valid_from > :as_of - {RECENT} THEN amount ELSE 0 END)::DOUBLE AS recent_fen, max(share) AS share,
            arg_max(id, (coalesce(amount, share, 0), id)) AS rel, min(valid_from) AS since, {bool(kind.amount)} AS by_amount
        FROM (
            SELECT r.id, r.valid_from, {amount} AS amount, {share} AS share,
                coalesce(a.owner, r.src) AS src, coalesce(b.owner, r.dst) AS dst
            FROM "{name}" r LEFT JOIN _owner a ON a.facility = r.src LEFT JOIN _owner b ON b.facility = r.dst
            WHERE {" AND ".join(where) or "true"}
        )
        WHERE src <> dst AND split_part(src, '-', 1) NOT IN ({facilities}) AND split_part(dst, '-', 1) NOT IN ({facilities})
        GROUP BY src, dst
    """


def _heard_of(end: str) -> str:
    return f"({end} NOT LIKE '{FIRM}-%' OR {end} IN (SELECT id FROM {FIRM}))"


def _both_ways() -> str:
    weight = "CASE WHEN by_amount THEN greatest(coalesce(amount_fen, 0), 100) ELSE coalesce(share, 1) END AS weight"
    rest = f"rel, amount_fen, recent_fen, share, relations, since, {weight}"
    return f"""
        SELECT src AS firm, dst AS other, type, 'out' AS way, type || '.out' AS channel, {rest} FROM _link
        UNION ALL
        SELECT dst, src, type, 'in', type || '.in', {rest} FROM _link
    """


def _via(middle: str) -> str:
    """Pairs of firms tied by the same `middle`, directly or one step among its own kind (kin); each keeps its own relation's id."""
    direct = f"""
        SELECT src AS middle, dst AS firm, rel, share, since FROM _link WHERE src LIKE '{middle}-%' AND dst LIKE 'Firm-%'
        UNION ALL SELECT dst, src, rel, share, since FROM _link WHERE dst LIKE '{middle}-%' AND src LIKE 'Firm-%'
    """
    kin = f"""
        SELECT CASE WHEN d.middle = k.src THEN k.dst ELSE k.src END, d.firm, d.rel, d.share, d.since
        FROM _link k JOIN ({direct}) d ON d.middle IN (k.src, k.dst) WHERE k.src LIKE '{middle}-%' AND k.dst LIKE '{middle}-%'
    """
    return f"""
        SELECT a.firm, b.firm AS other, 'VIA_{middle}' AS type, 'out' AS way, 'VIA_{middle}' AS channel, min(a.rel) AS rel,
            NULL::DOUBLE AS amount_fen, NULL::DOUBLE AS recent_fen, max(least(a.share, b.share)) AS share, count(*) AS relations,
            max(greatest(a.since, b.since)) AS since, coalesce(max(least(a.share, b.share)), 1)::DOUBLE AS weight
        FROM (SELECT *, count(DISTINCT firm) OVER (PARTITION BY middle) AS firms FROM ({direct} UNION ALL {kin})) a
        JOIN ({direct}) b ON a.middle = b.middle AND a.firm <> b.firm
        WHERE a.firms <= {HUB}
        GROUP BY 1, 2
    """
