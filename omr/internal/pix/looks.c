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

// Where places lie: in PARTS from the pixel left of and above all of them. cols and rows from there
// on hold the pixels beside and below all places too.
typedef struct {
	int x0, y0, cols, rows;
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

// Aims at a figure whose places are within reach; 0 if it is too large or too far away. In
// *sure is whether all places are so far inside the picture that four bytes may be read from
// each, and from below it.
static int aim_at(const pix_picture *p, const pix_place *at, const double reach[2], aim *a, int *sure) {
	const double *l = at->lens, cx = at->at[0] - 0.5, cy = at->at[1] - 0.5;
	double ex = fabs(l[0]) * reach[0] + fabs(l[1]) * reach[1], ey = fabs(l[2]) * reach[0] + fabs(l[3]) * reach[1];
	if (!(ex < FARTHEST && ey < FARTHEST && fabs(at->at[0]) < WIDEST && fabs(at->at[1]) < WIDEST))
		return 0;
	a->x0 = (int)floor(cx - ex), a->y0 = (int)floor(cy - ey), a->cols = (int)(2 * ex) + 4, a->rows = (int)(2 * ey) + 3;
	a->x = (float)((cx - a->x0) * PARTS), a->y = (float)((cy - a->y0) * PARTS);
	a->xx = (float)(l[0] * PARTS), a->xy = (float)(l[1] * PARTS), a->yx = (float)(l[2] * PARTS), a->yy = (float)(l[3] * PARTS);
	*sure = cx - ex >= 1 && cy - ey >= 1 && cx + ex < p->w - 2 && cy + ey < p->h - 3 && p->w >= 4;
	return 1;
}

// Looks at n places, a multiple of 16; sure is what aim_at says.
static void look(const pix_picture *p, const aim *a, int sure, const float *xs, const float *ys, int n, int16_t *vs) {
#if defined(__x86_64__)
	if (sure && wide())
		look_wide(p, a, xs, ys, n, vs);
	else if (sure && fast())
		look_fast(p, a, xs, ys, n, vs);
	else
#endif
		look_plain(p, a, xs, ys, n, vs);
}

// What was counted at one figure. white, range, full and what is counted in them are brightness
// in PARTS, sums and squares darkness in bytes.
typedef struct {
	int64_t squares;
	int32_t white, range, full;
	int32_t shut, paper, clear, around[SECTORS];
	int32_t sum, seen, over[LEVELS], sums[CELLS], counts[CELLS];
} tally;

// The darknesses that are told apart.
static const uint8_t levels[LEVELS] = {BLACK / 10, BLACK * 2 / 10, BLACK * 35 / 100, BLACK * 5 / 10, BLACK * 7 / 10};

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

// The brightness of paper where that beside a figure is here.
static inline int white_near(double here, double usual) {
	double white = usual * PARTS, least = 0.88 * white, most = 1.08 * white;
	white = here < least ? least : here > most ? most : here;
	return white < 1 ? 1 : (int)(white + 0.5);
}

// The brightness of paper around a figure: that of the brighter places beside it, if it is what
// paper is here, in a part of the page that is as bright as usual.
static inline int local_white(const int16_t *beside, double usual) {
	int n = 0;
	for (int i = 0; i < 2 * RING; i++)
		n += beside[i] != OUTSIDE;
	return n < RING / 2 ? white_near(usual * PARTS, usual) : white_near(ranked(beside, n * 3 / 4), usual);
}

// How bright black and a printed line are, of which black and dark are shares of paper's brightness.
static inline void scale_by(tally *t, int white, double black, double dark) {
	int range = (int)(white * (1 - black) + 0.5), full = (int)(white * 0.7 * dark + 0.5);
	t->white = white;
	t->range = range > 1 ? range : 1;
	t->full = full > 1 ? full : 1;
}

// What the rings say.
CLONES static void look_around(const int16_t *vs, double usual, double black, double dark, tally *out) {
	const int16_t *far = vs + RING, *on = vs + 2 * RING, *outside = vs + 3 * RING, *inside = vs + 4 * RING;
	int white = local_white(vs, usual);
	scale_by(out, white, black, dark);
	int range = out->range, full = out->full, closed = 7 * white / 10, open = 4 * white / 5, shut = 0, paper = 0, clear = 0;
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
	for (int from = 0; from < n; from += 128 * 32) {
		int to = from + 128 * 32 < n ? from + 128 * 32 : n;
		uint8_t more[LEVELS][32] = {{0}};
		uint32_t all = 0;
		for (int i = from; i < to; i += 32)
			for (int k = 0; k < LEVELS; k++)
				for (int j = 0; j < 32; j++)
					more[k][j] = (uint8_t)(more[k][j] + (darks[i + j] > levels[k]));
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

// Counts what is seen of a figure, at n places in all inside it.
static void see(const pix_picture *p, const aim *a, int sure, const float *steps, const int32_t *ends, const double paper[3],
                const uint8_t *hidden, int16_t *vs, uint8_t *darks, tally *out) {
	int n = ends[CELLS - 1], room = ROOM(n), all = RINGS * RING + room;
	const int16_t *in = vs + RINGS * RING;
	if (a)
		look(p, a, sure, steps, steps + all, all, vs);
	for (int i = 0; !a && i < all; i++)
		vs[i] = OUTSIDE;
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
	for (int k = 0, i = 0; !(sure && !hidden) && k < CELLS; k++)
		for (; i < ends[k]; i++)
			if (in[i] == OUTSIDE || (hidden && hidden[i])) {
				darks[i] = UNSEEN;
				out->counts[k]--;
				out->seen--;
			}
}

#if defined(__x86_64__)
// ---- the same for a figure well inside the picture, and no larger than a copy of it

// The copy holds for each pixel its brightness and that of the pixel below, less 128: the four
// pixels around a place are four bytes. In a row there are as many as a pixel has PARTS, so that what
// is left of a place's way down without its parts is where the row begins.
enum { MOST_ROWS = 96, MOST_COLS = PARTS };

typedef struct {
	__m512 x, y, xx, xy, yx, yy;
	int8_t *pairs;
} copy;

// Copies the box of an aim; 0 if it is too large, or the picture's bytes end before.
WIDE static int copy_box(const pix_picture *p, const aim *a, copy *c) {
	int halves = a->cols <= MOST_COLS / 2 ? 1 : 2;
	size_t from = (size_t)a->y0 * (size_t)p->stride + (size_t)a->x0;
	if (a->rows > MOST_ROWS || a->cols > MOST_COLS || from + (size_t)a->rows * (size_t)p->stride + (size_t)halves * 64 > p->size)
		return 0;
	const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7), middle = _mm512_set1_epi8(-128);
	for (int k = 0; k < halves; k++) {
		const uint8_t *at = p->at + from + 64 * k;
		int8_t *to = c->pairs + 128 * k;
		__m512i row = _mm512_permutexvar_epi64(order, _mm512_xor_si512(_mm512_loadu_si512(at), middle));
		for (int y = 0; y < a->rows; y++, to += 2 * MOST_COLS) {
			at += p->stride;
			__m512i next = _mm512_permutexvar_epi64(order, _mm512_xor_si512(_mm512_loadu_si512(at), middle));
			_mm512_store_si512(to, _mm512_unpacklo_epi8(row, next));
			_mm512_store_si512(to + 64, _mm512_unpackhi_epi8(row, next));
			row = next;
		}
	}
	c->x = _mm512_set1_ps(a->x), c->xx = _mm512_set1_ps(a->xx), c->xy = _mm512_set1_ps(a->xy);
	c->y = _mm512_set1_ps(a->y), c->yx = _mm512_set1_ps(a->yx), c->yy = _mm512_set1_ps(a->yy);
	return 1;
}

// Vectors that are worked on in step: each step of one would wait long for the last.
enum { STEP = 4 };
#define EACH for (int k = 0; k < STEP; k++)

// Brightness at sixteen places, STEP times.
WIDE static inline __attribute__((always_inline)) void look64(const copy *c, const float *xs, const float *ys, __m512i v[STEP]) {
	const __m512i twice = _mm512_broadcast_i32x4(_mm_setr_epi8(0, -1, 0, -1, 4, -1, 4, -1, 8, -1, 8, -1, 12, -1, 12, -1));
	const __m512i four = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12));
	const __m512i one = _mm512_set1_epi32(PARTS - 1), half = _mm512_set1_epi16(PARTS - 1), quarter = _mm512_set1_epi8(PARTS - 1);
	__m512 fx[STEP], fy[STEP];
	__m512i x[STEP], y[STEP];
	EACH fx[k] = _mm512_mul_ps(c->xx, _mm512_loadu_ps(xs + 16 * k));
	EACH fy[k] = _mm512_mul_ps(c->yx, _mm512_loadu_ps(xs + 16 * k));
	EACH fx[k] = _mm512_add_ps(c->x, fx[k]);
	EACH fy[k] = _mm512_add_ps(c->y, fy[k]);
	EACH fx[k] = _mm512_add_ps(fx[k], _mm512_mul_ps(c->xy, _mm512_loadu_ps(ys + 16 * k)));
	EACH fy[k] = _mm512_add_ps(fy[k], _mm512_mul_ps(c->yy, _mm512_loadu_ps(ys + 16 * k)));
	EACH x[k] = _mm512_cvttps_epi32(fx[k]);
	EACH y[k] = _mm512_cvttps_epi32(fy[k]);
	EACH v[k] = _mm512_srli_epi32(x[k], PART_BITS);
	EACH v[k] = _mm512_ternarylogic_epi32(y[k], _mm512_set1_epi32(-PARTS), v[k], 0xEA); // y & -PARTS | x / PARTS
	EACH v[k] = _mm512_i32gather_epi32(v[k], c->pairs, 2);
	// Of each part f beside PARTS-f: f ^ (PARTS-1) is one less.
	EACH y[k] = _mm512_shuffle_epi8(y[k], four);
	EACH y[k] = _mm512_ternarylogic_epi32(y[k], quarter, half, 0x6A);
	EACH y[k] = _mm512_add_epi8(y[k], _mm512_set1_epi16(1));
	EACH x[k] = _mm512_shuffle_epi8(x[k], twice);
	EACH x[k] = _mm512_ternarylogic_epi32(x[k], half, one, 0x6A);
	EACH x[k] = _mm512_add_epi16(x[k], _mm512_set1_epi32(1));
	EACH v[k] = _mm512_maddubs_epi16(y[k], v[k]);
	EACH v[k] = _mm512_madd_epi16(v[k], x[k]);
	EACH v[k] = _mm512_add_epi32(v[k], _mm512_set1_epi32(128 * PARTS * PARTS + PARTS / 2));
	EACH v[k] = _mm512_srai_epi32(v[k], PART_BITS);
}

