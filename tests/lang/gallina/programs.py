"""Programs in Gallina that are read, with the `Example`s that Coq proves of them."""

from __future__ import annotations

PROGRAMS = {
    "the successor of the papers": """
Inductive pos : Set := | XI : pos -> pos | XO : pos -> pos | XH : pos.
Fixpoint succ (x : pos) {struct x} : pos :=
  match x with XI p => XO (succ p) | XO p => XI p | XH => XO XH end.
Example carries : succ (XI (XI XH)) = XO (XO (XO XH)). Proof. reflexivity. Qed.
""",
    "the traversals of the papers": """
Require Import List. Import ListNotations.
Inductive tree (A : Type) : Type := Leaf | Branch (v : A) (l r : tree A).
Arguments Leaf {A}. Arguments Branch {A} v l r.
Fixpoint preorder {A} (t : tree A) : list A :=
  match t with Leaf => [] | Branch v l r => [v] ++ preorder l ++ preorder r end.
Fixpoint inorder {A} (t : tree A) : list A :=
  match t with Leaf => nil | Branch v l r => inorder l ++ v :: inorder r end.
Example root : preorder (Branch 2 (Branch 1 Leaf Leaf) (Branch 3 Leaf Leaf)) = [2; 1; 3]. reflexivity. Qed.
Example between : inorder (Branch 2 (Branch 1 Leaf Leaf) (Branch 3 Leaf Leaf)) = [1; 2; 3]. Proof. simpl. reflexivity. Qed.
""",
    "numbers of Coq's own": """
Require Import Arith Bool.
Definition n := 2 + 3 * 4 - 1.
Definition m := 3 - 5.
Example n_ : n = 13. Proof. reflexivity. Qed.
Example m_ : m = 0. Proof. reflexivity. Qed.
Example less : ((2 <? 3) && (2 <=? 2) && negb (3 =? 2))%bool = true. Proof. reflexivity. Qed.
Example peano : S (S O) = 2. Proof. reflexivity. Qed.
Example predecessor : pred (pred 1) = 0. Proof. reflexivity. Qed.
""",
    "whole numbers": """
Require Import ZArith. Open Scope Z_scope.
Fixpoint sum (l : list Z) : Z := match l with nil => 0 | cons x l => x + sum l end.
Definition sign (z : Z) : Z := if z <? 0 then -1 else if z =? 0 then 0 else 1.
Example s : sum (1 :: -5 :: 2 :: nil)%list = -2. Proof. reflexivity. Qed.
Example t : (sign (-7), sign 0, sign 3) = (-1, 0, 1). Proof. reflexivity. Qed.
""",
    "inferred parameters": """
Set Implicit Arguments.
Require Import List. Import ListNotations.
Fixpoint map (A B : Type) (f : A -> B) (l : list A) : list B := match l with [] => [] | h :: t => f h :: map f t end.
Inductive both (A B : Type) : Type := Both : A -> B -> both A B.
Definition left A B (b : both A B) := match b with Both x _ => x end.
Example mapped : map (fun x => x + 1) [1; 2] = [2; 3]. Proof. reflexivity. Qed.
Example kept : left (Both 1 true) = 1. Proof. reflexivity. Qed.
""",
    "types written out": """
Inductive maybe (X : Type) : Type := nothing | just (x : X).
Definition wrap (X : Type) (x : X) : maybe X := just X x.
Definition get (X : Type) (d : X) (m : maybe X) : X := match m with nothing _ => d | just _ x => x end.
Example got : get nat 0 (wrap nat 3) = 3. Proof. reflexivity. Qed.
Example explicit : @get bool true (nothing bool) = true. Proof. reflexivity. Qed.
Example named : get _ 1 (just nat 2) = 2. Proof. reflexivity. Qed.
""",
    "types and functions in turn": """
Inductive even := zero | next (o : odd) with odd := succ (e : even).
Fixpoint size (e : even) : nat := match e with zero => 0 | next o => S (size_odd o) end
with size_odd (o : odd) : nat := match o with succ e => S (size e) end.
Example two : size (next (succ zero)) = 2. Proof. reflexivity. Qed.
""",
    "several values, and alternatives": """
Inductive color := red | green | blue.
Definition same (a b : color) : bool :=
  match a, b with red, red | green, green | blue, blue => true | _, _ => false end.
Fixpoint half (n : nat) : nat := match n with 0 | 1 => 0 | S (S k) => S (half k) end.
Definition third (n : nat) : nat := match n with S (S (S k as l)) => l + k | _ => 9 end.
Example s : (same red red, same blue green) = (true, false). Proof. reflexivity. Qed.
Example h : half 7 = 3. Proof. reflexivity. Qed.
Example t : (third 5, third 2) = (5, 9). Proof. reflexivity. Qed.
""",
    "what hides what": """
Definition x := 1.
Definition f (x : nat) : nat := let x := x + x in match x with O => 7 | S x => x end.
Definition g := fun x : nat => fun x : bool => x.
Definition type := 3.
Definition fun' (match' : nat) := match' + type.
Example a : f x = 1. Proof. reflexivity. Qed.
Example b : g 1 true = true. Proof. reflexivity. Qed.
Example c : fun' 1 = 4. Proof. reflexivity. Qed.
""",
    "pairs and options": """
Definition swap {A B : Type} (p : A * B) : B * A := let '(x, y) := p in (y, x).
Definition first {A B : Type} (p : A * B) : A := let (x, _) := p in x.
Definition default (o : option nat) : nat := match o with Some n => n | None => 0 end.
Definition three (p : nat * nat * nat) : nat := match p with (a, b, c) => a + b + c end.
Example s : swap (1, true) = (true, 1). Proof. reflexivity. Qed.
Example f : fst (first ((1, 2), 3)) + snd (4, 5) = 6. Proof. reflexivity. Qed.
Example d : (default (Some 3), default None) = (3, 0). Proof. reflexivity. Qed.
Example t : three (1, 2, 3) = 6. Proof. reflexivity. Qed.
""",
    "functions that are given": """
Definition twice {A : Type} (f : A -> A) (x : A) : A := f (f x).
Definition compose {A B C : Type} (g : B -> C) (f : A -> B) : A -> C := fun x => g (f x).
Definition choose (b : bool) : nat -> nat := if b then S else pred.
Example a : twice (twice S) 0 = 4. Proof. reflexivity. Qed.
Example b : compose S (plus 2) 1 = 4. Proof. reflexivity. Qed.
Example c : (choose true 1, choose false 1) = (2, 0). Proof. reflexivity. Qed.
""",
    "a file's own booleans and numbers": """
Inductive bool : Type := true | false.
Inductive nat : Type := O | S (n : nat).
Definition negb (b : bool) : bool := match b with true => false | false => true end.
Fixpoint even (n : nat) : bool := match n with O => true | S n => negb (even n) end.
Example e : even (S (S O)) = true. Proof. reflexivity. Qed.
""",
    "comments, attributes and sentences that change nothing": """
(* A comment (* inside another *) with a dot. And "a string *)" in it. *)
#[local] Set Warnings "-all".
From Coq Require Import Arith.
Local Open Scope nat_scope.
Check 1. Print nat. Compute 1 + 1.
Definition one : nat := (* here *) 1.
Example one_ : one = 1.
Proof.
  (* a proof. of sorts *)
  unfold one; reflexivity.
Qed.
""",
    "operators and how they bind": """
Require Import List. Import ListNotations.
Definition a := 10 - 3 - 2 * 3 + 1.
Definition b := (true && false || true && negb false)%bool.
Definition c := [1] ++ 2 :: [3] ++ [].
Example a_ : a = 2. Proof. reflexivity. Qed.
Example b_ : b = true. Proof. reflexivity. Qed.
Example c_ : c = [1; 2; 3]. Proof. reflexivity. Qed.
Example d_ : (fun x => x + 1) 2 = 3. Proof. reflexivity. Qed.
""",
}
"""Programs by what they show."""

