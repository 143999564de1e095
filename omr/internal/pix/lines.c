#pragma GCC optimize("O3", "fp-contract=off")

#include "vectors.h"

enum { SIDE = 6, LONG = 60, WHOLE = 92, OPEN = 30 };

// A line's darkness that one pixel in EVEN falls short of, and that which one in OWN does, which
// is its own, and not that of marks it runs through.
enum { EVEN = 12, OWN = 3 };

// What loops do at once, at most: arrays are as long as a multiple of it.
enum { MANY = 32, MANY_WORDS = 8 };

// How cells are marked: on a line along a column, along a row.
enum { DOWN = 1, ALONG = 2 };

// Of the pixels of a line that lie in each fourth row or column of the picture, so many are dark.
enum { LEAST_FOURTHS = 3 };

// The most light pixels of a line's LONG, and the least open and dark ones.
enum { MOST_LIGHT = LONG * (100 - WHOLE) / 100, LEAST_OPEN = LONG * OPEN / 100, LEAST_DARK = LONG * OPEN * WHOLE / 10000 };

static int is_line(int dark, int open, int length) {
	return dark > 0 && 100 * dark >= WHOLE * open && 100 * open >= OPEN * length;
}

// What is searched, and where lines are marked.
typedef struct {
	const uint8_t *img, *open, *step;
	ptrdiff_t stride;
	int w, h, nx, words; // words hold a row of bits: a multiple of MANY_WORDS
	uint8_t *cells, *marked; // marked: which blocks have any of these
	uint64_t *bits;         // for as many rows of bits as PIX_LINE_ROWS
	uint8_t *limit, *more;  // open and step of each pixel of a row
	uint8_t *darks;         // one for each pixel of a line
	const uint8_t *rows, *columns; // not 0: lines along it are marked; NULL: along all
	int any;
} search;

// What is known of up to 128 pixels of a way, a bit each.
typedef unsigned __int128 bits;

// From where to where one way is a line, as far as it was looked at.
typedef struct {
	int32_t from, to;
} span;

// ---- even lines

// Writes how much darker n pixels, step apart, are than both sides of them, and 255 where these
// are no paper. Returns how many are not that.
static inline int darker_by(const uint8_t *at, ptrdiff_t step, ptrdiff_t side, int open, int n, uint8_t *dst) {
	int all = 0;
	for (int i = 0; i < n; i++, at += step) {
		int least = at[-side] < at[side] ? at[-side] : at[side];
		all += least >= open;
		dst[i] = (uint8_t)(least < open ? 255 : least > *at ? least - *at : 0);
	}
	return all;
}

// How many of n values are up to v; n is a multiple of MANY, and 65,535 at most.
static inline int up_to(const uint8_t *values, int n, uint8_t v) {
	uint16_t all = 0;
	for (int i = 0; i < n / MANY * MANY; i++)
		all = (uint16_t)(all + (values[i] <= v));
	return all;
}

// Whether what one of EVEN of the pixels of which all are seen falls short of is three fifths of
// what one of OWN does.
CLONES static int is_even(const uint8_t *darks, int n, int all) {
	int lo = -1, hi = 255; // hi is the former in the end
	while (hi - lo > 1) {
		int v = (lo + hi) / 2;
		if (up_to(darks, n, (uint8_t)v) > all / EVEN)
			hi = v;
		else
			lo = v;
	}
	return 5 * hi / 3 >= 255 || up_to(darks, n, (uint8_t)(5 * hi / 3)) > all / OWN;
}

// Marks a span of column x or row y as a line unless it is as uneven as a row of marks in
// neighbouring bubbles: where these nearly touch, a coarse scan darkens the paper between
// them, but a line is about as dark there as elsewhere.
CLONES static void keep(search *s, span of, int x, int y, uint8_t as) {
	int n = of.to - of.from, all = 0, down = as == DOWN;
	uint8_t *darks = s->darks;
	for (int i = of.from; i < of.to;) {
		int end = (i / BLOCK + 1) * BLOCK < of.to ? (i / BLOCK + 1) * BLOCK : of.to;
		if (down)
			all += darker_by(s->img + i * s->stride + x, s->stride, SIDE, s->open[i / BLOCK * s->nx + x / BLOCK], end - i, darks);
		else
			all += darker_by(s->img + y * s->stride + i, 1, SIDE * s->stride, s->open[y / BLOCK * s->nx + i / BLOCK], end - i, darks);
		darks += end - i;
		i = end;
	}
	memset(darks, 255, MANY);
	if (!is_even(s->darks, (n + MANY - 1) / MANY * MANY, all))
		return;
	uint8_t *cell = s->cells + (down ? (ptrdiff_t)of.from * s->w + x : (ptrdiff_t)y * s->w + of.from);
	for (; n > 0; n--, cell += down ? s->w : 1)
		*cell |= as;
	for (int i = of.from / BLOCK; i <= (of.to - 1) / BLOCK; i++)
		s->marked[down ? i * s->nx + x / BLOCK : y / BLOCK * s->nx + i] = 1;
	s->any = 1;
}

