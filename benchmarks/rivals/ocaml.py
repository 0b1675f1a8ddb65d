"""OCaml, by its native compiler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recsyn.benchmarks.rivals.rival import Reader, Rival, output_of, readers, signature, written
from recsyn.benchmarks.workloads import Case
from recsyn.lang.targets import exported
from recsyn.values import CONS, NIL

_NEXT = """
let input = Scanf.Scanning.open_in Sys.argv.(1)
let next () = Scanf.bscanf input " %d" (fun i -> i)
"""
_DRIVER = """
let () =
  let count = next () in
  let inputs = Array.init count (fun _ -> read_0 ()) in
  let outputs = Array.init count (fun _ -> read_{output} ()) in
  if Array.map {function} inputs <> outputs then failwith "the outputs are wrong";
  let least = float_of_string Sys.argv.(2) in
  (* Opaque, so that no call is moved or left out. *)
  let f = Sys.opaque_identity {function} in
  let rec measured times =
    let started = Sys.time () in
    for _ = 1 to times do
      for i = 0 to count - 1 do ignore (Sys.opaque_identity (f (Array.unsafe_get inputs i))) done
    done;
    let taken = Sys.time () -. started in
    if taken >= least then taken /. float_of_int (times * count) else measured (2 * times)
  in
  Printf.printf "%.6e\\n" (measured 1)
"""


def build(case: Case, folder: Path) -> Callable[[float], float]:
    """The exported program and a driver, by ``ocamlopt -O3``, which is heeded where OCaml was built with flambda."""
    found = readers(signature(case), case)
    output = [reader.type for reader in found].index(case.function.result)
    reading = "".join(f"{'and' if at else 'let rec'} read_{at} () = {_body(reader)}\n" for at, reader in enumerate(found))
    driver = _DRIVER.format(function=case.workload.function, output=output)
    (folder / "program.ml").write_text(exported(case.function.program, "ocaml") + _NEXT + reading + driver, "utf-8")
    (folder / "values").write_text(written(case), "utf-8")
    output_of(["ocamlopt", "-O3", "-w", "-a", "-o", "program", "program.ml"], folder)
    return lambda seconds: float(output_of([str(folder / "program"), "values", str(seconds)], folder))


def _body(reader: Reader) -> str:
    if not reader.ways:
        return "next ()"
    ways = (f"{rank} -> {_constructed(*way)}" for rank, way in enumerate(reader.ways))
    return f"match next () with {' | '.join(ways)} | _ -> assert false"


def _constructed(name: str, fields: tuple[int, ...]) -> str:
    # OCaml evaluates arguments from right to left, so each is read under a name first.
    lets = "".join(f"let a{at} = read_{field} () in " for at, field in enumerate(fields))
    arguments = [f"a{at}" for at in range(len(fields))]
    if name in (CONS, NIL):
        return lets + ("a0 :: a1" if name == CONS else "[]")
    return f"{lets}{name} {'(' + ', '.join(arguments) + ')' if arguments else ''}"


OCAML = Rival("OCaml", "ocamlopt", ("ocamlopt", "-version"), build)
