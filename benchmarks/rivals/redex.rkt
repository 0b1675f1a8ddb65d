#lang racket/base
;; The functions of the workloads as one reduction relation in Redex, reduced step by step, call by value.
(require redex/reduction-semantics "driver.rkt")

(define-language Recursive
  (e ::= integer (c e ...) (f e ...) (if e e e))
  (v ::= integer (c v ...))
  (c ::= One XO XI Nil Cons Leaf Branch Zero Succ True False)
  (f ::= succ append preorder rev less-or-equal insert isort at-most insert-nat isort-nats)
  (E ::= hole (c v ... E e ...) (f v ... E e ...) (if E e e)))

(define reduction
  (reduction-relation
   Recursive
   (--> (in-hole E (succ (One))) (in-hole E (XO (One))))
   (--> (in-hole E (succ (XO v))) (in-hole E (XI v)))
   (--> (in-hole E (succ (XI v))) (in-hole E (XO (succ v))))

   (--> (in-hole E (append (Nil) v)) (in-hole E v))
   (--> (in-hole E (append (Cons v_1 v_2) v_3)) (in-hole E (Cons v_1 (append v_2 v_3))))
   (--> (in-hole E (preorder (Leaf))) (in-hole E (Nil)))
   (--> (in-hole E (preorder (Branch v_1 v_2 v_3))) (in-hole E (Cons v_1 (append (preorder v_2) (preorder v_3)))))
   (--> (in-hole E (rev (Nil))) (in-hole E (Nil)))
   (--> (in-hole E (rev (Cons v_1 v_2))) (in-hole E (append (rev v_2) (Cons v_1 (Nil)))))

   (--> (in-hole E (if (True) e_1 e_2)) (in-hole E e_1))
   (--> (in-hole E (if (False) e_1 e_2)) (in-hole E e_2))
   (--> (in-hole E (less-or-equal integer_1 integer_2)) (in-hole E ,(if (<= (term integer_1) (term integer_2)) '(True) '(False))))
   (--> (in-hole E (insert v (Nil))) (in-hole E (Cons v (Nil))))
   (--> (in-hole E (insert v_1 (Cons v_2 v_3)))
        (in-hole E (if (less-or-equal v_1 v_2) (Cons v_1 (Cons v_2 v_3)) (Cons v_2 (insert v_1 v_3)))))
   (--> (in-hole E (isort (Nil))) (in-hole E (Nil)))
   (--> (in-hole E (isort (Cons v_1 v_2))) (in-hole E (insert v_1 (isort v_2))))

   (--> (in-hole E (at-most (Zero) v)) (in-hole E (True)))
   (--> (in-hole E (at-most (Succ v) (Zero))) (in-hole E (False)))
   (--> (in-hole E (at-most (Succ v_1) (Succ v_2))) (in-hole E (at-most v_1 v_2)))
   (--> (in-hole E (insert-nat v (Nil))) (in-hole E (Cons v (Nil))))
   (--> (in-hole E (insert-nat v_1 (Cons v_2 v_3)))
        (in-hole E (if (at-most v_1 v_2) (Cons v_1 (Cons v_2 v_3)) (Cons v_2 (insert-nat v_1 v_3)))))
   (--> (in-hole E (isort-nats (Nil))) (in-hole E (Nil)))
   (--> (in-hole E (isort-nats (Cons v_1 v_2))) (in-hole E (insert-nat v_1 (isort-nats v_2))))))

(define ((reduced function) value)
  (let step ([at (list function value)])
    (define next (apply-reduction-relation reduction at))
    (if (null? next) at (step (car next)))))

(define ((constructor name) . fields) (cons name fields))
(define (positive in)
  ((structure (list (constructor 'One)) (list (constructor 'XO) positive) (list (constructor 'XI) positive)) in))
(define (tree in) ((structure (list (constructor 'Leaf)) (list (constructor 'Branch) read tree tree)) in))
(define (nat in) ((structure (list (constructor 'Zero)) (list (constructor 'Succ) nat)) in))
(define integers (list-of read (constructor 'Nil) (constructor 'Cons)))
(define nats (list-of nat (constructor 'Nil) (constructor 'Cons)))

(time-one-of
 (hash "succ" (list (reduced 'succ) positive positive)
       "preorder" (list (reduced 'preorder) tree integers)
       "rev" (list (reduced 'rev) integers integers)
       "isort" (list (reduced 'isort) integers integers)
       "isortP" (list (reduced 'isort-nats) nats nats)))
