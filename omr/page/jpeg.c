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

int page_jpeg_grey(const unsigned char *src, size_t n, unsigned char *dst, int width, int height, int ink,
                   char *msg, int msgsize) {
	struct jpeg_decompress_struct cinfo;
	struct jpeg_progress_mgr progress;
	struct trap trap;
	unsigned char *volatile row = NULL;

	memset(&cinfo, 0, sizeof cinfo);
	memset(&progress, 0, sizeof progress);
	trap.msg = msg;
	trap.msgsize = msgsize;
	cinfo.err = jpeg_std_error(&trap.mgr);
	trap.mgr.error_exit = stop;
	trap.mgr.emit_message = warned;
	trap.mgr.output_message = silent;
	if (setjmp(trap.jump)) {
		jpeg_destroy_decompress(&cinfo);
		free(row);
		return 1;
	}
	jpeg_create_decompress(&cinfo);
	progress.progress_monitor = count_scans;
	cinfo.progress = &progress;
	jpeg_mem_src(&cinfo, (unsigned char *)src, n);
	jpeg_read_header(&cinfo, TRUE);
	if ((int)cinfo.image_width != width || (int)cinfo.image_height != height) {
		snprintf(msg, msgsize, "two frame headers disagree about the size");
		longjmp(trap.jump, 1);
	}
	int inks = cinfo.num_components == 4;
	cinfo.out_color_space = inks ? JCS_CMYK : JCS_GRAYSCALE;
	jpeg_start_decompress(&cinfo);
	int low = ink == PAGE_INK_IS_LOW || (ink == PAGE_INK_ADOBE && cinfo.saw_Adobe_marker);
	if (inks && !(row = malloc((size_t)width * 4))) {
		snprintf(msg, msgsize, "out of memory");
		longjmp(trap.jump, 1);
	}
	while (cinfo.output_scanline < cinfo.output_height) {
		unsigned char *out = dst + (size_t)cinfo.output_scanline * width;
		unsigned char *line = inks ? row : out;
		if (jpeg_read_scanlines(&cinfo, &line, 1) == 1 && inks)
			ink_row(row, out, width, low);
	}
	jpeg_finish_decompress(&cinfo);
	jpeg_destroy_decompress(&cinfo);
	free(row);
	return 0;
}
