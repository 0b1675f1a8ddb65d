"""How a model is asked, which is no part of the model."""

from __future__ import annotations

from dataclasses import dataclass

from recsyn.errors import RecsynError, quoted

_LONGEST_WAIT = 86_400.0


@dataclass(frozen=True)
class Asking:
    """Texts and numbers alone, so that another process can open the same model from them. What a model has no use for, it leaves.

    ====================  ============================================================================================
    ``timeout``           seconds that one input may take; ``None`` is a minute for endpoints and commands, and no limit for
                          callables. A command may take so long from one answer to the next
    ``retries``           how often an endpoint is asked again that is busy or cannot be reached
    ``concurrency``       how many questions an endpoint has at a time
    ``batch_size``        inputs that a model in this process has at a time; ``None`` tries many, and half as many where memory does
                          not suffice
    ``device``            ``cpu``, ``cuda``, ``cuda:1``, …
    ``model``             which of an endpoint's models
    ``prompt``            what a causal model or an endpoint is given, ``{input}`` where the input's tokens belong
    ``demonstrations``    how many rows an endpoint is shown, and ``seed`` those which
    ``max_tokens``        how many tokens of its own an endpoint may answer with
    ``key_variable``      the environment variable that holds an endpoint's key
    ====================  ============================================================================================

    Raises :class:`RecsynError`, naming the field, for what none of them can be.
    """

    timeout: float | None = None
    retries: int = 4
    concurrency: int = 8
    batch_size: int | None = None
    device: str = "cpu"
    model: str | None = None
    prompt: str | None = None
    demonstrations: int = 4
    seed: int = 0
    max_tokens: int | None = None
    key_variable: str = "OPENAI_API_KEY"

    def __post_init__(self) -> None:
        timeout = self.timeout
        if timeout is not None and not (_is_number(timeout) and 0 < timeout <= _LONGEST_WAIT):
            raise RecsynError(f"timeout is {quoted(timeout)}, not a number of seconds above 0 and up to {_LONGEST_WAIT:,.0f}")
        self._check_whole("retries", 0, 100)
        self._check_whole("concurrency", 1, 1_000)
        self._check_whole("demonstrations", 0, 1_000)
        self._check_whole("seed", 0, 10**18)
        for name in ("batch_size", "max_tokens"):
            if getattr(self, name) is not None:
                self._check_whole(name, 1, 10**6)
        if self.prompt is not None and "{input}" not in self.prompt:
            raise RecsynError(
                f"the prompt {quoted(self.prompt)} has no place for the input", "write {input} where the input's tokens belong"
            )

    def _check_whole(self, name: str, least: int, most: int) -> None:
        value = getattr(self, name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise RecsynError(f"{name} is {quoted(value)}, not a whole number from {least} to {most:,}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
