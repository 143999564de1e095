#pragma GCC optimize("O3", "fp-contract=off")

#include "vectors.h"

#include <math.h>
#include <string.h>

int pix_vectors = 2;

// ---- whole pictures

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

// The answer for one tile, of t of 32 columns that may all be read, the first of them at from.
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

// ---- blobs

// The pixels of 64 that are darker than their limits, as bits.
static uint64_t darker(const uint8_t *row, const uint8_t *limit, int n) {
	uint64_t bits = 0;
	int i = 0;
#if defined(__x86_64__)
	for (; i + 16 <= n; i += 16) {
		__m128i over = _mm_subs_epu8(_mm_loadu_si128((const __m128i *)(limit + i)), _mm_loadu_si128((const __m128i *)(row + i)));
		unsigned m = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(over, _mm_setzero_si128()));
		bits |= (uint64_t)(~m & 0xFFFF) << i;
	}
#endif
	for (; i < n; i++)
		bits |= (uint64_t)(row[i] < limit[i]) << i;
	return bits;
}

int pix_runs(const uint8_t *img, ptrdiff_t stride, const int32_t box[4], const uint8_t *limit, int nx, pix_run *runs, int most,
             int *row, uint8_t *line) {
	int n = 0, y = *row, x0 = box[0], w = box[2] - x0;
	for (; y < box[3] && n + w / 2 + 1 <= most; y++) {
		if ((y - box[1]) % BLOCK == 0 || y == *row)
			spread_blocks(limit + (y - box[1]) / BLOCK * nx, w, line);
		const uint8_t *at = img + y * stride + x0;
		uint64_t before = 0; // the last bit of the 64 before
		int start = 0;
		for (int x = 0; x < w; x += 64) {
			uint64_t bits = darker(at + x, line + x, w - x < 64 ? w - x : 64);
			uint64_t turns = bits ^ (bits << 1 | before);
			before = bits >> 63;
			for (; turns; turns &= turns - 1) {
				int k = __builtin_ctzll(turns);
				if (bits >> k & 1)
					start = x0 + x + k;
				else
					runs[n++] = (pix_run){y, start, x0 + x + k, 0};
			}
		}
		if (before) // dark to the end of a row of whole sixty-fours; else the turn is seen
			runs[n++] = (pix_run){y, start, x0 + w, 0};
	}
	*row = y;
	return n;
}

static int32_t root(pix_run *runs, int32_t i) {
	while (runs[i].parent != i) {
		runs[i].parent = runs[runs[i].parent].parent;
		i = runs[i].parent;
	}
	return i;
}

static void join(pix_run *runs, int n) {
	int above = 0, row = 0;
	for (int i = 0; i < n; i++) {
		runs[i].parent = i;
		if (i > 0 && runs[i].y != runs[i - 1].y) {
			above = row;
			row = i;
			if (runs[i].y != runs[i - 1].y + 1)
				above = row;
		}
		while (above < row && runs[above].x1 < runs[i].x0)
			above++;
		int32_t a = i;
		for (int j = above; j < row && runs[j].x0 <= runs[i].x1; j++) {
			int32_t b = root(runs, j);
			if (a < b) {
				runs[b].parent = a;
			} else {
				runs[a].parent = b;
				a = b;
			}
		}
	}
}

int pix_figures(pix_run *runs, int n, int least, int most, pix_figure *fs) {
	join(runs, n);
	// A run's root comes first, so that figures are met at their roots, in order.
	for (int i = 0; i < n; i++) {
		pix_run *r = &runs[i];
		r->parent = root(runs, i);
		pix_figure *f = &fs[r->parent];
		if (r->parent == i) {
			f->x0 = r->x0;
			f->y0 = r->y;
			f->x1 = r->x1;
			f->y1 = r->y + 1;
			continue;
		}
		f->x0 = r->x0 < f->x0 ? r->x0 : f->x0;
		f->x1 = r->x1 > f->x1 ? r->x1 : f->x1;
		f->y1 = r->y + 1;
	}
	int count = 0;
	for (int i = 0; i < n; i++) {
		pix_run r = runs[i];
		pix_figure *f = &fs[r.parent];
		if (r.parent == i) {
			int w = f->x1 - f->x0, h = f->y1 - f->y0;
			f->index = -1;
			if (w >= least && h >= least && w <= most && h <= most) {
				f->index = count++;
				f->area = 0;
				f->cx = f->cy = 0;
				int x = 2 * r.x0 + 1, y = 2 * r.y + 1;
				for (int k = 0; k < 4; k++) {
					f->far[k][0] = x;
					f->far[k][1] = y;
				}
			}
		}
		if (f->index < 0)
			continue;
		int32_t len = r.x1 - r.x0, y = 2 * r.y + 1, x[4] = {2 * r.x0 + 1, 2 * r.x1 - 1, 2 * r.x1 - 1, 2 * r.x0 + 1};
		f->area += len;
		f->cx += (int64_t)len * (r.x0 + r.x1);
		f->cy += (int64_t)len * y;
		for (int k = 0; k < 4; k++) {
			// towards top left, top right, bottom right, bottom left
			int sx = k == 0 || k == 3 ? -1 : 1, sy = k < 2 ? -1 : 1;
			if (sx * x[k] + sy * y > sx * f->far[k][0] + sy * f->far[k][1]) {
				f->far[k][0] = x[k];
				f->far[k][1] = y;
			}
		}
	}
	for (int i = 0, k = 0; i < n && k < count; i++)
		if (runs[i].parent == i && fs[i].index >= 0)
			fs[k++] = fs[i];
	return count;
}

// ---- places between pixels

