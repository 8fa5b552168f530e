/* Invert, blended with the picture by an amount: light becomes dark, colours their opposites. */
#include "kadr.h"

KADR_GUEST

/* value + (opposite - value) * amount / 128, rounded; the opposite of what is above the sum is 0. */
static void row8(uint8_t *KADR_RESTRICT out, const uint8_t *KADR_RESTRICT in, uint32_t count, uint32_t sum,
                 uint16_t amount) {
    const uint16_t keep = (uint16_t)(128 - amount), add = (uint16_t)(sum * amount + 64);
    const uint8_t most = (uint8_t)(sum > 255 ? 255 : sum);
    KADR_LOOP
    for (uint32_t x = 0; x < count; x++) {
        const uint8_t value = in[x], cut = value < most ? value : most;
        const uint16_t kept = (uint16_t)(value * keep), taken = (uint16_t)(cut * amount);
        const uint16_t mixed = (uint16_t)((uint16_t)(kept + add - taken) >> 7);
        out[x] = (uint8_t)(mixed - (mixed >> 8)); /* 256 becomes 255 */
    }
}

static void row16(uint16_t *KADR_RESTRICT out, const uint16_t *KADR_RESTRICT in, uint32_t count, uint32_t sum,
                  uint32_t amount, uint32_t top) {
    KADR_LOOP
    for (uint32_t x = 0; x < count; x++) {
        const uint32_t value = in[x], opposite = sum - (value < sum ? value : sum);
        const uint32_t mixed = (value * (128 - amount) + opposite * amount + 64) >> 7;
        out[x] = (uint16_t)(mixed < top ? mixed : top);
    }
}

/* A value and its opposite together. */
static uint32_t sum_of(const kadr_image *image, uint32_t plane) {
    if (kadr_is_chroma(image, plane)) return 1u << image->depth;
    if (image->range == KADR_RANGE_PC || image->format < KADR_FORMAT_YUV420P) return (1u << image->depth) - 1;
    return 251u << (image->depth - 8); /* 16 + 235 */
}

KADR_PROCESS(job) {
    const kadr_image *in = kadr_input(job, 0, 0), *out = kadr_output(job);
    if (!in || out->depth > 16) return kadr_fail(job, KADR_UNSUPPORTED, "whole numbers up to 16 bit are expected");
    const uint32_t asked = (uint32_t)(kadr_parameter(job, 0)->number * 128.0 + 0.5);
    for (uint32_t p = 0; p < out->plane_count; p++) {
        const uint32_t sum = sum_of(out, p), amount = kadr_is_alpha(out, p) ? 0 : asked;
        const kadr_plane *from = &in->planes[p], *to = &out->planes[p];
        const uint32_t end = kadr_end_row(job, out, p);
        for (uint32_t y = kadr_first_row(job, out, p); y < end; y++) {
            if (kadr_word(out) == 1)
                row8(kadr_row(to, y), kadr_row(from, y), to->width, sum, (uint16_t)amount);
            else
                row16(kadr_row(to, y), kadr_row(from, y), to->width, sum, amount, (1u << out->depth) - 1);
        }
    }
    return KADR_OK;
}
