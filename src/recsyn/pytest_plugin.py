"""recsyn as a pytest plugin: a test that asks for ``recsyn_fuzz`` fails with the smallest counterexample.

Everything but pytest is imported when a test asks for it, so that the plugin costs nothing where it is not used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from recsyn.semantics.function import Function
    from recsyn.testing.findings import Result
    from recsyn.testing.verdicts import Model


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("recsyn", "property-based tests of trained models")
    group.addoption("--recsyn-max-examples", type=int, default=None, metavar="N", help="inputs that each campaign searches")
    group.addoption("--recsyn-seed", type=int, default=0, metavar="N", help="the seed of every campaign")


@pytest.fixture
def recsyn_fuzz(request: pytest.FixtureRequest) -> Callable[..., Result]:
    """``recsyn_fuzz(model, function, max_examples=…, max_size=…)`` fails the test where the model is not the function.

    ``model`` is a callable on a batch of inputs or the folder of a checkpoint; ``function`` a function of a program, which a
    checkpoint brings itself. The campaign's result is returned where no failure is found.
    """

    def fuzz(model: Model | str | Path, function: Function | None = None, **options: Any) -> Result:
        __tracebackhide__ = True
        from recsyn import front
        from recsyn.errors import RecsynError
        from recsyn.testing.campaign import CampaignStopped

        try:
            result = held_against(front.load_model(model) if isinstance(model, str | Path) else model, function, options)
        except CampaignStopped as stopped:
            found = f"\n\nfound until then: {_explained(stopped.result)}" if stopped.result.findings else ""
            pytest.fail(f"{stopped}{found}", pytrace=False)
        except RecsynError as error:
            pytest.fail(str(error), pytrace=False)
        if result.findings:
            pytest.fail(_explained(result), pytrace=False)
        return result

    def held_against(asked: Any, function: Function | None, options: dict[str, Any]) -> Result:
        from recsyn import front

        subject: Any = function
        if subject is None:
            if not hasattr(asked, "checkpoint"):
                raise pytest.UsageError("recsyn_fuzz needs the function that the model is held against")
            subject = asked.checkpoint.task
        options.setdefault("max_examples", request.config.getoption("--recsyn-max-examples") or 5_000)
        options.setdefault("seed", request.config.getoption("--recsyn-seed"))
        return front.fuzz(asked, subject, **options)

    return fuzz


def _explained(result: Result) -> str:
    task = result.task
    lines = [f"the model is not {task.function.name}: {len(result.findings)} finding(s), failure rate {result.rate}"]
    for finding in result.findings:
        failure = finding.failure
        at = failure.first_difference
        lines += [
            "",
            f"wrong where {finding.rule} (precision {finding.precision:.3f}, recall {finding.recall:.3f} on fresh inputs)"
            if finding.rule
            else "wrong where no simple rule predicts it",
            f"  smallest counterexample: {finding.counterexample}",
            f"  input     {' '.join(task.input_codec.encode(finding.counterexample))}",
            f"  expected  {' '.join(failure.expected)}",
            f"  answered  {failure.answer}",
            f"  {failure.kind}, from token {at + 1} on",
        ]
    steps = str(task.function.trace(result.findings[0].counterexample, limit=30))
    return "\n".join([*lines, "", "the right reduction:", steps])