// The brightness of two rings.
WIDE static inline __attribute__((always_inline)) void two_rings(const copy *c, const float *xs, const float *ys, __m512i *first, __m512i *next) {
	const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
	__m512i v[STEP];
	look64(c, xs, ys, v);
	*first = _mm512_permutexvar_epi64(order, _mm512_packus_epi32(v[0], v[1]));
	*next = _mm512_permutexvar_epi64(order, _mm512_packus_epi32(v[2], v[3]));
}

WIDE static inline int below_all(__m512i a, __m512i b, int level) {
	__m512i l = _mm512_set1_epi16((int16_t)level);
	return __builtin_popcountll((uint64_t)_mm512_cmplt_epi16_mask(a, l) | (uint64_t)_mm512_cmplt_epi16_mask(b, l) << 32);
}

// The k-th from the least of the values of two rings, two bits at once from the highest.
WIDE static inline int ranked_wide(__m512i a, __m512i b, int k) {
	int best = below_all(a, b, 1 << 14) <= k ? 1 << 14 : 0;
	for (int bit = 12; bit >= 0; bit -= 2) {
		int more = (below_all(a, b, best | 1 << bit) <= k) + (below_all(a, b, best | 2 << bit) <= k) + (below_all(a, b, best | 3 << bit) <= k);
		best |= more << bit;
	}
	return best;
}

