//! kadr: write a video effect in Zig.
//!
//!     const kadr = @import("kadr");
//!     comptime { kadr.guest(work); }
//!     fn work(job: *kadr.Job) kadr.Status { ... return .ok; }
//!
//! Build: python sdk/build.py glow.zig. The blocks are those of ../abi/kadr_abi.h.

const std = @import("std");

pub const Status = enum(i32) { ok = 0, failed = 1, unsupported = 2, no_memory = 3 };

pub const Plane = extern struct {
    data: u32,
    stride: u32,
    width: u32,
    height: u32,

    /// A row as words: u8 to 8 bit, u16 to 16.
    pub fn row(self: *const Plane, comptime Word: type, y: u32) [*]Word {
        return @ptrFromInt(self.data + @as(usize, self.stride) * y);
    }
};

pub const Image = extern struct {
    size: u32,
    input: u32,
    offset: i32,
    format: u32,
    width: u32,
    height: u32,
    depth: u32,
    matrix: u32,
    primaries: u32,
    transfer: u32,
    range: u32,
    chroma_location: u32,
    alpha: u32,
    aspect_num: u32,
    aspect_den: u32,
    plane_count: u32,
    planes: [4]Plane,
};

/// A block of sound: planar, full scale at 1.
pub const Audio = extern struct {
    size: u32,
    input: u32,
    format: u32,
    channels: u32,
    layout: u64,
    rate: u32,
    count: u32,
    first: i64,
    data: u32,
    reserved: u32,

    /// The samples of a channel.
    pub fn channel(self: *const Audio, number: u32) []f32 {
        const channels: [*]const u32 = @ptrFromInt(self.data);
        const samples: [*]f32 = @ptrFromInt(channels[number]);
        return samples[0..self.count];
    }
};

pub const Param = extern union {
    number: f64,
    whole: i64,
    index: u32,
    vector: [4]f32,
    bytes: extern struct { data: u32, length: u32 },
};

pub const Job = extern struct {
    size: u32,
    flags: u32,
    frame: i64,
    rate_num: u32,
    rate_den: u32,
    time: f64,
    duration: f64,
    progress: f64,
    y0: u32,
    y1: u32,
    tile: u32,
    tiles: u32,
    seed: u64,
    params: u32,
    param_count: u32,
    inputs: u32,
    input_count: u32,
    output_at: u32,
    audio: u32,
    audio_count: u32,
    audio_output: u32,
    data: u32,
    data_capacity: u32,
    data_length: u32,
    message: u32,
    message_capacity: u32,
    message_length: u32,
    scale_x: f64,
    scale_y: f64,

    /// The image of an input at a frame offset (0: now).
    pub fn input(self: *const Job, number: u32, offset: i32) ?*const Image {
        var at: usize = self.inputs;
        for (0..self.input_count) |_| {
            const image: *const Image = @ptrFromInt(at);
            if (image.input == number and image.offset == offset) return image;
            at += image.size;
        }
        return null;
    }

    pub fn output(self: *const Job) *const Image {
        return @ptrFromInt(self.output_at);
    }

    /// The sound of an input.
    pub fn sound(self: *const Job, number: u32) ?*const Audio {
        var at: usize = self.audio;
        for (0..self.audio_count) |_| {
            const audio: *const Audio = @ptrFromInt(at);
            if (audio.input == number) return audio;
            at += audio.size;
        }
        return null;
    }

    pub fn soundOutput(self: *const Job) *const Audio {
        return @ptrFromInt(self.audio_output);
    }

    /// An analyzer's words, behind what was said before. Too much is cut off.
    pub fn say(self: *Job, text: []const u8) void {
        const length = @min(text.len, self.data_capacity - self.data_length);
        const room: [*]u8 = @ptrFromInt(self.data + self.data_length);
        @memcpy(room[0..length], text[0..length]);
        self.data_length += @intCast(length);
    }

    /// The same of a whole number.
    pub fn sayNumber(self: *Job, number: u64) void {
        var digits: [20]u8 = undefined;
        var at: usize = digits.len;
        var left = number;
        while (true) {
            at -= 1;
            digits[at] = '0' + @as(u8, @intCast(left % 10));
            left /= 10;
            if (left == 0) break;
        }
        self.say(digits[at..]);
    }

    pub fn param(self: *const Job, number: u32) *const Param {
        return @ptrFromInt(self.params + number * @sizeOf(Param));
    }

    /// Rows of a plane of the output that are to be made: y * plane height / height, rounded outwards.
    pub fn rows(self: *const Job, plane: u32) [2]u32 {
        const image = self.output();
        const tall: u64 = image.planes[plane].height;
        const end = (self.y1 * tall + image.height - 1) / image.height;
        return .{ @intCast(self.y0 * tall / image.height), @intCast(end) };
    }

    /// Say why, and return what the effect is to return.
    pub fn fail(self: *Job, status: Status, why: []const u8) Status {
        const length = @min(why.len, self.message_capacity);
        const room: [*]u8 = @ptrFromInt(self.message);
        @memcpy(room[0..length], why[0..length]);
        self.message_length = @intCast(length);
        return status;
    }
};

comptime {
    std.debug.assert(@sizeOf(Image) == 128 and @offsetOf(Image, "planes") == 64);
    std.debug.assert(@sizeOf(Audio) == 48 and @offsetOf(Audio, "first") == 32);
    std.debug.assert(@sizeOf(Job) == 144 and @offsetOf(Job, "seed") == 64 and @offsetOf(Job, "scale_x") == 128);
}

extern var __heap_base: u8;
var heap_end: usize = 0;

/// Memory, aligned to 64 bytes, that is never taken back: the host drops the whole instance.
pub fn take(size: usize) ?[*]align(64) u8 {
    if (heap_end == 0) heap_end = @intFromPtr(&__heap_base);
    const begin: u64 = (@as(u64, heap_end) + 63) & ~@as(u64, 63);
    const end = begin + size;
    const have = @as(u64, @wasmMemorySize(0)) << 16;
    if (end > 0xffff_ffff) return null;
    if (end > have and @wasmMemoryGrow(0, @intCast((end - have + 65535) >> 16)) < 0) return null;
    heap_end = @intCast(end);
    return @ptrFromInt(@as(usize, @intCast(begin)));
}

/// The exports of a guest, once in every one.
pub fn guest(comptime work: fn (*Job) Status) void {
    const exports = struct {
        fn abi() callconv(.c) i32 {
            return 1;
        }
        fn alloc(size: u32) callconv(.c) usize {
            return if (take(size)) |room| @intFromPtr(room) else 0;
        }
        fn process(job: *Job) callconv(.c) i32 {
            return @backingInt(work(job));
        }
    };
    @export(&exports.abi, .{ .name = "kadr_abi" });
    @export(&exports.alloc, .{ .name = "kadr_alloc" });
    @export(&exports.process, .{ .name = "kadr_process" });
}
