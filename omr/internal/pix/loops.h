#ifndef BARGKHAN_PIX_LOOPS_H
#define BARGKHAN_PIX_LOOPS_H

#include <stddef.h>
#include <stdint.h>

// The loops that go over whole pictures or many places. Each does what a plain
// version in Go does (oracle_test.go), to the last bit: no sum of products is
// fused, and sums of brightness are whole numbers. Callers check all sizes.

// The widest vectors that are used: 2 of 512 bits, 1 of 256, 0 none. For tests, which
// look at what older processors do.
extern int pix_vectors;

// Printed black among darknesses in bytes, and a place that is not seen.
enum { BLACK = 254, UNSEEN = 255 };

// Places across a profile: more change nothing.
enum { MOST_LINES = 64 };

// A picture of w×h pixels; size is the bytes from at that may be read.
typedef struct {
	const uint8_t *at;
	size_t size;
	int32_t stride, w, h;
} pix_picture;

// Where a figure lies, how paper is seen there, and how bright it usually is there.
typedef struct {
	double at[2], lens[4], white;
} pix_place;

// What tones are counted in each so manieth row: those from PIX_EDGE to 255 - PIX_EDGE are grey,
// those from PIX_WHITEST on white.
enum { PIX_TONES_EVERY = 7, PIX_EDGE = 64, PIX_WHITEST = 253 };

// Of a picture w wide, writes the means of k×k pixels of rows y0 to before y1 to where they
// belong in dst, which is w/k wide, and adds their grey and white pixels to tones. k divides y0
// and is 64 at most; sums has room for w.
void pix_reduce(const uint8_t *src, ptrdiff_t stride, int w, int y0, int y1, int k, uint8_t *dst, uint16_t *sums, int64_t tones[2]);

// Finds for each of the n tiles of t columns in a band of at most 255 rows the
// least brightness that more than share of its pixels do not exceed.
void pix_quantiles(const uint8_t *band, ptrdiff_t stride, int w, int rows, int t, int n, double share, uint8_t *out,
                   uint8_t *line);

// Rows of bits that pix_lines needs room for, and bands that pix_gaps looks at one after the other.
enum { PIX_LINE_ROWS = 90, PIX_GAP_BANDS = 8 };

// Finds lines along columns and rows; see lines.go for what they are. open and step
// hold the brightness of paper and the contrast of a line for each 16×16 pixels, nx a
// row. rows and columns, or NULL, say along which lines are marked, if not 0; whole ones are
// counted everywhere. cells is w×h, marked a byte for each of those blocks, which says whether
// there are any cells in it; both are 0. room has PIX_LINE_ROWS·8 words for each 512 columns, 10w and 64 bytes
// besides, and those of the larger of w and h. Returns the whole lines, and in any whether
// cells are marked.
int pix_lines(const uint8_t *img, ptrdiff_t stride, int w, int h, const uint8_t *open, const uint8_t *step, int nx,
              const uint8_t *rows, const uint8_t *columns, uint8_t *cells, uint8_t *marked, uint64_t *room, int *any);

// Counts for each column, h being 255 in each band at most, where print lies on both sides of it,
// closely, and where the column is lighter than that print; then the same from farther away.
// all has room for these four of each column, bands for a bit of each band where they are
// not 0. The others are those of pix_lines.
void pix_gaps(const uint8_t *img, ptrdiff_t stride, int w, int h, const uint8_t *open, const uint8_t *step, int nx,
              uint64_t *room, uint16_t *all, uint8_t *bands);

typedef struct {
	int32_t y, x0, x1, parent;
} pix_run;

typedef struct {
	int32_t x0, y0, x1, y1, area;
	int64_t cx, cy;       // twice the sums of the pixels' middles
	int32_t far[4][2];    // as half pixels
	int32_t index;        // of the blob, or -1
} pix_figure;

// Lists the runs of pixels darker than limit (nx a row, each for 16×16 pixels of the box
// x0, y0, x1, y1) from row y on; returns how many there are, and in *y the row to go on
// with when the next row may not fit into most.
int pix_runs(const uint8_t *img, ptrdiff_t stride, const int32_t box[4], const uint8_t *limit, int nx, pix_run *runs,
             int most, int *y, uint8_t *line);

// Joins runs to figures, and moves those of the right size to the front of figures,
// which has room for n; returns how many they are.
int pix_figures(pix_run *runs, int n, int least, int most, pix_figure *figures);

