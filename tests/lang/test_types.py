"""Type inference: principal types of good programs, and what is said of bad ones."""

from __future__ import annotations

import pytest

import recsyn
from recsyn import LanguageError

PRELUDE = """
type Nat = Z | S Nat
type Tree a = Leaf | Branch a (Tree a) (Tree a)
type Maybe a = Nothing | Just a
type Rose a = Rose a (List (Rose a))
type Wrap a = Wrap (a -> Int)
type Hold = Hold (Int -> Int)
type Deep = Deep (List Hold) | Shallow
type Nest a = End | Nest a (Nest (a, a))
"""


@pytest.mark.parametrize(
    ("definition", "type"),
    [
        ("f x = x", "a -> a"),
        ("f x y = x", "a -> b -> a"),
        ("f = 3", "Int"),
        ("f = []", "List a"),
        ("f g x = g (g x)", "(a -> a) -> a -> a"),
        ("f g h x = g (h x)", "(a -> b) -> (c -> a) -> c -> b"),
        ("f g x y = g y x", "(a -> b -> c) -> b -> a -> c"),
        ("f x y = (x, [y])", "a -> b -> (a, List b)"),
        ("f (x, y) = (y, x)", "(a, b) -> (b, a)"),
        ("f x = x + 1", "Int -> Int"),
        ("f x y = x == y", "a -> a -> Bool"),
        ("f x y = x < y", "Int -> Int -> Bool"),
        ("f x = x < 'a'", "Char -> Bool"),
        ("f lo x = let ok = lo <= x in if x == 'z' then ok else False", "Char -> Char -> Bool"),
        ('f xs = match xs with [] => "" | x :: _ => x end', "List (List Char) -> List Char"),
        ("f g xs = match xs with [] => [] | x :: xs => g x :: f g xs end", "(a -> b) -> List a -> List b"),
        ("f g z xs = match xs with [] => z | x :: xs => g x (f g z xs) end", "(a -> b -> b) -> b -> List a -> b"),
        ("f t = match t with Leaf => 0 | Branch v l r => v + f l + f r end", "Tree Int -> Int"),
        ("f x = Branch x Leaf", "a -> Tree a -> Tree a"),
        ("f = Branch", "a -> Tree a -> Tree a -> Tree a"),
        ("f x = let pair = fn y => (y, y) in (pair x, pair 1)", "a -> ((a, a), (Int, Int))"),
        ("f x = let g = fn y => x in (g 1, g 'a')", "a -> (a, a)"),
        ("f x = let (g, h) = (fn y => y, x) in g h", "a -> a"),
        ("f x = let xs as ys = [] in let zs = xs in 1 :: xs", "a -> List Int"),
        ("f (x : a) : a = x", "a -> a"),
        ("f (x : thing) y = (x, y)", "thing -> a -> (thing, a)"),
        ("f (x : b) (y : a) = (x, y)", "b -> a -> (b, a)"),
        ("f (n : Nest a) : Nat = match n with End => Z | Nest _ m => S (f m) end", "Nest a -> Nat"),
        ("f x = not (x && True) || x", "Bool -> Bool"),
        ('f x = (x ++ "", -(3 % 2))', "List Char -> (List Char, Int)"),
        ("f (Wrap g) x = g x", "Wrap a -> a -> Int"),
        ("f (Rose x kids) = x :: match kids with Rose y _ :: _ => [y] | [] => [] end", "Rose a -> List a"),
        ("f g = fn (x, y) => g x y", "(a -> b -> c) -> (a, b) -> c"),
        ("f g = (g : Int -> Maybe (Int -> Int))", "(Int -> Maybe (Int -> Int)) -> Int -> Maybe (Int -> Int)"),
        ("f x = if x == [] then Nothing else Just x", "List a -> Maybe (List a)"),
        ("f x _ = match x with (1, 'a') as y => [y] | y => [y, x] end", "(Int, Char) -> a -> List (Int, Char)"),
    ],
)
def test_principal_types(definition: str, type: str) -> None:
    assert str(recsyn.loads(f"{PRELUDE}fun {definition}")["f"].definition.scheme) == type


