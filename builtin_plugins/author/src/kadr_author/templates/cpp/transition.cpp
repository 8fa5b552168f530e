// @TITLE@: one clip is mixed into the next. Replace the arithmetic of `row` by your own.
#include "kadr.hpp"

// One row with whole numbers and KADR_RESTRICT becomes SIMD.
static void row(uint8_t *KADR_RESTRICT out, const uint8_t *KADR_RESTRICT a, const uint8_t *KADR_RESTRICT b,
                uint32_t count, uint16_t part) {
    for (uint32_t x = 0; x < count; x++)
        out[x] = static_cast<uint8_t>(static_cast<uint16_t>(a[x] * (256 - part) + b[x] * part + 128) >> 8);
}

static kadr::status work(const kadr::Job &job) {
    const kadr::Image a = job.input(0), b = job.input(1), out = job.output();
    if (!a || !b || out.depth() > 8) return job.fail(kadr::unsupported, "two inputs of 8 bit are expected");
    const double hold = job.number(0), way = (job.raw()->progress - hold) / (1.0 - 2.0 * hold);
    const uint16_t part = static_cast<uint16_t>(kadr::clamped(way, 0.0, 1.0) * 256.0 + 0.5);
    for (uint32_t p = 0; p < out.planes(); p++) {
        const auto first = a.plane<uint8_t>(p), second = b.plane<uint8_t>(p), to = out.plane<uint8_t>(p);
        for (uint32_t y = job.first_row(p); y < job.end_row(p); y++)
            row(to.row(y), first.row(y), second.row(y), to.width(), part);
    }
    return kadr::ok;
}

KADR_EFFECT(work)
