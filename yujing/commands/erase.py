"""`yujing erase person|list|verify|lift`: a person's right to be erased, carried out and proved."""

import getpass
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from graph.erasure import Eraser, Target

AsJson = Annotated[bool, typer.Option("--json", help="输出一个JSON对象。Print one JSON object.")]
Why = Annotated[str, typer.Option(help="理由（勿写姓名、证件号）why, without name or number", show_default=False)]
By = Annotated[str, typer.Option(help="经办人 who does it (default: the account)", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds the family."""
    family = typer.Typer(name="erase", help="Erase a person's values for good, and prove it. 个人信息删除", no_args_is_help=True)
    family.command("person")(person)
    family.command("list")(list_)
    family.command("verify")(verify)
    family.command("lift")(lift)
    app.add_typer(family)


def person(  # noqa: PLR0917 (Typer reads its options from the signature)
    entity: Annotated[str, typer.Argument(metavar="ID", help="自然人编号 Person-…", show_default=False)] = "",
    token: Annotated[str, typer.Option(help="该值的代号 the token of a value, p:…")] = "",
    id_number: Annotated[
        str, typer.Option(help="只能写-：证件号由标准输入读 always -: the number is read from standard input")
    ] = "",
    reason: Why = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """永久删除一人的个人信息，代号保留，出具证明。Delete a person's values for good; tokens stay, a certificate is written."""
    from graph.errors import InputError
    from yujing.erasing import erase
    from yujing.settings import Settings

    if sum(map(bool, (entity, token, id_number))) != 1:
        raise InputError("Whom to erase is not said, or said twice.", "Give one of ID, --token, --id-number -.", "person")
    if id_number not in ("", "-"):
        raise InputError("A number on the command line is seen by others.", "Write --id-number - and give it on standard input.")
    number = sys.stdin.readline().strip() if id_number else ""
    if id_number and not number:
        raise InputError("No number came on standard input.", "Write it there, on a line of its own.", "id_number")

    def find(eraser: "Eraser") -> "Target":
        if entity:
            return eraser.person(entity)
        return eraser.by_token(token) if token else eraser.by_id_number(number)

    certificate = erase(Settings(), find, by=by or getpass.getuser(), reason=reason)
    if as_json:
        print(json.dumps(certificate, ensure_ascii=False))
    else:
        _print(certificate)


def list_(as_json: AsJson = False) -> None:
    """已作的删除及证明。Every erasure and its certificate."""
    from graph.clock import from_us
    from yujing.settings import Settings
    from yujing.wiring import open_vault

    rows = [
        {**row, "at": from_us(row["at"]).isoformat(), "certificate": json.loads(row["certificate"] or "null")}
        for row in open_vault(Settings()).erasures.all().iter_rows(named=True)
    ]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    console = Console(soft_wrap=True)
    for row in rows:
        said = f"{row['erasure']}  {row['at'][:19]}  {row['step']}  {row['by']}: {row['reason']}"
        console.print(said, markup=False)
        console.print(f"  {row['entity'] or '-'}: {len(row['tokens'])} 个值 values", markup=False)
    if not rows:
        console.print("没有删除记录 nothing was ever erased")


def verify(as_json: AsJson = False) -> None:
    """核验删除确已生效：0为全部成立，1为否。Prove that erasures hold: exit 0 they do, 1 not."""
    from yujing.erasing import verify as check
    from yujing.settings import Settings

    with Console(stderr=True).status("核验 looking through home"):
        found = check(Settings())
    if as_json:
        print(json.dumps({each.name: {"holds": each.holds, "says": each.says} for each in found}, ensure_ascii=False))
    else:
        for each in found:
            Console(soft_wrap=True).print(f"{'✓' if each.holds else '✗'} {each.name}: {each.says}", markup=False)
    raise typer.Exit(0 if all(each.holds for each in found) else 1)


def lift(
    erasure: Annotated[str, typer.Argument(metavar="ERASURE", help="E-…", show_default=False)], reason: Why = "", by: By = ""
) -> None:
    """解除：来源再送来时可重新保存。Let the values be kept again when a source tells them again."""
    from yujing.erasing import lift as undo
    from yujing.settings import Settings

    undo(Settings(), erasure, by=by or getpass.getuser(), reason=reason)
    print(f"已解除 lifted: {erasure}")


def _print(certificate: dict[str, Any]) -> None:
    console = Console(soft_wrap=True)
    console.print(
        f"已删除 erased: {certificate['values']} 个值 values ({certificate['erasure']}, {certificate['at']})", markup=False
    )
    if others := len(certificate["kept_for_others"]):
        console.print(f"{others} 个值他人亦有，仅对此人隐去 that others bear too: hidden for this person", markup=False)
    rows = ", ".join(f"{name} {count:,}" for name, count in certificate["rows_with_the_tokens"].items())
    console.print(f"代号仍在 tokens stay in: {rows or '-'}", markup=False)
    console.print("下一步 next: yujing erase verify", markup=False)