def test_within_its_group_a_function_has_one_type() -> None:
    group = "fun f x n = match n with Z => x | S m => let y = g 'a' m in x end and g x n = match n with Z => x | S m => f x m end"
    assert str(recsyn.loads(PRELUDE + group)["f"].definition.scheme) == "Char -> Nat -> Char"


def test_functions_of_a_group_do_not_share_the_names_of_variables() -> None:
    loop = "{0} x n = match n with Z => x | S m => {0} x m end"
    source = f"fun {loop.format('f')} and {loop.format('g')} and h x y n = (f x n, g y n)"
    assert str(recsyn.loads(PRELUDE + source)["h"].definition.scheme) == "a -> b -> Nat -> (a, b)"


@pytest.mark.parametrize(
    ("definition", "constrained"),
    [
        ("f x y = x == y", {"a"}),
        ("f x y = ([x], 1) != ([y], 2)", {"a"}),
        ("f (x : t) (y : u) : Bool = x == x", {"t"}),
        ("f x y = y", set()),
        ("g x = x == x and f x y = if g [x] then y else y", {"a"}),
        ("f (x : t) (n : Nat) : Bool = match n with Z => x == x | S m => f [x] m end", {"t"}),
        # through a function of the group that is only found later to compare
        ("f (x : t) (n : Nat) : Bool = g x n and g (y : u) (n : Nat) : Bool = match n with Z => y == y | S m => f y m end", {"t"}),
        ("f (x : t) : Bool = g x and g (y : u) : Bool = h y and h (z : v) : Bool = z == z", {"t"}),
    ],
)
def test_equality_is_asked_of_type_variables(definition: str, constrained: set[str]) -> None:
    assert recsyn.loads(f"{PRELUDE}fun {definition}")["f"].definition.scheme.equality == constrained


