#include "png.h"

#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

static int absolute(int v) { return v < 0 ? -v : v; }

// Undoes the filter of a row of n bytes (PNG, 9.2), given the row above and the bytes of a
// pixel. Both rows have a pixel of zeros before them.
static int undo(int filter, unsigned char *row, const unsigned char *above, size_t n, int pixel) {
	switch (filter) {
	case 0:
		return 1;
	case 1:
		for (size_t i = 0; i < n; i++)
			row[i] = (unsigned char)(row[i] + row[(ptrdiff_t)i - pixel]);
		return 1;
	case 2:
		for (size_t i = 0; i < n; i++)
			row[i] = (unsigned char)(row[i] + above[i]);
		return 1;
	case 3:
		for (size_t i = 0; i < n; i++)
			row[i] = (unsigned char)(row[i] + (row[(ptrdiff_t)i - pixel] + above[i]) / 2);
		return 1;
	case 4:
		for (size_t i = 0; i < n; i++) {
			int a = row[(ptrdiff_t)i - pixel], b = above[i], c = above[(ptrdiff_t)i - pixel];
			int pa = absolute(b - c), pb = absolute(a - c), pc = absolute(a + b - 2 * c);
			int near = pb < pa ? b : a, least = pb < pa ? pb : pa;
			row[i] = (unsigned char)(row[i] + (pc < least ? c : near));
		}
		return 1;
	}
	return 0;
}

// By the weights of Rec. 601, as luma in png.go.
static void grey_of(const unsigned char *in, unsigned char *out, int width) {
	for (int x = 0; x < width; x++, in += 3)
		out[x] = (unsigned char)((19595u * in[0] + 38470u * in[1] + 7471u * in[2] + (1u << 15)) >> 16);
}

static int rows(const unsigned char *raw, unsigned char *dst, int width, int height, int samples) {
	size_t line = (size_t)width * (size_t)samples;
	unsigned char *two = calloc(2, line + 4), *above = two + 4, *row = above + line + 4;
	if (!two)
		return 0;
	int ok = 1;
	for (int y = 0; ok && y < height; y++, raw += line + 1, dst += width) {
		memcpy(row, raw + 1, line);
		ok = undo(raw[0], row, above, line, samples);
		if (samples == 1)
			memcpy(dst, row, line);
		else
			grey_of(row, dst, width);
		unsigned char *was = above;
		above = row;
		row = was;
	}
	free(two);
	return ok;
}

int page_png_grey(const unsigned char *src, size_t n, unsigned char *dst, int width, int height, int samples) {
	size_t size = ((size_t)width * (size_t)samples + 1) * (size_t)height, used = 0;
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	unsigned char *raw = malloc(size);
	int ok = d && raw && libdeflate_zlib_decompress_ex(d, src, n, raw, size, &used, NULL) == LIBDEFLATE_SUCCESS &&
	         used == n && rows(raw, dst, width, height, samples);
	free(raw);
	if (d)
		libdeflate_free_decompressor(d);
	return ok;
}
