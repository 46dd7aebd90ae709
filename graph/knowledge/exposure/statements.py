"""The SQL by which rows become items, items clients, and clients groups: one definition for the book and for one firm.

Amounts are exact decimals till the end: fen (18 digits) times a rate (9 decimals) times a factor (4 decimals), so that neither
the order of rows nor how they are split matters. Views are named as the ontology's types. `greatest` and
`least` pass over null, and stand only where nothing is null.
"""

from graph.knowledge.exposure.rules import Basis, LimitSettings, Mitigation

BASES: tuple[Basis, ...] = ("exposure", "related", "lex")

RATE = """
    CREATE TABLE rate AS
    SELECT c.code AS currency, (r.cny_per_unit * pow(10, 2 - d.decimals))::DECIMAL(15, 9) AS rate
    FROM "ExchangeRate" r JOIN "Currency" c ON c.id = r.subject JOIN decimals d ON d.code = c.code
    WHERE r.valid_from >= $as_of - $rate_days AND r.cny_per_unit BETWEEN 1e-7 AND 99999 AND c.code <> 'CNY'
    QUALIFY row_number() OVER (
        PARTITION BY c.code ORDER BY r.valid_from DESC, r.recorded_at DESC, r.batch_seq DESC, r.line DESC) = 1
    UNION ALL SELECT 'CNY', 1
"""

_FEN = "least(greatest(coalesce({}, 0), 0), 999999999999999999)::DECIMAL(18, 0)"

NOTE = f"""
    CREATE TABLE note AS
    WITH borrow AS (SELECT DISTINCT src AS client, dst FROM "BORROWS"),
    direct AS (SELECT client, dst AS note FROM borrow WHERE starts_with(dst, 'LoanNote-')),
    signed AS (SELECT DISTINCT b.client, c.number FROM borrow b JOIN "Contract" c ON c.id = b.dst WHERE c.number IS NOT NULL),
    owner AS (
        SELECT client, note FROM direct
        UNION
        SELECT s.client, n.id FROM "LoanNote" n JOIN signed s ON s.number = n.contract WHERE n.id NOT IN (SELECT note FROM direct)
    ),
    state AS (
        SELECT * FROM "LoanNoteState"
        QUALIFY row_number() OVER (PARTITION BY subject ORDER BY valid_from DESC, recorded_at DESC, batch_seq DESC, line DESC) = 1
    ),
    told AS (
        SELECT o.client, n.id AS item, coalesce(n.product, 'other') AS product, n.contract,
            if(s.balance_fen IS NULL, 'LoanNote', 'LoanNoteState') AS row_type, if(s.balance_fen IS NULL, n.id, s.id) AS row_id,
            coalesce(s.balance_fen, n.principal_fen, 0) AS amount_fen,
            coalesce(if(s.balance_fen IS NULL, n.currency, s.currency), 'CNY') AS currency,
            coalesce(n.margin_fen, 0) AS margin_told, coalesce(n.currency, 'CNY') AS margin_currency
        FROM owner o JOIN "LoanNote" n ON n.id = o.note LEFT JOIN state s ON s.subject = n.id
        WHERE NOT coalesce(s.written_off, false)
    )
    SELECT t.* EXCLUDE (margin_told, margin_currency), {_FEN.format("amount_fen")} * r.rate AS gross,
        {_FEN.format("margin_told")} * coalesce(m.rate, 0) AS margin, amount_fen < 0 OR margin_told < 0 AS negative,
        CASE WHEN amount_fen <= 0 THEN NULL WHEN r.rate IS NULL THEN t.currency
            WHEN margin_told > 0 AND m.rate IS NULL THEN margin_currency END AS missing
    FROM told t LEFT JOIN rate r ON r.currency = t.currency LEFT JOIN rate m ON m.currency = margin_currency
    WHERE amount_fen <> 0
"""

