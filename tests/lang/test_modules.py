"""Imports: what a file may say of what it imports, what it may not, and how the things of other files are named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import recsyn
from recsyn import LanguageError, Program
from recsyn.lang.checker import check
from recsyn.lang.library import module_names
from recsyn.lang.source import Source
from recsyn.values import show

Load = Callable[..., Program]

SHAPES = """
type Shape = Dot | Line Int | Pair Shape Shape
fun double s = Pair s s
fun size s = match s with Dot => 0 | Line n => n | Pair a b => size a + size b end
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Writes files, then loads ``main.rec``, the first, by a path relative to the folder."""
    monkeypatch.chdir(tmp_path)

    def loading(main: str, **others: str) -> Program:
        for name, text in {"main.rec": main, **{f"{name.replace('__', '/')}.rec": t for name, t in others.items()}}.items():
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_text(text, "utf-8")
        return recsyn.load("main.rec")

    return loading


def holds(program: Program) -> bool:
    """Whether the program's own examples and properties hold, and there are some, and nothing is to be said of it."""
    checked = program.checked
    assert checked.examples or checked.properties
    return not (*checked.warnings, *program.failed_examples(), *program.falsified_properties())


def errors(load: Load, main: str, **others: str) -> list[tuple[str, str, int]]:
    """Of each remark on a refused program: its code, the file and the line."""
    with pytest.raises(LanguageError) as caught:
        load(main, **others)
    return [(d.code, d.source.name, d.position[0]) for d in caught.value.diagnostics]


# Names that come in


def test_every_name_comes_in_bare_and_with_its_module(load: Load) -> None:
    main = """import "./shapes.rec"
fun area (s : Shape) (t : shapes.Shape) = size s + shapes.size t
fun flip s =
  match s with
  | Pair a b => shapes.Pair b a
  | shapes.Line n => Line (-n)
  | Dot => shapes.Dot
  end
example area (double Dot) (shapes.double (Line 3)) = 6
example flip (Line 1) = shapes.Line (-1)
property twice (s : shapes.Shape) = flip (flip s) == s
"""
    assert holds(load(main, shapes=SHAPES))


@pytest.mark.parametrize("module", module_names())
def test_every_module_of_the_library_comes_in(module: str) -> None:
    """Every name of every module, bare and qualified, means the same thing."""
    exported = recsyn.loads(f"import {module}").checked.names
    names = [name for name in exported.values if name.startswith(f"{module}.")]
    assert names
    for qualified in names:
        assert exported.values[qualified] == exported.values[qualified.removeprefix(f"{module}.")]


@pytest.mark.parametrize(
    ("file", "word"),
    [
        ("shapes", "shapes"),
        ("Shapes", "shapes"),
        ("my-shapes", "my_shapes"),
        ("my.shapes", "my_shapes"),
        ("2d", "_2d"),
        ("Ünicode", "_nicode"),
        ("list", "list"),
        ("match", "match"),
        ("class", "class"),
        ("_x", "_x"),
        ("x__shapes", "shapes"),
    ],
)
def test_the_word_before_names_of_a_file(load: Load, file: str, word: str) -> None:
    path = f"./{file.replace('__', '/')}.rec"
    main = f'import "{path}"\nfun f s = {word}.size s\nexample f ({word}.Line 2) = 2\n'
    assert holds(load(main, **{file: SHAPES}))


def test_paths_start_from_the_file_that_imports(load: Load) -> None:
    main = 'import "./x/one.rec"\nexample one 3 = 6\n'
    one = 'import "./two.rec", "../y/three.rec", "../four.rec"\nfun one n = two (three (four n))\n'
    parts = {"x__two": "fun two n = n + 1\n", "y__three": "fun three n = n + 1\n", "four": "fun four n = n + 1\n"}
    assert holds(load(main, x__one=one, **parts))