// The sums of each two neighbours.
WIDE static inline __m512i pairs_of(__m512i v) {
	return _mm512_add_epi32(_mm512_and_si512(v, _mm512_set1_epi32(0xFFFF)), _mm512_srli_epi32(v, 16));
}

WIDE static void look_around_wide(const copy *c, const float *xs, const float *ys, const double paper[3], tally *out) {
	__m512i beside, far, on, outer, inner, none;
	two_rings(c, xs, ys, &beside, &far);
	two_rings(c, xs + 2 * RING, ys + 2 * RING, &on, &outer);
	two_rings(c, xs + 4 * RING, ys + 4 * RING, &inner, &none); // half of it is inside
	__m512i side = _mm512_max_epi16(outer, inner);
	int white = white_near(ranked_wide(beside, far, 2 * RING * 3 / 4), paper[0]);
	scale_by(out, white, paper[1], paper[2]);
	const __m512i whites = _mm512_set1_epi16((int16_t)white), range = _mm512_set1_epi16((int16_t)out->range);
	out->shut = __builtin_popcount(_mm512_cmplt_epi16_mask(far, _mm512_set1_epi16((int16_t)(7 * white / 10))));
	out->paper = 2 * RING - below_all(beside, far, 4 * white / 5 + 1);
	out->clear = _mm512_reduce_add_epi32(pairs_of(_mm512_min_epu16(_mm512_subs_epu16(side, on), _mm512_set1_epi16((int16_t)out->full))));
	__m512i dark = pairs_of(_mm512_min_epu16(_mm512_subs_epu16(whites, beside), range));
	dark = _mm512_add_epi32(dark, pairs_of(_mm512_min_epu16(_mm512_subs_epu16(whites, far), range)));
	dark = _mm512_add_epi32(dark, _mm512_srli_epi64(dark, 32));
	_mm256_storeu_si256((__m256i *)out->around, _mm512_cvtepi64_epi32(dark));
}

