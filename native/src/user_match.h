/*
 * AuthIDs against the keys of all users of a server (docs/wire-format.md, sections 2.3 and 10.1).
 *
 *   AES-128 of: unix seconds(8) | random(4) | CRC-32 of the 12 bytes before(4)
 */
#ifndef TSRAY_USER_MATCH_H
#define TSRAY_USER_MATCH_H

#include "aes_block.h"
#include "kdf.h"

typedef struct {
  const aes_backend *aes;
  /* `room` expanded keys, the first `count` of them in use, AES_LANES readable beyond any of them. */
  uint8_t *keys;
  size_t count;
  size_t room;
} user_keys;

void user_keys_open(user_keys *users, const aes_backend *aes);
void user_keys_close(user_keys *users);

/* Derives and keeps the AuthID key of `cmd_key` behind all others. False if memory ran out. */
bool user_keys_push(user_keys *users, const kdf_labels *labels, const uint8_t cmd_key[16]);
/* The last key takes the place of the one at `index`. False if there is none. */
bool user_keys_remove(user_keys *users, size_t index);

/*
 * The first of the keys `from` … `to` - 1 under which the block is an AuthID, and its time; -1 if there is none. Times
 * before 1970 or beyond 2106 are none: they lie in no window.
 */
int64_t user_keys_find(const user_keys *users, const uint8_t auth_id[16], size_t from, size_t to, uint32_t *seconds);

#endif
