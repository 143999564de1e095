#ifndef BARGKHAN_PIX_VECTORS_H
#define BARGKHAN_PIX_VECTORS_H

// What loops share, and need to be made for several processors; only loops include it.

#include "loops.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define FAST __attribute__((target("avx2")))
#define WIDE __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif

static inline int fast(void) {
#if defined(__x86_64__)
	return pix_vectors > 0 && __builtin_cpu_supports("avx2");
#else
	return 0;
#endif
}

#if defined(__x86_64__)
static inline int wide(void) {
	return pix_vectors > 1 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("avx512bw");
}
#endif

// Pixels of a block, of whose paper one thing is known.
enum { BLOCK = 16 };

// Spreads the values of blocks over w pixels of a row, and over the rest of the last block.
static inline void spread_blocks(const uint8_t *blocks, int w, uint8_t *line) {
	for (int x = 0; x < w; x += BLOCK)
		memset(line + x, blocks[x / BLOCK], BLOCK);
}

#endif
