/* Loops of floats, and one of whole numbers beside them: what it costs that a NaN always looks the same. */
#include "kadr.h"

KADR_GUEST

enum { MOST = 1 << 14 };

float in[MOST], out[MOST]; /* not static: what nobody else can see would not be computed */
uint8_t bytes_in[MOST], bytes_out[MOST];

/* So often that the call does not count; the compiler may not take the rounds for one. */
#define ROUNDS for (int32_t round = 0; round < rounds; round++, ({ __asm__ volatile("" ::: "memory"); }))

KADR_EXPORT("gain") void gain(int32_t rounds) {
    ROUNDS {
        KADR_LOOP
        for (int32_t n = 0; n < MOST; n++) out[n] = in[n] * 0.7071f;
    }
}

/* A soft bend of a signal: five multiplications and three sums a sample. */
KADR_EXPORT("curve") void curve(int32_t rounds) {
    ROUNDS {
        KADR_LOOP
        for (int32_t n = 0; n < MOST; n++) {
            const float x = in[n], s = x * x;
            out[n] = x * (1.0f + s * (-0.3f + s * (0.1f - s * 0.02f)));
        }
    }
}

KADR_EXPORT("whole") void whole(int32_t rounds) {
    ROUNDS {
        KADR_LOOP
        for (int32_t n = 0; n < MOST; n++) bytes_out[n] = (uint8_t)(255 - bytes_in[n]);
    }
}
