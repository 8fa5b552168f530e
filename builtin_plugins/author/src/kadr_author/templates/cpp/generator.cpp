// @TITLE@: stripes that move. Everything follows from the frame's number, so any frame can be made alone.
#include "kadr.hpp"

static kadr::status work(const kadr::Job &job) {
    const kadr::Image out = job.output();
    if (out.depth() > 8) return job.fail(kadr::unsupported, "8 bit are expected");
    const uint32_t size = static_cast<uint32_t>(job.whole(0));
    const uint32_t moved = static_cast<uint32_t>(job.raw()->frame * job.whole(1) % (2 * size));
    for (uint32_t p = 0; p < out.planes(); p++) {
        const auto to = out.plane<uint8_t>(p);
        for (uint32_t y = job.first_row(p); y < job.end_row(p); y++)
            for (uint32_t x = 0; x < to.width(); x++)
                to.row(y)[x] = p > 0 ? 128 : (x + moved) / size % 2 ? 235 : 16;
    }
    return kadr::ok;
}

KADR_EFFECT(work)