def test_imports_may_stand_anywhere_and_come_twice(load: Load) -> None:
    main = 'fun f s = size s\nimport "./shapes.rec", list\nexample f Dot = length []\nimport list, "./x/../shapes.rec"\n'
    assert holds(load(main, shapes=SHAPES, x__other="fun f = 1\n"))


def test_a_text_that_is_no_file_imports_from_the_library_alone() -> None:
    assert recsyn.loads("import list\nexample length [1] = 1").failed_examples() == []
    with pytest.raises(LanguageError, match="a text that is not a file cannot import the file"):
        recsyn.loads('import "./mine.rec"\nfun f = 1')


def test_a_text_may_bring_the_files_along_that_it_imports(load: Load, tmp_path: Path) -> None:
    main = 'import "./x/one.rec", list\nfun f n = length [one n]\n'
    one = 'import "../two.rec"\nfun one n = two n\n'
    checked = load(main, x__one=one, two="fun two n = n + 1\n").checked
    names = {Path(name).name: name for name in checked.files}
    assert sorted(names) == ["one.rec", "two.rec"]
    again = check(Source(checked.source.name, checked.source.text, files=checked.files))
    assert again.files == checked.files
    assert [s.text for s in again.sources] == [s.text for s in checked.sources]
    assert again.definitions.keys() == checked.definitions.keys()
    less = {name: text for name, text in checked.files.items() if name != names["two.rec"]}
    with pytest.raises(LanguageError, match="cannot import the file"):
        check(Source(checked.source.name, checked.source.text, files=less))


def test_a_function_of_an_import_is_found_by_its_name(load: Load) -> None:
    program = load('import "./shapes.rec", list\nfun f s = size s\n', shapes=SHAPES)
    assert list(program) == ["f"]
    assert program["shapes.size"](program.value("Line 4")) == program["size"](program.value("Line 4")) == 4
    assert program["list.length"].definition is program["length"].definition
    with pytest.raises(recsyn.RecsynError, match=r"defines no function `shapes\.sise`"):
        program["shapes.sise"]


# Hiding and clashing


def test_own_names_hide_imported_ones_everywhere() -> None:
    program = recsyn.loads("""import option
fun before x = Some x
type Option a = None | Some a a | Other
fun map x = [x]
fun pattern x = match x with None => 0 | Some a b => a + b | Other => 7 end
fun imported x = match x with option.None => 0 | option.Some a => a end
fun annotated (x : Option Int) (y : option.Option Int) = (pattern x, imported y)
example before 1 = option.Some 1
example annotated (Some 1 2) (option.map (fn x => x + 1) (option.Some 3)) = (3, 4)
example map 3 = [3]
""")
    assert holds(program)
    assert str(program["annotated"].definition.scheme) == "Option Int -> option.Option Int -> (Int, Int)"
    assert str(program.value("(Some 1 2, option.Some 3)")) == "(Some 1 2, option.Some 3)"


def test_inner_names_hide_imported_ones() -> None:
    assert holds(
        recsyn.loads("import list\nfun f map = let length = 2 in (map, length, list.length [map])\nexample f 1 = (1, 2, 1)")
    )


def test_a_constructor_hides_only_constructors(load: Load) -> None:
    main = (
        'import "./shapes.rec"\ntype Dot = Line Dot | End\nfun f (s : Shape) : Dot = match s with Dot => End | _ => Line End end\n'
    )
    assert holds(load(main + "example f Dot = End\n", shapes=SHAPES))


ONE = "type T = C Int | D\nfun f n = C n\nfun only_one n = n\n"
TWO = "type T = C Char | E\nfun f c = C c\nfun only_two n = n\n"
BOTH = 'import "./one.rec", "./two.rec"\n'