LINE = f"""
    CREATE TABLE line AS
    WITH drawn AS (
        SELECT c.credit_line, sum(n.gross) AS used
        FROM (SELECT DISTINCT item, contract, gross FROM note) n
        JOIN (SELECT DISTINCT number, credit_line FROM "Contract") c ON c.number = n.contract
        GROUP BY c.credit_line
    )
    SELECT DISTINCT b.src AS client, l.id AS item, l.limit_fen AS amount_fen, coalesce(l.currency, 'CNY') AS currency,
        {_FEN.format("l.limit_fen")} * r.rate AS most,
        if(most < coalesce(d.used, 0), 0, most - coalesce(d.used, 0)) AS gross, l.limit_fen < 0 AS negative,
        if(l.limit_fen > 0 AND r.rate IS NULL, l.currency, NULL) AS missing
    FROM "BORROWS" b JOIN "CreditLine" l ON l.id = b.dst
    LEFT JOIN drawn d ON d.credit_line = l.number LEFT JOIN rate r ON r.currency = coalesce(l.currency, 'CNY')
    WHERE coalesce(l.status, 'active') = 'active' AND coalesce(l.expires_on > $as_of, true) AND l.limit_fen <> 0
"""


def item_sql(settings: LimitSettings) -> str:
    """Each note and line with what it counts under each document."""
    factors = " ".join(f"WHEN '{product}' THEN {factor}" for product, factor in settings.factors.off_balance.items())
    off = ", ".join(f"'{product}'" for product in settings.factors.off_balance)
    return f"""
        CREATE TABLE item AS
        WITH all_items AS (
            SELECT client, item, row_type, row_id, if(product IN ({off}), 'off_balance', 'drawn') AS component, product,
                amount_fen, currency, gross, margin, (CASE product {factors} ELSE 1 END)::DECIMAL(5, 4) AS factor, negative, missing
            FROM note
            UNION ALL
            SELECT client, item, 'CreditLine', item, 'undrawn', NULL, amount_fen, currency, gross, 0,
                {settings.factors.undrawn}::DECIMAL(5, 4), negative, missing
            FROM line
        )
        SELECT *, {", ".join(f"{_counted(settings.mitigation[basis])} AS {basis}" for basis in BASES)} FROM all_items
    """


def _counted(taken: Mitigation) -> str:
    """Net of margin, times the factor. The cast keeps the digits within the 38 that a decimal has."""
    net = "if(gross < margin, 0, gross - margin)" if taken.margin else "gross"
    return f"{net}::DECIMAL(33, 9) * factor"


def collateral_sql(settings: LimitSettings) -> str:
    """What is taken off each client for eligible collateral. A piece that secures several clients is shared in equal parts."""
    columns = ", ".join(f"sum({_eligible(settings.mitigation[basis])}) AS {basis}" for basis in BASES)
    return f"""
        CREATE TABLE taken AS
        WITH secured AS (
            SELECT item AS of, client FROM note WHERE gross > 0
            UNION
            SELECT c.id, n.client FROM "Contract" c JOIN note n ON n.contract = c.number WHERE n.gross > 0
        ),
        piece AS (SELECT DISTINCT s.dst AS collateral, o.client FROM "SECURED_BY" s JOIN secured o ON o.of = s.src),
        part AS (
            SELECT p.client, c.collateral_type,
                {_FEN.format("c.value_fen")} * r.rate / count(*) OVER (PARTITION BY p.collateral) AS part
            FROM piece p JOIN "Collateral" c ON c.id = p.collateral JOIN rate r ON r.currency = coalesce(c.currency, 'CNY')
            WHERE NOT coalesce(c.seized, false)
        )
        SELECT client, {columns} FROM part GROUP BY client
    """


def _eligible(taken: Mitigation) -> str:
    kinds = ", ".join("'" + kind.replace("'", "''") + "'" for kind in taken.collateral)
    return f"if(collateral_type IN ({kinds}), floor(part * {1 - taken.haircut}), 0)" if kinds else "0"


