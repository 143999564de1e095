#include "tiff.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

// A strip or tile above this is refused: it is six bytes for each of the most
// pixels that a page may have by default, and more only as a bomb.
#define MOST_BYTES ((uint64_t)360 << 20)

struct memory {
	const unsigned char *at;
	toff_t size, pos;
};

static tmsize_t mem_read(thandle_t h, void *buf, tmsize_t n) {
	struct memory *m = (struct memory *)h;
	if (n < 0 || m->pos >= m->size)
		return 0;
	if ((toff_t)n > m->size - m->pos)
		n = (tmsize_t)(m->size - m->pos);
	memcpy(buf, m->at + m->pos, (size_t)n);
	m->pos += (toff_t)n;
	return n;
}

static tmsize_t mem_write(thandle_t h, void *buf, tmsize_t n) {
	(void)h, (void)buf, (void)n;
	return 0;
}

static toff_t mem_seek(thandle_t h, toff_t off, int whence) {
	struct memory *m = (struct memory *)h;
	if (whence == SEEK_CUR)
		off += m->pos;
	else if (whence == SEEK_END)
		off += m->size;
	return m->pos = off;
}

static int mem_close(thandle_t h) {
	(void)h;
	return 0;
}

static toff_t mem_size(thandle_t h) { return ((struct memory *)h)->size; }

// Where this thread's messages go. libtiff's handlers belong to the process and
// not to a file; a call of ours begins and ends on one thread.
struct capture {
	char *msg;
	int msgsize, count;
};

static __thread struct capture *current;

static void keep(thandle_t h, const char *module, const char *format, va_list args) {
	(void)h, (void)module;
	if (current && current->count++ == 0)
		vsnprintf(current->msg, current->msgsize, format, args);
}

static void handle(void) {
	TIFFSetErrorHandler(NULL);
	TIFFSetWarningHandler(NULL);
	TIFFSetErrorHandlerExt(keep);
	TIFFSetWarningHandlerExt(keep);
}

struct picture {
	TIFF *tif;
	unsigned char *dst;
	uint32_t width, height, rows; // rows of a strip
	uint16_t bits, samples, photometric, compression, planar, format, alpha;
};

static int fail(int code, const char *what) {
	if (current->count++ == 0)
		snprintf(current->msg, current->msgsize, "%s", what);
	return code;
}

static int unsupported(const char *what) {
	current->count = 0;
	return fail(PAGE_TIFF_UNSUPPORTED, what);
}

static unsigned char luma(uint32_t r, uint32_t g, uint32_t b) {
	return (unsigned char)((19595 * r + 38470 * g + 7471 * b + (1 << 15)) >> 16);
}

// The grey of each value of a sample of up to 8 bits.
static int grey_of_sample(struct picture *p, unsigned char lut[256]) {
	int n = 1 << p->bits;
	uint16_t *r, *g, *b;
	if (p->photometric == PHOTOMETRIC_PALETTE) {
		if (!TIFFGetField(p->tif, TIFFTAG_COLORMAP, &r, &g, &b))
			return fail(PAGE_TIFF_TORN, "a palette picture without a palette");
		int wide = 0; // some writers fill only the low bytes
		for (int i = 0; i < n; i++)
			wide |= r[i] > 255 || g[i] > 255 || b[i] > 255;
		for (int i = 0; i < n; i++)
			lut[i] = wide ? luma(r[i] >> 8, g[i] >> 8, b[i] >> 8) : luma(r[i], g[i], b[i]);
		return PAGE_TIFF_OK;
	}
	for (int i = 0; i < n; i++) {
		int v = i * 255 / (n - 1);
		lut[i] = (unsigned char)(p->photometric == PHOTOMETRIC_MINISWHITE ? 255 - v : v);
	}
	return PAGE_TIFF_OK;
}

// The greys of the eight pixels of each byte of a picture of one bit.
struct eights {
	unsigned char of[256][8];
};

static void fill_eights(const unsigned char lut[256], struct eights *all) {
	for (int byte = 0; byte < 256; byte++)
		for (int k = 0; k < 8; k++)
			all->of[byte][k] = lut[byte >> (7 - k) & 1];
}

static void row_of_bits(const struct picture *p, const struct eights *all, const unsigned char *in, unsigned char *out) {
	uint32_t x = 0;
	for (; x + 8 <= p->width; x += 8)
		memcpy(out + x, all->of[*in++], 8);
	if (x < p->width)
		memcpy(out + x, all->of[*in], p->width - x);
}

static void row_of_samples(const struct picture *p, const unsigned char lut[256], const unsigned char *in,
                           unsigned char *out) {
	int bits = p->bits, mask = (1 << bits) - 1;
	if (bits == 8) {
		for (uint32_t x = 0; x < p->width; x++)
			out[x] = lut[in[x]];
		return;
	}
	for (uint32_t x = 0; x < p->width; in++)
		for (int shift = 8 - bits; shift >= 0 && x < p->width; shift -= bits)
			out[x++] = lut[*in >> shift & mask];
}

