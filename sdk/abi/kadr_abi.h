/* Frame ABI 1 of kadr: the blocks that host and guest share in linear memory.
 *
 * This header is the specification of every offset; SPEC.md says the rest in words.
 * Little-endian, natural alignment, 32-bit pointers (offsets into the guest's memory).
 * Every block begins with its size in bytes, so that it can grow: a guest steps through an
 * array of blocks by the size that the first one states, and ignores what it does not know.
 */
#ifndef KADR_ABI_H
#define KADR_ABI_H

#include <stdint.h>

#define KADR_ABI_VERSION 1

typedef uint32_t kadr_ptr; /* offset into linear memory; 0: none */

/* kadr_job.flags */
enum {
    KADR_FLAG_PREVIEW = 1,
    KADR_FLAG_DRAFT = 2,
    KADR_FLAG_EXPORT = 4,
};

/* What kadr_process returns; every other number is a failure of the guest's own. */
enum {
    KADR_OK = 0,
    KADR_FAILED = 1,
    KADR_UNSUPPORTED = 2,
    KADR_NO_MEMORY = 3,
};

/* Host functions: imports of the module "kadr", each behind a permission (SPEC.md). A result
 * below 0 is one of these. */
enum {
    KADR_E_REFUSED = -1, /* not permitted */
    KADR_E_INVALID = -2, /* arguments that break a rule */
    KADR_E_MISSING = -3, /* not there */
    KADR_E_LIMIT = -4,   /* a limit of the plugin's level is reached */
    KADR_E_FAILED = -5,  /* tried, and it did not work */
};

/* The level of kadr_host_log. */
enum {
    KADR_LOG_DEBUG = 0,
    KADR_LOG_INFO = 1,
    KADR_LOG_WARNING = 2,
    KADR_LOG_ERROR = 3,
};

/* kadr_image.format: FFmpeg's names in little-endian words. Numbers are never given twice. */
enum {
    KADR_FORMAT_GRAY = 1,
    KADR_FORMAT_GRAY10LE = 2,
    KADR_FORMAT_GRAY16LE = 4,
    KADR_FORMAT_RGB24 = 16,
    KADR_FORMAT_RGBA = 17,
    KADR_FORMAT_RGBA64LE = 18,
    KADR_FORMAT_RGBAF32LE = 19,
    KADR_FORMAT_GBRP = 20,
    KADR_FORMAT_GBRAP = 21,
    KADR_FORMAT_YUV420P = 32,
    KADR_FORMAT_YUV420P10LE = 33,
    KADR_FORMAT_YUV420P12LE = 34,
    KADR_FORMAT_YUV420P16LE = 35,
    KADR_FORMAT_YUV420PF32LE = 36,
    KADR_FORMAT_YUVA420P = 40,
    KADR_FORMAT_YUVA420P10LE = 41,
    KADR_FORMAT_YUVA420P16LE = 43,
    KADR_FORMAT_YUVA420PF32LE = 44,
    KADR_FORMAT_YUV422P = 48,
    KADR_FORMAT_YUV422P10LE = 49,
    KADR_FORMAT_YUV422P12LE = 50,
    KADR_FORMAT_YUV422P16LE = 51,
    KADR_FORMAT_YUV422PF32LE = 52,
    KADR_FORMAT_YUVA422P = 56,
    KADR_FORMAT_YUVA422P10LE = 57,
    KADR_FORMAT_YUVA422P16LE = 59,
    KADR_FORMAT_YUVA422PF32LE = 60,
    KADR_FORMAT_YUV444P = 64,
    KADR_FORMAT_YUV444P10LE = 65,
    KADR_FORMAT_YUV444P12LE = 66,
    KADR_FORMAT_YUV444P16LE = 67,
    KADR_FORMAT_YUV444PF32LE = 68,
    KADR_FORMAT_YUVA444P = 72,
    KADR_FORMAT_YUVA444P10LE = 73,
    KADR_FORMAT_YUVA444P16LE = 75,
    KADR_FORMAT_YUVA444PF32LE = 76,
};

/* kadr_image.alpha */
enum {
    KADR_ALPHA_NONE = 0,
    KADR_ALPHA_STRAIGHT = 1,
    KADR_ALPHA_PREMULTIPLIED = 2,
};

