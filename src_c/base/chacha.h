/* ChaCha20 (RFC 8439) as a stream of random bytes. */
#ifndef MC_BASE_CHACHA_H
#define MC_BASE_CHACHA_H

#include <stddef.h>
#include <stdint.h>

enum { MC_CHACHA_KEY = 8, MC_CHACHA_WORDS = 64 }; /* 32-bit words: of a key, and of the blocks made at once */

/* The blocks counter to counter + 3 under a key, with a nonce of 0. */
void mc_chacha_blocks(const uint32_t key[MC_CHACHA_KEY], uint32_t counter, uint32_t out[MC_CHACHA_WORDS]);

#endif
