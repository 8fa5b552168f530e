/* Three kernels, the same source for a guest and for the processor: what the sandbox costs beside them. */
#include <stdint.h>

#ifdef __wasm__
#include "kadr.h"
#else
#define KADR_LOOP
#define KADR_LIGHT_LOOP
#endif

enum { INVERT, LUT, BLUR };

static void invert(uint8_t *__restrict__ out, const uint8_t *__restrict__ in, uint32_t count) {
    KADR_LIGHT_LOOP
    for (uint32_t x = 0; x < count; x++) out[x] = (uint8_t)(255 - in[x]);
}

static void look_up(uint8_t *__restrict__ out, const uint8_t *__restrict__ in, uint32_t count,
                    const uint8_t *__restrict__ table) {
    for (uint32_t x = 0; x < count; x++) out[x] = table[in[x]];
}

/* Sums of five rows, then of five columns of these: a whole number of 16 bits each. */
static uint16_t sums[8192 + 4];

static void down(uint16_t *__restrict__ sum, const uint8_t *__restrict__ a, const uint8_t *__restrict__ b,
                 const uint8_t *__restrict__ c, const uint8_t *__restrict__ d, const uint8_t *__restrict__ e,
                 uint32_t count) {
    KADR_LOOP
    for (uint32_t x = 0; x < count; x++) sum[x] = (uint16_t)(a[x] + b[x] + c[x] + d[x] + e[x]);
}

static void across(uint8_t *__restrict__ out, const uint16_t *__restrict__ sum, uint32_t count) {
    KADR_LOOP
    for (uint32_t x = 0; x < count; x++) {
        const uint16_t all = (uint16_t)(sum[x] + sum[x + 1] + sum[x + 2] + sum[x + 3] + sum[x + 4]);
        out[x] = (uint8_t)(((uint32_t)all * 2622u) >> 16);
    }
}

static uint8_t table[256];

static void plane(int kernel, uint8_t *out, const uint8_t *in, uint32_t stride, uint32_t width, uint32_t height) {
    for (int n = 0; n < 256; n++) table[n] = (uint8_t)(n * n / 255);
    for (uint32_t y = 0; y < height; y++) {
        const uint8_t *row = in + (uintptr_t)stride * y;
        uint8_t *to = out + (uintptr_t)stride * y;
        if (kernel == INVERT) {
            invert(to, row, width);
        } else if (kernel == LUT) {
            look_up(to, row, width, table);
        } else {
            const uint8_t *rows[5];
            for (int n = 0; n < 5; n++) {
                int64_t at = (int64_t)y + n - 2;
                at = at < 0 ? 0 : at >= height ? height - 1 : at;
                rows[n] = in + (uintptr_t)stride * (uintptr_t)at;
            }
            down(sums + 2, rows[0], rows[1], rows[2], rows[3], rows[4], width);
            sums[0] = sums[1] = sums[2];
            sums[width + 2] = sums[width + 3] = sums[width + 1];
            across(to, sums, width);
        }
    }
}

#ifdef __wasm__
KADR_GUEST

KADR_PROCESS(job) {
    const kadr_image *in = kadr_input(job, 0, 0), *out = kadr_output(job);
    for (uint32_t p = 0; p < out->plane_count; p++)
        plane((int)kadr_parameter(job, 0)->whole, kadr_row(&out->planes[p], 0), kadr_row(&in->planes[p], 0),
              out->planes[p].stride, out->planes[p].width, out->planes[p].height);
    return KADR_OK;
}
#else
void kernels(int kernel, uint8_t **out, uint8_t **in, const uint32_t *strides, const uint32_t *widths,
             const uint32_t *heights) {
    for (int p = 0; p < 3; p++) plane(kernel, out[p], in[p], strides[p], widths[p], heights[p]);
}
#endif