@pytest.mark.parametrize(
    ("use", "name"),
    [
        ("fun g n = f n", "f"),
        ("fun g (n : T) = n", "T"),
        ("fun g n = C n", "C"),
        ("fun g n = match n with C m => m | D => 1 end", "C"),
        ("type U = U T", "T"),
        ("example f 1 = one.C 1", "f"),
        ("property p (x : T) = x == x", "T"),
    ],
)
def test_imports_clash_where_the_bare_name_is_used(load: Load, use: str, name: str) -> None:
    with pytest.raises(LanguageError) as caught:
        load(f"{BOTH}{use}\n", one=ONE, two=TWO)
    [clash] = caught.value.diagnostics
    assert (clash.code, clash.position[0]) == ("duplicate-name", 2)
    assert clash.message == f"`{name}` comes from `one` and `two`"
    assert clash.hint == f"write `one.{name}` or `two.{name}`"


def test_imports_do_not_clash_unused_or_told_apart(load: Load) -> None:
    main = f"""{BOTH}fun g (x : one.T) (y : two.T) =
  match x, y with
  | one.C n, two.C c => (n, c)
  | D, _ => (0, 'd')
  | _, E => (0, 'e')
  end
fun h n = g (one.f (only_one n)) (two.f (only_two 'x'))
example h 1 = (1, 'x')
"""
    assert holds(load(main, one=ONE, two=TWO))


def test_three_imports_clash(load: Load) -> None:
    with pytest.raises(LanguageError) as caught:
        load('import "./one.rec", "./two.rec", "./three.rec"\nfun g n = f n\n', one=ONE, two=TWO, three="fun f = 1\n")
    assert caught.value.diagnostics[0].message == "`f` comes from `one`, `two` and `three`"
    assert caught.value.diagnostics[0].hint == "write `one.f`, `two.f` or `three.f`"


def test_one_thing_that_comes_in_twice_is_no_clash(load: Load) -> None:
    assert holds(
        load(
            'import list, list\nimport list, "./m.rec", "./x/../m.rec"\nexample length [m] = 1\n',
            m="fun m = 1\n",
            x__y="fun y = 1\n",
        )
    )


def test_two_files_of_one_stem_are_told_apart_by_a_prime(load: Load) -> None:
    main = """import "./x/same.rec", "./y/same.rec"
fun g n c = (same.f n, same'.f c)
fun h (x : same.T) (y : same'.T) = match x, y with same.C n, same'.C c => (n, c) | _, _ => (0, 'z') end
example h (same.C 1) (same'.C 'a') = (1, 'a')
"""
    program = load(main, x__same=ONE, y__same=TWO)
    assert holds(program)
    value = program.value("g 1 'a'")
    assert show(value) == "(same.C 1, same'.C 'a')"
    assert program.value(show(value)) == value
    with pytest.raises(LanguageError, match=r"hint: write `same\.C` or `same'\.C`"):
        program.value("C 1")


def test_a_file_and_a_module_of_one_name(load: Load) -> None:
    main = 'import list, "./list.rec"\nexample (list.length "ab", list\'.length "ab") = (2, 0)\n'
    assert holds(load(main, list="fun length _ = 0\n"))


# Not passed on


@pytest.mark.parametrize(
    "use", ["fun g n = mk n", "fun g n = deep.mk n", "fun g (t : T Int) = 1", "fun g t = match t with C n => n end"]
)
def test_imports_are_not_passed_on(load: Load, use: str) -> None:
    deep = "type T a = C a\nfun mk n = C n\n"
    middle = 'import "./deep.rec"\nfun go n = mk n\n'
    assert errors(load, f'import "./middle.rec"\n{use}\n', middle=middle, deep=deep) == [("unknown-name", "main.rec", 2)]


