;; Glow: what is brighter than a threshold shines over its neighbours. See ../c/glow.c for how.

(global $ring (mut i32) (i32.const 0)) ;; 130 averaged rows of 16 bit
(global $sums (mut i32) (i32.const 0)) ;; 32 bit, one a column
(global $line (mut i32) (i32.const 0)) ;; 16 bit: the bright part of one row, its edges repeated
(global $room (mut i32) (i32.const 0)) ;; columns that there is room for
(global $radius (mut i32) (i32.const 0))
(global $threshold (mut i32) (i32.const 0))
(global $strength (mut i32) (i32.const 0))
(global $part (mut i32) (i32.const 0))
(global $top (mut i32) (i32.const 0))
(global $wide (mut i32) (i32.const 0))
(global $tall (mut i32) (i32.const 0))
(global $word (mut i32) (i32.const 1)) ;; bytes of a component

(func $pixel (param $row i32) (param $x i32) (result i32)
  (if (result i32) (i32.eq (global.get $word) (i32.const 1))
    (then (i32.load8_u (i32.add (local.get $row) (local.get $x))))
    (else (i32.load16_u (i32.add (local.get $row) (i32.shl (local.get $x) (i32.const 1)))))))

(func $inside (param $row i32) (result i32)
  (call $least (call $greatest (local.get $row) (i32.const 0)) (i32.sub (global.get $tall) (i32.const 1))))

(func $slot (param $row i32) (result i32)
  (i32.add (global.get $ring)
    (i32.shl (i32.mul (i32.rem_u (local.get $row) (i32.const 130)) (global.get $wide)) (i32.const 1))))

(func $average (param $plane i32) (param $y i32)
  (local $from i32) (local $middle i32) (local $x i32) (local $end i32)
  (local.set $from (call $row (local.get $plane) (local.get $y)))
  (local.set $middle (i32.add (global.get $line) (i32.shl (global.get $radius) (i32.const 1))))
  (block $rest (loop $eight
    (br_if $rest (i32.gt_u (i32.add (local.get $x) (i32.const 8)) (global.get $wide)))
    (v128.store (i32.add (local.get $middle) (i32.shl (local.get $x) (i32.const 1)))
      (i16x8.sub_sat_u
        (if (result v128) (i32.eq (global.get $word) (i32.const 1))
          (then (i16x8.extend_low_i8x16_u (v128.load64_zero (i32.add (local.get $from) (local.get $x)))))
          (else (v128.load (i32.add (local.get $from) (i32.shl (local.get $x) (i32.const 1))))))
        (i16x8.splat (global.get $threshold))))
    (local.set $x (i32.add (local.get $x) (i32.const 8)))
    (br $eight)))
  (block $done (loop $one
    (br_if $done (i32.ge_u (local.get $x) (global.get $wide)))
    (i32.store16 (i32.add (local.get $middle) (i32.shl (local.get $x) (i32.const 1)))
      (call $greatest (i32.const 0)
        (i32.sub (call $pixel (local.get $from) (local.get $x)) (global.get $threshold))))
    (local.set $x (i32.add (local.get $x) (i32.const 1)))
    (br $one)))
  ;; The edges: the first value before, the last one behind, and one more.
  (local.set $x (global.get $line))
  (block $before (loop $left
    (br_if $before (i32.ge_u (local.get $x) (local.get $middle)))
    (i32.store16 (local.get $x) (i32.load16_u (local.get $middle)))
    (local.set $x (i32.add (local.get $x) (i32.const 2)))
    (br $left)))
  (local.set $x (i32.add (local.get $middle) (i32.shl (global.get $wide) (i32.const 1))))
  (local.set $end (i32.add (local.get $x) (i32.shl (global.get $radius) (i32.const 1))))
  (loop $right
    (i32.store16 (local.get $x) (i32.load16_u (i32.sub (local.get $x) (i32.const 2))))
    (local.set $x (i32.add (local.get $x) (i32.const 2)))
    (br_if $right (i32.le_u (local.get $x) (local.get $end))))
  (call $averages (call $slot (local.get $y))))