// The sum of each of eight vectors, side by side.
WIDE static inline __m256i eight_sums(const __m512i v[8]) {
	__m512i two[4], four[2];
	for (int i = 0; i < 4; i++)
		two[i] = _mm512_add_epi64(_mm512_unpacklo_epi64(v[2 * i], v[2 * i + 1]), _mm512_unpackhi_epi64(v[2 * i], v[2 * i + 1]));
	for (int i = 0; i < 2; i++) // of the lanes 0 to 3 of a and of b: 0+1 and 2+3 of a, and of b
		four[i] = _mm512_add_epi64(_mm512_shuffle_i64x2(two[2 * i], two[2 * i + 1], 0x88), _mm512_shuffle_i64x2(two[2 * i], two[2 * i + 1], 0xDD));
	__m512i all = _mm512_add_epi64(_mm512_shuffle_i64x2(four[0], four[1], 0x88), _mm512_shuffle_i64x2(four[0], four[1], 0xDD));
	return _mm512_cvtepi64_epi32(all);
}

// What is inside: how dark each of the n places is, and what is counted of that.
WIDE static void look_inside_wide(const copy *c, const float *xs, const float *ys, int n, const int32_t *ends, uint8_t *darks, tally *out) {
	const __m512i white = _mm512_set1_epi32(out->white), range = _mm512_set1_epi32(out->range), zero = _mm512_setzero_si512();
	const __m512 scale = _mm512_set1_ps((float)BLACK / (float)out->range), half = _mm512_set1_ps(0.5f);
	for (int i = 0; i < n; i += 16 * STEP) {
		__m512i v[STEP];
		__m512 d[STEP];
		look64(c, xs + i, ys + i, v);
		EACH v[k] = _mm512_subs_epu16(white, v[k]);
		EACH v[k] = _mm512_min_epu16(v[k], range);
		EACH d[k] = _mm512_cvtepi32_ps(v[k]);
		EACH d[k] = _mm512_mul_ps(d[k], scale);
		EACH d[k] = _mm512_add_ps(d[k], half);
		EACH v[k] = _mm512_cvttps_epi32(d[k]);
		EACH _mm_storeu_si128((__m128i *)(darks + i + 16 * k), _mm512_cvtepi32_epi8(v[k]));
	}
	__m512i squares = zero;
	for (int i = 0; i < n; i += 64) {
		__m512i d = _mm512_maskz_loadu_epi8(~(uint64_t)0 >> (n - i < 64 ? 64 - (n - i) : 0), darks + i);
		for (int k = 0; k < LEVELS; k++)
			out->over[k] += __builtin_popcountll(_mm512_cmpgt_epu8_mask(d, _mm512_set1_epi8((char)levels[k])));
		__m512i low = _mm512_unpacklo_epi8(d, zero), high = _mm512_unpackhi_epi8(d, zero);
		squares = _mm512_add_epi32(squares, _mm512_add_epi32(_mm512_madd_epi16(low, low), _mm512_madd_epi16(high, high)));
	}
	out->squares = _mm512_reduce_add_epi32(squares);
	for (int k = 0, i = 0; k < CELLS; k += 8) {
		__m512i sums[8];
		for (int j = k; j < k + 8; i = ends[j++]) {
			sums[j - k] = zero;
			out->counts[j] = ends[j] - i;
			for (int from = i; from < ends[j]; from += 64) {
				__m512i d = _mm512_maskz_loadu_epi8(~(uint64_t)0 >> (ends[j] - from < 64 ? 64 - (ends[j] - from) : 0), darks + from);
				sums[j - k] = _mm512_add_epi64(sums[j - k], _mm512_sad_epu8(d, zero));
			}
		}
		__m256i all = eight_sums(sums);
		_mm256_storeu_si256((__m256i *)(out->sums + k), all);
		out->sum += _mm512_reduce_add_epi32(_mm512_zextsi256_si512(all));
	}
	out->seen = n;
}