// Whether the LONG pixels from i on are a line.
static inline int line_at(bits dark, bits light, bits fourths, int i) {
	const uint64_t all = ((uint64_t)1 << LONG) - 1;
	int not = __builtin_popcountll((uint64_t)(light >> i) & all);
	if (not > MOST_LIGHT || __builtin_popcountll((uint64_t)((dark & fourths) >> i) & all) < LEAST_FOURTHS)
		return 0;
	int is = __builtin_popcountll((uint64_t)(dark >> i) & all);
	return is_line(is, is + not, LONG);
}

// Looks for lines among the n pixels from x, y on of a way of which LONG make one with as; adds
// them to the way's last span, or keeps that and begins another. first is the first of the
// fourth pixels of the picture.
CLONES static void confirm(search *s, bits dark, bits light, int n, int first, int x, int y, uint8_t as, span *last) {
	const uint64_t every = 0x1111111111111111;
	bits fourths = ((bits)every << 64 | every) << first;
	int from = as == DOWN ? y : x;
	for (int i = 0; i + LONG <= n;) {
		if (!line_at(dark, light, fourths, i)) {
			i++;
			continue;
		}
		if (last->to < from + i) {
			if (last->to > 0)
				keep(s, *last, x, y, as);
			last->from = from + i;
		}
		last->to = last->to > from + i + LONG ? last->to : from + i + LONG;
		int next = i + LONG < n - LONG ? i + LONG : n - LONG; // the last that touches this one
		while (next > i && !line_at(dark, light, fourths, next))
			next--;
		i = next > i ? next : i + LONG + 1;
	}
}

// ---- bits of rows

// The light pixels of sixty-four of a row, as bits, and those that are dark: both have paper at
// both sides of them.
static inline uint64_t light64(const uint8_t *at, ptrdiff_t side, const uint8_t *limit, const uint8_t *more, int n, uint64_t *dark) {
	uint64_t light = 0, all = 0;
	for (int i = 0; i < n; i++) {
		int least = at[i - side] < at[i + side] ? at[i - side] : at[i + side], is_open = least >= limit[i];
		all |= (uint64_t)is_open << i;
		light |= (uint64_t)(is_open && at[i] + more[i] >= least) << i;
	}
	*dark = all & ~light;
	return light;
}

#if defined(__x86_64__)
FAST static inline uint64_t light64_fast(const uint8_t *at, ptrdiff_t side, const uint8_t *limit, const uint8_t *more, int n,
                                         uint64_t *dark) {
	uint64_t light = 0, all = 0;
	for (int i = 0; i < n; i += 32) {
		__m256i least = _mm256_min_epu8(_mm256_loadu_si256((const __m256i *)(at + i - side)), _mm256_loadu_si256((const __m256i *)(at + i + side)));
		__m256i most = _mm256_subs_epu8(least, _mm256_loadu_si256((const __m256i *)(more + i)));
		__m256i v = _mm256_loadu_si256((const __m256i *)(at + i)), o = _mm256_loadu_si256((const __m256i *)(limit + i));
		o = _mm256_cmpeq_epi8(_mm256_max_epu8(least, o), least);
		all |= (uint64_t)(uint32_t)_mm256_movemask_epi8(o) << i;
		light |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_and_si256(o, _mm256_cmpeq_epi8(_mm256_max_epu8(v, most), v))) << i;
	}
	*dark = all & ~light;
	return light;
}