;; The averages along the line; its sums move from pixel to pixel.
(func $averages (param $to i32)
  (local $from i32) (local $size i32) (local $end i32) (local $sum i32) (local $part i32)
  (local.set $part (global.get $part))
  (local.set $from (global.get $line))
  (local.set $size (i32.add (i32.shl (global.get $radius) (i32.const 2)) (i32.const 2)))
  (local.set $end (i32.add (local.get $from) (local.get $size)))
  (loop $begin
    (local.set $sum (i32.add (local.get $sum) (i32.load16_u (local.get $from))))
    (local.set $from (i32.add (local.get $from) (i32.const 2)))
    (br_if $begin (i32.lt_u (local.get $from) (local.get $end))))
  (local.set $from (global.get $line))
  (local.set $end (i32.add (local.get $to) (i32.shl (global.get $wide) (i32.const 1))))
  (loop $next
    (i32.store16 (local.get $to) (i32.shr_u (i32.mul (local.get $sum) (local.get $part)) (i32.const 16)))
    (local.set $sum (i32.sub
      (i32.add (local.get $sum) (i32.load16_u (i32.add (local.get $from) (local.get $size))))
      (i32.load16_u (local.get $from))))
    (local.set $from (i32.add (local.get $from) (i32.const 2)))
    (local.set $to (i32.add (local.get $to) (i32.const 2)))
    (br_if $next (i32.lt_u (local.get $to) (local.get $end)))))

;; A row is added to the column sums, and another one taken from them (0: none), eight at a time.
(func $move (param $come i32) (param $gone i32)
  (local $x i32) (local $to i32) (local $a v128) (local $b v128) (local $value i32)
  (block $rest (loop $eight
    (br_if $rest (i32.gt_u (i32.add (local.get $x) (i32.const 8)) (global.get $wide)))
    (local.set $to (i32.add (global.get $sums) (i32.shl (local.get $x) (i32.const 2))))
    (local.set $a (v128.load (i32.add (local.get $come) (i32.shl (local.get $x) (i32.const 1)))))
    (if (local.get $gone)
      (then (local.set $b (v128.load (i32.add (local.get $gone) (i32.shl (local.get $x) (i32.const 1)))))))
    (v128.store (local.get $to) (i32x4.add (v128.load (local.get $to)) (i32x4.sub
      (i32x4.extend_low_i16x8_u (local.get $a)) (i32x4.extend_low_i16x8_u (local.get $b)))))
    (v128.store offset=16 (local.get $to) (i32x4.add (v128.load offset=16 (local.get $to)) (i32x4.sub
      (i32x4.extend_high_i16x8_u (local.get $a)) (i32x4.extend_high_i16x8_u (local.get $b)))))
    (local.set $x (i32.add (local.get $x) (i32.const 8)))
    (br $eight)))
  (block $done (loop $one
    (br_if $done (i32.ge_u (local.get $x) (global.get $wide)))
    (local.set $to (i32.add (global.get $sums) (i32.shl (local.get $x) (i32.const 2))))
    (local.set $value (i32.load16_u (i32.add (local.get $come) (i32.shl (local.get $x) (i32.const 1)))))
    (if (local.get $gone)
      (then (local.set $value (i32.sub (local.get $value)
        (i32.load16_u (i32.add (local.get $gone) (i32.shl (local.get $x) (i32.const 1))))))))
    (i32.store (local.get $to) (i32.add (i32.load (local.get $to)) (local.get $value)))
    (local.set $x (i32.add (local.get $x) (i32.const 1)))
    (br $one))))

;; The light of four columns that begin at an address of the sums.
(func $light (param $at i32) (result v128)
  (i32x4.shr_u (i32x4.mul
    (i32x4.shr_u (i32x4.mul (v128.load (local.get $at)) (i32x4.splat (global.get $part))) (i32.const 16))
    (i32x4.splat (global.get $strength))) (i32.const 8)))

