/* @TITLE@: stripes that move. Everything follows from the frame's number, so any frame can be made alone. */
#include "kadr.h"

KADR_GUEST

KADR_PROCESS(job) {
    const kadr_image *out = kadr_output(job);
    if (out->depth > 8) return kadr_fail(job, KADR_UNSUPPORTED, "8 bit are expected");
    const uint32_t size = (uint32_t)kadr_parameter(job, 0)->whole;
    const uint32_t moved = (uint32_t)(job->frame * kadr_parameter(job, 1)->whole % (2 * size));
    for (uint32_t p = 0; p < out->plane_count; p++)
        for (uint32_t y = kadr_first_row(job, out, p); y < kadr_end_row(job, out, p); y++) {
            uint8_t *row = kadr_row(&out->planes[p], y);
            for (uint32_t x = 0; x < out->planes[p].width; x++)
                row[x] = p > 0 ? 128 : (x + moved) / size % 2 ? 235 : 16;
        }
    return KADR_OK;
}
