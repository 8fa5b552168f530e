/* Tone: a steady wave of one frequency, the same in all channels. */
#include "kadr.h"

KADR_GUEST

enum { SINE, TRIANGLE, SQUARE, SAW };

/* sin(2 pi place) for place in 0..1: folded to a quarter turn, then the Taylor series to x^13. */
static double sine(double place) {
    double q = place < 0.5 ? place : 1.0 - place; /* 0..0.5, mirrored in its middle */
    q = q < 0.25 ? q : 0.5 - q;
    const double x = q * 6.283185307179586, s = x * x;
    const double sum = 1.0 - s / 6.0 * (1.0 - s / 20.0 * (1.0 - s / 42.0 * (1.0 - s / 72.0 *
                       (1.0 - s / 110.0 * (1.0 - s / 156.0)))));
    return place < 0.5 ? x * sum : -(x * sum);
}

static double shape(uint32_t form, double place) {
    switch (form) {
        case SINE: return sine(place);
        case TRIANGLE: return place < 0.25 ? 4.0 * place : place < 0.75 ? 2.0 - 4.0 * place : 4.0 * place - 4.0;
        case SQUARE: return place < 0.5 ? 1.0 : -1.0;
        default: return 2.0 * place - 1.0;
    }
}

KADR_PROCESS(job) {
    const kadr_audio *out = kadr_sound_output(job);
    const double step = kadr_parameter(job, 0)->number / out->rate, level = kadr_parameter(job, 1)->number;
    const uint32_t form = kadr_parameter(job, 2)->index;
    for (uint32_t n = 0; n < out->count; n++) {
        const double turns = (double)(out->first + n) * step;
        const float value = (float)(level * shape(form, turns - __builtin_floor(turns)));
        for (uint32_t c = 0; c < out->channels; c++) kadr_channel(out, c)[n] = value;
    }
    return KADR_OK;
}
