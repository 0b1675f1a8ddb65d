; What every unit needs, compiled once: structural equality, values read from rows of words and written to them. Offsets into the context are those of
; layout.py: 0 heap, 1 stack, 2 fuel, 3 left, 4 status, 6 thread, 7 put down, 8 take up, 9 signals.

; The unit's own: its entry on an array of arguments.
declare i64 @enter(ptr, ptr)

; Python's thread is put down while a program runs, so that others go on, and taken up again before a return to Python.
define internal void @put.down(ptr %context) {
  %function.place = getelementptr i64, ptr %context, i64 7
  %function = load ptr, ptr %function.place
  %thread = call ptr %function()
  %thread.place = getelementptr i64, ptr %context, i64 6
  store ptr %thread, ptr %thread.place
  ret void
}

define internal void @take.up(ptr %context) {
  %function.place = getelementptr i64, ptr %context, i64 8
  %function = load ptr, ptr %function.place
  %thread.place = getelementptr i64, ptr %context, i64 6
  %thread = load ptr, ptr %thread.place
  call void %function(ptr %thread)
  ret void
}

; New fuel, 2^22; less than none where a signal came whose handler raised something, which Python finds when it is returned to.
define i64 @refuelled(ptr %context) cold {
  call void @take.up(ptr %context)
  %function.place = getelementptr i64, ptr %context, i64 9
  %function = load ptr, ptr %function.place
  %answer = call i32 %function()
  call void @put.down(ptr %context)
  %raised = icmp ne i32 %answer, 0
  %fuel = select i1 %raised, i64 -1, i64 4194304
  ret i64 %fuel
}

; The entry on an array of arguments; 0, and a status, where it has no value.
define i64 @evaluate(ptr %context, ptr %arguments) {
  call void @put.down(ptr %context)
  %result = call i64 @enter(ptr %context, ptr %arguments)
  call void @take.up(ptr %context)
  ret i64 %result
}

; Whether two cells hold the same: 1 or 0, and 2 where the evaluation has to end. Pairs that are still to be compared stand on the stack,
; between `heap` and `bottom`. After 2^26 pairs another backend, which sees what is shared, does better.
define i64 @equal(ptr %context, i64 %heap, i64 %bottom, i64 %left, i64 %right) {
entry:
  %status.place = getelementptr i64, ptr %context, i64 4
  br label %pair
pair:
  %top = phi i64 [ %bottom, %entry ], [ %next.top, %next ], [ %pushed.top, %descend ]
  %a = phi i64 [ %left, %entry ], [ %next.a, %next ], [ %first.a, %descend ]
  %b = phi i64 [ %right, %entry ], [ %next.b, %next ], [ %first.b, %descend ]
  %count = phi i64 [ 0, %entry ], [ %count, %next ], [ %counted, %descend ]
  %same = icmp eq i64 %a, %b
  br i1 %same, label %pop, label %differ
differ:
  %either = or i64 %a, %b
  %low = and i64 %either, 7
  %cells = icmp eq i64 %low, 0
  br i1 %cells, label %compare, label %no
compare:
  %a.pointer = inttoptr i64 %a to ptr
  %b.pointer = inttoptr i64 %b to ptr
  %a.header = load i64, ptr %a.pointer
  %b.header = load i64, ptr %b.pointer
  %alike = icmp eq i64 %a.header, %b.header
  br i1 %alike, label %fields, label %no
fields:
  %counted = add i64 %count, 1
  %many = icmp ugt i64 %counted, 67108864
  br i1 %many, label %handover, label %push
push:
  %shifted = lshr i64 %a.header, 3
  %arity = and i64 %shifted, 4095
  br label %more
more:
  ; All fields but the first, from the last on.
  %i = phi i64 [ %arity, %push ], [ %i.next, %pushed ]
  %at = phi i64 [ %top, %push ], [ %at.next, %pushed ]
  %left.over = icmp ugt i64 %i, 1
  br i1 %left.over, label %room, label %descend
room:
  %at.next = sub i64 %at, 16
  %full = icmp ult i64 %at.next, %heap
  br i1 %full, label %exhausted, label %pushed
pushed:
  %a.field.place = getelementptr i64, ptr %a.pointer, i64 %i
  %b.field.place = getelementptr i64, ptr %b.pointer, i64 %i
  %a.field = load i64, ptr %a.field.place
  %b.field = load i64, ptr %b.field.place
  %slot = inttoptr i64 %at.next to ptr
  store i64 %a.field, ptr %slot
  %slot.b = getelementptr i64, ptr %slot, i64 1
  store i64 %b.field, ptr %slot.b
  %i.next = sub i64 %i, 1
  br label %more
descend:
  %pushed.top = phi i64 [ %at, %more ]
  %a.first.place = getelementptr i64, ptr %a.pointer, i64 1
  %b.first.place = getelementptr i64, ptr %b.pointer, i64 1
  %first.a = load i64, ptr %a.first.place
  %first.b = load i64, ptr %b.first.place
  br label %pair
pop:
  %empty = icmp eq i64 %top, %bottom
  br i1 %empty, label %yes, label %next
next:
  %top.pointer = inttoptr i64 %top to ptr
  %next.a = load i64, ptr %top.pointer
  %next.b.place = getelementptr i64, ptr %top.pointer, i64 1
  %next.b = load i64, ptr %next.b.place
  %next.top = add i64 %top, 16
  br label %pair
yes:
  ret i64 1
no:
  ret i64 0
exhausted:
  store i64 1, ptr %status.place
  ret i64 2
handover:
  store i64 2, ptr %status.place
  ret i64 2
}

