// @TITLE@: a tone with corners. Samples are counted from the start of the clip.
#include "kadr.hpp"

static kadr::status work(const kadr::Job &job) {
    const kadr::Sound out = job.sound_output();
    const int64_t period = job.whole(0);
    const float level = static_cast<float>(job.number(1));
    for (uint32_t c = 0; c < out.channels(); c++) {
        float *to = out.channel(c);
        for (uint32_t n = 0; n < out.count(); n++)
            to[n] = 2 * ((out.first() + n) % period) < period ? level : -level;
    }
    return kadr::ok;
}

KADR_EFFECT(work)