(func $shine (param $from i32) (param $to i32)
  (local $x i32) (local $at i32) (local $in v128) (local $lit v128) (local $value i32)
  (block $rest (loop $eight
    (br_if $rest (i32.gt_u (i32.add (local.get $x) (i32.const 8)) (global.get $wide)))
    (local.set $at (i32.add (global.get $sums) (i32.shl (local.get $x) (i32.const 2))))
    (local.set $in (if (result v128) (i32.eq (global.get $word) (i32.const 1))
      (then (i16x8.extend_low_i8x16_u (v128.load64_zero (i32.add (local.get $from) (local.get $x)))))
      (else (v128.load (i32.add (local.get $from) (i32.shl (local.get $x) (i32.const 1)))))))
    (local.set $lit (i16x8.narrow_i32x4_u
      (i32x4.min_u (i32x4.splat (global.get $top))
        (i32x4.add (i32x4.extend_low_i16x8_u (local.get $in)) (call $light (local.get $at))))
      (i32x4.min_u (i32x4.splat (global.get $top))
        (i32x4.add (i32x4.extend_high_i16x8_u (local.get $in))
                   (call $light (i32.add (local.get $at) (i32.const 16)))))))
    (if (i32.eq (global.get $word) (i32.const 1))
      (then (v128.store64_lane 0 (i32.add (local.get $to) (local.get $x))
        (i8x16.narrow_i16x8_u (local.get $lit) (local.get $lit))))
      (else (v128.store (i32.add (local.get $to) (i32.shl (local.get $x) (i32.const 1))) (local.get $lit))))
    (local.set $x (i32.add (local.get $x) (i32.const 8)))
    (br $eight)))
  (block $done (loop $one
    (br_if $done (i32.ge_u (local.get $x) (global.get $wide)))
    (local.set $value (i32.shr_u (i32.mul
      (i32.shr_u (i32.mul (i32.load (i32.add (global.get $sums) (i32.shl (local.get $x) (i32.const 2))))
                          (global.get $part)) (i32.const 16))
      (global.get $strength)) (i32.const 8)))
    (local.set $value (call $least (global.get $top)
      (i32.add (local.get $value) (call $pixel (local.get $from) (local.get $x)))))
    (if (i32.eq (global.get $word) (i32.const 1))
      (then (i32.store8 (i32.add (local.get $to) (local.get $x)) (local.get $value)))
      (else (i32.store16 (i32.add (local.get $to) (i32.shl (local.get $x) (i32.const 1))) (local.get $value))))
    (local.set $x (i32.add (local.get $x) (i32.const 1)))
    (br $one))))

(func $luma (param $from i32) (param $to i32) (param $first i32) (param $end i32)
  (local $y i32) (local $last i32)
  (local.set $y (call $inside (i32.sub (local.get $first) (global.get $radius))))
  (local.set $last (call $inside (i32.add (local.get $first) (global.get $radius))))
  (loop $begin
    (call $average (local.get $from) (local.get $y))
    (local.set $y (i32.add (local.get $y) (i32.const 1)))
    (br_if $begin (i32.le_s (local.get $y) (local.get $last))))
  (memory.fill (global.get $sums) (i32.const 0) (i32.shl (global.get $wide) (i32.const 2)))
  (local.set $y (i32.sub (local.get $first) (global.get $radius)))
  (loop $sum
    (call $move (call $slot (call $inside (local.get $y))) (i32.const 0))
    (local.set $y (i32.add (local.get $y) (i32.const 1)))
    (br_if $sum (i32.le_s (local.get $y) (i32.add (local.get $first) (global.get $radius)))))
  (local.set $y (local.get $first))
  (loop $next
    (call $shine (call $row (local.get $from) (local.get $y)) (call $row (local.get $to) (local.get $y)))
    (local.set $last (i32.add (i32.add (local.get $y) (global.get $radius)) (i32.const 1)))
    (if (i32.lt_s (local.get $last) (global.get $tall))
      (then (call $average (local.get $from) (local.get $last))))
    (call $move (call $slot (call $inside (local.get $last)))
                (call $slot (call $inside (i32.sub (local.get $y) (global.get $radius)))))
    (local.set $y (i32.add (local.get $y) (i32.const 1)))
    (br_if $next (i32.lt_s (local.get $y) (local.get $end)))))

