"""A command that answers, and all the ways in which it does not."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recsyn.data.answers import Answer, Unanswered
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.models import command as commands
from recsyn.testing.models.command import Command
from recsyn.values import Datum

Scripting = Callable[[str], list[str]]
ECHO = "for row in rows: say(row['id'], row['input'])\n"


@pytest.fixture(autouse=True)
def _little_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_GRACE", 0.2)


def run(script: Scripting, task: Task, lines: str, timeout: float = 20.0) -> Command:
    return Command(script(lines), task, timeout)


def echoes(task: Task, inputs: list[Datum]) -> list[Answer]:
    return [Answer(tuple(task.input_codec.encode(each))) for each in inputs]


def pid_of(process: Any) -> int:
    pid: int = process._popen.pid
    return pid


def test_one_line_for_each_input(script: Scripting, succ: Task, numbers: list[Datum]) -> None:
    model = run(script, succ, ECHO)
    model.check()
    assert model(numbers) == echoes(succ, numbers)
    assert model([("X1", "<line>")]) == [Answer(("X1", "<line>"))]
    assert model([]) == []


def test_answers_come_in_any_order_and_ids_go_on(script: Scripting, succ: Task, numbers: list[Datum]) -> None:
    model = run(
        script,
        succ,
        "held = []\n"
        "for row in rows:\n"
        "    held.append(row)\n"
        "    if len(held) == 4:\n"
        "        for row in reversed(held): say(row['id'], row['input'].split() + [row['id']])\n"
        "        held = []\n",
    )
    for first in (0, 4):
        answers = model(numbers[first : first + 4])
        assert answers == [Answer((*e.tokens, str(first + i))) for i, e in enumerate(echoes(succ, numbers[first : first + 4]))]


def test_large_batches_do_not_block(script: Scripting, succ: Task, numbers: list[Datum]) -> None:
    """More than pipes hold, both ways and in complaints, from a command that reads all before it writes."""
    many = numbers[-1:] * 20_000
    model = run(
        script,
        succ,
        "held = [next(rows) for _ in range(20_000)]\n"
        "sys.stderr.write('words ' * 100_000)\n"
        "for row in held: say(row['id'], row['input'])\n",
    )
    assert model(many) == echoes(succ, numbers[-1:]) * 20_000


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("print('{no json}', flush=True)", "a line that is no JSON: '{no json}'"),
        ("print('{' * 100_000, flush=True)", "a line that is no JSON: '{{"),
        ("print('{\"x\":' * 100_000, flush=True)", "a line that is no JSON: '{\"x"),
        ("print(json.dumps({'output': '01'}), flush=True)", "a line without an id that was asked: '{\"output"),
        ("say(10_000, '01')", 'a line without an id that was asked: \'{"id": 10000,'),
        ("say(-1, '01')", "a line without an id"),
        ("say('1', '01')", "a line without an id"),
        ("say(True, '01')", "a line without an id"),
        ("say(row['id'], None)", 'no output in \'{"id": 1, "output": null}\''),
        ("say(row['id'], [1.5])", "no output in"),
        ("say(row['id'], {'a': 1})", "no output in"),
        ("print(json.dumps({'id': row['id']}), flush=True)", "no output in"),
        ("say(row['id'], '01'); say(row['id'], '01')", "it was answered twice"),
    ],
)
def test_a_line_that_is_no_answer_loses_one_input(
    line: str, told: str, script: Scripting, succ: Task, numbers: list[Datum]
) -> None:
    model = run(
        script,
        succ,
        f"for row in rows:\n    if row['id'] == 1: {line}\n    else: say(row['id'], row['input'])\n",
    )
    answers, right = model(numbers[:4]), echoes(succ, numbers[:4])
    assert [answers[0], *answers[2:]] == [right[0], *right[2:]]
    assert isinstance(answers[1], Unanswered)
    assert answers[1].trouble == "unreadable"
    assert told in answers[1].why
    # It goes on as before, in the same process.
    assert model(numbers[4:6]) == echoes(succ, numbers[4:6])


def test_what_it_logs_before_it_answers_costs_nothing(script: Scripting, succ: Task, numbers: list[Datum]) -> None:
    """Nor does it matter how long that takes, within the time that it has."""
    lines = "for row in rows:\n    print('[thinking]\\n\\n', flush=True)\n    time.sleep(0.5 * (row['id'] == 0))\n"
    model = run(script, succ, lines + "    say(row['id'], row['input'])\n")
    model.check()
    assert model(numbers) == echoes(succ, numbers)


def test_what_talks_and_never_answers_is_timed_out(script: Scripting, succ: Task, numbers: list[Datum]) -> None:
    model = run(script, succ, "while True: print('thinking', flush=True); time.sleep(0.05)\n", timeout=4)
    lost = model(numbers[:3])
    assert lost == [Unanswered("unreadable", "no answer within 4 s, but a line that is no JSON: 'thinking'")] * 3


def test_an_error_is_told_of_its_input(script: Scripting, succ: Task, numbers: list[Datum]) -> None:
    model = run(script, succ, "for row in rows: print(json.dumps({'id': row['id'], 'error': 'too hard'}), flush=True)\n")
    model.check()
    assert model(numbers[:2]) == [Unanswered("raised", "'too hard'")] * 2


def test_a_crash_loses_what_is_open_and_the_next_batch_has_a_new_process(
    script: Scripting, succ: Task, numbers: list[Datum]
) -> None:
    model = run(
        script,
        succ,
        "for row in rows:\n"
        "    if row['input'] == 'X1 01': sys.exit('cannot\\ncarry')\n"
        "    say(row['id'], f\"{row['input']} {os.getpid()}\")\n",
    )
    place = [str(each) for each in numbers].index("XI One")
    answers = model(numbers[:6])
    assert all(isinstance(answer, Answer) for answer in answers[:place])
    why = "the command ended with exit status 1; its last words: cannot carry"
    assert answers[place:] == [Unanswered("raised", why)] * (6 - place)
    before, after = answers[0], model(numbers[:1])[0]
    assert isinstance(before, Answer)
    assert isinstance(after, Answer)
    assert before.tokens[:-1] == after.tokens[:-1]
    assert before.tokens[-1] != after.tokens[-1]


def test_a_signal_is_told(script: Scripting, succ: Task, numbers: list[Datum]) -> None:
    (answer,) = run(script, succ, f"next(rows); os.kill(os.getpid(), {signal.SIGKILL.value})\n")(numbers[:1])
    assert answer == Unanswered("raised", "the command was ended by signal 9")


def test_what_always_ends_without_an_answer_is_not_started_for_ever(
    script: Scripting, succ: Task, numbers: list[Datum], tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    model = run(script, succ, f"open({str(marks)!r}, 'a').write('.')\nsys.exit('no licence')\n")
    answers = [model(numbers[:2]) for _ in range(4)]
    assert all(isinstance(answer, Unanswered) and "no licence" in answer.why for batch in answers for answer in batch)
    assert "not started again" in answers[-1][0].why  # type: ignore[union-attr]
    assert marks.read_text() == ".."


def test_what_reads_nothing_is_not_waited_for(script: Scripting, succ: Task, numbers: list[Datum]) -> None:
    answers = run(script, succ, "time.sleep(60)\n", timeout=0.5)(numbers[-1:] * 20_000)
    assert set(answers) == {Unanswered("timed out", "no answer within 0.5 s")}


def test_what_ends_after_every_batch_is_started_for_each(script: Scripting, succ: Task, numbers: list[Datum]) -> None:
    model = run(script, succ, "row = next(rows)\nsay(row['id'], row['input'])\n")
    for each in numbers[:4]:
        answer, lost = model([each, each])
        assert [answer] == echoes(succ, [each])
        assert lost == Unanswered("raised", "the command ended with exit status 0")


def test_what_falls_silent_is_ended(script: Scripting, succ: Task, numbers: list[Datum]) -> None:
    model = run(
        script,
        succ,
        "for row in rows:\n"
        "    if row['input'] == 'X1 01': print('stuck', file=sys.stderr, flush=True); time.sleep(60)\n"
        "    say(row['id'], row['input'])\n",
        timeout=4.0,
    )
    model.check()
    pid = pid_of(model._process)
    place = [str(each) for each in numbers].index("XI One")
    answers = model(numbers[:6])
    assert answers[:place] == echoes(succ, numbers[:place])
    assert answers[place:] == [Unanswered("timed out", "no answer within 4 s; its last words: stuck")] * (6 - place)
    assert gone(pid)
    assert model(numbers[:1]) == echoes(succ, numbers[:1])


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("sys.exit('no weights')", "ended with exit status 1; its last words: no weights"),
        ("for row in rows: print('Hello!', flush=True)", "a line that is no JSON: 'Hello!'"),
        ("time.sleep(60)", "no answer within 0.5 s"),
        ("os.close(1); time.sleep(60)", "has closed its output"),
        ("for row in rows: say(row['id'], 7)", "no output in"),
    ],
)
def test_what_answers_nothing_is_an_error_before_anything_runs(lines: str, told: str, script: Scripting, succ: Task) -> None:
    model = run(script, succ, lines + "\n", timeout=0.5 if lines.startswith("time") else 4 if "Hello" in lines else 20)
    with pytest.raises(RecsynError, match=r"answering\.py` answers nothing: ") as refused:
        model.check()
    assert told in refused.value.message
    assert '{"id": 0, "input": "…"}' in str(refused.value.hint)


@pytest.mark.parametrize("arguments", [["no-such-program-anywhere"], ["/"], ["a\0b"]])
def test_what_cannot_be_started_is_told(arguments: list[str], succ: Task, numbers: list[Datum]) -> None:
    model = Command(arguments, succ)
    with pytest.raises(RecsynError, match="cannot be started: "):
        model.check()
    (answer,) = model(numbers[:1])
    assert isinstance(answer, Unanswered)
    assert "cannot be started" in answer.why


def test_it_ends_with_the_model_and_all_that_it_has_started(script: Scripting, succ: Task, numbers: list[Datum]) -> None:
    lines = "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\nfor row in rows: say(row['id'], [child.pid])\n"
    model = run(script, succ, lines)
    (answer,) = model(numbers[:1])
    assert isinstance(answer, Answer)
    pid = pid_of(model._process)
    assert not gone(pid, patience=0)
    del model
    gc.collect()
    assert gone(pid)
    assert gone(int(answer.tokens[0]))


def gone(pid: int, patience: float = 10.0) -> bool:
    """Whether a process has ended, or does so soon. One that nobody has asked for its status yet has ended too."""
    until = time.monotonic() + patience
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return not os.path.exists(f"/proc/{pid}")
        if state == "Z":
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