; The value of a row of words from `start` to `end`: constructors before their fields, a cell as its header. Read from the end, so that
; the fields of a cell stand on the stack when it is made. 0 where memory runs out.
define internal i64 @read(ptr %context, ptr %words, i64 %start, i64 %end) {
entry:
  %heap.place = getelementptr i64, ptr %context, i64 0
  %stack.place = getelementptr i64, ptr %context, i64 1
  %status.place = getelementptr i64, ptr %context, i64 4
  %heap.first = load i64, ptr %heap.place
  %bottom = load i64, ptr %stack.place
  br label %loop
loop:
  %i = phi i64 [ %end, %entry ], [ %i.next, %on ]
  %heap = phi i64 [ %heap.first, %entry ], [ %heap.on, %on ]
  %top = phi i64 [ %bottom, %entry ], [ %top.on, %on ]
  %done = icmp eq i64 %i, %start
  br i1 %done, label %finish, label %word
word:
  %i.next = sub i64 %i, 1
  %place = getelementptr i64, ptr %words, i64 %i.next
  %w = load i64, ptr %place
  ; Room for one word on the stack, or one more than the fields that leave it on the heap.
  %shifted = lshr i64 %w, 3
  %arity = and i64 %shifted, 4095
  %bytes = mul i64 %arity, 8
  %needed = add i64 %bytes, 16
  %heap.most = add i64 %heap, %needed
  %full = icmp ugt i64 %heap.most, %top
  br i1 %full, label %exhausted, label %sort
sort:
  %low = and i64 %w, 7
  %is.cell = icmp eq i64 %low, 0
  br i1 %is.cell, label %cell, label %atom
atom:
  %atom.top = sub i64 %top, 8
  %atom.slot = inttoptr i64 %atom.top to ptr
  store i64 %w, ptr %atom.slot
  br label %on
cell:
  %cell.pointer = inttoptr i64 %heap to ptr
  store i64 %w, ptr %cell.pointer
  br label %copy
copy:
  %k = phi i64 [ 0, %cell ], [ %k.next, %copied ]
  %more = icmp ult i64 %k, %arity
  br i1 %more, label %copied, label %made
copied:
  %offset = mul i64 %k, 8
  %from = add i64 %top, %offset
  %from.pointer = inttoptr i64 %from to ptr
  %field = load i64, ptr %from.pointer
  %k.next = add i64 %k, 1
  %to = getelementptr i64, ptr %cell.pointer, i64 %k.next
  store i64 %field, ptr %to
  br label %copy
made:
  %popped = add i64 %top, %bytes
  %cell.top = sub i64 %popped, 8
  %cell.slot = inttoptr i64 %cell.top to ptr
  store i64 %heap, ptr %cell.slot
  %cell.bytes = add i64 %bytes, 8
  %heap.cell = add i64 %heap, %cell.bytes
  br label %on
on:
  %heap.on = phi i64 [ %heap, %atom ], [ %heap.cell, %made ]
  %top.on = phi i64 [ %atom.top, %atom ], [ %cell.top, %made ]
  br label %loop
finish:
  %last = sub i64 %bottom, 8
  %last.slot = inttoptr i64 %last to ptr
  %value = load i64, ptr %last.slot
  store i64 %heap, ptr %heap.place
  ret i64 %value
exhausted:
  store i64 1, ptr %status.place
  ret i64 0
}

