#pragma GCC optimize("O3", "fp-contract=off")

#include "vectors.h"

#include <math.h>
#include <string.h>

// All here is in whole numbers once a place is known, so that no order of sums and no
// width of vectors changes a digit: places in PARTS of a pixel, brightness in PARTS of a
// step, darkness in bytes.

enum { PART_BITS = 7, PARTS = 1 << PART_BITS, OUTSIDE = INT16_MAX };

// The most pixels from a figure's middle to its places, and to that middle.
enum { FARTHEST = 4000, WIDEST = 100000 };

// Where places lie: in PARTS from the pixel left of and above all of them.
typedef struct {
	int x0, y0;
	float x, y, xx, xy, yx, yy;
} aim;

// Brightness at one place, or OUTSIDE; linear between pixels, and beyond the middles of the
// last ones as theirs.
static int16_t look_at(const pix_picture *p, const aim *a, float sx, float sy) {
	int x = (int)(a->x + a->xx * sx + a->xy * sy) + a->x0 * PARTS, y = (int)(a->y + a->yx * sx + a->yy * sy) + a->y0 * PARTS;
	if (x < -PARTS / 2 || y < -PARTS / 2 || x >= p->w * PARTS - PARTS / 2 || y >= p->h * PARTS - PARTS / 2)
		return OUTSIDE;
	x = x < 0 ? 0 : x > (p->w - 1) * PARTS ? (p->w - 1) * PARTS : x;
	y = y < 0 ? 0 : y > (p->h - 1) * PARTS ? (p->h - 1) * PARTS : y;
	int fx = x % PARTS, fy = y % PARTS, right = fx > 0;
	const uint8_t *o = p->at + (ptrdiff_t)(y / PARTS) * p->stride + x / PARTS, *u = fy > 0 ? o + p->stride : o;
	int top = o[0] * (PARTS - fx) + o[right] * fx, low = u[0] * (PARTS - fx) + u[right] * fx;
	return (int16_t)((top * (PARTS - fy) + low * fy + PARTS / 2) >> PART_BITS);
}

static void look_plain(const pix_picture *p, const aim *a, const float *xs, const float *ys, int n, int16_t *vs) {
	for (int i = 0; i < n; i++)
		vs[i] = look_at(p, a, xs[i], ys[i]);
}

#if defined(__x86_64__)
// Eight places at once, all of them well inside the picture.
FAST static void look_fast(const pix_picture *p, const aim *a, const float *xs, const float *ys, int n, int16_t *vs) {
	const __m256 x0 = _mm256_set1_ps(a->x), y0 = _mm256_set1_ps(a->y), xx = _mm256_set1_ps(a->xx), xy = _mm256_set1_ps(a->xy),
	             yx = _mm256_set1_ps(a->yx), yy = _mm256_set1_ps(a->yy);
	const __m256i part = _mm256_set1_epi32(PARTS - 1), whole = _mm256_set1_epi32(PARTS), stride = _mm256_set1_epi32(p->stride);
	const __m256i pair = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1));
	const int *at = (const int *)(p->at + (ptrdiff_t)a->y0 * p->stride + a->x0), *below = (const int *)((const uint8_t *)at + p->stride);
	for (int i = 0; i < n; i += 8) {
		__m256 sx = _mm256_loadu_ps(xs + i), sy = _mm256_loadu_ps(ys + i);
		__m256i x = _mm256_cvttps_epi32(_mm256_add_ps(_mm256_add_ps(x0, _mm256_mul_ps(xx, sx)), _mm256_mul_ps(xy, sy)));
		__m256i y = _mm256_cvttps_epi32(_mm256_add_ps(_mm256_add_ps(y0, _mm256_mul_ps(yx, sx)), _mm256_mul_ps(yy, sy)));
		__m256i fx = _mm256_and_si256(x, part), fy = _mm256_and_si256(y, part);
		__m256i o = _mm256_add_epi32(_mm256_mullo_epi32(_mm256_srai_epi32(y, PART_BITS), stride), _mm256_srai_epi32(x, PART_BITS));
		__m256i wx = _mm256_or_si256(_mm256_slli_epi32(fx, 16), _mm256_sub_epi32(whole, fx));
		__m256i wy = _mm256_or_si256(_mm256_slli_epi32(fy, 16), _mm256_sub_epi32(whole, fy));
		__m256i top = _mm256_madd_epi16(_mm256_shuffle_epi8(_mm256_i32gather_epi32(at, o, 1), pair), wx);
		__m256i low = _mm256_madd_epi16(_mm256_shuffle_epi8(_mm256_i32gather_epi32(below, o, 1), pair), wx);
		__m256i v = _mm256_madd_epi16(_mm256_or_si256(top, _mm256_slli_epi32(low, 16)), wy);
		v = _mm256_srai_epi32(_mm256_add_epi32(v, _mm256_set1_epi32(PARTS / 2)), PART_BITS);
		_mm_storeu_si128((__m128i *)(vs + i), _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
	}
}