def test_values_of_types_that_are_not_imported_read_back(load: Load) -> None:
    deep = "type T a = C a | D (T a) (T a)\ntype Own = Own\nfun mk n = C n\n"
    middle = 'import "./deep.rec"\ntype M = M (T Int)\nfun go n = D (mk n) (C n)\nfun own = Own\nfun m n = M (go n)\n'
    main = 'import "./middle.rec"\ntype T = C\nfun h n = (go n, C, m n, own)\n'
    program = load(main, middle=middle, deep=deep)
    value = program.value("h 3")
    assert show(value) == "(deep.D (deep.C 3) (deep.C 3), C, M (deep.D (deep.C 3) (deep.C 3)), deep.Own)"
    assert program.value(show(value)) == value
    assert str(program["h"].definition.scheme) == "Int -> (deep.T Int, T, M, deep.Own)"
    assert str(program.type(show(value))) == "(deep.T Int, T, M, deep.Own)"


def test_a_diamond_is_one_type(load: Load) -> None:
    left = 'import "./deep.rec"\nfun left n = Line n\n'
    right = 'import "./x/../deep.rec"\nfun right s = size s\n'
    main = 'import "./left.rec", "./right.rec"\nexample right (left 3) = 3\n'
    program = load(main, left=left, right=right, deep=SHAPES, x__y="fun y = 1\n")
    assert holds(program)
    assert [Path(source.name).name for source in program.checked.sources] == ["deep.rec", "left.rec", "right.rec", "main.rec"]


def test_equal_types_of_two_files_are_two_types(load: Load) -> None:
    with pytest.raises(LanguageError) as caught:
        load('import "./one.rec", "./copy.rec"\nfun g n = one.f n == copy.f n\n', one=ONE, copy=ONE)
    [clash] = caught.value.diagnostics
    assert clash.message == "this is of type `copy.T`, but what it is compared with is of type `one.T`"


def test_a_link_to_a_file_is_that_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "link.rec").symlink_to(tmp_path / "shapes.rec")
    main = 'import "./shapes.rec", "./link.rec"\nexample size (double Dot) = 0\n'
    assert [w.message for w in load(main, shapes=SHAPES).checked.warnings] == []


# What goes wrong


def test_an_error_in_an_imported_file_names_that_file_and_makes_no_other(load: Load) -> None:
    main = 'import "./x/one.rec", list\nfun g n = f n + nothing + length n\nexample g 1 = 2\n'
    one = "fun f n = n + 'a'\nfun h n = f n + g\n"
    assert errors(load, main, x__one=one) == [("type-mismatch", "x/one.rec", 1), ("unknown-name", "x/one.rec", 2)]


def test_errors_of_several_files_and_an_import_further_down(load: Load) -> None:
    main = 'import "./one.rec", "./two.rec"\nfun g n = n + \'a\'\n'
    deep = "fun d = )\n"
    middle = 'import "./deep.rec"\nfun f = 1 + "a"\n'
    found = errors(load, main, one=middle, two="fun t x = t x\n", deep=deep)
    assert found == [("syntax", "deep.rec", 1), ("not-terminating", "two.rec", 1)]


def test_what_a_file_that_is_refused_defines_is_not_missed(load: Load) -> None:
    """Three files deep: those between are right but cannot be checked."""
    chain = {f"m{i}": f'import "./m{i + 1}.rec"\nfun f{i} n = f{i + 1} n\n' for i in range(3)}
    assert errors(load, 'import "./m0.rec", list\nfun g n = f0 n\n', **chain, m3="fun f3 n = m\n") == [
        ("unknown-name", "m3.rec", 1)
    ]


def test_the_names_of_a_function_in_its_own_file(load: Load) -> None:
    """Not that which it has in the file that leads there."""
    with pytest.raises(LanguageError, match=r"this call of `f`, which comes back by way of `h`, is not known to end"):
        load('import "./one.rec"\nfun f n = g n\n', one='import "./two.rec"\nfun g n = f n\n', two="fun f n = h n and h n = f n\n")


def test_examples_properties_and_warnings_of_imports_are_their_own_matter(load: Load) -> None:
    one = "fun f n m = n\nexample f 1 2 = 2\nexample f 1 2 = 'a'\nproperty p (n : Int) = n == 0\nproperty q n = n + 1\n"
    assert holds(load('import "./one.rec"\nexample f 1 2 = 1\n', one=one))


