;; @TITLE@: one clip is mixed into the next. Replace the arithmetic of $mix by your own.

(func $mix (param $to i32) (param $a i32) (param $b i32) (param $count i32) (param $part i32)
  (local $x i32)
  (loop $next
    (i32.store8 (i32.add (local.get $to) (local.get $x))
      (i32.shr_u
        (i32.add (i32.const 128) (i32.add
          (i32.mul (i32.load8_u (i32.add (local.get $a) (local.get $x)))
                   (i32.sub (i32.const 256) (local.get $part)))
          (i32.mul (i32.load8_u (i32.add (local.get $b) (local.get $x))) (local.get $part))))
        (i32.const 8)))
    (local.set $x (i32.add (local.get $x) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $x) (local.get $count)))))

(func $part (param $job i32) (result i32)
  (local $hold f64) (local $way f64)
  (local.set $hold (call $number (local.get $job) (i32.const 0)))
  (local.set $way (f64.div (f64.sub (f64.load offset=40 (local.get $job)) (local.get $hold))
    (f64.sub (f64.const 1) (f64.mul (f64.const 2) (local.get $hold)))))
  (i32.trunc_f64_u (f64.add (f64.const 0.5)
    (f64.mul (f64.const 256) (f64.min (f64.const 1) (f64.max (f64.const 0) (local.get $way)))))))

(func (export "kadr_process") (param $job i32) (result i32)
  (local $a i32) (local $b i32) (local $out i32) (local $p i32) (local $y i32) (local $plane i32)
  (local.set $a (call $input (local.get $job) (i32.const 0) (i32.const 0)))
  (local.set $b (call $input (local.get $job) (i32.const 1) (i32.const 0)))
  (local.set $out (call $output (local.get $job)))
  (if (i32.or (i32.or (i32.eqz (local.get $a)) (i32.eqz (local.get $b)))
              (i32.gt_u (i32.load offset=24 (local.get $out)) (i32.const 8)))
    (then (return (i32.const 2))))
  (loop $planes
    (local.set $plane (call $plane (local.get $out) (local.get $p)))
    (local.set $y (call $first_row (local.get $job) (local.get $p)))
    (loop $rows
      (call $mix (call $row (local.get $plane) (local.get $y))
        (call $row (call $plane (local.get $a) (local.get $p)) (local.get $y))
        (call $row (call $plane (local.get $b) (local.get $p)) (local.get $y))
        (i32.load offset=8 (local.get $plane)) (call $part (local.get $job)))
      (local.set $y (i32.add (local.get $y) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $y) (call $end_row (local.get $job) (local.get $p)))))
    (local.set $p (i32.add (local.get $p) (i32.const 1)))
    (br_if $planes (i32.lt_u (local.get $p) (i32.load offset=60 (local.get $out)))))
  (i32.const 0))
