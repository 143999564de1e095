#ifndef BARGKHAN_OMRTEST_TIFF_H
#define BARGKHAN_OMRTEST_TIFF_H

#include <stddef.h>
#include <stdint.h>

// How one page is written; rows holds height rows of stride bytes, packed as the
// TIFF wants them.
typedef struct {
	uint32_t width, height, rows_per_strip, tile;
	uint16_t bits, samples, photometric, compression, fill_order, orientation, planar, fax_options, alpha;
	float xdpi, ydpi;
	const unsigned char *rows;
	size_t stride;
	const uint16_t *palette; // 3 × 2^bits numbers, or NULL
} omrtest_tiff_page;

// Begins, adds to and ends a TIFF in memory. omrtest_tiff_end hands over the
// bytes, to be freed with free. A NULL or a 0 means that libtiff refused.
void *omrtest_tiff_begin(const char *mode);
int omrtest_tiff_add(void *w, const omrtest_tiff_page *p);
unsigned char *omrtest_tiff_end(void *w, size_t *n);

#endif
