/* Glow: what is brighter than a threshold shines over its neighbours.
 *
 * The example that every SDK has. Only luma shines; colour and alpha are copied. The bright part is
 * averaged over a square of 2 radius + 1 pixels, first along the rows, then down the columns:
 * a ring holds the averaged rows, and the column sums move down with the picture, so that the cost
 * does not depend on the radius.
 */
#include "kadr.h"

KADR_GUEST

enum { MOST = 64, ROWS = 2 * MOST + 2 }; /* the row that comes and the one that goes, and all between */

typedef struct {
    uint32_t radius, threshold, strength; /* pixels, code value, n/256 */
    uint32_t part;                        /* 65536 / (2 radius + 1) */
    uint32_t width, height, top;          /* of luma; the greatest code value */
} glow;

static uint16_t *ring; /* ROWS rows of averages */
static uint16_t *line; /* the bright part of one row, its edges repeated by the radius */
static uint32_t *sums; /* one a column */
static uint32_t room;  /* columns that there is room for */

static int have_room(uint32_t width) {
    if (width <= room) return 1;
    ring = kadr_take(ROWS * width * 2);
    sums = kadr_take(width * 4);
    line = kadr_take((width + 2 * MOST + 1) * 2);
    room = ring && sums && line ? width : 0;
    return room != 0;
}

/* What of a row is above the threshold, into the middle of the line. */
#define BRIGHT(name, pixel)                                                                               \
    static void name(const glow *g, const pixel *KADR_RESTRICT in, uint16_t *KADR_RESTRICT out) {         \
        const uint32_t threshold = g->threshold;                                                          \
        for (uint32_t x = 0; x < g->width; x++)                                                           \
            out[x] = (uint16_t)(in[x] > threshold ? in[x] - threshold : 0);                               \
    }

/* The averages along the line; its sums move from pixel to pixel. */
static void averages(const glow *g, const uint16_t *KADR_RESTRICT in, uint16_t *KADR_RESTRICT out) {
    const uint32_t size = 2 * g->radius + 1, part = g->part, width = g->width;
    uint32_t sum = 0;
    for (uint32_t x = 0; x < size; x++) sum += in[x];
    for (uint32_t x = 0; x < width; x++) {
        out[x] = (uint16_t)((sum * part) >> 16);
        sum += (uint32_t)in[x + size] - in[x];
    }
}

/* A row of the picture with the averages of its columns. */
#define SHINE(name, pixel)                                                                                \
    static void name(const glow *g, const pixel *KADR_RESTRICT in, const uint32_t *KADR_RESTRICT columns, \
                     pixel *KADR_RESTRICT out) {                                                          \
        const uint32_t part = g->part, strength = g->strength, top = g->top;                              \
        for (uint32_t x = 0; x < g->width; x++) {                                                         \
            const uint32_t lit = in[x] + ((((columns[x] * part) >> 16) * strength) >> 8);                 \
            out[x] = (pixel)(lit < top ? lit : top);                                                      \
        }                                                                                                 \
    }

BRIGHT(bright8, uint8_t)
BRIGHT(bright16, uint16_t)
SHINE(shine8, uint8_t)
SHINE(shine16, uint16_t)

static void add(uint32_t *KADR_RESTRICT to, const uint16_t *KADR_RESTRICT row, uint32_t count) {
    for (uint32_t x = 0; x < count; x++) to[x] += row[x];
}

static void move(uint32_t *KADR_RESTRICT to, const uint16_t *KADR_RESTRICT in, const uint16_t *KADR_RESTRICT out,
                 uint32_t count) {
    for (uint32_t x = 0; x < count; x++) to[x] += (uint32_t)in[x] - out[x];
}

static uint32_t clamped(int64_t row, uint32_t height) {
    return row < 0 ? 0 : row < (int64_t)height ? (uint32_t)row : height - 1;
}

static uint16_t *slot(const glow *g, uint32_t row) { return ring + (size_t)(row % ROWS) * g->width; }

static void average(const glow *g, const kadr_image *in, uint32_t row) {
    uint16_t *middle = line + g->radius;
    if (kadr_word(in) == 1) bright8(g, kadr_row(&in->planes[0], row), middle);
    else bright16(g, kadr_row(&in->planes[0], row), middle);
    for (uint32_t k = 0; k < g->radius; k++) line[k] = middle[0];
    for (uint32_t k = 0; k <= g->radius; k++) middle[g->width + k] = middle[g->width - 1];
    averages(g, line, slot(g, row));
}

static void luma(const glow *g, const kadr_image *in, const kadr_image *out, uint32_t first, uint32_t end) {
    const int64_t r = g->radius;
    for (uint32_t row = clamped(first - r, g->height); row <= clamped(first + r, g->height); row++)
        average(g, in, row);
    __builtin_memset(sums, 0, g->width * 4);
    for (int64_t k = -r; k <= r; k++) add(sums, slot(g, clamped(first + k, g->height)), g->width);
    for (uint32_t y = first; y < end; y++) {
        if (kadr_word(in) == 1) shine8(g, kadr_row(&in->planes[0], y), sums, kadr_row(&out->planes[0], y));
        else shine16(g, kadr_row(&in->planes[0], y), sums, kadr_row(&out->planes[0], y));
        const uint32_t next = clamped(y + r + 1, g->height), gone = clamped(y - r, g->height);
        if (y + r + 1 < g->height) average(g, in, next);
        move(sums, slot(g, next), slot(g, gone), g->width);
    }
}

KADR_PROCESS(job) {
    const kadr_image *in = kadr_input(job, 0, 0), *out = kadr_output(job);
    if (!in || out->depth > 16) return kadr_fail(job, KADR_UNSUPPORTED, "whole numbers up to 16 bit are expected");
    if (!have_room(out->width)) return kadr_fail(job, KADR_NO_MEMORY, "no memory for the averages");
    glow g = {.width = out->width, .height = out->height, .top = (1u << out->depth) - 1};
    g.radius = (uint32_t)(kadr_parameter(job, 0)->number + 0.5);
    g.radius = g.radius < MOST ? g.radius : MOST;
    g.threshold = (uint32_t)(kadr_parameter(job, 1)->number * g.top + 0.5);
    g.strength = (uint32_t)(kadr_parameter(job, 2)->number * 256.0 + 0.5);
    g.part = 65536 / (2 * g.radius + 1);
    luma(&g, in, out, kadr_first_row(job, out, 0), kadr_end_row(job, out, 0));
    for (uint32_t p = 1; p < out->plane_count; p++) {
        const uint32_t end = kadr_end_row(job, out, p), bytes = out->planes[p].width * kadr_word(out);
        for (uint32_t y = kadr_first_row(job, out, p); y < end; y++)
            __builtin_memcpy(kadr_row(&out->planes[p], y), kadr_row(&in->planes[p], y), bytes);
    }
    return KADR_OK;
}
