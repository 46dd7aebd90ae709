"""What the answers on paths and on parts of a firm look like. A test asks for them: names are invented, codes are not issued."""

from typing import Any

PATHS: dict[str, Any] = {
    "known": {
        "summary": "One guarantee, by 27% of the guarantor's net assets",
        "value": {
            "firm": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3",
            "to": "Firm-acaa3c4f4a041806559ed38ee7edb456",
            "as_of": "2026-03-31",
            "through_seq": 1,
            "nodes": [
                {
                    "id": "Firm-acaa3c4f4a041806559ed38ee7edb456",
                    "kind": "Firm",
                    "name": "杭州听松新材料有限公司",
                    "distance": 1,
                    "stub": False,
                    "reach": None,
                    "way": [],
                    "at_risk_fen": None,
                },
                {
                    "id": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3",
                    "kind": "Firm",
                    "name": "杭州澄湖精密机械有限公司",
                    "distance": 0,
                    "stub": False,
                    "reach": None,
                    "way": [],
                    "at_risk_fen": None,
                },
            ],
            "shortest": [
                {
                    "nodes": ["Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3", "Firm-acaa3c4f4a041806559ed38ee7edb456"],
                    "edges": [
                        {
                            "id": "d9e79b6fa00d387ffe5047847fcd4349",
                            "type": "GUARANTEES",
                            "src": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3",
                            "dst": "Firm-acaa3c4f4a041806559ed38ee7edb456",
                            "amount_fen": 800000000,
                            "share": None,
                            "valid_from": "2025-06-01",
                            "valid_to": "9999-12-31",
                            "row": {
                                "table": "GUARANTEES",
                                "id": "d9e79b6fa00d387ffe5047847fcd4349",
                                "file": "world.csv",
                                "sheet": "",
                                "line": 8,
                                "batch": "B-1",
                            },
                        }
                    ],
                }
            ],
            "shortest_cuts": [],
            "arriving": {
                "paths": [
                    {
                        "nodes": ["Firm-acaa3c4f4a041806559ed38ee7edb456", "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3"],
                        "share": 0.26666666666666666,
                        "steps": [
                            {
                                "source": "Firm-acaa3c4f4a041806559ed38ee7edb456",
                                "bearer": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3",
                                "type": "GUARANTEES",
                                "share": 0.26666666666666666,
                                "assumed": False,
                                "why": {"zh": "被担保人违约由担保人代偿", "en": "The guarantor pays when the debtor does not."},
                                "edges": [
                                    {
                                        "id": "d9e79b6fa00d387ffe5047847fcd4349",
                                        "type": "GUARANTEES",
                                        "src": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3",
                                        "dst": "Firm-acaa3c4f4a041806559ed38ee7edb456",
                                        "amount_fen": 800000000,
                                        "share": None,
                                        "valid_from": "2025-06-01",
                                        "valid_to": "9999-12-31",
                                        "row": {
                                            "table": "GUARANTEES",
                                            "id": "d9e79b6fa00d387ffe5047847fcd4349",
                                            "file": "world.csv",
                                            "sheet": "",
                                            "line": 8,
                                            "batch": "B-1",
                                        },
                                    }
                                ],
                            }
                        ],
                    }
                ],
                "complete": True,
                "floor": 0.0,
                "cuts": [],
            },
            "spreading": {"paths": [], "complete": True, "floor": 0.0, "cuts": []},
            "changes": [],
        },
    }
}

PARTS: dict[str, Any] = {
    "known": {
        "summary": "Two parts alone, and what was not computed",
        "value": {
            "as_of": "2026-03-31",
            "ledger_seq": 1,
            "firm": {"id": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3", "kind": "Firm", "name": "杭州澄湖精密机械有限公司"},
            "parts": [
                {
                    "name": "owners",
                    "zh": "股东",
                    "computed": True,
                    "says": [],
                    "figures": [{"name": "known_equity", "zh": "已知股权合计", "unit": "share", "value": 1.0}],
                    "items": [
                        {
                            "kind": "HOLDS_SHARES",
                            "party": {"id": "Person-5e977eab68cab0cac6874ce6876cd5df", "kind": "Person", "name": "王**"},
                            "figures": [
                                {"name": "equity_share", "zh": "持股比例", "unit": "share", "value": 0.6},
                                {"name": "voting_share", "zh": "表决权比例", "unit": "share", "value": 0.6},
                                {"name": "since", "zh": "自", "unit": "day", "value": None},
                            ],
                            "row": {
                                "table": "HOLDS_SHARES",
                                "id": "9df7e263d1f40044761104cd6a3e1518",
                                "file": "world.csv",
                                "sheet": "",
                                "line": 6,
                                "batch": "B-1",
                            },
                        },
                        {
                            "kind": "HOLDS_SHARES",
                            "party": {
                                "id": "Firm-daa7f1ed98a4b2e9ad410f8895f5dab3",
                                "kind": "Firm",
                                "name": "宁波白云控股有限公司",
                            },
                            "figures": [
                                {"name": "equity_share", "zh": "持股比例", "unit": "share", "value": 0.4},
                                {"name": "voting_share", "zh": "表决权比例", "unit": "share", "value": 0.4},
                                {"name": "since", "zh": "自", "unit": "day", "value": None},
                            ],
                            "row": {
                                "table": "HOLDS_SHARES",
                                "id": "628ea6a7ad83c17a58f09dd97150407a",
                                "file": "world.csv",
                                "sheet": "",
                                "line": 7,
                                "batch": "B-1",
                            },
                        },
                    ],
                    "series": [],
                    "left_out": 0,
                },
                {
                    "name": "limits",
                    "zh": "限额",
                    "computed": False,
                    "says": [
                        {
                            "zh": "限额：当日尚未计算。运行 yujing knowledge --as-of 2026-03-31 后可见。",
                            "en": "limits: not computed for this day. Run 'yujing knowledge --as-of 2026-03-31'.",
                        }
                    ],
                    "figures": [],
                    "items": [],
                    "series": [],
                    "left_out": 0,
                },
            ],
        },
    }
}
