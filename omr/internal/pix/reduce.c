#pragma GCC optimize("O3", "fp-contract=off")

#include "vectors.h"

#include <string.h>

// Halves two rows to w pixels from x on.
static void halve_row(const uint8_t *a, const uint8_t *b, int x, int w, uint8_t *dst) {
	for (; x < w; x++)
		dst[x] = (uint8_t)((a[2 * x] + a[2 * x + 1] + b[2 * x] + b[2 * x + 1] + 2) >> 2);
}

#if defined(__x86_64__)
FAST static inline __m256i quarters(const uint8_t *a, const uint8_t *b) {
	const __m256i one = _mm256_set1_epi8(1);
	__m256i s = _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_loadu_si256((const __m256i *)a), one),
	                             _mm256_maddubs_epi16(_mm256_loadu_si256((const __m256i *)b), one));
	return _mm256_srli_epi16(_mm256_add_epi16(s, _mm256_set1_epi16(2)), 2);
}

// The last vector begins where it ends with the row.
FAST static int halve_fast(const uint8_t *a, const uint8_t *b, int w, uint8_t *dst) {
	if (w < 32)
		return 0;
	for (int x = 0; x < w; x += 32) {
		x = x + 32 < w ? x : w - 32;
		__m256i s = _mm256_packus_epi16(quarters(a + 2 * x, b + 2 * x), quarters(a + 2 * x + 32, b + 2 * x + 32));
		_mm256_storeu_si256((__m256i *)(dst + x), _mm256_permute4x64_epi64(s, 0xD8));
	}
	return w;
}
#endif

static void halve(const uint8_t *a, const uint8_t *b, int w, uint8_t *dst) {
	int x = 0;
#if defined(__x86_64__)
	if (fast())
		x = halve_fast(a, b, w, dst);
#endif
	halve_row(a, b, x, w, dst);
}

CLONES static void add_row(uint16_t *restrict sums, const uint8_t *restrict row, int n) {
	for (int x = 0; x < n; x++)
		sums[x] = (uint16_t)(sums[x] + row[x]);
}

// A third of a row, from three rows: what 300 dpi are reduced by.
CLONES static void third_row(const uint8_t *restrict a, const uint8_t *restrict b, const uint8_t *restrict c, int x, int w,
                             uint8_t *restrict dst) {
	for (; x < w; x++) {
		uint32_t s = 4;
		for (int i = 3 * x; i < 3 * x + 3; i++)
			s += (uint32_t)a[i] + b[i] + c[i];
		dst[x] = (uint8_t)(s * 7282 >> 16); // a ninth, of all that 9·255+4 may be
	}
}

#if defined(__x86_64__)
FAST static inline __m256i ninths(const uint16_t *sums) {
	__m256i s = _mm256_add_epi16(_mm256_loadu_si256((const __m256i *)sums), _mm256_loadu_si256((const __m256i *)(sums + 1)));
	s = _mm256_add_epi16(_mm256_add_epi16(s, _mm256_loadu_si256((const __m256i *)(sums + 2))), _mm256_set1_epi16(4));
	return _mm256_mulhi_epu16(s, _mm256_set1_epi16(7282));
}

// Each third of the means around every pixel.
FAST static int third_fast(const uint8_t *a, const uint8_t *b, const uint8_t *c, int w, uint16_t *sums, uint8_t *dst) {
	const __m128i m0 = _mm_setr_epi8(0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
	const __m128i m1 = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1);
	const __m128i m2 = _mm_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13);
	int i = 0, x = 0;
	for (; i + 16 <= 3 * w; i += 16) {
		__m256i s = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(a + i)));
		s = _mm256_add_epi16(s, _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(b + i))));
		s = _mm256_add_epi16(s, _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(c + i))));
		_mm256_storeu_si256((__m256i *)(sums + i), s);
	}
	for (; 3 * x + 50 <= i; x += 16) {
		const uint16_t *at = sums + 3 * x;
		__m256i p = _mm256_permute4x64_epi64(_mm256_packus_epi16(ninths(at), ninths(at + 16)), 0xD8);
		__m256i q = ninths(at + 32);
		__m128i r = _mm_packus_epi16(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
		r = _mm_or_si128(_mm_shuffle_epi8(r, m2), _mm_shuffle_epi8(_mm256_extracti128_si256(p, 1), m1));
		_mm_storeu_si128((__m128i *)(dst + x), _mm_or_si128(r, _mm_shuffle_epi8(_mm256_castsi256_si128(p), m0)));
	}
	return x;
}
#endif

static void third(const uint8_t *a, const uint8_t *b, const uint8_t *c, int w, uint16_t *sums, uint8_t *dst) {
	int x = 0;
#if defined(__x86_64__)
	if (fast())
		x = third_fast(a, b, c, w, sums, dst);
#endif
	third_row(a, b, c, x, w, dst);
}

// One row of w means of k×k pixels.
static void shrink_row(const uint8_t *row, ptrdiff_t stride, int w, int k, uint8_t *to, uint16_t *sums) {
	if (k == 2) {
		halve(row, row + stride, w, to);
		return;
	}
	if (k == 3) {
		third(row, row + stride, row + 2 * stride, w, sums, to);
		return;
	}
	uint64_t area = (uint64_t)k * k, inverse = ((uint64_t)1 << 40) / area + 1;
	memset(sums, 0, (size_t)w * k * sizeof *sums);
	for (int j = 0; j < k; j++)
		add_row(sums, row + j * stride, w * k);
	for (int x = 0; x < w; x++) {
		uint64_t s = area / 2;
		for (int i = 0; i < k; i++)
			s += sums[x * k + i];
		to[x] = (uint8_t)(s * inverse >> 40);
	}
}

// Counts the bytes of a row that are grey, and those that are white: sixty-four places in step.
CLONES static void count_tones(const uint8_t *row, int n, int64_t tones[2]) {
	enum { WIDE_ROW = 64, MOST = 255 * WIDE_ROW }; // what is added up in bytes
	for (int from = 0, to; from < n; from = to) {
		uint8_t grey[WIDE_ROW] = {0}, white[WIDE_ROW] = {0};
		to = from + MOST < n ? from + MOST : n;
		int x = from;
		for (; x + WIDE_ROW <= to; x += WIDE_ROW)
			for (int i = 0; i < WIDE_ROW; i++) {
				grey[i] = (uint8_t)(grey[i] + ((uint8_t)(row[x + i] - PIX_EDGE) <= 255 - 2 * PIX_EDGE));
				white[i] = (uint8_t)(white[i] + (row[x + i] >= PIX_WHITEST));
			}
		int some = 0, bright = 0;
		for (int i = 0; i < WIDE_ROW; i++)
			some += grey[i], bright += white[i];
		for (; x < to; x++) {
			some += (uint8_t)(row[x] - PIX_EDGE) <= 255 - 2 * PIX_EDGE;
			bright += row[x] >= PIX_WHITEST;
		}
		tones[0] += some;
		tones[1] += bright;
	}
}

// From the last row up: what was decoded last is still close to the processor.
void pix_reduce(const uint8_t *src, ptrdiff_t stride, int w, int y0, int y1, int k, uint8_t *dst, uint16_t *sums, int64_t tones[2]) {
	for (int y = y1 - 1; y >= y0; y--) {
		if (k > 1 && y % k == k - 1)
			shrink_row(src + (ptrdiff_t)(y - k + 1) * stride, stride, w / k, k, dst + (ptrdiff_t)(y / k) * (w / k), sums);
		if (y % PIX_TONES_EVERY == 0)
			count_tones(src + (ptrdiff_t)y * stride, w, tones);
	}
}