@pytest.mark.parametrize(
    ("imports", "message"),
    [
        ({"a": '"./main.rec"'}, "main.rec → a.rec → main.rec"),
        ({"a": '"./b.rec"', "b": '"./c.rec"', "c": '"./a.rec"'}, "a.rec → b.rec → c.rec → a.rec"),
        ({"a": 'list, "./a.rec"'}, "a.rec → a.rec"),
        ({"a": '"./x/a.rec"', "x__a": '"../a.rec"'}, "a.rec → x/a.rec → a.rec"),
    ],
)
def test_cycles_are_printed(load: Load, imports: dict[str, str], message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        load('import "./a.rec"\nfun f = 1\n', **{name: f"import {text}\nfun g_{name} = 1\n" for name, text in imports.items()})
    [cycle] = caught.value.diagnostics
    assert (cycle.code, cycle.message) == ("import-cycle", f"this import leads back to where it began: {message}")
    assert cycle.source.name == f"{list(imports)[-1].replace('__', '/')}.rec"


def test_unused_imports_are_warned_of_and_used_ones_are_not(load: Load) -> None:
    uses = {
        "value": "fun g n = f n",
        "qualified": "fun g n = one.f n",
        "pattern": "fun g n = match n with D => 1 | _ => 2 end",
        "annotation": "fun g (n : T) = n",
        "field": "type U = U T",
        "example": "example f 1 = f 1",
        "property": "property p (n : T) = n == n",
    }
    for use in uses.values():
        assert load(f'import "./one.rec"\n{use}\n', one=ONE).checked.warnings == ()
    [warning] = load('import list, "./one.rec"\nfun f xs = length xs\n', one=ONE).checked.warnings
    assert (warning.code, warning.position) == ("unused-name", (1, 14, 1, 25))
    [warning] = load('import "./one.rec"\nfun f (only_one : t) : t = only_one\n', one=ONE).checked.warnings
    assert warning.message == "nothing here uses the import `one`"


# Texts that continue each other, as a dialogue makes them


def dialogue(*texts: str) -> Program:
    return Program(check(*(Source(f"<input {i}>", text) for i, text in enumerate(texts, 1))))


def test_a_later_text_hides_what_an_earlier_one_defines() -> None:
    program = dialogue("fun f x = x + 1\nfun g x = f (f x)", "fun f x = [x]\nfun h x = (f x, g x)", "fun f = 'c'")
    assert list(program) == ["g", "h", "f"]
    assert str(program.value("(f, g 1, h 1)")) == "('c', 3, ([1], 3))"
    assert [str(program[name].definition.scheme) for name in "fgh"] == ["Char", "Int -> Int", "Int -> (List Int, Int)"]


def test_a_later_type_is_another_type() -> None:
    program = dialogue("type T = C Int | D\nfun old n = C n", "type T = C Char\nfun new c = C c\nfun get (C c) = c")
    assert str(program.value("(new 'a', get (C 'b'))")) == "(C 'a', 'b')"
    assert program.value("old 1") != program.value("new 'a'")
    assert str(program.type("D")) == str(program.type("old 1")) != "T"
    with pytest.raises(LanguageError, match="type-mismatch"):
        program.value("get (old 1)")
    with pytest.raises(LanguageError, match="type-mismatch"):
        program.value("new 'a' == old 1")


def test_a_later_text_sees_and_adds_to_the_imports() -> None:
    program = dialogue(
        "import list\nfun f xs = map (fn x => x) xs",
        "import option\nfun g o = (option.map (fn x => x) o, length [o])",
        "fun map = 1",
        "import tree\nfun h t = (map, tree.map (fn x => x) t)",
    )
    assert str(program.value("(f [map], g (Some 2), list.map (fn x => x) [3], h Leaf)")) == "([1], (Some 2, 1), [3], (1, Leaf))"


def test_an_import_makes_no_earlier_text_unclear() -> None:
    """`map` was that of `list` alone where it was used."""
    texts = ["import list\nfun f xs = map (fn x => x) xs", "import option\nfun g = 1"]
    program = dialogue(*texts)
    assert str(program.value("f [1]")) == "[1]"
    with pytest.raises(LanguageError, match="`map` comes from `list` and `option`"):
        program.value("map (fn x => x) [1]")
    with pytest.raises(LanguageError, match="`map` comes from `list` and `option`"):
        dialogue(*texts, "fun h xs = map (fn x => x) xs")


@pytest.mark.parametrize(
    ("texts", "place", "message"),
    [
        (("fun f x = x + 1", "fun g x = f 'a'"), "<input 2>", "the first argument of `f` must be of type `Int`"),
        (("fun f x = x + 1", "fun f xs = f xs"), "<input 2>", "this call of `f` is not known to end"),
        (("fun f x = x", "type T = T", "fun f x = x\nfun f x = x"), "<input 3>", "`f` is already defined on line 1"),
        (("fun f x = g x", "fun g x = x"), "<input 1>", "there is no variable or function `g`"),
        (("partial fun f x = f x", "fun g x = f x"), "<input 2>", "`g` must end, but calls `f`, which is partial and may not"),
    ],
)
def test_remarks_on_a_later_text(texts: tuple[str, ...], place: str, message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        dialogue(*texts)
    [error] = caught.value.diagnostics
    assert error.source.name == place
    assert message in error.message
    assert "#" not in error.render()


def test_a_total_function_may_take_the_name_of_a_partial_one() -> None:
    program = dialogue("partial fun f x = f x\nfun id x = x", "fun f x = id x\nfun g x = f x\nexample g 3 = 3")
    assert program.failed_examples() == []
    assert not program["f"].definition.partial


def test_nothing_is_a_program_too() -> None:
    program = dialogue()
    assert list(program) == []
    assert program.value("not (1 :: [] == [2])") == program.value("True")


def messages(load: Load, main: str, **others: str) -> str:
    with pytest.raises(LanguageError) as caught:
        load(main, **others)
    return "\n".join(f"{d.message} {d.hint}" for d in caught.value.diagnostics)


def test_messages_say_names_as_the_file_does_that_they_are_about(load: Load) -> None:
    """Also where the main file, which defines the same names, tells them apart by their module."""
    other = "type T = Foo | Bar\nfun f x = match x with Bar => 1 end\nfun g (x : T) : T = 1\npartial fun p x = p x\nfun h x = p x\n"
    said = messages(load, 'import "./other.rec"\ntype T = Foo Int | Leaf\nfun p x = x\n', other=other)
    assert "other." not in said
    assert "does not cover `Foo` add `| Foo => …`" in said
    assert "annotated to be of type `T`" in said
    assert "calls `p`, which is partial" in said
    said = messages(
        load, 'import "./other.rec"\ntype T = Mine\nfun k x = match x with other.Bar => 1 end\n', other="type T = Foo | Bar"
    )
    assert "does not cover `Foo`" in said
    said = messages(load, 'import "./other.rec"\ntype T = Foo\nfun k x = match x with Bar => 1 end\n', other="type T = Foo | Bar")
    assert "does not cover `other.Foo`" in said


def test_a_clash_is_mended_by_words_of_the_file_that_has_it(load: Load) -> None:
    folder = {"p__x": "fun foo = 1", "q__x": "fun foo = 2", "q__y": "fun foo = 3"}
    said = messages(
        load, 'import "./p/x.rec", "./q/b.rec"\nfun z = foo', q__b='import "./x.rec", "./y.rec"\nfun bar = foo', **folder
    )
    assert "write `x.foo` or `y.foo`" in said