static double at(const pix_picture *p, double x, double y) {
	double mx = p->w - 1, my = p->h - 1;
	x = x > 0 ? x : 0;
	x = x > mx ? mx : x;
	y = y > 0 ? y : 0;
	y = y > my ? my : y;
	int x0 = (int)x, y0 = (int)y;
	double fx = x - x0, fy = y - y0;
	const uint8_t *o = p->at + (ptrdiff_t)y0 * p->stride + x0;
	ptrdiff_t dx = x0 + 1 < p->w, dy = y0 + 1 < p->h ? p->stride : 0;
	double a = o[0], b = o[dx], c = o[dy], d = o[dx + dy];
	a += (b - a) * fx;
	c += (d - c) * fx;
	return a + (c - a) * fy;
}

static double seen(const pix_picture *p, double x, double y) {
	if (!(x >= 0 && y >= 0 && x < p->w && y < p->h))
		return -1;
	return at(p, x - 0.5, y - 0.5);
}

#if defined(__x86_64__)

// Four places at once; x and y have centres at whole numbers.
FAST static inline __m256d at4(const pix_picture *p, __m256d x, __m256d y) {
	const __m256d zero = _mm256_setzero_pd();
	// In this order a place that is no number becomes 0, as in at.
	x = _mm256_min_pd(_mm256_max_pd(x, zero), _mm256_set1_pd(p->w - 1));
	y = _mm256_min_pd(_mm256_max_pd(y, zero), _mm256_set1_pd(p->h - 1));
	__m128i xi = _mm256_cvttpd_epi32(x), yi = _mm256_cvttpd_epi32(y);
	// Four bytes are read from each place and from below it.
	if (_mm_movemask_epi8(_mm_cmpgt_epi32(yi, _mm_set1_epi32(p->h - 3)))) {
		double xs[4], ys[4];
		_mm256_storeu_pd(xs, x);
		_mm256_storeu_pd(ys, y);
		return _mm256_setr_pd(at(p, xs[0], ys[0]), at(p, xs[1], ys[1]), at(p, xs[2], ys[2]), at(p, xs[3], ys[3]));
	}
	__m256d fx = _mm256_sub_pd(x, _mm256_cvtepi32_pd(xi)), fy = _mm256_sub_pd(y, _mm256_cvtepi32_pd(yi));
	__m128i o = _mm_add_epi32(_mm_mullo_epi32(yi, _mm_set1_epi32(p->stride)), xi);
	// Eight loads: two gathers took up to twice the time.
	uint32_t t[4], u[4];
	const uint8_t *at0 = p->at + _mm_extract_epi32(o, 0), *at1 = p->at + _mm_extract_epi32(o, 1);
	const uint8_t *at2 = p->at + _mm_extract_epi32(o, 2), *at3 = p->at + _mm_extract_epi32(o, 3);
	memcpy(t, at0, 4), memcpy(t + 1, at1, 4), memcpy(t + 2, at2, 4), memcpy(t + 3, at3, 4);
	ptrdiff_t down = p->stride;
	memcpy(u, at0 + down, 4), memcpy(u + 1, at1 + down, 4), memcpy(u + 2, at2 + down, 4), memcpy(u + 3, at3 + down, 4);
	__m128i top = _mm_setr_epi32((int)t[0], (int)t[1], (int)t[2], (int)t[3]);
	__m128i low = _mm_setr_epi32((int)u[0], (int)u[1], (int)u[2], (int)u[3]);
	const __m128i byte = _mm_set1_epi32(255);
	__m256d a = _mm256_cvtepi32_pd(_mm_and_si128(top, byte));
	__m256d b = _mm256_cvtepi32_pd(_mm_and_si128(_mm_srli_epi32(top, 8), byte));
	__m256d c = _mm256_cvtepi32_pd(_mm_and_si128(low, byte));
	__m256d d = _mm256_cvtepi32_pd(_mm_and_si128(_mm_srli_epi32(low, 8), byte));
	a = _mm256_add_pd(a, _mm256_mul_pd(_mm256_sub_pd(b, a), fx));
	c = _mm256_add_pd(c, _mm256_mul_pd(_mm256_sub_pd(d, c), fx));
	return _mm256_add_pd(a, _mm256_mul_pd(_mm256_sub_pd(c, a), fy));
}

// Whether four bytes may be read at every place but in the last two rows, and 32 bits
// hold every offset.
static int roomy(const pix_picture *p) {
	return p->w >= 4 && p->h >= 4 && (uint64_t)p->stride * (uint64_t)p->h < INT32_MAX;
}

// Eight places at once, all at least a pixel from the right border and two from the
// lower one; x and y have centres at whole numbers.
WIDE static inline __m512d at8(const pix_picture *p, __m512d x, __m512d y) {
	__m256i xi = _mm512_cvttpd_epi32(x), yi = _mm512_cvttpd_epi32(y), byte = _mm256_set1_epi32(255);
	__m512d fx = _mm512_sub_pd(x, _mm512_cvtepi32_pd(xi)), fy = _mm512_sub_pd(y, _mm512_cvtepi32_pd(yi));
	__m256i o = _mm256_add_epi32(_mm256_mullo_epi32(yi, _mm256_set1_epi32(p->stride)), xi);
	__m256i top = _mm256_i32gather_epi32((const int *)p->at, o, 1);
	__m256i low = _mm256_i32gather_epi32((const int *)(p->at + p->stride), o, 1);
	__m512d a = _mm512_cvtepi32_pd(_mm256_and_si256(top, byte));
	__m512d b = _mm512_cvtepi32_pd(_mm256_and_si256(_mm256_srli_epi32(top, 8), byte));
	__m512d c = _mm512_cvtepi32_pd(_mm256_and_si256(low, byte));
	__m512d d = _mm512_cvtepi32_pd(_mm256_and_si256(_mm256_srli_epi32(low, 8), byte));
	a = _mm512_add_pd(a, _mm512_mul_pd(_mm512_sub_pd(b, a), fx));
	c = _mm512_add_pd(c, _mm512_mul_pd(_mm512_sub_pd(d, c), fx));
	return _mm512_add_pd(a, _mm512_mul_pd(_mm512_sub_pd(c, a), fy));
}

