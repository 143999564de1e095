#pragma GCC optimize("O3", "fp-contract=off")

#include "vectors.h"

#include <math.h>
#include <string.h>

int pix_vectors = 2;

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
