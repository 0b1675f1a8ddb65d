"""Models that are the function with a known bug: each is caught, with the smallest counterexample of all and a rule for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import pytest

from recsyn.data.answers import Answer
from recsyn.data.tasks import Task
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import run_campaign
from recsyn.testing.findings import Result
from recsyn.testing.shrinking import order
from recsyn.testing.verdicts import examine
from recsyn.values import Datum, Value, preorder, size

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
        "fun carry (n : Pos) : Int = match n with XI b => 1 + carry b | _ => 0 end\n"
        "fun bug n = if carry n == 4 then XO n else succ n"
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
        "fun bug t = match t with Leaf => []"
        " | Branch _ (Branch a b c) (Branch d e f) => append (bug (Branch a b c)) (bug (Branch d e f))"
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
        "fun bug t = match t with"
        " Branch v (Branch a (Branch b l m) n) r => v :: bug (Branch a (Branch b l m) n) | _ => inorder t end"
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


LABELS = tuple[str, ...]
CALLABLES: dict[str, tuple[Callable[[LABELS, LABELS], Any], str, str]] = {
    "no end of sequence: from size 10": (
        lambda source, target: Answer(target, ended=len(source) < 10),
        "X0 X0 X0 X0 X0 X0 X0 X0 X0 01",
        "size >= 10",
    ),
    "too long: with a carry of 2 or more": (
        lambda source, target: [*target, "01"] if source[:2] == ("X1", "X1") else list(target),
        "X1 X1 01",
        "recursion_depth >= 2",
    ),
    "too short: nothing at all on even numbers": (
        lambda source, target: [] if source[0] == "X0" else " ".join(target),
        "X0 01",
        "recursion_depth <= 0 and size >= 2",
    ),
}
BUDGET = Budget(examples=1_500, fresh=1_000, rate=50)


def smaller_than(task: Task, value: Datum) -> list[Datum]:
    """All inputs before this one in the order of shrinking, listed shape by shape with every choice of labels."""
    space, here = task.space, order(task.space, value)
    letters = space.alphabet.integers
    found = []
    for shape in (shape for s in range(size(value) + 1) for shape in space.shapes.values(space.type, s)):
        if order(space, shape)[:2] > here[:2]:
            continue
        atoms = sum(isinstance(d, int) for d in preorder(shape))
        chosen = (relabelled(shape, labels) for labels in product(letters, repeat=atoms))
        found += [v for v in chosen if order(space, v) < here]
    return found


def relabelled(shape: Datum, labels: Sequence[int]) -> Datum:
    turn = iter(labels)

    def copy(node: Datum) -> Datum:
        return Value(node.constructor, tuple(map(copy, node.fields))) if isinstance(node, Value) else next(turn)

    return copy(shape)


def check_caught(task: Task, model: Answering, result: Result) -> None:
    """What every planted bug must come to."""
    first = result.findings[0]
    smallest = first.counterexample
    assert examine(model, task, [smallest]) == [first.failure]
    assert not any(examine(model, task, smaller_than(task, smallest))), "a smaller input fails too"
    assert first.precision >= 0.95
    assert first.recall >= 0.95
    assert first.expected == task.function(smallest)
    here = order(task.space, smallest)
    assert all(order(task.space, f.input) >= here for finding in result.findings for f in finding.smallest)
    assert all(f.kind in finding.kinds for finding in result.findings for f in finding.smallest)


def test_there_are_bugs_enough() -> None:
    assert len(SUCCESSOR) + len(TRAVERSALS) + len(CALLABLES) >= 12


@pytest.mark.parametrize("bug", SUCCESSOR)
def test_a_bug_in_the_successor_is_caught(bug: str, succ: Task, planted: Callable[[Task, str], Answering]) -> None:
    model = planted(succ, SUCCESSOR[bug])
    check_caught(succ, model, run_campaign(model, succ, budget=BUDGET, seed=3))


@pytest.mark.parametrize("bug", ["a clamp at depth 5", "one token short on all ones from depth 3", "wrong from size 12"])
def test_a_bug_in_the_successor_is_caught_in_natural_order(
    bug: str, make_task: Callable[..., Task], planted: Callable[[Task, str], Answering]
) -> None:
    task = make_task("succ", ("mirror", "mirror"), largest=16)
    model = planted(task, SUCCESSOR[bug])
    check_caught(task, model, run_campaign(model, task, budget=BUDGET, seed=3))


@pytest.mark.parametrize("bug", TRAVERSALS)
def test_a_bug_in_a_traversal_is_caught(
    bug: str, make_task: Callable[..., Task], planted: Callable[[Task, str], Answering]
) -> None:
    task = make_task(bug.partition(":")[0], integers=[0, 11])
    model = planted(task, TRAVERSALS[bug])
    check_caught(task, model, run_campaign(model, task, budget=BUDGET, seed=3))


@pytest.mark.parametrize("bug", CALLABLES)
def test_a_bug_in_a_callable_is_caught_with_its_kind(bug: str, succ: Task) -> None:
    answer, counterexample, rule = CALLABLES[bug]

    def model(inputs: Sequence[Datum]) -> list[Any]:
        outputs = succ.function.of_each(inputs)
        return [
            answer(tuple(succ.input_codec.encode(v)), tuple(succ.output_codec.encode(o)))
            for v, o in zip(inputs, outputs, strict=True)
        ]

    result = run_campaign(model, succ, budget=BUDGET, seed=3)
    check_caught(succ, model, result)
    (finding,) = result.findings
    assert dict(finding.kinds).keys() == {bug.partition(":")[0]}
    assert " ".join(succ.input_codec.encode(finding.counterexample)) == counterexample
    assert str(finding.rule) == rule


def test_known_bugs_have_the_counterexamples_a_person_would_give(succ: Task, planted: Callable[[Task, str], Answering]) -> None:
    """The issue's own: a model that has seen five carries fails first on six `X1`, then `01`."""
    result = run_campaign(planted(succ, SUCCESSOR["a clamp at depth 5"]), succ, budget=BUDGET, seed=1)
    (finding,) = result.findings
    assert succ.input_codec.encode(finding.counterexample) == ["X1"] * 6 + ["01"]
    assert str(finding.rule) == "recursion_depth >= 6"
    assert (finding.precision, finding.recall) == (1, 1)
    assert set(finding.kinds) == {"wrong token", "too short"}


