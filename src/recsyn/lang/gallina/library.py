"""What Coq's library gives to every file, in the terms of the language: what is built in there, and what is declared in front of a
program that uses it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Slot:
    """A parameter of something global. ``scope`` is how numbers are read in an argument for it."""

    is_type: bool
    implicit: bool
    name: str
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Global:
    """What a name means. ``text`` says it in the language; an ``infix`` operator is written between its two arguments. ``declared``
    is what has to be declared in front for it."""

    kind: Literal["type", "constructor", "function"]
    text: str
    slots: tuple[Slot, ...] = ()
    infix: str | None = None
    declared: str | None = None
    scope: str | None = None


def _slots(types: str, values: str) -> tuple[Slot, ...]:
    scopes = {"n": "nat", "z": "Z"}
    return (*(Slot(True, True, t) for t in types.split()), *(Slot(False, False, v, scopes.get(v)) for v in values.split()))


_TYPE_SLOTS = tuple(Slot(True, False, name) for name in "AB")

TYPES: dict[str, tuple[str, tuple[tuple[str, tuple[str, ...]], ...]]] = {
    "nat": ("", (("O", ()), ("S", ("nat",)))),
    "option": ("A", (("Some", ("A",)), ("None", ()))),
    "sum": ("AB", (("inl", ("A",)), ("inr", ("B",)))),
    "unit": ("", (("tt", ()),)),
    "comparison": ("", (("Eq", ()), ("Lt", ()), ("Gt", ()))),
}
"""Types that are declared where they are used: their parameters, and their constructors with their fields."""

FUNCTIONS = {
    "Nat.add": "(n : {nat}) (m : {nat}) : {nat} =\nmatch n with\n| {O} => m\n| {S} k => {S} ({Nat.add} k m)\nend",
    "Nat.mul": "(n : {nat}) (m : {nat}) : {nat} =\nmatch n with\n| {O} => {O}\n| {S} k => {Nat.add} m ({Nat.mul} k m)\nend",
    "Nat.sub": "(n : {nat}) (m : {nat}) : {nat} =\nmatch n, m with\n| {S} k, {S} l => {Nat.sub} k l\n| _, _ => n\nend",
    "Nat.pred": "(n : {nat}) : {nat} =\nmatch n with\n| {O} => {O}\n| {S} k => k\nend",
    "Nat.eqb": "(n : {nat}) (m : {nat}) : Bool =\nmatch n, m with\n| {O}, {O} => True\n| {S} k, {S} l => {Nat.eqb} k l\n"
    "| _, _ => False\nend",
    "Nat.leb": "(n : {nat}) (m : {nat}) : Bool =\nmatch n, m with\n| {O}, _ => True\n| {S} _, {O} => False\n"
    "| {S} k, {S} l => {Nat.leb} k l\nend",
    "Nat.ltb": "(n : {nat}) (m : {nat}) : Bool =\nmatch n, m with\n| _, {O} => False\n| {O}, {S} _ => True\n"
    "| {S} k, {S} l => {Nat.ltb} k l\nend",
}
"""Functions that are declared where they are used, and after those that they use."""

_LIBRARY_NAMES = {"plus": "Nat.add", "mult": "Nat.mul", "minus": "Nat.sub", "pred": "Nat.pred"}
OPERATORS = {
    "nat": {"+": "Nat.add", "*": "Nat.mul", "-": "Nat.sub", "=?": "Nat.eqb", "<=?": "Nat.leb", "<?": "Nat.ltb"},
    "Z": {"+": "Z.add", "*": "Z.mul", "-": "Z.sub", "=?": "Z.eqb", "<=?": "Z.leb", "<?": "Z.ltb"},
}
"""What an operator stands for in each scope."""
TRANSPARENT_SCOPES = frozenset({"list", "bool", "type", "core", "function", "program"})
"""Scopes that have no numbers of their own."""
CONNECTIVES = {"&&": "andb", "||": "orb", "::": "cons", "++": "app"}
_INFIX = {"andb": "&&", "orb": "||", "app": "++"}
_INTEGERS = {"Z.add": "+", "Z.mul": "*", "Z.sub": "-", "Z.eqb": "==", "Z.leb": "<=", "Z.ltb": "<"}


def _globals() -> dict[str, Global]:
    known = {
        "bool": Global("type", "Bool"),
        "list": Global("type", "List", _TYPE_SLOTS[:1]),
        "prod": Global("type", "(,)", _TYPE_SLOTS),
        "Z": Global("type", "Int", scope="Z"),
        "true": Global("constructor", "True"),
        "false": Global("constructor", "False"),
        "nil": Global("constructor", "[]", _slots("A", "")),
        "cons": Global("constructor", "(fn x xs => x :: xs)", _slots("A", "x l"), "::"),
        "pair": Global("constructor", "(fn x y => (x, y))", _slots("A B", "x y"), ","),
        "fst": Global("function", "(fn (x, _) => x)", _slots("A B", "p")),
        "snd": Global("function", "(fn (_, y) => y)", _slots("A B", "p")),
        "negb": Global("function", "not", _slots("", "b")),
        "Z.opp": Global("function", "(fn x => -x)", _slots("", "z")),
    }
    for name, infix in _INFIX.items():
        known[name] = Global("function", f"(fn x y => x {infix} y)", _slots("A" if name == "app" else "", "x y"), infix)
    for name, infix in _INTEGERS.items():
        known[name] = Global("function", f"(fn x y => x {infix} y)", _slots("", "z z"), infix)
    for name, (parameters, constructors) in TYPES.items():
        known[name] = Global("type", "", _TYPE_SLOTS[: len(parameters)], declared=name, scope="nat" if name == "nat" else None)
        for constructor, fields in constructors:
            slots = _slots(" ".join(parameters), " ".join("n" if f == "nat" else f"_{f}" for f in fields))
            known[constructor] = Global("constructor", "", slots, declared=name)
    for name, text in FUNCTIONS.items():
        known[name] = Global("function", "", _slots("", "n n" if "(m :" in text else "n"), declared=name)
    for also, name in _LIBRARY_NAMES.items():
        known[also] = replace(known[name])
    return known


GLOBALS = _globals()
"""Every name of the library that is read."""
