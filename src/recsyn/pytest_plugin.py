"""recsyn as a pytest plugin: a test marked ``recsyn``, or that asks for ``recsyn_fuzz``, fails with the smallest counterexample.

Everything but pytest is imported when a test asks for it, so that the plugin costs nothing where it is not used.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from recsyn.data.tasks import Task
    from recsyn.semantics.function import Function
    from recsyn.testing.findings import Finding, Result
    from recsyn.testing.verdicts import Model

_MARK = (
    "recsyn(model, checkpoint, function, max_examples, max_size, seconds, seed): hold a model, or that of a checkpoint's folder, "
    'against a function, "FILE.rec:NAME" or a function of a program; the test fails where the model is wrong'
)
_FIELDS = ("model", "checkpoint", "function", "max_examples", "max_size", "seconds", "seed")
_OPTIONS = ("max_examples", "max_size", "seconds", "seed")
_FIXTURES = {"recsyn_fuzz", "recsyn_model", "recsyn_result"}
_LOADED = pytest.StashKey[dict[Path, Any]]()
_BEFORE, _AFTER = 8, 16
"""Tokens that are shown on either side of the first difference."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("recsyn", "property-based tests of trained models")
    group.addoption("--recsyn-checkpoint", metavar="DIR", help="the checkpoint of tests that name no model of their own")
    group.addoption("--recsyn-max-examples", type=_count, metavar="N", help="inputs that each campaign searches (default 5000)")
    group.addoption("--recsyn-max-time", type=_seconds, metavar="SECONDS", help="how long each campaign may take")
    group.addoption("--recsyn-seed", type=int, metavar="N", help="the seed of every campaign (default --hypothesis-seed, else 0)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARK)
    config.stash[_LOADED] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """The campaign of a marked test that asks for none of the fixtures comes before the test."""
    if item.get_closest_marker("recsyn") and not _FIXTURES & set(getattr(item, "fixturenames", ())):
        _fail_where_wrong(_campaign(item, **_marked(item)))


@pytest.fixture
def recsyn_model(request: pytest.FixtureRequest) -> Any:
    """The model of the test's mark, or of ``--recsyn-checkpoint``: it answers a list of inputs."""
    return _model(request.node, _marked(request.node))


@pytest.fixture
def recsyn_result(request: pytest.FixtureRequest) -> Result:
    """The result of the campaign of the test's mark. Failures of the model do not fail the test: it says what it allows."""
    return _campaign(request.node, **_marked(request.node))


@pytest.fixture
def recsyn_fuzz(request: pytest.FixtureRequest) -> Callable[..., Result]:
    """``recsyn_fuzz(model, function, max_examples=…, max_size=…, seconds=…, seed=…)`` fails the test where the model is not the
    function.

    ``model`` is a callable on a batch of inputs or the folder of a checkpoint; ``function`` a function of a program, or
    ``"FILE.rec:NAME"``, which a checkpoint brings itself. What is left out is that of the test's mark, then of the command line.
    The campaign's result is returned where no failure is found.
    """

    def fuzz(model: Model | str | Path | None = None, function: Function | str | None = None, **options: Any) -> Result:
        __tracebackhide__ = True
        given: dict[str, Any] = dict(options)
        if function is not None:
            given["function"] = function
        marked = _marked(request.node)
        if model is not None:
            marked = {field: value for field, value in marked.items() if field not in ("model", "checkpoint")}
            given["checkpoint" if isinstance(model, str | Path) else "model"] = model
        result = _campaign(request.node, **{**marked, **given})
        _fail_where_wrong(result)
        return result

    return fuzz


# What is asked


def _marked(item: pytest.Item) -> dict[str, Any]:
    """What the marks of a test say, the nearest one first."""
    fields: dict[str, Any] = {}
    for mark in item.iter_markers("recsyn"):
        if mark.args:
            given = repr(mark.args[0])
            pytest.fail(f"@pytest.mark.recsyn takes no positional arguments, and was given {given}\n  hint: {_MARK}", pytrace=False)
        for field in mark.kwargs:
            if field not in _FIELDS:
                from recsyn.lang.diagnostics import nearest

                hint = nearest(field, _FIELDS) or f"its fields are {', '.join(_FIELDS)}"
                pytest.fail(f"@pytest.mark.recsyn has no field `{field}`\n  hint: {hint}", pytrace=False)
        own = dict(mark.kwargs)
        if {"model", "checkpoint"} <= own.keys():
            pytest.fail("@pytest.mark.recsyn names both a model and a checkpoint\n  hint: leave one of them out", pytrace=False)
        if {"model", "checkpoint"} & fields.keys():
            own = {field: value for field, value in own.items() if field not in ("model", "checkpoint")}
        fields = {**own, **fields}
    return fields


def _model(item: pytest.Item, fields: dict[str, Any]) -> Any:
    if fields.get("model") is not None:
        return fields["model"]
    own, common = fields.get("checkpoint"), item.config.getoption("--recsyn-checkpoint")
    if own is None and common is None:
        pytest.fail(
            f"{item.name} names no model to test\n"
            '  hint: @pytest.mark.recsyn(checkpoint="DIR"), or model=…, or pytest --recsyn-checkpoint DIR',
            pytrace=False,
        )
    from recsyn import front
    from recsyn.errors import RecsynError

    folder = _path(item, own) if own is not None else item.config.invocation_params.dir / common
    loaded = item.config.stash[_LOADED]
    if folder not in loaded:
        try:
            loaded[folder] = front.load_model(folder)
        except RecsynError as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
    return loaded[folder]


def _path(item: pytest.Item, name: str | Path) -> Path:
    """A path that a test names: from the folder of its file, or else from the root of the tests."""
    beside = item.path.parent / name
    return beside if beside.exists() or not (item.config.rootpath / name).exists() else item.config.rootpath / name


def _function(item: pytest.Item, asked: Any, model: Any) -> Function | Task:
    """The function that a model is held against, which a checkpoint brings itself."""
    from recsyn import front
    from recsyn.errors import RecsynError

    if asked is None and hasattr(model, "checkpoint"):
        task: Task = model.checkpoint.task
        return task
    if asked is None:
        pytest.fail(
            "a model that is no checkpoint needs the function that it is held against\n"
            '  hint: function="FILE.rec:NAME", or a function of a program',
            pytrace=False,
        )
    if not isinstance(asked, str):
        function: Function = asked
        return function
    file, colon, name = asked.rpartition(":")
    if not colon or not file or not name:
        pytest.fail(f'function={asked!r} does not name a function\n  hint: write "FILE.rec:NAME"', pytrace=False)
    try:
        return front.load(_path(item, file))[name].of_tuple
    except RecsynError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _campaign(item: pytest.Item, **fields: Any) -> Result:
    __tracebackhide__ = True
    from recsyn import front
    from recsyn.errors import RecsynError

    getoption = item.config.getoption
    options = {"max_examples": getoption("--recsyn-max-examples"), "seconds": getoption("--recsyn-max-time"), "seed": _seed(item)}
    options |= {field: value for field, value in fields.items() if field not in ("model", "checkpoint", "function")}
    for field in options:
        if field not in _OPTIONS:
            from recsyn.lang.diagnostics import nearest

            hint = nearest(field, _OPTIONS) or f"there are {', '.join(_OPTIONS)}"
            pytest.fail(f"campaigns have no option `{field}`\n  hint: {hint}", pytrace=False)
    model = _model(item, fields)
    function = _function(item, fields.get("function"), model)
    try:
        return front.fuzz(model, function, **{field: value for field, value in options.items() if value is not None})
    except RecsynError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _seed(item: pytest.Item) -> int:
    own: int | None = item.config.getoption("--recsyn-seed")
    if own is not None:
        return own
    shared = str(item.config.getoption("--hypothesis-seed", None))  # the word `random`, too
    return int(shared) if shared.isdecimal() else 0


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ArgumentTypeError(f"{text!r} is no whole number from 1 up")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


# What is told


def _fail_where_wrong(result: Result) -> None:
    __tracebackhide__ = True
    if not result.holds:
        pytest.fail(_explained(result), pytrace=False)


def _explained(result: Result) -> str:
    from recsyn.lang import core

    task = result.task
    said = f"{len(result.findings)} finding(s)" if result.findings else "no finding, but inputs without an answer"
    lines = [f"the model is not {core.spelled(task.function.name)}: {said}; failure rate {result.rate}"]
    for finding in result.findings:
        lines += ["", *_finding(task, finding)]
    unanswered = [lost for lost in result.lost if lost.loss != "no truth"]
    if unanswered:
        first = unanswered[0]
        lines += ["", f"{len(unanswered)} input(s) without an answer: {first.loss}, the first on {first.input}: {first.why}"]
    lines += [f"the campaign stopped early: {result.stopped}"] if result.stopped else []
    if result.findings:
        lines += ["", "the right reduction:", str(task.function.trace(result.findings[0].counterexample, limit=30))]
    return "\n".join(lines)


def _finding(task: Task, finding: Finding) -> list[str]:
    failure = finding.failure
    at = failure.first_difference
    answered = failure.answer.tokens if failure.answer.ended else (*failure.answer.tokens, "…")
    expected, actual, marks = _marked_difference(failure.expected, answered, at)
    measured = finding.score.predicted and finding.score.failures  # What stops early may have no fresh inputs.
    scored = f" (precision {finding.precision:.3f}, recall {finding.recall:.3f} on fresh inputs)" if measured else ""
    return [
        f"wrong where {finding.rule}{scored}" if finding.rule else "wrong where no simple rule predicts it",
        f"  smallest counterexample: {finding.counterexample}",
        f"  input     {' '.join(task.input_codec.encode(finding.counterexample))}",
        f"  expected  {expected}",
        f"  answered  {actual}",
        f"            {marks} {failure.kind}, from token {at + 1} on",
    ]


def _marked_difference(expected: Sequence[str], answered: Sequence[str], at: int) -> tuple[str, str, str]:
    """Two lines of tokens, one under another, and a line that marks the place ``at`` under them. Of long ones, what is near it."""
    first = at - _BEFORE if at > _BEFORE + 1 else 0
    last = at + _AFTER
    shown = [list(tokens[first:last]) for tokens in (expected, answered)]
    width = max(map(len, shown))
    widths = [max(len(tokens[i]) if i < len(tokens) else 0 for tokens in shown) for i in range(width)]
    lines = []
    for tokens, whole in zip(shown, (expected, answered), strict=True):
        padded = " ".join(token.ljust(widths[i]) for i, token in enumerate(tokens)).rstrip()
        lines.append(f"{'… ' if first else ''}{padded}{' …' if len(whole) > last else ''}")
    here = at - first
    before = 2 * bool(first) + sum(widths[:here]) + here
    return lines[0], lines[1], " " * before + "^" * max(1, widths[here] if here < width else 1)
