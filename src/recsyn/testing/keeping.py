"""A trained network evaluated, and saved with its evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recsyn.data.rows import Rows
from recsyn.testing.evaluation import Evaluation, evaluate

if TYPE_CHECKING:  # The command line names this before it knows whether torch is there.
    from recsyn.neural.checkpoint import Checkpoint
    from recsyn.neural.training import Trained


def keep(trained: Trained, held_out: Rows, folder: str | Path) -> tuple[Checkpoint, Evaluation]:
    """Evaluate a trained network on held-out rows and save both; what is handed on was read back from the folder."""
    from recsyn.neural.answering import CheckpointModel
    from recsyn.neural.checkpoint import load, save

    save(folder, trained, {})
    model = CheckpointModel(load(folder))
    evaluation = evaluate(model, trained.task, held_out)
    took = {
        "losses": list(trained.losses), "seconds": trained.seconds, "waiting": trained.waiting, "devices": list(trained.devices),
    }  # fmt: skip
    save(folder, trained, {"held_out": evaluation.to_json(), **took})
    return load(folder), evaluation
