"""Whatever is given, what comes back is a program or a refusal in the user's terms, never a traceback."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recsyn
from recsyn import LanguageError, RecsynError
from recsyn.cli.main import main
from recsyn.lang.library import module_names, module_source
from recsyn.lang.parser import declaration_parts, tokens_of
from recsyn.lang.source import Source
from recsyn.semantics.examples import failed_examples
from recsyn.semantics.reference import Reference

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.rec"))
GOOD = [p.read_text("utf-8") for p in EXAMPLES]
SNAPSHOTS = sorted((Path(__file__).parent / "diagnostics").glob("*.txt"))
GOOD += [p.read_text("utf-8").split("=" * 60)[0] for p in SNAPSHOTS]
WORDS = [
    *"type fun and match with end let in if then else fn example as import partial property when".split(),
    *"| => -> = == :: ++ + - * / % && || < <= ( ) [ ] , : _ -- {- -} 0 1 -1 'a' \"b\" '\\n' f g x xs' Int List A B True a".split(),
    *['"', "'", "\\", "\n", "\nfun ", "\ntype ", "\nexample ", "\0", "\ufeff", "é", "\u2028", "\r\n", "\t", "\x0b"],
]


def outcome(text: str) -> str:
    """How a text fares; every diagnostic of a refusal renders, and stands within the text."""
    try:
        program = recsyn.loads(text)
    except LanguageError as refusal:
        diagnostics = refusal.diagnostics
    else:
        failed_examples(program.checked, Reference(program.checked, 1_000))
        return "accepted"
    assert diagnostics
    for diagnostic in diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
        assert "^" in diagnostic.render()
    return "refused"


@settings(max_examples=200)
@given(st.text() | st.text("fun x=()|:\n-{}'\"\\ 1A"))
def test_any_text(text: str) -> None:
    outcome(text)
    with contextlib.suppress(LanguageError):
        recsyn.loads("fun f x = x").value(text)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_any_words(words: list[str]) -> None:
    outcome(" ".join(words))
    outcome("fun f x = " + " ".join(words))
    outcome("fun f x = match x with " + " ".join(words))


@settings(max_examples=300)
@given(st.data())
def test_mutated_programs(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(GOOD))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + data.draw(st.sampled_from(["", text[end : end + 9], *WORDS])) + text[end:]
    outcome(text)


def excerpts(text: str, most: int) -> st.SearchStrategy[str]:
    """Up to ``most`` declarations that follow each other in a source, after its imports."""
    starts = [part[0].start_pos or 0 for part, _ in declaration_parts(tokens_of(Source("", text)).tokens, len(text))]
    imports = "".join(line + "\n" for line in text.splitlines() if line.startswith("import "))

    def excerpt(first: int) -> str:
        end = starts[first + most] if first + most < len(starts) else len(text)
        return imports + text[starts[first] : end]

    return st.integers(0, len(starts) - 1).map(excerpt)


def mutated(data: st.DataObject, text: str) -> str:
    """The text with a few of its tokens, or of its characters, left out, doubled, exchanged or put in."""
    if data.draw(st.booleans()):
        spans = [(t.start_pos or 0, t.end_pos or 0) for t in tokens_of(Source("", text)).tokens]
    else:
        spans = [(i, i + 1) for i in range(len(text))]
    for _ in range(data.draw(st.integers(1, 3))):
        first, second = sorted([data.draw(st.sampled_from(spans)), data.draw(st.sampled_from(spans))])
        (a, b), (c, d) = first, second
        way = data.draw(st.sampled_from(["left out", "doubled", "exchanged", "put in"]))
        if way == "exchanged" and b <= c:
            text = text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]
        elif way == "put in":
            text = f"{text[:a]} {data.draw(st.sampled_from(WORDS))} {text[a:]}"
        else:
            text = text[:a] + text[a:b] * (0 if way == "left out" else 2) + text[b:]
        spans = [(s, e) for s, e in spans if e <= len(text)] or [(0, len(text))]
    return text


SOURCES = [module_source(name).text for name in module_names()] + [p.read_text("utf-8") for p in EXAMPLES]


@given(st.data())
def test_mutated_excerpts_of_good_sources(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(SOURCES).flatmap(lambda text: excerpts(text, 4)))
    outcome(mutated(data, source))


@pytest.mark.slow
@settings(max_examples=300)
@given(st.data())
def test_mutated_sources(data: st.DataObject) -> None:
    outcome(mutated(data, data.draw(st.sampled_from(SOURCES))))


@given(st.binary() | st.text().map(lambda t: t.encode("utf-16")))
def test_any_file(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.rec"
    file.write_bytes(data)
    with contextlib.suppress(RecsynError):
        recsyn.load(file)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe", "is not a text file: byte 0 is not UTF-8"),
        (b"fun f x = \xe9", "is not a text file: byte 10 is not UTF-8"),
        (b"fun f x = \0", "holds a NUL character at offset 10"),
        (b"", "this file holds no declaration"),
        (b"\n\n", "this file holds no declaration"),
    ],
)
def test_files_that_are_no_programs(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "bad.rec").write_bytes(data)
    with pytest.raises(RecsynError) as caught:
        recsyn.load(tmp_path / "bad.rec")
    assert message in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(RecsynError, match="there is no file"):
        recsyn.load(tmp_path / "missing.rec")
    with pytest.raises(RecsynError, match="is a folder, not a source file"):
        recsyn.load(tmp_path)
    with pytest.raises(RecsynError, match="cannot be read"):
        recsyn.load("nul\0inside.rec")
    with pytest.raises(RecsynError, match="cannot be read"):
        recsyn.load(tmp_path / ("x" * 10_000))


def test_marks_and_line_ends_of_other_systems(tmp_path: Path) -> None:
    (tmp_path / "windows.rec").write_bytes(b"\xef\xbb\xbf-- a comment\r\nfun f x =\r\n  x + 1\r\n\r\nexample f 1 = 2\r\n")
    program = recsyn.load(tmp_path / "windows.rec")
    assert program.failed_examples() == []
    assert program["f"](1) == 2


# Through the command line


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What is said on standard error where a command ends with 2, as it does for every input that is wrong."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(("recsyn: ", "error[", "warning["))
    return err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


UNREADABLE = {
    "invalid UTF-8": (b"fun f = \xff", "is not a text file: byte 8 is not UTF-8"),
    "UTF-16": ("fun f = 1".encode("utf-16"), "is not a text file: byte 0 is not UTF-8"),
    "a NUL": (b"fun f = 1\0", "holds a NUL character at offset 9"),
    "nothing": (b"", "this file holds no declaration"),
    "random bytes": (bytes((i * 197 + 91) % 256 for i in range(5_000)), "is not UTF-8"),
    "parentheses": (b"fun f = " + b"(" * 100_000, "expected an expression, found the end of the declaration"),
    "garbage": (b"\x01\x02$\x7f" * 3_000, "the character `U+0001` is not part of the language"),
    "an unknown name of 100,000 letters": (b"fun f = " + b"x" * 100_000, "there is no variable or function `xxxx"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_files_that_cannot_be_used(folder: Path, capsys: pytest.CaptureFixture[str], case: str) -> None:
    data, message = UNREADABLE[case]
    Path("bad.rec").write_bytes(data)
    Path("good.rec").write_text('import "./bad.rec"\nfun g = 1\n')
    for arguments in (["check", "bad.rec"], ["run", "bad.rec", "1"], ["check", "good.rec"]):
        said = refused(arguments, capsys)
        assert message in said
        assert max(map(len, said.splitlines())) < 400


def test_places_that_are_no_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder.rec").mkdir()
    Path("one.rec").symlink_to("two.rec")
    Path("two.rec").symlink_to("one.rec")
    Path("zero.rec").symlink_to("/dev/zero")
    os.mkfifo("pipe.rec")
    places = {
        "folder.rec": "is a folder",
        "one.rec": "Too many levels",
        "none.rec": "there is no file",
        "zero.rec": "is a pipe or a device",
        "pipe.rec": "is a pipe or a device",
    }
    for name, message in places.items():
        assert message in refused(["run", name, "1"], capsys)
        Path("main.rec").write_text(f'import "./{name}"\nfun f = 1\n')
        said = refused(["check", "main.rec"], capsys)
        assert message in said
        assert "error[missing-file]" in said


@pytest.mark.parametrize(
    "path", ["", "./", ".", "./x", "/x.rec", "./a\\0.rec", "./a\\n.rec", "x" * 10_000 + ".rec", "../" * 3_000 + "x.rec", ".rec"]
)
def test_imports_of_odd_paths(folder: Path, capsys: pytest.CaptureFixture[str], path: str) -> None:
    Path("main.rec").write_text(f'import "{path}"\nfun f = 1\n')
    assert "error[missing-file]" in refused(["check", "main.rec"], capsys)


def test_folders_that_contain_themselves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("x").mkdir()
    Path("x/x").symlink_to("../x")
    Path("x/f.rec").write_text("fun f = 1\n")
    Path("main.rec").write_text('import "./x/x/x/f.rec", "./x/f.rec"\nfun g = f\nexample g = 1\n')
    assert main(["check", "main.rec", "x"]) == 0
    assert capsys.readouterr().err == ""


def test_many_imports(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("one.rec").write_text("fun f x = x\n")
    Path("lines.rec").write_text('import "./one.rec"\n' * 2_000 + "example f 1 = 1\n")
    Path("list.rec").write_text("import " + ", ".join(['"./one.rec"'] * 2_000) + "\nexample f 1 = 1\n")
    assert main(["check", "lines.rec", "list.rec"]) == 0
    Path("itself.rec").write_text('import "./itself.rec"\nfun f = 1\n')
    capsys.readouterr()
    assert "itself.rec → itself.rec" in refused(["check", "itself.rec"], capsys)


def test_a_long_chain_of_imports_and_a_long_cycle(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for i in range(1_000):
        Path(f"c{i}.rec").write_text(f'import "./c{i + 1}.rec"\nfun f{i} x = f{i + 1} x\n')
    Path("c1000.rec").write_text("fun f1000 x = x\n")
    assert main(["run", "c0.rec", "f0 3"]) == 0
    assert capsys.readouterr().out == "3\n"
    Path("c1000.rec").write_text('import "./c0.rec"\nfun f1000 x = x\n')
    assert "c0.rec → c1.rec → " in (said := refused(["check", "c0.rec"], capsys))
    assert "… → c1000.rec → c0.rec" in said


@pytest.mark.parametrize(("expression", "value"), [("-f", "-5"), ("-5", "-5"), ("- -f", "5"), ("-(f)", "-5")])
def test_expressions_that_begin_with_a_minus(folder: Path, capsys: pytest.CaptureFixture[str], expression: str, value: str) -> None:
    Path("five.rec").write_text("fun f = 5\n")
    assert main(["run", "five.rec", expression]) == 0
    assert capsys.readouterr().out == f"{value}\n"


@pytest.mark.parametrize("expression", ["-x", "--x", "-", "-'", '"', "(", ")", "", "\0", "é", "-\n", "{-", "match", "x" * 100_000])
def test_expressions_that_are_wrong(folder: Path, capsys: pytest.CaptureFixture[str], expression: str) -> None:
    Path("five.rec").write_text("fun f = 5\n")
    assert "error[" in refused(["run", "five.rec", expression], capsys)


def test_names_that_mean_something_to_python(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = "__import__ class lambda self exec eval __class__ def None' True_ globals yield".split()
    functions = "\n".join(
        f"fun {name} {name} = let {name} = ({name}, 1) in {name}" for name in names if name[0].islower() or name[0] == "_"
    )
    Path("names.rec").write_text(
        f"type Object = None | Exception Object | Class Int\n{functions}\n"
        "fun type' x = match x with None => 0 | Exception e => type' e | Class object => object end\n"
    )
    for name in (n for n in names if n[0].islower() or n[0] == "_"):
        assert main(["run", "names.rec", f"{name} (type' (Exception (Class 3)))"]) == 0
        assert capsys.readouterr().out == "(3, 1)\n"
    assert main(["check", "names.rec"]) == 0
    capsys.readouterr()
    for word in ("__builtins__", "print", "__import__.x", "self.__class__"):
        assert "error[unknown-name]" in refused(["run", "names.rec", word], capsys)


# Very large


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "-- " + "x" * 10**7,
        ("-- " + "x" * 96 + "\n") * 100_000,
        " " * 10**7,
        "\n" * 10**7,
        "fun f x = $ " * 800_000,
        "{-" * 5_000_000,
        '"' + "a" * 10**7,
    ],
    ids=["a comment", "comments", "blanks", "lines", "garbage", "a comment that never ends", "a string that never ends"],
)
def test_ten_million_characters(text: str) -> None:
    assert outcome("fun f x = x\n" + text) == ("refused" if "$" in text or text[0] in '{"' else "accepted")
    outcome(text)


@pytest.mark.slow
def test_ten_megabytes_of_declarations() -> None:
    source = "".join(f"fun f{i} (x : Int) = match x with 0 => 1 | y => y + 1 end\n" for i in range(160_000))
    assert recsyn.loads(source)["f159999"](3) == 4


def test_nested_parentheses() -> None:
    deep = "(" * 100_000 + "7" + ")" * 100_000
    assert recsyn.loads("fun f x = x").value(deep) == 7
    assert recsyn.loads(f"fun f = {deep}").value("f") == 7


def test_a_match_of_many_cases() -> None:
    cases = "".join(f"| {i} => {i + 1}\n" for i in range(5_000))
    program = recsyn.loads(f"fun f n = match n with\n{cases}| 17 => 0\n| _ => -1\nend")
    assert [d.position[0] for d in program.checked.warnings] == [5_002]
    assert [program["f"](n) for n in (0, 4_999, 5_000)] == [1, 5_000, -1]


def test_a_match_on_a_type_of_many_constructors() -> None:
    constructors = [f"C{i} Int" for i in range(2_000)]
    cases = "".join(f"| C{i} n => n + {i}\n" for i in range(2_000) if i != 1_234)
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(f"type T = {' | '.join(constructors)}\nfun f x = match x with\n{cases}end")
    assert caught.value.diagnostics[0].message == "this match does not cover `C1234 _`"


def test_recursion_with_many_arguments_and_many_cases() -> None:
    """What becomes smaller in every call is seen without combining the calls."""
    cases = [f"| S m, {', '.join(bits)} => f m {' '.join(bits[1:] + bits[:1])}" for bits in product(("True", "False"), repeat=6)]
    names = [f"x{i}" for i in range(6)]
    head = f"type N = Z | S N\nfun f n {' '.join(names)} = match n, {', '.join(names)} with"
    assert outcome("\n".join([head, *cases, f"| Z, {', '.join('_' * 6)} => 0 end"])) == "accepted"


def test_a_ring_of_functions() -> None:
    ring = (f"f{i} x = match x with [] => 0 | _ :: y => f{(i + 1) % 500} y end\n" for i in range(500))
    assert outcome("fun " + "and ".join(ring)) == "accepted"


def test_cases_that_shorten_one_list_of_many() -> None:
    names = [f"x{i}" for i in range(20)]
    cases = []
    for i in range(20):
        patterns, given = ["_"] * 20, list(names)
        patterns[i], given[i] = "_ :: y", "y"
        cases.append(f"| {', '.join(patterns)} => f {' '.join(given)}")
    last = f"| {', '.join(['[]'] * 20)} => 0 end"
    assert outcome("\n".join([f"fun f {' '.join(names)} = match {', '.join(names)} with", *cases, last])) == "accepted"


def test_a_match_on_many_values() -> None:
    values, patterns = ", ".join(["x"] * 2_000), ", ".join(["True"] * 2_000)
    program = recsyn.loads(f"fun f x = match {values} with {patterns} => 1 | {', '.join(['_'] * 2_000)} => 2 end")
    assert str(program.value("[f True, f False]")) == "[1, 2]"


@pytest.mark.parametrize("text", ["(" * 20_000, ")" * 20_000, "[" * 20_000, "(" * 20_000 + "1" + ")" * 19_999, "- " * 20_000])
def test_unbalanced(text: str) -> None:
    assert outcome(f"fun f x = {text}") == "refused"


@pytest.mark.parametrize("items", [20_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_a_long_list(items: int) -> None:
    assert recsyn.loads("fun f x = x").value(f"[{', '.join(['1'] * items)}]") == recsyn.values.from_iterable([1] * items)


def test_long_words() -> None:
    name, number = "x" * 100_000, "9" * 100_000
    program = recsyn.loads(f"type T = {name.upper()} Int\nfun {name} n = {name.upper()} (n + {number})")
    assert program[name](1).fields == (10**100_000,)
    assert str(program[name](1)) == f"{name.upper()} 1{'0' * 100_000}"
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(f"fun f x = {name}")
    assert caught.value.diagnostics[0].position == (1, 11, 1, 100_011)


DEEP: dict[str, tuple[Callable[[int], str], str | None]] = {
    "functions": (lambda n: "fn x => " * n + "x", None),
    "applications": (lambda n: "id (" * n + "1" + ")" * n, "1"),
    "applications to the left": (lambda n: "(" * n + "id id" + " id)" * n + " 1", "1"),
    "lets": (lambda n: "let x = 1 in " * n + "x", "1"),
    "lets in lets": (lambda n: "let x = " * n + "1" + " in x" * n, "1"),
    "lets of many names": (lambda n: "".join(f"let x{i} = {i} in " for i in range(n)) + "x7", "7"),
    "conditions": (lambda n: "if True then " * n + "1" + " else 2" * n, "1"),
    "conditions in alternatives": (lambda n: "if False then 1 else " * n + "2", "2"),
    "conditions in conditions": (lambda n: "if " * n + "True" + " then True else False" * n, "True"),
    "matches": (lambda n: "match 1 with _ => " * n + "1" + " end" * n, "1"),
    "matches in scrutinees": (lambda n: "match " * n + "1" + " with x => x end" * n, "1"),
    "matches of lists": (lambda n: "match [1] with x :: _ => " * n + "x" + " | [] => 0 end" * n, "1"),
    "a chain of operators": (lambda n: "1" + " + 1" * n, None),
    "a chain to the right": (lambda n: "[]" + " ++ []" * n, "[]"),
    "a chain of conditions": (lambda n: "True" + " && True" * n, "True"),
    "a chain of items": (lambda n: "1 :: " * n + "[]", None),
    "minus signs": (lambda n: "- " * (2 * n) + "1", "1"),
    "negations": (lambda n: "not (" * (2 * n) + "True" + ")" * (2 * n), "True"),
    "tuples": (lambda n: "(" * n + "1" + ", 2)" * n, None),
    "lists": (lambda n: "[" * n + "]" * n, None),
    "constructors": (lambda n: "Some (" * n + "None" + ")" * n, None),
    "annotations": (lambda n: "(" * n + "1" + " : Int)" * n, "1"),
    "types": (lambda n: "([] : " + "List (" * n + "Int" + ")" * n + ")", "[]"),
    "arrows": (lambda n: "match [] with f :: _ => let _ = (f : " + "Int -> " * n + "Int) in 1 | [] => 2 end", "2"),
    "arrows to the left": (lambda n: _typed("(" * n, " -> Int)" * n), "2"),
    "types of tuples": (lambda n: _typed("(" * n, ", Int)" * n), "2"),
    "patterns": (lambda n: "match [1] with " + "(" * n + "x" + ")" * n + " => x end", "[1]"),
    "patterns of items": (lambda n: "match [] with " + "1 :: " * n + "_ => 1 | _ => 2 end", "2"),
    "patterns of lists": (lambda n: "match [] with " + "[" * n + "x" + "]" * n + " => x | _ => 2 end", "2"),
    "patterns of tuples": (
        lambda n: "match " + "(" * n + "1" + ", 1)" * n + " with " + "(" * n + "x" + ", _)" * n + " => x end",
        "1",
    ),
    "patterns of constructors": (lambda n: "match None with " + "Some (" * n + "None" + ")" * n + " => 1 | _ => 2 end", "2"),
    "aliases": (lambda n: "match 1 with x" + "".join(f" as y{i}" for i in range(n)) + " => x + y7 end", "2"),
    "parameters": (lambda n: f"(fn {' '.join(f'x{i}' for i in range(n))} => x7) {' '.join(map(str, range(n)))}", "7"),
    "scrutinees": (lambda n: f"match {', '.join('1' * n)} with {', '.join('_' * n)} => 1 end", "1"),
    "a string": (lambda n: f'"{"a" * (10 * n)}" == "b"', "False"),
    "a string in a pattern": (lambda n: f'match "b" with "{"a" * n}" => 1 | _ => 2 end', "2"),
}
PRELUDE = "type Option a = None | Some a\nfun id x = x\n"


def _typed(before: str, after: str) -> str:
    return f"match [] with f :: _ => let _ = (f : {before}Int{after}) in 1 | [] => 2 end"


@pytest.mark.parametrize("kind", DEEP)
def test_deep(kind: str) -> None:
    text, value = DEEP[kind]
    shown = str(recsyn.loads(PRELUDE).value(text(2_000)))
    assert shown == (value or shown)
    assert outcome(f"{PRELUDE}fun g y = {text(2_000)}") == "accepted"


@pytest.mark.slow
@pytest.mark.parametrize("kind", DEEP)
def test_deeper(kind: str) -> None:
    text, value = DEEP[kind]
    program = recsyn.loads(f"{PRELUDE}fun g = {text(20_000)}")
    if kind != "functions":  # what each of them captures is looked for in all of those inside it
        shown = str(program.value("g"))
        assert shown == (value or shown)


@pytest.mark.parametrize(("before", "after"), [("List (", ")"), ("(Int, ", ")"), ("(Int -> ", ")")])
def test_deep_types(before: str, after: str) -> None:
    """In a declaration, right and with an unknown name at the bottom of everything."""
    recsyn.loads(f"type T = A ({before * 20_000}Int{after * 20_000})")
    with pytest.raises(LanguageError, match="there is no type `Itn`"):
        recsyn.loads(f"type T = A ({before * 20_000}Itn{after * 20_000})")


def test_many_declarations() -> None:
    source = "\n".join(f"fun f{i} x = {f'f{i - 1} x' if i else 'x'}" for i in range(1_500))
    assert recsyn.loads(source)["f1499"](3) == 3


def test_many_errors() -> None:
    with pytest.raises(LanguageError) as caught:
        recsyn.loads("\n".join(f"fun f{i} x = )" for i in range(500)))
    assert len(caught.value.diagnostics) == 500
    with pytest.raises(LanguageError) as caught:
        recsyn.loads("$\n" * 10_000)
    assert len(caught.value.diagnostics) == 20
    with pytest.raises(LanguageError) as caught:
        recsyn.loads("$" * 10_000)
    assert len(caught.value.diagnostics) == 1
