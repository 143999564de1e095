#include "jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// A picture that is refined this often is an attack: each refinement goes over
// the whole picture, and real progressive files have about ten.
#define MOST_SCANS 100

struct trap {
	struct jpeg_error_mgr mgr; // first, so that libjpeg's pointer is ours
	jmp_buf jump;
	char *msg;
	int msgsize;
};

static void stop(j_common_ptr cinfo) {
	struct trap *t = (struct trap *)cinfo->err;
	char text[JMSG_LENGTH_MAX];
	(*cinfo->err->format_message)(cinfo, text);
	snprintf(t->msg, t->msgsize, "%s", text);
	longjmp(t->jump, 1);
}

// A warning (level −1) is where libjpeg would go on with invented pixels. Only
// the two about header details change none.
static void warned(j_common_ptr cinfo, int level) {
	int code = cinfo->err->msg_code;
	if (level < 0 && code != JWRN_JFIF_MAJOR && code != JWRN_ADOBE_XFORM)
		stop(cinfo);
}

static void silent(j_common_ptr cinfo) { (void)cinfo; }

static void count_scans(j_common_ptr cinfo) {
	struct trap *t = (struct trap *)cinfo->err;
	if (cinfo->is_decompressor && ((j_decompress_ptr)cinfo)->input_scan_number > MOST_SCANS) {
		snprintf(t->msg, t->msgsize, "more than %d scans", MOST_SCANS);
		longjmp(t->jump, 1);
	}
}

struct page_jpeg {
	struct jpeg_decompress_struct cinfo;
	struct jpeg_progress_mgr progress;
	struct trap trap;
	unsigned char *row; // of inks
	int low;            // they are more where they are less
};

// Grey of one row of inks: r = (1−c)(1−k) and so on, weighed as Rec. 601 does.
static void ink_row(const unsigned char *in, unsigned char *out, int width, int low) {
	for (int x = 0; x < width; x++, in += 4) {
		int c = in[0], m = in[1], y = in[2], k = in[3];
		if (!low) {
			c = 255 - c;
			m = 255 - m;
			y = 255 - y;
			k = 255 - k;
		}
		int light = (299 * c + 587 * m + 114 * y + 500) / 1000;
		out[x] = (unsigned char)((light * k + 127) / 255);
	}
}

// Tells what is wrong from here on in msg.
static void tell(page_jpeg *j, char *msg, int msgsize) {
	j->trap.msg = msg;
	j->trap.msgsize = msgsize;
}

page_jpeg *page_jpeg_open(const unsigned char *src, size_t n, int width, int height, int ink, char *msg, int msgsize) {
	page_jpeg *j = calloc(1, sizeof *j);
	if (!j) {
		snprintf(msg, msgsize, "out of memory");
		return NULL;
	}
	j_decompress_ptr cinfo = &j->cinfo;
	tell(j, msg, msgsize);
	cinfo->err = jpeg_std_error(&j->trap.mgr);
	j->trap.mgr.error_exit = stop;
	j->trap.mgr.emit_message = warned;
	j->trap.mgr.output_message = silent;
	if (setjmp(j->trap.jump)) {
		page_jpeg_close(j);
		return NULL;
	}
	jpeg_create_decompress(cinfo);
	j->progress.progress_monitor = count_scans;
	cinfo->progress = &j->progress;
	jpeg_mem_src(cinfo, (unsigned char *)src, n);
	jpeg_read_header(cinfo, TRUE);
	if ((int)cinfo->image_width != width || (int)cinfo->image_height != height) {
		snprintf(msg, msgsize, "two frame headers disagree about the size");
		longjmp(j->trap.jump, 1);
	}
	int inks = cinfo->num_components == 4;
	cinfo->out_color_space = inks ? JCS_CMYK : JCS_GRAYSCALE;
	jpeg_start_decompress(cinfo);
	j->low = ink == PAGE_INK_IS_LOW || (ink == PAGE_INK_ADOBE && cinfo->saw_Adobe_marker);
	if (inks && !(j->row = malloc((size_t)width * 4))) {
		snprintf(msg, msgsize, "out of memory");
		longjmp(j->trap.jump, 1);
	}
	return j;
}

int page_jpeg_rows(page_jpeg *j, unsigned char *dst, int rows, char *msg, int msgsize) {
	j_decompress_ptr cinfo = &j->cinfo;
	JDIMENSION first = cinfo->output_scanline, width = cinfo->output_width;
	tell(j, msg, msgsize);
	if (setjmp(j->trap.jump))
		return 1;
	while (cinfo->output_scanline < first + (JDIMENSION)rows) {
		unsigned char *out = dst + (size_t)(cinfo->output_scanline - first) * width;
		unsigned char *line = j->row ? j->row : out;
		if (jpeg_read_scanlines(cinfo, &line, 1) == 1 && j->row)
			ink_row(j->row, out, (int)width, j->low);
	}
	if (cinfo->output_scanline == cinfo->output_height)
		jpeg_finish_decompress(cinfo);
	return 0;
}

void page_jpeg_close(page_jpeg *j) {
	jpeg_destroy_decompress(&j->cinfo);
	free(j->row);
	free(j);
}
