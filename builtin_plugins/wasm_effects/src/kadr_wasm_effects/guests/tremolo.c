/* Tremolo: the level swings between full and less, counted from the start of the clip. */
#include "kadr.h"

KADR_GUEST

/* 1 at the turn of every period, 0 in its middle, smooth: 3t^2 - 2t^3 of a triangle. */
static double swing(double phase) {
    const double place = phase - __builtin_floor(phase), t = __builtin_fabs(2.0 * place - 1.0);
    return t * t * (3.0 - 2.0 * t);
}

KADR_PROCESS(job) {
    const kadr_audio *in = kadr_sound(job, 0), *out = kadr_sound_output(job);
    if (!in) return kadr_fail(job, KADR_FAILED, "sound is expected");
    const double step = kadr_parameter(job, 0)->number / in->rate, depth = kadr_parameter(job, 1)->number;
    for (uint32_t c = 0; c < out->channels; c++) {
        const float *from = kadr_channel(in, c);
        float *to = kadr_channel(out, c);
        for (uint32_t n = 0; n < out->count; n++) {
            const double gain = 1.0 - depth * (1.0 - swing((double)(in->first + n) * step));
            to[n] = (float)(from[n] * gain);
        }
    }
    return KADR_OK;
}
