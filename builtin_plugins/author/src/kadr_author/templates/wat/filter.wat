;; @TITLE@: the picture is darkened. Replace the arithmetic of $darker by your own.

(func $darker (param $to i32) (param $from i32) (param $count i32) (param $keep i32)
  (local $x i32)
  (loop $next
    (i32.store8 (i32.add (local.get $to) (local.get $x))
      (i32.shr_u (i32.mul (i32.load8_u (i32.add (local.get $from) (local.get $x))) (local.get $keep))
                 (i32.const 7)))
    (local.set $x (i32.add (local.get $x) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $x) (local.get $count)))))

(func (export "kadr_process") (param $job i32) (result i32)
  (local $in i32) (local $out i32) (local $p i32) (local $y i32) (local $keep i32) (local $plane i32)
  (local.set $in (call $input (local.get $job) (i32.const 0) (i32.const 0)))
  (local.set $out (call $output (local.get $job)))
  (if (i32.or (i32.eqz (local.get $in)) (i32.gt_u (i32.load offset=24 (local.get $out)) (i32.const 8)))
    (then (return (i32.const 2))))
  (local.set $keep (i32.trunc_f64_u (f64.add (f64.const 0.5)
    (f64.mul (f64.sub (f64.const 1) (call $number (local.get $job) (i32.const 0))) (f64.const 128)))))
  (loop $planes
    (local.set $plane (call $plane (local.get $out) (local.get $p)))
    (local.set $y (call $first_row (local.get $job) (local.get $p)))
    (loop $rows
      (call $darker (call $row (local.get $plane) (local.get $y))
        (call $row (call $plane (local.get $in) (local.get $p)) (local.get $y))
        (i32.load offset=8 (local.get $plane))
        (select (i32.const 128) (local.get $keep) (local.get $p)))
      (local.set $y (i32.add (local.get $y) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $y) (call $end_row (local.get $job) (local.get $p)))))
    (local.set $p (i32.add (local.get $p) (i32.const 1)))
    (br_if $planes (i32.lt_u (local.get $p) (i32.load offset=60 (local.get $out)))))
  (i32.const 0))
