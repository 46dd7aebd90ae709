"""A third invented bank, written after the method and measured before anything was mended: the honest figure for unknown files.

No term of the lexicon was added for it; docs/propose.md says what it scored at first and what it scores now.
"""

import random
from datetime import date, timedelta
from pathlib import Path

from tests.ingest.propose.other_bank import identity_number, uscc, write_csv

_FIRMS = 50

TRUTH = """
name: third-bank
backfill: assumed
defaults: {source: third}
files:
  - path: 客户主档.csv
    encoding: gb18030
    ignore: [主档编制柜员]
    yields:
      - entity: Firm
        key: 核心客户号
        valid_from: 建档日
        properties: {name: 户名全称, uscc: 社会统一代码, size: 四部委划型, industry: 国民经济行业,
          registered_capital_fen: 注册资本金额(万), established_on: 营业执照成立日, status: 存续状况, officer: 主办经理号}
  - path: 放款流水.csv
    yields:
      - entity: LoanNote
        key: 放款编号
        valid_from: 起息日期
        recorded_at: 系统登记时间
        properties: {product: 信贷品种, principal_fen: 出账本金, annual_rate: 执行年利率(%),
          drawn_on: 起息日期, matures_on: 约定还清日}
      - {relation: BORROWS, key: 放款编号, valid_from: 起息日期,
         src: {type: Firm, key: 借款客户}, dst: {type: LoanNote, key: 放款编号}}
  - path: guarantor_list.csv
    yields:
      - relation: GUARANTEES
        key: suretyship_no
        src: {type: Firm, source: uscc, key: surety_credit_code}
        dst: {type: Firm, source: uscc, key: obligor_credit_code}
        valid_from: executed_on
        valid_to: lapses_on
        properties: {contract: suretyship_no, amount_fen: sum_secured, liability: liability_form, signed_on: executed_on}
  - path: directors.csv
    yields:
      - {entity: Person, source: id_number, key: national_id, personal: id_number,
         properties: {name: full_name, id_number: national_id}}
      - relation: SERVES_AS
        key: [national_id, company_credit_code]
        src: {type: Person, source: id_number, key: national_id, personal: id_number}
        dst: {type: Firm, source: uscc, key: company_credit_code}
        valid_from: appointed_on
        properties: {role: position_held}
  - path: YQTZ.csv
    ignore: [BZ]
    yields:
      - fact: LoanNoteState
        key: FKBH
        subject: {type: LoanNote, key: FKBH}
        valid_from: SJRQ
        properties: {balance_fen: DKYE, interest_arrears_fen: QXJE, days_past_due: YQTS, five_tier: WJFL}
  - path: utilities_monthly.csv
    yields:
      - fact: MonthlyIndicator
        key: [taxpayer_no, yyyymm]
        subject: {type: Firm, source: uscc, key: taxpayer_no}
        valid_from: yyyymm
        properties: {month: yyyymm, electricity_kwh: power_kwh, tax_paid_fen: tax_remitted, headcount: staff_insured,
          turnover_fen: invoiced_sales}
"""


def write_third_bank(folder: Path) -> Path:
    """Writes the six files and `truth.yaml`; the same at every call."""
    chance = random.Random(11)
    codes = [uscc(number + 500) for number in range(_FIRMS)]
    customers = [f"K{77000000 + 13 * number}" for number in range(_FIRMS)]
    loans = [f"FK{2024:d}{number:05d}" for number in range(90)]
    people = [identity_number(number + 40) for number in range(40)]

    def day(form: str = "%Y-%m-%d") -> str:
        return (date(2022, 3, 1) + timedelta(days=chance.randrange(800))).strftime(form)

    def money() -> str:
        return f"{chance.randrange(20_000, 8_000_000)}.{chance.randrange(100):02d}"

    firms = []
    for n, customer in enumerate(customers):
        size, state = chance.choice(["大型企业", "中型企业", "小型企业"]), chance.choice(["存续", "注销"])
        firms.append(
            [
                customer,
                f"虚拟{n}贸易公司",
                codes[n],
                size,
                f"F{51 + n % 2}",
                str(chance.randrange(50, 9000)),
                day("%Y/%m/%d"),
                state,
            ]
        )
        firms[-1] += [f"M{n % 9:04d}", day("%Y/%m/%d"), f"G{n % 6:03d}"]
    header = "核心客户号,户名全称,社会统一代码,四部委划型,国民经济行业,注册资本金额(万),"
    header += "营业执照成立日,存续状况,主办经理号,建档日,主档编制柜员"
    write_csv(folder / "客户主档.csv", header, firms, encoding="gb18030")
    notes = []
    for n, loan in enumerate(loans):
        product, rate, begun = chance.choice(["流动资金贷款", "项目贷款"]), f"{3 + n % 20 / 10:.2f}", day()
        notes.append([loan, customers[n % _FIRMS], product, money(), rate, begun, "2026-05-01", f"{begun} 18:30:0{n % 10}"])
    write_csv(folder / "放款流水.csv", "放款编号,借款客户,信贷品种,出账本金,执行年利率(%),起息日期,约定还清日,系统登记时间", notes)
    write_csv(
        folder / "guarantor_list.csv",
        "suretyship_no,surety_credit_code,obligor_credit_code,sum_secured,liability_form,executed_on,lapses_on",
        [
            [
                f"S{n:04d}",
                codes[n],
                codes[n + 9],
                money(),
                chance.choice(["joint and several", "general guarantee"]),
                day(),
                "2028-01-01",
            ]
            for n in range(35)
        ],
    )
    write_csv(
        folder / "directors.csv",
        "company_credit_code,full_name,national_id,position_held,appointed_on",
        [[codes[n], f"虚构人{n}", people[n], chance.choice(["董事", "监事", "总经理"]), day()] for n in range(40)],
    )
    write_csv(
        folder / "YQTZ.csv",
        "FKBH,SJRQ,DKYE,QXJE,YQTS,WJFL,BZ",
        [
            [
                loan,
                when,
                money(),
                chance.choice(["0.00", "33.10"]),
                chance.choice(["0", "15"]),
                chance.choice(["正常", "关注", "次级"]),
                "",
            ]
            for loan in loans
            for when in ("20250430", "20250531")
        ],
    )
    write_csv(
        folder / "utilities_monthly.csv",
        "taxpayer_no,yyyymm,power_kwh,tax_remitted,staff_insured,invoiced_sales",
        [
            [code, month, f"{chance.random() * 9000:.1f}", money(), str(chance.randrange(3, 400)), money()]
            for code in codes
            for month in ("202501", "202502", "202503")
        ],
    )
    truth = folder / "truth.yaml"
    truth.write_text(TRUTH, "utf-8")
    return truth
