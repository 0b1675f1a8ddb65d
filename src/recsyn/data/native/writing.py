"""Routines of machine code written as a program of loops and branches, on words of 64 bits, through ``llvmlite.ir``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from recsyn.errors import extra


@cache
def llvm_ir() -> Any:
    """llvmlite's writer of assembly. Raises :class:`MissingExtra`."""
    with extra("data made by machine code", "native"):
        from llvmlite import ir
    return ir


class Word:
    """A word that the routine computes. Arithmetic wraps around; comparisons are of unsigned numbers and give a bit."""

    def __init__(self, routine: Routine, value: Any) -> None:
        self.routine = routine
        self.value = value

    def _with(self, operation: str, other: Word | int) -> Word:
        build = getattr(self.routine.builder, operation)
        return Word(self.routine, build(self.value, self.routine.word(other).value))

    def _compared(self, sign: str, other: Word | int, signed: bool = False) -> Any:
        builder = self.routine.builder
        build = builder.icmp_signed if signed else builder.icmp_unsigned
        return build(sign, self.value, self.routine.word(other).value)

    def __add__(self, other: Word | int) -> Word:
        return self._with("add", other)

    def __sub__(self, other: Word | int) -> Word:
        return self._with("sub", other)

    def __mul__(self, other: Word | int) -> Word:
        return self._with("mul", other)

    def __and__(self, other: Word | int) -> Word:
        return self._with("and_", other)

    def __or__(self, other: Word | int) -> Word:
        return self._with("or_", other)

    def __xor__(self, other: Word | int) -> Word:
        return self._with("xor", other)

    def __lshift__(self, other: Word | int) -> Word:
        return self._with("shl", other)

    def __rshift__(self, other: Word | int) -> Word:
        """Zeros come in from above."""
        return self._with("lshr", other)

    def halved(self, times: int) -> Word:
        """Divided by a power of two, rounded down, as a number with a sign."""
        return self._with("ashr", times)

    def is_(self, other: Word | int) -> Any:
        return self._compared("==", other)

    def is_not(self, other: Word | int) -> Any:
        return self._compared("!=", other)

    def __lt__(self, other: Word | int) -> Any:
        return self._compared("<", other)

    def __le__(self, other: Word | int) -> Any:
        return self._compared("<=", other)

    def __gt__(self, other: Word | int) -> Any:
        return self._compared(">", other)

    def is_negative(self) -> Any:
        return self._compared("<", 0, signed=True)

    def product(self, factor: int) -> tuple[Word, Word]:
        """The upper and the lower 64 of the 128 bits of a product."""
        builder, wide = self.routine.builder, llvm_ir().IntType(128)
        whole = builder.mul(builder.zext(self.value, wide), wide(factor))
        upper, lower = (builder.trunc(part, self.routine.type) for part in (builder.lshr(whole, wide(64)), whole))
        return Word(self.routine, upper), Word(self.routine, lower)


class Variable:
    """A word that changes. LLVM makes a register of it."""

    def __init__(self, routine: Routine, first: Word | int) -> None:
        self.routine = routine
        with routine.builder.goto_entry_block():
            self.cell = routine.builder.alloca(routine.type)
        self.set(first)

    @property
    def now(self) -> Word:
        return Word(self.routine, self.routine.builder.load(self.cell, typ=self.routine.type))

    def set(self, word: Word | int) -> None:
        self.routine.builder.store(self.routine.word(word).value, self.cell)

    def add(self, word: Word | int) -> None:
        self.set(self.now + word)


class Array:
    """A row of numbers in memory, each of so many bits, signed unless they are ``plain`` bytes of something."""

    def __init__(self, routine: Routine, address: Word, bits: int) -> None:
        self.routine = routine
        self.bits = bits
        self.item = llvm_ir().IntType(bits)
        self.pointer = routine.builder.inttoptr(address.value, llvm_ir().PointerType())

    def place(self, index: Word | int) -> Any:
        return self.routine.builder.gep(self.pointer, [self.routine.word(index).value], source_etype=self.item)

    def __getitem__(self, index: Word | int) -> Word:
        found = self.routine.builder.load(self.place(index), typ=self.item, align=self.bits // 8)
        return Word(self.routine, found if self.bits == 64 else self.routine.builder.sext(found, self.routine.type))

    def __setitem__(self, index: Word | int, word: Word | int) -> None:
        value = self.routine.word(word).value
        kept = value if self.bits == 64 else self.routine.builder.trunc(value, self.item)
        self.routine.builder.store(kept, self.place(index), align=self.bits // 8)


class Routine:
    """A function from words to a word while it is written; addresses are words too."""

    def __init__(self, module: Any, name: str, parameters: Sequence[str]) -> None:
        ir = llvm_ir()
        self.type = ir.IntType(64)
        self.function = ir.Function(module, ir.FunctionType(self.type, [self.type] * len(parameters)), name)
        # A block of its own for variables, so that what is written later can still be put before all else.
        entry, first = self.function.append_basic_block(), self.function.append_basic_block()
        self.builder = ir.IRBuilder(first)
        with self.builder.goto_block(entry):
            self.builder.branch(first)
        self.parameters = {name: Word(self, given) for name, given in zip(parameters, self.function.args, strict=True)}

    def __getitem__(self, parameter: str) -> Word:
        return self.parameters[parameter]

    def array(self, parameter: str, bits: int = 64) -> Array:
        return Array(self, self.parameters[parameter], bits)

    def word(self, number: Word | int) -> Word:
        return number if isinstance(number, Word) else Word(self, self.type(number & 2**64 - 1))

    def variable(self, first: Word | int = 0) -> Variable:
        return Variable(self, first)

    def give(self, word: Word | int) -> None:
        """End, with this."""
        self.builder.ret(self.word(word).value)

    @contextmanager
    def while_(self, condition: Callable[[], Any]) -> Iterator[None]:
        head, body, done = (self.function.append_basic_block() for _ in range(3))
        self.builder.branch(head)
        self.builder.position_at_end(head)
        self.builder.cbranch(condition(), body, done)
        self.builder.position_at_end(body)
        yield
        if not self.builder.block.is_terminated:
            self.builder.branch(head)
        self.builder.position_at_end(done)

    @contextmanager
    def each(self, first: Word | int, end: Word | int) -> Iterator[Word]:
        """A loop over the numbers from ``first`` up to ``end``, which is left out."""
        at = self.variable(first)
        with self.while_(lambda: at.now < end):
            yield at.now
            at.add(1)

    @contextmanager
    def if_(self, condition: Any, likely: bool | None = None) -> Iterator[None]:
        with self.builder.if_then(condition, likely=likely):
            yield

    def either(self, condition: Any, yes: Callable[[], None], no: Callable[[], None]) -> None:
        with self.builder.if_else(condition) as (then, otherwise):
            with then:
                yes()
            with otherwise:
                no()

    def chosen(self, condition: Any, yes: Word | int, no: Word | int) -> Word:
        return Word(self, self.builder.select(condition, self.word(yes).value, self.word(no).value))

    def copy(self, target: Any, source: Any, many: Word) -> None:
        """So many bytes, from one place to another that it does not overlap."""
        ir = llvm_ir()
        pointer = ir.PointerType()
        shape = ir.FunctionType(ir.VoidType(), [pointer, pointer, self.type, ir.IntType(1)])
        copying = self.function.module.declare_intrinsic("llvm.memcpy.p0.p0", [self.type], shape)
        self.builder.call(copying, [target, source, many.value, ir.IntType(1)(0)])
