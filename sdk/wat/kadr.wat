;; kadr.wat: write a video effect in WebAssembly itself. These fields stand before those of the guest,
;; which gives (func (export "kadr_process") (param $job i32) (result i32) ...).
;; Build: python sdk/build.py glow.wat. The blocks are those of ../abi/kadr_abi.h.

(memory (export "memory") 1)
(global $heap (mut i32) (i32.const 1024))

(func (export "kadr_abi") (result i32) (i32.const 1))

;; Memory, aligned to 64 bytes, that is never taken back; 0: there is none.
(func $alloc (export "kadr_alloc") (param $size i32) (result i32)
  (local $at i32) (local $end i64) (local $pages i64)
  (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 63)) (i32.const -64)))
  (local.set $end (i64.add (i64.extend_i32_u (local.get $at)) (i64.extend_i32_u (local.get $size))))
  (if (i64.gt_u (local.get $end) (i64.const 0xffffffff)) (then (return (i32.const 0))))
  (local.set $pages (i64.sub (i64.shr_u (i64.add (local.get $end) (i64.const 65535)) (i64.const 16))
                             (i64.extend_i32_u (memory.size))))
  (if (i64.gt_s (local.get $pages) (i64.const 0))
    (then (if (i32.eq (memory.grow (i32.wrap_i64 (local.get $pages))) (i32.const -1))
      (then (return (i32.const 0))))))
  (global.set $heap (i32.wrap_i64 (local.get $end)))
  (local.get $at))

;; The image of an input at a frame offset (0: now); 0: there is none.
(func $input (param $job i32) (param $number i32) (param $offset i32) (result i32)
  (local $at i32) (local $left i32)
  (local.set $at (i32.load offset=80 (local.get $job)))
  (local.set $left (i32.load offset=84 (local.get $job)))
  (block $none (loop $next
    (br_if $none (i32.eqz (local.get $left)))
    (if (i32.and (i32.eq (i32.load offset=4 (local.get $at)) (local.get $number))
                 (i32.eq (i32.load offset=8 (local.get $at)) (local.get $offset)))
      (then (return (local.get $at))))
    (local.set $at (i32.add (local.get $at) (i32.load (local.get $at))))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br $next)))
  (i32.const 0))

(func $output (param $job i32) (result i32) (i32.load offset=88 (local.get $job)))

;; A plane of an image: data 0, stride 4, width 8, height 12.
(func $plane (param $image i32) (param $number i32) (result i32)
  (i32.add (i32.add (local.get $image) (i32.const 64)) (i32.shl (local.get $number) (i32.const 4))))

(func $row (param $plane i32) (param $y i32) (result i32)
  (i32.add (i32.load (local.get $plane)) (i32.mul (i32.load offset=4 (local.get $plane)) (local.get $y))))

;; The sound of an input; 0: there is none. Channels 12, rate 24, count 28, first 32.
(func $sound (param $job i32) (param $number i32) (result i32)
  (local $at i32) (local $left i32)
  (local.set $at (i32.load offset=92 (local.get $job)))
  (local.set $left (i32.load offset=96 (local.get $job)))
  (block $none (loop $next
    (br_if $none (i32.eqz (local.get $left)))
    (if (i32.eq (i32.load offset=4 (local.get $at)) (local.get $number)) (then (return (local.get $at))))
    (local.set $at (i32.add (local.get $at) (i32.load (local.get $at))))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br $next)))
  (i32.const 0))

(func $sound_output (param $job i32) (result i32) (i32.load offset=100 (local.get $job)))

;; The samples of a channel.
(func $channel (param $audio i32) (param $number i32) (result i32)
  (i32.load (i32.add (i32.load offset=40 (local.get $audio)) (i32.shl (local.get $number) (i32.const 2)))))

;; An analyzer's words, behind what was said before; too much is cut off. Texts of a guest: data below 1024.
(func $say (param $job i32) (param $text i32) (param $length i32)
  (local $said i32)
  (local.set $said (i32.load offset=112 (local.get $job)))
  (local.set $length (call $least (local.get $length)
    (i32.sub (i32.load offset=108 (local.get $job)) (local.get $said))))
  (memory.copy (i32.add (i32.load offset=104 (local.get $job)) (local.get $said))
    (local.get $text) (local.get $length))
  (i32.store offset=112 (local.get $job) (i32.add (local.get $said) (local.get $length))))
;; A whole number; the first byte of memory is its digit.
(func $say_number (param $job i32) (param $number i64)
  (if (i64.ge_u (local.get $number) (i64.const 10))
    (then (call $say_number (local.get $job) (i64.div_u (local.get $number) (i64.const 10)))))
  (i64.store8 (i32.const 0) (i64.add (i64.const 48) (i64.rem_u (local.get $number) (i64.const 10))))
  (call $say (local.get $job) (i32.const 0) (i32.const 1)))

;; A parameter of the type float or angle; of the type int or bool.
(func $number (param $job i32) (param $at i32) (result f64)
  (f64.load (i32.add (i32.load offset=72 (local.get $job)) (i32.shl (local.get $at) (i32.const 4)))))
(func $whole (param $job i32) (param $at i32) (result i64)
  (i64.load (i32.add (i32.load offset=72 (local.get $job)) (i32.shl (local.get $at) (i32.const 4)))))

;; The first row of a plane of the output that is to be made, and the one after the last.
(func $first_row (param $job i32) (param $plane i32) (result i32)
  (local $image i32)
  (local.set $image (call $output (local.get $job)))
  (i32.wrap_i64 (i64.div_u
    (i64.mul (i64.load32_u offset=48 (local.get $job))
             (i64.load32_u offset=12 (call $plane (local.get $image) (local.get $plane))))
    (i64.load32_u offset=20 (local.get $image)))))
(func $end_row (param $job i32) (param $plane i32) (result i32)
  (local $image i32)
  (local.set $image (call $output (local.get $job)))
  (i32.wrap_i64 (i64.div_u
    (i64.add (i64.mul (i64.load32_u offset=52 (local.get $job))
                      (i64.load32_u offset=12 (call $plane (local.get $image) (local.get $plane))))
             (i64.sub (i64.load32_u offset=20 (local.get $image)) (i64.const 1)))
    (i64.load32_u offset=20 (local.get $image)))))

(func $least (param $a i32) (param $b i32) (result i32)
  (select (local.get $a) (local.get $b) (i32.lt_s (local.get $a) (local.get $b))))
(func $greatest (param $a i32) (param $b i32) (result i32)
  (select (local.get $a) (local.get $b) (i32.gt_s (local.get $a) (local.get $b))))