// As see, for what may be copied; else it is 0.
WIDE static int see_wide(const pix_picture *p, const aim *a, const float *steps, const int32_t *ends, const double paper[3], uint8_t *darks,
                         tally *out) {
	int8_t pairs[2 * MOST_ROWS * MOST_COLS + 64] __attribute__((aligned(64)));
	int n = ends[CELLS - 1], all = RINGS * RING + ROOM(n);
	copy c = {.pairs = pairs};
	if (!copy_box(p, a, &c))
		return 0;
	look_around_wide(&c, steps, steps + all, paper, out);
	look_inside_wide(&c, steps + RINGS * RING, steps + all + RINGS * RING, n, ends, darks, out);
	return 1;
}
#endif

// Asks for the pixels of the next figure, which are seldom close to the processor.
static void ask_for(const pix_picture *p, const pix_place *at, const double reach[2]) {
	aim a;
	int sure;
	if (!aim_at(p, at, reach, &a, &sure) || !sure)
		return;
	const uint8_t *row = p->at + (ptrdiff_t)a.y0 * p->stride + a.x0;
	for (int y = 0; y <= a.rows; y++, row += p->stride) {
		__builtin_prefetch(row);
		__builtin_prefetch(row + a.cols);
	}
}

#if defined(__x86_64__)
WIDE static double cells_wide(const tally *t, double mean, double *cells, double *most) {
	__m512d lo = _mm512_set1_pd(1), hi = _mm512_setzero_pd();
	for (int k = 0; k < CELLS; k += 8) {
		__m256i n = _mm256_loadu_si256((const __m256i *)(t->counts + k));
		__m512d all = _mm512_cvtepi32_pd(_mm256_mullo_epi32(n, _mm256_set1_epi32(BLACK)));
		__mmask8 some = _mm256_cmpgt_epi32_mask(n, _mm256_setzero_si256());
		__m512d v = _mm512_mask_div_pd(_mm512_set1_pd(mean), some, _mm512_cvtepi32_pd(_mm256_loadu_si256((const __m256i *)(t->sums + k))), all);
		_mm512_storeu_pd(cells + k, v);
		lo = _mm512_min_pd(lo, v), hi = _mm512_max_pd(hi, v);
	}
	*most = _mm512_reduce_max_pd(hi);
	return _mm512_reduce_min_pd(lo);
}
#endif