@pytest.mark.parametrize(
    ("definition", "code", "fragment"),
    [
        ("f x = x + 'a'", "type-mismatch", "this is of type `Char`, but the right operand of `+` must be of type `Int`"),
        ("f x = x x", "type-mismatch", "a type would have to contain itself"),
        ("f x = if x then 1 else 'a'", "type-mismatch", "this is of type `Char`, but"),
        ("f x = if 1 then x else x", "type-mismatch", "the condition of an `if` must be of type `Bool`"),
        ("f x = [1, 'a']", "type-mismatch", "what comes before it in this list"),
        ("f x = 1 :: 2", "type-mismatch", "the right operand of `::` must be of type `List Int`"),
        ("f (x : a) : Int = x", "type-mismatch", "`a` stands for any type here"),
        ("f (x : a) (y : b) : a = if True then x else y", "type-mismatch", "stands for any type here"),
        ("f (x : a) : a = x + 1", "type-mismatch", "this is of type `a`"),
        ("f x = match x with 1 => 1 | 'a' => 2 end", "type-mismatch", "what it is matched against is of type `Int`"),
        ("f x = match x with Z => 1 | S _ => True end", "type-mismatch", "this is of type `Bool`"),
        ("f x = (fn y => y) 1 2", "type-mismatch", "this function is given 2 arguments, but takes 1"),
        ("g x _ = x\nfun f x = x + g 1 2 3 + 1", "type-mismatch", "`g` is given 3 arguments, but takes 2"),
        ("f x = (fn y => y) == (fn y => y)", "type-mismatch", "functions cannot be compared"),
        ("f x = x == Hold (fn y => y)", "type-mismatch", "values that hold functions cannot be compared"),
        ("g x y = x == y\nfun f (x : Deep) = g [x] []", "type-mismatch", "values that hold functions cannot be compared"),
        ("g x y = x == y\nfun f x = g (fn y => y) x", "type-mismatch", "functions cannot be compared"),
        ("f x = let eq = fn a b => a == b in eq (fn y => y) x", "type-mismatch", "functions cannot be compared"),
        (
            "f (x : a) (n : Nat) : Bool = match n with Z => x == x | S m => f (fn y => y) m end",
            "type-mismatch",
            "functions cannot be compared",
        ),
        (
            "f (x : a) (n : Nat) : Bool = match n with Z => x == x | S m => let g = fn y => f y m in g (fn y => y) end",
            "type-mismatch",
            "functions cannot be compared",
        ),
        ("f x = Z < Z", "type-mismatch", "only `Int` and `Char` are ordered, and these are of type `Nat`"),
        ("f (x : a) = x < x", "type-mismatch", "only `Int` and `Char` are ordered, and these are of type `a`"),
        ("f x = (1 : Char)", "type-mismatch", "it is annotated to be of type `Char`"),
        ("f x = -'a'", "type-mismatch", "the operand of `-` must be of type `Int`"),
        ("f x = S 'a'", "type-mismatch", "the first field of `S` must be of type `Nat`"),
        ("f x = let (a, b) = [x] in a", "type-mismatch", "this is of type `(_, _)`"),
        ("f x = let g = fn y => [y, x] in (g 1, g 'a')", "type-mismatch", "the first argument of `g` must be of type `Int`"),
        ("f x = let g = fn y => [x, y] in (g 1, g 'a')", "type-mismatch", "the first argument of `g` must be of type `Int`"),
        ("f x = let y = x in (y + 1, y ++ [])", "type-mismatch", "the left operand of `++` must be of type `List _`"),
        ("f g = (g 1, g 'a')", "type-mismatch", "the first argument of `g` must be of type `Int`"),
        ("f x = S Z Z", "arity", "`S` has 1 field, but 2 are given here"),
        ("f x = match x with S => 1 | Z => 2 end", "arity", "`S` has 1 field, but this pattern has 0"),
        ("f x = match x with Z y => 1 | _ => 2 end", "arity", "`Z` has no fields, but this pattern has 1"),
        ("f x = if x == S then 1 else 2", "type-mismatch", "functions cannot be compared"),
        ("f (x : Nat) : Nat = S", "arity", "`S` has 1 field, but none is given here"),
        ("f (x : List) = x", "arity", "`List` takes 1 type, but none is given here"),
        ("f (x : Nat Int) = x", "arity", "`Nat` takes no types, but 1 is given here"),
        ("f x y = match x, y with Z => 1 | _, _ => 2 end", "arity", "this case has 1 pattern, but 2 values are matched"),
        ("f x = y", "unknown-name", "there is no variable or function `y`"),
        ("f x = _", "unknown-name", "`_` is a pattern, not a value"),
        ("f (x : Foo) = x", "unknown-name", "there is no type `Foo`"),
        ("f x = Foo", "unknown-name", "there is no constructor `Foo`"),
        ("f x = match x with Foo => 1 end", "unknown-name", "there is no constructor `Foo`"),
        ("f x = leaf", "unknown-name", "there is no variable or function `leaf`"),
        ("f x x = x", "duplicate-name", "`x` is bound twice"),
        ("f (x, x) = x", "duplicate-name", "`x` is bound twice"),
        ("f x = match x with y :: y => 1 | _ => 2 end", "duplicate-name", "`y` is bound twice"),
        ("f x = match x with (y, _) as y => y end", "duplicate-name", "`y` is bound twice"),
        ("f x = x\nfun f x = x", "duplicate-name", "`f` is already defined"),
        ("f x = x and f x = x", "duplicate-name", "`f` is already defined"),
        ("not x = x", "duplicate-name", "`not` belongs to the language"),
    ],
)
def test_refused(definition: str, code: str, fragment: str) -> None:
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(f"{PRELUDE}fun {definition}")
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.code == code
    assert fragment in diagnostic.render()