; A value as a row of words from `start` on, in a row that ends at `end`. The place after it; -1 where the row ends before that, -2 where
; memory runs out.
define internal i64 @write(ptr %context, i64 %value, ptr %words, i64 %start, i64 %end) {
entry:
  %heap.place = getelementptr i64, ptr %context, i64 0
  %stack.place = getelementptr i64, ptr %context, i64 1
  %heap = load i64, ptr %heap.place
  %bottom = load i64, ptr %stack.place
  br label %loop
loop:
  %i = phi i64 [ %start, %entry ], [ %i.next, %next ], [ %i.next, %first ]
  %top = phi i64 [ %bottom, %entry ], [ %top.next, %next ], [ %at, %first ]
  %w = phi i64 [ %value, %entry ], [ %w.next, %next ], [ %w.first, %first ]
  %full = icmp eq i64 %i, %end
  br i1 %full, label %short, label %put
put:
  %place = getelementptr i64, ptr %words, i64 %i
  %i.next = add i64 %i, 1
  %low = and i64 %w, 7
  %is.cell = icmp eq i64 %low, 0
  br i1 %is.cell, label %cell, label %atom
atom:
  store i64 %w, ptr %place
  %empty = icmp eq i64 %top, %bottom
  br i1 %empty, label %finish, label %next
next:
  %top.pointer = inttoptr i64 %top to ptr
  %w.next = load i64, ptr %top.pointer
  %top.next = add i64 %top, 8
  br label %loop
cell:
  %pointer = inttoptr i64 %w to ptr
  %header = load i64, ptr %pointer
  store i64 %header, ptr %place
  %shifted = lshr i64 %header, 3
  %arity = and i64 %shifted, 4095
  br label %more
more:
  %k = phi i64 [ %arity, %cell ], [ %k.next, %pushed ]
  %at = phi i64 [ %top, %cell ], [ %at.next, %pushed ]
  %left = icmp ugt i64 %k, 1
  br i1 %left, label %room, label %first
room:
  %at.next = sub i64 %at, 8
  %over = icmp ult i64 %at.next, %heap
  br i1 %over, label %exhausted, label %pushed
pushed:
  %field.place = getelementptr i64, ptr %pointer, i64 %k
  %field = load i64, ptr %field.place
  %slot = inttoptr i64 %at.next to ptr
  store i64 %field, ptr %slot
  %k.next = sub i64 %k, 1
  br label %more
first:
  %first.place = getelementptr i64, ptr %pointer, i64 1
  %w.first = load i64, ptr %first.place
  br label %loop
finish:
  ret i64 %i.next
short:
  ret i64 -1
exhausted:
  ret i64 -2
}

