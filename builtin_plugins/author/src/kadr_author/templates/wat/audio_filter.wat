;; @TITLE@: the sound made louder or quieter. Sound comes in blocks of 1024 samples, planar, full scale at 1.

(func $louder (param $to i32) (param $from i32) (param $count i32) (param $gain f32)
  (local $n i32)
  (loop $next
    (f32.store (i32.add (local.get $to) (i32.shl (local.get $n) (i32.const 2)))
      (f32.mul (local.get $gain)
        (f32.load (i32.add (local.get $from) (i32.shl (local.get $n) (i32.const 2))))))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $n) (local.get $count)))))

(func (export "kadr_process") (param $job i32) (result i32)
  (local $in i32) (local $out i32) (local $c i32)
  (local.set $in (call $sound (local.get $job) (i32.const 0)))
  (if (i32.eqz (local.get $in)) (then (return (i32.const 1))))
  (local.set $out (call $sound_output (local.get $job)))
  (loop $channels
    (call $louder
      (call $channel (local.get $out) (local.get $c)) (call $channel (local.get $in) (local.get $c))
      (i32.load offset=28 (local.get $out))
      (f32.demote_f64 (call $number (local.get $job) (i32.const 0))))
    (local.set $c (i32.add (local.get $c) (i32.const 1)))
    (br_if $channels (i32.lt_u (local.get $c) (i32.load offset=12 (local.get $out)))))
  (i32.const 0))