@pytest.mark.parametrize(
    ("declaration", "code", "fragment"),
    [
        ("type T = A Int | A", "duplicate-name", "already defined"),
        ("type T = A\ntype T = B", "duplicate-name", "the type `T` is already defined on line 1"),
        ("type T = A\ntype U = A", "duplicate-name", "the constructor `A` is already defined on line 1"),
        ("type Int = A", "duplicate-name", "the type `Int` belongs to the language and cannot be redefined"),
        ("type T = True", "duplicate-name", "the constructor `True` belongs to the language and cannot"),
        ("type T a a = A", "duplicate-name", "two parameters of this type share a name"),
        ('type T = A as "x" | B as "x"', "duplicate-name", "`A` and `B` have the same token `x`"),
        ('type T = A as "B" | B', "duplicate-name", "`A` and `B` have the same token `B`"),
        ("type T = A a", "unknown-name", "`a` is no parameter of `T`"),
        ("type T = A Foo", "unknown-name", "there is no type `Foo`"),
        ("type T a = A T", "arity", "`T` takes 1 type, but none is given here"),
        ('type T = A as ""', "syntax", "a token is not empty"),
        ('type T = A as "a b"', "syntax", "a token is not empty and holds no white space"),
    ],
)
def test_refused_types(declaration: str, code: str, fragment: str) -> None:
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(declaration)
    [diagnostic] = caught.value.diagnostics
    assert (diagnostic.code, fragment in diagnostic.message) == (code, True)


@pytest.mark.parametrize(
    "declaration",
    ["type T = A | B Foo", "type T = C\ntype T = A | B Int", "type U = X and T = A T | B (List)", "type T a = A b | B"],
)
def test_a_refused_type_is_blamed_once(declaration: str) -> None:
    """What uses its name or its constructors is not wrong for it."""
    uses = "fun f x = match x with A => 1 | B _ => 2 end\nfun g (x : T) = f x\nexample f A = 1\nfun h x = y"
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(f"{declaration}\n{uses}")
    messages = [d.message for d in caught.value.diagnostics]
    assert len(messages) <= 3
    assert not any("`A`" in m or "cover" in m for m in messages)
    assert "there is no variable or function `y`" in messages


def test_tokens_may_be_shared_between_types() -> None:
    program = recsyn.loads('type T = A as "x"\ntype U = B as "x"').checked
    assert (program.constructors["A"].token, program.constructors["B"].token) == ("x", "x")


def test_mutually_recursive_types() -> None:
    program = recsyn.loads(
        "type Even = Zero | Next Odd and Odd = After Even\n"
        "fun even n = match n with Zero => True | Next m => odd m end and odd n = match n with After m => even m end"
    )
    assert str(program["odd"].definition.scheme) == "Odd -> Bool"
    assert str(program.value("even (Next (After Zero))")) == "True"


def test_polymorphic_recursion_runs() -> None:
    program = recsyn.loads(PRELUDE + "fun f (n : Nest a) : Nat = match n with End => Z | Nest _ m => S (f m) end")
    assert str(program.value("f (Nest 1 (Nest (2, 3) (Nest ((1, 2), (3, 4)) End)))")) == "S (S (S Z))"


@pytest.mark.parametrize(
    ("type", "shown"),
    [
        ("Tree (List Int)", "Tree (List Int)"),
        ("(a -> b) -> c -> (a, Tree b)", "(a -> b) -> c -> (a, Tree b)"),
        ("Maybe (Int -> Int)", "Maybe (Int -> Int)"),
        ("((Int))", "Int"),
    ],
)
def test_types_as_written(type: str, shown: str) -> None:
    from recsyn.lang.checker import check_type
    from recsyn.lang.source import Source

    assert str(check_type(recsyn.loads(PRELUDE).checked, Source("", type))) == shown


def test_the_type_of_an_expression() -> None:
    from recsyn.lang.checker import check_expression
    from recsyn.lang.source import Source

    checked = recsyn.loads(PRELUDE).checked
    for text, type in [
        ("(fn x => x : a -> a)", "a -> a"),
        ("fn x y => [x]", "a -> b -> List a"),
        ("Just (fn x => x < x)", "Maybe (Int -> Bool)"),
    ]:
        assert str(check_expression(checked, Source("", text))[1]) == type
