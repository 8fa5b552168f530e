;; @TITLE@: two tracks beside each other. The inputs come in the order of the declaration.

(func $edge (param $job i32) (param $width i32) (result i32)
  (i32.trunc_f64_u (f64.add (f64.const 0.5)
    (f64.mul (call $number (local.get $job) (i32.const 0)) (f64.convert_i32_u (local.get $width))))))

;; One row: the left picture up to the edge, the right one from there.
(func $join (param $to i32) (param $left i32) (param $right i32) (param $width i32) (param $edge i32)
  (memory.copy (local.get $to) (local.get $left) (local.get $edge))
  (memory.copy (i32.add (local.get $to) (local.get $edge)) (i32.add (local.get $right) (local.get $edge))
    (i32.sub (local.get $width) (local.get $edge))))

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
      (call $join (call $row (local.get $plane) (local.get $y))
        (call $row (call $plane (local.get $a) (local.get $p)) (local.get $y))
        (call $row (call $plane (local.get $b) (local.get $p)) (local.get $y))
        (i32.load offset=8 (local.get $plane))
        (call $edge (local.get $job) (i32.load offset=8 (local.get $plane))))
      (local.set $y (i32.add (local.get $y) (i32.const 1)))
      (br_if $rows (i32.lt_u (local.get $y) (call $end_row (local.get $job) (local.get $p)))))
    (local.set $p (i32.add (local.get $p) (i32.const 1)))
    (br_if $planes (i32.lt_u (local.get $p) (i32.load offset=60 (local.get $out)))))
  (i32.const 0))
