#ifndef BARGKHAN_PAGE_JPEG_H
#define BARGKHAN_PAGE_JPEG_H

#include <stddef.h>

// Says what the four components of a CMYK picture mean.
enum { PAGE_INK_ADOBE, PAGE_INK_IS_HIGH, PAGE_INK_IS_LOW };

// Decodes the JPEG of n bytes at src to grey, width×height bytes at dst, which
// must be the size that the file's frame header says. Returns 0, or 1 with the
// reason in msg (msgsize bytes, ended by a zero): every warning of the decoder
// that means lost picture data is such a reason.
int page_jpeg_grey(const unsigned char *src, size_t n, unsigned char *dst, int width, int height, int ink,
                   char *msg, int msgsize);

#endif
