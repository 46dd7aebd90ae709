"""One firm's name, in all the ways it is written, comes apart alike."""

import polars as pl
import pytest

from ingest.resolution.names import Words, learn, parse, plain

WORDS = Words(frozenset({"澄岭", "汀原", "上海", "浙江"}), frozenset({"五金制品", "贸易", "商贸", "五金"}))


def parts(name: str | None, words: Words = WORDS) -> dict[str, str | None]:
    row = parse(pl.Series("name", [name], dtype=pl.String), words).row(0, named=True)
    return {key: row[key] for key in ("region", "trade_name", "trade", "form")}


@pytest.mark.parametrize(
    "written",
    [
        "澄岭瑾泰五金制品有限公司",
        "澄岭市瑾泰五金制品有限公司",
        "浙江省澄岭市瑾泰五金制品有限责任公司",
        "瑾泰五金制品（澄岭）有限公司",
        "澄嶺瑾泰五金製品有限公司",
        " 澄岭　瑾泰五金制品有限公司 ",
        "澄岭瑾泰五金制品",
    ],
)
def test_the_ways_to_write_one_name_have_one_region_trade_name_and_trade(written: str) -> None:
    assert {**parts(written), "form": ""} == {"region": "澄岭", "trade_name": "瑾泰", "trade": "五金制品", "form": ""}


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("澄岭瑾泰贸易股份有限公司", "jsc"),
        ("澄岭瑾泰（集团）有限公司", "ltd"),
        ("瑾泰企业管理合伙企业（有限合伙）", "partnership"),
        ("张三五金经营部", "shop"),
        ("澄岭瑾泰贸易有限公司第二分公司", "branch"),
        ("ＪＴ Trading Co., Ltd.", "ltd"),
        ("瑾泰", None),
    ],
)
def test_the_legal_form_is_known_by_its_ending(name: str, form: str | None) -> None:
    assert parts(name)["form"] == form


def test_a_name_of_place_and_trade_alone_is_its_own_trade_name() -> None:
    assert parts("上海贸易公司") == {"region": "上海", "trade_name": "上海贸易", "trade": "贸易", "form": "company"}


@pytest.mark.parametrize("name", ["", None, "  ", "（）"])
def test_no_name_has_no_parts(name: str | None) -> None:
    assert set(parts(name).values()) == {None}


def test_full_width_and_punctuation_do_not_make_a_name_another() -> None:
    names = plain(pl.Series("name", ["Ｋ＆Ｇ貿易（上海）有限公司", "K&G贸易(上海)有限公司", "k-g 贸易\n上海有限公司"]))
    assert names.n_unique() == 1


def test_places_and_trades_of_a_book_are_learnt_from_it() -> None:
    middles = [a + b for a in "瑾昱翊筠珺琰" for b in "泰隆昌茂"]
    names = pl.Series("name", [f"枫屿{middle}泵阀有限公司" for middle in middles] + ["砚川瑾泰轴承有限公司"])
    words = learn(names)
    assert "枫屿" in words.places
    assert "砚川" not in words.places
    assert "泵阀" in words.trades
    assert parts("枫屿昱茂泵阀有限公司", words)["trade_name"] == "昱茂"


def test_a_place_the_ledger_knows_needs_no_learning() -> None:
    assert parts("砚川瑾泰贸易有限公司", learn(pl.Series("name", ["甲"]), ["砚川市"]))["region"] == "砚川"
