(* Positive binary numbers, least significant digit first, as in Coq's own library but for the names. *)
Inductive pos : Set :=
  | One : pos
  | XO : pos -> pos
  | XI : pos -> pos.

Fixpoint succ (n : pos) {struct n} : pos :=
  match n with
  | One => XO One
  | XO b => XI b
  | XI b => XO (succ b)
  end.

(* Binary trees, and the traversal of the papers. *)
Inductive tree (A : Type) : Type :=
  | Leaf : tree A
  | Branch : A -> tree A -> tree A -> tree A.

Arguments Leaf {A}.
Arguments Branch {A} _ _ _.

Fixpoint preorder {A : Type} (t : tree A) {struct t} : list A :=
  match t with
  | Leaf => nil
  | Branch v l r => cons v (app (preorder l) (preorder r))
  end.

Definition three : pos := succ (succ One).

Example carries : succ (XI (XI One)) = XO (XO (XO One)).
Proof. reflexivity. Qed.

Example three_is_odd : three = XI One.
Proof. simpl. reflexivity. Qed.

Example root_first : preorder (Branch 2 (Branch 1 Leaf Leaf) (Branch 3 Leaf Leaf)) = cons 2 (cons 1 (cons 3 nil)).
Proof. reflexivity. Qed.
