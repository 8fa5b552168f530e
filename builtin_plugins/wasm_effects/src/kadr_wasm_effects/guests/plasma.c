/* Plasma: three smooth waves over each other, coloured from one colour to another and back. */
#include "kadr.h"

KADR_GUEST

enum { WIDEST = 16384, SHADES = 1024 };

static uint16_t across[WIDEST], along[2 * WIDEST];
static uint16_t palette[4][SHADES]; /* red, green, blue, alpha */

/* A wave of period 65536 in 0..65535, smooth at its turns: 3t^2 - 2t^3 of a triangle. */
static uint32_t wave(uint32_t phase) {
    const uint32_t half = phase & 0xffff, t = (half < 32768 ? half : 65535 - half) * 2;
    return (uint32_t)(((uint64_t)t * t >> 16) * (196608 - 2 * (uint64_t)t) >> 16);
}

static uint32_t turns(double value) { return (uint32_t)(int64_t)(value * 65536.0); }

static void mix_palette(const float *from, const float *to) {
    for (int c = 0; c < 4; c++) {
        const uint32_t a = (uint32_t)(from[c] * 65535.0 + 0.5), b = (uint32_t)(to[c] * 65535.0 + 0.5);
        for (uint32_t i = 0; i < SHADES; i++) {
            const uint32_t part = wave(i * 65536 / SHADES);
            palette[c][i] = (uint16_t)((a * (uint64_t)(65535 - part) + b * (uint64_t)part) / 65535);
        }
    }
}

static uint32_t shade(uint32_t x, uint32_t y, uint32_t down) {
    return (across[x] + down + along[x + y]) / 192; /* of three waves, in 1024 shades */
}

KADR_PROCESS(job) {
    static const uint8_t order[4] = {1, 2, 0, 3}; /* planes are green, blue, red, alpha */
    const kadr_image *out = kadr_output(job);
    if (out->width > WIDEST || out->height > WIDEST)
        return kadr_fail(job, KADR_UNSUPPORTED, "at most 16384 pixels a side are expected");
    const double step = 1.0 / kadr_parameter(job, 0)->number, moved = job->time * kadr_parameter(job, 1)->number;
    const uint32_t start = (uint32_t)job->seed & 0xffff;
    mix_palette(kadr_parameter(job, 2)->vector, kadr_parameter(job, 3)->vector);
    for (uint32_t x = 0; x < out->width; x++) across[x] = (uint16_t)wave(turns(x * step + moved) + start);
    for (uint32_t n = 0; n < out->width + out->height; n++)
        along[n] = (uint16_t)wave(turns(n * step * 0.625 + moved * 2.0));
    for (uint32_t y = job->y0; y < job->y1; y++) {
        const uint32_t down = wave(turns(y * step * 0.8 + 64.0 - moved));
        if (out->format == KADR_FORMAT_RGBA64LE) {
            uint16_t *row = kadr_row(&out->planes[0], y);
            for (uint32_t x = 0; x < out->width; x++)
                for (uint32_t c = 0, s = shade(x, y, down); c < 4; c++) row[4 * x + c] = palette[c][s];
            continue;
        }
        for (uint32_t p = 0; p < out->plane_count; p++) {
            uint8_t *row = kadr_row(&out->planes[p], y);
            const uint16_t *colours = palette[order[p]];
            for (uint32_t x = 0; x < out->width; x++)
                row[x] = (uint8_t)((colours[shade(x, y, down)] * 255u + 32767u) / 65535u);
        }
    }
    return KADR_OK;
}
