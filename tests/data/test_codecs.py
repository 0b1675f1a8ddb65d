"""Values to tokens and back."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import reduce
from itertools import islice, product
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recsyn.data.codecs import CODECS, Codec, DecodeError, codec_for
from recsyn.data.space import Alphabet, Space, space_of
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.lang.checker import check, check_type
from recsyn.lang.source import Source
from recsyn.testing.strategies import values
from recsyn.values import CONS, EMPTY_LIST, Datum, Value

WRITABLE = [
    *(
        ("prefix", t)
        for t in ("Pos", "Tree Int", "Rose Int", "Even", "Expr", "(Pos, Int, Bool)", "List (List Char)", "Int", "Char")
    ),
    *(("mirror", t) for t in ("Pos", "Tree Int", "List (List Char)", "Pair (Tree Int) (List Char)")),
    *(("bracketed", t) for t in ("Tree Int", "Tree Char", "Tree (List Int)", "(Int, Pos)", "Rose Int", "Tree (Tree Int)")),
    *(("flat", t) for t in ("List Int", "List Bool", "List (Tree Int)", "List (List Int)")),
    ("digits", "Int"),
]
ALPHABET = Alphabet((-1, 0, 12), ("a", "(", "é"))


@pytest.fixture(scope="module", params=WRITABLE, ids=lambda kind: f"{kind[0]} {kind[1]}")
def writable(request: pytest.FixtureRequest, space: Callable[..., Space]) -> tuple[Space, Codec]:
    kind, text = request.param
    here = space(text, ALPHABET)
    return here, codec_for(kind, here.type, here.datatypes, here.alphabet)


def small(space: Space, most: int = 400) -> list[Datum]:
    found: list[Datum] = []
    for size in range(12):
        if len(found) + space.grammar.count(space.type, size) > most:
            break
        found.extend(space.grammar.values(space.type, size))
    return found


def test_every_small_value_comes_back_and_no_two_are_written_alike(writable: tuple[Space, Codec]) -> None:
    space, codec = writable
    everyone = small(space)
    written = [tuple(codec.encode(v)) for v in everyone]
    assert len(set(written)) == len(everyone) > 2
    assert [codec.decode(tokens) for tokens in written] == everyone
    assert {t for tokens in written for t in tokens} <= set(codec.tokens)


@given(data=st.data())
@settings(max_examples=15)
def test_generated_values_come_back(writable: tuple[Space, Codec], data: st.DataObject) -> None:
    space, codec = writable
    drawn = values(space, max_size=60, integers=st.sampled_from(ALPHABET.integers), characters=st.sampled_from(ALPHABET.characters))
    value = data.draw(drawn)
    assert codec.decode(codec.encode(value)) == value


def changed(tokens: tuple[str, ...], alphabet: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every proper prefix; every token left out, put in, or replaced; a swap of neighbours."""
    for place in range(len(tokens) + 1):
        yield tokens[:place]
        yield tokens[:place] + tokens[place + 1 :]
        yield (*tokens[:place], *tokens[place : place + 2][::-1], *tokens[place + 2 :])
        for token in (*alphabet, "?"):
            yield (*tokens[:place], token, *tokens[place:])
            yield (*tokens[:place], token, *tokens[place + 1 :])


def test_a_changed_sequence_is_another_value_or_an_error_with_its_place(writable: tuple[Space, Codec]) -> None:
    space, codec = writable
    refused: list[tuple[DecodeError, tuple[str, ...]]] = []
    for value in small(space, 60)[-25:]:
        tokens = tuple(codec.encode(value))
        for other in set(changed(tokens, codec.tokens[:8])) - {tokens}:
            try:
                read = codec.decode(other)
            except DecodeError as error:
                refused.append((error, other))
            else:
                assert read != value
                assert tuple(codec.encode(read)) == other
    assert refused
    assert all(0 <= error.position <= len(other) for error, other in refused)
    assert all(str(error) == f"at token {error.position + 1}: {error.reason}" for error, _ in refused)


