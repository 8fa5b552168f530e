/* Invert, blended with the picture by an amount: light becomes dark, colours their opposites. */
#include "kadr.h"

KADR_GUEST

typedef struct level {
    uint32_t sum;  /* value and inverted value together */
    uint32_t top;  /* largest code */
    uint32_t keep; /* 128 - 2 * amount, modulo 2^16 or 2^32 */
    uint32_t add;  /* sum * amount + 64 */
} level;

/* out = value + (sum - value - value) * amount / 128, rounded; value is cut to sum before. */
static void row8(uint8_t *KADR_RESTRICT out, const uint8_t *KADR_RESTRICT in, uint32_t count, level at) {
    const uint16_t sum = (uint16_t)(at.sum > 255 ? 255 : at.sum);
    const uint16_t keep = (uint16_t)at.keep, add = (uint16_t)at.add;
    for (uint32_t x = 0; x < count; x++) {
        uint16_t value = in[x] > sum ? sum : in[x];
        value = (uint16_t)((uint16_t)(value * keep + add) >> 7);
        out[x] = (uint8_t)(value > 255 ? 255 : value);
    }
}

static void row16(uint16_t *KADR_RESTRICT out, const uint16_t *KADR_RESTRICT in, uint32_t count, level at) {
    for (uint32_t x = 0; x < count; x++) {
        uint32_t value = in[x] > at.sum ? at.sum : in[x];
        value = (value * at.keep + at.add) >> 7;
        out[x] = (uint16_t)(value > at.top ? at.top : value);
    }
}

static level level_of(const kadr_image *image, uint32_t plane, uint32_t amount) {
    level at;
    at.top = (1u << image->depth) - 1;
    if (kadr_is_chroma(image, plane))
        at.sum = 1u << image->depth;
    else if (image->range == KADR_RANGE_PC || image->format < KADR_FORMAT_YUV420P)
        at.sum = at.top;
    else
        at.sum = 251u << (image->depth - 8); /* 16 + 235 */
    at.keep = 128u - 2 * amount;
    at.add = at.sum * amount + 64;
    return at;
}

KADR_PROCESS(job) {
    const kadr_image *in = kadr_input(job, 0, 0), *out = kadr_output(job);
    if (!in || out->depth > 16) return kadr_fail(job, KADR_UNSUPPORTED, "whole numbers up to 16 bit are expected");
    const uint32_t amount = (uint32_t)(kadr_parameter(job, 0)->number * 128.0 + 0.5);
    for (uint32_t p = 0; p < out->plane_count; p++) {
        const level at = level_of(out, p, kadr_is_alpha(out, p) ? 0 : amount);
        const kadr_plane *from = &in->planes[p], *to = &out->planes[p];
        const uint32_t end = kadr_end_row(job, out, p);
        for (uint32_t y = kadr_first_row(job, out, p); y < end; y++) {
            if (kadr_word(out) == 1)
                row8(kadr_row(to, y), kadr_row(from, y), to->width, at);
            else
                row16(kadr_row(to, y), kadr_row(from, y), to->width, at);
        }
    }
    return KADR_OK;
}
