/* Luma histogram: how bright a picture is and how its light is spread. */
#include "kadr.h"

KADR_GUEST

enum { MOST = 256 };

KADR_PROCESS(job) {
    const kadr_image *in = kadr_input(job, 0, 0);
    if (!in || in->depth > 16) return kadr_fail(job, KADR_UNSUPPORTED, "whole numbers up to 16 bit are expected");
    const kadr_plane *luma = &in->planes[0];
    const uint32_t bins = (uint32_t)kadr_parameter(job, 0)->whole;
    uint64_t counts[MOST] = {0}, sum = 0;
    uint32_t low = (1u << in->depth) - 1, high = 0;
    for (uint32_t y = 0; y < luma->height; y++) {
        const uint8_t *bytes = kadr_row(luma, y);
        const uint16_t *words = kadr_row(luma, y);
        for (uint32_t x = 0; x < luma->width; x++) {
            const uint32_t value = kadr_word(in) == 1 ? bytes[x] : words[x];
            counts[(value * bins) >> in->depth]++;
            sum += value;
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
    }
    const uint64_t pixels = (uint64_t)luma->width * luma->height;
    kadr_say(job, "{\"depth\":");
    kadr_say_number(job, in->depth);
    kadr_say(job, ",\"min\":");
    kadr_say_number(job, low);
    kadr_say(job, ",\"max\":");
    kadr_say_number(job, high);
    kadr_say(job, ",\"mean\":");
    kadr_say_number(job, (sum + pixels / 2) / pixels);
    kadr_say(job, ",\"histogram\":");
    for (uint32_t i = 0; i < bins; i++) {
        kadr_say(job, i ? "," : "[");
        kadr_say_number(job, counts[i]);
    }
    kadr_say(job, "]}");
    return KADR_OK;
}
