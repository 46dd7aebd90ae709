"""The model's score of the firm, taken apart."""

from alerts.facts.kinds import Topic, Unit, number

SCORE = Topic(
    "scored",
    """
    SELECT party, probability, own AS own_log_odds, contagion AS contagion_log_odds, 1 / (1 + exp(-own)) AS probability_alone,
        CASE WHEN probability > 0 THEN greatest(1 - (1 / (1 + exp(-own))) / probability, 0) END AS contagion_share
    FROM score
    """,
    (
        number("probability", Unit.SHARE, "违约概率", "probability of default", "score"),
        number("own_log_odds", Unit.LOG_ODDS, "自身风险(对数几率)", "own risk in log-odds", "score"),
        number("contagion_log_odds", Unit.LOG_ODDS, "传染风险(对数几率)", "risk over relations in log-odds", "score"),
        number("probability_alone", Unit.SHARE, "剔除传染后的违约概率", "probability without contagion", "score"),
        number("contagion_share", Unit.SHARE, "传染占违约概率比例", "share of the probability that came over relations", "score"),
    ),
)
