"""Examples of the OpenAPI document. A test sends each of them; names are invented, codes are not issued."""

from fastapi.openapi.models import Example

PRE_LOAN: dict[str, Example] = {
    "known": {
        "summary": "A known firm asks for a year of working capital",
        "value": {
            "applicant": {"name": "杭州澄湖精密机械有限公司"},
            "amount_fen": 800_000_000,
            "on": "2026-03-31",
            "product": "working_capital",
            "term_months": 12,
            "purpose": "采购原材料",
        },
    },
    "new": {
        "summary": "An applicant the bank does not know yet, with what it declares",
        "value": {
            "applicant": {"name": "杭州听松新材料有限公司"},
            "amount_fen": 300_000_000,
            "on": "2026-03-31",
            "declared": {"net_assets_fen": 2_500_000_000, "revenue_fen": 6_000_000_000},
        },
    },
}

DRAWDOWN: dict[str, Example] = {
    "payment": {
        "summary": "A drawdown paid to a supplier on the borrower's order",
        "value": {
            "loan_note": "JJ-1001",
            "amount_fen": 300_000_000,
            "on": "2026-03-31",
            "payee": {"firm": {"name": "杭州听松新材料有限公司"}},
            "entrusted": True,
            "purpose": "采购原材料",
        },
    },
}

RESOLUTION: dict[str, Example] = {
    "merge": {
        "summary": "The two are one firm",
        "value": {"verdict": "merge", "why": "营业执照与平台登记核对一致"},
    },
    "reject": {
        "summary": "They are two firms with one address",
        "value": {"verdict": "reject", "why": "同一园区的两家企业"},
    },
}

GROUP_DECISION: dict[str, Example] = {
    "confirm": {
        "summary": "It depends on that buyer",
        "value": {"verdict": "confirm", "why": "近两年对该客户销售占比均超六成，短期无替代"},
    },
    "reject": {
        "summary": "It could sell to others",
        "value": {"verdict": "reject", "why": "产品为大宗标准品，可随时转售"},
    },
}
