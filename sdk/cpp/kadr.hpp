/* kadr.hpp: write a video effect in C++, headers alone, without the standard library.
 *
 *     #include "kadr.hpp"
 *     static kadr::status work(const kadr::Job &job) {
 *         kadr::Image in = job.input(0), out = job.output();
 *         ...
 *         return kadr::ok;
 *     }
 *     KADR_EFFECT(work)
 *
 * Build: python sdk/build.py glow.cpp. The blocks: ../abi/kadr_abi.h; what C has, stands in ../c/kadr.h.
 */
#ifndef KADR_HPP
#define KADR_HPP

extern "C" {
#include "kadr.h"
}

namespace kadr {

using status = int32_t;
inline constexpr status ok = KADR_OK, failed = KADR_FAILED, unsupported = KADR_UNSUPPORTED,
                        no_memory = KADR_NO_MEMORY;

template <typename T> constexpr T least(T a, T b) { return a < b ? a : b; }
template <typename T> constexpr T greatest(T a, T b) { return a > b ? a : b; }
template <typename T> constexpr T clamped(T value, T low, T high) { return least(greatest(value, low), high); }

/* A plane of words of one type: uint8_t to 8 bit, uint16_t to 16. */
template <typename Word> class Plane {
  public:
    explicit Plane(const kadr_plane &plane) : plane_(&plane) {}
    uint32_t width() const { return plane_->width; }
    uint32_t height() const { return plane_->height; }
    Word *row(uint32_t y) const { return static_cast<Word *>(kadr_row(plane_, y)); }

  private:
    const kadr_plane *plane_;
};

class Image {
  public:
    explicit Image(const kadr_image *image) : image_(image) {}
    explicit operator bool() const { return image_ != nullptr; }
    uint32_t width() const { return image_->width; }
    uint32_t height() const { return image_->height; }
    uint32_t depth() const { return image_->depth; }
    uint32_t planes() const { return image_->plane_count; }
    uint32_t word() const { return kadr_word(image_); }
    template <typename Word> Plane<Word> plane(uint32_t number) const { return Plane<Word>(image_->planes[number]); }
    const kadr_image *raw() const { return image_; }

  private:
    const kadr_image *image_;
};

/* A block of sound: planar, full scale at 1. */
class Sound {
  public:
    explicit Sound(const kadr_audio *audio) : audio_(audio) {}
    explicit operator bool() const { return audio_ != nullptr; }
    uint32_t channels() const { return audio_->channels; }
    uint32_t count() const { return audio_->count; }
    uint32_t rate() const { return audio_->rate; }
    int64_t first() const { return audio_->first; }
    float *channel(uint32_t number) const { return kadr_channel(audio_, number); }

  private:
    const kadr_audio *audio_;
};

class Job {
  public:
    explicit Job(kadr_job *job) : job_(job) {}
    Image input(uint32_t number, int32_t offset = 0) const { return Image(kadr_input(job_, number, offset)); }
    Image output() const { return Image(kadr_output(job_)); }
    Sound sound(uint32_t number) const { return Sound(kadr_sound(job_, number)); }
    Sound sound_output() const { return Sound(kadr_sound_output(job_)); }
    /* An analyzer's words, behind what was said before. */
    void say(const char *text) const { kadr_say(job_, text); }
    void say(uint64_t number) const { kadr_say_number(job_, number); }
    double number(uint32_t parameter) const { return kadr_parameter(job_, parameter)->number; }
    int64_t whole(uint32_t parameter) const { return kadr_parameter(job_, parameter)->whole; }
    uint32_t choice(uint32_t parameter) const { return kadr_parameter(job_, parameter)->index; }
    /* Rows of a plane of the output that are to be made. */
    uint32_t first_row(uint32_t plane) const { return kadr_first_row(job_, kadr_output(job_), plane); }
    uint32_t end_row(uint32_t plane) const { return kadr_end_row(job_, kadr_output(job_), plane); }
    status fail(status code, const char *why) const { return kadr_fail(job_, code, why); }
    const kadr_job *raw() const { return job_; }

  private:
    kadr_job *job_;
};

/* Words that are kept from call to call, and only grow. */
template <typename Word> class Room {
  public:
    bool have(uint32_t count) {
        if (count <= count_) return true;
        words_ = static_cast<Word *>(kadr_take(count * static_cast<uint32_t>(sizeof(Word))));
        count_ = words_ ? count : 0;
        return words_ != nullptr;
    }
    Word *at(uint32_t place) const { return words_ + place; }

  private:
    Word *words_ = nullptr;
    uint32_t count_ = 0;
};

} // namespace kadr

/* Once in every guest: its exports. */
#define KADR_EFFECT(work)                                                                            \
    extern "C" {                                                                                     \
    KADR_GUEST                                                                                       \
    KADR_EXPORT("kadr_process") int32_t kadr_process_(kadr_ptr at) {                                 \
        return work(kadr::Job(static_cast<kadr_job *>(kadr_at(at))));                                \
    }                                                                                                \
    }

#endif