REFUSALS = {
    # (the text, what is said, where it begins)
    "a theorem": ("Theorem t : forall n, n = n.\nProof. auto. Qed.\n", "`Theorem` is not read", (1, 1)),
    "an example that is one": ("Example e : forall n : nat, n = n.\nProof. auto. Qed.\n", "without `forall`", (1, 13)),
    "an inequality": ("Example e : 1 <> 2.\nProof. auto. Qed.\n", "this is one with `<>`", (1, 15)),
    "a module": ("Module M.\nDefinition x := 1.\nEnd M.\n", "`Module` is not read", (1, 1)),
    "a notation": ('Notation "x + y" := (plus x y).\n', "`Notation` is not read", (1, 1)),
    "a record": ("Record r := mk { a : nat }.\n", "`Record` is not read", (1, 1)),
    "a class": ("Class C (A : Type) := c : A.\n", "`Class` is not read", (1, 1)),
    "an axiom": ("Axiom a : nat.\n", "`Axiom` is not read", (1, 1)),
    "a codatatype": ("CoInductive s := c (t : s).\n", "`CoInductive` is not read", (1, 1)),
    "a sentence of no kind": ("Definitoin x := 1.\n", "a sentence that begins with `Definitoin` is not read", (1, 1)),
    "an inner fixpoint": (
        "Definition f := fix g (n : nat) : nat := match n with O => O | S n => g n end.\n",
        "`fix` is not read in a program",
        (1, 17),
    ),
    "a returned type": (
        "Definition f (n : nat) := match n return nat with O => 1 | S n => n end.\n",
        "`return` is not read",
        (1, 35),
    ),
    "a name for what is looked at": (
        "Definition f (n : nat) := match n as m with O => 1 | S n => n end.\n",
        "found `as`",
        (1, 35),
    ),
    "a vector": (
        "Inductive vec (A : Type) : nat -> Type := nil : vec A 0.\n",
        "`vec` is a type that depends on values",
        (1, 28),
    ),
    "an indexed constructor": (
        "Inductive term : Type -> Type := number : nat -> term nat.\n",
        "`number` makes a `term` of some types only",
        (1, 55),
    ),
    "a hidden type": ("Inductive any := Any (A : Type) (x : A).\n", "does not have as a parameter", (1, 23)),
    "a proposition": ("Inductive le : nat -> nat -> Prop := refl : le 0 0.\n", "`le` is a type that depends on values", (1, 16)),
    "no constructor": ("Inductive empty := .\n", "`empty` has no constructor", (1, 11)),
    "a definition by proof": ("Definition x : nat.\nProof. exact 1. Qed.\n", "`x` is defined by a proof", (1, 12)),
    "no dot": ("Definition x := 1", "the last sentence does not end", (1, 17)),
    "no end of a comment": ("Definition x := 1. (* and\n", "this comment is never closed", (1, 20)),
    "an unknown constructor": (
        "Definition f (n : nat) := match n with Zero' x => 1 | _ => 2 end.\n",
        "no constructor that is read is called `Zero'`",
        (1, 40),
    ),
    "a constructor of too little": (
        "Definition f (n : nat) := match n with S => 1 | O => 2 end.\n",
        "`S` takes 1 patterns, and here are 0",
        (1, 40),
    ),
    "something of another library": ("Definition x := Nat.gcd 4 6.\n", "Nat.gcd", (1, 17)),
    "twice": ("Definition x := 1.\nDefinition x := 2.\n", "`x` is defined twice", (2, 12)),
    "a string": ('Definition x := "a".\n', "is not read in a program", (1, 17)),
    "half a term": ("Definition x := 1 + .\n", "found the end of the sentence", (1, 19)),
    "nothing": ("(* nothing *)\n", "this file holds no definition", (1, 1)),
}
"""Texts with something in them that is not read: what is said, and the line and column."""
