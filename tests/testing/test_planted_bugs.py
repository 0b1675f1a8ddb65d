"""Models that are the function with a known bug: each is caught, with the smallest counterexample of all and a rule that predicts it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from recsyn.data.answers import Answer
from recsyn.data.tasks import Task
from recsyn.testing.campaign import Budget, run_campaign
from recsyn.testing.findings import Result
from recsyn.testing.shrinking import order
from recsyn.testing.verdicts import examine
from recsyn.values import Datum, preorder, size

Answering = Callable[[Sequence[Datum]], list[Any]]

SUCCESSOR = {
    "a clamp at depth 2": (
        "fun clamp (k : Int) (n : Pos) : Pos = match n with"
        " One => XO One | XO b => XI b | XI b => if k == 0 then XI b else XO (clamp (k - 1) b) end\n"
        "fun bug n = clamp 2 n"
    ),
    "a clamp at depth 5": (
        "fun clamp (k : Int) (n : Pos) : Pos = match n with"
        " One => XO One | XO b => XI b | XI b => if k == 0 then XI b else XO (clamp (k - 1) b) end\n"
        "fun bug n = clamp 5 n"
    ),
    "a case that copies": "fun bug n = match n with One => XO One | XO b => XO b | XI b => XO (bug b) end",
    "two cases swapped": "fun bug n = match n with One => XO One | XI b => XI b | XO b => XO (bug b) end",
    "a dropped digit": "fun bug n = match n with One => XO One | XO b => XI b | XI b => bug b end",
    "one token short on all ones": "fun bug n = match n with One => One | XO b => XI b | XI b => XO (bug b) end",
    "one token short on all ones from depth 3": (
        "fun ones n = match n with One => True | XO _ => False | XI b => ones b end\n"
        "fun short n = match n with One => One | XO b => XI b | XI b => XO (short b) end\n"
        "fun bug n = match n with XI (XI (XI b)) => if ones b then short n else succ n | _ => succ n end"
    ),
    "off in the case of 01": "fun bug n = match n with One => XI One | XO b => XI b | XI b => XO (bug b) end",
    "wrong from size 12": (
        "fun length (n : Pos) : Int = match n with One => 1 | XO b => 1 + length b | XI b => 1 + length b end\n"
        "fun bug n = if length n >= 12 then n else succ n"
    ),
    "wrong at exactly 4 carries": (
        "fun carry (n : Pos) : Int = match n with XI b => 1 + carry b | _ => 0 end\nfun bug n = if carry n == 4 then XO n else succ n"
    ),
    "wrong with 5 zeros and no carry": (
        "fun zeros (n : Pos) : Int = match n with One => 0 | XO b => 1 + zeros b | XI b => zeros b end\n"
        "fun bug n = match n with XO b => if zeros n >= 5 then b else XI b | _ => succ n end"
    ),
}
HEIGHT = (
    "fun height (t : Tree a) : Int = match t with Leaf => 0 | Branch _ l r =>"
    " let a = height l in let b = height r in 1 + (if a < b then b else a) end\n"
)
TRAVERSALS = {
    "inorder: in pre-order": "fun bug t = preorder t",
    "preorder: in in-order": "fun bug t = inorder t",
    "preorder: children swapped": "fun bug t = match t with Leaf => [] | Branch v l r => v :: append (bug r) (bug l) end",
    "inorder: children swapped": "fun bug t = match t with Leaf => [] | Branch v l r => append (bug r) (v :: bug l) end",
    "inorder: a label dropped below two children": (
        "fun bug t = match t with Leaf => [] | Branch _ (Branch a b c) (Branch d e f) => append (bug (Branch a b c)) (bug (Branch d e f))"
        " | Branch v l r => append (bug l) (v :: bug r) end"
    ),
    "preorder: the right subtree dropped": "fun bug t = match t with Leaf => [] | Branch v l r => v :: bug l end",
    "inorder: the root twice": "fun bug t = match t with Leaf => [] | Branch v l r => v :: inorder t end",
    "preorder: the root twice before a left subtree": (
        "fun bug t = match t with Branch v (Branch a l r) s => v :: preorder t | _ => preorder t end"
    ),
    "inorder: wrong on left spines of 3": (
        "fun left t = match t with Leaf => 0 | Branch _ l Leaf => 1 + left l | _ => 0 - 1000 end\n"
        "fun bug t = if left t >= 3 then [] else inorder t"
    ),
    "inorder: wrong after 3 steps to the left": (
        "fun bug t = match t with Branch v (Branch a (Branch b l m) n) r => v :: bug (Branch a (Branch b l m) n) | _ => inorder t end"
    ),
    "preorder: backwards from height 4": (
        HEIGHT + "fun back xs = match xs with [] => [] | x :: xs => append (back xs) [x] end\n"
        "fun bug t = if height t >= 4 then back (preorder t) else preorder t"
    ),
    "inorder: stops at depth 3": (
        "fun upto (k : Int) (t : Tree a) : List a = match t with Leaf => []"
        " | Branch v l r => if k == 0 then [] else append (upto (k - 1) l) (v :: upto (k - 1) r) end\nfun bug t = upto 3 t"
    ),
}


@dataclass(frozen=True, eq=False)
class Case:
    task: Task
    model: Answering
    result: Result


def caught(case: Case) -> None:
    """What every planted bug must come to."""
    first = case.result.findings[0]
    smallest = first.counterexample
    here = order(case.task.space, smallest)
    assert examine(case.model, case.task, [smallest]) == [first.failure]
    assert not any(examine(case.model, case.task, list(smaller_than(case.task, smallest)))), "a smaller input fails too"
    assert first.precision >= 0.95
    assert first.recall >= 0.95
    assert all(order(case.task.space, f.input) >= here for finding in case.result.findings for f in finding.smallest)


def smaller_than(task: Task, value: Datum) -> list[Datum]:
    """All inputs before this one in the order of shrinking."""
    space, here = task.space, order(task.space, value)
    everyone = (v for s in range(size(value) + 1) for v in space.grammar.values(space.type, s))
    return [v for v in everyone if order(space, v) < here]


@pytest.mark.parametrize("codec", ["prefix", "mirror"])
@pytest.mark.parametrize("bug", SUCCESSOR)
def test_a_bug_in_the_successor_is_caught(
    bug: str, codec: str, make_task: Callable[..., Task], planted: Callable[[Task, str], Answering]
) -> None:
    task = make_task("succ", (codec, codec), largest=16)
    model = planted(task, SUCCESSOR[bug])
    result = run_campaign(model, task, budget=Budget(2_000, 1_000, 100), seed=3)
    print([(str(f.counterexample), str(f.rule), f.precision, f.recall, f.kinds) for f in result.findings])
    caught(Case(task, model, result))


@pytest.mark.parametrize("bug", TRAVERSALS)
def test_a_bug_in_a_traversal_is_caught(
    bug: str, make_task: Callable[..., Task], planted: Callable[[Task, str], Answering]
) -> None:
    task = make_task(bug.partition(":")[0])
    model = planted(task, TRAVERSALS[bug])
    result = run_campaign(model, task, budget=Budget(2_000, 1_000, 100), seed=3)
    print([(str(f.counterexample), str(f.rule), f.precision, f.recall, f.kinds) for f in result.findings])
    caught(Case(task, model, result))
