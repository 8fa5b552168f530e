/* kadr.h: write a video effect in C, one header, no libc.
 *
 *     #include "kadr.h"
 *     KADR_GUEST
 *     KADR_PROCESS(job) {
 *         const kadr_image *in = kadr_input(job, 0, 0), *out = kadr_output(job);
 *         ...
 *         return KADR_OK;
 *     }
 *
 * Build: see build.py beside this file. The blocks: ../abi/kadr_abi.h.
 *
 * Speed: keep to whole numbers (LLVM's wasm back end takes u8 -> f32 apart lane by lane), and to
 * simple loops over one row, which the build's flags turn into unrolled SIMD.
 */
#ifndef KADR_H
#define KADR_H

#include <stddef.h>

#include "kadr_abi.h"

#define KADR_EXPORT(name) __attribute__((export_name(name), used))
#define KADR_RESTRICT __restrict__

/* Before a loop over a row that becomes SIMD: four vectors a turn, so that the check of the deadline,
 * which stands in every turn, costs a few per cent instead of half. Not for loops that cannot be SIMD. */
#define KADR_LOOP _Pragma("clang loop vectorize(enable) interleave_count(4)")
/* The same with eight, for a loop that hardly does anything: it reads, changes a byte or two and writes. More
 * work a turn does not fit into the processor's registers, and eight are slower than four. */
#define KADR_LIGHT_LOOP _Pragma("clang loop vectorize(enable) interleave_count(8)")

static inline void *kadr_at(kadr_ptr pointer) { return (void *)(uintptr_t)pointer; }

/* Memory of the guest: handed out once and never taken back; the host drops the whole instance. */
extern unsigned char __heap_base;
static uintptr_t kadr_heap_end_;

static void *kadr_take(uint32_t size) {
    if (!kadr_heap_end_) kadr_heap_end_ = (uintptr_t)&__heap_base;
    uint64_t begin = ((uint64_t)kadr_heap_end_ + 63) & ~(uint64_t)63, end = begin + size;
    uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) << 16;
    if (end > 0xffffffffu) return 0;
    if (end > have && __builtin_wasm_memory_grow(0, (uint32_t)((end - have + 65535) >> 16)) == (size_t)-1)
        return 0;
    kadr_heap_end_ = (uintptr_t)end;
    return (void *)(uintptr_t)begin;
}

/* The image of an input at a frame offset (0: now), or null. */
static inline const kadr_image *kadr_input(const kadr_job *job, uint32_t input, int32_t offset) {
    uintptr_t at = job->inputs;
    for (uint32_t i = 0; i < job->input_count; i++) {
        const kadr_image *image = (const kadr_image *)at;
        if (image->input == input && image->offset == offset) return image;
        at += image->size;
    }
    return 0;
}

static inline const kadr_image *kadr_output(const kadr_job *job) {
    return (const kadr_image *)kadr_at(job->output);
}

static inline const kadr_param *kadr_parameter(const kadr_job *job, uint32_t number) {
    return (const kadr_param *)kadr_at(job->params) + number;
}

static inline void *kadr_row(const kadr_plane *plane, uint32_t y) {
    return (void *)((uintptr_t)plane->data + (uintptr_t)plane->stride * y);
}

/* Rows of a plane that belong to this job: y * plane height / height, edges rounded outwards. */
static inline uint32_t kadr_first_row(const kadr_job *job, const kadr_image *image, uint32_t plane) {
    return (uint32_t)((uint64_t)job->y0 * image->planes[plane].height / image->height);
}
static inline uint32_t kadr_end_row(const kadr_job *job, const kadr_image *image, uint32_t plane) {
    uint64_t rows = (uint64_t)job->y1 * image->planes[plane].height;
    return (uint32_t)((rows + image->height - 1) / image->height);
}

/* Bytes of a pixel component: 1, 2 or 4. */
static inline uint32_t kadr_word(const kadr_image *image) {
    return image->depth <= 8 ? 1 : image->depth <= 16 ? 2 : 4;
}

/* True where a plane holds colour differences (U, V). */
static inline int kadr_is_chroma(const kadr_image *image, uint32_t plane) {
    return image->format >= KADR_FORMAT_YUV420P && (plane == 1 || plane == 2);
}

/* True where a plane holds alpha. */
static inline int kadr_is_alpha(const kadr_image *image, uint32_t plane) {
    return image->alpha != KADR_ALPHA_NONE && plane == 3;
}

/* The sound of an input, or null; the sound to make; the samples of one of its channels. */
static inline const kadr_audio *kadr_sound(const kadr_job *job, uint32_t input) {
    uintptr_t at = job->audio;
    for (uint32_t i = 0; i < job->audio_count; i++) {
        const kadr_audio *audio = (const kadr_audio *)at;
        if (audio->input == input) return audio;
        at += audio->size;
    }
    return 0;
}
static inline const kadr_audio *kadr_sound_output(const kadr_job *job) {
    return (const kadr_audio *)kadr_at(job->audio_output);
}
static inline float *kadr_channel(const kadr_audio *audio, uint32_t channel) {
    return (float *)kadr_at(((const kadr_ptr *)kadr_at(audio->data))[channel]);
}

/* An analyzer's words: text, or a whole number, behind what was said before. Too much is cut off. */
static inline void kadr_say(kadr_job *job, const char *text) {
    char *room = (char *)kadr_at(job->data);
    while (*text && job->data_length < job->data_capacity) room[job->data_length++] = *text++;
}
static inline void kadr_say_number(kadr_job *job, uint64_t number) {
    char digits[21], *at = digits + 20;
    *at = 0;
    do *--at = (char)('0' + number % 10);
    while (number /= 10);
    kadr_say(job, at);
}

/* Say why, and return what kadr_process is to return. */
static inline int32_t kadr_fail(kadr_job *job, int32_t status, const char *why) {
    char *room = (char *)kadr_at(job->message);
    uint32_t length = 0;
    while (why[length] && length < job->message_capacity) {
        room[length] = why[length];
        length++;
    }
    job->message_length = length;
    return status;
}

static inline uint32_t kadr_length(const char *text) {
    uint32_t length = 0;
    while (text[length]) length++;
    return length;
}

/* Write a line into the log; needs the permission "log". */
static inline int32_t kadr_log(uint32_t level, const char *text) {
    return kadr_host_log(level, text, kadr_length(text));
}

/* A setting of the plugin as JSON text; needs the permission "config". Its length, or KADR_E_... */
static inline int32_t kadr_config(const char *name, char *out, uint32_t capacity) {
    return kadr_host_config_get(name, kadr_length(name), out, capacity);
}

/* Once in every guest: the exports that are the same everywhere. */
#define KADR_GUEST                                                                       \
    KADR_EXPORT("kadr_abi") int32_t kadr_abi_(void) { return KADR_ABI_VERSION; }         \
    KADR_EXPORT("kadr_alloc") void *kadr_alloc_(uint32_t size) { return kadr_take(size); }

/* The function of the effect; its body follows. */
#define KADR_PROCESS(job)                                             \
    static int32_t kadr_work_(kadr_job *job);                         \
    KADR_EXPORT("kadr_process") int32_t kadr_process_(kadr_ptr at) {  \
        return kadr_work_((kadr_job *)kadr_at(at));                   \
    }                                                                 \
    static int32_t kadr_work_(kadr_job *job)

#endif
