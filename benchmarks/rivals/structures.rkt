#lang racket/base
;; The functions of the workloads on plain structures with `match`.
(require racket/match "driver.rkt")

(struct one () #:transparent)
(struct xo (higher) #:transparent)
(struct xi (higher) #:transparent)
(struct leaf () #:transparent)
(struct branch (label left right) #:transparent)
(struct zero () #:transparent)
(struct succ (predecessor) #:transparent)

(define (successor n)
  (match n
    [(one) (xo (one))]
    [(xo b) (xi b)]
    [(xi b) (xo (successor b))]))

(define (append2 xs ys)
  (match xs
    ['() ys]
    [(cons x rest) (cons x (append2 rest ys))]))

(define (preorder t)
  (match t
    [(leaf) '()]
    [(branch v l r) (cons v (append2 (preorder l) (preorder r)))]))

(define (rev xs)
  (match xs
    ['() '()]
    [(cons x rest) (append2 (rev rest) (cons x '()))]))

(define (insert x xs)
  (match xs
    ['() (cons x '())]
    [(cons y rest) (if (<= x y) (cons x xs) (cons y (insert x rest)))]))

(define (isort xs)
  (match xs
    ['() '()]
    [(cons x rest) (insert x (isort rest))]))

(define (at-most m n)
  (match* (m n)
    [((zero) _) #t]
    [((succ _) (zero)) #f]
    [((succ p) (succ q)) (at-most p q)]))

(define (insert-nat x xs)
  (match xs
    ['() (cons x '())]
    [(cons y rest) (if (at-most x y) (cons x xs) (cons y (insert-nat x rest)))]))

(define (isort-nats xs)
  (match xs
    ['() '()]
    [(cons x rest) (insert-nat x (isort-nats rest))]))

(define (positive in) ((structure (list one) (list xo positive) (list xi positive)) in))
(define (tree in) ((structure (list leaf) (list branch read tree tree)) in))
(define (nat in) ((structure (list zero) (list succ nat)) in))
(define integers (list-of read (lambda () '()) cons))
(define nats (list-of nat (lambda () '()) cons))

(time-one-of
 (hash "succ" (list successor positive positive)
       "preorder" (list preorder tree integers)
       "rev" (list rev integers integers)
       "isort" (list isort integers integers)
       "isortP" (list isort-nats nats nats)))