// Vectors of 512 bits would do in one step what these do in two, and make no row quicker: but a
// processor that is busy with them runs slower for milliseconds after.
WIDE static inline uint64_t light64_wide(const uint8_t *at, ptrdiff_t side, const uint8_t *limit, const uint8_t *more, int n,
                                         uint64_t *dark) {
	uint64_t all = 0, is = 0;
	for (int i = 0; i < n; i += 32) {
		__m256i least = _mm256_min_epu8(_mm256_loadu_si256((const __m256i *)(at + i - side)), _mm256_loadu_si256((const __m256i *)(at + i + side)));
		__m256i most = _mm256_subs_epu8(least, _mm256_loadu_si256((const __m256i *)(more + i)));
		__mmask32 open = _mm256_cmpge_epu8_mask(least, _mm256_loadu_si256((const __m256i *)(limit + i)));
		all |= (uint64_t)open << i;
		is |= (uint64_t)_mm256_mask_cmpgt_epu8_mask(open, most, _mm256_loadu_si256((const __m256i *)(at + i))) << i;
	}
	*dark = is;
	return all & ~is;
}
#endif

// Looks at n pixels of a row, 64 or more, and writes which are dark and which light; the last
// sixty-four end with them. Returns how many are light.
#define LOOK(name, target, light_of)                                                                                       \
	target static int name(const uint8_t *at, ptrdiff_t side, int n, const uint8_t *limit, const uint8_t *more,        \
	                       uint64_t *dark, uint64_t *light) {                                                          \
		int all = 0;                                                                                                   \
		for (int x = 0; x < n; x += 64, dark++, light++) {                                                             \
			int over = x + 64 <= n ? 0 : x + 64 - n, from = x - over;                                                  \
			uint64_t is, not = light_of(at + from, side, limit + from, more + from, 64, &is);                          \
			*dark = is >> over;                                                                                        \
			*light = not >> over;                                                                                      \
			all += __builtin_popcountll(*light);                                                                       \
		}                                                                                                              \
		return all;                                                                                                    \
	}

