"""What an officer reads, Chinese first."""

from models.stress.answer import Said

EDGES = {
    "trade": Said(zh="货款收不回", en="trade debt not paid"),
    "holding": Said(zh="股权投资损失", en="holding lost its value"),
    "guarantee": Said(zh="担保被代偿", en="guarantee called"),
}

REASONS = {
    "named": Said(zh="情景指定违约", en="the scenario says that it fails"),
    "shock": Said(zh="情景损失超过净资产", en="the scenario's losses exceed its equity"),
    "losses": Said(zh="传导损失超过净资产", en="losses that arrived exceed its equity"),
    "call": Said(zh="无力代偿", en="cannot pay what its guarantees call for"),
}

LEFT_OUT = {
    "guarantees_by_persons": Said(zh="自然人保证（偿付能力未知，未计）", en="guarantees by persons, whose means are not known"),
    "negative_amounts": Said(zh="负数金额（未计）", en="negative amounts, not counted"),
    "owed_to_oneself": Said(zh="对自身的债权（未计）", en="claims on oneself, not counted"),
    "without_rate": Said(zh="无汇率的外币金额（未计）", en="foreign amounts without a rate, not counted"),
    "equity_not_known": Said(zh="净资产未知（只承受、不传导损失）", en="firms of unknown equity: they absorb"),
    "equity_from_capital": Said(zh="无报表，以注册资本折算净资产", en="firms without a statement: equity from registered capital"),
}

CHANGES = {
    "fell": Said(zh="倒下企业数", en="firms that fell"),
    "rounds": Said(zh="传导轮次", en="rounds"),
    "bank_loss_fen": Said(zh="情景损失", en="loss in the scenario itself"),
    "expected_fen": Said(zh="预期损失", en="expected loss"),
    "own_fen": Said(zh="其中：自身违约", en="of it on firms that fell first"),
    "quantile_99_fen": Said(zh="99%分位损失", en="loss at the 99% quantile"),
    "distressed": Said(zh="受困信贷占比", en="part of all credit distressed"),
    "over": Said(zh="超限项数", en="limits exceeded"),
}

NOT_COMPUTED = Said(
    zh="当日未推算关联客户与限额（先运行 yujing knowledge）", en="limits were not computed for that day: yujing knowledge first"
)

ASSUMPTIONS = (
    Said(
        zh="应付货款：近期发票或年交易额折算，视为未付；口径见 models/contagion/settings.yaml",
        en="trade debt: late invoices or the yearly amount, taken as unpaid; conventions in models/contagion/settings.yaml",
    ),
    Said(
        zh="自身违约取自评分的自身部分；传染由本模型另行推算，不重复计入",
        en="own defaults come of the score's own part; contagion is worked out here and not counted twice",
    ),
)
MACRO = Said(
    zh="宏观敏感度均为假设，见 models/stress/settings.yaml",
    en="macro sensitivities are assumptions: models/stress/settings.yaml",
)
