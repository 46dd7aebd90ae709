"""Another invented bank, to hold the proposals to: English abbreviations, pinyin initials, Chinese headers in words of its own.
 `TRUTH` is its manifest as its data officer would write it. Its spellings were written before
they were tried, and the lexicon was not mended by them."""

import random
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import stdnum.cn.uscc
import stdnum.iso7064.mod_11_2

FIRMS, NOTES = 60, 120
_DAY = date(2023, 1, 5)

TRUTH = """
name: other-bank
backfill: assumed
defaults: {source: other}
files:
  - path: T_CUST_CORP.csv
    delimiter: "|"
    ignore: [CREATE_TELLER]
    yields:
      - entity: Firm
        key: CORP_CIF_NO
        recorded_at: ETL_DT
        properties: {name: CORP_CHN_NM, uscc: SOC_CRDT_CD, size: ENT_SCALE_CD, industry: INDU_TYP_CD,
          registered_capital_fen: RGST_CAP_AMT,
          established_on: FOUND_DT, listed: LST_CO_IND, status: OPER_STS, branch: MGMT_ORG_NO, officer: ACCT_MGR_NO}
  - path: T_LN_DUEBILL.csv
    delimiter: "|"
    yields:
      - entity: LoanNote
        key: DUEBILL_NO
        valid_from: VALUE_DT
        recorded_at: ETL_DT
        properties: {number: DUEBILL_NO, contract: CONT_NO, product: LOAN_PROD, principal_fen: DISBR_AMT,
          annual_rate: EXEC_INT_RATE,
          drawn_on: VALUE_DT, matures_on: MATU_DT}
      - {relation: BORROWS, key: DUEBILL_NO, valid_from: VALUE_DT,
         src: {type: Firm, key: CORP_CIF_NO}, dst: {type: LoanNote, key: DUEBILL_NO}}
  - path: T_LN_BAL_D.csv
    delimiter: "|"
    yields:
      - fact: LoanNoteState
        key: DUEBILL_NO
        subject: {type: LoanNote, key: DUEBILL_NO}
        valid_from: DATA_DT
        properties: {balance_fen: LN_BAL, interest_arrears_fen: OWE_INT, days_past_due: OVD_DAYS, five_tier: RISK_CLS5}
  - path: DBHT.xlsx
    header_row: 3
    yields:
      - relation: GUARANTEES
        key: DBHTH
        src: {type: Person, source: id_number, key: BZRZJHM, personal: id_number}
        dst: {type: Firm, key: ZWRKHH}
        valid_from: QDRQ
        valid_to: DQRQ
        properties: {contract: DBHTH, amount_fen: DBJE, liability: BZFS, signed_on: QDRQ}
  - path: 股权穿透.csv
    encoding: gb18030
    yields:
      - relation: HOLDS_SHARES
        key: [投资方统一代码, 被投企业统一代码]
        src: {type: Firm, source: uscc, key: 投资方统一代码}
        dst: {type: Firm, source: uscc, key: 被投企业统一代码}
        valid_from: 变更日
        properties: {equity_share: 股权占比, paid_in_fen: 到位资金（万元）}
  - path: JYLS.csv
    yields:
      - relation: TRANSFERS
        key: JYLSH
        src: {type: Account, key: FKZH}
        dst: {type: Account, key: SKZH}
        valid_from: JYSJ
        currency: BZ
        properties: {amount_fen: JYJE, at: JYSJ, purpose: FY}
  - path: acct_master.csv
    yields:
      - entity: Account
        key: account_no
        valid_from: date_opened
        properties: {number: account_no, account_type: acct_class, bank: branch_nm, opened_on: date_opened, status: acct_state}
      - {relation: OWNS_ACCOUNT, key: account_no, valid_from: date_opened,
         src: {type: Firm, key: owner_cif}, dst: {type: Account, key: account_no}}
  - path: 法院公告.xlsx
    sheet: Sheet1
    yields:
      - fact: JudicialEvent
        key: [当事人代码, 文书案号]
        subject: {type: Firm, source: uscc, key: 当事人代码}
        valid_from: 公告日期
        properties: {case_number: 文书案号, event_type: 公告类别, amount_fen: 标的（万元）, filed_on: 公告日期}
  - path: fin_rpt.tsv
    yields:
      - fact: FinancialStatement
        key: [cust_cif, rpt_dt]
        subject: {type: Firm, key: cust_cif}
        valid_from: rpt_dt
        properties: {period_end: rpt_dt, total_assets_fen: tot_ast, total_liabilities_fen: tot_liab, net_assets_fen: own_eqty,
          current_assets_fen: cur_ast, current_liabilities_fen: cur_liab, cash_fen: monetary_funds, receivables_fen: acct_recv,
          inventory_fen: invtry, revenue_fen: oper_inc, net_profit_fen: net_prft, operating_cash_flow_fen: cash_flow_oper}
  - path: 抵质押清单.csv
    yields:
      - entity: Collateral
        key: 担保品编号
        valid_from: 估值基准日
        properties: {number: 担保品编号, collateral_type: 担保品种类, value_fen: 认可价值, valued_on: 估值基准日}
      - {relation: PLEDGES, key: 担保品编号, src: {type: Firm, key: 权属人客户编号}, dst: {type: Collateral, key: 担保品编号}}
"""


