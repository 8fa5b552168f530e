//! Glow: what is brighter than a threshold shines over its neighbours. See ../c/glow.c for how.

const kadr = @import("kadr");

const most = 64;
const rows = 2 * most + 2;
const lanes = 8;
const Lanes = @Vector(lanes, u32);

var ring: [*]u16 = undefined;
var sums: [*]u32 = undefined;
var line: [*]u16 = undefined; // the bright part of one row, its edges repeated by the radius
var room: u32 = 0;

comptime {
    kadr.guest(work);
}

fn haveRoom(width: u32) bool {
    if (width <= room) return true;
    ring = @ptrCast(kadr.take(rows * width * 2) orelse return false);
    sums = @ptrCast(kadr.take(width * 4) orelse return false);
    line = @ptrCast(kadr.take((width + 2 * most + 1) * 2) orelse return false);
    room = width;
    return true;
}

fn Glow(comptime Word: type) type {
    return struct {
        radius: u32,
        threshold: u32,
        strength: u32,
        part: u32,
        top: u32,
        in: *const kadr.Plane,
        out: *const kadr.Plane,

        const Self = @This();

        fn inside(self: *const Self, row: i64) u32 {
            return @intCast(@min(@max(row, 0), @as(i64, self.in.height) - 1));
        }

        fn slot(self: *const Self, row: u32) [*]u16 {
            return ring + (row % rows) * self.in.width;
        }

        fn average(self: *const Self, row: u32) void {
            const in = self.in.row(Word, row);
            const r = self.radius;
            const width = self.in.width;
            const middle = line + r;
            const threshold: @Vector(lanes, u16) = @splat(@intCast(self.threshold));
            var x: usize = 0;
            while (x + lanes <= width) : (x += lanes) {
                const words: @Vector(lanes, u16) = @as(@Vector(lanes, Word), in[x..][0..lanes].*);
                middle[x..][0..lanes].* = words -| threshold;
            }
            while (x < width) : (x += 1) middle[x] = @as(u16, in[x]) -| @as(u16, @intCast(self.threshold));
            @memset(line[0..r], middle[0]);
            @memset(middle[width .. width + r + 1], middle[width - 1]);
            self.averages(self.slot(row));
        }

        /// The averages along the line; its sums move from pixel to pixel.
        fn averages(self: *const Self, out: [*]u16) void {
            const size = 2 * self.radius + 1;
            const part = self.part;
            var sum: u32 = 0;
            for (line[0..size]) |value| sum += value;
            for (0..self.in.width) |x| {
                out[x] = @truncate((sum *% part) >> 16);
                sum = sum +% line[x + size] -% line[x];
            }
        }

        fn move(self: *const Self, come: [*]const u16, go: ?[*]const u16) void {
            var x: usize = 0;
            while (x + lanes <= self.in.width) : (x += lanes) {
                var held: Lanes = sums[x..][0..lanes].*;
                held +%= @as(Lanes, @as(@Vector(lanes, u16), come[x..][0..lanes].*));
                if (go) |gone| held -%= @as(Lanes, @as(@Vector(lanes, u16), gone[x..][0..lanes].*));
                sums[x..][0..lanes].* = held;
            }
            while (x < self.in.width) : (x += 1) {
                sums[x] = sums[x] +% come[x];
                if (go) |gone| sums[x] = sums[x] -% gone[x];
            }
        }

        fn shine(self: *const Self, y: u32) void {
            const in = self.in.row(Word, y);
            const out = self.out.row(Word, y);
            const part: Lanes = @splat(self.part);
            const strength: Lanes = @splat(self.strength);
            var x: usize = 0;
            while (x + lanes <= self.in.width) : (x += lanes) {
                const light = (@as(Lanes, sums[x..][0..lanes].*) *% part) >> @splat(16);
                const lit = @as(Lanes, @as(@Vector(lanes, Word), in[x..][0..lanes].*)) +% ((light *% strength) >> @splat(8));
                out[x..][0..lanes].* = @as(@Vector(lanes, Word), @truncate(@min(lit, @as(Lanes, @splat(self.top)))));
            }
            while (x < self.in.width) : (x += 1) {
                const light = (((sums[x] *% self.part) >> 16) *% self.strength) >> 8;
                out[x] = @truncate(@min(in[x] + light, self.top));
            }
        }

        fn make(self: *const Self, first: u32, end: u32) void {
            const r: i64 = self.radius;
            for (self.inside(first - r)..self.inside(first + r) + 1) |row| self.average(@intCast(row));
            @memset(sums[0..self.in.width], 0);
            var k = -r;
            while (k <= r) : (k += 1) self.move(self.slot(self.inside(first + k)), null);
            for (first..end) |row| {
                const y: i64 = @intCast(row);
                self.shine(@intCast(row));
                if (y + r + 1 < self.in.height) self.average(@intCast(y + r + 1));
                self.move(self.slot(self.inside(y + r + 1)), self.slot(self.inside(y - r)));
            }
        }
    };
}

fn make(comptime Word: type, job: *kadr.Job, in: *const kadr.Image) void {
    const out = job.output();
    const top = (@as(u32, 1) << @intCast(out.depth)) - 1;
    const radius: u32 = @min(@as(u32, @intFromFloat(job.param(0).number + 0.5)), most);
    const glow = Glow(Word){
        .radius = radius,
        .threshold = @intFromFloat(job.param(1).number * @as(f64, @floatFromInt(top)) + 0.5),
        .strength = @intFromFloat(job.param(2).number * 256.0 + 0.5),
        .part = 65536 / (2 * radius + 1),
        .top = top,
        .in = &in.planes[0],
        .out = &out.planes[0],
    };
    const own = job.rows(0);
    glow.make(own[0], own[1]);
    for (1..out.plane_count) |number| {
        const span = job.rows(@intCast(number));
        const width = out.planes[number].width;
        for (span[0]..span[1]) |y| {
            const from = in.planes[number].row(Word, @intCast(y));
            @memcpy(out.planes[number].row(Word, @intCast(y))[0..width], from[0..width]);
        }
    }
}

fn work(job: *kadr.Job) kadr.Status {
    const in = job.input(0, 0) orelse return job.fail(.failed, "a picture is expected");
    if (job.output().depth > 16) return job.fail(.unsupported, "whole numbers up to 16 bit are expected");
    if (!haveRoom(job.output().width)) return job.fail(.no_memory, "no memory for the averages");
    if (job.output().depth <= 8) make(u8, job, in) else make(u16, job, in);
    return .ok;
}
