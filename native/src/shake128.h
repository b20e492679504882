/* SHAKE128 of a 16-byte seed, read as a sequence of big-endian u16 (FIPS 202; docs/wire-format.md, section 6.3). */
#ifndef TSRAY_SHAKE128_H
#define TSRAY_SHAKE128_H

#include "common.h"

#define SHAKE128_RATE 168

typedef struct {
  uint64_t lanes[25];
  /* Bytes of the current block already read; even. */
  uint32_t at;
} shake128;

void shake128_init(shake128 *state, const uint8_t seed[16]);
uint16_t shake128_next_u16(shake128 *state);

#endif
