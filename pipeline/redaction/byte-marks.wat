;; Marks in a text, by a bit a byte, what the scans for secrets and personal data begin at: 32 bytes at a time, by SIMD.
;; byte-marks.wasm is made of it by `UPDATE_WASM=1 node --test pipeline/redaction/byte-marks-wasm.test.ts`.
;;
;; Memory: from 0 on the text, with zeros behind it; then the bitmaps, whose places `byte-marks.ts` knows too.
(module
  (memory (export "memory") 7)

  ;; The classes of 16 bytes: those that the two halves of a byte share.
  ;; 0x80 digit, 0x40 colon, 0x20 and 0x10 letter, 0x08 `+` `-` `/`, 0x04 `_`, 0x02 backslash.
  (func $classes (param $bytes v128) (result v128)
    (v128.and
      (i8x16.swizzle
        (v128.const i8x16 0x90 0xb0 0xb0 0xb0 0xb0 0xb0 0xb0 0xb0 0xb0 0xb0 0x70 0x28 0x22 0x28 0x20 0x2c)
        (v128.and (local.get $bytes) (v128.const i8x16 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15)))
      (i8x16.swizzle
        (v128.const i8x16 0 0 0x08 0xc0 0x20 0x16 0x20 0x10 0 0 0 0 0 0 0 0)
        (v128.and
          (i16x8.shr_u (local.get $bytes) (i32.const 4))
          (v128.const i8x16 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15)))))

  ;; Puts the bits of these 32 bytes above those of the 32 bytes before them.
  (func $followedBy (param $before i64) (param $one i32) (param $other i32) (result i64)
    (i64.or
      (i64.shr_u (local.get $before) (i64.const 32))
      (i64.shl
        (i64.extend_i32_u (i32.or (local.get $one) (i32.shl (local.get $other) (i32.const 16))))
        (i64.const 32))))

  ;; The bits of 16 bytes that have none of these classes.
  (func $without (param $classes v128) (param $none v128) (result i32)
    (i8x16.bitmask
      (i8x16.eq (v128.and (local.get $classes) (local.get $none)) (v128.const i64x2 0 0))))

  (func $store (param $at i32) (param $bits i64)
    (i32.store (local.get $at) (i32.wrap_i64 (i64.shr_u (local.get $bits) (i64.const 32)))))

  (func (export "mark") (param $length i32) (param $withNumbers i32)
    (local $at i32) (local $to i32) (local $one v128) (local $other v128)
    ;; Of the last 64 bytes.
    (local $noToken i64) (local $noAlphanumeric i64) (local $token i64) (local $alphanumeric i64)
    (local $digit i64) (local $colon i64) (local $backslash i64) (local $run i64)
    (local.set $noToken (i64.const -1))
    (local.set $noAlphanumeric (i64.const -1))
    (loop $next
      (local.set $one (call $classes (v128.load (local.get $at))))
      (local.set $other (call $classes (v128.load offset=16 (local.get $at))))
      (local.set $to (i32.shr_u (local.get $at) (i32.const 3)))
      (local.set $noToken
        (call $followedBy
          (local.get $noToken)
          (call $without (local.get $one) (v128.const i32x4 0xbcbcbcbc 0xbcbcbcbc 0xbcbcbcbc 0xbcbcbcbc))
          (call $without (local.get $other) (v128.const i32x4 0xbcbcbcbc 0xbcbcbcbc 0xbcbcbcbc 0xbcbcbcbc))))
      (local.set $noAlphanumeric
        (call $followedBy
          (local.get $noAlphanumeric)
          (call $without (local.get $one) (v128.const i32x4 0xb0b0b0b0 0xb0b0b0b0 0xb0b0b0b0 0xb0b0b0b0))
          (call $without (local.get $other) (v128.const i32x4 0xb0b0b0b0 0xb0b0b0b0 0xb0b0b0b0 0xb0b0b0b0))))
      (local.set $token (i64.xor (local.get $noToken) (i64.const -1)))
      (local.set $alphanumeric (i64.xor (local.get $noAlphanumeric) (i64.const -1)))

      ;; Tokens, and those that no letter or digit stands before.
      (call $store (i32.add (local.get $to) (i32.const 0x4a000)) (local.get $token))
      (call $store
        (i32.add (local.get $to) (i32.const 0x53000))
        (i64.and (local.get $token) (i64.xor (i64.shl (local.get $alphanumeric) (i64.const 1)) (i64.const -1))))

      ;; The ends of 15 tokens in a row: of 2, 4, 8 and then 7 more.
      (local.set $run (i64.and (local.get $token) (i64.shl (local.get $token) (i64.const 1))))
      (local.set $run (i64.and (local.get $run) (i64.shl (local.get $run) (i64.const 2))))
      (local.set $run (i64.and (local.get $run) (i64.shl (local.get $run) (i64.const 4))))
      (call $store
        (i32.add (local.get $to) (i32.const 0x41000))
        (i64.and (local.get $run) (i64.shl (local.get $run) (i64.const 7))))

      (if (local.get $withNumbers)
        (then
          (local.set $digit
            (call $followedBy
              (local.get $digit)
              (i8x16.bitmask (local.get $one))
              (i8x16.bitmask (local.get $other))))
          (local.set $colon
            (call $followedBy
              (local.get $colon)
              (i8x16.bitmask (i16x8.shl (local.get $one) (i32.const 1)))
              (i8x16.bitmask (i16x8.shl (local.get $other) (i32.const 1)))))
          (local.set $backslash
            (call $followedBy
              (local.get $backslash)
              (i8x16.bitmask (i16x8.shl (local.get $one) (i32.const 6)))
              (i8x16.bitmask (i16x8.shl (local.get $other) (i32.const 6)))))
          ;; The byte behind the first of some digits: one that a letter stands before needs a second digit, or a backslash
          ;; 2 to 6 bytes before it (`\n1`, `\u00e91`). The byte behind a colon between letters and digits, or two colons.
          (call $store
            (i32.add (local.get $to) (i32.const 0x5c000))
            (i64.or
              (i64.and
                (i64.and
                  (i64.shl (local.get $digit) (i64.const 1))
                  (i64.xor (i64.shl (local.get $digit) (i64.const 2)) (i64.const -1)))
                (i64.or
                  (i64.or
                    (i64.xor (i64.shl (local.get $alphanumeric) (i64.const 2)) (i64.const -1))
                    (local.get $digit))
                  (i64.or
                    (i64.or
                      (i64.shl (local.get $backslash) (i64.const 3))
                      (i64.shl (local.get $backslash) (i64.const 4)))
                    (i64.or
                      (i64.or
                        (i64.shl (local.get $backslash) (i64.const 5))
                        (i64.shl (local.get $backslash) (i64.const 6)))
                      (i64.shl (local.get $backslash) (i64.const 7))))))
              (i64.and
                (i64.and
                  (i64.shl (local.get $colon) (i64.const 1))
                  (i64.shl (local.get $alphanumeric) (i64.const 2)))
                (i64.or (local.get $alphanumeric) (local.get $colon)))))))

      ;; Once more than the text has bytes: what is marked behind a byte may be marked behind the last one.
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $next (i32.le_u (local.get $at) (local.get $length))))))
