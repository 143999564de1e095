#include "tiff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

struct writer {
	unsigned char *at;
	size_t size, room, pos;
	TIFF *tif;
};

static tmsize_t get(thandle_t h, void *buf, tmsize_t n) {
	struct writer *w = (struct writer *)h;
	size_t left = w->pos < w->size ? w->size - w->pos : 0;
	if ((size_t)n > left)
		n = (tmsize_t)left;
	if (n > 0)
		memcpy(buf, w->at + w->pos, (size_t)n);
	w->pos += (size_t)n;
	return n;
}

static tmsize_t put(thandle_t h, void *buf, tmsize_t n) {
	struct writer *w = (struct writer *)h;
	size_t end = w->pos + (size_t)n;
	if (end > w->room) {
		size_t room = end * 2;
		unsigned char *more = realloc(w->at, room);
		if (!more)
			return -1;
		memset(more + w->room, 0, room - w->room);
		w->at = more;
		w->room = room;
	}
	memcpy(w->at + w->pos, buf, (size_t)n);
	w->pos = end;
	if (end > w->size)
		w->size = end;
	return n;
}

static toff_t seek(thandle_t h, toff_t off, int whence) {
	struct writer *w = (struct writer *)h;
	if (whence == SEEK_CUR)
		off += w->pos;
	else if (whence == SEEK_END)
		off += w->size;
	w->pos = (size_t)off;
	return off;
}

static int done(thandle_t h) {
	(void)h;
	return 0;
}

static toff_t length(thandle_t h) { return ((struct writer *)h)->size; }

void *omrtest_tiff_begin(const char *mode) {
	struct writer *w = calloc(1, sizeof *w);
	if (w)
		w->tif = TIFFClientOpen("made", mode, (thandle_t)w, get, put, seek, done, length, NULL, NULL);
	if (w && !w->tif) {
		free(w);
		w = NULL;
	}
	return w;
}

static void describe(TIFF *t, const omrtest_tiff_page *p) {
	TIFFSetField(t, TIFFTAG_IMAGEWIDTH, p->width);
	TIFFSetField(t, TIFFTAG_IMAGELENGTH, p->height);
	TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, p->bits);
	TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, p->samples);
	TIFFSetField(t, TIFFTAG_PHOTOMETRIC, p->photometric);
	TIFFSetField(t, TIFFTAG_COMPRESSION, p->compression);
	TIFFSetField(t, TIFFTAG_PLANARCONFIG, p->planar);
	TIFFSetField(t, TIFFTAG_FILLORDER, p->fill_order);
	TIFFSetField(t, TIFFTAG_ORIENTATION, p->orientation);
	if (p->compression == COMPRESSION_CCITTFAX3)
		TIFFSetField(t, TIFFTAG_GROUP3OPTIONS, (uint32_t)p->fax_options);
	if (p->compression == COMPRESSION_JPEG && p->photometric == PHOTOMETRIC_YCBCR)
		TIFFSetField(t, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
	if (p->alpha) {
		uint16_t kind = p->alpha;
		TIFFSetField(t, TIFFTAG_EXTRASAMPLES, 1, &kind);
	}
	if (p->xdpi > 0) {
		TIFFSetField(t, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
		TIFFSetField(t, TIFFTAG_XRESOLUTION, p->xdpi);
		TIFFSetField(t, TIFFTAG_YRESOLUTION, p->ydpi);
	}
	if (p->palette) {
		int n = 1 << p->bits;
		TIFFSetField(t, TIFFTAG_COLORMAP, p->palette, p->palette + n, p->palette + 2 * n);
	}
	if (p->tile) {
		TIFFSetField(t, TIFFTAG_TILEWIDTH, p->tile);
		TIFFSetField(t, TIFFTAG_TILELENGTH, p->tile);
	} else {
		TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, p->rows_per_strip);
	}
}

// Tiles are written for samples of whole bytes only.
static int add_tiles(TIFF *t, const omrtest_tiff_page *p) {
	size_t pixel = (size_t)p->samples * p->bits / 8, line = pixel * p->tile;
	unsigned char *buf = calloc(p->tile, line);
	int ok = buf != NULL;
	for (uint32_t y = 0; ok && y < p->height; y += p->tile)
		for (uint32_t x = 0; ok && x < p->width; x += p->tile) {
			memset(buf, 0, line * p->tile);
			uint32_t cols = p->width - x < p->tile ? p->width - x : p->tile;
			for (uint32_t r = 0; r < p->tile && y + r < p->height; r++)
				memcpy(buf + r * line, p->rows + (y + r) * p->stride + x * pixel, cols * pixel);
			ok = TIFFWriteTile(t, buf, x, y, 0, 0) >= 0;
		}
	free(buf);
	return ok;
}

int omrtest_tiff_add(void *handle, const omrtest_tiff_page *p) {
	struct writer *w = handle;
	describe(w->tif, p);
	if (p->tile)
		return add_tiles(w->tif, p) && TIFFWriteDirectory(w->tif);
	// libtiff may turn the bits of a row over where it stands.
	unsigned char *row = malloc(p->stride);
	int ok = row != NULL;
	uint16_t planes = p->planar == PLANARCONFIG_SEPARATE ? p->samples : 1;
	for (uint16_t s = 0; ok && s < planes; s++)
		for (uint32_t y = 0; ok && y < p->height; y++) {
			memcpy(row, p->rows + ((size_t)s * p->height + y) * p->stride, p->stride);
			ok = TIFFWriteScanline(w->tif, row, y, s) >= 0;
		}
	free(row);
	return ok && TIFFWriteDirectory(w->tif);
}

unsigned char *omrtest_tiff_end(void *handle, size_t *n) {
	struct writer *w = handle;
	TIFFClose(w->tif);
	unsigned char *at = w->at;
	*n = w->size;
	free(w);
	return at;
}
