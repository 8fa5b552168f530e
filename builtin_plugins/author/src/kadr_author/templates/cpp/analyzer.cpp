// @TITLE@: how many pixels are brighter than a level. What is said is one JSON object a frame.
#include "kadr.hpp"

static kadr::status work(const kadr::Job &job) {
    const kadr::Image in = job.input(0);
    if (!in || in.depth() > 8) return job.fail(kadr::unsupported, "8 bit are expected");
    const auto luma = in.plane<uint8_t>(0);
    const int64_t level = job.whole(0);
    uint64_t count = 0;
    for (uint32_t y = 0; y < luma.height(); y++) {
        const uint8_t *row = luma.row(y);
        for (uint32_t x = 0; x < luma.width(); x++) count += row[x] > level;
    }
    job.say("{\"brighter\":");
    job.say(count);
    job.say(",\"pixels\":");
    job.say(static_cast<uint64_t>(luma.width()) * luma.height());
    job.say("}");
    return kadr::ok;
}

KADR_EFFECT(work)
