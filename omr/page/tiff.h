#ifndef BARGKHAN_PAGE_TIFF_H
#define BARGKHAN_PAGE_TIFF_H

#include <stddef.h>
#include <stdint.h>

enum { PAGE_TIFF_OK, PAGE_TIFF_TORN, PAGE_TIFF_UNSUPPORTED };

// Decodes the page whose directory stands at offset ifd of the TIFF of n bytes at
// src to grey, width×height bytes at dst as stored (the orientation tag is not
// applied). width and height must be what the directory says. bits receives the
// depth of a sample. unaligned says of CCITT RLE that rows are not filled to bytes. If it does not return PAGE_TIFF_OK, msg (msgsize bytes,
// ended by a zero) says what is wrong, or names what is not supported. Every
// warning of libtiff while it decodes is an error here.
int page_tiff_grey(const unsigned char *src, size_t n, uint64_t ifd, unsigned char *dst, uint32_t width,
                   uint32_t height, int unaligned, int *bits, char *msg, int msgsize);

#endif