def test_two_bugs_in_one_model_are_two_findings(succ: Task, planted: Callable[[Task, str], Answering]) -> None:
    lines = "fun carry (n : Pos) : Int = match n with XI b => 1 + carry b | _ => 0 end\n" + (
        "fun zeros (n : Pos) : Int = match n with One => 0 | XO b => 1 + zeros b | XI b => zeros b end\n"
        "fun bug n = if carry n >= 5 then n else if zeros n >= 7 then XO (XO n) else succ n"
    )
    result = run_campaign(planted(succ, lines), succ, budget=Budget(4_000, 1_000, 50), seed=3)
    assert {str(f.rule) for f in result.findings} == {"recursion_depth >= 5", "count_XO >= 7"}
    assert {" ".join(succ.input_codec.encode(f.counterexample)) for f in result.findings} == {
        "X1 X1 X1 X1 X1 01",
        "X0 X0 X0 X0 X0 X0 X0 01",
    }
    assert all(f.precision >= 0.95 for f in result.findings)
    assert result.findings[1].recall >= 0.95, "of the failures that the first rule leaves"
    assert "too long" in next(f for f in result.findings if str(f.rule) == "count_XO >= 7").kinds


@pytest.mark.parametrize(
    ("function", "codecs"),
    [
        ("succ", ("prefix", "prefix")),
        ("succ", ("mirror", "mirror")),
        ("preorder", ("bracketed", "flat")),
        ("inorder", ("bracketed", "flat")),
        ("inorder", ("prefix", "prefix")),
    ],
)
def test_the_function_itself_has_no_findings(function: str, codecs: tuple[str, str], make_task: Callable[..., Task]) -> None:
    task = make_task(function, codecs)
    for model in (
        task.function.of_each,
        lambda inputs: [" ".join(task.output_codec.encode(o)) for o in task.function.of_each(inputs)],
        lambda inputs: (task.output_codec.encode(o) for o in task.function.of_each(inputs)),
    ):
        result = run_campaign(model, task, budget=Budget(800, 200, 50), seed=5)
        assert result.findings == ()
        assert not result.searched.failing.any()
        assert (result.rate.failures, result.rate.tested) == (0, 50)
