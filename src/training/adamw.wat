;; One block of AdamW (Loshchilov and Hutter, arXiv 1711.05101), four numbers at a time, in place.
;; The memory holds four arrays of 4,096 float32 numbers, one behind the other: parameter, gradient, first, second moment.
;; `npm run assemble` turns this file into adamw.generated.ts.
(module
  (memory (export "memory") 1)
  (func (export "update")
    (param $bytes i32)       ;; of one array that are in use, a multiple of 16 above 0
    (param $scale f32)       ;; of the gradient
    (param $beta1 f32) (param $rest1 f32) ;; 1 - beta1
    (param $beta2 f32) (param $rest2 f32) ;; 1 - beta2
    (param $keep f32)        ;; what weight decay leaves of the parameter
    (param $stride f32)      ;; learning rate / (1 - beta1^step)
    (param $correction f32)  ;; 1 / sqrt(1 - beta2^step)
    (param $epsilon f32)
    (local $at i32) (local $gradient v128) (local $first v128) (local $second v128)
    (loop $each
      (local.set $gradient (f32x4.mul (v128.load offset=16384 (local.get $at)) (f32x4.splat (local.get $scale))))
      (local.set $first (f32x4.add
        (f32x4.mul (f32x4.splat (local.get $beta1)) (v128.load offset=32768 (local.get $at)))
        (f32x4.mul (f32x4.splat (local.get $rest1)) (local.get $gradient))))
      (local.set $second (f32x4.add
        (f32x4.mul (f32x4.splat (local.get $beta2)) (v128.load offset=49152 (local.get $at)))
        (f32x4.mul (f32x4.mul (f32x4.splat (local.get $rest2)) (local.get $gradient)) (local.get $gradient))))
      (v128.store offset=32768 (local.get $at) (local.get $first))
      (v128.store offset=49152 (local.get $at) (local.get $second))
      (v128.store (local.get $at) (f32x4.sub
        (f32x4.mul (f32x4.splat (local.get $keep)) (v128.load (local.get $at)))
        (f32x4.div
          (f32x4.mul (f32x4.splat (local.get $stride)) (local.get $first))
          (f32x4.add
            (f32x4.mul (f32x4.splat (local.get $correction)) (f32x4.sqrt (local.get $second)))
            (f32x4.splat (local.get $epsilon))))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (br_if $each (i32.lt_u (local.get $at) (local.get $bytes))))))
