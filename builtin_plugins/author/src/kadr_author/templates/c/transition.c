/* @TITLE@: one clip is mixed into the next. Replace the arithmetic of `row` by your own. */
#include "kadr.h"

KADR_GUEST

/* One row with whole numbers and KADR_RESTRICT becomes SIMD. */
static void row(uint8_t *KADR_RESTRICT out, const uint8_t *KADR_RESTRICT a, const uint8_t *KADR_RESTRICT b,
                uint32_t count, uint16_t part) {
    for (uint32_t x = 0; x < count; x++)
        out[x] = (uint8_t)((uint16_t)(a[x] * (256 - part) + b[x] * part + 128) >> 8);
}

KADR_PROCESS(job) {
    const kadr_image *a = kadr_input(job, 0, 0), *b = kadr_input(job, 1, 0), *out = kadr_output(job);
    if (!a || !b || out->depth > 8) return kadr_fail(job, KADR_UNSUPPORTED, "two inputs of 8 bit are expected");
    const double hold = kadr_parameter(job, 0)->number, way = (job->progress - hold) / (1.0 - 2.0 * hold);
    const uint16_t part = (uint16_t)((way < 0.0 ? 0.0 : way > 1.0 ? 1.0 : way) * 256.0 + 0.5);
    for (uint32_t p = 0; p < out->plane_count; p++)
        for (uint32_t y = kadr_first_row(job, out, p); y < kadr_end_row(job, out, p); y++)
            row(kadr_row(&out->planes[p], y), kadr_row(&a->planes[p], y), kadr_row(&b->planes[p], y),
                out->planes[p].width, part);
    return KADR_OK;
}
