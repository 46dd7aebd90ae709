"""Names that sound right and belong to nobody: invented cities, invented trade names, invented persons."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np

from yujing.bank.plan import BankPlan, Bools, Ints, Texts


@dataclass(frozen=True)
class Trade:
    """An industry: its GB/T 4754 division, what it is called, the words that end a firm's trade name."""

    code: str
    name: str
    words: tuple[str, ...]
    weight: float
    stage: int  # where it stands in a supply chain: 0 raw materials, 1 making, 2 selling, 3 services


TRADES = (
    Trade("C13", "农副食品加工业", ("食品", "粮油", "农产品加工"), 0.06, 1),
    Trade("C17", "纺织业", ("纺织", "织造", "印染"), 0.09, 1),
    Trade("C21", "家具制造业", ("家具", "木业"), 0.04, 1),
    Trade("C22", "造纸和纸制品业", ("纸业", "包装"), 0.04, 0),
    Trade("C26", "化学原料和化学制品制造业", ("化工", "新材料"), 0.06, 0),
    Trade("C29", "橡胶和塑料制品业", ("塑胶", "橡塑"), 0.05, 1),
    Trade("C31", "黑色金属冶炼和压延加工业", ("钢材", "金属材料"), 0.05, 0),
    Trade("C33", "金属制品业", ("五金制品", "金属制品"), 0.08, 1),
    Trade("C34", "通用设备制造业", ("机械", "泵阀", "轴承"), 0.09, 1),
    Trade("C36", "汽车制造业", ("汽车零部件", "车业"), 0.05, 1),
    Trade("C39", "计算机、通信和其他电子设备制造业", ("电子", "光电"), 0.05, 1),
    Trade("E47", "房屋建筑业", ("建筑工程", "建设"), 0.06, 2),
    Trade("F51", "批发业", ("贸易", "商贸", "供应链管理"), 0.15, 2),
    Trade("F52", "零售业", ("商业", "百货"), 0.05, 2),
    Trade("G54", "道路运输业", ("物流", "运输"), 0.05, 3),
    Trade("L72", "商务服务业", ("企业管理", "咨询服务"), 0.03, 3),
)
PLACES = ("澄岭", "汀原", "岚泽", "沚宁", "枫屿", "砚川", "霁阳", "樾城")  # no such cities; 澄岭 is the bank's home
BANK_NAME = "澄岭银行股份有限公司"
GUARANTEE_TRADE = len(TRADES) - 1  # of the state's holding and of the guarantee company

_FIRST = "澜瑾昱翊筠珺琰钰铄铭锦骥骞鹭鸿麒霖霁霭岚嵘崧峻屹垚堃圻坤浚淳渌湛溱滢漪潆炜烨焱煊熠燊璟璞璇璁瑞珩"
_SECOND = "泰隆昌茂盛裕祥孚瀚恺忱恪惇旻昊晟晖暄朗桓桦梓棠楷榆槿樾欣毓沣泓泽济洵润涵淼渊源溥澍灏煜烁珏玥璋"
_ENDINGS = ("", "实业", "科技", "发展", "投资", "控股", "开发", "工贸")
_SURNAMES = "赵钱孙李周吴郑王冯陈蒋沈韩杨朱秦许何吕施张孔曹严金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳"
_GIVEN_WOMEN = "婉婧婵嫣娴妍姝淑慧敏静蓉蕙莹萱筠岚黛钰瑶"
_GIVEN_MEN = "峻岳屹崧恺恒毅睿哲晟昊旭煜炜烨铭锐骁骏鹏"
_GIVEN_LAST = "宁岑舟川芮白言之朔蔚澄溪远声章序原庭霁衡"