// Whether at8 may look at all of x and y.
WIDE static inline int open8(const pix_picture *p, __m512d x, __m512d y) {
	const __m512d zero = _mm512_setzero_pd();
	__mmask8 in = _mm512_cmp_pd_mask(x, zero, _CMP_GE_OQ);
	in = _mm512_mask_cmp_pd_mask(in, y, zero, _CMP_GE_OQ);
	in = _mm512_mask_cmp_pd_mask(in, x, _mm512_set1_pd(p->w - 1), _CMP_LT_OQ);
	in = _mm512_mask_cmp_pd_mask(in, y, _mm512_set1_pd(p->h - 2), _CMP_LT_OQ);
	return in == 255;
}

WIDE static int samples8(const pix_picture *p, const double c[2], const double l[4], const double *steps, int n,
                         double *dst) {
	const __m512d cx = _mm512_set1_pd(c[0]), cy = _mm512_set1_pd(c[1]), half = _mm512_set1_pd(0.5);
	const __m512d xx = _mm512_set1_pd(l[0]), xy = _mm512_set1_pd(l[1]), yx = _mm512_set1_pd(l[2]), yy = _mm512_set1_pd(l[3]);
	const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
	int i = 0;
	for (; i + 8 <= n; i += 8) {
		__m512d u = _mm512_loadu_pd(steps + 2 * i), v = _mm512_loadu_pd(steps + 2 * i + 8);
		__m512d sx = _mm512_permutex2var_pd(u, even, v), sy = _mm512_permutex2var_pd(u, odd, v);
		__m512d x = _mm512_add_pd(_mm512_add_pd(cx, _mm512_mul_pd(xx, sx)), _mm512_mul_pd(xy, sy));
		__m512d y = _mm512_add_pd(_mm512_add_pd(cy, _mm512_mul_pd(yx, sx)), _mm512_mul_pd(yy, sy));
		x = _mm512_sub_pd(x, half);
		y = _mm512_sub_pd(y, half);
		if (open8(p, x, y)) {
			_mm512_storeu_pd(dst + i, at8(p, x, y));
			continue;
		}
		for (int k = i; k < i + 8; k++)
			dst[k] = seen(p, c[0] + l[0] * steps[2 * k] + l[1] * steps[2 * k + 1], c[1] + l[2] * steps[2 * k] + l[3] * steps[2 * k + 1]);
	}
	return i;
}

WIDE static int mapped8(const pix_picture *p, const double m[9], const double *places, int n, double *dst) {
	const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
	const __m512d half = _mm512_set1_pd(0.5);
	__m512d k[9];
	for (int j = 0; j < 9; j++)
		k[j] = _mm512_set1_pd(m[j]);
	int i = 0;
	for (; i + 8 <= n; i += 8) {
		__m512d u = _mm512_loadu_pd(places + 2 * i), v = _mm512_loadu_pd(places + 2 * i + 8);
		__m512d px = _mm512_permutex2var_pd(u, even, v), py = _mm512_permutex2var_pd(u, odd, v), to[3];
		for (int j = 0; j < 3; j++)
			to[j] = _mm512_add_pd(_mm512_add_pd(_mm512_mul_pd(k[3 * j], px), _mm512_mul_pd(k[3 * j + 1], py)), k[3 * j + 2]);
		__m512d x = _mm512_sub_pd(_mm512_div_pd(to[0], to[2]), half), y = _mm512_sub_pd(_mm512_div_pd(to[1], to[2]), half);
		if (open8(p, x, y)) {
			_mm512_storeu_pd(dst + i, at8(p, x, y));
			continue;
		}
		double xs[8], ys[8];
		_mm512_storeu_pd(xs, x);
		_mm512_storeu_pd(ys, y);
		for (int j = 0; j < 8; j++)
			dst[i + j] = at(p, xs[j], ys[j]);
	}
	return i;
}

FAST static int samples4(const pix_picture *p, const double c[2], const double l[4], const double *steps, int n,
                         double *dst) {
	const __m256d cx = _mm256_set1_pd(c[0]), cy = _mm256_set1_pd(c[1]), w = _mm256_set1_pd(p->w),
	              h = _mm256_set1_pd(p->h), zero = _mm256_setzero_pd(), half = _mm256_set1_pd(0.5);
	const __m256d xx = _mm256_set1_pd(l[0]), xy = _mm256_set1_pd(l[1]), yx = _mm256_set1_pd(l[2]),
	              yy = _mm256_set1_pd(l[3]);
	int i = 0;
	for (; i + 4 <= n; i += 4) {
		__m256d u = _mm256_loadu_pd(steps + 2 * i), v = _mm256_loadu_pd(steps + 2 * i + 4);
		__m256d sx = _mm256_permute4x64_pd(_mm256_unpacklo_pd(u, v), 0xD8);
		__m256d sy = _mm256_permute4x64_pd(_mm256_unpackhi_pd(u, v), 0xD8);
		__m256d x = _mm256_add_pd(_mm256_add_pd(cx, _mm256_mul_pd(xx, sx)), _mm256_mul_pd(xy, sy));
		__m256d y = _mm256_add_pd(_mm256_add_pd(cy, _mm256_mul_pd(yx, sx)), _mm256_mul_pd(yy, sy));
		__m256d in = _mm256_and_pd(
			_mm256_and_pd(_mm256_cmp_pd(x, zero, _CMP_GE_OQ), _mm256_cmp_pd(y, zero, _CMP_GE_OQ)),
			_mm256_and_pd(_mm256_cmp_pd(x, w, _CMP_LT_OQ), _mm256_cmp_pd(y, h, _CMP_LT_OQ)));
		__m256d got = at4(p, _mm256_sub_pd(x, half), _mm256_sub_pd(y, half));
		_mm256_storeu_pd(dst + i, _mm256_blendv_pd(_mm256_set1_pd(-1), got, in));
	}
	return i;
}

