/* @TITLE@: the picture is darkened. Replace the arithmetic of `row` by your own. */
#include "kadr.h"

KADR_GUEST

/* One row with whole numbers and KADR_RESTRICT becomes SIMD. */
static void row(uint8_t *KADR_RESTRICT out, const uint8_t *KADR_RESTRICT in, uint32_t count, uint16_t keep) {
    KADR_LOOP
    for (uint32_t x = 0; x < count; x++) out[x] = (uint8_t)((uint16_t)(in[x] * keep) >> 7);
}

KADR_PROCESS(job) {
    const kadr_image *in = kadr_input(job, 0, 0), *out = kadr_output(job);
    if (!in || out->depth > 8) return kadr_fail(job, KADR_UNSUPPORTED, "8 bit are expected");
    const uint16_t keep = (uint16_t)((1.0 - kadr_parameter(job, 0)->number) * 128.0 + 0.5);
    for (uint32_t p = 0; p < out->plane_count; p++)
        for (uint32_t y = kadr_first_row(job, out, p); y < kadr_end_row(job, out, p); y++)
            row(kadr_row(&out->planes[p], y), kadr_row(&in->planes[p], y), out->planes[p].width,
                p == 0 ? keep : 128);
    return KADR_OK;
}
