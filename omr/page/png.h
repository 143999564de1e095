#ifndef BARGKHAN_PAGE_PNG_H
#define BARGKHAN_PAGE_PNG_H

#include <stddef.h>

// Decodes the zlib stream of n bytes at src, a PNG's picture of 8 bits a sample and of 1
// sample or 3 a pixel, to grey, width×height bytes at dst. Returns 1, or 0 if anything is
// wrong (the stream's end or sum, too little or too much of it, an unknown filter), if a
// row is longer than any scanner's, or if this processor has no SSE4.1.
int page_png_grey(const unsigned char *src, size_t n, unsigned char *dst, int width, int height, int samples);

#endif
