//! @TITLE@: one clip is mixed into the next. Replace the arithmetic by your own.

const kadr = @import("kadr");

comptime {
    kadr.guest(work);
}

fn work(job: *kadr.Job) kadr.Status {
    const out = job.output();
    const a = job.input(0, 0) orelse return job.fail(.failed, "two inputs are expected");
    const b = job.input(1, 0) orelse return job.fail(.failed, "two inputs are expected");
    if (out.depth > 8) return job.fail(.unsupported, "8 bit are expected");
    const hold = job.param(0).number;
    const way = @min(@max((job.progress - hold) / (1.0 - 2.0 * hold), 0.0), 1.0);
    const part: u32 = @intFromFloat(way * 256.0 + 0.5);
    for (0..out.plane_count) |p| {
        const rows = job.rows(@intCast(p));
        for (rows[0]..rows[1]) |y| {
            const first = a.planes[p].row(u8, @intCast(y));
            const second = b.planes[p].row(u8, @intCast(y));
            const to = out.planes[p].row(u8, @intCast(y));
            for (0..out.planes[p].width) |x|
                to[x] = @truncate((first[x] * (256 - part) + second[x] * part + 128) >> 8);
        }
    }
    return .ok;
}
