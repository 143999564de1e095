#pragma GCC optimize("O3", "fp-contract=off")

#include "vectors.h"

#include <math.h>
#include <string.h>

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