# Trade names of firms that everyone knows, which no invented name may contain.
KNOWN_TRADE_NAMES = frozenset(
    (
        *("华为", "腾讯", "阿里", "百度", "京东", "美团", "小米", "格力", "美的", "海尔", "海信", "联想", "中兴", "比亚迪"),
        *("万科", "新希望", "德邦", "碧桂园", "瑞茂"),
        *("恒大", "保利", "融创", "茅台", "五粮液", "伊利", "蒙牛", "双汇", "宝钢", "鞍钢", "首钢", "沙钢", "吉利"),
        *("长安", "上汽", "一汽", "东风", "长城", "奇瑞", "宁德", "隆基", "通威", "三一", "中联", "徐工", "潍柴", "玉柴", "万向"),
        *("正泰", "德力西", "娃哈哈", "农夫", "康师傅", "统一", "国美", "苏宁", "永辉", "顺丰", "圆通", "中通", "申通", "韵达"),
        *("复星", "海航", "泛海", "平安", "招商", "中信", "光大", "民生", "兴业", "浦发", "华夏", "广发", "瑞幸", "润泽", "润泰"),
        *("鸿海", "鸿源", "瑞泰", "瑞昌", "锦泰", "锦隆", "锦源", "铭泰", "坤源", "麒盛", "霖泽", "璞泰", "鸿泰", "鸿茂", "瑞丰"),
    )
)


def trade_names(rng: np.random.Generator, count: int) -> list[str]:
    """`count` distinct trade names, none of which contains a known one; of three characters once two do not suffice."""
    pairs = [a + b for a in _FIRST for b in _SECOND if a + b not in KNOWN_TRADE_NAMES]
    chosen = [pairs[i] for i in rng.permutation(len(pairs))[:count]]
    while len(chosen) < count:
        longer = {a + pair for a, pair in zip(rng.choice(list(_FIRST), len(pairs)), pairs, strict=True)}
        fresh = sorted(name for name in longer - set(chosen) if not any(known in name for known in KNOWN_TRADE_NAMES))
        chosen += fresh[: count - len(chosen)]
    return chosen


def firm_names(plan: BankPlan, rng: np.random.Generator, what: tuple[Ints, Ints, Bools]) -> list[str]:
    """Place, trade name, industry word and legal form, as registers write them; `what`: place, trade, whether joint stock."""
    places, trades, joint_stock = what
    forms = ("有限公司", "股份有限公司")
    words = [str(rng.choice(TRADES[trade].words)) for trade in trades]
    told = [(name, "") for name in trade_names(rng, len(places))] if plan.block is None else shared_trade_names(plan)
    return [
        f"{PLACES[place]}{name}{word}{ending}{forms[int(joint)]}"
        for place, (name, ending), word, joint in zip(places, told, words, joint_stock, strict=True)
    ]


def shared_trade_names(plan: BankPlan) -> list[tuple[str, str]]:
    """A trade name and an ending for each firm of a society; no two firms of the bank have both in common."""
    names = _every_trade_name(plan.seed)
    places = [divmod(plan.first("firms") + k, len(names)) for k in range(plan.firms)]
    endings = [*_ENDINGS, *("".join(pair) for pair in permutations(_ENDINGS[1:], 2))]
    return [(names[which], endings[turn]) for turn, which in places]


@lru_cache(maxsize=1)
def _every_trade_name(seed: int) -> Texts:
    """All trade names of two and of three characters in a seeded order."""
    pairs = [a + b for a in _FIRST for b in _SECOND]
    every = {*pairs, *(a + pair for a in _FIRST for pair in pairs)}
    fit = sorted(name for name in every if not KNOWN_TRADE_NAMES & {name, name[:2], name[1:]})
    return np.array(fit, dtype=object)[BankPlan(seed=seed).rng("trade names").permutation(len(fit))]


def person_names(rng: np.random.Generator, women: Bools) -> list[str]:
    """A surname and two rare given characters; persons may share a name, as they do."""
    surnames = rng.choice(list(_SURNAMES), len(women))
    middles = np.where(women, rng.choice(list(_GIVEN_WOMEN), len(women)), rng.choice(list(_GIVEN_MEN), len(women)))
    lasts = rng.choice(list(_GIVEN_LAST), len(women))
    return [f"{a}{b}{c}" for a, b, c in zip(surnames, middles, lasts, strict=True)]
