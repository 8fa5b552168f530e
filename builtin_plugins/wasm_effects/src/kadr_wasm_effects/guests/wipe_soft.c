/* Soft wipe: an edge runs over the picture and uncovers the next clip. */
#include "kadr.h"

KADR_GUEST

enum { LEFT, RIGHT, UP, DOWN, WIDEST = 16384 };

static uint16_t mask[WIDEST]; /* 0..256 for every column: how much of the next clip */

static uint16_t share(uint32_t place, uint32_t length, int backwards, double progress, double softness) {
    double way = (place + 0.5) / length;
    if (backwards) way = 1.0 - way;
    double part = (progress * (1.0 + softness) - way) / softness;
    part = part < 0.0 ? 0.0 : part > 1.0 ? 1.0 : part;
    return (uint16_t)(part * 256.0 + 0.5);
}

static void row8(uint8_t *KADR_RESTRICT out, const uint8_t *KADR_RESTRICT a, const uint8_t *KADR_RESTRICT b,
                 uint32_t count) {
    for (uint32_t x = 0; x < count; x++)
        out[x] = (uint8_t)((uint16_t)(a[x] * (256 - mask[x]) + b[x] * mask[x] + 128) >> 8);
}

static void row16(uint16_t *KADR_RESTRICT out, const uint16_t *KADR_RESTRICT a,
                  const uint16_t *KADR_RESTRICT b, uint32_t count) {
    for (uint32_t x = 0; x < count; x++)
        out[x] = (uint16_t)(((uint32_t)a[x] * (256u - mask[x]) + (uint32_t)b[x] * mask[x] + 128) >> 8);
}

KADR_PROCESS(job) {
    const kadr_image *a = kadr_input(job, 0, 0), *b = kadr_input(job, 1, 0), *out = kadr_output(job);
    if (!a || !b) return kadr_fail(job, KADR_FAILED, "two inputs are expected");
    if (out->depth > 16 || out->width > WIDEST)
        return kadr_fail(job, KADR_UNSUPPORTED, "at most 16 bit and 16384 pixels a row are expected");
    const uint32_t direction = kadr_parameter(job, 0)->index;
    const double softness = kadr_parameter(job, 1)->number < 1e-4 ? 1e-4 : kadr_parameter(job, 1)->number;
    const int backwards = direction == LEFT || direction == UP, upright = direction >= UP;
    for (uint32_t p = 0; p < out->plane_count; p++) {
        const kadr_plane *to = &out->planes[p];
        const uint32_t end = kadr_end_row(job, out, p);
        for (uint32_t x = 0; x < to->width && !upright; x++)
            mask[x] = share(x, to->width, backwards, job->progress, softness);
        for (uint32_t y = kadr_first_row(job, out, p); y < end; y++) {
            if (upright) {
                const uint16_t part = share(y, to->height, backwards, job->progress, softness);
                for (uint32_t x = 0; x < to->width; x++) mask[x] = part;
            }
            if (kadr_word(out) == 1)
                row8(kadr_row(to, y), kadr_row(&a->planes[p], y), kadr_row(&b->planes[p], y), to->width);
            else
                row16(kadr_row(to, y), kadr_row(&a->planes[p], y), kadr_row(&b->planes[p], y), to->width);
        }
    }
    return KADR_OK;
}
