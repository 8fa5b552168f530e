/* Corners: the picture gets darker towards its corners. */
#include "kadr.h"

KADR_GUEST

enum { WIDEST = 16384, ONE = 1 << 15 };

static uint32_t across[WIDEST]; /* for every column: its share of the way to a corner, squared */

/* (2 place + 1 - length)^2 / length^2, in halves of a whole: 0 in the middle, ONE at the edge. */
static uint32_t squared(uint32_t place, uint32_t length) {
    const double way = (2.0 * place + 1.0 - length) / length;
    return (uint32_t)(way * way * ONE + 0.5);
}

/* How much of a pixel stays, n/256: all of it up to `begin`, `least` in the corners. */
static uint32_t kept(uint32_t way, uint32_t begin, uint32_t slope) {
    const uint32_t beyond = way > begin ? way - begin : 0;
    return 256 - (beyond * slope >> 16);
}

/* Towards black, or for colour towards none; one row of bytes or of words. */
#define ROW(name, word)                                                                               \
    static void name(word *KADR_RESTRICT out, const word *KADR_RESTRICT in, uint32_t count, int32_t zero, \
                     uint32_t down, uint32_t begin, uint32_t slope) {                                 \
        for (uint32_t x = 0; x < count; x++)                                                          \
            out[x] = (word)(zero + ((in[x] - zero) * (int32_t)kept(across[x] + down, begin, slope) >> 8)); \
    }
ROW(row8, uint8_t)
ROW(row16, uint16_t)

KADR_PROCESS(job) {
    const kadr_image *in = kadr_input(job, 0, 0), *out = kadr_output(job);
    if (!in || out->depth > 10 || out->width > WIDEST)
        return kadr_fail(job, KADR_UNSUPPORTED, "at most 10 bit and 16384 pixels a row are expected");
    const double amount = kadr_parameter(job, 0)->number, size = kadr_parameter(job, 1)->number;
    const uint32_t begin = (uint32_t)(size * 2 * ONE + 0.5), slope = (uint32_t)(amount * 256.0 / (1.0 - size) + 0.5);
    for (uint32_t p = 0; p < out->plane_count; p++) {
        const kadr_plane *from = &in->planes[p], *to = &out->planes[p];
        const int32_t black = out->range == KADR_RANGE_PC ? 0 : 16 << (out->depth - 8);
        const int32_t zero = kadr_is_chroma(out, p) ? 1 << (out->depth - 1) : black;
        for (uint32_t x = 0; x < to->width; x++) across[x] = squared(x, to->width);
        for (uint32_t y = kadr_first_row(job, out, p); y < kadr_end_row(job, out, p); y++) {
            const uint32_t down = squared(y, to->height);
            if (kadr_word(out) == 1)
                row8(kadr_row(to, y), kadr_row(from, y), to->width, zero, down, begin, slope);
            else
                row16(kadr_row(to, y), kadr_row(from, y), to->width, zero, down, begin, slope);
        }
    }
    return KADR_OK;
}