@pytest.mark.parametrize(
    ("kind", "text"), [("prefix", "Tree Int"), ("bracketed", "Tree Int"), ("flat", "List Bool"), ("mirror", "Pos")]
)
def test_every_short_sequence_is_a_value_or_an_error(kind: str, text: str, space: Callable[..., Space]) -> None:
    """All sequences at all: those that decode are exactly the encodings of values."""
    here = space(text, Alphabet((0,), ("a",)))
    codec = codec_for(kind, here.type, here.datatypes, here.alphabet)
    longest, largest = 6, {"Pos": 7, "Tree Int": 7, "List Bool": 15}[text]
    decoded = set()
    for length in range(longest + 1):
        for tokens in product(codec.tokens, repeat=length):
            try:
                decoded.add((tokens, codec.decode(tokens)))
            except DecodeError:
                continue
    encoded = {(tuple(codec.encode(v)), v) for s in range(largest + 1) for v in here.grammar.values(here.type, s)}
    assert decoded == {(tokens, v) for tokens, v in encoded if len(tokens) <= longest}


# The papers' notation


def test_the_papers_trees(task: Callable[..., Task], tree: Callable[[Any], Value]) -> None:
    made = task("inorder", integers=[0, 999])
    value = tree((109, (390, None, None), None))
    assert " ".join(made.input_codec.encode(value)) == "109 ( 390 EMPTY EMPTY ) EMPTY"
    assert made.input_codec.decode("109 ( 390 EMPTY EMPTY ) EMPTY".split()) == value
    assert made.output_codec.encode(made.function(value)) == ["390", "109"]
    whole = tree((109, (390, (1, None, None), None), (755, None, (2, None, (3, None, None)))))
    assert (
        " ".join(made.input_codec.encode(whole))
        == "109 ( 390 ( 1 EMPTY EMPTY ) EMPTY ) ( 755 EMPTY ( 2 EMPTY ( 3 EMPTY EMPTY ) ) )"
    )
    assert made.input_codec.encode(tree(None)) == ["EMPTY"]
    assert made.output_codec.encode(made.function(tree(None))) == []


def test_the_papers_numbers(task: Callable[..., Task], pos: Callable[[str], Value]) -> None:
    """Six, both ways round: constructor order is least significant first, natural order its mirror image."""
    reverse, natural = task(), task(codecs=("mirror", "mirror"))
    assert reverse.input_codec.encode(pos("10")) == ["X1", "X0", "01"]
    assert natural.input_codec.encode(pos("10")) == ["01", "X0", "X1"]
    assert reverse.output_codec.encode(reverse.function(pos("111"))) == ["X0", "X0", "X0", "X0", "01"]
    assert reverse.vocabulary.tokens[3:] == ("01", "X0", "X1")


@given(number=st.integers(1, 2**70))
def test_natural_order_is_ordinary_binary(number: int, task: Callable[..., Task]) -> None:
    made = task(codecs=("mirror", "mirror"))
    tokens = ["01", *(f"X{digit}" for digit in f"{number:b}"[1:])]
    value = made.input_codec.decode(tokens)
    assert made.input_codec.encode(value) == tokens
    successor = made.output_codec.encode(made.function(value))
    assert int("".join(t[-1] for t in successor), 2) == number + 1


# Where and why


@pytest.mark.parametrize(
    ("kind", "text", "tokens", "position", "reason"),
    [
        ("prefix", "Pos", "X1 X0", 2, "the sequence ends where a Pos should follow"),
        ("prefix", "Pos", "X1 01 X0", 2, "the value is complete, and `X0` follows"),
        ("prefix", "Pos", "X1 X2 01", 1, "`X2` does not begin a Pos"),
        ("prefix", "Tree Int", "Branch EMPTY", 1, "`EMPTY` does not begin an Int"),
        ("mirror", "Pos", "X1 X0", 0, "read from the end, the sequence ends where a Pos should follow"),
        ("mirror", "Pos", "X0 01 X1", 0, "read from the end, the value is complete, and `X0` follows"),
        ("mirror", "Pos", "", 0, "read from the end, the sequence ends where a Pos should follow"),
        ("bracketed", "Tree Int", "1 EMPTY", 2, "expected `(` or `EMPTY`, found the end"),
        ("bracketed", "Tree Int", "1 EMPTY ( 0 EMPTY EMPTY", 6, "expected `)`, found the end"),
        ("bracketed", "Tree Int", "1 EMPTY EMPTY )", 3, "the tree is complete, and `)` follows"),
        ("bracketed", "Tree Int", "1 0 EMPTY", 1, "expected `(` or `EMPTY`, found `0`"),
        ("bracketed", "Tree Int", "", 0, "the sequence ends where an Int should follow"),
        ("flat", "List Int", "0 1 ?", 2, "`?` does not begin an Int"),
        ("digits", "Int", "1 x", 1, "expected a digit, found `x`"),
        ("digits", "Int", "1 - 2", 1, "expected a digit, found `-`"),
        ("digits", "Int", "-", 1, "the sequence ends where a digit should follow"),
        ("digits", "Int", "0 1", 0, "no number but 0 begins with `0`"),
        ("digits", "Int", "- 0", 1, "0 has no sign"),
    ],
)
def test_what_is_no_value_is_said_where_and_why(
    kind: str, text: str, tokens: str, position: int, reason: str, space: Callable[..., Space]
) -> None:
    here = space(text)
    with pytest.raises(DecodeError) as caught:
        codec_for(kind, here.type, here.datatypes, here.alphabet).decode(tokens.split())
    assert (caught.value.position, caught.value.reason) == (position, reason)


