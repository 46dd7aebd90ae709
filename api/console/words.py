"""What officers read, Chinese first: one catalogue, and how amounts, shares and days are written."""

from datetime import date
from math import exp
from typing import Literal

Language = Literal["zh", "en"]

WORDS: dict[str, tuple[str, str]] = {
    "brand": ("预警", "Yujing"),
    "tagline": ("信贷风险早期预警", "Credit-risk early warning"),
    "invented": (
        "演示数据：这家银行、其中的企业和人员均为虚构。",
        "Demonstration data: this bank, its firms and its people are invented.",
    ),
    "search": ("搜索", "Search"),
    "search_hint": ("企业名称、统一社会信用代码", "Firm name or credit code"),
    "as_of": ("截至", "As of"),
    "go": ("查看", "Show"),
    "past": ("历史视图", "Past day"),
    "desk": ("工作台", "Desk"),
    "desk_lead": ("最近一次扫描的预警，先看最紧急的。", "Alerts of the last scan, the most urgent first."),
    "alerts": ("预警", "Alerts"),
    "alert": ("预警", "Alert"),
    "no_alerts": ("没有预警。", "No alerts."),
    "no_alerts_why": (
        "截至当日没有扫描结果，或没有规则被触发。运行 yujing scan 进行扫描。",
        "No scan has been run by this day, or no rule fired. Run yujing scan.",
    ),
    "more": ("更多", "More"),
    "red": ("红色", "Red"),
    "orange": ("橙色", "Orange"),
    "yellow": ("黄色", "Yellow"),
    "pre_loan": ("贷前", "Before the loan"),
    "drawdown": ("贷中", "Drawdown"),
    "post_loan": ("贷后", "After the loan"),
    "data": ("数据", "Data"),
    "grade": ("级别", "Grade"),
    "firm": ("企业", "Firm"),
    "day": ("日期", "Day"),
    "first_raised": ("首次预警", "First raised"),
    "score": ("违约概率", "Probability of default"),
    "score_in": ("天内", "days"),
    "score_own": ("自身风险", "Own risk"),
    "score_contagion": ("传染风险", "Contagion"),
    "score_alone": ("不计关联关系时", "without its relations"),
    "score_with": ("计入关联关系后", "with its relations"),
    "score_unused": ("本预警不依据评分。", "This alert does not rest on the score."),
    "through": ("风险经由", "Risk arrives through"),
    "exposure": ("授信与余额", "Exposure"),
    "limit": ("授信额度", "Credit lines"),
    "balance": ("贷款余额", "Balance"),
    "overdue": ("逾期余额", "Overdue"),
    "due_90": ("90天内到期", "Due in 90 days"),
    "collateral": ("押品价值", "Collateral"),
    "worst_class": ("最差分类", "Worst class"),
    "days_past_due": ("逾期天数", "Days past due"),
    "network": ("敞口网络", "Exposure network"),
    "notes": ("借据", "Loan notes"),
    "note": ("借据", "Loan note"),
    "product": ("产品", "Product"),
    "five_tier": ("五级分类", "Class"),
    "matures": ("到期日", "Matures"),
    "owners": ("股东", "Shareholders"),
    "share": ("持股", "Equity"),
    "guarantees_given": ("对外担保", "Guarantees given"),
    "guarantees_taken": ("接受担保", "Guarantees taken"),
    "amount": ("金额", "Amount"),
    "liability": ("保证方式", "Liability"),
    "scheme": ("担保形式", "Scheme"),
    "evidence": ("证据", "Evidence"),
    "path": ("风险路径", "Path of the risk"),
    "value": ("数值", "Value"),
    "source": ("来源", "Source"),
    "sources": ("数据来源", "Sources"),
    "rows": ("行", "rows"),
    "batch": ("批次", "Batch"),
    "rule": ("规则依据", "Rule"),
    "rule_of": ("依据", "Source"),
    "advice": ("建议", "What to do"),
    "inputs": ("触发数值", "Figures it fired on"),
    "confirmed": ("原文已核", "text seen"),
    "to-confirm": ("原文待核", "text to be confirmed"),
    "house": ("行内规则", "house rule"),
    "in_force": ("施行", "in force from"),
    "unseen": ("看不到的", "What cannot be seen"),
    "unseen_none": ("没有发现信息缺口。", "No blind spots found."),
    "identity": ("基本信息", "Identity"),
    "industry": ("行业", "Industry"),
    "branch": ("经办机构", "Branch"),
    "established": ("成立日期", "Established"),
    "capital": ("注册资本", "Registered capital"),
    "ledger_seq": ("账本序号", "Ledger sequence"),
    "found": ("搜索结果", "Search results"),
    "found_none": ("没有找到企业。", "No firm found."),
    "found_hint": (
        "试试名称中的几个字，或完整的18位统一社会信用代码。",
        "Try a part of the name, or the whole 18-character credit code.",
    ),
    "sign_in": ("登录", "Sign in"),
    "sign_in_lead": ("输入 API 密钥。密钥由管理员用 yujing keys create 生成。", "Enter an API key; yujing keys create makes one."),
    "sign_out": ("退出", "Sign out"),
    "api_key": ("API 密钥", "API key"),
    "error_404": ("没有找到", "Not found"),
    "error_other": ("无法显示", "Cannot be shown"),
    "back": ("返回工作台", "Back to the desk"),
    "openapi": ("接口文档", "OpenAPI"),
    "none": ("无", "None"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "skip": ("跳到正文", "Skip to content"),
    "large": ("大型", "Large"),
    "medium": ("中型", "Medium"),
    "small": ("小型", "Small"),
    "micro": ("微型", "Micro"),
    "active": ("存续", "Active"),
    "suspended": ("停业", "Suspended"),
    "revoked": ("吊销", "Revoked"),
    "cancelled": ("注销", "Cancelled"),
    "bankrupt": ("破产", "Bankrupt"),
    "normal": ("正常", "Normal"),
    "special_mention": ("关注", "Special-mention"),
    "substandard": ("次级", "Substandard"),
    "doubtful": ("可疑", "Doubtful"),
    "loss": ("损失", "Loss"),
    "working_capital": ("流动资金贷款", "Working capital"),
    "fixed_asset": ("固定资产贷款", "Fixed asset"),
    "acceptance": ("银行承兑汇票", "Acceptance"),
    "letter_of_credit": ("信用证", "Letter of credit"),
    "guarantee": ("保函", "Guarantee"),
    "advance": ("垫款", "Advance"),
    "other": ("其他", "Other"),
    "ordinary": ("一般保证", "Ordinary"),
    "joint_and_several": ("连带责任", "Joint and several"),
    "single": ("单户", "Single"),
    "mutual": ("互保", "Mutual"),
    "joint": ("联保", "Joint"),
    "threshold": ("阈值", "Threshold"),
    "open": ("待处理", "Open"),
    "in_progress": ("处理中", "In progress"),
    "closed": ("已关闭", "Closed"),
}


def language_of(text: str) -> Language:
    """English where it is asked for, Chinese for everything else."""
    return "en" if text == "en" else "zh"


def say(key: str, language: Language) -> str:
    """The word for `key`; a key without one is shown as it is, which a test forbids for the templates."""
    zh, en = WORDS.get(key, (key, key))
    return zh if language == "zh" else en


def money(fen: int | None, language: Language) -> str:
    """An amount as it is read aloud: 1.25亿元, 830万元; CNY 125 m. Unknown is a dash."""
    if fen is None:
        return "—"
    yuan = fen / 100
    steps = ((1e8, "亿元"), (1e4, "万元"), (1, "元")) if language == "zh" else ((1e9, " bn"), (1e6, " m"), (1e3, " k"), (1, ""))
    divisor, unit = next(((d, u) for d, u in steps if abs(yuan) >= d), steps[-1])
    figure = f"{yuan / divisor:,.4g}" if abs(yuan / divisor) < 1000 else f"{yuan / divisor:,.0f}"
    return f"{figure}{unit}" if language == "zh" else f"CNY {figure}{unit}"


def odds(log_odds: float, language: Language) -> str:
    """What a part of a score does to the odds of default, by exp(`log_odds`): 几率增加35%, odds down 12%, odds × 6.2."""
    factor = exp(log_odds)
    change = f"{abs(factor - 1) * 100:.0f}%"
    if change == "0%":
        return "几率几乎不变" if language == "zh" else "odds hardly change"
    if factor >= 2:
        return f"几率变为{factor:.2g}倍" if language == "zh" else f"odds × {factor:.2g}"
    if factor > 1:
        return f"几率增加{change}" if language == "zh" else f"odds up {change}"
    return f"几率减少{change}" if language == "zh" else f"odds down {change}"


def percent(share: float | None) -> str:
    """A share of one as a percentage with at most two decimals."""
    return "—" if share is None else f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"


def day(value: date | None, language: Language) -> str:
    """2026年3月31日, or 31 Mar 2026."""
    if value is None:
        return "—"
    return f"{value.year}年{value.month}月{value.day}日" if language == "zh" else f"{value.day} {value:%b} {value.year}"