// Sixteen places at once.
WIDE static void look_wide(const pix_picture *p, const aim *a, const float *xs, const float *ys, int n, int16_t *vs) {
	const __m512 x0 = _mm512_set1_ps(a->x), y0 = _mm512_set1_ps(a->y), xx = _mm512_set1_ps(a->xx), xy = _mm512_set1_ps(a->xy),
	             yx = _mm512_set1_ps(a->yx), yy = _mm512_set1_ps(a->yy);
	const __m512i part = _mm512_set1_epi32(PARTS - 1), whole = _mm512_set1_epi32(PARTS), stride = _mm512_set1_epi32(p->stride);
	const __m512i pair = _mm512_broadcast_i32x4(_mm_setr_epi8(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1));
	const uint8_t *at = p->at + (ptrdiff_t)a->y0 * p->stride + a->x0;
	for (int i = 0; i < n; i += 16) {
		__m512 sx = _mm512_loadu_ps(xs + i), sy = _mm512_loadu_ps(ys + i);
		__m512i x = _mm512_cvttps_epi32(_mm512_add_ps(_mm512_add_ps(x0, _mm512_mul_ps(xx, sx)), _mm512_mul_ps(xy, sy)));
		__m512i y = _mm512_cvttps_epi32(_mm512_add_ps(_mm512_add_ps(y0, _mm512_mul_ps(yx, sx)), _mm512_mul_ps(yy, sy)));
		__m512i fx = _mm512_and_si512(x, part), fy = _mm512_and_si512(y, part);
		__m512i o = _mm512_add_epi32(_mm512_mullo_epi32(_mm512_srai_epi32(y, PART_BITS), stride), _mm512_srai_epi32(x, PART_BITS));
		__m512i wx = _mm512_or_si512(_mm512_slli_epi32(fx, 16), _mm512_sub_epi32(whole, fx));
		__m512i wy = _mm512_or_si512(_mm512_slli_epi32(fy, 16), _mm512_sub_epi32(whole, fy));
		__m512i top = _mm512_madd_epi16(_mm512_shuffle_epi8(_mm512_i32gather_epi32(o, at, 1), pair), wx);
		__m512i low = _mm512_madd_epi16(_mm512_shuffle_epi8(_mm512_i32gather_epi32(o, at + p->stride, 1), pair), wx);
		__m512i v = _mm512_madd_epi16(_mm512_or_si512(top, _mm512_slli_epi32(low, 16)), wy);
		v = _mm512_srai_epi32(_mm512_add_epi32(v, _mm512_set1_epi32(PARTS / 2)), PART_BITS);
		_mm256_storeu_si256((__m256i *)(vs + i), _mm512_cvtepi32_epi16(v));
	}
}
#endif

