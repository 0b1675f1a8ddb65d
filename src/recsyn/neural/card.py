"""What a checkpoint says of itself to people: its card, and the experiment that trains the same again. Both are written from what
made it, for people to go on with; nothing that is loaded depends on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import yaml

from recsyn.data.generation import generate
from recsyn.data.markdown import fenced, on_one_line, table
from recsyn.data.tasks import Task
from recsyn.data.vocabulary import END
from recsyn.lang import core
from recsyn.neural.architecture import Architecture
from recsyn.neural.recipe import Recipe

if TYPE_CHECKING:  # Training needs Lightning, which takes seconds to import and which loading has no use for.
    from recsyn.neural.training import Trained

_EXAMPLES = 64
"""Rows among which the one is that the card shows."""
_PYTHON = """import recsyn

model = recsyn.load_model("FOLDER")
tokens = {source}
print(model([{asked}])[0])"""


def experiment(trained: Trained, program: str) -> str:
    """The experiment, as YAML, whose program lies beside it in the file ``program``. One that imports files stands in it whole,
    with them, for their names go from its own."""
    task = trained.task.to_config()
    if not task.get("imports"):
        del task["source"]
        task["program"] = program
    sections = {"task": task, "model": trained.architecture.to_config(), "training": trained.recipe.to_config()}
    return _yaml(sections)


def card(trained: Trained, metrics: Mapping[str, Any], experiment: str, version: str) -> str:
    """The card of a network that was trained by this version of recsyn, and measured: ``metrics`` may have an evaluation, as
    ``Evaluation.to_json`` gives it, in ``held_out``. ``experiment`` is the file that trains it again."""
    task, architecture, recipe = trained.task, trained.architecture, trained.recipe
    front = {"library_name": "recsyn", "tags": ["recsyn", "synthetic", "structural-recursion"]}
    source, target = _example(task)
    size = sum(tensor.numel() for tensor in trained.model.weights().values())
    losses, devices = trained.losses, " then ".join(trained.devices)
    sections = [
        f"---\n{_yaml(front)}---",
        f"# {on_one_line(task.name)}",
        f"A transformer that was trained to write {_asked(task)}; the program is at the end. To",
        fenced(source),
        "the right answer is",
        fenced(target),
        "## How good it is",
        *_measured(metrics.get("held_out"), task),
        "## How to use it",
        fenced("\n".join(_commands(task, experiment)), "sh"),
        fenced(_python(task, source), "python"),
        "## What it is",
        f"A network of {size:,} parameters, trained for {len(losses):,} steps of {recipe.batch_size:,} rows to a loss of "
        f"{losses[-1]:.4f} nats a token, in {trained.seconds:,.1f} s on {devices}, by recsyn {version} with torch "
        f"{torch.__version__}; settings that play no part are left out:",
        fenced(
            _yaml({"model": _playing(architecture, _idle_shape(architecture)), "training": _playing(recipe, _idle_recipe(recipe))}),
            "yaml",
        ),
        "## The program",
        fenced(task.program_source),
    ]
    return "\n\n".join(sections) + "\n"


def _asked(task: Task) -> str:
    function = f"the function `{core.spelled(task.function.name)}`"
    match task.asks:
        case "rounds":
            return f"what is left of {function} after {task.rounds} round{'' if task.rounds == 1 else 's'}"
        case "step":
            return f"the first step of the reduction of {function}"
        case "trace":
            return f"all steps of the reduction of {function}"
        case "states":
            return f"the states of the machine of {function}"
        case "next":
            return f"the line after a given one of the reduction of {function}"
    return f"the value of {function}"


def _commands(task: Task, experiment: str) -> Iterator[str]:
    yield "recsyn eval FOLDER"
    if task.emulates:
        yield "recsyn eval FOLDER --emulate   # whole evaluations, judged step by step"
    if not task.asks_of_lines:
        yield "recsyn fuzz FOLDER"
    yield f"recsyn train FOLDER/{experiment} --out NEW   # the same again"


def _python(task: Task, source: str) -> str:
    asked = "tuple(tokens.split())" if task.asks_of_lines else "model.checkpoint.task.input_codec.decode(tokens.split())"
    return _PYTHON.format(source=json.dumps(source, ensure_ascii=False), asked=asked)


def _example(task: Task) -> tuple[str, str]:
    """A row that is neither long nor short, as texts."""
    rows = generate(task, _EXAMPLES, 0, "train", values=False)
    place = int(np.argsort(rows.source.lengths, kind="stable")[_EXAMPLES // 2])
    sides = (side.padded(np.array([place]))[0].tolist() for side in (rows.source, rows.target))
    source, target = (task.vocabulary.decode(side[: side.index(END)]) for side in sides)
    return " ".join(source), " ".join(target[1:])


def _measured(evaluation: Any, task: Task) -> Iterator[str]:
    match evaluation:
        # Of a function that does not recur on its argument no depth is known.
        case {
            "rows": int(rows), "exact_match": float(share), "low": float(low), "high": float(high),
            "by": {"recursion_depth": [*groups]} | {"size": [*groups]} as by,
        }:  # fmt: skip
            yield f"Exact match on {rows:,} held-out rows: **{share:.2%}** (95 % interval {low:.2%} to {high:.2%})."
            rates = [(g["value"], g["rows"], g["exact_match"], g["low"], g["high"]) for g in groups]
            shown = [(value, n, f"{share:.1%}", f"{low:.1%} to {high:.1%}") for value, n, share, low, high in rates]
            feature = "recursion depth" if "recursion_depth" in by else "size"
            yield table((feature, "rows", "exact match", "95 % interval"), "rrrl", shown)
            further = "`recsyn eval --emulate` runs whole evaluations" if task.asks_of_lines else "`recsyn fuzz` looks further"
            yield f"What was held out has inputs of the kind that it was trained on; {further}."
        case _:
            yield "It was not measured when it was saved; `recsyn eval` does."


def _playing(settings: Architecture | Recipe, idle: set[str]) -> dict[str, Any]:
    return {name: value for name, value in settings.to_config().items() if name not in idle}


def _idle_shape(architecture: Architecture) -> set[str]:
    """The settings that play no part in a network."""
    return {
        *(["decoder_layers"] if architecture.kind == "encoder-only" else ["room"]),
        *(["encoder_layers"] if architecture.kind == "decoder-only" else []),
        *(["position_scale"] if architecture.positions != "learned" else []),
    }


def _idle_recipe(recipe: Recipe) -> set[str]:
    """The settings that play no part in a training."""
    return {
        "learning_rate" if recipe.schedule == "vaswani" else "factor",
        *([] if recipe.checks else ["check_every", "check_rows"]),
        *([] if recipe.patience else ["patience", "watched"]),
    }


class _Dumper(yaml.SafeDumper):
    """Lists on one line, and texts of several lines as they are."""

    def represent_list(self, data: Any) -> yaml.SequenceNode:
        return self.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)

    def represent_str(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(list, _Dumper.represent_list)
_Dumper.add_representer(str, _Dumper.represent_str)


def _yaml(data: Mapping[str, Any]) -> str:
    written: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return written
