"""Ways to recur, by whether Coq sees that they end: a program for each, with examples."""

from __future__ import annotations

TYPES = """
type Nat = Z | S Nat
type Rose a = Node a (List (Rose a))
type Even = Zero | Next Odd and Odd = Succ Even
type Perfect a = One a | Two (Perfect (a, a))
type Wrapped = End | Wrapped (Wrapped, Int)
"""
SEEN = {
    "one argument": """
fun add m n = match m with Z => n | S m => S (add m n) end
example add (S Z) (S Z) = S (S Z)""",
    "the second argument": """
fun take xs n = match xs, n with x :: xs, S n => x :: take xs n | _, _ => [] end
example take [1, 2, 3] (S Z) = [1]""",
    "a tuple made to be matched": """
fun zip xs ys = match (xs, ys) with (x :: xs, y :: ys) => (x, y) :: zip xs ys | _ => [] end
example zip [1, 2] "a" = [(1, 'a')]""",
    "two steps at once, and another name for a part": """
fun half n = match n with S ((S m) as k) => let _l = k in let l = m in S (half l) | S Z => Z | Z => Z end
example half (S (S (S Z))) = S Z""",
    "one case each, in turn": """
fun even n = match n with Z => True | S n => odd n end
and odd n = match n with Z => False | S n => even n end
example even (S (S Z)) = True""",
    "types in turn": """
fun size e = match e with Zero => 0 | Next o => 1 + size_odd o end
and size_odd o = match o with Succ e => 1 + size e end
example size (Next (Succ (Next (Succ Zero)))) = 4""",
    "polymorphic": """
fun leaves (p : Perfect a) : Int = match p with One _ => 1 | Two p => 2 * leaves p end
example leaves (Two (Two (One ((1, 2), (3, 4))))) = 4""",
    "through a tuple inside": """
fun depth w = match w with End => 0 | Wrapped (w, n) => n + depth w end
example depth (Wrapped (Wrapped (End, 2), 3)) = 5""",
    "a part of a list inside": """
fun left_most t = match t with Node x (k :: _) => left_most k | Node x [] => x end
example left_most (Node 1 [Node 2 [Node 3 []], Node 4 []]) = 3""",
    "a call in a case that is never reached": """
fun all n = match n with _ => Z | S m => all (S m) end
example all (S Z) = Z""".replace("all (S m)", "all m"),
    "group without recursion": """
fun first n = second n and second n = S n
example first Z = S Z""",
    "another function first": """
fun even' n = match n with Z => True | S n => not_even n end
and not_even n = match n with Z => False | S n => match n with Z => True | S n => not_even n end end
example even' (S (S Z)) = True""",
}
UNSEEN = {
    "two arguments in turn": """
fun ack m n = match m, n with Z, n => S n | S m, Z => ack m (S Z) | S m, S n => ack m (ack (S m) n) end
example ack (S (S Z)) (S Z) = S (S (S (S (S Z))))""",
    "either argument": """
fun merge xs ys = match xs, ys with
  | [], ys => ys
  | xs, [] => xs
  | x :: xs, y :: ys => if x <= y then x :: merge xs (y :: ys) else y :: merge (x :: xs) ys
  end
example merge [1, 3] [2, 4] = [1, 2, 3, 4]""",
    "arguments exchanged": """
fun alternate xs ys = match xs with [] => ys | x :: xs => x :: alternate ys xs end
example alternate [1, 3] [2] = [1, 2, 3]""",
    "a part put together again": """
fun pairs xs = match xs with x :: y :: zs => (x, y) :: pairs_from (y :: zs) | _ => [] end
and pairs_from xs = match xs with [] => [] | _ :: xs => pairs xs end
example pairs [1, 2, 3, 4] = [(1, 2), (3, 4)]""",
    "a list of the own type": """
fun size t = match t with Node _ ks => 1 + sizes ks end
and sizes ks = match ks with [] => 0 | k :: ks => size k + sizes ks end
example size (Node 1 [Node 2 [], Node 3 [Node 4 []]]) = 4""",
    "a call that passes all on": """
fun go n = match n with Z => Z | S _ => step n end
and step n = match n with Z => Z | S n => S (go n) end
example go (S (S Z)) = S (S Z)""",
    "a tuple of parts": """
fun total w = match w with (End, n) => n | (Wrapped v, n) => n + total v end
example total (Wrapped (End, 2), 3) = 5""",
    "one variable twice in one match": """
fun drop n = match n, n with S Z, S (Z as m) => drop m | _, _ => Z end
example drop (S Z) = Z""",
}