// Sets cells to how dark each is; returns the least of them, and in *most the most.
static double cells_of(const tally *t, double mean, double *cells, double *most) {
#if defined(__x86_64__)
	if (wide())
		return cells_wide(t, mean, cells, most);
#endif
	double least = 1;
	*most = 0;
	for (int k = 0; k < CELLS; k++) {
		cells[k] = t->counts[k] > 0 ? (double)t->sums[k] / (double)(t->counts[k] * BLACK) : mean;
		least = cells[k] < least ? cells[k] : least, *most = cells[k] > *most ? cells[k] : *most;
	}
	return least;
}

// Makes shares of what was counted at n places.
static void shares(const tally *t, int n, pix_look *to) {
	double seen = 1 / (double)(t->seen > 1 ? t->seen : 1), mean = t->sum * seen / BLACK, most, least = cells_of(t, mean, to->pattern, &most);
	double *sectors = to->pattern + CELLS, *over = sectors + SECTORS, *rest = over + LEVELS;
	to->line = (double)t->clear / (double)(t->full * RING);
	to->open = 1 - (double)t->shut / RING;
	to->paper = (double)t->paper / (2 * RING);
	to->seen = (double)t->seen / (double)(n > 1 ? n : 1);
	double scale = 1 / (double)(t->range * (2 * RING / SECTORS)), all = (double)t->squares * seen / (BLACK * BLACK) - mean * mean;
	for (int k = 0; k < SECTORS; k++)
		sectors[k] = t->around[k] * scale;
	for (int k = 0; k < LEVELS; k++)
		over[k] = t->over[k] * seen;
	rest[0] = mean, rest[1] = sqrt(all > 0 ? all : 0), rest[2] = least < most ? least : most, rest[3] = most;
}

void pix_see(const pix_picture *p, const pix_place *at, int many, const float *steps, const double reach[2], const int32_t *ends,
             const double print[2], const uint8_t *hidden, int16_t *vs, uint8_t *darks, uint8_t *keep, pix_look *out) {
	int n = ends[CELLS - 1];
	for (int i = 0; i < many; i++) {
		double paper[3] = {at[i].white, print[0], print[1]};
		tally t = {0};
		aim a;
		int sure = 0, aimed = aim_at(p, at + i, reach, &a, &sure), done = 0;
		if (i + 1 < many)
			ask_for(p, at + i + 1, reach);
#if defined(__x86_64__)
		done = aimed && sure && !hidden && wide() && see_wide(p, &a, steps, ends, paper, darks, &t);
#endif
		if (!done)
			see(p, aimed ? &a : 0, sure, steps, ends, paper, hidden ? hidden + (ptrdiff_t)i * n : 0, vs, darks, &t);
		if (keep)
			memcpy(keep + (ptrdiff_t)i * n, darks, (size_t)n);
		shares(&t, n, out + i);
	}
}