; Rows `from` to `to` of a batch: the entry applied to the values that stand in `arity` columns. A column is two pointers, to its words and
; to the places where its rows begin, one more than there are rows. Results go to `out`, their places to `out.places`, and for each row
; `verdicts` says 0, or 2 where another backend has to do it. The row that could not be done for want of memory, of room in `out`, of time
; or of calls; else `to`.
define i64 @batch(ptr %context, i64 %from, i64 %to, i64 %arity, ptr %columns, ptr %out, i64 %out.end, ptr %out.places, ptr %verdicts, ptr %arguments) {
entry:
  call void @put.down(ptr %context)
  %heap.place = getelementptr i64, ptr %context, i64 0
  %stack.place = getelementptr i64, ptr %context, i64 1
  %status.place = getelementptr i64, ptr %context, i64 4
  %left.place = getelementptr i64, ptr %context, i64 3
  %heap = load i64, ptr %heap.place
  %stack = load i64, ptr %stack.place
  %left = load i64, ptr %left.place
  br label %row
row:
  %i = phi i64 [ %from, %entry ], [ %i.next, %done ]
  %finished = icmp eq i64 %i, %to
  br i1 %finished, label %all, label %begin
begin:
  store i64 %heap, ptr %heap.place
  store i64 %stack, ptr %stack.place
  store i64 %left, ptr %left.place
  store i64 0, ptr %status.place
  br label %column
column:
  %c = phi i64 [ 0, %begin ], [ %c.next, %got ]
  %complete = icmp eq i64 %c, %arity
  br i1 %complete, label %evaluate, label %get
get:
  %pair = mul i64 %c, 2
  %words.place = getelementptr ptr, ptr %columns, i64 %pair
  %words = load ptr, ptr %words.place
  %places.place = getelementptr ptr, ptr %words.place, i64 1
  %places = load ptr, ptr %places.place
  %start.place = getelementptr i64, ptr %places, i64 %i
  %start = load i64, ptr %start.place
  %end.place = getelementptr i64, ptr %start.place, i64 1
  %end = load i64, ptr %end.place
  %argument = call i64 @read(ptr %context, ptr %words, i64 %start, i64 %end)
  %unread = icmp eq i64 %argument, 0
  br i1 %unread, label %stopped, label %got
got:
  %argument.place = getelementptr i64, ptr %arguments, i64 %c
  store i64 %argument, ptr %argument.place
  %c.next = add i64 %c, 1
  br label %column
evaluate:
  %out.place = getelementptr i64, ptr %out.places, i64 %i
  %first = load i64, ptr %out.place
  %after.place = getelementptr i64, ptr %out.place, i64 1
  %verdict.place = getelementptr i8, ptr %verdicts, i64 %i
  %result = call i64 @enter(ptr %context, ptr %arguments)
  %failed = icmp eq i64 %result, 0
  br i1 %failed, label %why, label %put
why:
  %status = load i64, ptr %status.place
  %other = icmp eq i64 %status, 2
  br i1 %other, label %handed, label %stopped
handed:
  store i64 %first, ptr %after.place
  store i8 2, ptr %verdict.place
  br label %done
put:
  store i64 %stack, ptr %stack.place
  %after = call i64 @write(ptr %context, i64 %result, ptr %out, i64 %first, i64 %out.end)
  %unwritten = icmp slt i64 %after, 0
  br i1 %unwritten, label %room, label %written
room:
  %short = icmp eq i64 %after, -1
  %reason = select i1 %short, i64 5, i64 1
  store i64 %reason, ptr %status.place
  br label %stopped
written:
  store i64 %after, ptr %after.place
  store i8 0, ptr %verdict.place
  br label %done
done:
  %i.next = add i64 %i, 1
  br label %row
stopped:
  store i64 %heap, ptr %heap.place
  store i64 %stack, ptr %stack.place
  call void @take.up(ptr %context)
  ret i64 %i
all:
  store i64 %heap, ptr %heap.place
  store i64 %stack, ptr %stack.place
  call void @take.up(ptr %context)
  ret i64 %to
}
