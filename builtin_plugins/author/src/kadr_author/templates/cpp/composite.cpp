// @TITLE@: two tracks beside each other. The inputs come in the order of the declaration.
#include "kadr.hpp"

static kadr::status work(const kadr::Job &job) {
    const kadr::Image left = job.input(0), right = job.input(1), out = job.output();
    if (!left || !right || out.depth() > 8) return job.fail(kadr::unsupported, "two inputs of 8 bit are expected");
    for (uint32_t p = 0; p < out.planes(); p++) {
        const auto first = left.plane<uint8_t>(p), second = right.plane<uint8_t>(p), to = out.plane<uint8_t>(p);
        const uint32_t edge = static_cast<uint32_t>(job.number(0) * to.width() + 0.5);
        for (uint32_t y = job.first_row(p); y < job.end_row(p); y++) {
            __builtin_memcpy(to.row(y), first.row(y), edge);
            __builtin_memcpy(to.row(y) + edge, second.row(y) + edge, to.width() - edge);
        }
    }
    return kadr::ok;
}

KADR_EFFECT(work)