@pytest.mark.parametrize(
    ("kind", "source", "type", "why"),
    [
        ("flat", "type A = B", "A", "writes lists"),
        ("bracketed", "type A = B Int | C Int", "A", "2 constructors with fields"),
        ("bracketed", "type A = B | C", "A", "0 constructors with fields"),
        ("bracketed", 'type A = B as "(" | C Int A', "A", "bracket"),
        ("bracketed", "type A = B | C A", "A", "one field"),
        ("bracketed", 'type A = B as "0" | C Int', "A", "one field"),
        ("digits", "type A = B", "A", "one integer"),
        ("bracketd", "type A = B", "A", "did you mean `bracketed`"),
        ("reversed", "type A = B", "A", "no codec 'reversed'"),
    ],
)
def test_a_codec_that_could_not_be_read_back_is_refused(
    kind: str, source: str, type: str, why: str, task: Callable[..., Task]
) -> None:
    with pytest.raises(RecsynError, match=why) as caught:
        task("f", codecs=(kind, "prefix"), source=f"{source}\nfun f (x : {type}) : Bool = True", program="a.rec")
    assert caught.value.hint


def test_every_codec_is_tried_here() -> None:
    assert {kind for kind, _ in WRITABLE} == set(CODECS)


# Types that nobody chose

LETTERS = Alphabet((0, 7), ("a", "("))
TOKENS = ("(", ")", "0", "7", "a", "-", "[]", "::", "(,)", "T", "X")
FIELDS = (
    "Int",
    "Char",
    "Bool",
    "a",
    "List a",
    "(a, Int)",
    "T0 a",
    "T0 a",
    "T1 a",
    "T1 a",
    "List (T0 a)",
    "(T1 a, T0 a)",
    "T1 Bool",
)


@st.composite
def declarations(draw: st.DrawFn) -> str:
    """Two types that hold one another, of which two constructors of different types often share a token, also with what is built
    in."""
    types = []
    for number in range(2):
        tokens = draw(st.permutations(TOKENS))
        fields = draw(st.lists(st.lists(st.sampled_from(FIELDS), max_size=3), min_size=1, max_size=4))
        written = (" ".join(f if " " not in f or f[0] == "(" else f"({f})" for f in each) for each in fields)
        cases = (f'K{number}{i} {text} as "{token}"' for i, (text, token) in enumerate(zip(written, tokens, strict=False)))
        types.append(f"T{number} a = {' | '.join(cases)}")
    return f"type {types[0]}\nand {types[1]}\n"


def decoded(codec: Codec, tokens: tuple[str, ...]) -> tuple[Datum | None, int]:
    """The value and the number of tokens; or nothing, and the place that the error names."""
    try:
        return codec.decode(tokens), len(tokens)
    except DecodeError as error:
        return None, error.position


