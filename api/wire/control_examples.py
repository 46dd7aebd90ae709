"""What the two answers on control look like. A test asks for them: names are invented, codes are not issued."""

from typing import Any

CONTROLLERS: dict[str, Any] = {
    "known": {
        "summary": "A person controls the firm with 60% of the votes; who owns the other holder is not told",
        "value": {
            "as_of": "2026-03-31",
            "firm": {"id": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3", "kind": "Firm", "name": "杭州澄湖精密机械有限公司"},
            "through_seq": 1,
            "version": "2",
            "status": "controlled",
            "said": {"zh": "有实际控制人", "en": "An actual controller commands more than half of the votes."},
            "known_equity": 1.0,
            "known_votes": 1.0,
            "controllers": [
                {
                    "party": {"id": "Person-5e977eab68cab0cac6874ce6876cd5df", "kind": "Person", "name": "王**"},
                    "votes": 0.6,
                    "interest": 0.6,
                    "beyond_chains": 0.0,
                    "ultimate": True,
                    "joint": False,
                    "state": False,
                    "chains": [
                        {
                            "nodes": [
                                {"id": "Person-5e977eab68cab0cac6874ce6876cd5df", "kind": "Person", "name": "王**"},
                                {"id": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3", "kind": "Firm", "name": "杭州澄湖精密机械有限公司"},
                            ],
                            "share": 0.6,
                            "steps": [
                                [
                                    {
                                        "id": "9df7e263d1f40044761104cd6a3e1518",
                                        "type": "HOLDS_SHARES",
                                        "src": {"id": "Person-5e977eab68cab0cac6874ce6876cd5df", "kind": "Person", "name": "王**"},
                                        "dst": {
                                            "id": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3",
                                            "kind": "Firm",
                                            "name": "杭州澄湖精密机械有限公司",
                                        },
                                        "equity_share": 0.6,
                                        "voting_share": 0.6,
                                        "since": "1900-01-01",
                                        "row": {
                                            "table": "HOLDS_SHARES",
                                            "id": "9df7e263d1f40044761104cd6a3e1518",
                                            "file": "world.csv",
                                            "sheet": "",
                                            "line": 6,
                                            "batch": "20260331T180000-0a1b2c3d",
                                        },
                                    }
                                ]
                            ],
                            "counted": [0.6],
                        }
                    ],
                    "acts_with": [],
                }
            ],
            "deadlocked": [],
            "missing": [
                {
                    "party": {"id": "Firm-daa7f1ed98a4b2e9ad410f8895f5dab3", "kind": "Firm", "name": "宁波白云控股有限公司"},
                    "untold": 1.0,
                    "weight": 0.4,
                }
            ],
            "findings": [],
            "complete": True,
            "cuts": [],
        },
    }
}

BENEFICIAL_OWNERS: dict[str, Any] = {
    "known": {
        "summary": "That person meets three tests; another may stand behind the 40% that nobody is told to own",
        "value": {
            "as_of": "2026-03-31",
            "firm": {"id": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3", "kind": "Firm", "name": "杭州澄湖精密机械有限公司"},
            "through_seq": 1,
            "version": "2",
            "rule": "受益所有人信息管理办法（中国人民银行 国家市场监督管理总局令〔2024〕第3号）",
            "status": "incomplete",
            "said": {"zh": "可能另有受益所有人", "en": "A quarter and more of it is untold: another owner may stand behind that."},
            "exempt": False,
            "unknown": 0.4,
            "owners": [
                {
                    "party": {"id": "Person-5e977eab68cab0cac6874ce6876cd5df", "kind": "Person", "name": "王**"},
                    "interest": 0.6,
                    "beyond_chains": 0.0,
                    "votes": 0.6,
                    "tests": [
                        {"test": "equity", "said": {"zh": "最终持股25%以上", "en": "25% and more of the equity in the end"}},
                        {"test": "votes", "said": {"zh": "表决权25%以上", "en": "25% and more of the votes"}},
                        {"test": "control", "said": {"zh": "单独实际控制", "en": "controls alone"}},
                    ],
                    "chains": [
                        {
                            "nodes": [
                                {"id": "Person-5e977eab68cab0cac6874ce6876cd5df", "kind": "Person", "name": "王**"},
                                {"id": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3", "kind": "Firm", "name": "杭州澄湖精密机械有限公司"},
                            ],
                            "share": 0.6,
                            "steps": [
                                [
                                    {
                                        "id": "9df7e263d1f40044761104cd6a3e1518",
                                        "type": "HOLDS_SHARES",
                                        "src": {"id": "Person-5e977eab68cab0cac6874ce6876cd5df", "kind": "Person", "name": "王**"},
                                        "dst": {
                                            "id": "Firm-bb5c80ca4a7846068e6f04ebfbb9c5e3",
                                            "kind": "Firm",
                                            "name": "杭州澄湖精密机械有限公司",
                                        },
                                        "equity_share": 0.6,
                                        "voting_share": 0.6,
                                        "since": "1900-01-01",
                                        "row": {
                                            "table": "HOLDS_SHARES",
                                            "id": "9df7e263d1f40044761104cd6a3e1518",
                                            "file": "world.csv",
                                            "sheet": "",
                                            "line": 6,
                                            "batch": "20260331T180000-0a1b2c3d",
                                        },
                                    }
                                ]
                            ],
                            "counted": [0.6],
                        }
                    ],
                    "told_by": [],
                }
            ],
            "missing": [
                {
                    "party": {"id": "Firm-daa7f1ed98a4b2e9ad410f8895f5dab3", "kind": "Firm", "name": "宁波白云控股有限公司"},
                    "untold": 1.0,
                    "weight": 0.4,
                }
            ],
            "complete": True,
            "cuts": [],
        },
    }
}