CLIENT = """
    CREATE TABLE client AS
    WITH summed AS (
        SELECT client,
            sum(gross) FILTER (component = 'drawn') AS drawn, sum(gross) FILTER (component = 'off_balance') AS off_balance,
            sum(gross) FILTER (component = 'undrawn') AS undrawn, sum(if(gross < margin, gross, margin)) AS margin,
            sum(exposure) AS exposure, sum(related) AS related, sum(lex) AS lex,
            sum(exposure) FILTER (component <> 'undrawn') AS exposure_out,
            sum(related) FILTER (component <> 'undrawn') AS related_out,
            sum(lex) FILTER (component <> 'undrawn') AS lex_out,
            count(*) FILTER (negative) AS negative, string_agg(DISTINCT missing, ',' ORDER BY missing) AS missing
        FROM item GROUP BY client
    ),
    given AS (
        SELECT g.src AS client, sum({fen} * r.rate) AS guaranteed
        FROM "GUARANTEES" g JOIN rate r ON r.currency = coalesce(g.currency, 'CNY') WHERE g.src <> g.dst GROUP BY g.src
    ),
    named AS (SELECT client FROM summed UNION SELECT client FROM given UNION SELECT client FROM wanted)
    SELECT n.client, coalesce(f.interbank, false) AS interbank,
        {plain},
        {taken},
        coalesce(g.guaranteed, 0) AS guaranteed, coalesce(s.negative, 0) AS negative, s.missing
    FROM named n LEFT JOIN summed s USING (client) LEFT JOIN taken t USING (client) LEFT JOIN given g USING (client)
    LEFT JOIN (
        SELECT id AS client, bool_or(starts_with(industry, prefix)) AS interbank
        FROM "Firm", interbank_prefix GROUP BY id
    ) f USING (client)
""".format(
    fen=_FEN.format("g.amount_fen"),
    plain=", ".join(f"coalesce(s.{name}, 0) AS {name}" for name in ("drawn", "off_balance", "undrawn", "margin", *BASES)),
    taken=", ".join(f"least(coalesce(t.{b}, 0), coalesce(s.{b}_out, 0))::DECIMAL(38, 9) AS {b}_taken" for b in BASES),
)

GROUP = """
    CREATE TABLE grouped AS
    WITH within AS (SELECT DISTINCT kind, "group", member FROM member),
    items AS (SELECT DISTINCT w.kind, w."group", i.* EXCLUDE (client) FROM within w JOIN item i ON i.client = w.member),
    summed AS (
        SELECT kind, "group", {components},
            sum(if(gross < margin, gross, margin)) AS margin, sum(exposure) AS exposure, sum(related) AS related, sum(lex) AS lex,
            string_agg(DISTINCT missing, ',' ORDER BY missing) AS missing
        FROM items GROUP BY ALL
    ),
    taken_off AS (
        SELECT kind, "group", count(*) AS members, bool_and(c.interbank) FILTER (c.exposure > 0) AS interbank,
            sum(exposure_taken) AS exposure_taken, sum(related_taken) AS related_taken, sum(lex_taken) AS lex_taken
        FROM within w LEFT JOIN client c ON c.client = w.member GROUP BY ALL
    )
    SELECT kind, "group", members, coalesce(interbank, false) AS interbank,
        {plain}, {taken}, missing
    FROM taken_off LEFT JOIN summed USING (kind, "group")
""".format(
    components=", ".join(f"sum(gross) FILTER (component = '{c}') AS {c}" for c in ("drawn", "off_balance", "undrawn")),
    plain=", ".join(f"coalesce({name}, 0) AS {name}" for name in ("drawn", "off_balance", "undrawn", "margin", *BASES)),
    taken=", ".join(f"coalesce({b}_taken, 0) AS {b}_taken" for b in BASES),
)

MOVED = f"""
    CREATE TABLE moved AS
    WITH part AS (
        SELECT g.src, g.dst, {_FEN.format("g.amount_fen")} * r.rate AS part
        FROM "GUARANTEES" g JOIN rate r ON r.currency = coalesce(g.currency, 'CNY') WHERE g.src <> g.dst
    ),
    covered AS (SELECT dst, sum(part) AS covered FROM part GROUP BY dst HAVING sum(part) > 0)
    SELECT p.src, p.dst, floor(p.part * least(1, greatest(c.lex - c.lex_taken, 0)::DOUBLE / v.covered::DOUBLE)) AS fen
    FROM part p JOIN covered v USING (dst) JOIN client c ON c.client = p.dst
"""
"""Basel: what is guaranteed is exposure to the guarantor and no longer to the debtor, never more than the debtor owes."""

LARGEST = 9_000_000_000_000_000_000
