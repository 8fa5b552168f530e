// @TITLE@: the picture is darkened. Replace the arithmetic of `row` by your own.
#include "kadr.hpp"

// One row with whole numbers and KADR_RESTRICT becomes SIMD.
static void row(uint8_t *KADR_RESTRICT out, const uint8_t *KADR_RESTRICT in, uint32_t count, uint16_t keep) {
    for (uint32_t x = 0; x < count; x++) out[x] = static_cast<uint8_t>(static_cast<uint16_t>(in[x] * keep) >> 7);
}

static kadr::status work(const kadr::Job &job) {
    const kadr::Image in = job.input(0), out = job.output();
    if (!in || out.depth() > 8) return job.fail(kadr::unsupported, "8 bit are expected");
    const uint16_t keep = static_cast<uint16_t>((1.0 - job.number(0)) * 128.0 + 0.5);
    for (uint32_t p = 0; p < out.planes(); p++) {
        const auto from = in.plane<uint8_t>(p), to = out.plane<uint8_t>(p);
        for (uint32_t y = job.first_row(p); y < job.end_row(p); y++)
            row(to.row(y), from.row(y), to.width(), p == 0 ? keep : uint16_t{128});
    }
    return kadr::ok;
}

KADR_EFFECT(work)
