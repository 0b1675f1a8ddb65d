"""Haskell, by GHC."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recsyn.benchmarks.rivals.rival import Reader, Rival, output_of, readers, signature, written
from recsyn.benchmarks.workloads import Case
from recsyn.lang.targets import exported
from recsyn.lang.types import INT
from recsyn.values import CONS, NIL

# Nothing may be shared between two evaluations of one example, so the driver is compiled without the passes that would.
_HEAD = """\
{-# OPTIONS_GHC -fno-full-laziness -fno-cse #-}
module Main (main) where

import Control.Exception (evaluate)
import Control.Monad (forM_, unless)
import qualified Data.ByteString.Char8 as B
import Data.Char (isSpace)
import Program hiding (examples, main)
import System.CPUTime (getCPUTime)
import System.Environment (getArgs)

readNumber :: B.ByteString -> (Integer, B.ByteString)
readNumber text = maybe (error "a number is missing") id (B.readInteger (B.dropWhile isSpace text))

readMany :: Int -> (B.ByteString -> (a, B.ByteString)) -> B.ByteString -> ([a], B.ByteString)
readMany 0 _ text = ([], text)
readMany n one text = let { (x, rest) = one text; (xs, end) = readMany (n - 1) one rest } in (x : xs, end)

seconds :: IO Double
seconds = (\\picoseconds -> fromIntegral picoseconds / 1e12) <$> getCPUTime

-- CPU seconds for one example, its output evaluated in full.
measured :: Double -> Int -> (a -> b) -> (b -> ()) -> [a] -> IO Double
measured least times f force inputs = do
  started <- seconds
  forM_ [1 .. times] (\\_ -> forM_ inputs (\\x -> evaluate (force (f x))))
  ended <- seconds
  if ended - started >= least
    then pure ((ended - started) / fromIntegral (times * length inputs))
    else measured least (2 * times) f force inputs
{-# NOINLINE measured #-}
"""
_MAIN = """
main :: IO ()
main = do
  [path, least] <- getArgs
  text <- B.readFile path
  let (count, rest) = readNumber text
      (inputs, more) = readMany (fromIntegral count) read0 rest
      (outputs, _) = readMany (fromIntegral count) read{output} more
  mapM_ (evaluate . force0) inputs
  unless (map {function} inputs == outputs) (ioError (userError "the outputs are wrong"))
  measured (read least) 1 {function} force{output} inputs >>= print
"""


def build(case: Case, folder: Path) -> Callable[[float], float]:
    """The exported program and a driver, by ``ghc -O2``."""
    found = readers(signature(case), case)
    output = [reader.type for reader in found].index(case.function.result)
    parts = "".join(_reading(at, reader) + _forcing(at, reader) for at, reader in enumerate(found))
    program = exported(case.function.program, "haskell").replace("module Main (main) where", "module Program where", 1)
    (folder / "Program.hs").write_text(program, "utf-8")
    main = _MAIN.format(function=f"Program.{case.workload.function}", output=output)
    (folder / "Main.hs").write_text(_HEAD + parts + main, "utf-8")
    (folder / "values").write_text(written(case), "utf-8")
    output_of(["ghc", "-v0", "-O2", "-o", "program", "Main.hs"], folder)
    return lambda seconds: float(output_of([str(folder / "program"), "values", str(seconds)], folder))


def _reading(at: int, reader: Reader) -> str:
    if reader.type == INT:
        return f"\nread{at} = readNumber\n"
    ways = "; ".join(
        f"({rank}, s0) -> {''.join(_field(place, field) for place, field in enumerate(fields))}"
        f"({_applied(name, len(fields))}, s{len(fields)})"
        for rank, (name, fields) in enumerate(reader.ways)
    )
    return f"\nread{at} text = case readNumber text of {{ {ways} }}\n"


def _field(place: int, reader: int) -> str:
    return f"let {{ (a{place}, s{place + 1}) = read{reader} s{place} }} in "


def _forcing(at: int, reader: Reader) -> str:
    if reader.type == INT:
        return f"force{at} n = n `seq` ()\n"
    ways = (
        f"{_applied(name, len(fields))} -> {''.join(f'force{field} a{place} `seq` ' for place, field in enumerate(fields))}()"
        for name, fields in reader.ways
    )
    return f"force{at} value = case value of {{ {'; '.join(ways)} }}\n"


def _applied(name: str, fields: int) -> str:
    return {CONS: "a0 : a1", NIL: "[]"}.get(name) or " ".join([name, *(f"a{place}" for place in range(fields))])


GHC = Rival(
    "GHC",
    "ghc",
    ("ghc", "--numeric-version"),
    build,
    "outputs are walked over, so that they are evaluated in full; integers are `Integer`",
)
