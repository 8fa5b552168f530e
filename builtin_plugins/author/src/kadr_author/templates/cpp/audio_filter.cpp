// @TITLE@: the sound made louder or quieter. Sound comes in blocks of 1024 samples, planar, full scale at 1.
#include "kadr.hpp"

static kadr::status work(const kadr::Job &job) {
    const kadr::Sound in = job.sound(0), out = job.sound_output();
    if (!in) return job.fail(kadr::failed, "sound is expected");
    const float gain = static_cast<float>(job.number(0));
    for (uint32_t c = 0; c < out.channels(); c++) {
        const float *from = in.channel(c);
        float *to = out.channel(c);
        for (uint32_t n = 0; n < out.count(); n++) to[n] = from[n] * gain;
    }
    return kadr::ok;
}

KADR_EFFECT(work)