// Brings the 8th from the least of 16 values to its place, in four columns at once:
// Batcher's odd-even merging, without the comparisons that do not bear on it.
FAST static void middle4(double *v) {
	static const uint8_t network[][2] = {
		{0, 1}, {2, 3}, {0, 2}, {1, 3}, {1, 2}, {4, 5}, {6, 7}, {4, 6}, {5, 7}, {5, 6}, {0, 4}, {2, 6}, {2, 4}, {1, 5},
		{3, 7}, {3, 5}, {1, 2}, {3, 4}, {5, 6}, {8, 9}, {10, 11}, {8, 10}, {9, 11}, {9, 10}, {12, 13}, {14, 15},
		{12, 14}, {13, 15}, {13, 14}, {8, 12}, {10, 14}, {10, 12}, {9, 13}, {11, 15}, {11, 13}, {9, 10}, {11, 12},
		{13, 14}, {0, 8}, {4, 12}, {4, 8}, {2, 10}, {6, 14}, {6, 10}, {6, 8}, {1, 9}, {5, 13}, {5, 9}, {3, 11}, {7, 15},
		{7, 11}, {7, 9}, {7, 8},
	};
	for (size_t i = 0; i < sizeof network / sizeof network[0]; i++) {
		double *a = v + 4 * network[i][0], *b = v + 4 * network[i][1];
		__m256d x = _mm256_loadu_pd(a), y = _mm256_loadu_pd(b);
		_mm256_storeu_pd(a, _mm256_min_pd(x, y));
		_mm256_storeu_pd(b, _mm256_max_pd(x, y));
	}
}

#endif

void pix_samples(const pix_picture *p, const double c[2], const double l[4], const double *steps, int n, double *dst) {
	int i = 0;
#if defined(__x86_64__)
	if (wide() && roomy(p))
		i = samples8(p, c, l, steps, n, dst);
	else if (fast() && roomy(p))
		i = samples4(p, c, l, steps, n, dst);
#endif
	for (; i < n; i++) {
		double sx = steps[2 * i], sy = steps[2 * i + 1];
		dst[i] = seen(p, c[0] + l[0] * sx + l[1] * sy, c[1] + l[2] * sx + l[3] * sy);
	}
}

void pix_middles(const pix_picture *p, const double c[2], const double l[4], const double *steps, int n, double *dst,
                 double *buf) {
	pix_samples(p, c, l, steps, 4 * n, buf);
#if defined(__x86_64__)
	if (fast() && n == 16) {
		middle4(buf);
		memcpy(dst, buf + 4 * (n / 2), 4 * sizeof *dst);
		return;
	}
#endif
	for (int g = 0; g < 4; g++) {
		for (int i = 1; i < n; i++) {
			double v = buf[4 * i + g];
			int j = i;
			for (; j > 0 && buf[4 * (j - 1) + g] > v; j--)
				buf[4 * j + g] = buf[4 * (j - 1) + g];
			buf[4 * j + g] = v;
		}
		dst[g] = buf[4 * (n / 2) + g];
	}
}

// Places of profiles are whole numbers: 65536 of a pixel, whose centre is at 0. Brightness
// between pixels is so in 65536 of a step.
enum { PIXEL = 1 << 16, FAR = 32000 };

static int64_t fixed(double v) {
	v = v > -FAR ? v : -FAR; // so what is no number
	return (int64_t)(((v < FAR ? v : FAR) + FAR) * PIXEL + 0.5) - (int64_t)FAR * PIXEL;
}

static int64_t between(const pix_picture *p, int64_t x, int64_t y) {
	int64_t mx = (int64_t)(p->w - 1) * PIXEL, my = (int64_t)(p->h - 1) * PIXEL;
	x = x < 0 ? 0 : x > mx ? mx : x;
	y = y < 0 ? 0 : y > my ? my : y;
	const uint8_t *o = p->at + y / PIXEL * p->stride + x / PIXEL;
	int64_t fx = x % PIXEL >> 8, fy = y % PIXEL >> 8;
	ptrdiff_t right = x < mx, down = y < my ? p->stride : 0;
	int64_t top = 256 * o[0] + (o[right] - o[0]) * fx, low = 256 * o[down] + (o[down + right] - o[down]) * fx;
	return 256 * top + (low - top) * fy;
}

// A way from x, y on in steps of dx, dy.
typedef struct {
	int64_t x, y, dx, dy;
} way;

#if defined(__x86_64__)
// Whether a way of n places is a pixel inside the right border and two inside the lower one.
static int inside(const pix_picture *p, way w, int n) {
	int64_t x = w.x + (n - 1) * w.dx, y = w.y + (n - 1) * w.dy, mx = (int64_t)(p->w - 1) * PIXEL, my = (int64_t)(p->h - 2) * PIXEL;
	return w.x >= 0 && x >= 0 && w.y >= 0 && y >= 0 && w.x < mx && x < mx && w.y < my && y < my;
}

