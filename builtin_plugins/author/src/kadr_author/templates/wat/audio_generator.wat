;; @TITLE@: a tone with corners. Samples are counted from the start of the clip.

(func $wave (param $to i32) (param $count i32) (param $first i64) (param $period i64) (param $level f32)
  (local $n i32) (local $place i64)
  (loop $next
    (local.set $place (i64.rem_s
      (i64.add (local.get $first) (i64.extend_i32_u (local.get $n))) (local.get $period)))
    (f32.store (i32.add (local.get $to) (i32.shl (local.get $n) (i32.const 2)))
      (select (local.get $level) (f32.neg (local.get $level))
        (i64.lt_s (i64.shl (local.get $place) (i64.const 1)) (local.get $period))))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $n) (local.get $count)))))

(func (export "kadr_process") (param $job i32) (result i32)
  (local $out i32) (local $c i32)
  (local.set $out (call $sound_output (local.get $job)))
  (loop $channels
    (call $wave (call $channel (local.get $out) (local.get $c))
      (i32.load offset=28 (local.get $out)) (i64.load offset=32 (local.get $out))
      (call $whole (local.get $job) (i32.const 0))
      (f32.demote_f64 (call $number (local.get $job) (i32.const 1))))
    (local.set $c (i32.add (local.get $c) (i32.const 1)))
    (br_if $channels (i32.lt_u (local.get $c) (i32.load offset=12 (local.get $out)))))
  (i32.const 0))
