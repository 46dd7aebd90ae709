"""A relation as it is read from one of its ends: what this one does to the other, in words."""

from typing import Literal

from api.console.words import Language
from graph.ontology import Ontology

Way = Literal["out", "in"]

TIES: dict[str, dict[Way, tuple[str, str]]] = {
    "HOLDS_SHARES": {"out": ("持股于", "holds shares of"), "in": ("股东为", "is held by")},
    "SERVES_AS": {"out": ("任职于", "serves at"), "in": ("任职者为", "is served by")},
    "KIN_OF": {"out": ("亲属", "kin of"), "in": ("亲属", "kin of")},
    "CONTROLS": {"out": ("控制", "controls"), "in": ("受控于", "is controlled by")},
    "ACTS_WITH": {"out": ("一致行动", "acts with"), "in": ("一致行动", "acts with")},
    "GUARANTEES": {"out": ("担保给", "guarantees"), "in": ("由其担保", "is guaranteed by")},
    "BORROWS": {"out": ("借入", "borrows"), "in": ("借款人为", "is borrowed by")},
    "SECURED_BY": {"out": ("押品为", "is secured by"), "in": ("押给", "secures")},
    "PLEDGES": {"out": ("质押", "pledges"), "in": ("出质人为", "is pledged by")},
    "OWNS_ACCOUNT": {"out": ("开立账户", "owns account"), "in": ("户主为", "is owned by")},
    "TRANSFERS": {"out": ("付款给", "paid to"), "in": ("收款自", "paid by")},
    "DISBURSES": {"out": ("放款至", "disbursed to"), "in": ("放款自", "disbursed from")},
    "REPAYS": {"out": ("还款至", "repays"), "in": ("还款自", "is repaid by")},
    "INVOICES": {"out": ("开票给", "invoiced to"), "in": ("收票自", "invoiced by")},
    "SUPPLIES": {"out": ("供货给", "supplies"), "in": ("供货自", "is supplied by")},
    "SUES": {"out": ("起诉", "sues"), "in": ("被其起诉", "is sued by")},
    "BRANCH_OF": {"out": ("隶属于", "is a branch of"), "in": ("分支机构为", "has the branch")},
    "SHARES_CONTACT": {"out": ("联系方式为", "is reached by"), "in": ("使用者为", "is used by")},
    "MEMBER_OF": {"out": ("成员属于", "is a member of"), "in": ("成员为", "has the member")},
}
"""By relation and way: out from `src` to `dst`, in from `dst` to `src`."""


def tie(ontology: Ontology, type_name: str, way: Way, language: Language) -> str:
    """付款给, or paid by. A relation that a bank added goes by its name and an arrow."""
    if words := TIES.get(type_name):
        return words[way][0 if language == "zh" else 1]
    kind = ontology.relations.get(type_name)
    name = kind.zh if kind and language == "zh" else type_name.replace("_", " ").lower()
    return f"{name} {'→' if way == 'out' else '←'}"
