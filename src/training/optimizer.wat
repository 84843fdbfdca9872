;; What a training step does outside the engine, four float32 numbers at a time, on arrays that lie in the imported memory.
;; Arrays begin at multiples of 16 bytes, and `bytes`, the length of one, is a multiple of 16 above 0.
;; `npm run assemble` turns this file into optimizer.generated.ts.
(module
  (import "arena" "memory" (memory 1))

  ;; AdamW (Loshchilov and Hutter, arXiv 1711.05101) of one array of parameters, in place.
  (func (export "update")
    (param $parameters i32) (param $gradients i32) (param $firsts i32) (param $seconds i32) (param $bytes i32)
    (param $scale f32)       ;; of the gradient
    (param $beta1 f32) (param $rest1 f32) ;; 1 - beta1
    (param $beta2 f32) (param $rest2 f32) ;; 1 - beta2
    (param $keep f32)        ;; what weight decay leaves of the parameter
    (param $stride f32)      ;; learning rate / (1 - beta1^step)
    (param $correction f32)  ;; 1 / sqrt(1 - beta2^step)
    (param $epsilon f32)
    (local $end i32) (local $gradient v128) (local $first v128) (local $second v128)
    (local.set $end (i32.add (local.get $parameters) (local.get $bytes)))
    (loop $each
      (local.set $gradient (f32x4.mul (v128.load (local.get $gradients)) (f32x4.splat (local.get $scale))))
      (local.set $first (f32x4.add
        (f32x4.mul (f32x4.splat (local.get $beta1)) (v128.load (local.get $firsts)))
        (f32x4.mul (f32x4.splat (local.get $rest1)) (local.get $gradient))))
      (local.set $second (f32x4.add
        (f32x4.mul (f32x4.splat (local.get $beta2)) (v128.load (local.get $seconds)))
        (f32x4.mul (f32x4.mul (f32x4.splat (local.get $rest2)) (local.get $gradient)) (local.get $gradient))))
      (v128.store (local.get $firsts) (local.get $first))
      (v128.store (local.get $seconds) (local.get $second))
      (v128.store (local.get $parameters) (f32x4.sub
        (f32x4.mul (f32x4.splat (local.get $keep)) (v128.load (local.get $parameters)))
        (f32x4.div
          (f32x4.mul (f32x4.splat (local.get $stride)) (local.get $first))
          (f32x4.add
            (f32x4.mul (f32x4.splat (local.get $correction)) (f32x4.sqrt (local.get $second)))
            (f32x4.splat (local.get $epsilon))))))
      (local.set $parameters (i32.add (local.get $parameters) (i32.const 16)))
      (local.set $gradients (i32.add (local.get $gradients) (i32.const 16)))
      (local.set $firsts (i32.add (local.get $firsts) (i32.const 16)))
      (local.set $seconds (i32.add (local.get $seconds) (i32.const 16)))
      (br_if $each (i32.lt_u (local.get $parameters) (local.get $end)))))

  ;; The sum of the squares of an array, added up in float64.
  (func (export "squares") (param $at i32) (param $bytes i32) (result f64)
    (local $end i32) (local $four v128) (local $two v128) (local $low v128) (local $high v128)
    (local.set $end (i32.add (local.get $at) (local.get $bytes)))
    (loop $each
      (local.set $four (v128.load (local.get $at)))
      (local.set $two (f64x2.promote_low_f32x4 (local.get $four)))
      (local.set $low (f64x2.add (local.get $low) (f64x2.mul (local.get $two) (local.get $two))))
      (local.set $two (f64x2.promote_low_f32x4 (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $four) (local.get $four))))
      (local.set $high (f64x2.add (local.get $high) (f64x2.mul (local.get $two) (local.get $two))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $each (i32.lt_u (local.get $at) (local.get $end))))
    (local.set $low (f64x2.add (local.get $low) (local.get $high)))
    (f64.add (f64x2.extract_lane 0 (local.get $low)) (f64x2.extract_lane 1 (local.get $low))))

  ;; `weight` times one array is added to another.
  (func (export "accumulate") (param $sum i32) (param $own i32) (param $bytes i32) (param $weight f32)
    (local $end i32)
    (local.set $end (i32.add (local.get $sum) (local.get $bytes)))
    (loop $each
      (v128.store (local.get $sum) (f32x4.add
        (v128.load (local.get $sum))
        (f32x4.mul (f32x4.splat (local.get $weight)) (v128.load (local.get $own)))))
      (local.set $sum (i32.add (local.get $sum) (i32.const 16)))
      (local.set $own (i32.add (local.get $own) (i32.const 16)))
      (br_if $each (i32.lt_u (local.get $sum) (local.get $end))))))
