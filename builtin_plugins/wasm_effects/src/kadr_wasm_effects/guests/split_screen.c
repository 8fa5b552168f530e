/* Split screen: up to four pictures in columns, rows or a grid, each cut to the middle of its cell. */
#include "kadr.h"

KADR_GUEST

enum { COLUMNS, ROWS, GRID, MOST = 4 };

typedef struct {
    uint32_t x, y, width, height;
} cell;

/* A stretch of `whole` for part `number` of `count`, with gaps between. */
static void stretch(uint32_t whole, uint32_t gap, uint32_t number, uint32_t count, uint32_t *at, uint32_t *size) {
    const uint32_t gaps = gap * (count - 1), room = whole > gaps ? whole - gaps : 0;
    *at = room * number / count + gap * number;
    *size = room * (number + 1) / count - room * number / count;
}

static cell cell_of(const kadr_image *out, uint32_t number, uint32_t count, uint32_t shape, uint32_t gap) {
    const uint32_t columns = shape == COLUMNS ? count : shape == ROWS ? 1 : count > 1 ? 2 : 1;
    const uint32_t rows = (count + columns - 1) / columns;
    cell made;
    stretch(out->width, gap, number % columns, columns, &made.x, &made.width);
    stretch(out->height, gap, number / columns, rows, &made.y, &made.height);
    return made;
}

/* Black where no picture is: the lowest luma, no colour, opaque. */
static uint32_t empty(const kadr_image *image, uint32_t plane) {
    if (kadr_is_alpha(image, plane)) return (1u << image->depth) - 1;
    if (kadr_is_chroma(image, plane)) return 1u << (image->depth - 1);
    return image->range == KADR_RANGE_PC ? 0 : 16u << (image->depth - 8);
}

static void fill(const kadr_plane *plane, uint32_t y, uint32_t word, uint32_t value) {
    uint8_t *bytes = kadr_row(plane, y);
    uint16_t *words = kadr_row(plane, y);
    for (uint32_t x = 0; x < plane->width; x++) {
        if (word == 1) bytes[x] = (uint8_t)value;
        else words[x] = (uint16_t)value;
    }
}

/* The part of one plane that belongs to a cell, from the middle of the picture. */
static void copy(const kadr_image *in, const kadr_image *out, uint32_t p, const cell *to) {
    const kadr_plane *from = &in->planes[p], *plane = &out->planes[p];
    const uint32_t left = to->x * plane->width / out->width, top = to->y * plane->height / out->height;
    const uint32_t right = (to->x + to->width) * plane->width / out->width;
    const uint32_t bottom = (to->y + to->height) * plane->height / out->height, word = kadr_word(out);
    const uint32_t cut_x = (plane->width - (right - left)) / 2, cut_y = (plane->height - (bottom - top)) / 2;
    for (uint32_t y = top; y < bottom; y++) {
        const uint8_t *source = (const uint8_t *)kadr_row(from, y - top + cut_y) + cut_x * word;
        __builtin_memcpy((uint8_t *)kadr_row(plane, y) + left * word, source, (right - left) * word);
    }
}

KADR_PROCESS(job) {
    const kadr_image *out = kadr_output(job), *in[MOST];
    uint32_t count = 0;
    while (count < MOST && (in[count] = kadr_input(job, count, 0))) count++;
    const uint32_t shape = kadr_parameter(job, 0)->index, gap = (uint32_t)kadr_parameter(job, 1)->whole;
    for (uint32_t p = 0; p < out->plane_count; p++) {
        for (uint32_t y = 0; y < out->planes[p].height; y++)
            fill(&out->planes[p], y, kadr_word(out), empty(out, p));
        for (uint32_t i = 0; i < count; i++) {
            const cell to = cell_of(out, i, count, shape, gap);
            copy(in[i], out, p, &to);
        }
    }
    return KADR_OK;
}