// The 8-bit value of sample i of a row of whole samples.
static uint32_t sample(const struct picture *p, const unsigned char *in, size_t i) {
	return p->bits == 8 ? in[i] : ((const uint16_t *)in)[i] >> 8;
}

static void row_of_colours(const struct picture *p, const unsigned char *in, unsigned char *out) {
	for (uint32_t x = 0; x < p->width; x++) {
		size_t i = (size_t)x * p->samples;
		uint32_t a = sample(p, in, i);
		if (p->samples < 3) { // grey, perhaps with more beside it
			out[x] = (unsigned char)(p->photometric == PHOTOMETRIC_MINISWHITE ? 255 - a : a);
			continue;
		}
		uint32_t b = sample(p, in, i + 1), c = sample(p, in, i + 2);
		if (p->photometric == PHOTOMETRIC_SEPARATED) {
			uint32_t k = 255 - sample(p, in, i + 3);
			out[x] = (unsigned char)((luma(255 - a, 255 - b, 255 - c) * k + 127) / 255);
		} else {
			out[x] = luma(a, b, c);
		}
	}
}

// Reads pictures in strips whose samples lie side by side.
static int read_strips(struct picture *p) {
	unsigned char lut[256] = {0};
	int packed = p->samples == 1 && p->bits <= 8;
	if (packed && grey_of_sample(p, lut))
		return PAGE_TIFF_TORN;
	struct eights eights;
	fill_eights(lut, &eights);
	tmsize_t line = TIFFScanlineSize(p->tif), size = TIFFStripSize(p->tif);
	tmsize_t least = packed ? ((tmsize_t)p->width * p->bits + 7) / 8
	                        : (tmsize_t)p->width * p->samples * (p->bits / 8);
	if (line < least || size < line || (uint64_t)size > MOST_BYTES)
		return fail(PAGE_TIFF_TORN, "strips of an impossible size");
	unsigned char *buf = malloc((size_t)size);
	if (!buf)
		return fail(PAGE_TIFF_TORN, "out of memory");
	for (uint32_t y = 0; y < p->height && !current->count;) {
		uint32_t rows = p->height - y < p->rows ? p->height - y : p->rows;
		tmsize_t want = line * (tmsize_t)rows;
		tmsize_t got = TIFFReadEncodedStrip(p->tif, TIFFComputeStrip(p->tif, y, 0), buf, want);
		if (got < want) {
			fail(PAGE_TIFF_TORN, "a strip is too short");
			break;
		}
		for (uint32_t r = 0; r < rows; r++, y++) {
			unsigned char *out = p->dst + (size_t)y * p->width;
			if (packed && p->bits == 1)
				row_of_bits(p, &eights, buf + line * r, out);
			else if (packed)
				row_of_samples(p, lut, buf + line * r, out);
			else
				row_of_colours(p, buf + line * r, out);
		}
	}
	free(buf);
	return current->count ? PAGE_TIFF_TORN : PAGE_TIFF_OK;
}

static unsigned char grey_on_white(uint32_t rgba) { // premultiplied
	uint32_t rest = 255 - TIFFGetA(rgba);
	uint32_t r = TIFFGetR(rgba) + rest, g = TIFFGetG(rgba) + rest, b = TIFFGetB(rgba) + rest;
	return luma(r > 255 ? 255 : r, g > 255 ? 255 : g, b > 255 ? 255 : b);
}

// Reads what is left (tiles, planes, transparency, YCbCr, Lab) through libtiff's
// own conversion, a strip or a tile at a time.
static int read_rgba(struct picture *p) {
	char why[1024] = "";
	uint32_t w = p->width, h = p->rows;
	int tiled = TIFFIsTiled(p->tif);
	if (!TIFFRGBAImageOK(p->tif, why))
		return unsupported(why);
	if (tiled && (!TIFFGetField(p->tif, TIFFTAG_TILEWIDTH, &w) || !TIFFGetField(p->tif, TIFFTAG_TILELENGTH, &h)))
		return fail(PAGE_TIFF_TORN, "tiles without a size");
	if (h > p->height && !tiled)
		h = p->height;
	if (!w || !h || (uint64_t)w * h > MOST_BYTES / 4)
		return fail(PAGE_TIFF_TORN, "tiles of an impossible size");
	TIFFSetField(p->tif, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT); // else strips come mirrored
	uint32_t *raster = malloc((size_t)w * h * 4);
	if (!raster)
		return fail(PAGE_TIFF_TORN, "out of memory");
	for (uint32_t y = 0; y < p->height && !current->count; y += h) {
		uint32_t rows = p->height - y < h ? p->height - y : h;
		for (uint32_t x = 0; x < p->width; x += w) {
			uint32_t cols = p->width - x < w ? p->width - x : w;
			int ok = tiled ? TIFFReadRGBATileExt(p->tif, x, y, raster, 1)
			               : TIFFReadRGBAStripExt(p->tif, y, raster, 1);
			if (!ok || current->count) {
				fail(PAGE_TIFF_TORN, "a tile is damaged");
				break;
			}
			uint32_t held = tiled ? h : rows; // rows of the raster, bottom up
			for (uint32_t r = 0; r < rows; r++)
				for (uint32_t c = 0; c < cols; c++)
					p->dst[(size_t)(y + r) * p->width + x + c] =
						grey_on_white(raster[(size_t)(held - 1 - r) * w + c]);
		}
	}
	free(raster);
	return current->count ? PAGE_TIFF_TORN : PAGE_TIFF_OK;
}

