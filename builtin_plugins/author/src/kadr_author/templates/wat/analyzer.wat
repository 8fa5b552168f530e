;; @TITLE@: how many pixels are brighter than a level. What is said is one JSON object a frame.

(data (i32.const 16) "{\"brighter\":")
(data (i32.const 32) ",\"pixels\":")
(data (i32.const 48) "}")

;; How many of a row's bytes are above a level.
(func $above (param $row i32) (param $count i32) (param $level i64) (result i64)
  (local $x i32) (local $found i64)
  (loop $next
    (local.set $found (i64.add (local.get $found) (i64.extend_i32_u
      (i64.gt_s (i64.load8_u (i32.add (local.get $row) (local.get $x))) (local.get $level)))))
    (local.set $x (i32.add (local.get $x) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $x) (local.get $count))))
  (local.get $found))

(func (export "kadr_process") (param $job i32) (result i32)
  (local $in i32) (local $luma i32) (local $y i32) (local $found i64)
  (local.set $in (call $input (local.get $job) (i32.const 0) (i32.const 0)))
  (if (i32.eqz (local.get $in)) (then (return (i32.const 1))))
  (if (i32.gt_u (i32.load offset=24 (local.get $in)) (i32.const 8)) (then (return (i32.const 2))))
  (local.set $luma (call $plane (local.get $in) (i32.const 0)))
  (loop $rows
    (local.set $found (i64.add (local.get $found)
      (call $above (call $row (local.get $luma) (local.get $y)) (i32.load offset=8 (local.get $luma))
        (call $whole (local.get $job) (i32.const 0)))))
    (local.set $y (i32.add (local.get $y) (i32.const 1)))
    (br_if $rows (i32.lt_u (local.get $y) (i32.load offset=12 (local.get $luma)))))
  (call $say (local.get $job) (i32.const 16) (i32.const 12))
  (call $say_number (local.get $job) (local.get $found))
  (call $say (local.get $job) (i32.const 32) (i32.const 10))
  (call $say_number (local.get $job)
    (i64.mul (i64.load32_u offset=8 (local.get $luma)) (i64.load32_u offset=12 (local.get $luma))))
  (call $say (local.get $job) (i32.const 48) (i32.const 1))
  (i32.const 0))