/* kadr_image.range and .chroma_location: FFmpeg's numbers. Matrix, primaries and transfer are
 * the code points of ITU-T H.273 (2: unknown). */
enum {
    KADR_RANGE_UNKNOWN = 0,
    KADR_RANGE_TV = 1,
    KADR_RANGE_PC = 2,
};
enum {
    KADR_CHROMA_UNKNOWN = 0,
    KADR_CHROMA_LEFT = 1,
    KADR_CHROMA_CENTER = 2,
    KADR_CHROMA_TOPLEFT = 3,
};

/* kadr_audio.format */
enum { KADR_AUDIO_F32_PLANAR = 1 };

/* A parameter, in the order of the declaration. */
typedef union kadr_param {
    double number;  /* float, angle */
    int64_t whole;  /* int, bool (0 or 1) */
    uint32_t index; /* choice: into the declared ids */
    float vector[4]; /* color (r, g, b, a 0..1, straight), point (x, y), rect (x, y, w, h) */
    struct {
        kadr_ptr data;   /* text: UTF-8; file: its content; curve: f32 samples 0..1 */
        uint32_t length; /* in bytes; curve: KADR_CURVE_SAMPLES samples */
    } bytes;
} kadr_param;

#define KADR_CURVE_SAMPLES 1024

typedef struct kadr_plane {
    kadr_ptr data;   /* 64-byte aligned */
    uint32_t stride; /* bytes from row to row, a multiple of 64 */
    uint32_t width;  /* pixels in a row */
    uint32_t height; /* rows */
} kadr_plane;

typedef struct kadr_image {
    uint32_t size;
    uint32_t input; /* number of the declared input; output: 0 */
    int32_t offset; /* frames from now: -1 is one before */
    uint32_t format;
    uint32_t width;
    uint32_t height;
    uint32_t depth; /* bits per component */
    uint32_t matrix;
    uint32_t primaries;
    uint32_t transfer;
    uint32_t range;
    uint32_t chroma_location;
    uint32_t alpha;
    uint32_t aspect_num; /* sample aspect */
    uint32_t aspect_den;
    uint32_t plane_count;
    kadr_plane planes[4];
} kadr_image;

typedef struct kadr_audio {
    uint32_t size;
    uint32_t input;
    uint32_t format;
    uint32_t channels;
    uint64_t layout; /* FFmpeg's channel mask */
    uint32_t rate;
    uint32_t count; /* samples per channel */
    int64_t first;  /* number of the first sample since the start of the clip */
    kadr_ptr data;  /* array of pointers, one per channel */
    uint32_t reserved;
} kadr_audio;

typedef struct kadr_job {
    uint32_t size;
    uint32_t flags;
    int64_t frame; /* since the start of the clip; transition: of itself */
    uint32_t rate_num; /* frames per second */
    uint32_t rate_den;
    double time; /* seconds since the start of the clip */
    double duration;
    double progress; /* 0..1 */
    uint32_t y0;     /* rows of the output to make: y0 <= y < y1 */
    uint32_t y1;
    uint32_t tile;
    uint32_t tiles;
    uint64_t seed; /* the only source of randomness */
    kadr_ptr params;
    uint32_t param_count;
    kadr_ptr inputs; /* kadr_image, every input and window offset */
    uint32_t input_count;
    kadr_ptr output; /* kadr_image */
    kadr_ptr audio;  /* kadr_audio */
    uint32_t audio_count;
    kadr_ptr audio_output; /* kadr_audio */
    kadr_ptr data;         /* room for an analyzer's result */
    uint32_t data_capacity;
    uint32_t data_length; /* written by the guest */
    kadr_ptr message;     /* room for why it failed, UTF-8 */
    uint32_t message_capacity;
    uint32_t message_length; /* written by the guest */
    double scale_x;          /* pixels here for one pixel of the project */
    double scale_y;
} kadr_job;

#if defined(__wasm__)
#define KADR_IMPORT(name) __attribute__((import_module("kadr"), import_name(#name))) int32_t kadr_host_##name
#ifdef __cplusplus
extern "C" {
#endif
/* Only what a guest calls is imported. Pointers are offsets, lengths and capacities are bytes. */
KADR_IMPORT(log)(uint32_t level, const char *text, uint32_t length);
KADR_IMPORT(progress)(uint32_t done);
KADR_IMPORT(should_abort)(void);
KADR_IMPORT(config_get)(const char *name, uint32_t length, void *out, uint32_t capacity);
KADR_IMPORT(storage_get)(const char *key, uint32_t length, void *out, uint32_t capacity);
KADR_IMPORT(storage_set)(const char *key, uint32_t length, const void *value, uint32_t size);
KADR_IMPORT(read_file)(const char *path, uint32_t length, uint32_t position, void *out, uint32_t capacity);
KADR_IMPORT(net_fetch)(const char *address, uint32_t length, void *out, uint32_t capacity);
#ifdef __cplusplus
}
#endif
#endif