@given(declarations(), st.sampled_from(["T0 Int", "T0 Char", "T1 (List Int)", "List (T0 Int)", "(T1 Int, T0 Int)"]), st.data())
@settings(max_examples=120)
def test_whatever_the_types_values_come_back(source: str, text: str, data: st.DataObject) -> None:
    """All values of small sizes and some of larger ones: read back as they were, no two alike, whatever has been changed told from
    them. Prefix and mirror write every type."""
    program = check(Source("types.rec", source))
    space = space_of(check_type(program, Source("type", text)), program.datatypes, LETTERS)
    some: list[Datum] = []
    for size in (*range(10), 25, 26, 27):
        count = space.grammar.count(space.type, size)
        ranks = range(count) if count <= 12 else data.draw(st.lists(st.integers(0, count - 1), min_size=4, max_size=4, unique=True))
        some += (space.grammar.value(space.type, size, rank) for rank in ranks)
    assume(some)
    kinds = dict.fromkeys(CODECS)
    for kind in kinds:
        try:
            codec = codec_for(kind, space.type, space.datatypes, space.alphabet)
        except RecsynError:
            assert kind not in ("prefix", "mirror")
            continue
        written = [tuple(codec.encode(v)) for v in some]
        assert [codec.decode(tokens) for tokens in written] == some
        assert len(set(written)) == len(some)
        assert {t for tokens in written for t in tokens} <= set(codec.tokens)
        alphabet = tuple(data.draw(st.permutations(codec.tokens)))[:3]
        for tokens in written[:4]:
            for other in set(changed(tokens[:12], alphabet)) - {tokens}:
                read, place = decoded(codec, other)
                assert 0 <= place <= len(other)
                assert read is None or tuple(codec.encode(read)) == other


@given(declarations(), st.data())
@settings(max_examples=60)
def test_no_token_is_refused_with_which_a_value_may_go_on(source: str, data: st.DataObject) -> None:
    """What begins some known value is read to its end at least: an error names a later place, or is none."""
    program = check(Source("types.rec", source))
    space = space_of(check_type(program, Source("type", "T0 Int")), program.datatypes, LETTERS)
    known = [v for size in range(9) for v in islice(space.grammar.values(space.type, size), 150)]
    assume(known)
    codec = codec_for("prefix", space.type, space.datatypes, space.alphabet)
    tokens = tuple(data.draw(st.lists(st.sampled_from(codec.tokens), max_size=4)))
    begun = {row[:end] for row in map(tuple, map(codec.encode, known)) for end in range(len(row) + 1)}
    longest = next(end for end in range(len(tokens), -1, -1) if tokens[:end] in begun)
    _, place = decoded(codec, tokens)
    assert place >= longest


@given(number=st.integers(-(10**40), 10**40))
def test_digits_are_the_numbers_own(number: int, space: Callable[..., Space]) -> None:
    here = space("Int")
    codec = codec_for("digits", here.type, here.datatypes, here.alphabet)
    assert "".join(codec.encode(number)) == str(number)
    assert codec.decode(list(str(number))) == number
    assert codec.decode(codec.encode(number * 10**900)) == number * 10**900


# Depth


@pytest.fixture
def _no_collection() -> Iterator[None]:
    """Python's collector would walk the millions of nodes again and again."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collection")
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("prefix", "Pos"),
        ("mirror", "Pos"),
        pytest.param("bracketed", "Tree Int", marks=pytest.mark.slow),
        pytest.param("flat", "List Int", marks=pytest.mark.slow),
    ],
)
def test_a_million_deep_value_comes_back(kind: str, text: str, space: Callable[..., Space]) -> None:
    here, million = space(text), 1_000_000
    start, wrap = {
        "Pos": (Value("One"), lambda i, v: Value("XI" if i % 3 else "XO", (v,))),
        "Tree Int": (Value("Leaf"), lambda i, v: Value("Branch", (i % 2, Value("Leaf"), v))),
        "List Int": (EMPTY_LIST, lambda i, v: Value(CONS, (i % 2, v))),
    }[text]
    value = reduce(lambda v, i: wrap(i, v), range(million), start)
    codec = codec_for(kind, here.type, here.datatypes, here.alphabet)
    tokens = codec.encode(value)
    assert len(tokens) >= million
    assert codec.encode(codec.decode(tokens)) == tokens


def test_an_integer_of_many_digits_is_a_token(space: Callable[..., Space]) -> None:
    here = space("Int")
    (token,) = codec_for("prefix", here.type, here.datatypes, here.alphabet).encode(10**10_000 + 7)
    assert token == "1" + "0" * 9_999 + "7"