static void describe(struct picture *p) {
	uint16_t n = 0, *extra = NULL;
	p->photometric = PHOTOMETRIC_MINISWHITE; // of a fax that does not say
	TIFFGetFieldDefaulted(p->tif, TIFFTAG_BITSPERSAMPLE, &p->bits);
	TIFFGetFieldDefaulted(p->tif, TIFFTAG_SAMPLESPERPIXEL, &p->samples);
	TIFFGetFieldDefaulted(p->tif, TIFFTAG_SAMPLEFORMAT, &p->format);
	TIFFGetFieldDefaulted(p->tif, TIFFTAG_PLANARCONFIG, &p->planar);
	TIFFGetFieldDefaulted(p->tif, TIFFTAG_ROWSPERSTRIP, &p->rows);
	TIFFGetFieldDefaulted(p->tif, TIFFTAG_COMPRESSION, &p->compression);
	TIFFGetField(p->tif, TIFFTAG_PHOTOMETRIC, &p->photometric);
	if (TIFFGetFieldDefaulted(p->tif, TIFFTAG_EXTRASAMPLES, &n, &extra) && n > 0 && extra)
		p->alpha = extra[0] == EXTRASAMPLE_ASSOCALPHA || extra[0] == EXTRASAMPLE_UNASSALPHA;
}

static int decode(struct picture *p) {
	describe(p);
	if (p->format != SAMPLEFORMAT_UINT && p->format != SAMPLEFORMAT_VOID)
		return unsupported("TIFF of samples that are not whole numbers");
	if (p->bits != 1 && p->bits != 2 && p->bits != 4 && p->bits != 8 && p->bits != 16)
		return unsupported("TIFF of an unusual depth");
	if (p->samples < 1 || p->samples > 5)
		return unsupported("TIFF of many channels");
	if (p->rows == 0)
		return fail(PAGE_TIFF_TORN, "strips of no rows");
	if (p->compression == COMPRESSION_JPEG && p->photometric == PHOTOMETRIC_YCBCR) {
		TIFFSetField(p->tif, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
		p->photometric = PHOTOMETRIC_RGB;
	}
	int together = p->planar == PLANARCONFIG_CONTIG || p->samples == 1;
	int one = p->photometric <= PHOTOMETRIC_MINISBLACK || (p->photometric == PHOTOMETRIC_PALETTE && p->bits <= 8);
	int several = (p->photometric <= PHOTOMETRIC_MINISBLACK && p->samples <= 2) ||
	              (p->photometric == PHOTOMETRIC_RGB && p->samples >= 3) ||
	              (p->photometric == PHOTOMETRIC_SEPARATED && p->samples >= 4);
	if (!TIFFIsTiled(p->tif) && together && !p->alpha &&
	    ((p->samples == 1 && one) || (p->bits >= 8 && several)))
		return read_strips(p);
	return read_rgba(p);
}

int page_tiff_grey(const unsigned char *src, size_t n, uint64_t ifd, unsigned char *dst, uint32_t width,
                   uint32_t height, int unaligned, int *bits, char *msg, int msgsize) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct memory mem = {src, n, 0};
	struct capture cap = {msg, msgsize, 0};
	struct picture p = {.dst = dst};
	pthread_once(&once, handle);
	current = &cap;
	int code = PAGE_TIFF_TORN;
	// h: the header alone is read; m: not mapped, so that every read is checked.
	p.tif = TIFFClientOpen("scan", "rhm", (thandle_t)&mem, mem_read, mem_write, mem_seek, mem_close, mem_size,
	                       NULL, NULL);
	if (p.tif && TIFFSetSubDirectory(p.tif, ifd)) {
		cap.count = 0; // what a directory is warned of (unknown tags, counts) changes no pixel
		TIFFGetField(p.tif, TIFFTAG_IMAGEWIDTH, &p.width);
		TIFFGetField(p.tif, TIFFTAG_IMAGELENGTH, &p.height);
		if (unaligned)
			TIFFSetField(p.tif, TIFFTAG_FAXMODE, FAXMODE_NORTC | FAXMODE_NOEOL);
		if (p.width == width && p.height == height)
			code = decode(&p);
		else
			fail(code, "the size is given twice");
		*bits = p.bits;
	} else {
		fail(code, "a page's directory is damaged");
	}
	if (p.tif)
		TIFFClose(p.tif);
	current = NULL;
	return code;
}