// Brightness at n places, as Samples does. Outside is -1.
void pix_samples(const pix_picture *p, const double c[2], const double lens[4], const double *steps, int n, double *dst);

// As pix_samples, and then dst receives the middle value (n/2 from the least) of each
// of four groups of n places that take turns in steps. buf holds 4n values.
void pix_middles(const pix_picture *p, const double c[2], const double lens[4], const double *steps, int n,
                 double *dst, double *buf);

// Means over lines across the way from a to b, as Profile does.
void pix_profile(const pix_picture *p, const double a[2], const double ab[2], const double across[2], int m, int n,
                 double *dst);

// Brightness at n places carried over by the projective map m; outside, the border is
// continued.
void pix_mapped(const pix_picture *p, const double m[9], const double *places, int n, double *dst);

// What is looked at around a figure: RINGS of RING places each, and places inside in CELLS.
// Around, SECTORS are told apart, inside LEVELS of darkness. Lists of n places inside have
// ROOM for vectors.
enum { RING = 32, RINGS = 5, CELLS = 24, SECTORS = 8, LEVELS = 5 };
#define ROOM(n) (((n) + 31) / 32 * 32 + 32)

// What is seen of a figure; see Look.
enum { PATTERN = CELLS + SECTORS + LEVELS + 4 };
typedef struct {
	double line, open, paper, seen, pattern[PATTERN];
} pix_look;

// Looks at many figures of one shape. steps are the places' x and then their y, in mm from the
// middle: of the rings, and of what is inside, where those of cell k end before ends[k]; all with
// ROOM. None is farther away than reach. print is the brightness of black as a share of paper's,
// and how dark the line is. hidden, or 0, says which places inside each are not to be seen. vs and
// darks have ROOM for brightness and darkness of all places of one; keep, or 0, receives the
// darkness of what is inside each.
void pix_see(const pix_picture *p, const pix_place *at, int many, const float *steps, const double reach[2], const int32_t *ends,
             const double print[2], const uint8_t *hidden, int16_t *vs, uint8_t *darks, uint8_t *keep, pix_look *out);

// Adds up the patterns of n looks, and their squares, PATTERN numbers each.
void pix_pattern_sums(const pix_look *looks, const int64_t *which, int n, double *sums, double *squares);

// How many kinds of patterns are told apart, at most.
enum { KINDS = 8 };

// What n looks' patterns score for each of KINDS: what is beyond from, times scale, times the weights
// of each of PATTERN numbers; the last weights are those of none.
void pix_pattern_scores(const pix_look *looks, const int64_t *which, int n, const double *from, const double *scale,
                        const double *weights, double (*out)[KINDS]);

// The middle value ((rows-1)/2 from the least) of each of n columns of some rows of bytes, which
// begin at starts in all.
void pix_medians(const uint8_t *all, const int32_t *starts, int rows, int n, uint8_t *dst);

// What n darknesses are beyond others, as a share of what is left of these to BLACK, each
// place with its weight. Places that are not seen count nowhere.
double pix_beyond(const uint8_t *darks, const uint8_t *letter, const uint8_t *weight, int n);

// The k-th from the least of n values.
double pix_ranked(const double *vs, int n, int k);

// A climb; see Climb. reach is how far it looks in both directions.
typedef struct {
	pix_place from;
	double far, near;
	int64_t step, reach;
	double top[7]; // x, y, the score there, and those of its left, right, upper and lower neighbours
	int64_t found; // 0 if a place may be outside the picture, or is too far from the middle
} pix_climb;

// How many moves across are looked at where a climb looks so far: a multiple of what vectors hold.
#define CLIMB_WIDE(reach) (2 * (reach) < 16 ? (2 * (reach) + 8) / 8 * 8 : (2 * (reach) + 32) / 32 * 32)

// Climbs many times to the move by whole pixels at which the second of three groups of n places
// stands out against the first most. sums has the room of 3·(2r+1)·w, scores of (2r+1)·w, where r is
// the farthest reach and w its CLIMB_WIDE. Rows of moves in which the first group is
// so bright that no score can be the best are not looked at further.
void pix_climbs(const pix_picture *p, pix_climb *climbs, int many, const double *const steps[3], int n, uint16_t *sums, double *scores);

#endif
