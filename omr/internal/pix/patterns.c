#pragma GCC optimize("O3", "fp-contract=off")

#include "vectors.h"

#include <string.h>

// Sums of products are made in the order in which they stand, whatever the vectors: each of
// the numbers that are summed up side by side has a place of its own in one.

CLONES void pix_pattern_sums(const pix_look *restrict looks, const int64_t *restrict which, int n, double *restrict sums,
                             double *restrict squares) {
	double sum[PATTERN] = {0}, square[PATTERN] = {0};
	for (int i = 0; i < n; i++) {
		const double *p = looks[which[i]].pattern;
		for (int j = 0; j < PATTERN; j++) {
			sum[j] += p[j];
			square[j] += p[j] * p[j];
		}
	}
	memcpy(sums, sum, sizeof sum);
	memcpy(squares, square, sizeof square);
}

// What a pattern shows beyond a blank.
static inline void beyond(const double *restrict p, const double *restrict from, const double *restrict scale, double *restrict out) {
	for (int j = 0; j < PATTERN; j++) {
		double d = p[j] - from[j];
		out[j] = (d > 0 ? d : 0) * scale[j];
	}
}

// The scores of FEW patterns: more sums at once wait less for one another.
enum { FEW = 4 };

static inline void score_few(const double p[FEW][PATTERN], const double *restrict weights, double (*restrict out)[KINDS]) {
	double all[FEW][KINDS];
	for (int i = 0; i < FEW; i++)
		memcpy(all[i], weights + KINDS * PATTERN, sizeof all[i]);
	for (int j = 0; j < PATTERN; j++)
		for (int i = 0; i < FEW; i++)
			for (int k = 0; k < KINDS; k++)
				all[i][k] += weights[KINDS * j + k] * p[i][j];
	memcpy(out, all, sizeof all);
}

#if defined(__x86_64__)
WIDE static void score_wide(const double p[FEW][PATTERN], const double *weights, double (*out)[KINDS]) {
	__m512d all[FEW];
	for (int i = 0; i < FEW; i++)
		all[i] = _mm512_loadu_pd(weights + KINDS * PATTERN);
	for (int j = 0; j < PATTERN; j++) {
		__m512d w = _mm512_loadu_pd(weights + KINDS * j);
		for (int i = 0; i < FEW; i++)
			all[i] = _mm512_add_pd(all[i], _mm512_mul_pd(w, _mm512_set1_pd(p[i][j])));
	}
	for (int i = 0; i < FEW; i++)
		_mm512_storeu_pd(out[i], all[i]);
}
#endif

CLONES void pix_pattern_scores(const pix_look *looks, const int64_t *which, int n, const double *from, const double *scale,
                               const double *weights, double (*out)[KINDS]) {
	double p[FEW][PATTERN] = {{0}}, rest[FEW][KINDS];
	for (int i = 0; i < n; i += FEW) {
		int some = n - i < FEW ? n - i : FEW;
		for (int k = 0; k < some; k++)
			beyond(looks[which[i + k]].pattern, from, scale, p[k]);
		double (*to)[KINDS] = some < FEW ? rest : out + i;
#if defined(__x86_64__)
		if (wide())
			score_wide(p, weights, to);
		else
#endif
			score_few(p, weights, to);
		if (some < FEW)
			memcpy(out + i, rest, (size_t)some * sizeof *rest);
	}
}
