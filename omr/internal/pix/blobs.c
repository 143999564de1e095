#pragma GCC optimize("O3", "fp-contract=off")

#include "vectors.h"

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