;; The other planes as they are.
(func $rest (param $job i32) (param $in i32) (param $out i32)
  (local $p i32) (local $y i32) (local $to i32)
  (local.set $p (i32.const 1))
  (block $done (loop $plane
    (br_if $done (i32.ge_u (local.get $p) (i32.load offset=60 (local.get $out))))
    (local.set $to (call $plane (local.get $out) (local.get $p)))
    (local.set $y (call $first_row (local.get $job) (local.get $p)))
    (loop $row
      (memory.copy (call $row (local.get $to) (local.get $y))
                   (call $row (call $plane (local.get $in) (local.get $p)) (local.get $y))
                   (i32.mul (i32.load offset=8 (local.get $to)) (global.get $word)))
      (local.set $y (i32.add (local.get $y) (i32.const 1)))
      (br_if $row (i32.lt_u (local.get $y) (call $end_row (local.get $job) (local.get $p)))))
    (local.set $p (i32.add (local.get $p) (i32.const 1)))
    (br $plane))))

(func (export "kadr_process") (param $job i32) (result i32)
  (local $in i32) (local $out i32)
  (local.set $in (call $input (local.get $job) (i32.const 0) (i32.const 0)))
  (local.set $out (call $output (local.get $job)))
  (if (i32.or (i32.eqz (local.get $in)) (i32.gt_u (i32.load offset=24 (local.get $out)) (i32.const 16)))
    (then (return (i32.const 2))))
  (global.set $wide (i32.load offset=16 (local.get $out)))
  (global.set $tall (i32.load offset=20 (local.get $out)))
  (global.set $word (select (i32.const 1) (i32.const 2) (i32.le_u (i32.load offset=24 (local.get $out)) (i32.const 8))))
  (if (i32.gt_u (global.get $wide) (global.get $room)) (then
    (global.set $ring (call $alloc (i32.mul (global.get $wide) (i32.const 260))))
    (global.set $sums (call $alloc (i32.shl (global.get $wide) (i32.const 2))))
    (global.set $line (call $alloc (i32.add (i32.shl (global.get $wide) (i32.const 1)) (i32.const 258))))
    (if (i32.or (i32.or (i32.eqz (global.get $ring)) (i32.eqz (global.get $sums))) (i32.eqz (global.get $line)))
      (then (return (i32.const 3))))
    (global.set $room (global.get $wide))))
  (global.set $top (i32.sub (i32.shl (i32.const 1) (i32.load offset=24 (local.get $out))) (i32.const 1)))
  (global.set $radius (call $least (i32.const 64)
    (i32.trunc_f64_u (f64.add (call $number (local.get $job) (i32.const 0)) (f64.const 0.5)))))
  (global.set $threshold (i32.trunc_f64_u (f64.add (f64.const 0.5)
    (f64.mul (call $number (local.get $job) (i32.const 1)) (f64.convert_i32_u (global.get $top))))))
  (global.set $strength (i32.trunc_f64_u (f64.add (f64.const 0.5)
    (f64.mul (call $number (local.get $job) (i32.const 2)) (f64.const 256)))))
  (global.set $part (i32.div_u (i32.const 65536) (i32.add (i32.shl (global.get $radius) (i32.const 1)) (i32.const 1))))
  (call $luma (call $plane (local.get $in) (i32.const 0)) (call $plane (local.get $out) (i32.const 0))
    (call $first_row (local.get $job) (i32.const 0)) (call $end_row (local.get $job) (i32.const 0)))
  (call $rest (local.get $job) (local.get $in) (local.get $out))
  (i32.const 0))
