#lang racket/base
;; What times functions: it reads inputs and outputs from a file, compares, and prints CPU seconds for one example.
(require racket/match)
(provide structure list-of time-one-of)

;; Values are read by the number of the constructor, then field by field.
(define ((structure . constructors) in)
  (define chosen (list-ref constructors (read in)))
  (apply (car chosen) (for/list ([field (cdr chosen)]) (field in))))

(define ((list-of item nil cons) in)
  ((structure (list nil) (list cons item (list-of item nil cons))) in))

;; CPU milliseconds, garbage collection included, for one input. The first round is checked, and where it took long enough, it is
;; the measurement; else one of twice as many, and so on.
(define (measured f inputs outputs least)
  (define started (current-process-milliseconds))
  (define found (map f inputs))
  (define taken (- (current-process-milliseconds) started))
  (unless (equal? found outputs) (error "the outputs are wrong"))
  (/ (if (>= taken least) taken (mean-of-rounds f inputs least 2)) (length inputs)))

(define (mean-of-rounds f inputs least rounds)
  (define started (current-process-milliseconds))
  (for ([_ (in-range rounds)])
    (for ([input (in-list inputs)]) (f input)))
  (define taken (- (current-process-milliseconds) started))
  (if (>= taken least)
      (/ taken rounds)
      (mean-of-rounds f inputs least (* 2 rounds))))

(define (main functions name path seconds)
  (match-define (list f input output) (hash-ref functions name))
  (define in (open-input-file path))
  (define count (read in))
  (define inputs (for/list ([_ (in-range count)]) (input in)))
  (define outputs (for/list ([_ (in-range count)]) (output in)))
  ;; The clock counts milliseconds.
  (define least (max 1 (* 1000 (string->number seconds))))
  (displayln (exact->inexact (/ (measured f inputs outputs least) 1000))))

;; By the name, the file and the least seconds that the command line gives; a function comes with readers for its input and output.
(define (time-one-of functions)
  (apply main functions (vector->list (current-command-line-arguments))))
