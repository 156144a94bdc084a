;; Marks in a text, by a bit a byte, what the scans for secrets and personal data begin at: 32 bytes at a time, by SIMD.
;; byte-marks.wasm is made of it by `UPDATE_WASM=1 node --test pipeline/redaction/byte-marks-wasm.test.ts`.
;;
;; Memory: from 0 on the text, with zeros behind it; from 0x41000 on the bitmaps, whose places byte-marks.ts knows.
;; What is the same for 16 bytes and the next 16 is written twice: the runtime does not inline functions.
(module
  (memory (export "memory") 7)

  (func (export "mark") (param $length i32) (param $withNumbers i32)
    (local $at i32) (local $to i32)
    ;; The classes of 16 bytes, of the 16 behind them, and of the 16 before them: what a byte's two halves share.
    ;; 0x80 digit, 0x40 colon, 0x20 and 0x10 letter, 0x08 `+` `-` `/`, 0x04 `_`, 0x02 backslash.
    (local $one v128) (local $other v128) (local $before v128)
    ;; Bits of the last 64 bytes; the upper half is of the 32 that are looked at.
    (local $noToken i64) (local $noAlphanumeric i64) (local $token i64) (local $alphanumeric i64)
    (local $run i64) (local $digit i64) (local $colon i64) (local $backslash i64)
    ;; The runtime would make constants anew each time.
    (local $low v128) (local $high v128) (local $nibble v128) (local $tokens v128) (local $alphanumerics v128)
    (local $zero v128) (local $digitsAndColon v128)
    (local.set $low
      (v128.const i8x16 0x90 0xb0 0xb0 0xb0 0xb0 0xb0 0xb0 0xb0 0xb0 0xb0 0x70 0x28 0x22 0x28 0x20 0x2c))
    (local.set $high (v128.const i8x16 0 0 0x08 0xc0 0x20 0x16 0x20 0x10 0 0 0 0 0 0 0 0))
    (local.set $nibble (v128.const i32x4 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f 0x0f0f0f0f))
    (local.set $tokens (v128.const i32x4 0xbcbcbcbc 0xbcbcbcbc 0xbcbcbcbc 0xbcbcbcbc))
    (local.set $alphanumerics (v128.const i32x4 0xb0b0b0b0 0xb0b0b0b0 0xb0b0b0b0 0xb0b0b0b0))
    (local.set $zero (v128.const i64x2 0 0))
    (local.set $digitsAndColon (v128.const i32x4 0xc0c0c0c0 0xc0c0c0c0 0xc0c0c0c0 0xc0c0c0c0))
    (local.set $noToken (i64.const -1))
    (local.set $noAlphanumeric (i64.const -1))
    (loop $next
      (local.set $to (i32.shr_u (local.get $at) (i32.const 3)))
      (local.set $before (local.get $other))
      (local.set $one (v128.load (local.get $at)))
      (local.set $one
        (v128.and
          (i8x16.swizzle (local.get $low) (v128.and (local.get $one) (local.get $nibble)))
          (i8x16.swizzle
            (local.get $high)
            (v128.and (i16x8.shr_u (local.get $one) (i32.const 4)) (local.get $nibble)))))
      (local.set $other (v128.load offset=16 (local.get $at)))
      (local.set $other
        (v128.and
          (i8x16.swizzle (local.get $low) (v128.and (local.get $other) (local.get $nibble)))
          (i8x16.swizzle
            (local.get $high)
            (v128.and (i16x8.shr_u (local.get $other) (i32.const 4)) (local.get $nibble)))))

      (local.set $noToken
        (i64.or
          (i64.shr_u (local.get $noToken) (i64.const 32))
          (i64.shl
            (i64.extend_i32_u
              (i32.or
                (i8x16.bitmask (i8x16.eq (v128.and (local.get $one) (local.get $tokens)) (local.get $zero)))
                (i32.shl
                  (i8x16.bitmask (i8x16.eq (v128.and (local.get $other) (local.get $tokens)) (local.get $zero)))
                  (i32.const 16))))
            (i64.const 32))))
      (local.set $noAlphanumeric
        (i64.or
          (i64.shr_u (local.get $noAlphanumeric) (i64.const 32))
          (i64.shl
            (i64.extend_i32_u
              (i32.or
                (i8x16.bitmask (i8x16.eq (v128.and (local.get $one) (local.get $alphanumerics)) (local.get $zero)))
                (i32.shl
                  (i8x16.bitmask
                    (i8x16.eq (v128.and (local.get $other) (local.get $alphanumerics)) (local.get $zero)))
                  (i32.const 16))))
            (i64.const 32))))
      (local.set $token (i64.xor (local.get $noToken) (i64.const -1)))

      ;; Tokens, and those that no letter or digit stands before.
      (i32.store offset=0x4a000 (local.get $to) (i32.wrap_i64 (i64.shr_u (local.get $token) (i64.const 32))))
      (i32.store offset=0x53000
        (local.get $to)
        (i32.wrap_i64
          (i64.shr_u
            (i64.and (local.get $token) (i64.shl (local.get $noAlphanumeric) (i64.const 1)))
            (i64.const 32))))

      ;; The ends of 15 tokens in a row: of 2, 4, 8 and then 7 more.
      (local.set $run (i64.and (local.get $token) (i64.shl (local.get $token) (i64.const 1))))
      (local.set $run (i64.and (local.get $run) (i64.shl (local.get $run) (i64.const 2))))
      (local.set $run (i64.and (local.get $run) (i64.shl (local.get $run) (i64.const 4))))
      (i32.store offset=0x41000
        (local.get $to)
        (i32.wrap_i64
          (i64.shr_u (i64.and (local.get $run) (i64.shl (local.get $run) (i64.const 7))) (i64.const 32))))

      (if
        (local.get $withNumbers)
        (then
          (i32.store offset=0x5c000 (local.get $to) (i32.const 0))
          ;; Most texts have few digits.
          (if
            (v128.any_true
              (v128.and
                (v128.or (v128.or (local.get $before) (local.get $one)) (local.get $other))
                (local.get $digitsAndColon)))
            (then
              (local.set $digit
                (i64.or
                  (i64.extend_i32_u (i32.shl (i8x16.bitmask (local.get $before)) (i32.const 16)))
                  (i64.shl
                    (i64.extend_i32_u
                      (i32.or
                        (i8x16.bitmask (local.get $one))
                        (i32.shl (i8x16.bitmask (local.get $other)) (i32.const 16))))
                    (i64.const 32))))
              (local.set $colon
                (i64.or
                  (i64.extend_i32_u
                    (i32.shl (i8x16.bitmask (i16x8.shl (local.get $before) (i32.const 1))) (i32.const 16)))
                  (i64.shl
                    (i64.extend_i32_u
                      (i32.or
                        (i8x16.bitmask (i16x8.shl (local.get $one) (i32.const 1)))
                        (i32.shl (i8x16.bitmask (i16x8.shl (local.get $other) (i32.const 1))) (i32.const 16))))
                    (i64.const 32))))
              (local.set $backslash
                (i64.or
                  (i64.extend_i32_u
                    (i32.shl (i8x16.bitmask (i16x8.shl (local.get $before) (i32.const 6))) (i32.const 16)))
                  (i64.shl
                    (i64.extend_i32_u
                      (i32.or
                        (i8x16.bitmask (i16x8.shl (local.get $one) (i32.const 6)))
                        (i32.shl (i8x16.bitmask (i16x8.shl (local.get $other) (i32.const 6))) (i32.const 16))))
                    (i64.const 32))))
              (local.set $alphanumeric (i64.xor (local.get $noAlphanumeric) (i64.const -1)))
              ;; The byte behind the first of some digits: one that a letter stands before needs a second digit, or a
              ;; backslash 2 to 6 bytes before it (`\n1`, `\u00e91`). The byte behind a colon between letters or digits,
              ;; or of two colons.
              (i32.store offset=0x5c000
                (local.get $to)
                (i32.wrap_i64
                  (i64.shr_u
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
                              (i64.shl (local.get $backslash) (i64.const 5))
                              (i64.or
                                (i64.shl (local.get $backslash) (i64.const 6))
                                (i64.shl (local.get $backslash) (i64.const 7)))))))
                      (i64.and
                        (i64.and
                          (i64.shl (local.get $colon) (i64.const 1))
                          (i64.shl (local.get $alphanumeric) (i64.const 2)))
                        (i64.or (local.get $alphanumeric) (local.get $colon))))
                    (i64.const 32))))))))

      ;; Once more than the text has bytes: what is marked behind a byte may be marked behind the last one.
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $next (i32.le_u (local.get $at) (local.get $length))))))
