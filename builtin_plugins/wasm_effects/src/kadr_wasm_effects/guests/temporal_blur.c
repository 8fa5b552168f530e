/* Temporal blur: a picture mixed with its two neighbours on either side. */
#include "kadr.h"

KADR_GUEST

enum { NEIGHBOURS = 4 };

typedef struct weights {
    uint32_t now;   /* of 256 */
    uint32_t other; /* of 256, of each neighbour */
} weights;

static void row8(uint8_t *KADR_RESTRICT out, const uint8_t *KADR_RESTRICT now, const uint8_t *const *side,
                 uint32_t count, weights of) {
    const uint8_t *a = side[0], *b = side[1], *c = side[2], *d = side[3];
    const uint16_t keep = (uint16_t)of.now, other = (uint16_t)of.other;
    for (uint32_t x = 0; x < count; x++) {
        const uint16_t sum = (uint16_t)(a[x] + b[x] + c[x] + d[x]);
        out[x] = (uint8_t)((uint16_t)(now[x] * keep + sum * other + 128) >> 8);
    }
}

static void row16(uint16_t *KADR_RESTRICT out, const uint16_t *KADR_RESTRICT now, const uint8_t *const *side,
                  uint32_t count, weights of) {
    const uint16_t *a = (const uint16_t *)side[0], *b = (const uint16_t *)side[1];
    const uint16_t *c = (const uint16_t *)side[2], *d = (const uint16_t *)side[3];
    for (uint32_t x = 0; x < count; x++) {
        const uint32_t sum = (uint32_t)a[x] + b[x] + c[x] + d[x];
        out[x] = (uint16_t)((now[x] * of.now + sum * of.other + 128) >> 8);
    }
}

KADR_PROCESS(job) {
    static const int32_t offsets[NEIGHBOURS] = {-2, -1, 1, 2};
    const kadr_image *now = kadr_input(job, 0, 0), *out = kadr_output(job), *near[NEIGHBOURS];
    for (int i = 0; i < NEIGHBOURS; i++) near[i] = kadr_input(job, 0, offsets[i]);
    if (!now || !near[0] || !near[1] || !near[2] || !near[3])
        return kadr_fail(job, KADR_FAILED, "two frames before and two after are expected");
    if (out->depth > 16) return kadr_fail(job, KADR_UNSUPPORTED, "whole numbers up to 16 bit are expected");
    weights of;
    of.other = (uint32_t)(kadr_parameter(job, 0)->number * 51.2 + 0.5);
    of.now = 256 - NEIGHBOURS * of.other;
    for (uint32_t p = 0; p < out->plane_count; p++) {
        const kadr_plane *to = &out->planes[p];
        const uint32_t end = kadr_end_row(job, out, p);
        for (uint32_t y = kadr_first_row(job, out, p); y < end; y++) {
            const uint8_t *side[NEIGHBOURS];
            for (int i = 0; i < NEIGHBOURS; i++) side[i] = kadr_row(&near[i]->planes[p], y);
            if (kadr_word(out) == 1)
                row8(kadr_row(to, y), kadr_row(&now->planes[p], y), side, to->width, of);
            else
                row16(kadr_row(to, y), kadr_row(&now->planes[p], y), side, to->width, of);
        }
    }
    return KADR_OK;
}
