"""Why a row was not taken: a small, closed list, each reason with a sentence in Chinese and in English."""

from enum import StrEnum


class Reason(StrEnum):
    """Codes in the quarantine. Never renamed: banks filter by them."""

    FIELD_COUNT = "field_count"
    STRAY_QUOTE = "stray_quote"
    NOT_JSON = "not_json"
    NESTED_VALUE = "nested_value"
    CELL_ERROR = "cell_error"
    NOT_WORKED_OUT = "not_worked_out"
    DIGITS_LOST = "digits_lost"
    MISSING_VALUE = "missing_value"
    NOT_A_NUMBER = "not_a_number"
    NOT_WHOLE = "not_whole"
    AMOUNT_SIZE = "amount_size"
    SHARE_RANGE = "share_range"
    NOT_A_DATE = "not_a_date"
    DATE_RANGE = "date_range"
    DATE_ORDER = "date_order"
    UNKNOWN_VALUE = "unknown_value"
    UNKNOWN_CURRENCY = "unknown_currency"
    CHECK_DIGIT = "check_digit"
    SELF_LOOP = "self_loop"
    UNKNOWN_END = "unknown_end"
    CONFLICT = "conflict"
    SUPERSEDED = "superseded"

    @property
    def sentence(self) -> str:
        """What an officer reads: Chinese first, English beside it."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.FIELD_COUNT: "该行字段数与表头不符。The row has more or fewer fields than the header.",
    Reason.STRAY_QUOTE: "该行引号不成对或位置不当。A quotation mark stands where none may.",
    Reason.NOT_JSON: "该行不是合法的JSON对象。The line is no JSON object, or names a field twice.",
    Reason.NESTED_VALUE: "应为单个值，却是数组或对象。A list or an object stands where one value was expected.",
    Reason.CELL_ERROR: "单元格是表格软件的错误值。The cell holds a spreadsheet's error, not a value.",
    Reason.NOT_WORKED_OUT: "公式没有计算结果，请在Excel中打开并保存。The formula has no result yet: open and save it in Excel.",
    Reason.DIGITS_LOST: "数字超过15位，末位已丢失，请将该列设为文本。Over 15 digits, the last ones lost: make the column text.",
    Reason.MISSING_VALUE: "必填项为空。A value that is required is empty.",
    Reason.NOT_A_NUMBER: "应为数字，却是文字。A number was expected.",
    Reason.NOT_WHOLE: "不是整数（金额须精确到分）。Not a whole number (an amount must be whole fen).",
    Reason.AMOUNT_SIZE: "金额大得不合常理。The amount is absurdly large.",
    Reason.SHARE_RANGE: "比例须在0到1（0%到100%）之间。A share must be between 0 and 1 (0% and 100%).",
    Reason.NOT_A_DATE: "日期不是清单所声明的写法。The date is in no form that the manifest declares.",
    Reason.DATE_RANGE: "日期年份不合常理。The date's year is absurd.",
    Reason.DATE_ORDER: "开始日期须早于结束日期。The beginning must be before the end.",
    Reason.UNKNOWN_VALUE: "取值不在允许的范围内。The value is none of those allowed.",
    Reason.UNKNOWN_CURRENCY: "币种不是ISO 4217代码。The currency is no ISO 4217 code.",
    Reason.CHECK_DIGIT: "代码校验位不符。The code's check digit is wrong.",
    Reason.SELF_LOOP: "关系两端为同一主体。Both ends of the relation are the same.",
    Reason.UNKNOWN_END: "关系的一端或事实的主体不存在。An end of the relation, or the fact's subject, is not known.",
    Reason.CONFLICT: "同一批次内对同一对象的说法互相矛盾。Rows of one load say different things of the same state.",
    Reason.SUPERSEDED: "该行修复前，后来的批次对同一对象已另有说法。A later batch has said otherwise before this row was repaired.",
}