// Looks at n places, a multiple of 16; returns whether all are in the picture for sure.
static int look(const pix_picture *p, const double c[2], const double l[4], const float *xs, const float *ys, int n,
                const double reach[2], int16_t *vs) {
	double ex = fabs(l[0]) * reach[0] + fabs(l[1]) * reach[1], ey = fabs(l[2]) * reach[0] + fabs(l[3]) * reach[1];
	if (!(ex < FARTHEST && ey < FARTHEST && fabs(c[0]) < WIDEST && fabs(c[1]) < WIDEST)) {
		for (int i = 0; i < n; i++)
			vs[i] = OUTSIDE;
		return 0;
	}
	double cx = c[0] - 0.5, cy = c[1] - 0.5;
	aim a = {.x0 = (int)floor(cx - ex), .y0 = (int)floor(cy - ey)};
	a.x = (float)((cx - a.x0) * PARTS), a.y = (float)((cy - a.y0) * PARTS);
	a.xx = (float)(l[0] * PARTS), a.xy = (float)(l[1] * PARTS), a.yx = (float)(l[2] * PARTS), a.yy = (float)(l[3] * PARTS);
#if defined(__x86_64__)
	// Four bytes are read from each place and from below it.
	if (fast() && cx - ex >= 1 && cy - ey >= 1 && cx + ex < p->w - 2 && cy + ey < p->h - 3 && p->w >= 4) {
		if (wide())
			look_wide(p, &a, xs, ys, n, vs);
		else
			look_fast(p, &a, xs, ys, n, vs);
		return 1;
	}
#endif
	look_plain(p, &a, xs, ys, n, vs);
	return 0;
}

// How many values of two rings are below level.
static inline int count_below(const int16_t *vs, int16_t level) {
#if defined(__x86_64__)
	const __m128i l = _mm_set1_epi16(level), zero = _mm_setzero_si128();
	__m128i n = zero;
	for (int i = 0; i < 2 * RING; i += 16) {
		__m128i a = _mm_loadu_si128((const __m128i *)(vs + i)), b = _mm_loadu_si128((const __m128i *)(vs + i + 8));
		n = _mm_sub_epi8(n, _mm_packs_epi16(_mm_cmplt_epi16(a, l), _mm_cmplt_epi16(b, l)));
	}
	n = _mm_sad_epu8(n, zero);
	return _mm_cvtsi128_si32(n) + _mm_extract_epi16(n, 4);
#else
	int n = 0;
	for (int i = 0; i < 2 * RING; i++)
		n += vs[i] < level;
	return n;
#endif
}

// The k-th from the least of the values of two rings, bit by bit from the highest.
static inline int ranked(const int16_t *vs, int k) {
	int best = 0;
	for (int bit = 1 << 14; bit > 0; bit >>= 1)
		if (count_below(vs, (int16_t)(best | bit)) <= k)
			best |= bit;
	return best;
}

// How far v is below white, from 0 to most.
static inline int below(int white, int v, int most) {
	int d = white - v;
	d = d > 0 ? d : 0;
	return d < most ? d : most;
}

// The brightness of paper around a figure: that of the brighter places beside it, if it is what
// paper is here, in a part of the page that is as bright as usual.
static inline int local_white(const int16_t *beside, double usual) {
	int n = 0;
	for (int i = 0; i < 2 * RING; i++)
		n += beside[i] != OUTSIDE;
	double white = usual * PARTS;
	if (n >= RING / 2) {
		double here = ranked(beside, n * 3 / 4), least = 0.88 * white, most = 1.08 * white;
		white = here < least ? least : here > most ? most : here;
	}
	return white < 1 ? 1 : (int)(white + 0.5);
}

// What the rings say.
CLONES static void look_around(const int16_t *vs, double usual, double black, double dark, pix_look *out) {
	const int16_t *far = vs + RING, *on = vs + 2 * RING, *outside = vs + 3 * RING, *inside = vs + 4 * RING;
	int white = local_white(vs, usual), range = (int)(white * (1 - black) + 0.5), full = (int)(white * 0.7 * dark + 0.5);
	out->white = white;
	out->range = range = range > 1 ? range : 1;
	out->full = full = full > 1 ? full : 1;
	int closed = 7 * white / 10, open = 4 * white / 5, shut = 0, paper = 0, clear = 0;
	for (int i = 0; i < RING; i++)
		shut += (far[i] < closed) | (far[i] == OUTSIDE);
	for (int i = 0; i < 2 * RING; i++)
		paper += (vs[i] > open) & (vs[i] != OUTSIDE);
	for (int i = 0; i < RING; i++) {
		int in = inside[i] == OUTSIDE ? 0 : inside[i], side = outside[i] > in ? outside[i] : in;
		int d = below(side, on[i], full);
		clear += outside[i] == OUTSIDE ? 0 : d;
	}
	out->shut = shut, out->paper = paper, out->clear = clear;
	enum { SIDE = RING / SECTORS };
	int all[RING];
	for (int i = 0; i < RING; i++)
		all[i] = below(white, vs[i], range) + below(white, far[i], range);
	for (int k = 0; k < SECTORS; k++) {
		int sum = 0;
		for (int i = 0; i < SIDE; i++)
			sum += all[k * SIDE + i];
		out->around[k] = sum;
	}
}

