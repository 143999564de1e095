#ifndef BARGKHAN_PIX_CALLS_H
#define BARGKHAN_PIX_CALLS_H

#include "loops.h"

// Loops for callers in Go, which may not hand over a struct that points to memory
// of theirs.
static inline void go_samples(const uint8_t *at, size_t size, int stride, int w, int h, double cx, double cy, double xx,
                              double xy, double yx, double yy, const double *steps, int n, double *dst) {
	pix_picture p = {at, size, stride, w, h};
	double c[2] = {cx, cy}, l[4] = {xx, xy, yx, yy};
	pix_samples(&p, c, l, steps, n, dst);
}

static inline void go_see(const uint8_t *at, size_t size, int stride, int w, int h, const pix_place *places, int many, const float *steps,
                          double rx, double ry, const int32_t *ends, double black, double dark, const uint8_t *hidden, int16_t *vs,
                          uint8_t *darks, uint8_t *keep, pix_look *out) {
	pix_picture p = {at, size, stride, w, h};
	double reach[2] = {rx, ry}, print[2] = {black, dark};
	pix_see(&p, places, many, steps, reach, ends, print, hidden, vs, darks, keep, out);
}

static inline void go_middles(const uint8_t *at, size_t size, int stride, int w, int h, double cx, double cy, double xx,
                              double xy, double yx, double yy, const double *steps, int n, int groups, double *dst,
                              double *buf) {
	pix_picture p = {at, size, stride, w, h};
	double c[2] = {cx, cy}, l[4] = {xx, xy, yx, yy};
	for (int g = 0; g < groups; g++)
		pix_middles(&p, c, l, steps + 8 * n * g, n, dst + 4 * g, buf);
}

static inline void go_profile(const uint8_t *at, size_t size, int stride, int w, int h, double ax, double ay, double bx,
                              double by, double sx, double sy, int m, int n, double *dst) {
	pix_picture p = {at, size, stride, w, h};
	double a[2] = {ax, ay}, ab[2] = {bx, by}, s[2] = {sx, sy};
	pix_profile(&p, a, ab, s, m, n, dst);
}

static inline void go_mapped(const uint8_t *at, size_t size, int stride, int w, int h, const double *m,
                             const double *places, int n, double *dst) {
	pix_picture p = {at, size, stride, w, h};
	pix_mapped(&p, m, places, n, dst);
}

static inline void go_climbs(const uint8_t *at, size_t size, int stride, int w, int h, pix_climb *climbs, int many, const double *s0,
                             const double *s1, const double *s2, int n, uint16_t *sums, double *scores) {
	pix_picture p = {at, size, stride, w, h};
	const double *steps[3] = {s0, s1, s2};
	pix_climbs(&p, climbs, many, steps, n, sums, scores);
}

#endif
