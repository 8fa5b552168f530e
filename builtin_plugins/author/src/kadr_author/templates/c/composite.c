/* @TITLE@: two tracks beside each other. The inputs come in the order of the declaration. */
#include "kadr.h"

KADR_GUEST

KADR_PROCESS(job) {
    const kadr_image *left = kadr_input(job, 0, 0), *right = kadr_input(job, 1, 0), *out = kadr_output(job);
    if (!left || !right) return kadr_fail(job, KADR_FAILED, "two inputs are expected");
    for (uint32_t p = 0; p < out->plane_count; p++) {
        const uint32_t width = out->planes[p].width, word = kadr_word(out);
        const uint32_t edge = (uint32_t)(kadr_parameter(job, 0)->number * width + 0.5);
        for (uint32_t y = kadr_first_row(job, out, p); y < kadr_end_row(job, out, p); y++) {
            uint8_t *row = kadr_row(&out->planes[p], y);
            const uint8_t *rest = kadr_row(&right->planes[p], y);
            __builtin_memcpy(row, kadr_row(&left->planes[p], y), edge * word);
            __builtin_memcpy(row + edge * word, rest + edge * word, (width - edge) * word);
        }
    }
    return KADR_OK;
}
