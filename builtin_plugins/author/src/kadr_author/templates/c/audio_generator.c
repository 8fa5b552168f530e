/* @TITLE@: a tone with corners. Samples are counted from the start of the clip. */
#include "kadr.h"

KADR_GUEST

KADR_PROCESS(job) {
    const kadr_audio *out = kadr_sound_output(job);
    const int64_t period = kadr_parameter(job, 0)->whole;
    const float level = (float)kadr_parameter(job, 1)->number;
    for (uint32_t c = 0; c < out->channels; c++) {
        float *to = kadr_channel(out, c);
        for (uint32_t n = 0; n < out->count; n++) to[n] = 2 * ((out->first + n) % period) < period ? level : -level;
    }
    return KADR_OK;
}