WIDE static void profile16(const pix_picture *p, const way *ways, int m, int n, double *dst) {
	const __m512i pair = _mm512_broadcast_i32x4(_mm_setr_epi8(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1));
	const __m512i byte = _mm512_set1_epi32(255), first = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
	const __m512d whole = _mm512_set1_pd((double)PIXEL * m), part = _mm512_set1_pd(1 / ((double)PIXEL * m));
	const int quick = (m & (m - 1)) == 0; // a power of two divides as well as multiplies
	for (int i = 0; i < n; i += 16) {
		__m512i k = _mm512_min_epi32(_mm512_add_epi32(_mm512_set1_epi32(i), first), _mm512_set1_epi32(n - 1)), all = _mm512_setzero_si512();
		__m512i dx = _mm512_mullo_epi32(k, _mm512_set1_epi32((int)ways->dx)), dy = _mm512_mullo_epi32(k, _mm512_set1_epi32((int)ways->dy));
		for (int j = 0; j < m; j++) {
			__m512i x = _mm512_add_epi32(_mm512_set1_epi32((int)ways[j].x), dx), y = _mm512_add_epi32(_mm512_set1_epi32((int)ways[j].y), dy);
			__m512i o = _mm512_add_epi32(_mm512_mullo_epi32(_mm512_srli_epi32(y, 16), _mm512_set1_epi32(p->stride)), _mm512_srli_epi32(x, 16));
			__m512i top = _mm512_shuffle_epi8(_mm512_i32gather_epi32(o, p->at, 1), pair);
			__m512i low = _mm512_shuffle_epi8(_mm512_i32gather_epi32(o, p->at + p->stride, 1), pair);
			__m512i fx = _mm512_and_si512(_mm512_srli_epi32(x, 8), byte), fy = _mm512_and_si512(_mm512_srli_epi32(y, 8), byte);
			__m512i share = _mm512_or_si512(_mm512_sub_epi32(_mm512_set1_epi32(256), fx), _mm512_slli_epi32(fx, 16));
			top = _mm512_madd_epi16(top, share), low = _mm512_madd_epi16(low, share);
			all = _mm512_add_epi32(all, _mm512_add_epi32(_mm512_slli_epi32(top, 8), _mm512_mullo_epi32(_mm512_sub_epi32(low, top), fy)));
		}
		__mmask16 some = n - i < 16 ? (__mmask16)((1 << (n - i)) - 1) : 0xFFFF;
		__m512d low = _mm512_cvtepi32_pd(_mm512_castsi512_si256(all)), high = _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(all, 1));
		_mm512_mask_storeu_pd(dst + i, (__mmask8)some, quick ? _mm512_mul_pd(low, part) : _mm512_div_pd(low, whole));
		_mm512_mask_storeu_pd(dst + i + 8, (__mmask8)(some >> 8), quick ? _mm512_mul_pd(high, part) : _mm512_div_pd(high, whole));
	}
}
#endif

void pix_profile(const pix_picture *p, const double a[2], const double ab[2], const double across[2], int m, int n,
                 double *dst) {
	way ways[MOST_LINES];
	int in = 1, steps = n > 1 ? n - 1 : 1;
	int64_t dx = fixed(ab[0] / steps), dy = fixed(ab[1] / steps);
	m = m < MOST_LINES ? m : MOST_LINES;
	for (int j = 0; j < m; j++) {
		double t = (2 * (double)j + 1) / (double)m - 1;
		ways[j] = (way){fixed(a[0] + across[0] * t - 0.5), fixed(a[1] + across[1] * t - 0.5), dx, dy};
#if defined(__x86_64__)
		in = in && inside(p, ways[j], n);
#endif
	}
#if defined(__x86_64__)
	if (in && wide() && roomy(p)) {
		profile16(p, ways, m, n, dst);
		return;
	}
#endif
	for (int i = 0; i < n; i++) {
		int64_t sum = 0;
		for (int j = 0; j < m; j++)
			sum += between(p, ways[j].x + i * ways[j].dx, ways[j].y + i * ways[j].dy);
		dst[i] = (double)sum / ((double)PIXEL * m);
	}
}

// The 32 bits of a picture's offsets hold eight places, or four, at once; else one.
void pix_mapped(const pix_picture *p, const double m[9], const double *places, int n, double *dst) {
	int i = 0;
#if defined(__x86_64__)
	if (wide() && roomy(p))
		i = mapped8(p, m, places, n, dst);
#endif
	for (; i < n; i++) {
		double x = places[2 * i], y = places[2 * i + 1], w = m[6] * x + m[7] * y + m[8];
		dst[i] = at(p, (m[0] * x + m[1] * y + m[2]) / w - 0.5, (m[3] * x + m[4] * y + m[5]) / w - 0.5);
	}
}

// ---- many values

// How many values are below v, and how many more are it.
CLONES static void rank(const double *vs, int n, double v, int64_t *below, int64_t *equal) {
	int64_t b = 0, e = 0;
	for (int i = 0; i < n; i++) {
		b += vs[i] < v;
		e += vs[i] == v;
	}
	*below = b;
	*equal = e;
}

double pix_ranked(const double *vs, int n, int k) {
	double lo = -INFINITY, hi = INFINITY;
	for (int i = 0; i < n; i++) {
		double v = vs[i];
		if (!(v > lo && v < hi))
			continue;
		int64_t below, equal;
		rank(vs, n, v, &below, &equal);
		if (k < below)
			hi = v;
		else if (k >= below + equal)
			lo = v;
		else
			return v;
	}
	return n > 0 ? vs[0] : 0; // only of values that are no numbers
}

// The largest value that no more than (rows-1)/2 of a column are below, bit by bit from the
// highest.
CLONES void pix_medians(const uint8_t *all, const int32_t *starts, int rows, int n, uint8_t *dst) {
	for (int x0 = 0; x0 < n; x0 += 64) {
		int wide = n - x0 < 64 ? n - x0 : 64;
		uint8_t best[64] = {0};
		for (int bit = 128; bit > 0; bit >>= 1) {
			uint16_t below[64] = {0};
			for (int r = 0; r < rows; r++) {
				const uint8_t *row = all + starts[r] + x0;
				for (int x = 0; x < wide; x++)
					below[x] = (uint16_t)(below[x] + (row[x] < (best[x] | bit)));
			}
			for (int x = 0; x < wide; x++)
				if (below[x] <= (rows - 1) / 2)
					best[x] = (uint8_t)(best[x] | bit);
		}
		memcpy(dst + x0, best, (size_t)wide);
	}
}

CLONES double pix_beyond(const uint8_t *restrict darks, const uint8_t *restrict letter, const uint8_t *restrict weight, int n) {
	int32_t more = 0, most = 0; // 255·254 of each place: 33,000 places are many more than a bubble has
	for (int i = 0; i < n; i++) {
		int32_t w = darks[i] == UNSEEN ? 0 : weight[i];
		more += w * (darks[i] - letter[i]);
		most += w * (BLACK - letter[i]);
	}
	return most > 0 ? (double)more / (double)most : 0;
}