// How dark n places are, n a multiple of 32.
CLONES static void darken(const int16_t *restrict vs, int n, int white, int range, uint8_t *restrict darks) {
	float scale = (float)BLACK / (float)range;
	for (int i = 0; i < n; i++)
		darks[i] = (uint8_t)(int)((float)below(white, vs[i], range) * scale + 0.5f);
}

// The sum of some squares, and how many values are above each level; n is a multiple of 32.
CLONES static void spread(const uint8_t *darks, int n, int32_t over[LEVELS], int64_t *squares) {
	static const uint8_t level[LEVELS] = {BLACK / 10, BLACK * 2 / 10, BLACK * 35 / 100, BLACK * 5 / 10, BLACK * 7 / 10};
	for (int from = 0; from < n; from += 128 * 32) {
		int to = from + 128 * 32 < n ? from + 128 * 32 : n;
		uint8_t more[LEVELS][32] = {{0}};
		uint32_t all = 0;
		for (int i = from; i < to; i += 32)
			for (int k = 0; k < LEVELS; k++)
				for (int j = 0; j < 32; j++)
					more[k][j] = (uint8_t)(more[k][j] + (darks[i + j] > level[k]));
		for (int i = from; i < to; i++)
			all += (uint32_t)darks[i] * darks[i];
		*squares += all;
		for (int k = 0; k < LEVELS; k++)
			for (int j = 0; j < 32; j++)
				over[k] += more[k][j];
	}
}

// The sum of n bytes; sixteen more may be read.
static int sum_of(const uint8_t *at, int n) {
	int all = 0, i = 0;
#if defined(__x86_64__)
	static const uint8_t mask[32] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
	const __m128i zero = _mm_setzero_si128();
	__m128i s = zero;
	for (; i + 16 <= n; i += 16)
		s = _mm_add_epi64(s, _mm_sad_epu8(_mm_loadu_si128((const __m128i *)(at + i)), zero));
	__m128i rest = _mm_and_si128(_mm_loadu_si128((const __m128i *)(at + i)), _mm_loadu_si128((const __m128i *)(mask + 16 - (n - i))));
	s = _mm_add_epi64(s, _mm_sad_epu8(rest, zero));
	return _mm_cvtsi128_si32(s) + _mm_extract_epi16(s, 4);
#endif
	for (; i < n; i++)
		all += at[i];
	return all;
}

void pix_see(const pix_picture *p, const double c[2], const double l[4], const float *steps, const double reach[2], const int32_t *ends,
             const double paper[3], const uint8_t *hidden, int16_t *vs, uint8_t *darks, pix_look *out) {
	int n = ends[CELLS - 1], room = ROOM(n), all = RINGS * RING + room;
	int sure = look(p, c, l, steps, steps + all, all, reach, vs) && !hidden;
	const int16_t *in = vs + RINGS * RING;
	memset(out, 0, sizeof *out);
	look_around(vs, paper[0], paper[1], paper[2], out);
	darken(in, room, out->white, out->range, darks);
	memset(darks + n, 0, (size_t)(room - n));
	for (int i = 0; hidden && i < n; i++)
		darks[i] = hidden[i] ? 0 : darks[i];
	spread(darks, room, out->over, &out->squares);
	for (int k = 0, i = 0; k < CELLS; i = ends[k++]) {
		out->sums[k] = sum_of(darks + i, ends[k] - i);
		out->counts[k] = ends[k] - i;
		out->sum += out->sums[k];
	}
	out->seen = n;
	for (int k = 0, i = 0; !sure && k < CELLS; k++)
		for (; i < ends[k]; i++)
			if (in[i] == OUTSIDE || (hidden && hidden[i])) {
				darks[i] = UNSEEN;
				out->counts[k]--;
				out->seen--;
			}
}
