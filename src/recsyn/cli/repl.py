"""``recsyn repl [FILE]``"""

from __future__ import annotations

import os
import re
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from recsyn.cli.session import Session, loaded
from recsyn.cli.terminal import complain, say, tell
from recsyn.cli.trace import show_trace
from recsyn.errors import RecsynError
from recsyn.lang.diagnostics import LanguageError, nearest
from recsyn.lang.parser import is_blank, is_declaration, is_unfinished
from recsyn.lang.program import Definition
from recsyn.lang.program import Program as Checked
from recsyn.lang.source import Source
from recsyn.lang.types import Datatype, show_datatype
from recsyn.values import show

if TYPE_CHECKING:
    from prompt_toolkit.history import History

PROMPT, MORE = "recsyn> ", "      > "
_LONGEST_TRACE = 200
_CONTINUES = re.compile(r"\s|\||(and|end)\b")
"""How lines begin that belong to the declaration before them."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="a source file to begin with")


def run(options: Namespace) -> int:
    session = Session()
    if options.file is not None:
        session = _attempted(partial(_load, session, options.file), session)
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    if interactive:
        say("recsyn: an expression or a declaration; `:help` lists the commands, `:quit` ends")
    inputs = _typed(lambda: session) if interactive else _piped()
    with _interrupts(signal.SIG_IGN) if interactive else nullcontext():
        for text in inputs:
            if text.split() in ([":quit"], [":q"]):
                break
            session = _attempted(partial(_answer, session, text), session)
    return 0


@contextmanager
def _interrupts(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> Iterator[None]:
    """What Ctrl-C does meanwhile. At a terminal it ends what is being evaluated and nothing else, however often it is pressed."""
    earlier = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)


def _attempted(step: Callable[[], Session], before: Session) -> Session:
    """The session after a step; an error is told, and leaves it as it was."""
    try:
        with _interrupts(signal.default_int_handler):
            return step()
    except LanguageError as error:
        tell(error.diagnostics)
    except RecsynError as error:
        complain(str(error))
    except KeyboardInterrupt:
        complain("interrupted")
    except MemoryError:
        complain("this needs more memory than there is")
    return before


def _answer(session: Session, text: str) -> Session:
    stripped = text.strip()
    if stripped.startswith(":"):
        word, _, rest = stripped[1:].partition(" ")
        command = _COMMANDS.get(word) or _COMMANDS.get(_SHORT.get(word, ""))
        if command is None:
            raise RecsynError(f"there is no command `:{word}`", nearest(word, _COMMANDS) or "`:help` lists them")
        return command(session, rest.strip())
    source = Source("<input>", text)
    if is_blank(source):
        return session
    if is_declaration(source):
        return _introduced(session.extended(text))
    type = session.program.type(text)
    say(f"{show(session.program.value(text))} : {type}")
    return session


def _introduced(session: Session) -> Session:
    for line in session.introduced():
        say(line)
    tell(session.remarks())
    return session


# Commands


def _load(_: Session, path: str) -> Session:
    """:load FILE     begin anew with a source file"""
    if not path:
        raise RecsynError("`:load` wants a file", "write `:load examples/successor.rec`")
    return _introduced(loaded(path))


def _reload(session: Session, _: str) -> Session:
    """:reload        read the loaded file again"""
    if session.file is None:
        raise RecsynError("no file is loaded", "`:load FILE` loads one")
    return _introduced(loaded(session.file.name))


def _type(session: Session, expression: str) -> Session:
    """:type EXPR     the type of an expression"""
    say(f"{expression} : {session.program.type(expression)}")
    return session


def _trace(session: Session, expression: str) -> Session:
    """:trace EXPR    the steps of its reduction"""
    reduction = session.program.trace(expression, _LONGEST_TRACE)
    show_trace(reduction)
    if not reduction.complete:
        complain(f"stopped after {len(reduction)} steps; `recsyn trace --limit` shows more")
    return session


def _doc(session: Session, name: str) -> Session:
    """:doc NAME      what the source says of a function, a type or the type of a constructor"""
    if not name:
        raise RecsynError("`:doc` wants a name", "`:names` lists the functions")
    described: Datatype | Definition
    if name.rpartition(".")[2][:1].isupper():
        described = _datatype(session.program.checked, name)
        say(show_datatype(described))
    else:
        described = session.program[name].definition
        say(f"{name} : {described.scheme}")
    say(described.documentation or "(the source says nothing of it)")
    return session


def _datatype(program: Checked, name: str) -> Datatype:
    """The datatype that a name means, or the one whose constructor it means. Raises :class:`RecsynError`."""
    types, constructors = program.names.types, program.names.constructors
    meanings = types.get(name) or constructors.get(name)
    if not meanings:
        raise RecsynError(f"there is no type or constructor `{name}`", nearest(name, [*types, *constructors]))
    meant = meanings[0].name
    if name in types and meant not in program.datatypes:
        raise RecsynError(f"`{name}` belongs to the language, and has no constructors")
    return program.datatypes[meant if name in types else program.constructors[meant].datatype]


def _names(session: Session, _: str) -> Session:
    """:names         the functions that are defined, with their types"""
    for name in session.program:
        say(f"{name} : {session.program[name].definition.scheme}")
    return session


def _help(session: Session, _: str) -> Session:
    """:help          this list"""
    for command in _COMMANDS.values():
        say(command.__doc__ or "")
    say(":quit          end")
    return session


_COMMANDS: Mapping[str, Callable[[Session, str], Session]] = {
    "type": _type,
    "trace": _trace,
    "load": _load,
    "reload": _reload,
    "names": _names,
    "doc": _doc,
    "help": _help,
}
_SHORT = {"t": "type", "l": "load", "r": "reload", "?": "help", "h": "help"}


# What is typed


def _wants_more(text: str) -> bool:
    return not text.lstrip().startswith(":") and is_unfinished(Source("<input>", text))


def _is_declaration(text: str) -> bool:
    return is_declaration(Source("<input>", text))


def _piped() -> Iterator[str]:
    """The inputs of a stream, each as many lines as it takes: an empty line ends any, and a declaration goes on while lines are
    indented or begin as its parts do."""
    text = ""
    for line in sys.stdin:
        if text and not _wants_more(text) and not _CONTINUES.match(line):
            yield text
            text = ""
        text += line
        if not line.strip() or not (_wants_more(text) or _is_declaration(text)):
            yield text
            text = ""
    if text:
        yield text


def _typed(current: Callable[[], Session]) -> Iterator[str]:
    """The inputs of a person at a terminal, until Ctrl-D. Enter ends an input that is whole, an empty line any; a declaration that
    has gone over more than one line may go on, and ends with an empty one."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.lexers import PygmentsLexer

    from recsyn.lang.highlighting import RecsynLexer
    from recsyn.lang.syntax import KEYWORDS

    keys = KeyBindings()
    prompt: PromptSession[str]

    @Condition
    def unfinished() -> bool:
        text = prompt.default_buffer.text
        return not text.endswith("\n") and (_wants_more(text) or ("\n" in text and _is_declaration(text)))

    @keys.add("enter", filter=unfinished)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=True)

    @keys.add("enter", filter=~unfinished)
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    def words() -> list[str]:
        commands = [f":{name}" for name in (*_COMMANDS, "quit")]
        names = current().program.checked.names
        return [*commands, *sorted(KEYWORDS), *names.values, *names.constructors, *names.types]

    prompt = PromptSession(
        PROMPT,
        multiline=True,
        key_bindings=keys,
        history=_history(),
        lexer=PygmentsLexer(RecsynLexer),
        completer=WordCompleter(words, WORD=True),
        complete_while_typing=False,
        prompt_continuation=MORE,
    )
    while True:
        try:
            yield prompt.prompt()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def _history() -> History:
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "recsyn"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "history").touch()
    except OSError:
        return InMemoryHistory()
    return FileHistory(folder / "history")
