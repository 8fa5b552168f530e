//! @TITLE@: the picture is darkened. Replace the arithmetic by your own.

const kadr = @import("kadr");

comptime {
    kadr.guest(work);
}

fn work(job: *kadr.Job) kadr.Status {
    const out = job.output();
    const in = job.input(0, 0) orelse return job.fail(.failed, "a picture is expected");
    if (out.depth > 8) return job.fail(.unsupported, "8 bit are expected");
    const asked: u16 = @intFromFloat((1.0 - job.param(0).number) * 128.0 + 0.5);
    for (0..out.plane_count) |p| {
        const keep: u16 = if (p == 0) asked else 128;
        const rows = job.rows(@intCast(p));
        for (rows[0]..rows[1]) |y| {
            const from = in.planes[p].row(u8, @intCast(y));
            const to = out.planes[p].row(u8, @intCast(y));
            for (0..out.planes[p].width) |x| to[x] = @truncate(@as(u16, from[x]) *% keep >> 7);
        }
    }
    return .ok;
}
