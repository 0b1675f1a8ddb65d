"""From LLVM assembly to functions in memory. Object code is kept on disk, under a name that says what it was made from and for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import Any

from recsyn.errors import extra

_PASSES = ("sroa", "simplify_cfg", "instruction_combine", "simplify_cfg")
_CHECK = sha256().digest_size
_linking = Lock()


@dataclass(frozen=True, eq=False)
class Linked:
    """Machine code. ``addresses`` are those of its functions; they are valid as long as this lives."""

    addresses: Mapping[str, int]
    engine: Any


def linked(assemblies: Iterable[str], *names: str) -> Linked:
    """The functions of these names, which some assemblies define between them. LLVM is one thing in a process, so one thread at a
    time. Raises :class:`MissingExtra`."""
    with _linking:
        llvm, _, _ = _llvm()
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(llvm))
        for text in assemblies:
            engine.add_object_file(llvm.ObjectFileRef.from_data(_code(text)))
        engine.finalize_object()
        return Linked({name: engine.get_function_address(name) for name in names}, engine)


def _code(text: str) -> bytes:
    """Object code for this assembly: that which is kept, or else new."""
    llvm, machine, described = _llvm()
    kept = _folder() / sha256(f"{described}\n{text}".encode()).hexdigest()
    code = _read(kept)
    if code is None:
        code = _object_code(llvm, machine, text)
        _keep(kept, code)
    return code


@cache
def _llvm() -> tuple[Any, Any, str]:
    """LLVM, the machine that it compiles for, and what describes both."""
    with extra('the backend "native"', "native"):
        from llvmlite import binding as llvm
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    described = f"{llvm.llvm_version_info} {llvm.get_default_triple()} {llvm.get_host_cpu_name()} {_features(llvm)} {_PASSES}"
    return llvm, _machine(llvm), described


def _features(llvm: Any) -> str:
    return str(llvm.get_host_cpu_features().flatten())


def _machine(llvm: Any) -> Any:
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=_features(llvm), opt=2, jit=True)


@cache
def runtime() -> str:
    """The assembly of what every unit needs."""
    return files(__package__).joinpath("runtime.ll").read_text("utf-8")


def _object_code(llvm: Any, machine: Any, text: str) -> bytes:
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_default_triple()
    module.data_layout = str(machine.target_data)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    passes = llvm.create_new_module_pass_manager()
    for name in _PASSES:
        getattr(passes, f"add_{name}_pass")()
    passes.run(module, builder)
    code: bytes = machine.emit_object(module)
    return code


# What is kept. A file is written whole or not at all, and one that cannot be read or written is done without.


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "recsyn" / "native"


def _read(path: Path) -> bytes | None:
    """What is kept there, unless it is damaged: the machine would run it whatever it is."""
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    check, code = kept[:_CHECK], kept[_CHECK:]
    return code if sha256(code).digest() == check else None


def _keep(path: Path, code: bytes) -> None:
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(sha256(code).digest() + code)
        os.replace(file.name, path)