// ---- stencils

enum { MOST_PLACES = 256, MOST_REACH = 127 };

// A climb in progress: the sums of each row of moves are made when they are asked for.
typedef struct {
	const uint8_t *at;
	int32_t off[3][MOST_PLACES];
	ptrdiff_t stride;
	int n, r, wide;
	int32_t box[4]; // of the pixels of all places
	uint16_t *sums;
	double *scores, per, near; // what a step of brightness in a sum scores, and what a pixel's move loses
	uint8_t summed[2 * MOST_REACH + 1], scored[2 * MOST_REACH + 1];
} stencil;

// Adds n rows of pixels, moved by off, to wide sums.
static void add_rows(uint16_t *sum, const uint8_t *at, const int32_t *off, int n, int wide) {
	memset(sum, 0, (size_t)wide * sizeof *sum);
	for (int i = 0; i < n; i++)
		for (int k = 0; k < wide; k++)
			sum[k] = (uint16_t)(sum[k] + at[off[i] + k]);
}

#if defined(__x86_64__)
FAST static void add_rows_fast(uint16_t *sum, const uint8_t *at, const int32_t *off, int n, int wide) {
	int k = 0;
	for (; k + 16 <= wide; k += 16) {
		__m256i s = _mm256_setzero_si256();
#pragma GCC unroll 8
		for (int i = 0; i < n; i++)
			s = _mm256_add_epi16(s, _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(at + off[i] + k))));
		_mm256_storeu_si256((__m256i *)(sum + k), s);
	}
	if (k == wide)
		return;
	__m128i s = _mm_setzero_si128();
#pragma GCC unroll 8
	for (int i = 0; i < n; i++)
		s = _mm_add_epi16(s, _mm_cvtepu8_epi16(_mm_loadl_epi64((const __m128i *)(at + off[i] + k))));
	_mm_storeu_si128((__m128i *)(sum + k), s);
}

WIDE static void add_rows_wide(uint16_t *sum, const uint8_t *at, const int32_t *off, int n, int wide) {
	int k = 0;
	for (; k + 32 <= wide; k += 32) {
		__m512i s = _mm512_setzero_si512(), t = s;
		int i = 0;
		for (; i + 2 <= n; i += 2) {
			s = _mm512_add_epi16(s, _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(at + off[i] + k))));
			t = _mm512_add_epi16(t, _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(at + off[i + 1] + k))));
		}
		for (; i < n; i++)
			s = _mm512_add_epi16(s, _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(at + off[i] + k))));
		_mm512_storeu_si512(sum + k, _mm512_add_epi16(s, t));
	}
	if (k < wide)
		add_rows_fast(sum + k, at + k, off, n, wide - k);
}
#endif

// The sums of group g in row y.
static uint16_t *sums_of(stencil *s, int g, int y) {
	uint16_t *row = s->sums + ((ptrdiff_t)g * (2 * s->r + 1) + y + s->r) * s->wide;
	if (s->summed[y + s->r] >> g & 1)
		return row;
	s->summed[y + s->r] |= (uint8_t)(1 << g);
	const uint8_t *at = s->at + (ptrdiff_t)y * s->stride - s->r;
#if defined(__x86_64__)
	if (wide())
		add_rows_wide(row, at, s->off[g], s->n, s->wide);
	else if (fast())
		add_rows_fast(row, at, s->off[g], s->n, s->wide);
	else
#endif
		add_rows(row, at, s->off[g], s->n, s->wide);
	return row;
}

CLONES static void score(const stencil *s, const uint16_t *restrict on, const uint16_t *restrict out, const uint16_t *restrict in,
                         int y, double *restrict to) {
	for (int k = 0; k < s->wide; k++) {
		int x = k - s->r, more = in[k] - on[k];
		to[k] = (out[k] - on[k]) * s->per + 0.5 * ((more > 0 ? more : 0) * s->per) - s->near * (x * x + y * y);
	}
}

// The scores of row y; that of no move across is at 0.
static const double *scores_of(stencil *s, int y) {
	double *row = s->scores + (ptrdiff_t)(y + s->r) * s->wide;
	if (s->scored[y + s->r])
		return row + s->r;
	s->scored[y + s->r] = 1;
	score(s, sums_of(s, 0, y), sums_of(s, 1, y), sums_of(s, 2, y), y, row);
	return row + s->r;
}

CLONES static int any_below(const uint16_t *row, int n, int limit) {
	uint16_t any = 0, most = (uint16_t)limit;
	for (int k = 0; k < n; k++)
		any |= row[k] <= most ? 1 : 0;
	return any;
}

// Whether a move in row y may score more than least: nothing is brighter than 255.
static int worth(stencil *s, int y, double least) {
	double limit = 255 * s->n - (least - 1e-6) / (1.5 * s->per);
	return limit >= 0 && (limit >= UINT16_MAX || any_below(sums_of(s, 0, y), 2 * s->r + 1, (int)limit));
}

// Where the pixels lie at which n places are, from the i-th on, and the box around all of them.
CLONES static void pixels_from(int i, const double c[2], const double l[4], const double *steps, int n, int stride, int32_t *off,
                               int32_t box[4]) {
	int32_t xs[MOST_PLACES], ys[MOST_PLACES], x0 = box[0], y0 = box[1], x1 = box[2], y1 = box[3];
	for (int k = i; k < n; k++) {
		xs[k] = (int32_t)floor(c[0] + l[0] * steps[2 * k] + l[1] * steps[2 * k + 1]);
		ys[k] = (int32_t)floor(c[1] + l[2] * steps[2 * k] + l[3] * steps[2 * k + 1]);
	}
	for (int k = i; k < n; k++) {
		off[k] = ys[k] * stride + xs[k];
		x0 = xs[k] < x0 ? xs[k] : x0, x1 = xs[k] > x1 ? xs[k] : x1;
		y0 = ys[k] < y0 ? ys[k] : y0, y1 = ys[k] > y1 ? ys[k] : y1;
	}
	box[0] = x0, box[1] = y0, box[2] = x1, box[3] = y1;
}