LOOK(look_plain, , light64)
#if defined(__x86_64__)
LOOK(look_fast, __attribute__((target("avx2,popcnt"))), light64_fast)
LOOK(look_wide, __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,popcnt"))), light64_wide)
#endif

static int look(const uint8_t *at, ptrdiff_t side, int n, const uint8_t *limit, const uint8_t *more, uint64_t *dark, uint64_t *light) {
	if (n < 64) {
		*light = light64(at, side, limit, more, n, dark);
		return __builtin_popcountll(*light);
	}
#if defined(__x86_64__)
	if (wide())
		return look_wide(at, side, n, limit, more, dark, light);
	if (fast())
		return look_fast(at, side, n, limit, more, dark, light);
#endif
	return look_plain(at, side, n, limit, more, dark, light);
}

// Makes limit and more those of row y.
static void limits(search *s, int y) {
	spread_blocks(s->open + y / BLOCK * s->nx, s->w, s->limit);
	spread_blocks(s->step + y / BLOCK * s->nx, s->w, s->more);
}

// ---- lines along columns

// Every second row is looked at first, which makes SAMPLES of LONG. WINDOWS of so many are
// confirmed at once, as many as 128 pixels hold: an even number.
enum { EVERY = 2, SAMPLES = LONG / EVERY, WINDOWS = (128 - LONG) / EVERY };

// The binary digits that count the SAMPLES which are light, the fourth rows that are dark, and
// all that are light in a column.
enum { LIGHTS = 5, DARKS = 4, TOTAL = 16 };

// Five hundred and twelve columns, a bit each.
typedef uint64_t lanes __attribute__((vector_size(8 * MANY_WORDS), aligned(8), may_alias));

// Counts one more where in is set, and one less where out is; the lowest digit comes first.
static inline __attribute__((always_inline)) void count_on(lanes *counts, int digits, const lanes *in, const lanes *out) {
	lanes up = *in & ~*out, down = *out & ~*in;
#pragma GCC unroll 8
	for (int i = 0; i < digits; i++) {
		lanes c = counts[i];
		counts[i] = c ^ (up | down);
		up &= c;
		down &= ~c;
	}
}

// Writes which counts are most or fewer.
static inline __attribute__((always_inline)) void at_most(const lanes *counts, int digits, int most, lanes *dst) {
	lanes is = ~(lanes){0};
#pragma GCC unroll 16
	for (int i = 0; i < digits; i++)
		is = most >> i & 1 ? is | ~counts[i] : is & ~counts[i];
	*dst = is;
}

// What is counted of so many columns: the light samples among the last, the dark fourth rows,
// all that were light; and few tells which columns may be a line.
typedef struct {
	lanes light[LIGHTS], dark[DARKS], total[TOTAL], few;
} counts;

// Counts n samples that come instead of old ones, and notes in few which columns may be a line.
static inline __attribute__((always_inline)) void slide(counts *c, const lanes *light, const lanes *dark, lanes *old, int n) {
	for (int x = 0; x < n; x++, c++, old += 2) {
		lanes not_light, not_dark;
		count_on(c->light, LIGHTS, &light[x], &old[0]);
		count_on(c->dark, DARKS, &dark[x], &old[1]);
		old[0] = light[x];
		old[1] = dark[x];
		at_most(c->light, LIGHTS, MOST_LIGHT, &not_light);
		at_most(c->dark, DARKS, LEAST_FOURTHS - 1, &not_dark);
		c->few |= not_light & ~not_dark;
	}
}

CLONES static void slide_fast(counts *c, const lanes *light, const lanes *dark, lanes *old, int n) { slide(c, light, dark, old, n); }
#if defined(__x86_64__)
WIDE static void slide_wide(counts *c, const lanes *light, const lanes *dark, lanes *old, int n) { slide(c, light, dark, old, n); }
#endif

static void add_counts(counts *c) {
	lanes more = {0};
	for (int i = 0; i < TOTAL; i++) {
		lanes a = c->total[i], b = i < LIGHTS ? c->light[i] : (lanes){0};
		c->total[i] = a ^ b ^ more;
		more = (a & b) | (more & (a ^ b));
	}
}

// The dark and light pixels of rows y0 to before y1 of a column, 128 at most.
static __attribute__((noinline)) bits look_down(const search *s, int x, int y0, int y1, bits *light) {
	bits is_dark = 0, is_light = 0;
	for (int y = y0; y < y1;) {
		int end = (y / BLOCK + 1) * BLOCK < y1 ? (y / BLOCK + 1) * BLOCK : y1;
		int block = y / BLOCK * s->nx + x / BLOCK, o = s->open[block], m = s->step[block];
		uint32_t some_dark = 0, some_light = 0;
		const uint8_t *at = s->img + y * s->stride + x;
		for (int i = 0; i < end - y; i++, at += s->stride) {
			int left = at[-SIDE], right = at[SIDE], side = left < right ? left : right;
			uint32_t is = side >= o, dark = *at + m < side;
			some_dark |= (is & dark) << i;
			some_light |= (is & ~dark) << i;
		}
		is_dark |= (bits)some_dark << (y - y0);
		is_light |= (bits)some_light << (y - y0);
		y = end;
	}
	*light = is_light;
	return is_dark;
}

// Whether a column is a line from end to end.
static int whole_column(const search *s, int x) {
	int is = 0, not = 0;
	for (int y = 0; y < s->h; y += BLOCK) {
		bits light, dark = look_down(s, x, y, s->h - y < BLOCK ? s->h : y + BLOCK, &light);
		is += __builtin_popcountll((uint64_t)dark);
		not += __builtin_popcountll((uint64_t)light);
	}
	return is_line(is, is + not, s->h);
}

// A line has at most MOST_LIGHT light pixels, and so at most as many of its samples: only
// columns that have are looked at closely.
static int columns(search *s, span *spans) {
	int n = s->words / MANY_WORDS, inside = s->w - 2 * SIDE, samples = (s->h + EVERY - 1) / EVERY, first = 0;
	lanes *old = (lanes *)s->bits, *light = old + 2 * SAMPLES * n, *dark = light + n;
	counts *all = (counts *)(dark + n);
	memset(s->bits, 0, (size_t)s->words * PIX_LINE_ROWS * sizeof *s->bits);
	memset(spans, 0, (size_t)s->w * sizeof *spans);
	for (int k = 0; k < samples; k++) {
		int y = k * EVERY, last = k - SAMPLES + 1; // the window that ends here
		if (y % BLOCK == 0)
			limits(s, y);
		look(s->img + y * s->stride + SIDE, SIDE, inside, s->limit + SIDE, s->more + SIDE, (uint64_t *)dark, (uint64_t *)light);
		if (y % 4 != 0)
			memset(dark, 0, (size_t)n * sizeof *dark);
		lanes *same = old + 2 * (k % SAMPLES) * n;
#if defined(__x86_64__)
		if (wide())
			slide_wide(all, light, dark, same, n);
		else
#endif
			slide_fast(all, light, dark, same, n);
		for (int i = 0; i < n && last % SAMPLES == 0; i++)
			add_counts(&all[i]);
		for (int i = 0; i < n && last < 0; i++)
			all[i].few = (lanes){0};
		if (last < 0 || (last - first < WINDOWS - 1 && k < samples - 1))
			continue;
		int y0 = first > 0 ? first * EVERY - EVERY + 1 : 0, y1 = last * EVERY + LONG < s->h ? last * EVERY + LONG : s->h;
		for (int i = 0; i < s->words; i++) {
			for (uint64_t few = all[i / MANY_WORDS].few[i % MANY_WORDS]; few; few &= few - 1) {
				int x = SIDE + 64 * i + __builtin_ctzll(few);
				if (s->columns && !s->columns[x])
					continue;
				bits is_light, is_dark = look_down(s, x, y0, y1, &is_light);
				confirm(s, is_dark, is_light, y1 - y0, y0 > 0 ? EVERY - 1 : 0, x, y0, DOWN, &spans[x]);
			}
			all[i / MANY_WORDS].few[i % MANY_WORDS] = 0;
		}
		first = last + 1;
	}
	for (int i = 0; i < n; i++)
		at_most(all[i].total, TOTAL, (100 - WHOLE) * s->h / 100, &all[i].few);
	int count = 0, before = 0;
	for (int i = 0; i < inside; i++) {
		if (spans[SIDE + i].to > 0)
			keep(s, spans[SIDE + i], SIDE + i, 0, DOWN);
		uint64_t may = all[i / 64 / MANY_WORDS].few[i / 64 % MANY_WORDS] >> (i % 64) & 1;
		int is = may && whole_column(s, SIDE + i);
		count += is && !before;
		before = is;
	}
	return count;
}

// ---- lines along rows

// Two numbers less one another, and 0 below it.
static inline uint16_t above(uint16_t a, uint16_t b) { return a > b ? (uint16_t)(a - b) : 0; }

// A word's bits, in blocks.
typedef uint16_t __attribute__((may_alias)) block;

static inline uint16_t ones(uint16_t b) {
	b = (uint16_t)(b - (b >> 1 & 0x5555));
	b = (uint16_t)((b & 0x3333) + (b >> 2 & 0x3333));
	b = (uint16_t)((b + (b >> 4)) & 0x0F0F);
	return (uint16_t)((b + (b >> 8)) & 0x1F);
}

// Whether a line may run through a row, and through which blocks b and b+1, which it then holds
// whole: with the block before them or the one behind, or all but three pixels of both. Of n
// blocks, a multiple of MANY, are nx in the picture. dark and light have room for three more
// before and behind them; those before the first are not dark, and light.
CLONES static int may_run(const block *restrict is_dark, const block *restrict is_light, int nx, int n, uint16_t *restrict dark,
                          uint16_t *restrict light, uint16_t *restrict may) {
	uint16_t any = 0;
	for (int b = 0; b < n / MANY * MANY; b++) {
		dark[b + 3] = ones(is_dark[b]);
		light[b + 3] = ones(is_light[b]);
	}
	for (int b = nx; b < nx + 3; b++) // outside is nothing dark: these suffice
		light[b + 3] = BLOCK;
	for (int b = 0; b < n / MANY * MANY; b++) {
		const uint16_t *l = light + b + 3, *d = dark + b + 3;
		uint16_t not = (uint16_t)(l[0] + l[1] + above(l[-1] < l[2] ? l[-1] : l[2], 3));
		uint16_t is = (uint16_t)(d[-2] + d[-1] + d[0] + d[1] + d[2] + d[3]);
		may[b] = not <= MOST_LIGHT && is >= LEAST_DARK;
		any |= may[b];
	}
	return any;
}

// Blocks that are gone ahead among the 128 pixels that are confirmed at once: no line's LONG is
// left out.
enum { AHEAD = 4 };

// The bits of eight blocks from b on.
static bits from_block(const uint64_t *words, int b) {
	int at = b / 4, by = BLOCK * (b % 4);
	bits two = (bits)words[at + 1] << 64 | words[at];
	return by ? two >> by | (bits)words[at + 2] << (128 - by) : two;
}

// Whether the first pixels of a row, which are looked at sooner than all, tell that it is no
// line from end to end.
static int not_whole(const search *s, int y, uint64_t *dark, uint64_t *light) {
	enum { FIRST = 192 };
	return s->w >= FIRST && 100 * look(s->img + y * s->stride, SIDE * s->stride, FIRST, s->limit, s->more, dark, light) > (100 - WHOLE) * s->w;
}

static int rows(search *s) {
	int w = s->w, nx = s->nx, n = s->words, blocks = 4 * n, count = 0, before = 0;
	uint64_t *dark = s->bits, *light = dark + n + 2; // two more than are seen
	uint16_t *darks = (uint16_t *)(light + n + 2), *lights = darks + blocks + 6, *may = lights + blocks + 6;
	memset(dark, 0, (size_t)(2 * (n + 2)) * sizeof *dark + (size_t)(2 * (blocks + 6)) * sizeof *darks);
	for (int i = 0; i < 3; i++)
		lights[i] = BLOCK;
	for (int y = SIDE; y < s->h - SIDE; y++) {
		if (y % BLOCK == 0 || y == SIDE)
			limits(s, y);
		int wanted = !s->rows || s->rows[y];
		if (!wanted && not_whole(s, y, dark, light)) {
			before = 0;
			continue;
		}
		int is = 0, not = look(s->img + y * s->stride, SIDE * s->stride, w, s->limit, s->more, dark, light), whole = 0;
		if (100 * not <= (100 - WHOLE) * w) {
			for (int i = 0; i < n; i++)
				is += __builtin_popcountll(dark[i]);
			whole = is_line(is, is + not, w);
		}
		count += whole && !before;
		before = whole;
		if (!wanted || !may_run((block *)dark, (block *)light, nx, blocks, darks, lights, may))
			continue;
		span last = {0, 0};
		for (int i = 0, end; i + 1 < nx; i = end + 1) {
			for (end = i; end + 1 < nx && may[end]; end++)
				;
			// As far as lines through blocks i to end may reach.
			int from = i > 2 ? i - 2 : 0, to = (end + 3) * BLOCK < w ? (end + 3) * BLOCK : w, rest = end > i ? to - from * BLOCK : 0;
			for (; rest >= LONG; rest -= AHEAD * BLOCK, from += AHEAD)
				confirm(s, from_block(dark, from), from_block(light, from), rest < 128 ? rest : 128, 0, from * BLOCK, y, ALONG, &last);
		}
		if (last.to > 0)
			keep(s, last, 0, y, ALONG);
	}
	return count;
}

int pix_lines(const uint8_t *img, ptrdiff_t stride, int w, int h, const uint8_t *open, const uint8_t *step, int nx,
              const uint8_t *rows_wanted, const uint8_t *columns_wanted, uint8_t *cells, uint8_t *marked, uint64_t *room, int *any) {
	search s = {img, open, step, stride, w, h, nx, (w + 511) / 512 * MANY_WORDS, cells, marked, room, 0, 0, 0, rows_wanted, columns_wanted, 0};
	span *spans = (span *)(room + PIX_LINE_ROWS * s.words);
	s.limit = (uint8_t *)(spans + w), s.more = s.limit + w + BLOCK, s.darks = s.more + w + BLOCK;
	int n = columns(&s, spans);
	n += rows(&s);
	*any = s.any;
	return n;
}

// ---- gaps

enum { NARROW = 2, WIDE_GAP = 4, MARGIN = WIDE_GAP + 1 };

// What is counted along columns, one row of w for each.
enum { NEAR_PRINT, NEAR_GAP, FAR_PRINT, FAR_GAP, COUNTS };

// Counts in print where a pixel has print on both sides, near and one more pixels away, and
// in gap where it is lighter than all of that.
static inline void look_across(const uint8_t *at, int near, const uint8_t *limit, const uint8_t *more, int n, uint8_t *restrict print,
                               uint8_t *restrict gap) {
	for (int x = 0; x < n; x++) {
		uint8_t left = at[x - near] > at[x - near - 1] ? at[x - near] : at[x - near - 1];
		uint8_t right = at[x + near] > at[x + near + 1] ? at[x + near] : at[x + near + 1];
		uint8_t side = left > right ? left : right, by = at[x] > side ? (uint8_t)(at[x] - side) : 0;
		uint8_t is = side < limit[x];
		print[x] = (uint8_t)(print[x] + is);
		gap[x] = (uint8_t)(gap[x] + (uint8_t)(is & (uint8_t)(by > more[x])));
	}
}

// Counts the gaps of row in the sixty-four columns from x on, of which those that may tells can
// have print at both sides.
CLONES static void count_gaps(const search *s, const uint8_t *row, int x, uint64_t may, uint8_t *counts) {
	int w = s->w, whole = x >= MARGIN && x + 64 <= w - MARGIN, from = whole ? x : x + __builtin_ctzll(may);
	int n = whole ? 64 : x + 64 - __builtin_clzll(may) - from;
	const uint8_t *at = row + from, *limit = s->limit + from, *more = s->more + from;
	for (int k = 0, near = NARROW; k < 2; k++, near = WIDE_GAP, counts += 2 * w)
		if (whole)
			look_across(at, near, limit, more, 64, counts + from, counts + w + from);
		else
			look_across(at, near, limit, more, n, counts + from, counts + w + from);
}

#if defined(__x86_64__)
WIDE static inline void one_more(uint8_t *counts, __mmask64 of) {
	_mm512_mask_storeu_epi8(counts, of, _mm512_add_epi8(_mm512_maskz_loadu_epi8(of, counts), _mm512_set1_epi8(1)));
}

WIDE static void count_gaps_wide(const search *s, const uint8_t *row, int x, uint64_t may, uint8_t *counts) {
	const __m512i v = _mm512_maskz_loadu_epi8(may, row + x), limit = _mm512_maskz_loadu_epi8(may, s->limit + x);
	const __m512i more = _mm512_maskz_loadu_epi8(may, s->more + x);
	for (int k = 0; k < 2; k++, counts += 2 * s->w) {
		int near = k == 0 ? NARROW : WIDE_GAP;
		__m512i left = _mm512_max_epu8(_mm512_maskz_loadu_epi8(may, row + x - near), _mm512_maskz_loadu_epi8(may, row + x - near - 1));
		__m512i right = _mm512_max_epu8(_mm512_maskz_loadu_epi8(may, row + x + near), _mm512_maskz_loadu_epi8(may, row + x + near + 1));
		__m512i side = _mm512_max_epu8(left, right);
		__mmask64 is = _mm512_mask_cmplt_epu8_mask(may, side, limit);
		one_more(counts + x, is);
		one_more(counts + s->w + x, _mm512_mask_cmpgt_epu8_mask(is, _mm512_subs_epu8(v, side), more));
	}
}
#endif

// The pixels of up to sixty-four that are darker than their limits, as bits.
static inline uint64_t below64(const uint8_t *row, const uint8_t *limit, int n) {
	uint64_t is = 0;
	for (int i = 0; i < n; i++)
		is |= (uint64_t)(row[i] < limit[i]) << i;
	return is;
}

#if defined(__x86_64__)
FAST static inline uint64_t below64_fast(const uint8_t *row, const uint8_t *limit, int n) {
	if (n < 64)
		return below64(row, limit, n);
	uint64_t is = 0;
	for (int i = 0; i < 64; i += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(row + i)), l = _mm256_loadu_si256((const __m256i *)(limit + i));
		is |= (uint64_t)(uint32_t)~_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(v, l), v)) << i;
	}
	return is;
}

