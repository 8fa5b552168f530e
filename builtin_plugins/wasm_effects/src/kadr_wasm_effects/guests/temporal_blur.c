/* Temporal blur: a picture mixed with its two neighbours on either side. */
#include "kadr.h"

KADR_GUEST

enum { NEIGHBOURS = 4 };

#define PIXELS(type) const type *KADR_RESTRICT

static void row8(uint8_t *KADR_RESTRICT out, PIXELS(uint8_t) now, PIXELS(uint8_t) a, PIXELS(uint8_t) b,
                 PIXELS(uint8_t) c, PIXELS(uint8_t) d, uint32_t count, uint16_t keep, uint16_t other) {
    KADR_LOOP
    for (uint32_t x = 0; x < count; x++) {
        const uint16_t sum = (uint16_t)((uint16_t)(a[x] + b[x]) + (uint16_t)(c[x] + d[x]));
        const uint16_t kept = (uint16_t)(now[x] * keep);
        out[x] = (uint8_t)((uint16_t)(kept + (uint16_t)(sum * other) + 128) >> 8);
    }
}

static void row16(uint16_t *KADR_RESTRICT out, PIXELS(uint16_t) now, PIXELS(uint16_t) a, PIXELS(uint16_t) b,
                  PIXELS(uint16_t) c, PIXELS(uint16_t) d, uint32_t count, uint32_t keep, uint32_t other) {
    KADR_LOOP
    for (uint32_t x = 0; x < count; x++) {
        const uint32_t sum = (uint32_t)a[x] + b[x] + c[x] + d[x];
        out[x] = (uint16_t)((now[x] * keep + sum * other + 128) >> 8);
    }
}

KADR_PROCESS(job) {
    static const int32_t offsets[NEIGHBOURS] = {-2, -1, 1, 2};
    const kadr_image *now = kadr_input(job, 0, 0), *out = kadr_output(job), *near[NEIGHBOURS];
    for (int i = 0; i < NEIGHBOURS; i++) near[i] = kadr_input(job, 0, offsets[i]);
    if (!now || !near[0] || !near[1] || !near[2] || !near[3])
        return kadr_fail(job, KADR_FAILED, "two frames before and two after are expected");
    if (out->depth > 16) return kadr_fail(job, KADR_UNSUPPORTED, "whole numbers up to 16 bit are expected");
    const uint32_t other = (uint32_t)(kadr_parameter(job, 0)->number * 51.2 + 0.5); /* of 256, each */
    const uint32_t keep = 256 - NEIGHBOURS * other;
    for (uint32_t p = 0; p < out->plane_count; p++) {
        const kadr_plane *to = &out->planes[p];
        const uint32_t end = kadr_end_row(job, out, p);
        for (uint32_t y = kadr_first_row(job, out, p); y < end; y++) {
            const void *s[NEIGHBOURS], *middle = kadr_row(&now->planes[p], y);
            for (int i = 0; i < NEIGHBOURS; i++) s[i] = kadr_row(&near[i]->planes[p], y);
            if (kadr_word(out) == 1)
                row8(kadr_row(to, y), middle, s[0], s[1], s[2], s[3], to->width, (uint16_t)keep, (uint16_t)other);
            else
                row16(kadr_row(to, y), middle, s[0], s[1], s[2], s[3], to->width, keep, other);
        }
    }
    return KADR_OK;
}
