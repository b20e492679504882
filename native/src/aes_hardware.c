#include "aes_block.h"

#define ROUNDS 10
#define ROUND_KEYS (ROUNDS + 1)

#if defined(__x86_64__) || defined(__i386__)

#include <immintrin.h>

#define WITH_AES __attribute__((target("aes,sse2")))

WITH_AES static inline __m128i next_key(__m128i key, __m128i assist) {
  assist = _mm_shuffle_epi32(assist, 0xff);
  key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
  key = _mm_xor_si128(key, _mm_slli_si128(key, 8));
  return _mm_xor_si128(key, assist);
}

/* The equivalent inverse cipher (FIPS 197, 5.3.5): round keys in reverse, the inner ones with their columns unmixed. */
WITH_AES static void expand(const uint8_t key[16], uint8_t *expanded) {
  __m128i forward[ROUND_KEYS];
  forward[0] = _mm_loadu_si128((const __m128i *)(const void *)key);
#define NEXT(round, constant) \
  forward[round] = next_key(forward[round - 1], _mm_aeskeygenassist_si128(forward[round - 1], constant))
  NEXT(1, 0x01);
  NEXT(2, 0x02);
  NEXT(3, 0x04);
  NEXT(4, 0x08);
  NEXT(5, 0x10);
  NEXT(6, 0x20);
  NEXT(7, 0x40);
  NEXT(8, 0x80);
  NEXT(9, 0x1b);
  NEXT(10, 0x36);
#undef NEXT
  for (int i = 0; i < ROUND_KEYS; i += 1) {
    __m128i reversed = forward[ROUNDS - i];
    if (i > 0 && i < ROUNDS) reversed = _mm_aesimc_si128(reversed);
    _mm_storeu_si128((__m128i *)(void *)(expanded + i * AES_BLOCK_BYTES), reversed);
  }
}

WITH_AES static inline __m128i round_key(const uint8_t *expanded, int lane, int round) {
  return _mm_loadu_si128((const __m128i *)(const void *)(expanded + (lane * ROUND_KEYS + round) * AES_BLOCK_BYTES));
}

WITH_AES static void decrypt(const uint8_t *expanded, size_t lanes, const uint8_t block[16],
                             uint8_t out[AES_LANES * AES_BLOCK_BYTES]) {
  (void)lanes; /* all of them: a fixed count leaves no branches */
  __m128i in = _mm_loadu_si128((const __m128i *)(const void *)block);
  __m128i state[AES_LANES];
  for (int lane = 0; lane < AES_LANES; lane += 1) state[lane] = _mm_xor_si128(in, round_key(expanded, lane, 0));
  for (int round = 1; round < ROUNDS; round += 1) {
    for (int lane = 0; lane < AES_LANES; lane += 1)
      state[lane] = _mm_aesdec_si128(state[lane], round_key(expanded, lane, round));
  }
  for (int lane = 0; lane < AES_LANES; lane += 1) {
    state[lane] = _mm_aesdeclast_si128(state[lane], round_key(expanded, lane, ROUNDS));
    _mm_storeu_si128((__m128i *)(void *)(out + lane * AES_BLOCK_BYTES), state[lane]);
  }
}

static const aes_backend hardware = {"AES-NI", ROUND_KEYS * AES_BLOCK_BYTES, expand, decrypt};

const aes_backend *aes_hardware(void) { return __builtin_cpu_supports("aes") ? &hardware : NULL; }

#elif defined(__aarch64__) && (defined(__linux__) || defined(__APPLE__))

#include <arm_neon.h>

#define WITH_AES __attribute__((target("+crypto")))

/* SubBytes of four equal columns: shifting rows does nothing to them. */
WITH_AES static inline uint32_t substitute(uint32_t word) {
  uint8x16_t columns = vreinterpretq_u8_u32(vdupq_n_u32(word));
  return vgetq_lane_u32(vreinterpretq_u32_u8(vaeseq_u8(columns, vdupq_n_u8(0))), 0);
}

/* As on x86: FIPS 197, 5.3.5. Words are little-endian, so rotating a word left by a byte is a right rotation here. */
WITH_AES static void expand(const uint8_t key[16], uint8_t *expanded) {
  static const uint8_t constants[ROUNDS] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36};
  uint32_t words[4 * ROUND_KEYS];
  memcpy(words, key, 16);
  for (int i = 4; i < 4 * ROUND_KEYS; i += 1) {
    uint32_t word = words[i - 1];
    if (i % 4 == 0) {
      word = substitute(word);
      word = ((word >> 8) | (word << 24)) ^ constants[i / 4 - 1];
    }
    words[i] = words[i - 4] ^ word;
  }
  for (int i = 0; i < ROUND_KEYS; i += 1) {
    uint8x16_t reversed = vreinterpretq_u8_u32(vld1q_u32(words + 4 * (ROUNDS - i)));
    if (i > 0 && i < ROUNDS) reversed = vaesimcq_u8(reversed);
    vst1q_u8(expanded + i * AES_BLOCK_BYTES, reversed);
  }
}

WITH_AES static inline uint8x16_t round_key(const uint8_t *expanded, int lane, int round) {
  return vld1q_u8(expanded + (lane * ROUND_KEYS + round) * AES_BLOCK_BYTES);
}

WITH_AES static void decrypt(const uint8_t *expanded, size_t lanes, const uint8_t block[16],
                             uint8_t out[AES_LANES * AES_BLOCK_BYTES]) {
  (void)lanes; /* all of them: a fixed count leaves no branches */
  uint8x16_t state[AES_LANES];
  for (int lane = 0; lane < AES_LANES; lane += 1) state[lane] = vld1q_u8(block);
  for (int round = 0; round < ROUNDS - 1; round += 1) {
    for (int lane = 0; lane < AES_LANES; lane += 1)
      state[lane] = vaesimcq_u8(vaesdq_u8(state[lane], round_key(expanded, lane, round)));
  }
  for (int lane = 0; lane < AES_LANES; lane += 1) {
    state[lane] = veorq_u8(vaesdq_u8(state[lane], round_key(expanded, lane, ROUNDS - 1)), round_key(expanded, lane, ROUNDS));
    vst1q_u8(out + lane * AES_BLOCK_BYTES, state[lane]);
  }
}

static const aes_backend hardware = {"ARMv8 AES", ROUND_KEYS * AES_BLOCK_BYTES, expand, decrypt};

#ifdef __APPLE__
const aes_backend *aes_hardware(void) { return &hardware; }
#else
#include <sys/auxv.h>
#ifndef HWCAP_AES
#define HWCAP_AES (1 << 3)
#endif
const aes_backend *aes_hardware(void) { return getauxval(AT_HWCAP) & HWCAP_AES ? &hardware : NULL; }
#endif

#else

const aes_backend *aes_hardware(void) { return NULL; }

#endif
