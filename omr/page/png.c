#include "png.h"

#if defined(__x86_64__)

#pragma GCC optimize("O3") // loops over sixteen registers are unrolled

#include <immintrin.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>

// By the weights of Rec. 601, as luma in png.go.
static void grey_of(const unsigned char *in, unsigned char *out, int width) {
	for (int x = 0; x < width; x++, in += 3)
		out[x] = (unsigned char)((19595u * in[0] + 38470u * in[1] + 7471u * in[2] + (1u << 15)) >> 16);
}

// ---- sixteen rows at once
//
// A filter needs the pixel to its left, so that a row is a chain of a few steps a byte.
// Here sixteen rows are undone together, each a pixel behind the one above it, whose bytes are then
// just known: lane r of a vector is row r. Rows are skewed and turned sixteen bytes at a time.

#define LANES 16
#define FAST __attribute__((target("sse4.1")))

// Turns sixteen rows of sixteen bytes into columns.
FAST static inline void turn(__m128i v[LANES]) {
	for (int step = 0; step < 4; step++) {
		__m128i w[LANES];
		for (int i = 0; i < 8; i++) {
			w[2 * i] = _mm_unpacklo_epi8(v[i], v[i + 8]);
			w[2 * i + 1] = _mm_unpackhi_epi8(v[i], v[i + 8]);
		}
		memcpy(v, w, sizeof w);
	}
}

FAST static inline __m128i apart(__m128i a, __m128i b) { return _mm_or_si128(_mm_subs_epu8(a, b), _mm_subs_epu8(b, a)); }

// What is nearest to a+b−c: a before b before c.
FAST static inline __m128i paeth(__m128i a, __m128i b, __m128i c) {
	__m128i pa = apart(b, c), pb = apart(a, c);
	__m128i least = _mm_min_epu8(pa, pb);
	__m128i near = _mm_blendv_epi8(b, a, _mm_cmpeq_epi8(pa, least));
	// c is between a and b, or it is not the nearest: then |a+b−2c| is |pa−pb|.
	__m128i between = _mm_or_si128(_mm_min_epu8(_mm_subs_epu8(b, c), _mm_subs_epu8(c, a)),
	                               _mm_min_epu8(_mm_subs_epu8(c, b), _mm_subs_epu8(a, c)));
	__m128i pc = apart(pa, pb), zero = _mm_setzero_si128();
	__m128i farther = _mm_or_si128(_mm_cmpeq_epi8(between, zero), _mm_cmpeq_epi8(_mm_max_epu8(pc, least), pc));
	return _mm_blendv_epi8(c, near, farther);
}

// Undoes LANES rows. Row r is bytes of in and out at r·pitch, with room for LANES·pixel
// bytes before it, zeros in in, and behind it; above is the row before.
FAST static inline void undo_rows(const unsigned char *filters, const unsigned char *in, unsigned char *out, size_t pitch,
                                  const unsigned char *above, size_t line, const size_t pixel) {
	__m128i f = _mm_loadu_si128((const __m128i *)filters);
	__m128i sub = _mm_cmpeq_epi8(f, _mm_set1_epi8(1)), up = _mm_cmpeq_epi8(f, _mm_set1_epi8(2));
	__m128i mean = _mm_cmpeq_epi8(f, _mm_set1_epi8(3)), nearest = _mm_cmpeq_epi8(f, _mm_set1_epi8(4));
	__m128i done[3], over[3]; // of the last bytes, as many as a pixel has
	for (size_t i = 0; i < pixel; i++)
		done[i] = over[i] = _mm_setzero_si128();
	for (size_t t = 0; t < line + (LANES - 1) * pixel; t += 48) {
		for (size_t part = t; part < t + 48; part += LANES) {
			__m128i v[LANES];
			for (size_t r = 0; r < LANES; r++)
				v[r] = _mm_loadu_si128((const __m128i *)(in + r * pitch + part - r * pixel));
			turn(v);
			for (size_t i = 0; i < LANES; i++) {
				size_t k = (part - t + i) % pixel;
				__m128i a = done[k], c = over[k];
				__m128i b = _mm_insert_epi8(_mm_slli_si128(a, 1), above[part + i], 0);
				__m128i half = _mm_sub_epi8(_mm_avg_epu8(a, b), _mm_and_si128(_mm_xor_si128(a, b), _mm_set1_epi8(1)));
				__m128i guess = _mm_or_si128(_mm_or_si128(_mm_and_si128(a, sub), _mm_and_si128(b, up)),
				                             _mm_or_si128(_mm_and_si128(half, mean), _mm_and_si128(paeth(a, b, c), nearest)));
				v[i] = done[k] = _mm_add_epi8(v[i], guess);
				over[k] = b;
			}
			turn(v);
			for (size_t r = 0; r < LANES; r++)
				_mm_storeu_si128((__m128i *)(out + r * pitch + part - r * pixel), v[r]);
		}
	}
}

// Room before and behind a row: the lag of the last lane, and the bytes beyond its end that are
// read and written with it.
#define ROOM 112

// Bytes of the longest row: one of A3 in colour at 1200 dpi is half of it; the
// memory of the rows is 33 times as much.
#define LONGEST (1 << 17)

FAST static int rows(const unsigned char *raw, unsigned char *dst, int width, int height, int samples) {
	size_t line = (size_t)width * (size_t)samples, pitch = line + 2 * ROOM;
	unsigned char *mem = line > LONGEST ? NULL : calloc(2 * LANES + 1, pitch);
	if (!mem)
		return 0;
	unsigned char *in = mem + ROOM, *out = in + LANES * pitch, *above = out + LANES * pitch;
	int ok = 1;
	for (int y = 0; ok && y < height; y += LANES) {
		unsigned char filters[LANES] = {0};
		int n = height - y < LANES ? height - y : LANES;
		for (int r = 0; r < n; r++, raw += line + 1) {
			ok &= (filters[r] = raw[0]) <= 4;
			memcpy(in + (size_t)r * pitch, raw + 1, line);
		}
		if (samples == 1)
			undo_rows(filters, in, out, pitch, above, line, 1);
		else
			undo_rows(filters, in, out, pitch, above, line, 3);
		for (int r = 0; r < n; r++, dst += width) {
			if (samples == 1)
				memcpy(dst, out + (size_t)r * pitch, line);
			else
				grey_of(out + (size_t)r * pitch, dst, width);
		}
		memcpy(above, out + (LANES - 1) * pitch, line);
	}
	free(mem);
	return ok;
}

int page_png_grey(const unsigned char *src, size_t n, unsigned char *dst, int width, int height, int samples) {
	size_t size = ((size_t)width * (size_t)samples + 1) * (size_t)height, used = 0;
	if (!__builtin_cpu_supports("sse4.1"))
		return 0;
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	unsigned char *raw = malloc(size);
	int ok = d && raw && libdeflate_zlib_decompress_ex(d, src, n, raw, size, &used, NULL) == LIBDEFLATE_SUCCESS &&
	         used == n && rows(raw, dst, width, height, samples);
	free(raw);
	if (d)
		libdeflate_free_decompressor(d);
	return ok;
}

#else

int page_png_grey(const unsigned char *src, size_t n, unsigned char *dst, int width, int height, int samples) {
	(void)src, (void)n, (void)dst, (void)width, (void)height, (void)samples;
	return 0;
}

#endif
