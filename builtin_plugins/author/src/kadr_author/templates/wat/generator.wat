;; @TITLE@: stripes that move. Everything follows from the frame's number, so any frame can be made alone.

(func $stripes (param $to i32) (param $count i32) (param $moved i64) (param $size i64)
  (local $x i32)
  (loop $next
    (i32.store8 (i32.add (local.get $to) (local.get $x))
      (select (i32.const 235) (i32.const 16)
        (i32.wrap_i64 (i64.rem_u
          (i64.div_u (i64.add (i64.extend_i32_u (local.get $x)) (local.get $moved)) (local.get $size))
          (i64.const 2)))))
    (local.set $x (i32.add (local.get $x) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $x) (local.get $count)))))

(func (export "kadr_process") (param $job i32) (result i32)
  (local $out i32) (local $p i32) (local $y i32) (local $plane i32) (local $to i32)
  (local.set $out (call $output (local.get $job)))
  (if (i32.gt_u (i32.load offset=24 (local.get $out)) (i32.const 8)) (then (return (i32.const 2))))
  (loop $planes
    (local.set $plane (call $plane (local.get $out) (local.get $p)))
    (local.set $y (call $first_row (local.get $job) (local.get $p)))
    (loop $rows
      (local.set $to (call $row (local.get $plane) (local.get $y)))
      (if (local.get $p)
        (then (memory.fill (local.get $to) (i32.const 128) (i32.load offset=8 (local.get $plane))))
        (else (call $stripes (local.get $to) (i32.load offset=8 (local.get $plane))
          (i64.mul (i64.load offset=8 (local.get $job)) (call $whole (local.get $job) (i32.const 1)))
          (call $whole (local.get $job) (i32.const 0)))))
      (local.set $y (i32.add (local.get $y) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $y) (call $end_row (local.get $job) (local.get $p)))))
    (local.set $p (i32.add (local.get $p) (i32.const 1)))
    (br_if $planes (i32.lt_u (local.get $p) (i32.load offset=60 (local.get $out)))))
  (i32.const 0))