def write_other_bank(folder: Path) -> Path:
    """Writes the ten files and `truth.yaml`; the same at every call."""
    chance = random.Random(4)
    codes = [uscc(number) for number in range(FIRMS)]
    cif = [f"{8800100000 + 7 * number}" for number in range(FIRMS)]
    persons = [identity_number(number) for number in range(30)]
    notes = [f"DB{2023000000 + number}" for number in range(NOTES)]
    accounts = [f"62280{1000000000 + 31 * number}" for number in range(80)]

    def day(form: str = "%Y%m%d") -> str:
        return (_DAY + timedelta(days=chance.randrange(700))).strftime(form)

    def money(high: int = 9_000_000) -> str:
        return f"{chance.randrange(10_000, high)}.{chance.randrange(100):02d}"

    write_csv(
        folder / "T_CUST_CORP.csv",
        "CORP_CIF_NO|CORP_CHN_NM|SOC_CRDT_CD|ENT_SCALE_CD|INDU_TYP_CD|RGST_CAP_AMT|FOUND_DT|"
        "LST_CO_IND|OPER_STS|MGMT_ORG_NO|ACCT_MGR_NO|CREATE_TELLER|ETL_DT",
        [
            [
                cif[n],
                f"虚构{n}号制造有限公司",
                codes[n],
                chance.choice("LMSX"),
                f"C{13 + n % 20}",
                money(),
                day(),
                chance.choice("YN"),
                chance.choice(["在业", "注销", "吊销"]),
                f"1{n % 7:03d}",
                f"E{n % 11:05d}",
                f"T{n % 5:04d}",
                "2025-01-02 03:00:00",
            ]
            for n in range(FIRMS)
        ],
        "|",
    )
    write_csv(
        folder / "T_LN_DUEBILL.csv",
        "DUEBILL_NO|CONT_NO|CORP_CIF_NO|LOAN_PROD|DISBR_AMT|EXEC_INT_RATE|VALUE_DT|MATU_DT|ETL_DT",
        [
            [
                notes[n],
                f"HT{n // 2:06d}",
                cif[n % FIRMS],
                chance.choice(["流贷", "固贷", "银承"]),
                money(),
                f"{3 + n % 30 / 10:.2f}",
                day(),
                "20260105",
                "2025-01-02 03:00:00",
            ]
            for n in range(NOTES)
        ],
        "|",
    )
    write_csv(
        folder / "T_LN_BAL_D.csv",
        "DUEBILL_NO|DATA_DT|LN_BAL|OWE_INT|OVD_DAYS|RISK_CLS5",
        [
            [
                note,
                when,
                money(),
                chance.choice(["0.00", "12.50"]),
                str(chance.choice([0, 0, 0, 31])),
                chance.choice(["正常", "关注", "次级"]),
            ]
            for note in notes
            for when in ("20250131", "20250228")
        ],
        "|",
    )
    _book(
        folder / "DBHT.xlsx",
        [["担保台账"], ["制表：风险部"], ["DBHTH", "BZRZJHM", "ZWRKHH", "DBJE", "BZFS", "QDRQ", "DQRQ"]],
        [
            [f"BZ{n:05d}", persons[n % 30], cif[n], money(), chance.choice(["连带责任", "一般保证"]), day("%Y-%m-%d"), "2027-01-05"]
            for n in range(40)
        ],
    )
    write_csv(
        folder / "股权穿透.csv",
        "投资方统一代码,被投企业统一代码,股权占比,到位资金（万元）,变更日",
        [
            [codes[n], codes[(n * 7 + 3) % FIRMS], f"{chance.random():.4f}", f"{chance.randrange(50, 900)}", day("%Y/%m/%d")]
            for n in range(40)
        ],
        encoding="gb18030",
    )
    transfers = []
    for n in range(300):
        amount, when, purpose = money(), day("%Y-%m-%d"), chance.choice(["货款", "工资", "往来"])
        transfers.append([f"L{n:08d}", *chance.sample(accounts, 2), amount, f"{when} 10:0{n % 10}:00", "CNY", purpose])
    write_csv(folder / "JYLS.csv", "JYLSH,FKZH,SKZH,JYJE,JYSJ,BZ,FY", transfers)
    write_csv(
        folder / "acct_master.csv",
        "account_no,owner_cif,acct_class,branch_nm,date_opened,acct_state",
        [
            [accounts[n], cif[n % FIRMS], chance.choice(["基本户", "一般户"]), f"虚构支行{n % 4}", day("%Y-%m-%d"), "正常"]
            for n in range(80)
        ],
    )
    _book(
        folder / "法院公告.xlsx",
        [["当事人代码", "文书案号", "公告类别", "标的（万元）", "公告日期"]],
        [
            [
                codes[n],
                f"（2024）虚01执{n:04d}号",
                chance.choice(["失信", "限高", "被执行"]),
                chance.randrange(3, 400),
                day("%Y-%m-%d"),
            ]
            for n in range(25)
        ],
    )
    write_csv(
        folder / "fin_rpt.tsv",
        "cust_cif\trpt_dt\ttot_ast\ttot_liab\town_eqty\tcur_ast\tcur_liab\tmonetary_funds\tacct_recv\tinvtry\toper_inc\tnet_prft\tcash_flow_oper",
        [[c, when, *(money() for _ in range(11))] for c in cif for when in ("2024-06-30", "2024-12-31")],
        "\t",
    )
    write_csv(
        folder / "抵质押清单.csv",
        "担保品编号,权属人客户编号,担保品种类,认可价值,估值基准日",
        [[f"ZY{n:05d}", cif[n], chance.choice(["房产", "土地", "机器设备"]), money(), day("%Y-%m-%d")] for n in range(45)],
    )
    truth = folder / "truth.yaml"
    truth.write_text(TRUTH, "utf-8")
    return truth


def uscc(number: int) -> str:
    body = f"9199010{number % 10}MA{number:07d}"
    return body + str(stdnum.cn.uscc.calc_check_digit(body))


def identity_number(number: int) -> str:
    body = f"99010119{60 + number % 40}01{1 + number % 28:02d}{number:03d}"
    return body + str(stdnum.iso7064.mod_11_2.calc_check_digit(body))


def write_csv(path: Path, header: str, rows: list[list[str]], delimiter: str = ",", encoding: str = "utf-8") -> None:
    lines = [header, *(delimiter.join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding)


def _book(path: Path, head: list[list[str]], rows: list[list[object]]) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Sheet1"
    for row in (*head, *rows):
        sheet.append(row)
    book.save(path)
