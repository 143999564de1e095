#pragma GCC optimize("O3", "fp-contract=off")

#include "vectors.h"

#include <string.h>

// Sets n[x] to how many pixels of column x are at most level[x].
static void count_below(const uint8_t *band, ptrdiff_t stride, int w, int rows, const uint8_t *level, uint8_t *n) {
	int x = 0;
#if defined(__x86_64__)
	for (; x + 32 <= w; x += 32) {
		const __m128i l = _mm_loadu_si128((const __m128i *)(level + x)), m = _mm_loadu_si128((const __m128i *)(level + x + 16));
		__m128i a = _mm_setzero_si128(), b = a;
		for (int y = 0; y < rows; y++) {
			const __m128i *at = (const __m128i *)(band + y * stride + x);
			__m128i u = _mm_loadu_si128(at), v = _mm_loadu_si128(at + 1);
			a = _mm_sub_epi8(a, _mm_cmpeq_epi8(_mm_min_epu8(u, l), u));
			b = _mm_sub_epi8(b, _mm_cmpeq_epi8(_mm_min_epu8(v, m), v));
		}
		_mm_storeu_si128((__m128i *)(n + x), a);
		_mm_storeu_si128((__m128i *)(n + x + 16), b);
	}
#endif
	for (; x < w; x++) {
		n[x] = 0;
		for (int y = 0; y < rows; y++)
			n[x] = (uint8_t)(n[x] + (band[y * stride + x] <= level[x]));
	}
}

CLONES static int sum_bytes(const uint8_t *row, int n) {
	uint16_t all = 0;
	for (int x = 0; x < n; x++)
		all = (uint16_t)(all + row[x]);
	return all;
}

#if defined(__x86_64__)
// The sum of the bytes of n within mask.
FAST static inline int sum32(__m256i n, __m256i mask) {
	n = _mm256_sad_epu8(_mm256_and_si256(n, mask), _mm256_setzero_si256());
	__m128i s = _mm_add_epi64(_mm256_castsi256_si128(n), _mm256_extracti128_si256(n, 1));
	return _mm_cvtsi128_si32(s) + _mm_extract_epi16(s, 4);
}

// 255 where a byte of u is at most level.
FAST static inline __m256i up_to(__m256i u, __m256i level) { return _mm256_cmpeq_epi8(_mm256_min_epu8(u, level), u); }

// The answer for one tile, of t of 32 columns that may all be read, the first of them at from;
// it is looked for at guess first. What is asked for ahead may lie behind the picture: that does nothing.
FAST static uint8_t quantile32(const uint8_t *at, ptrdiff_t stride, int rows, int from, int t, int most, int guess) {
	uint8_t in[32] = {0};
	memset(in + from, 255, (size_t)t);
	const __m256i mask = _mm256_loadu_si256((const __m256i *)in), zero = _mm256_setzero_si256();
	guess = guess < 1 ? 1 : guess > 253 ? 253 : guess;
	// It is mostly guess or one more: that is seen at once.
	const __m256i level = _mm256_set1_epi8((char)guess), one = _mm256_set1_epi8(1);
	const __m256i less = _mm256_sub_epi8(level, one), more = _mm256_add_epi8(level, one);
	__m256i a = zero, b = zero, c = zero;
	for (int y = 0; y < rows; y++) {
		__m256i u = _mm256_loadu_si256((const __m256i *)(at + y * stride));
		__builtin_prefetch((const void *)((uintptr_t)at + (uintptr_t)(y * stride) + 128)); // tiles farther on
		a = _mm256_sub_epi8(a, up_to(u, less)), b = _mm256_sub_epi8(b, up_to(u, level)), c = _mm256_sub_epi8(c, up_to(u, more));
	}
	int below = sum32(a, mask) <= most, here = sum32(b, mask) <= most, above = sum32(c, mask) <= most;
	if (below && !above)
		return (uint8_t)(guess + here);
	// At most so many pixels are up to lo, and more are up to hi: found by growing steps
	// away from there, and then by halves.
	int lo = above ? guess + 1 : -1, hi = above ? 255 : guess - 1;
	for (int v = above ? guess + 3 : guess - 3, step = 4; hi - lo > 1; step *= 2) {
		if (v <= lo || v >= hi)
			v = (lo + hi) / 2;
		__m256i n = zero;
		for (int y = 0; y < rows; y++)
			n = _mm256_sub_epi8(n, up_to(_mm256_loadu_si256((const __m256i *)(at + y * stride)), _mm256_set1_epi8((char)v)));
		if (sum32(n, mask) <= most) {
			lo = v;
			v += step;
		} else {
			hi = v;
			v -= step;
		}
	}
	return (uint8_t)hi;
}
#endif

void pix_quantiles(const uint8_t *band, ptrdiff_t stride, int w, int rows, int t, int n, double share, uint8_t *out,
                   uint8_t *line) {
#if defined(__x86_64__)
	int guess = 240; // paper is bright, and as bright as beside
	for (int x = 0; fast() && t <= 32 && w >= 32 && n > 0; n--, out++, x += t) {
		int from = x + 32 <= w ? 0 : x + 32 - w, wide = x + t <= w ? t : w - x;
		guess = *out = quantile32(band + x - from, stride, rows, from, wide, (int)(share * (double)(wide * rows)), guess);
	}
	if (n == 0)
		return;
#endif
	uint8_t *level = line, *counts = line + w;
	memset(out, 0, (size_t)n);
	// out is always below the answer or it: bits are set from the highest down while
	// too few pixels lie below.
	for (int bit = 128; bit > 0; bit >>= 1) {
		for (int i = 0; i < n; i++) {
			int x0 = i * t, x1 = x0 + t < w ? x0 + t : w;
			memset(level + x0, out[i] + bit - 1, (size_t)(x1 - x0));
		}
		count_below(band, stride, w, rows, level, counts);
		for (int i = 0; i < n; i++) {
			int x0 = i * t, x1 = x0 + t < w ? x0 + t : w;
			if (sum_bytes(counts + x0, x1 - x0) <= (int)(share * (double)((x1 - x0) * rows)))
				out[i] = (uint8_t)(out[i] + bit);
		}
	}
}
