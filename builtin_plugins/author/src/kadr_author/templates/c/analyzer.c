/* @TITLE@: how many pixels are brighter than a level. What is said is one JSON object a frame. */
#include "kadr.h"

KADR_GUEST

KADR_PROCESS(job) {
    const kadr_image *in = kadr_input(job, 0, 0);
    if (!in || in->depth > 8) return kadr_fail(job, KADR_UNSUPPORTED, "8 bit are expected");
    const kadr_plane *luma = &in->planes[0];
    const int64_t level = kadr_parameter(job, 0)->whole;
    uint64_t count = 0;
    for (uint32_t y = 0; y < luma->height; y++) {
        const uint8_t *row = kadr_row(luma, y);
        for (uint32_t x = 0; x < luma->width; x++) count += row[x] > level;
    }
    kadr_say(job, "{\"brighter\":");
    kadr_say_number(job, count);
    kadr_say(job, ",\"pixels\":");
    kadr_say_number(job, (uint64_t)luma->width * luma->height);
    kadr_say(job, "}");
    return KADR_OK;
}
