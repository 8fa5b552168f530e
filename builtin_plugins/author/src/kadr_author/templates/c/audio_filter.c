/* @TITLE@: the sound made louder or quieter. Sound comes in blocks of 1024 samples, planar, full scale at 1. */
#include "kadr.h"

KADR_GUEST

KADR_PROCESS(job) {
    const kadr_audio *in = kadr_sound(job, 0), *out = kadr_sound_output(job);
    if (!in) return kadr_fail(job, KADR_FAILED, "sound is expected");
    const float gain = (float)kadr_parameter(job, 0)->number;
    for (uint32_t c = 0; c < out->channels; c++) {
        const float *from = kadr_channel(in, c);
        float *to = kadr_channel(out, c);
        for (uint32_t n = 0; n < out->count; n++) to[n] = from[n] * gain;
    }
    return KADR_OK;
}