WIDE static inline uint64_t below64_wide(const uint8_t *row, const uint8_t *limit, int n) {
	__mmask64 in = n < 64 ? ((uint64_t)1 << n) - 1 : ~(uint64_t)0;
	return _mm512_mask_cmplt_epu8_mask(in, _mm512_maskz_loadu_epi8(in, row), _mm512_maskz_loadu_epi8(in, limit));
}
#endif

// Counts the gaps of a row. Most of a page is paper: print has room for the bits of where print
// may be and a word of none before and behind them, and only near those the row is looked at.
#define GAPS(name, target, below_of, count_of)                                                                          \
	target static void name(const search *s, const uint8_t *row, const uint8_t *top, uint64_t *print, uint8_t *counts) { \
		int w = s->w;                                                                                                  \
		for (int x = 0, i = 0; x < w; x += 64, i++)                                                                    \
			print[i] = below_of(row + x, top + x, w - x < 64 ? w - x : 64);                                            \
		for (int x = 0; x < w; x += 64, print++) {                                                                     \
			uint64_t p = print[0], l = print[-1], r = print[1];                                                        \
			if (!(p | l >> (64 - MARGIN) | r << (64 - MARGIN)))                                                        \
				continue;                                                                                              \
			uint64_t near = (p << 2 | l >> 62) & (p << 3 | l >> 61) & (p >> 2 | r << 62) & (p >> 3 | r << 61);         \
			uint64_t far = (p << 4 | l >> 60) & (p << 5 | l >> 59) & (p >> 4 | r << 60) & (p >> 5 | r << 59);          \
			uint64_t in = x > 0 ? ~(uint64_t)0 : ~(uint64_t)0 << MARGIN;                                               \
			if (x + 64 > w - MARGIN)                                                                                   \
				in &= ((uint64_t)1 << (w - MARGIN > x ? w - MARGIN - x : 0)) - 1;                                      \
			if ((near | far) & in)                                                                                     \
				count_of(s, row, x, (near | far) & in, counts);                                                        \
		}                                                                                                              \
	}