#if defined(__x86_64__)
// The same for three groups, as far as there are eight places in each.
WIDE static int pixels8(const double c[2], const double l[4], const double *const steps[3], int n, int stride,
                        int32_t off[3][MOST_PLACES], int32_t box[4]) {
	const __m512d cx = _mm512_set1_pd(c[0]), cy = _mm512_set1_pd(c[1]);
	const __m512d xx = _mm512_set1_pd(l[0]), xy = _mm512_set1_pd(l[1]), yx = _mm512_set1_pd(l[2]), yy = _mm512_set1_pd(l[3]);
	const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
	__m256i x0 = _mm256_set1_epi32(box[0]), y0 = _mm256_set1_epi32(box[1]), x1 = _mm256_set1_epi32(box[2]), y1 = _mm256_set1_epi32(box[3]);
	enum { down = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC };
	int i = 0;
	for (; i + 8 <= n; i += 8)
		for (int g = 0; g < 3; g++) {
			__m512d u = _mm512_loadu_pd(steps[g] + 2 * i), v = _mm512_loadu_pd(steps[g] + 2 * i + 8);
			__m512d sx = _mm512_permutex2var_pd(u, even, v), sy = _mm512_permutex2var_pd(u, odd, v);
			__m256i x = _mm512_cvt_roundpd_epi32(_mm512_add_pd(_mm512_add_pd(cx, _mm512_mul_pd(xx, sx)), _mm512_mul_pd(xy, sy)), down);
			__m256i y = _mm512_cvt_roundpd_epi32(_mm512_add_pd(_mm512_add_pd(cy, _mm512_mul_pd(yx, sx)), _mm512_mul_pd(yy, sy)), down);
			x0 = _mm256_min_epi32(x0, x), x1 = _mm256_max_epi32(x1, x);
			y0 = _mm256_min_epi32(y0, y), y1 = _mm256_max_epi32(y1, y);
			_mm256_storeu_si256((__m256i *)(off[g] + i), _mm256_add_epi32(_mm256_mullo_epi32(y, _mm256_set1_epi32(stride)), x));
		}
	__m512i least = _mm512_inserti64x4(_mm512_castsi256_si512(x0), y0, 1), most = _mm512_inserti64x4(_mm512_castsi256_si512(x1), y1, 1);
	box[0] = _mm512_mask_reduce_min_epi32(0x00FF, least), box[1] = _mm512_mask_reduce_min_epi32(0xFF00, least);
	box[2] = _mm512_mask_reduce_max_epi32(0x00FF, most), box[3] = _mm512_mask_reduce_max_epi32(0xFF00, most);
	return i;
}
#endif

// Finds the pixels of all places, and whether they stay inside the picture.
static int place(stencil *s, const pix_picture *p, const double c[2], const double l[4], const double *const steps[3]) {
	int32_t *box = s->box;
	box[0] = box[1] = INT32_MAX, box[2] = box[3] = INT32_MIN;
	int i = 0;
	s->at = p->at;
#if defined(__x86_64__)
	if (wide())
		i = pixels8(c, l, steps, s->n, p->stride, s->off, box);
#endif
	for (int g = 0; g < 3 && i < s->n; g++)
		pixels_from(i, c, l, steps[g], s->n, p->stride, s->off[g], box);
	int64_t r = s->r;
	if (box[0] < r || box[1] < r || box[2] + r >= p->w || box[3] + r >= p->h)
		return 0;
	return (size_t)(box[3] + r) * (size_t)p->stride + (size_t)(box[2] - r + s->wide) <= p->size;
}

#if defined(__x86_64__)
// The sums and scores of all moves at once, of which there are eight in eight rows.
enum { EIGHT = 8, MID = 3 };

WIDE static void score_eight(stencil *s) {
	const __m512i rows = _mm512_mullo_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), _mm512_set1_epi64(s->stride));
	const uint8_t *at = s->at - MID * s->stride - MID;
	uint16_t sums[3][EIGHT * EIGHT];
	for (int g = 0; g < 3; g++) {
		// The sums of even columns are what those of all, in words of two pixels, have beyond 256 times the odd ones.
		__m512i all = _mm512_setzero_si512(), odd = all;
		for (int i = 0; i < s->n; i++) {
			__m512i v = _mm512_i64gather_epi64(rows, at + s->off[g][i], 1);
			all = _mm512_add_epi16(all, v);
			odd = _mm512_add_epi16(odd, _mm512_srli_epi16(v, 8));
		}
		__m512i even = _mm512_sub_epi16(all, _mm512_slli_epi16(odd, 8));
		__m512i a = _mm512_unpacklo_epi16(even, odd), b = _mm512_unpackhi_epi16(even, odd);
		_mm512_storeu_si512(sums[g], _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), b));
		_mm512_storeu_si512(sums[g] + 32, _mm512_permutex2var_epi64(a, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), b));
	}
	const __m512d per = _mm512_set1_pd(s->per), near = _mm512_set1_pd(s->near), half = _mm512_set1_pd(0.5);
	const __m256i across = _mm256_setr_epi32(9, 4, 1, 0, 1, 4, 9, 16);
	for (int k = 0; k < EIGHT - 1; k++) {
		__m256i on = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(sums[0] + EIGHT * k)));
		__m256i out = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(sums[1] + EIGHT * k)));
		__m256i in = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(sums[2] + EIGHT * k)));
		__m256i more = _mm256_max_epi32(_mm256_sub_epi32(in, on), _mm256_setzero_si256());
		__m512d v = _mm512_mul_pd(_mm512_cvtepi32_pd(_mm256_sub_epi32(out, on)), per);
		v = _mm512_add_pd(v, _mm512_mul_pd(half, _mm512_mul_pd(_mm512_cvtepi32_pd(more), per)));
		__m256i far = _mm256_add_epi32(across, _mm256_set1_epi32((k - MID) * (k - MID)));
		_mm512_storeu_pd(s->scores + EIGHT * k, _mm512_sub_pd(v, _mm512_mul_pd(near, _mm512_cvtepi32_pd(far))));
	}
	memset(s->scored, 1, 2 * MID + 1);
}

