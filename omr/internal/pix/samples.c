#pragma GCC optimize("O3", "fp-contract=off")

#include "vectors.h"

#include <string.h>

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
