#ifndef BARGKHAN_PAGE_JPEG_H
#define BARGKHAN_PAGE_JPEG_H

#include <stddef.h>

// Says what the four components of a CMYK picture mean.
enum { PAGE_INK_ADOBE, PAGE_INK_IS_HIGH, PAGE_INK_IS_LOW };

// A JPEG that is being decoded to grey.
typedef struct page_jpeg page_jpeg;

// Begins to decode the JPEG of n bytes at src, which stay where they are until it is closed;
// width and height must be the size that the file's frame header says. Returns NULL with the
// reason in msg (msgsize bytes, ended by a zero).
page_jpeg *page_jpeg_open(const unsigned char *src, size_t n, int width, int height, int ink, char *msg, int msgsize);

// Decodes the next rows of it to dst, as many as are asked for, which it has. Returns 0, or 1
// with the reason in msg: every warning of the decoder that means lost picture data is such
// a reason. With the last row it is at its end.
int page_jpeg_rows(page_jpeg *j, unsigned char *dst, int rows, char *msg, int msgsize);

// Gives back what was needed to decode.
void page_jpeg_close(page_jpeg *j);

#endif