GAPS(gaps_plain, , below64, count_gaps)
#if defined(__x86_64__)
GAPS(gaps_fast, FAST, below64_fast, count_gaps)
GAPS(gaps_wide, WIDE, below64_wide, count_gaps_wide)
#endif

// Makes limit and more those of row y, and top the most that limit is of it or the block beside;
// blocks has room for one row of them.
static void gap_limits(search *s, int y, uint8_t *top, uint8_t *blocks) {
	limits(s, y);
	const uint8_t *open = s->open + y / BLOCK * s->nx;
	for (int b = 0; b < s->nx; b++)
		blocks[b] = (uint8_t)(open[b] - open[b] / 8); // print is darker than paper beside a line
	spread_blocks(blocks, s->w, s->limit);
	for (int b = 0, last = 0; b < s->nx; b++) {
		int is = blocks[b], next = b + 1 < s->nx ? blocks[b + 1] : 0, most = last > next ? last : next;
		memset(top + b * BLOCK, is > most ? is : most, BLOCK);
		last = is;
	}
}

// Adds what was counted in one of the bands.
CLONES static void add_band(const uint8_t *restrict counts, int w, int band, uint16_t *restrict all, uint8_t *restrict bands) {
	for (int i = 0; i < COUNTS * w; i++)
		all[i] = (uint16_t)(all[i] + counts[i]);
	for (int i = 0; i < COUNTS * w; i++)
		bands[i] |= (uint8_t)((counts[i] > 0) << band);
}

