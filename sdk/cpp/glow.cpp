/* Glow: what is brighter than a threshold shines over its neighbours. See ../c/glow.c for how. */
#include "kadr.hpp"

namespace {

constexpr uint32_t most = 64, rows = 2 * most + 2;

kadr::Room<uint16_t> ring; /* averaged rows */
kadr::Room<uint16_t> line; /* the bright part of one row, its edges repeated by the radius */
kadr::Room<uint32_t> sums; /* one a column */

struct Settings {
    uint32_t radius, threshold, strength, part, top;
};

template <typename Word> class Glow {
  public:
    Glow(const Settings &settings, kadr::Plane<Word> in, kadr::Plane<Word> out)
        : s_(settings), in_(in), out_(out), width_(in.width()), height_(in.height()) {}

    void make(uint32_t first, uint32_t end) {
        const int64_t r = s_.radius;
        for (uint32_t row = inside(first - r); row <= inside(first + r); row++) average(row);
        uint32_t *columns = sums.at(0);
        for (uint32_t x = 0; x < width_; x++) columns[x] = 0;
        for (int64_t k = -r; k <= r; k++) move(slot(inside(first + k)), nullptr);
        for (uint32_t y = first; y < end; y++) {
            shine(in_.row(y), columns, out_.row(y));
            if (y + r + 1 < height_) average(static_cast<uint32_t>(y + r + 1));
            move(slot(inside(y + r + 1)), slot(inside(y - r)));
        }
    }

  private:
    uint32_t inside(int64_t row) const {
        return static_cast<uint32_t>(kadr::clamped<int64_t>(row, 0, height_ - 1));
    }
    uint16_t *slot(uint32_t row) const { return ring.at(row % rows * width_); }

    void average(uint32_t row) const {
        uint16_t *edge = line.at(0), *middle = line.at(s_.radius);
        bright(in_.row(row), middle);
        for (uint32_t k = 0; k < s_.radius; k++) edge[k] = middle[0];
        for (uint32_t k = 0; k <= s_.radius; k++) middle[width_ + k] = middle[width_ - 1];
        averages(edge, slot(row));
    }

    void bright(const Word *KADR_RESTRICT in, uint16_t *KADR_RESTRICT out) const {
        const uint32_t threshold = s_.threshold;
        for (uint32_t x = 0; x < width_; x++)
            out[x] = static_cast<uint16_t>(in[x] > threshold ? in[x] - threshold : 0);
    }

    /* The averages along the line; its sums move from pixel to pixel. */
    void averages(const uint16_t *KADR_RESTRICT in, uint16_t *KADR_RESTRICT out) const {
        const uint32_t size = 2 * s_.radius + 1, part = s_.part, width = width_;
        uint32_t sum = 0;
        for (uint32_t x = 0; x < size; x++) sum += in[x];
        for (uint32_t x = 0; x < width; x++) {
            out[x] = static_cast<uint16_t>((sum * part) >> 16);
            sum += static_cast<uint32_t>(in[x + size]) - in[x];
        }
    }

    void move(const uint16_t *KADR_RESTRICT come, const uint16_t *KADR_RESTRICT go) const {
        uint32_t *KADR_RESTRICT to = sums.at(0);
        if (!go)
            for (uint32_t x = 0; x < width_; x++) to[x] += come[x];
        else
            for (uint32_t x = 0; x < width_; x++) to[x] += static_cast<uint32_t>(come[x]) - go[x];
    }

    void shine(const Word *KADR_RESTRICT in, const uint32_t *KADR_RESTRICT columns, Word *KADR_RESTRICT out) const {
        const uint32_t part = s_.part, strength = s_.strength, top = s_.top;
        for (uint32_t x = 0; x < width_; x++)
            out[x] = static_cast<Word>(kadr::least(in[x] + ((((columns[x] * part) >> 16) * strength) >> 8), top));
    }

    const Settings &s_;
    kadr::Plane<Word> in_, out_;
    uint32_t width_, height_;
};

template <typename Word> void make(const kadr::Job &job, const Settings &settings) {
    const kadr::Image in = job.input(0), out = job.output();
    Glow<Word>(settings, in.plane<Word>(0), out.plane<Word>(0)).make(job.first_row(0), job.end_row(0));
    for (uint32_t p = 1; p < out.planes(); p++)
        for (uint32_t y = job.first_row(p); y < job.end_row(p); y++)
            __builtin_memcpy(out.plane<Word>(p).row(y), in.plane<Word>(p).row(y),
                             out.plane<Word>(p).width() * sizeof(Word));
}

kadr::status work(const kadr::Job &job) {
    const kadr::Image in = job.input(0), out = job.output();
    if (!in || out.depth() > 16)
        return job.fail(kadr::unsupported, "whole numbers up to 16 bit are expected");
    if (!ring.have(rows * out.width()) || !sums.have(out.width()) || !line.have(out.width() + 2 * most + 1))
        return job.fail(kadr::no_memory, "no memory for the averages");
    Settings settings{};
    settings.top = (1u << out.depth()) - 1;
    settings.radius = kadr::least(static_cast<uint32_t>(job.number(0) + 0.5), most);
    settings.threshold = static_cast<uint32_t>(job.number(1) * settings.top + 0.5);
    settings.strength = static_cast<uint32_t>(job.number(2) * 256.0 + 0.5);
    settings.part = 65536 / (2 * settings.radius + 1);
    if (out.word() == 1) make<uint8_t>(job, settings);
    else make<uint16_t>(job, settings);
    return kadr::ok;
}

} // namespace

KADR_EFFECT(work)
