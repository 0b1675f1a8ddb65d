"""What the checker says: each file in ``diagnostics/`` holds a source, a line of ``=``, and every message about it, whole.

The source is that of ``mine.rec``; after a line ``--- file: ./NAME`` that of another file beside it follows. Partial functions may
make 10,000 calls there.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import recsyn
from recsyn import LanguageError, Program
from recsyn.lang.diagnostics import Diagnostic
from recsyn.lang.explanations import CODES
from recsyn.semantics.examples import failed_examples
from recsyn.semantics.reference import Reference
from recsyn.testing.properties import falsified_properties

SNAPSHOTS = sorted((Path(__file__).parent / "diagnostics").glob("*.txt"))
RULER = "\n" + "=" * 60 + "\n"
OTHER_FILE = re.compile(r"^--- file: \./(\S+)\n", re.MULTILINE)


def remarks(source: str) -> list[Diagnostic]:
    try:
        return remarks_on(recsyn.loads(source, "mine.rec"))
    except LanguageError as error:
        return list(error.diagnostics)


def remarks_on(program: Program) -> list[Diagnostic]:
    reference = Reference(program.checked, 10_000)
    return [
        *program.checked.warnings,
        *failed_examples(program.checked, reference),
        *falsified_properties(program.checked, reference),
    ]


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda p: p.stem)
def test_snapshot(snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, message = snapshot.read_text("utf-8").split(RULER)
    texts = OTHER_FILE.split(source + "\n")
    for name, text in zip(["mine.rec", *texts[1::2]], texts[::2], strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    try:
        found = remarks_on(recsyn.load("mine.rec"))
    except LanguageError as error:
        found = list(error.diagnostics)
    assert "\n\n".join(d.render() for d in found) + "\n" == message


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_snapshots(code: str) -> None:
    messages = [p.read_text("utf-8").split(RULER)[1] for p in SNAPSHOTS]
    assert sum(f"[{code}]" in m for m in messages) >= 3


def test_every_snapshot_is_of_a_code() -> None:
    said = {code for p in SNAPSHOTS for code in re.findall(r"^(?:error|warning)\[(.*?)\]", p.read_text("utf-8"), re.MULTILINE)}
    assert said == set(CODES)


def test_no_grammar_names() -> None:
    for snapshot in SNAPSHOTS:
        message = snapshot.read_text("utf-8").split(RULER)[1]
        assert not any(name in message for name in ("LOWER", "UPPER", "LPAR", "__", "$END", "_atom", "Token"))


def test_json() -> None:
    [found] = remarks("fun f x = x\nfun g x =\n  ff x")
    assert found.to_json() == {
        "severity": "error",
        "code": "unknown-name",
        "message": "there is no variable or function `ff`",
        "file": "mine.rec",
        "line": 3,
        "column": 3,
        "end_line": 3,
        "end_column": 5,
        "hint": "did you mean `f`?",
    }


def test_the_span_of_many_lines() -> None:
    [found] = remarks("fun f x =\n  match x with\n  | True => 1\n  end")
    assert found.position == (2, 3, 4, 6)
    assert "2 |   match x with\n  |   ^^^^^^^^^^^^\n" in found.render()


def test_columns_count_code_points() -> None:
    [found] = remarks('fun f x =\n\t(x, "😀é", y)')
    assert found.position == (2, 12, 2, 13)
    assert found.render().splitlines()[-2:] == ['2 | \t(x, "😀é", y)', "  | \t          ^"]


def test_crlf() -> None:
    [found] = remarks("fun f x = x\r\nfun g x =\r\n  y\r\n")
    assert found.position == (3, 3, 3, 4)
    assert "3 |   y\n" in found.render()


@pytest.mark.parametrize("before", [0, 30, 500, 5_000])
@pytest.mark.parametrize("after", [0, 30, 5_000])
def test_a_very_long_line_is_cut_around_the_span(before: int, after: int) -> None:
    items = ["x"] * before + ["oops"] + ["x"] * after
    [found] = remarks(f"fun f x = [{', '.join(items)}]")
    *_, text, marks = [line for line in found.render().splitlines() if "hint" not in line]
    assert len(text) <= 4 + 160
    assert text[marks.index("^") : marks.rindex("^") + 1] == "oops"
    assert found.position[1] == 12 + 3 * before


def test_a_long_span_on_a_long_line() -> None:
    [found] = remarks(f"fun f x = 1 + [{', '.join(['x'] * 1_000)}]")
    assert max(map(len, found.render().splitlines())) <= 4 + 160


def test_every_error_of_a_file_in_order() -> None:
    source = (
        "fun a x = x + 'a'\n"
        "type T = A | B Foo\n"
        "fun b x = match x with True => 1 end\n"
        "fun c x = c x\n"
        "fun a y = y\n"
        "example b 1 = 2\n"
        "fun d = e\n"
    )
    found = remarks(source)
    assert [d.code for d in found] == [
        "type-mismatch", "unknown-name", "missing-patterns", "not-terminating", "duplicate-name", "type-mismatch", "unknown-name",
    ]  # fmt: skip
    assert [d.position[0] for d in found] == [1, 2, 3, 4, 5, 6, 7]


def test_a_broken_declaration_hides_no_other_and_raises_no_second_error() -> None:
    found = remarks("fun f x = )\nfun g x = f x\ntype T = | |\nfun u (x : T) = x\nfun h x = 1 + 'a'\nfun k x = ]\n")
    assert [(d.code, d.position[0]) for d in found] == [("syntax", 1), ("syntax", 3), ("type-mismatch", 5), ("syntax", 6)]


@pytest.mark.parametrize("line", ["import list nat", "imprt list", "import $", "import lst", 'import "./none.rec"'])
def test_a_broken_import_makes_no_name_unknown(line: str) -> None:
    found = remarks(f"{line}\nfun f xs = map (fn x => x + 'a') xs\nfun g x = x + 'a'")
    assert [(d.code in ("syntax", "unknown-name", "missing-file"), d.position[0]) for d in found] == [(True, 1), (False, 3)]


def test_a_refused_function_is_blamed_once() -> None:
    assert len(remarks("fun f x = y\nfun g x = f x + f 'a' 2\nexample f 1 = g 2")) == 1


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("fun lenght x = x\nfun f x = length x", "`length` is in the library: `import list`; or did you mean `lenght`?"),
        ("fun sise x = x\nfun f x = sice x", "did you mean `sise`?"),
        ("type Pos = XO | XI\nfun f = X0", "did you mean `XO`?"),
        ("fun f x = (x : Lst Int)", "did you mean `List`?"),
        ("type Tree = Leaf\nfun f = Leef", "did you mean `Leaf`?"),
        ("type Tree = Leaf\nfun f (x : Treee) = x", "did you mean `Tree`?"),
        ("fun f counter = conter", "did you mean `counter`?"),
        ("fun f x = zzz", None),
    ],
)
def test_the_nearest_name(source: str, hint: str | None) -> None:
    [found] = remarks(source)
    assert found.hint == hint


PRELUDE = "type Nat = Z | S Nat\ntype Color = Red | Green | Blue\ntype Two = Two Int Int\n\n"


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("fun f x = x + 1\nfun g = f -1", "a negative argument stands in parentheses: `f (-1)`"),
        ("fun f n = match n with 0 => 1 | 1 => 2 end", "add `| _ => …`"),
        ("fun f n m = match n, m with 0, 'a' => 1 end", "add `| _, _ => …`"),
        ("fun add Z n = n\nfun add (S m) n = S (add m n)", "one `fun add` has all the cases, in a `match` on its parameters"),
        ("fun f c = match c with Red | Green => 1 | Blue => 2 end", "each pattern has a case of its own: `| p => … | q => …`"),
        (
            "fun f c = match c with Red when True => 1 | _ => 2 end",
            "a case has no guard: `if … then … else …` stands behind its `=>`",
        ),
        ("fun f c = match c with Red => 1 | _ => 2 | end", "leave out the last `|`"),
        ("fun f x = 0 < x < 10", "two comparisons are joined with `&&`, as in `0 < x && x < 10`"),
        ("fun f x = let g y = y + 1 in g x", "a function inside of an expression is a value: `let g = fn y => … in …`"),
        (
            "fun f x = let rec g = x in g",
            "a `let` does not see itself: a function that calls itself is defined by a `fun` of its own",
        ),
        ("fun f (x : int) = x + 1", "`int` stands for any type here, since it is a variable: the type is written `Int`"),
        ("fun f (x : Int * Int) = x", "the type of pairs is written `(a, b)`"),
        ("fun f (x : [Int]) = x", "the type of lists is written `List a`"),
        ("fun f t = match t with Two (x, y) => x + y end", "fields stand side by side, without commas: `Two x y`"),
        ("fun f a b = a mod b", "the remainder is written `a % b`"),
        ("fun f x = nil", "the empty list is written `[]`"),
        (
            "fun f x = [1; 2; 3]",
            "items of a list have `,` between them, declarations nothing, and definitions in an expression `let … in`",
        ),
        ("fun f c =\n  match c with\n  | Red => 1\n  | _ => 2", "the `match` on line 6 is not closed; that takes `end`"),
        ("fun f x = (x +\n  1", "the `(` on line 5 is not closed; that takes `)`"),
        (
            "fun f x = x + Late\ntype Later = Late",
            "its type is declared further down: a declaration sees those before it, so move the type up",
        ),
        ('import "list"\nfun f x = x', "a module of the library is imported without quotes: `import list`"),
        ("Inductive nat := O", "this is Gallina, which `recsyn import` reads"),
        ("val x = 1", "a constant is defined by `fun` without parameters, and its type stands in it: `fun x : T = …`"),
    ],
)
def test_what_other_languages_write(tmp_path: Path, source: str, hint: str) -> None:
    path = tmp_path / "mine.rec"
    path.write_text(PRELUDE + source)
    with pytest.raises(LanguageError) as caught:
        recsyn.load(path)
    errors = [d for d in caught.value.diagnostics if d.severity == "error"]
    assert hint in [d.hint for d in errors]
    assert len(errors) == 1 or "add Z" in source
