#include "shake128.h"

static const uint64_t round_constants[24] = {
    0x0000000000000001u, 0x0000000000008082u, 0x800000000000808au, 0x8000000080008000u, 0x000000000000808bu,
    0x0000000080000001u, 0x8000000080008081u, 0x8000000000008009u, 0x000000000000008au, 0x0000000000000088u,
    0x0000000080008009u, 0x000000008000000au, 0x000000008000808bu, 0x800000000000008bu, 0x8000000000008089u,
    0x8000000000008003u, 0x8000000000008002u, 0x8000000000000080u, 0x000000000000800au, 0x800000008000000au,
    0x8000000080008081u, 0x8000000000008080u, 0x0000000080000001u, 0x8000000080008008u};

/* Lane visited at each step of the combined rho and pi, and its rotation. */
static const uint8_t pi_lane[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
static const uint8_t rho_bits[24] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};

static inline uint64_t rotate(uint64_t value, unsigned bits) { return (value << bits) | (value >> (64 - bits)); }

/* -O2 leaves the short loops standing; unrolled, tables and remainders fold away, at a third of the time. */
#define UNROLL _Pragma("GCC unroll 25")

static void permute(uint64_t a[25]) {
  for (int round = 0; round < 24; round += 1) {
    uint64_t c[5];
    UNROLL
    for (int x = 0; x < 5; x += 1) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    UNROLL
    for (int x = 0; x < 5; x += 1) {
      uint64_t d = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
      UNROLL
      for (int y = 0; y < 25; y += 5) a[x + y] ^= d;
    }
    uint64_t moving = a[1];
    UNROLL
    for (int i = 0; i < 24; i += 1) {
      uint64_t next = a[pi_lane[i]];
      a[pi_lane[i]] = rotate(moving, rho_bits[i]);
      moving = next;
    }
    UNROLL
    for (int y = 0; y < 25; y += 5) {
      uint64_t row[5];
      memcpy(row, a + y, sizeof row);
      UNROLL
      for (int x = 0; x < 5; x += 1) a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    a[0] ^= round_constants[round];
  }
}

void shake128_init(shake128 *state, const uint8_t seed[16]) {
  memset(state, 0, sizeof *state);
  for (int i = 0; i < 16; i += 1) state->lanes[i / 8] |= (uint64_t)seed[i] << (8 * (i % 8));
  state->lanes[2] ^= 0x1f; /* domain bits of SHAKE, first padding bit */
  state->lanes[SHAKE128_RATE / 8 - 1] ^= 0x8000000000000000u;
  state->at = SHAKE128_RATE; /* the first read permutes */
}

uint16_t shake128_next_u16(shake128 *state) {
  if (state->at == SHAKE128_RATE) {
    permute(state->lanes);
    state->at = 0;
  }
  uint64_t lane = state->lanes[state->at / 8] >> (8 * (state->at % 8));
  state->at += 2;
  return (uint16_t)(((lane & 0xff) << 8) | ((lane >> 8) & 0xff));
}