#if defined(__cplusplus)
#define KADR_CHECK(name, condition) static_assert(condition, #name)
#else
#define KADR_CHECK(name, condition) _Static_assert(condition, #name)
#endif
#define KADR_AT(type, field, offset) \
    KADR_CHECK(type##_##field, __builtin_offsetof(type, field) == (offset))
#define KADR_SIZE(type, bytes) KADR_CHECK(type##_size, sizeof(type) == (bytes))

KADR_SIZE(kadr_param, 16);
KADR_SIZE(kadr_plane, 16);
KADR_AT(kadr_plane, data, 0);
KADR_AT(kadr_plane, stride, 4);
KADR_AT(kadr_plane, width, 8);
KADR_AT(kadr_plane, height, 12);

KADR_SIZE(kadr_image, 128);
KADR_AT(kadr_image, size, 0);
KADR_AT(kadr_image, input, 4);
KADR_AT(kadr_image, offset, 8);
KADR_AT(kadr_image, format, 12);
KADR_AT(kadr_image, width, 16);
KADR_AT(kadr_image, height, 20);
KADR_AT(kadr_image, depth, 24);
KADR_AT(kadr_image, matrix, 28);
KADR_AT(kadr_image, primaries, 32);
KADR_AT(kadr_image, transfer, 36);
KADR_AT(kadr_image, range, 40);
KADR_AT(kadr_image, chroma_location, 44);
KADR_AT(kadr_image, alpha, 48);
KADR_AT(kadr_image, aspect_num, 52);
KADR_AT(kadr_image, aspect_den, 56);
KADR_AT(kadr_image, plane_count, 60);
KADR_AT(kadr_image, planes, 64);

KADR_SIZE(kadr_audio, 48);
KADR_AT(kadr_audio, size, 0);
KADR_AT(kadr_audio, input, 4);
KADR_AT(kadr_audio, format, 8);
KADR_AT(kadr_audio, channels, 12);
KADR_AT(kadr_audio, layout, 16);
KADR_AT(kadr_audio, rate, 24);
KADR_AT(kadr_audio, count, 28);
KADR_AT(kadr_audio, first, 32);
KADR_AT(kadr_audio, data, 40);
KADR_AT(kadr_audio, reserved, 44);

KADR_SIZE(kadr_job, 144);
KADR_AT(kadr_job, size, 0);
KADR_AT(kadr_job, flags, 4);
KADR_AT(kadr_job, frame, 8);
KADR_AT(kadr_job, rate_num, 16);
KADR_AT(kadr_job, rate_den, 20);
KADR_AT(kadr_job, time, 24);
KADR_AT(kadr_job, duration, 32);
KADR_AT(kadr_job, progress, 40);
KADR_AT(kadr_job, y0, 48);
KADR_AT(kadr_job, y1, 52);
KADR_AT(kadr_job, tile, 56);
KADR_AT(kadr_job, tiles, 60);
KADR_AT(kadr_job, seed, 64);
KADR_AT(kadr_job, params, 72);
KADR_AT(kadr_job, param_count, 76);
KADR_AT(kadr_job, inputs, 80);
KADR_AT(kadr_job, input_count, 84);
KADR_AT(kadr_job, output, 88);
KADR_AT(kadr_job, audio, 92);
KADR_AT(kadr_job, audio_count, 96);
KADR_AT(kadr_job, audio_output, 100);
KADR_AT(kadr_job, data, 104);
KADR_AT(kadr_job, data_capacity, 108);
KADR_AT(kadr_job, data_length, 112);
KADR_AT(kadr_job, message, 116);
KADR_AT(kadr_job, message_capacity, 120);
KADR_AT(kadr_job, message_length, 124);
KADR_AT(kadr_job, scale_x, 128);
KADR_AT(kadr_job, scale_y, 136);

#endif