void pix_gaps(const uint8_t *img, ptrdiff_t stride, int w, int h, const uint8_t *open, const uint8_t *step, int nx,
              uint64_t *room, uint16_t *all, uint8_t *bands) {
	search s = {img, open, step, stride, w, h, nx, (w + 511) / 512 * MANY_WORDS, 0, 0, room, 0, 0, 0, 0, 0, 0};
	uint64_t *print = room + 1;
	s.limit = (uint8_t *)(room + s.words + 2), s.more = s.limit + w + BLOCK;
	uint8_t *top = s.more + w + BLOCK, *blocks = top + w + BLOCK, *counts = blocks + nx;
	memset(room, 0, (size_t)(s.words + 2) * sizeof *room);
	memset(all, 0, (size_t)w * COUNTS * sizeof *all);
	memset(bands, 0, (size_t)w * COUNTS);
	for (int band = 0; band < PIX_GAP_BANDS; band++) {
		memset(counts, 0, (size_t)w * COUNTS);
		for (int y = band * h / PIX_GAP_BANDS, from = y; y < (band + 1) * h / PIX_GAP_BANDS; y++) {
			if (y == from || y % BLOCK == 0)
				gap_limits(&s, y, top, blocks);
			const uint8_t *row = img + y * stride;
#if defined(__x86_64__)
			if (wide())
				gaps_wide(&s, row, top, print, counts);
			else if (fast())
				gaps_fast(&s, row, top, print, counts);
			else
#endif
				gaps_plain(&s, row, top, print, counts);
		}
		add_band(counts, w, band, all, bands);
	}
}