// Finds the best of the moves by at most m in either direction, and at most limit in the square, if it
// is better than all others for sure: then it does not matter which is looked at first.
WIDE static int top_of_eight(const stencil *s, int m, int limit, int *bx, int *by) {
	__m512d rows[EIGHT - 1], best = _mm512_set1_pd(-INFINITY);
	for (int y = -m; y <= m; y++) {
		int far = 0;
		while (far < m && (far + 1) * (far + 1) + y * y <= limit)
			far++;
		__mmask8 some = y * y > limit ? 0 : (__mmask8)(((1 << (2 * far + 1)) - 1) << (MID - far));
		rows[y + m] = _mm512_mask_loadu_pd(_mm512_set1_pd(-INFINITY), some, s->scores + EIGHT * (y + MID));
		best = _mm512_max_pd(best, rows[y + m]);
	}
	const __m512d near = _mm512_set1_pd(_mm512_reduce_max_pd(best) - 1e-6);
	int found = 0;
	for (int y = -m; y <= m; y++) {
		unsigned some = _mm512_cmp_pd_mask(rows[y + m], near, _CMP_GE_OQ);
		found += __builtin_popcount(some);
		if (some)
			*by = y, *bx = __builtin_ctz(some) - MID;
	}
	return found == 1;
}
#endif

// Asks for the pixels of the next climb's places, which lie about where the last one's did.
static void ask_for(const pix_picture *p, const stencil *s, const pix_climb *last, const pix_climb *next) {
	double dx = next->from.at[0] - last->from.at[0], dy = next->from.at[1] - last->from.at[1];
	if (!(fabs(dx) < p->w && fabs(dy) < p->h))
		return;
	int x0 = s->box[0] + (int)dx - s->r, y0 = s->box[1] + (int)dy - s->r, x1 = s->box[2] + (int)dx + s->r, y1 = s->box[3] + (int)dy + s->r;
	if (x0 < 0 || y0 < 0 || x1 >= p->w || y1 >= p->h)
		return;
	const uint8_t *row = p->at + (ptrdiff_t)y0 * p->stride;
	for (int y = y0; y <= y1; y++, row += p->stride) {
		__builtin_prefetch(row + x0);
		__builtin_prefetch(row + x1);
	}
}

// Climbs from where s was placed.
static void climb(stencil *s, const pix_picture *p, pix_climb *c) {
	int step = (int)c->step, r = s->r;
	memset(s->summed, 0, (size_t)(2 * r + 1));
	memset(s->scored, 0, (size_t)(2 * r + 1));
#if defined(__x86_64__)
	int end = s->box[3] + EIGHT - MID, all = r == MID && end <= p->h && wide();
	all = all && (size_t)(end - 1) * (size_t)p->stride + (size_t)(s->box[2] - MID + EIGHT) <= p->size;
	if (all)
		score_eight(s);
#else
	int all = 0;
#endif
	double best = scores_of(s, 0)[0];
	int bx = 0, by = 0, limit = (int)(c->far * c->far + 0.5), done = 0;
#if defined(__x86_64__)
	if (all && step == 1 && top_of_eight(s, (int)c->far, limit, &bx, &by))
		best = scores_of(s, by)[bx], done = 1;
	else
		bx = by = 0;
#endif
	for (int reach = (int)c->far; !done;) {
		int x0 = bx, y0 = by, m = reach / step * step, close = m > 0 ? step : 0;
		double least = best; // that the best of these moves scores: from the rows around the last best
		for (int y = y0 - close; y <= y0 + close && !all; y += step) {
			if (y * y > limit)
				continue;
			const double *row = scores_of(s, y);
			for (int x = x0 - m; x <= x0 + m; x += step)
				if (x * x + y * y <= limit && row[x] > least)
					least = row[x];
		}
		for (int y = y0 - m; y <= y0 + m; y += step) {
			if (y * y > limit || !(all || worth(s, y, least)))
				continue;
			const double *row = scores_of(s, y);
			for (int x = x0 - m; x <= x0 + m; x += step)
				if (x * x + y * y <= limit && row[x] > best + 1e-9) {
					best = row[x];
					bx = x;
					by = y;
				}
		}
		if (step == 1)
			break;
		reach = step - 1;
		step = (step + 1) / 2;
	}
	const double *row = scores_of(s, by);
	double got[7] = {bx, by, best, row[bx - 1], row[bx + 1], scores_of(s, by - 1)[bx], scores_of(s, by + 1)[bx]};
	memcpy(c->top, got, sizeof got);
}

void pix_climbs(const pix_picture *p, pix_climb *climbs, int many, const double *const steps[3], int n, uint16_t *sums, double *scores) {
	stencil s = {.n = n, .stride = p->stride, .sums = sums, .scores = scores};
	int small = n <= MOST_PLACES && (uint64_t)p->stride * (uint64_t)p->h < INT32_MAX;
	for (int i = 0; i < many; i++) {
		pix_climb *c = climbs + i;
		s.r = (int)c->reach, s.wide = CLIMB_WIDE(s.r);
		s.per = 1 / (n * c->from.white), s.near = c->near / (c->far * c->far);
		c->found = small && s.r <= MOST_REACH && place(&s, p, c->from.at, c->from.lens, steps);
		if (!c->found)
			continue;
		if (i + 1 < many)
			ask_for(p, &s, c, c + 1);
		climb(&s, p, c);
	}
}
